# SPDX-License-Identifier: GPL-3.0-or-later
"""The committed files of platforms/dnns: totals as published, and sound tables.

Needs nothing but Python.
"""

import re
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "platforms" / "dnns"

# Published multiply-adds of one inference, in billions: torchvision's model cards; for
# Inception-v4 the OpenVINO and Cadene tables (24.5 GFLOP); for YOLOv3-tiny darknet's 5.56 GFLOP.
PUBLISHED_GMACS = {
    "resnet18": 1.814, "resnet50": 4.089, "mobilenet-v2": 0.301, "efficientnet-b0": 0.386,
    "inception-v3": 5.713, "inception-v4": 12.27, "vit-b16": 17.564, "yolov3-tiny": 2.78,
    "vgg19": 19.632,
}
# Published numbers of parameters, in millions.
PUBLISHED_PARAMETERS = {
    "resnet18": 11.69, "resnet50": 25.56, "mobilenet-v2": 3.50, "efficientnet-b0": 5.29,
    "inception-v4": 42.68, "vit-b16": 86.57, "yolov3-tiny": 8.85, "vgg19": 143.67,
}
# Single-tensor cuts of ResNet-18, MobileNet-v2, ... without the end of the network.
CUTS = {"resnet18": 21, "mobilenet-v2": 49, "efficientnet-b0": 55, "inception-v3": 25,
        "inception-v4": 27}


def size(text):
    """`12 B` -> 12."""
    return int(re.fullmatch(r"(\d+) B", text).group(1))


class CommittedFiles(unittest.TestCase):
    """Every file of the folder."""

    def setUp(self):
        self.dnns = {path.stem: ElementTree.parse(path).getroot()
                     for path in sorted(FOLDER.glob("*.xml"))}

    def test_all_are_there(self):
        self.assertLessEqual(set(PUBLISHED_GMACS), set(self.dnns))

    def test_macs_within_one_percent_of_the_published(self):
        for name, expected in PUBLISHED_GMACS.items():
            with self.subTest(dnn=name):
                total = sum(int(row.get("macs")) for row in self.dnns[name].findall("layer"))
                self.assertAlmostEqual(total / 1e9 / expected, 1, delta=0.01)

    def test_weights_within_one_percent_of_the_published(self):
        for name, expected in PUBLISHED_PARAMETERS.items():
            with self.subTest(dnn=name):
                total = sum(size(row.get("weights")) for row in self.dnns[name].findall("layer"))
                self.assertAlmostEqual(total / 4e6 / expected, 1, delta=0.01)

    def test_number_of_cuts(self):
        for name, expected in CUTS.items():
            with self.subTest(dnn=name):
                self.assertEqual(len(self.dnns[name].findall("cut")), expected)

    def test_form(self):
        order = ["source", "layer", "cut", "exit", "accuracy"]
        for name, root in self.dnns.items():
            with self.subTest(dnn=name):
                self.assertEqual((root.tag, root.get("name")), ("dnn", name))
                kinds = [order.index(element.tag) for element in root]
                self.assertEqual(kinds, sorted(kinds))
                channels, height, width = map(int, root.get("input").split("x"))
                self.assertEqual(size(root.get("raw")), channels * height * width)
                sources = {source.get("id") for source in root.iter("source")}
                for row in root.iter("accuracy"):
                    self.assertIn(row.get("source"), sources)

    def test_cuts_lie_behind_layers_in_order(self):
        for name, root in self.dnns.items():
            with self.subTest(dnn=name):
                layers = [row.get("name") for row in root.findall("layer")]
                self.assertEqual(len(layers), len(set(layers)))
                for layer in layers:
                    self.assertRegex(layer, r"^[A-Za-z0-9._/-]+$")
                places = [layers.index(cut.get("after")) for cut in root.iter("cut")]
                self.assertEqual(places, sorted(set(places)))
                self.assertNotIn(len(layers) - 1, places)
                for cut in root.iter("cut"):
                    self.assertEqual(size(cut.get("bytes")) % (4 * int(cut.get("channels"))), 0)

    def test_layers_that_launch_nothing_move_nothing(self):
        for name, root in self.dnns.items():
            with self.subTest(dnn=name):
                for row in root.iter("layer"):
                    if row.get("kernels") == "0":
                        self.assertEqual([row.get(key) for key in ("macs", "weights", "in", "out")],
                                         ["0", "0 B", "0 B", "0 B"])
                    else:
                        self.assertGreater(size(row.get("in")), 0)
                        self.assertGreater(size(row.get("out")), 0)

    def test_exits_hang_at_cuts_in_order_and_their_accuracy_is_said(self):
        with_exits = set()
        for name, root in self.dnns.items():
            with self.subTest(dnn=name):
                cuts = [cut.get("after") for cut in root.iter("cut")]
                exits = root.findall("exit")
                places = [cuts.index(way.get("after")) for way in exits]
                self.assertEqual(places, sorted(set(places)))
                said = {row.get("exit") for row in root.iter("accuracy")} - {None}
                self.assertEqual(said, {way.get("name") for way in exits})
                if exits:
                    with_exits.add(name)
        self.assertLessEqual({"digits", "mobilenet-v2", "resnet18", "resnet50"}, with_exits)

    def test_branches_follow_each_other(self):
        """Each layer reads what the one before wrote; the first, what crosses the cut."""
        for name, root in self.dnns.items():
            crosses = {cut.get("after"): size(cut.get("bytes")) for cut in root.iter("cut")}
            for way in root.iter("exit"):
                with self.subTest(dnn=name, exit=way.get("name")):
                    there = crosses[way.get("after")]
                    for row in way.iter("layer"):
                        if row.get("kernels") != "0":
                            self.assertEqual(size(row.get("in")), there)
                            there = size(row.get("out"))
                    answer = [row for row in root.findall("layer") if row.get("kernels") != "0"][-1]
                    self.assertEqual(there, size(answer.get("out")))

    def test_small_and_without_paths_of_a_machine(self):
        for name in self.dnns:
            with self.subTest(dnn=name):
                text = (FOLDER / f"{name}.xml").read_text(encoding="utf-8")
                self.assertLess(len(text), 100_000)
                self.assertIsNone(re.search(r'"/[a-z]|/(tmp|home|root|work|usr)/', text))


if __name__ == "__main__":
    unittest.main()
