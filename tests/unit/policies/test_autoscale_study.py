# SPDX-License-Identifier: GPL-3.0-or-later
"""The study of AutoScale: its scenarios run, and a table that was trained in one is near its best."""

import json
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

TANDEM = os.environ["TANDEM_BIN"]
STUDIES = Path(os.environ["TANDEM_SOURCE"]) / "platforms/scenarios/studies"


def tandem(*arguments):
    return subprocess.run([TANDEM, *map(str, arguments)], capture_output=True, text=True,
                          check=False)


def figures(scenario, *policies):
    done = tandem("compare", STUDIES / f"autoscale-{scenario}.xml", "--json", "--policies",
                  ",".join(policies))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["policies"]


class Study(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()  # pylint: disable=consider-using-with
        self.addCleanup(self.folder.cleanup)

    def train(self, scenario, steps):
        """The policy by name, and what training says of it."""
        path = Path(self.folder.name) / f"{scenario}.h5"
        done = tandem("train", STUDIES / f"autoscale-{scenario}.xml", "--policy", "autoscale",
                      "--runs", 1, "--patience", 0, "--steps", steps, "--json", "-o", path)
        self.assertEqual(done.returncode, 0, done.stderr)
        return f"autoscale={path}", json.loads(done.stdout)

    def test_scenarios_run_and_answer_all(self):
        names = sorted(p.stem[len("autoscale-"):] for p in STUDIES.glob("autoscale-*.xml"))
        self.assertEqual(names, ["d1", "d2", "d3", "d4", "s1", "s2", "s3", "s4", "s5"])
        for name in names:
            for policy in figures(name, "autoscale:opt", "autoscale:edge"):
                self.assertEqual(policy["requests"], 300, name)
                self.assertEqual(policy["unanswered"], 0, name)

    def test_weak_signals_turn_the_best_target_around(self):
        """ResNet-50: the cloud, over weak Wi-Fi the tablet; weak Wi-Fi Direct changes nothing."""
        regular, wifi, direct = (figures(s, "autoscale:opt")[0]["latency_s"]
                                 for s in ("s1", "s4", "s5"))
        self.assertEqual(regular, direct)
        # A fifth of 900 GFLOP/s for 8.2 GFLOP takes 45 ms, which the cloud does not.
        self.assertLess(regular, 0.045)
        self.assertGreater(wifi, 0.045)

    def test_some_sixty_requests_are_enough_for_one_state(self):
        """There are 25 + 15 clocks and two links; after each was tried once, the rest is luck."""
        name, training = self.train("s1", 64)
        self.assertEqual((training["visited"], training["states"]), (1, 3072))
        best, trained, _ = figures("s1", "autoscale:opt", name)
        self.assertLess(trained["energy_j"], 1.03 * best["energy_j"])
        shown = tandem("train", STUDIES / "autoscale-s1.xml", "--policy", "autoscale", "--steps",
                       16, "-o", Path(self.folder.name) / "short.h5")
        self.assertRegex(shown.stdout, r"states of the table that were seen: 1 of 3072\n")

    def test_each_app_has_a_state(self):
        name, training = self.train("d4", 2048)
        self.assertEqual(training["visited"], 4)
        best, trained, _ = figures("d4", "autoscale:opt", name)
        self.assertLess(trained["energy_j"], 1.03 * best["energy_j"])

    def test_a_table_for_other_targets_is_refused(self):
        name, _ = self.train("s1", 16)
        done = tandem("run", "default", "--policy", name)
        self.assertEqual(done.returncode, 2)
        self.assertTrue(re.search("trained .* than the scenario has", done.stderr), done.stderr)


if __name__ == "__main__":
    unittest.main()
