# SPDX-License-Identifier: GPL-3.0-or-later
"""tandem eval, against tandem compare over scenarios whose traces were replaced by hand."""

import json
import os
import subprocess
import tempfile
import unittest

TANDEM = os.environ["TANDEM_BIN"]

ONE = """<scenario name="one" seed="4" duration="15 s">
  <board id="b" type="nano"/><server id="c" type="rtx-3080"/>
  <link from="b" to="c" trace="wifi-weak" rtt="20 ms" radio="wifi"/>
  <link from="b" to="d" trace="lte-drive" rtt="30 ms"/><server id="d" type="rtx-3080"/>
  <stream board="b" dnn="vit-b16" arrivals="poisson" rate="1 /s" deadline="1 s"/>
</scenario>"""

CELLS = """<scenario name="cells" duration="6 s">
  <cell id="ap" trace="wifi-weak"/><server id="c" type="rtx-3080"/>
  <fleet count="3"><board id="b" type="nano"/>
  <link from="b" to="c" trace="lte-walk" rtt="20 ms"/>
  <stream board="b" dnn="resnet50" arrivals="poisson" rate="1 /s"/></fleet>
  <board id="lone" type="nano"/>
  <link from="lone" to="c" bandwidth="20 Mbit/s" rtt="20 ms" cell="ap"/>
  <stream board="lone" dnn="resnet50" arrivals="poisson" rate="1 /s"/>
</scenario>"""


class Eval(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="tandem-eval-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)
        return name

    def run_tandem(self, *arguments):
        return subprocess.run([TANDEM, *arguments], cwd=self.folder, capture_output=True, text=True,
                              timeout=120, check=False)

    def result(self, *arguments):
        done = self.run_tandem(*arguments, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def assert_row(self, row, scenario, policy, seed):
        """A row of eval is compare's, of the scenario with that trace."""
        compared = self.result("compare", scenario, "--policies", f"{policy},edge-only,oracle",
                               "--seed", seed, "--seeds", "2")
        mine, edge, oracle = compared["policies"]
        for key, value in mine.items():
            self.assertEqual(row[key], value, key)
        self.assertEqual(row["oracle_cost_j"], oracle["cost_j"])
        self.assertEqual(row["edge_only_cost_j"], edge["cost_j"])
        self.assertAlmostEqual(row["cost_over_edge_only"], mine["cost_j"] / edge["cost_j"])

    def assert_rows(self, text, traces, policy):
        name = self.write("scenario.xml", text)
        got = self.result("eval", name, "--policy", policy, "--seed", "7", "--seeds", "2",
                          "--trace", "lte-drive,wifi-strong")
        self.assertEqual([row["trace"] for row in got["traces"]], [None, "lte-drive",
                                                                    "wifi-strong"])
        self.assertEqual((got["seed"], got["seeds"]), (7, 2))
        self.assert_row(got["traces"][0], name, policy, "7")
        for row in got["traces"][1:]:
            other = text
            for trace in traces:
                other = other.replace(f'trace="{trace}"', f'trace="{row["trace"]}"')
            self.assertNotEqual(other, text)
            self.assert_row(row, self.write("other.xml", other), policy, "7")

    def test_links(self):
        self.assert_rows(ONE, ["wifi-weak", "lte-drive"], "neurosurgeon")

    def test_fleets_and_cells(self):
        self.assert_rows(CELLS, ["wifi-weak", "lte-walk"], "cloud-only")

    def test_usual(self):
        """Without options: the scenario's own seed, ten of them, and its own traces."""
        got = self.result("eval", self.write("scenario.xml", ONE), "--policy", "edge-only")
        self.assertEqual((got["seed"], got["seeds"], len(got["traces"])), (4, 10, 1))
        self.assertEqual(got["traces"][0]["cost_over_edge_only"], 1)

    def test_file(self):
        """A trace may be a file, named from where we are."""
        self.write("mine.csv", "time_s,up_mbit_s,down_mbit_s\n0,100,100\n1,100,100\n")
        self.write("scenario.xml", ONE)
        got = self.result("eval", "scenario.xml", "--policy", "cloud-only", "--seeds", "2",
                          "--trace", "mine.csv")
        self.assertLess(got["traces"][1]["latency_s"], got["traces"][0]["latency_s"])

    def assert_refused(self, arguments, *words):
        done = self.run_tandem("eval", *arguments)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def test_refused(self):
        name = self.write("scenario.xml", ONE)
        none = self.write("none.xml", ONE.replace('trace="wifi-weak"', 'bandwidth="1 Mbit/s"')
                          .replace('trace="lte-drive"', 'bandwidth="1 Mbit/s"'))
        self.assert_refused([none, "-p", "edge-only", "-t", "lte-walk"], "none.xml",
                            "no link or cell of this scenario has a trace")
        self.assert_refused([name, "-p", "edge-only", "-t", "lte-wlak"], "did you mean 'lte-walk'?")
        self.assert_refused([name, "-p", "edge-onyl"], "did you mean 'edge-only'?")
        self.assert_refused([name, "-p", "dvfo"], "has to be trained")
        self.assert_refused([name, "-p", "dvfo=none.h5"], "none.h5")
        self.assert_refused(["nowhere", "-p", "edge-only"], "nowhere")


if __name__ == "__main__":
    unittest.main()
