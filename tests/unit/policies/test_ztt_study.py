# SPDX-License-Identifier: GPL-3.0-or-later
"""The study of zTT: its scenario is the dilemma that it is said to be; its figures are right."""

import json
import math
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

try:
    import h5py
except ImportError:
    print("skipped: no h5py")
    sys.exit(77)

STUDIES = Path(os.environ["TANDEM_SOURCE"]) / "platforms/scenarios/studies"
os.environ["TANDEM"] = os.environ["TANDEM_BIN"]
sys.path.insert(0, str(STUDIES))
import ztt  # noqa: E402  pylint: disable=wrong-import-position


class Study(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()  # pylint: disable=consider-using-with
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return Path(self.folder.name) / name

    def test_top_clocks_are_in_time_and_too_hot(self):
        """What the board comes to by its one resistance: 35 degC and 1.8 K for each watt."""
        record = self.path("top.h5")
        hot, highest, latency, late, _, watts = ztt.run("edge-only", record)
        self.assertLess(latency, 70)
        self.assertLess(late, 0.1)
        self.assertGreater(highest, ztt.LIMIT)
        with h5py.File(record, "r") as file:
            rail = file["/boards/tx2/rails/VDD_IN"][-100:].mean()
        self.assertAlmostEqual(highest, 35 + 1.8 * rail, delta=0.3)  # six time constants
        # From 35 to T the way to 50 takes -ln(1 - 15/(T - 35)) time constants of 1.8 * 83 s, at
        # one power; leakage makes that grow a little.
        reached = -1.8 * 83 * math.log(1 - 15 / (highest - 35))
        self.assertAlmostEqual(hot, 100 * (1 - reached / 900), delta=1)
        self.assertAlmostEqual(watts, rail, delta=0.3)

    def test_lowest_clocks_are_cool_and_too_late(self):
        done = subprocess.run([ztt.TANDEM, "run", ztt.SCENARIO, "--policy",
                               "fixed:cpu=345.6MHz;gpu=114.75MHz", "-o", self.path("low.h5"),
                               "--json"], capture_output=True, text=True, check=True)
        self.assertGreater(json.loads(done.stdout)["misses"], 0.99)
        self.assertLess(ztt.heat(self.path("low.h5"))[1], ztt.LIMIT)

    def test_figures_by_hand(self):
        with h5py.File(self.path("record.h5"), "w") as file:
            power = file.create_group("/boards/tx2/power")
            power["temperature"] = [49.9, 50.0, 51.0, 49.0]
            power["start"], power["end"] = [0.0, 1.0, 2.0, 5.0], [1.0, 2.0, 5.0, 10.0]
        self.assertEqual(ztt.heat(self.path("record.h5")), (0.4, 51))
        with h5py.File(self.path("policy.h5"), "w") as file:
            file["/learning/trial_reward"] = [9.0, 9.0, 1.0, 2.0, 6.0]
        self.assertEqual(ztt.late_trials(self.path("policy.h5")), 3)
        self.assertEqual(ztt.spread([1.0, 2.0, 4.5], 1), "2.5 (1.0 to 4.5)")
        self.assertEqual(ztt.spread([1.01, 1.02], 1), "1.0")

    def test_all_ways_train_and_run(self):
        """A round of each: the settings are such as there are, and are those that the file has."""
        for number, (way, options) in enumerate(ztt.WAYS.items()):
            ztt.WAYS[way] = options + ["--steps", "512", "--runs", "1"]
            found = ztt.train_and_run((Path(self.folder.name), number, way, 1))
            self.assertEqual(len(found), 7, way)
            self.assertLess(found[0], 1.3, way)  # 1 + 0.2, and 0.2 W of some watts
            with h5py.File(self.path(f"{number}-1.h5"), "r") as file:
                learner = file["/policy/learner"].attrs
                self.assertEqual(learner["done"], int("done" in way), way)
                self.assertEqual(learner["capacity"], 500 if "published" in way else 100000, way)


if __name__ == "__main__":
    unittest.main()
