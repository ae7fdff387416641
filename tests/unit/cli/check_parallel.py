# SPDX-License-Identifier: GPL-3.0-or-later
"""The sweep that platforms/grids/parallel.sh runs by GNU parallel is the one of `tandem sweep`."""

import os
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import sweeping  # noqa: E402  pylint: disable=wrong-import-position

SCRIPT = Path(os.environ.get("TANDEM_SOURCE", Path(__file__).parents[3])) \
    / "platforms/grids/parallel.sh"


class Parallel(sweeping.Sweeping):
    """Two tasks at a time."""

    duration = 10

    def parallel(self, code=0):
        (self.folder / "bin").mkdir(exist_ok=True)
        if not (self.folder / "bin/tandem").exists():
            (self.folder / "bin/tandem").symlink_to(sweeping.tandem())
        environment = dict(os.environ, PATH=f"{self.folder}/bin:{os.environ['PATH']}",
                           HOME=str(self.folder))  # where parallel keeps its notes
        done = subprocess.run(["sh", SCRIPT, "grid.xml", "runs", "-j2"], cwd=self.folder,
                              env=environment, capture_output=True, text=True, check=False,
                              timeout=300)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def test_same_as_sweep(self):
        out = self.parallel().stdout
        self.assertEqual(out.count(f" of {sweeping.TASKS}\n"), sweeping.TASKS)
        self.sweep("-o", "alone")
        self.assertEqual(sweeping.digests(self.folder / "runs"),
                         sweeping.digests(self.folder / "alone"))
        self.records()[5].unlink()
        self.assertEqual(self.parallel().stdout.count("finished before"), sweeping.TASKS - 1)
        self.assertIn("16 of 16 runs", self.tandem("merge", "runs", "-o", "all.h5").stdout)

    def test_a_task_that_cannot_run(self):
        self.write("grid.xml", sweeping.GRID.replace("50 ms", "50 mm"))
        done = self.parallel(code=8)  # the number of jobs that failed
        self.assertEqual(done.stderr.count("unknown unit 'mm'"), 8)
        self.assertEqual(len(self.records()), 8)


if __name__ == "__main__":
    sweeping.tandem()
    if not shutil.which("parallel"):
        print("skipped: no GNU parallel")
        sys.exit(77)
    unittest.main()
