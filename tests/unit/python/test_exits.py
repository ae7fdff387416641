# SPDX-License-Identifier: GPL-3.0-or-later
"""The exits that networks were given: branches by hand, and those of the committed files."""

import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from tandem import exits
from tandem.dnn import Cut

FOLDER = Path(__file__).resolve().parents[3] / "platforms" / "dnns"


def size(text):
    return int(text.removesuffix(" B"))


class Branches(unittest.TestCase):
    def test_by_hand(self):
        """From 8 maps of 14 x 14 to 16 of 7 x 7: 49 places, 9 and 8 x 16 weights at each."""
        down, mix, pool, fc = exits.branch(Cut("a", 8 * 14 * 14 * 4, 8), 7)
        self.assertEqual((down.macs, mix.macs, pool.macs, fc.macs),
                         (49 * 9 * 8, 49 * 8 * 16, 0, 16 * 1000))
        self.assertEqual((down.in_bytes, down.out_bytes), (8 * 196 * 4, 8 * 49 * 4))
        self.assertEqual((mix.in_bytes, mix.out_bytes), (8 * 49 * 4, 16 * 49 * 4))
        self.assertEqual(down.weight_bytes, (9 * 8 + 8) * 4)
        self.assertEqual(mix.weight_bytes, (8 * 16 + 16) * 4)
        self.assertEqual((pool.in_bytes, pool.out_bytes), (16 * 49 * 4, 16 * 4))
        self.assertEqual((fc.weight_bytes, fc.out_bytes), ((16 * 1000 + 1000) * 4, 4000))

    def test_the_committed_files_have_them(self):
        for name, places in exits.PLACES.items():
            root = ElementTree.parse(FOLDER / f"{name}.xml").getroot()
            cuts = {row.get("after"): Cut(row.get("after"), size(row.get("bytes")),
                                          int(row.get("channels"))) for row in root.iter("cut")}
            last = min(side for side in map(exits.side_of, cuts.values()) if side > 1)
            self.assertEqual(last, 7)
            found = root.findall("exit")
            self.assertEqual([way.get("name") for way in found], [place.name for place in places])
            for way, place in zip(found, places):
                with self.subTest(dnn=name, exit=place.name):
                    self.assertEqual(way.get("after"), place.after)
                    rows = [(row.get("name"), int(row.get("macs")), size(row.get("weights")),
                             size(row.get("in")), size(row.get("out"))) for row in way]
                    self.assertEqual(rows, [
                        (layer.name, layer.macs, layer.weight_bytes, layer.in_bytes,
                         layer.out_bytes) for layer in exits.branch(cuts[place.after], last)])


if __name__ == "__main__":
    unittest.main()
