# SPDX-License-Identifier: GPL-3.0-or-later
"""The toy board and a scenario for tests that run `tandem`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SCENARIO = """<scenario name="kept" seed="7" duration="{duration} s">
  <board id="b" type="toy.xml" jitter="yes"/>
  <server id="cloud" type="rtx-3080"/>
  <link from="b" to="cloud" trace="trace.csv" rtt="20 ms" radio="wifi"/>
  <stream board="b" dnn="resnet18" arrivals="poisson" rate="8 /s" deadline="400 ms" queue="5"/>
  <knobs xi="0 %, 50 %, 100 %"/>
</scenario>
"""
TRACE = "time_s,up_mbit_s,down_mbit_s\n0,8,20\n2,1,3\n5,30,30\n9,0,0\n10,4,9\n16,12,12\n"


def tandem():
    """The command under test; without one the test is skipped."""
    program = os.environ.get("TANDEM_BIN")
    if not program:
        print("skipped: TANDEM_BIN does not say where tandem is")
        sys.exit(77)
    return program


def write_scenario(folder, duration):
    """Writes what a run needs and returns the scenario's path."""
    folder = Path(folder)
    shutil.copy(HERE / "toy.xml", folder / "toy.xml")
    (folder / "trace.csv").write_text(TRACE, encoding="utf-8")
    path = folder / "kept.xml"
    path.write_text(SCENARIO.format(duration=duration), encoding="utf-8")
    return path


def command(folder, output, *more):
    """The arguments of a run in `folder` that writes `output` there."""
    return [tandem(), "run", "kept.xml", "--policy", "random", "-o", str(output), *more]


def run(folder, output, *more, **keywords):
    """Runs it to its end."""
    return subprocess.run(command(folder, output, *more), cwd=folder, capture_output=True,
                          text=True, timeout=300, check=False, **keywords)
