# SPDX-License-Identifier: GPL-3.0-or-later
"""The study of SAC-d: its constants are the scenario's, and its figures are right."""

import multiprocessing
import os
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

try:
    import h5py  # noqa: F401  pylint: disable=unused-import
    import numpy as np
except ImportError:
    print("skipped: no h5py")
    sys.exit(77)

SOURCE = Path(os.environ["TANDEM_SOURCE"])
os.environ["TANDEM"] = os.environ["TANDEM_BIN"]
sys.path.insert(0, str(SOURCE / "platforms/scenarios/studies"))
import sac_d  # noqa: E402  pylint: disable=wrong-import-position


class Study(unittest.TestCase):
    def test_constants_are_the_scenarios(self):
        scenario = ElementTree.parse(sac_d.SCENARIO).getroot()
        stream, knobs = scenario.find("stream"), scenario.find("knobs")
        self.assertEqual(stream.get("weight"), f"{100 * sac_d.WEIGHT:g} %")
        self.assertEqual(stream.get("accuracy"), f"{100 * sac_d.NEEDED:g} %")
        self.assertEqual(sac_d.CLOCKS, f"cpu={knobs.get('cpu')};gpu={knobs.get('gpu')}")
        dnn = ElementTree.parse(SOURCE / f"platforms/dnns/{stream.get('dnn')}.xml").getroot()
        whole = [row.get("value") for row in dnn.iter("accuracy") if len(row.attrib) == 2]
        self.assertEqual(whole, [f"{100 * sac_d.WHOLE:.2f} %"])

    def test_rewards_by_hand(self):
        requests = {"accuracy": np.array([sac_d.WHOLE, 0.58, 0.5, np.nan]),
                    "latency": np.array([0.1, 0.05, 0.2, 0.1])}
        found = sac_d.rewards(requests, 0.1)
        for got, expected in zip(found, (0, 0.8 * (0.58 - 0.7188) + 0.2 * 0.5,
                                         0.8 * (0.5 - 0.7188) - 0.2 - 1, 0.8 * -0.7188 - 1)):
            self.assertAlmostEqual(got, expected, 12)

    def test_looking_ahead_beats_every_single_plan(self):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            usual = sac_d.usual_time(folder)
            rewards = {name: sac_d.judge((folder, policy, 7, usual))[0]
                       for name, policy in sac_d.RIVALS.items()}
        best = rewards.pop("sac-d:opt")
        self.assertGreater(best, max(rewards.values()) + 0.02)


if __name__ == "__main__":
    multiprocessing.current_process().name = "test"
    unittest.main()
