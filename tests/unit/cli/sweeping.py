# SPDX-License-Identifier: GPL-3.0-or-later
"""Grids for the tests of `tandem sweep` and `tandem merge`, and small ways to run and look at them."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

SCENARIO = """<scenario name="small" seed="3" duration="{duration} s">
  <board id="nano" type="nano"/>
  <server id="cloud" type="rtx-3080"/>
  <!-- <link from="nano" to="cloud" bandwidth="1 bit/s"/> -->
  <link from="nano" to="cloud" trace="trace.csv" rtt="20 ms" radio="wifi"/>
  <stream board="nano" dnn="vit-b16" arrivals="poisson" rate="2 /s" deadline="1 s"/>
</scenario>
"""
TRACE = "time_s,up_mbit_s,down_mbit_s\n0,8,20\n2,1,3\n5,30,30\n9,0,0\n10,4,9\n16,12,12\n"
GRID = """<grid name="small-grid" title="A test" scenario="small.xml" policies="edge-best, random" seeds="2">
  <vary name="rate" set="stream[board=nano]/@rate" values="1 /s, 3 /s"/>
  <vary set="link/@rtt" values="5 ms, 50 ms"/>
</grid>
"""
TASKS = 16


def tandem():
    """The command under test; without one the test is skipped."""
    program = os.environ.get("TANDEM_BIN")
    if not program:
        print("skipped: TANDEM_BIN does not say where tandem is")
        sys.exit(77)
    return program


def digests(folder):
    """What is in the finished files of a folder, by name."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in Path(folder).glob("*.h5")}


def processes(word):
    """Ids of the processes that have `word` in their command line, zombies not counted."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and word.encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            pass  # it ended meanwhile
    return found


def wait_until(condition, seconds=20):
    """True as soon as it is so; False if it does not come to be."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


class Sweeping(unittest.TestCase):
    """A folder with a grid of 16 tasks."""

    duration = 60

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="tandem-sweep-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.write("small.xml", SCENARIO.format(duration=self.duration))
        self.write("trace.csv", TRACE)
        self.write("grid.xml", GRID)

    def write(self, name, text):
        (self.folder / name).write_text(text, encoding="utf-8")

    def tandem(self, *arguments, code=0, **keywords):
        done = subprocess.run([tandem(), *map(str, arguments)], cwd=self.folder, check=False,
                              capture_output=True, text=True, timeout=300, **keywords)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def sweep(self, *more, code=0, **keywords):
        return self.tandem("sweep", "grid.xml", *more, code=code, **keywords)

    def records(self, folder="runs"):
        return sorted((self.folder / folder).glob("task-*.h5"))
