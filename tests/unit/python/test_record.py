# SPDX-License-Identifier: GPL-3.0-or-later
"""tandem.read_record, against the file as h5py reads it, and figures that the command prints."""

import unittest
from pathlib import Path

import in_venv  # noqa: F401  goes on in the virtual environment
import h5py
import numpy as np
import scenes

import tandem

try:
    import pandas
except ImportError:
    pandas = None

GRID = """<grid name="rates" scenario="{path}" policies="edge-only, cloud-only">
  <vary name="rate" set="stream/@rate" values="1 /s, 2 /s"/>
</grid>
"""


class Record(scenes.Scenes):
    """A run that was recorded."""

    def setUp(self):
        super().setUp()
        self.path = self.folder / "run.h5"
        self.figures = scenes.run(self.scene(), "neurosurgeon", 3, "-o", self.path)
        self.record = tandem.read_record(self.path)

    def same(self, table, group):
        """Every array, unit and description."""
        self.assertEqual(list(table), list(group))
        self.assertGreater(len(table), 0)
        for name, dataset in group.items():
            np.testing.assert_array_equal(table[name], dataset[()])
            self.assertEqual(table[name].dtype, dataset.dtype)
            self.assertEqual(table.units[name], dataset.attrs["units"])
            self.assertEqual(table.descriptions[name], dataset.attrs["description"])

    def test_tables(self):
        with h5py.File(self.path) as file:
            self.same(self.record.requests, file["requests"])
            self.assertEqual(list(self.record.boards), ["nano"])
            board = self.record.boards["nano"]
            self.same(board.power, file["boards/nano/power"])
            self.same(board.rails, file["boards/nano/rails"])
            self.assertEqual(list(board.radios), [0])
            self.same(board.radios[0], file["boards/nano/radio/0"])

    def test_figures(self):
        requests = self.record.requests
        self.assertEqual(requests.rows, self.figures["requests"])
        self.assertEqual(requests.units["energy"], "J")
        self.assertAlmostEqual(requests["cost"].mean(), self.figures["cost_j"], places=9)
        self.assertAlmostEqual(self.record.summary["cost_j"], self.figures["cost_j"], places=9)
        power = self.record.boards["nano"].power
        joules = sum(((power["end"] - power["start"]) * power[cause]).sum()
                     for cause in ("fixed", "cpu", "gpu", "memory", "leakage"))
        self.assertAlmostEqual(joules, self.figures["board_energy_j"], delta=1e-6 * joules)

    def test_attributes(self):
        self.assertEqual((self.record.attributes["policy"], self.record.attributes["seed"]),
                         ("neurosurgeon", 3))
        self.assertIs(type(self.record.attributes["seed"]), int)
        self.assertEqual(self.record.attributes["scenario"],
                         Path(self.scene()).read_text(encoding="utf-8"))
        self.assertEqual(self.record.streams[0]["dnn"], "vit-b16")
        self.assertEqual(self.record.boards["nano"].attributes["type"], "nano")

    @unittest.skipUnless(pandas, "no pandas")
    def test_pandas(self):
        frame = self.record.requests.to_pandas()
        self.assertEqual(frame.shape, (self.record.requests.rows, len(self.record.requests)))
        np.testing.assert_array_equal(frame["cost"], self.record.requests["cost"])
        self.assertEqual(frame.attrs["units"]["cost"], "J")

    def test_merged(self):
        (self.folder / "grid.xml").write_text(GRID.format(path=self.scene()), encoding="utf-8")
        scenes.tandem("sweep", self.folder / "grid.xml", "-o", self.folder / "runs")
        scenes.tandem("merge", self.folder / "runs", "-o", self.folder / "all.h5")
        merged = tandem.read_record(self.folder / "all.h5")
        self.assertEqual(merged.runs["policy"].tolist(), ["edge-only", "cloud-only"] * 2)
        self.assertEqual(merged.runs["rate_number"].tolist(), [1, 1, 2, 2])
        for task, policy, cost in zip(merged.runs["task"], merged.runs["policy"],
                                      merged.runs["cost_j"]):
            record = merged.record(task)
            self.assertEqual(record.attributes["policy"], policy)
            self.assertAlmostEqual(record.requests["cost"].mean(), cost, places=9)
        with self.assertRaisesRegex(KeyError, "task 9"):
            merged.record(9)

    def test_mistakes(self):
        with self.assertRaises(KeyError):
            self.record.boards["nan"]
        with self.assertRaises(FileNotFoundError):
            tandem.read_record(self.folder / "none.h5")
        with h5py.File(self.folder / "other.h5", "w") as file:
            file["x"] = 1
        with self.assertRaisesRegex(ValueError, "other.h5 is neither"):
            tandem.read_record(self.folder / "other.h5")
        (self.folder / "text.h5").write_text("no HDF5", encoding="utf-8")
        with self.assertRaises(OSError):
            tandem.read_record(self.folder / "text.h5")


if __name__ == "__main__":
    unittest.main()
