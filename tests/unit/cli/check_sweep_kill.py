# SPDX-License-Identifier: GPL-3.0-or-later
"""Sweeps that are killed: no record that only looks finished, no process left, and the next call
completes it to what an undisturbed sweep gives."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import sweeping  # noqa: E402  pylint: disable=wrong-import-position

KILLS = max(6, int(os.environ.get("TANDEM_KILLS", "200")) // 8)


class Killed(sweeping.Sweeping):
    """A sweep that takes long enough to be killed in its middle."""

    duration = 600

    def setUp(self):
        super().setUp()
        begun = time.monotonic()
        self.sweep("-o", "whole", "-j", "2")
        self.lasts = time.monotonic() - begun
        self.whole = sweeping.digests(self.folder / "whole")
        self.assertEqual(len(self.whole), sweeping.TASKS + 1)
        seed = random.randrange(1 << 32)
        print(f"seed {seed}, a sweep takes {self.lasts:.2f} s", flush=True)
        self.dice = random.Random(seed)

    def start(self, name):
        # The name is one of its own, so that the processes can be told by it.
        return subprocess.Popen([sweeping.tandem(), "sweep", "grid.xml", "-j", "2", "-o", name],
                                cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True)

    def check_finished(self, name):
        """Whatever has a finished record's name is one, byte for byte."""
        there = sweeping.digests(self.folder / name)
        self.assertLessEqual(there.items(), self.whole.items())
        return len(there)

    def complete(self, name):
        """The next call does the rest, and nothing is left lying about."""
        self.sweep("-o", name, "-j", "2")
        self.assertEqual(sweeping.digests(self.folder / name), self.whole)
        self.assertEqual(list((self.folder / name).glob("*.partial")), [])
        if shutil.which("h5diff"):
            for path in self.records("whole")[::5]:
                done = subprocess.run(["h5diff", path, self.folder / name / path.name],
                                      capture_output=True, check=False)
                self.assertEqual(done.returncode, 0, done.stdout)

    def test_parent(self):
        halfway = 0
        for trial in range(KILLS):
            name = f"{self.folder.name}-{trial}"
            with self.start(name) as process:
                time.sleep(self.dice.uniform(0, 1.1 * self.lasts))
                process.send_signal(self.dice.choice((signal.SIGKILL, signal.SIGTERM)))
                process.wait()
            self.assertTrue(sweeping.wait_until(lambda: not sweeping.processes(name), 5),
                            "children outlive the sweep")
            halfway += 0 < self.check_finished(name) < len(self.whole)
            self.complete(name)
            shutil.rmtree(self.folder / name)
        print(f"{KILLS} kills, {halfway} of them in the middle")
        self.assertGreater(halfway, KILLS // 4)

    def test_at_once_again(self):
        """The children of a killed sweep may still hold their files when the next call comes."""
        for trial in range(3):
            name = f"{self.folder.name}-again-{trial}"
            with self.start(name) as process:
                sweeping.wait_until(lambda: self.records(name))
                process.kill()
            self.complete(name)

    def test_child(self):
        killed = 0
        for trial in range(KILLS):
            name = f"{self.folder.name}-child-{trial}"
            with self.start(name) as process:
                time.sleep(self.dice.uniform(0.2, 0.8) * self.lasts)
                children = [pid for pid in sweeping.processes(name) if pid != process.pid]
                try:
                    if children:
                        os.kill(self.dice.choice(children), signal.SIGKILL)
                except ProcessLookupError:
                    pass  # it ended meanwhile
                out, err = process.communicate()
            self.check_finished(name)
            if process.returncode == 1:
                killed += 1
                self.assertIn("killed by signal 9 (Killed)", err)
                if out:  # nothing is said where it was still trying the scenarios
                    self.assertIn("15 run now, 0 finished before, 1 failed", out)
                self.assertEqual(err.count("killed by"), 1, err)
            else:  # it had just ended
                self.assertEqual(process.returncode, 0, err)
            self.complete(name)
        print(f"{killed} of {KILLS} children died")
        self.assertGreater(killed, 0)


if __name__ == "__main__":
    sweeping.tandem()
    unittest.main()
