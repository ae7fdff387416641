# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet in a cell, for tests that run `tandem` with the engine "simgrid:"."""

import shutil
import subprocess
from pathlib import Path

import recorded_run

SCENARIO = """<scenario name="crowd" seed="7" duration="{duration} s">
  <fleet count="6" shift="3 s">
    <board id="b" type="toy.xml" jitter="yes"/>
    <link from="b" to="cloud" cell="air" rtt="20 ms" radio="wifi"/>
    <link from="b" to="near" trace="trace.csv" radio="wifi"/>
    <stream board="b" dnn="resnet18" arrivals="poisson" rate="6 /s" deadline="400 ms" queue="5"
            inflight="2"/>
  </fleet>
  <cell id="air" trace="trace.csv"/>
  <server id="cloud" type="rtx-3080"/>
  <server id="near" type="rtx-3080" slots="2"/>
  <outage server="cloud" from="3 s" until="4 s"/>
  <knobs xi="0 %, 50 %, 100 %"/>
</scenario>
"""


def write_scenario(folder, duration):
    """Writes crowd.xml and what it needs."""
    folder = Path(folder)
    shutil.copy(recorded_run.HERE / "toy.xml", folder / "toy.xml")
    (folder / "trace.csv").write_text(recorded_run.TRACE, encoding="utf-8")
    (folder / "crowd.xml").write_text(SCENARIO.format(duration=duration), encoding="utf-8")


def command(output, *more, policy="random"):
    return [recorded_run.tandem(), "run", "crowd.xml", "--policy", policy, "-e", "simgrid:",
            *(["-o", str(output)] if output else []), *more]


def run(folder, output, *more, **keywords):
    return subprocess.run(command(output, *more, **keywords), cwd=folder, capture_output=True,
                          text=True, timeout=300, check=False)
