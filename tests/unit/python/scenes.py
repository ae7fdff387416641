# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios for the tests of the package, and the command that runs them, too."""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import in_venv

PROGRAM = os.environ.get("TANDEM_BIN") or in_venv.skip("TANDEM_BIN does not say where tandem is")
SCENE = """<scenario name="scene" seed="1" duration="{duration}">
  <board id="nano" type="nano"/>
  <server id="cloud" type="rtx-3080"/>
  <link from="nano" to="cloud" trace="wifi-weak" rtt="20 ms" radio="wifi"/>
  <stream board="nano" dnn="vit-b16" arrivals="poisson" deadline="1 s" input="raw" {stream}/>
  <load board="nano" cpu="20 %"/>
  <knobs {knobs}/>
  <objective eta="0.3"/>
  <environment {environment}/>
</scenario>
"""


def tandem(*arguments):
    """Runs the command; its output."""
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True,
                          timeout=300, check=True).stdout


def run(scenario, policy, seed, *more):
    """The figures of a run."""
    return json.loads(tandem("run", scenario, "--policy", policy, "--seed", seed, "--json", *more))


class Scenes(unittest.TestCase):
    """Tests with a folder for scenarios."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="tandem-python-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def scene(self, duration="60 s", stream='rate="1 /s"',
              knobs='cpu="3" gpu="3" emc="2" cut="all"', environment="", name="scene.xml"):
        """The path of a scenario that differs in this."""
        path = self.folder / name
        path.write_text(SCENE.format(duration=duration, stream=stream, knobs=knobs,
                                     environment=environment), encoding="utf-8")
        return str(path)
