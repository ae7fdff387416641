# SPDX-License-Identifier: GPL-3.0-or-later
"""Records, replays and comparisons of runs in which boards contend."""

import json
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import contending  # noqa: E402  pylint: disable=wrong-import-position
import recorded_run  # noqa: E402  pylint: disable=wrong-import-position

try:
    import h5py
    import numpy as np
except ImportError:
    print("skipped: no h5py")
    sys.exit(77)


class Contending(unittest.TestCase):
    """A fleet for a minute."""

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="tandem-contending-"))
        contending.write_scenario(cls.folder, 60)
        done = contending.run(cls.folder, "a.h5", "--json")
        assert done.returncode == 0, done.stderr
        cls.figures = json.loads(done.stdout)
        cls.file = h5py.File(cls.folder / "a.h5", "r")

    @classmethod
    def tearDownClass(cls):
        cls.file.close()
        shutil.rmtree(cls.folder)

    def tool(self, *command):
        if not shutil.which(command[0]):
            self.skipTest(f"no {command[0]}")
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)

    def test_same_seed(self):
        done = contending.run(self.folder, "b.h5", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        done = self.tool("h5diff", "a.h5", "b.h5")
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_dump(self):
        done = self.tool("h5dump", "-H", "a.h5")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_rows(self):
        """What was printed is what was kept, and each board's requests are conserved."""
        requests = {name: column[()] for name, column in self.file["requests"].items()}
        kept = requests["dropped"] == 0
        self.assertEqual(kept.sum(), self.figures["requests"])
        self.assertEqual((~kept).sum(), self.figures["dropped"])
        unanswered = 0
        for board in range(6):
            mine = requests["request"][requests["board"] == board]
            self.assertEqual(len(set(mine)), len(mine))
            # Numbered as they arrived: who is missing had not ended, all arrived before the end.
            unanswered += mine.max() + 1 - len(mine)
        self.assertLessEqual(unanswered, self.figures["unanswered"])
        self.assertLessEqual(self.figures["unanswered"], 6 * 7)  # five may wait, two are served
        ends = np.where(kept, requests["answer"], requests["start"])
        self.assertTrue((np.diff(ends) >= 0).all(), "outcomes are not in order")
        self.assertTrue((requests["energy"][kept] >= 0).all())
        self.assertAlmostEqual(requests["cost"][kept].mean(), self.figures["cost_j"], places=9)

    def test_replay(self):
        """A board of a fleet that is played back under other policies."""
        alone = contending.SCENARIO.format(duration=20).replace(
            '<board id="b" type="toy.xml" jitter="yes"/>',
            '<board id="b" type="toy.xml" driver="replay:one.h5"/>')
        one = contending.SCENARIO.format(duration=60).replace('count="6"', 'count="1"')
        (self.folder / "one.xml").write_text(one, encoding="utf-8")
        (self.folder / "again.xml").write_text(alone, encoding="utf-8")
        done = subprocess.run([recorded_run.tandem(), "run", "one.xml", "-p", "random", "-e",
                               "simgrid:", "-o", "one.h5"], cwd=self.folder, capture_output=True,
                              text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        done = subprocess.run([recorded_run.tandem(), "run", "again.xml", "-p", "random", "-e",
                               "simgrid:", "--json"], cwd=self.folder, capture_output=True,
                              text=True, timeout=100, check=False)
        # Either it can be played back, or it is said in one line why not.
        if done.returncode:
            self.assertIn(done.returncode, (1, 2))
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        else:
            self.assertGreater(json.loads(done.stdout)["requests"], 0)

    def test_compare(self):
        """No policy costs less than the bound, under contention either."""
        done = subprocess.run([recorded_run.tandem(), "compare", "crowd.xml", "--json", "--seeds",
                               "2"], cwd=self.folder, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        answer = json.loads(done.stdout)
        self.assertGreater(answer["bound_j"], 0)
        names = {policy["name"] for policy in answer["policies"]}
        self.assertLessEqual({"oracle", "random", "cloud-only", "neurosurgeon"}, names)
        for policy in answer["policies"]:
            self.assertGreaterEqual(policy["cost_j"], answer["bound_j"] * (1 - 1e-9), policy)
            self.assertGreater(policy["requests"], 0)


if __name__ == "__main__":
    recorded_run.tandem()
    unittest.main()
