# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of "simgrid:" that die: the run has a process of its own, and either may be killed.

What stands under the record's name afterwards is what stood there before or the whole new record;
nobody goes on running; a run whose process has died is an error.
"""

import ctypes
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import contending  # noqa: E402  pylint: disable=wrong-import-position
import recorded_run  # noqa: E402  pylint: disable=wrong-import-position

KILLS = max(10, int(os.environ.get("TANDEM_KILLS", "200")) // 4)
SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
SET_CHILD_SUBREAPER = 36


def children_of(pid):
    try:
        return [int(child) for child in
                Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    except OSError:
        return []


class Dying(unittest.TestCase):
    """A run that takes long enough to be killed in the middle."""

    @classmethod
    def setUpClass(cls):
        # Orphans become ours, so that none gets away unseen.
        assert ctypes.CDLL(None).prctl(SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
        cls.folder = Path(tempfile.mkdtemp(prefix="tandem-contention-kill-"))
        cls.seconds = 30
        while True:
            contending.write_scenario(cls.folder, cls.seconds)
            begun = time.monotonic()
            done = contending.run(cls.folder, "new.h5")
            cls.lasts = time.monotonic() - begun
            assert done.returncode == 0, done.stderr
            if cls.lasts > 0.2 or cls.seconds > 1e5:
                break
            cls.seconds *= 2
        cls.new = (cls.folder / "new.h5").read_bytes()
        done = contending.run(cls.folder, "new.h5", "--seed", "8")
        assert done.returncode == 0, done.stderr
        cls.old = (cls.folder / "new.h5").read_bytes()
        assert cls.old != cls.new
        seed = random.randrange(1 << 32)
        print(f"seed {seed}, a run takes {cls.lasts:.3f} s")
        cls.dice = random.Random(seed)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def start(self):
        record = self.folder / "new.h5"
        record.unlink(missing_ok=True)
        before = self.dice.random() < 0.5
        if before:
            record.write_bytes(self.old)
        process = subprocess.Popen(contending.command("new.h5"), cwd=self.folder,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(self.dice.uniform(0, 0.9 * self.lasts))
        return process, before

    def check_record(self, returncode, before):
        """Returns whether the new one is there."""
        record = self.folder / "new.h5"
        found = record.read_bytes() if record.exists() else None
        if returncode == 0:
            self.assertTrue(found == self.new, "it ended well, and its record is wrong")
        else:
            self.assertIn(found, (self.old if before else None, self.new))
        return found == self.new

    def check_orphans(self):
        """All that is left of a run comes to its end at once."""
        until = time.monotonic() + 5
        while time.monotonic() < until:
            try:
                if os.waitpid(-1, os.WNOHANG) == (0, 0):
                    time.sleep(0.01)
            except ChildProcessError:
                return
        self.fail("a run goes on although its parent is gone")

    def test_parent(self):
        whole = 0
        for _ in range(KILLS):
            process, before = self.start()
            process.send_signal(self.dice.choice(SIGNALS))
            process.communicate()
            self.check_orphans()
            whole += self.check_record(process.returncode, before)
        print(f"{KILLS} parents killed, {whole} records were whole")
        self.assertGreater(KILLS - whole, KILLS // 10)
        self.assertEqual(contending.run(self.folder, "new.h5").returncode, 0)
        self.assertTrue(self.check_record(0, False))
        self.assertFalse((self.folder / "new.h5.partial").exists())

    def test_child(self):
        killed = 0
        for _ in range(KILLS):
            process, before = self.start()
            way = self.dice.choice(SIGNALS)
            children = children_of(process.pid)
            for child in children:
                os.kill(child, way)
            _, errors = process.communicate()
            self.assertIn(process.returncode, (0, 1), errors)
            self.check_record(process.returncode, before)
            if process.returncode == 1:
                killed += 1
                self.assertEqual(errors.count("\n"), 1, errors)
                self.assertIn(f"random: its run was ended by signal {int(way)} (", errors)
        print(f"{killed} of {KILLS} runs were ended in the middle")
        self.assertGreater(killed, KILLS // 10)

    def test_compare(self):
        """A dead run is the end of a comparison, too."""
        ended = 0
        for _ in range(max(3, KILLS // 10)):
            with subprocess.Popen([recorded_run.tandem(), "compare", "crowd.xml", "-p", "random",
                                   "--seeds", "20", "--json"], cwd=self.folder,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  text=True) as process:
                children = []
                while process.poll() is None and not children:
                    children = children_of(process.pid)
                for child in children:
                    os.kill(child, signal.SIGKILL)
                output, errors = process.communicate()
            ended += process.returncode == 1
            self.assertEqual((process.returncode, output), (1, ""), errors)
            self.assertIn("ended by signal 9", errors)
        self.assertGreater(ended, 0)


if __name__ == "__main__":
    recorded_run.tandem()
    unittest.main()
