# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that die: a record is whole or not there.

Kills `tandem run` at random moments, 200 times, and fills its disk. What stands under the record's
name afterwards is what stood there before or the whole new record, byte for byte.
"""

import ctypes
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import recorded_run  # noqa: E402  pylint: disable=wrong-import-position

KILLS = int(os.environ.get("TANDEM_KILLS", "200"))
SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT)


class Dying(unittest.TestCase):
    """A run that takes long enough to be killed in the middle."""

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="tandem-kill-"))
        cls.seconds = 300
        while True:
            recorded_run.write_scenario(cls.folder, cls.seconds)
            begun = time.monotonic()
            done = recorded_run.run(cls.folder, "new.h5")
            cls.lasts = time.monotonic() - begun
            assert done.returncode == 0, done.stderr
            if cls.lasts > 0.1 or cls.seconds > 1e6:
                break
            cls.seconds *= 2
        cls.new = (cls.folder / "new.h5").read_bytes()
        done = recorded_run.run(cls.folder, "new.h5", "--seed", "8")
        assert done.returncode == 0, done.stderr
        cls.old = (cls.folder / "new.h5").read_bytes()
        assert cls.old != cls.new

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def setUp(self):
        self.record = self.folder / "new.h5"
        self.record.unlink(missing_ok=True)
        self.partial = self.folder / "new.h5.partial"
        self.partial.unlink(missing_ok=True)

    def kill_once(self, dice):
        """Returns whether the record was there in the end, and whether a partial one was."""
        before = dice.random() < 0.5
        self.record.unlink(missing_ok=True)
        if before:
            self.record.write_bytes(self.old)
        with subprocess.Popen(recorded_run.command(self.folder, "new.h5"), cwd=self.folder,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            time.sleep(dice.uniform(0, 1.2 * self.lasts))
            process.send_signal(dice.choice(SIGNALS))
            process.wait()
        found = self.record.read_bytes() if self.record.exists() else None
        if process.returncode == 0:
            self.assertEqual(found == self.new, True, "it ended well, and its record is wrong")
        else:
            self.assertIn(found, (self.old if before else None, self.new))
        return found == self.new, self.partial.exists()

    def test_kills(self):
        seed = random.randrange(1 << 32)
        print(f"seed {seed}, a run takes {self.lasts:.3f} s")
        dice = random.Random(seed)
        whole = partial = 0
        for _ in range(KILLS):
            is_whole, is_partial = self.kill_once(dice)
            whole += is_whole
            partial += is_partial
        print(f"{KILLS} kills: {whole} records were whole, {partial} times a partial file was left")
        self.assertGreater(KILLS - whole, KILLS // 4)
        self.assertGreater(partial, KILLS // 10)
        # The next run is not held up by what was left behind.
        done = recorded_run.run(self.folder, "new.h5")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(self.record.read_bytes() == self.new)
        self.assertFalse(self.partial.exists())

    def assert_failed(self, done, message, code=1):
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertIn(message, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertNotIn("HDF5", done.stderr)

    def test_longest_file(self):
        """A limit on the length of files, at many lengths: an error, or the default death of it."""
        size = len(self.new)
        for ignore in (True, False):
            for limit in [0, 100, 5000] + [size * i // 16 for i in range(1, 16)] + [size - 1]:
                def prepare(limit=limit, ignore=ignore):
                    signal.signal(signal.SIGXFSZ, signal.SIG_IGN if ignore else signal.SIG_DFL)
                    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
                done = recorded_run.run(self.folder, "new.h5", preexec_fn=prepare,
                                        restore_signals=False)
                if ignore:
                    self.assert_failed(done, "new.h5: cannot write")
                    self.assertIn("File too large", done.stderr)
                    self.assertFalse(self.partial.exists())
                else:
                    self.assertEqual(done.returncode, -signal.SIGXFSZ)
                self.assertFalse(self.record.exists())

    def test_full_disk(self):
        """A small file system of its own, which takes root."""
        disk = self.folder / "disk"
        disk.mkdir()
        script = ('mount -t tmpfs -o size=128k none disk 2>/dev/null || exit 77; "$@"; code=$?; '
                  'ls disk; exit $code')
        done = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh",
                               *recorded_run.command(self.folder, "disk/new.h5")],
                              cwd=self.folder, capture_output=True, text=True, check=False) \
            if shutil.which("unshare") else None
        if done is None or done.returncode == 77 or "unshare" in done.stderr:
            self.skipTest("no file system of one's own here")
        self.assert_failed(done, "disk/new.h5: cannot write")
        self.assertIn("No space left on device", done.stderr)
        self.assertNotIn("new.h5\n", done.stdout.split("record:")[-1])

    def test_places_that_will_not_do(self):
        self.folder.chmod(0o755)
        closed = self.folder / "closed"
        closed.mkdir()
        closed.chmod(0o555)

        def like_anybody():
            """Root keeps its uid, for the program may lie in root's home, but not its power."""
            if os.geteuid() == 0:
                drop_bounding, dac_override, dac_read_search = 24, 1, 2
                libc = ctypes.CDLL(None)
                for power in (dac_override, dac_read_search):
                    libc.prctl(drop_bounding, power, 0, 0, 0)
        done = recorded_run.run(self.folder, "closed/new.h5", preexec_fn=like_anybody)
        self.assert_failed(done, "closed/new.h5: cannot write: Permission denied")
        self.assert_failed(recorded_run.run(self.folder, "none/new.h5"), "No such file")
        self.assert_failed(recorded_run.run(self.folder, "closed"), "a folder")
        for device in ("/dev/null", "/dev/full"):
            self.assert_failed(recorded_run.run(self.folder, device), "not a regular file")
            self.assertTrue(Path(device).is_char_device())


if __name__ == "__main__":
    recorded_run.tandem()
    unittest.main()
