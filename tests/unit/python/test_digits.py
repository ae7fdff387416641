# SPDX-License-Identifier: GPL-3.0-or-later
"""The network `digits`: its file against its stages, and `tandem dnn measure` against NumPy and the
Python package onnxruntime, which share no code with it."""

import in_venv_alone  # noqa: F401  pylint: disable=unused-import

import gzip
import io
import json
import os
import struct
import subprocess
import tarfile
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy
import onnxruntime

from tandem import digits, digits_data
from tandem.dnn import xml_text

ROOT = Path(__file__).resolve().parents[3]
TANDEM = os.environ["TANDEM_BIN"]
DATA = ROOT / "build" / "digits"
STAGES = ROOT / "platforms" / "dnns" / "digits"


def file_rows():
    """The accuracies in digits.xml: conditions (exit, bits, xi, lambda) to percent, as written."""
    rows = {}
    for row in ElementTree.parse(STAGES.with_suffix(".xml")).iter("accuracy"):
        key = (row.get("exit"), row.get("bits"), row.get("xi"), row.get("lambda"))
        assert key not in rows and row.get("source") == "measured"
        rows[key] = row.get("value")
    return rows


def measure(*options, folder=STAGES):
    result = subprocess.run([TANDEM, "dnn", "measure", folder.with_suffix(".xml"), "--data", DATA,
                             *options], capture_output=True, text=True, timeout=300, check=False)
    return result.returncode, result.stdout, result.stderr


class Judge:
    """The split network once more, in NumPy."""

    def __init__(self):
        self.parts = {name: onnxruntime.InferenceSession(
            str(STAGES / f"{name}.onnx"), providers=["CPUExecutionProvider"])
            for name in ("extractor", "local", "remote")}

    def extract(self, images):
        names = [item.name for item in self.parts["extractor"].get_outputs()]
        return dict(zip(names, self.parts["extractor"].run(None, {"image": images[:, None]})))

    def run(self, name, features):
        return self.parts[name].run(None, {"features": features.astype(numpy.float32)})[0]

    def answers(self, extracted, xi, bits, weight):
        """Classes; of the channels round(32 xi), the least important, are sent."""
        features, importance = extracted["features"], extracted["importance"]
        channels = features.shape[1]
        sent = round(xi * channels)
        order = numpy.argsort(-importance, axis=1, kind="stable")
        away = numpy.zeros(importance.shape, bool)
        numpy.put_along_axis(away, order[:, channels - sent:], True, axis=1)
        local = self.run("local", features * ~away[:, :, None, None])
        if sent == 0:
            return local.argmax(1)
        remote = numpy.stack([self.run("remote", self.travelled(one[None], gone, bits))[0]
                              for one, gone in zip(features, away)])
        if sent == channels:
            return remote.argmax(1)
        return (weight * local + (1 - weight) * remote).argmax(1)

    @staticmethod
    def travelled(features, away, bits):
        """Quantised to 2^bits levels from the least to the most value sent; zeros elsewhere."""
        gone = features[:, away].astype(float)
        result = numpy.zeros(features.shape)
        if bits < 32:
            step = (gone.max() - gone.min()) / (2**bits - 1)
            gone = numpy.rint((gone - gone.min()) / step) * step + gone.min()
        result[:, away] = gone
        return result


@unittest.skipUnless((DATA / "test-images.idx").exists(),
                     "no build/digits; './bootstrap inference' makes it")
class Measured(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        said = measure("--count", "1")[2]
        if "there is no ONNX Runtime" in said:
            raise unittest.SkipTest(said.strip())

    def test_every_row_of_the_file_is_measured_again(self):
        code, out, err = measure("--json")
        self.assertEqual(code, 0, err)
        found = json.loads(out)
        again = {}
        for row in found["rows"]:
            share = [None if row[key] is None else f"{100 * row[key]:g} %"
                     for key in ("xi", "lambda")]
            bits = None if row["bits"] is None else str(row["bits"])
            again[row["exit"], bits, *share] = f"{100 * row['right'] / found['pictures']:.2f} %"
        self.assertEqual(again, file_rows())

    def test_against_numpy(self):
        count = 300
        images = digits_data.read_idx(DATA / "test-images.idx")[:count]
        labels = digits_data.read_idx(DATA / "test-labels.idx")[:count]
        judge = Judge()
        extracted = judge.extract(images)
        code, out, err = measure("--json", "--count", str(count), "--xi", "0,10%,0.5,97%,1",
                                 "--bits", "32,8,3,1", "--lambda", "0,0.3,1")
        self.assertEqual(code, 0, err)
        rows = json.loads(out)["rows"]
        self.assertEqual(len(rows), 1 + 1 + 3 * 4 * 3 + 4)
        rights = set()
        for row in rows:
            if row["exit"]:
                answers = extracted["exit"].argmax(1)
            else:
                answers = judge.answers(extracted, row["xi"], row["bits"], row["lambda"])
            self.assertEqual(row["right"], (answers == labels).sum(), row)
            rights.add(row["right"])
        self.assertGreater(len(rights), 8)  # rows do differ

    def test_what_is_refused(self):
        for options, part in [(("--bits", "17"), "1 to 16, or 32"), (("--xi", "1.5"), "not within"),
                              (("--part", "other"), "other-images.idx"),
                              (("--provider", "gpu"), "cpu, cuda and tensorrt")]:
            code, _, err = measure(*options)
            self.assertEqual(code, 2, err)
            self.assertIn(part, err)

    def test_stages_that_do_not_fit(self):
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "net"
            folder.mkdir()
            folder.with_suffix(".xml").write_text("")
            for name, source, part in [("extractor", "local", "must be an image"),
                                       ("local", "extractor", "no part of a split network"),
                                       ("remote", "extractor", "no part of a split network")]:
                for stage in "extractor", "local", "remote":
                    chosen = source if stage == name else stage
                    (folder / f"{stage}.onnx").write_bytes((STAGES / f"{chosen}.onnx").read_bytes())
                code, _, err = measure(folder=folder)
                self.assertEqual(code, 2, err)
                self.assertIn(part, err)


class Described(unittest.TestCase):
    def test_layers_and_cuts_are_those_of_the_stages(self):
        made = ElementTree.fromstring(xml_text(digits.layers(STAGES)).encode())
        kept = ElementTree.parse(STAGES.with_suffix(".xml")).getroot()
        for tag in "layer", "cut":
            self.assertEqual([row.attrib for row in kept.iter(tag)],
                             [row.attrib for row in made.iter(tag)])

    def test_the_stages_are_small(self):
        self.assertLess(sum(file.stat().st_size for file in STAGES.glob("*.onnx")), 500e3)


class Training(unittest.TestCase):
    """An epoch on few drawn pictures: what comes out has the form of what is shipped."""

    @classmethod
    def setUpClass(cls):
        try:
            import torch  # pylint: disable=import-outside-toplevel,unused-import
        except ImportError as missing:
            raise unittest.SkipTest("PyTorch is not installed") from missing
        draw = numpy.random.default_rng(2)
        cls.images = draw.integers(0, 256, (192, 28, 28), numpy.uint8)
        cls.labels = draw.integers(0, 10, 192, numpy.uint8)

    def test_stages_as_shipped(self):
        with tempfile.TemporaryDirectory() as place:
            digits_data.write_idx(self.images, Path(place) / "train-images.idx")
            digits_data.write_idx(self.labels, Path(place) / "train-labels.idx")
            digits.train(Path(place), Path(place) / "net", 1, 1)
            for name in "extractor", "local", "remote":
                made, shipped = (onnxruntime.InferenceSession(
                    str(folder / f"{name}.onnx"), providers=["CPUExecutionProvider"])
                    for folder in (Path(place) / "net", STAGES))
                for ports in "get_inputs", "get_outputs":
                    self.assertEqual([(port.name, port.type, port.shape)
                                      for port in getattr(made, ports)()],
                                     [(port.name, port.type, port.shape)
                                      for port in getattr(shipped, ports)()])

    def test_what_is_exported_computes_what_was_trained(self):
        import torch  # pylint: disable=import-outside-toplevel
        from tandem import digits_network  # pylint: disable=import-outside-toplevel
        network = digits_network.train(self.images, self.labels, 1, 3)
        with tempfile.TemporaryDirectory() as place:
            digits_network.export(network, f"{place}/whole.onnx")
            session = onnxruntime.InferenceSession(f"{place}/whole.onnx",
                                                   providers=["CPUExecutionProvider"])
            got = session.run(None, {"image": self.images[:5, None]})
        with torch.no_grad():
            wanted = network(torch.tensor(self.images[:5, None]))
        self.assertEqual(len(got), len(wanted))
        for mine, theirs in zip(got, wanted):
            numpy.testing.assert_allclose(mine, theirs.numpy(), rtol=1e-3, atol=1e-4)
        self.assertTrue(((got[1] > 0) & (got[1] < 1)).all())  # importance


class Data(unittest.TestCase):
    """Of a package that is made here: digit d has d + 5 pictures, all of grey d * 20 + place."""

    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = Path(place.name)

    def package(self, change=lambda digit, data: data):
        path = self.place / "p.tgz"
        with tarfile.open(path, "w:gz") as package:
            for digit in range(10):
                data = [round((digit * 20 + place) / 255, 3) for place in range(digit + 5)
                        for _ in range(784)]
                text = json.dumps({"data": change(digit, data)}).encode()
                entry = tarfile.TarInfo(f"package/src/digits/{digit}.json")
                entry.size = len(text)
                package.addfile(entry, io.BytesIO(text))
        return path

    def test_every_fifth_is_held_out(self):
        self.assertEqual(digits_data.main([str(self.package()), "-o", str(self.place / "d")]), 0)
        test = (self.place / "d" / "test-images.idx").read_bytes()
        self.assertEqual(struct.unpack(">4B3I", test[:16]), (0, 0, 8, 3, 15, 28, 28))
        labels = digits_data.read_idx(self.place / "d" / "test-labels.idx")
        images = digits_data.read_idx(self.place / "d" / "test-images.idx")
        self.assertEqual(list(labels), [*range(10), 5, 6, 7, 8, 9])
        self.assertEqual([int(image[0, 0]) for image in images],
                         [20 * digit + 4 for digit in range(10)]
                         + [20 * digit + 9 for digit in range(5, 10)])
        train = digits_data.read_idx(self.place / "d" / "train-images.idx")
        self.assertEqual(len(train) + len(images), sum(digit + 5 for digit in range(10)))
        self.assertEqual(list(digits_data.read_idx(self.place / "d" / "train-labels.idx")[:10]),
                         list(range(10)))

    def test_packages_that_are_none(self):
        (self.place / "x.tgz").write_bytes(gzip.compress(b"nothing"))
        for path in [self.place / "x.tgz", self.place / "absent.tgz",
                     self.package(lambda digit, data: data[:-1] if digit == 3 else data)]:
            self.assertEqual(digits_data.main([str(path), "-o", str(self.place / "d")]), 2)
            self.assertFalse((self.place / "d").exists())


if __name__ == "__main__":
    unittest.main()
