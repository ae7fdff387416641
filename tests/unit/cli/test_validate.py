# SPDX-License-Identifier: GPL-3.0-or-later
"""`tandem validate` against a record that stands in for the board."""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

TANDEM = os.environ["TANDEM_BIN"]

SCENARIO = """<scenario name="warm" seed="1" duration="20 s">
  <board id="nx" type="xavier-nx" %s/>
  <server id="cloud" type="rtx-3080"/>
  <link from="nx" to="cloud" trace="wifi-weak" rtt="20 ms" radio="wifi"/>
  <stream board="nx" dnn="resnet50" arrivals="periodic" rate="1 /s"/>
</scenario>"""
POLICY = "fixed:cpu=top;gpu=top"


def tandem(*arguments):
    return subprocess.run([TANDEM, *arguments], capture_output=True, text=True, check=True,
                          timeout=60).stdout


class Validate(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="validate-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def scenario(self, name, more):
        path = self.folder / f"{name}.xml"
        path.write_text(SCENARIO % more, encoding="utf-8")
        return str(path)

    def validate(self, scenario, record):
        report = json.loads(tandem("validate", scenario, "--policy", POLICY, "--board",
                                   f"replay:{record}", "--json"))
        return report["policies"][0]

    def test_the_model_begins_as_warm_as_the_board(self):
        """A model that starts at the board's temperature does what the board, the same model, did."""
        record = self.folder / "there.h5"
        tandem("run", self.scenario("there", 'start="70 degC"'), "--policy", POLICY,
               "--output", str(record))
        here = self.validate(self.scenario("here", ""), record)
        self.assertEqual(here["requests"], 20)
        self.assertLess(here["energy_mape"], 0.01)
        cold = self.validate(self.scenario("cold", 'start="25 degC"'), record)  # it was said
        self.assertGreater(cold["energy_mape"], 1)


if __name__ == "__main__":
    unittest.main()
