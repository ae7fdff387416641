# SPDX-License-Identifier: GPL-3.0-or-later
"""The study of DVFO: its scenario runs with every network; its tables are right, and the page's."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TANDEM = os.environ["TANDEM_BIN"]
STUDIES = Path(os.environ["TANDEM_SOURCE"]) / "platforms/scenarios/studies"
SCRIPT = (STUDIES / "dvfo.sh").read_text()
BOARDS = ["nano", "tx2", "xavier-nx"]
LINKS = ["0.5", "1", "2", "4", "8", "wifi-weak"]
CUTS = dict(re.findall(r'^    ([\w-]+)\) cuts="([^"]*)" ;;$', SCRIPT, re.MULTILINE))
POLICIES = ["edge-only", "edge-best", "governed", "cloud-only", "drldo", "dvfo", "oracle"]
BIG = ["efficientnet-b0", "vit-b16", "inception-v4"]


def policy(energy, latency, cost, accuracy=0.8, offloaded=0.0):
    return {"energy_j": energy, "latency_s": latency, "cost_over_oracle": cost,
            "cost_j": 8 * cost, "accuracy": accuracy, "offloaded": offloaded}


def tables(text):
    """By its first two cells, the rest of each row of each table, in order."""
    rows = {}
    for line in text.splitlines():
        if line.startswith("| "):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            rows.setdefault(tuple(cells[:2]), []).append(cells[2:])
    return rows


class Study(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()  # pylint: disable=consider-using-with
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def make(self, vit_on_nano):
        """All policies alike everywhere, but for dvfo on the Nano's ViT-B/16."""
        for board in BOARDS:
            for network in CUTS:
                for link in LINKS:
                    found = {p: policy(2.0, 0.5, 1.25) for p in POLICIES}
                    if (board, network) == ("nano", "vit-b16"):
                        found["dvfo"] = vit_on_nano
                    (self.folder / f"{board}.{network}.{link}.compare").write_text(
                        json.dumps({"policies": [found[p] for p in POLICIES]}))
                    if network in BIG:  # two seeds, of which the means count
                        seeds = [policy(3.0, 0.75, 2.0, 0.78, 0.4), policy(5.0, 1.25, 3.0, 0.8, 0.6)]
                        (self.folder / f"{board}.{network}.{link}.appeal").write_text(
                            "\n".join(json.dumps(seed, indent=2) for seed in seeds) + "\n")

    def print(self):
        done = subprocess.run([sys.executable, STUDIES / "dvfo.py", self.folder],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_tables_by_hand(self):
        # A 64th of the energy and 64 times the latency of one of six networks: a half, and twice.
        self.make(policy(2.0 / 64, 0.5 * 64, 1.25 * 64, accuracy=0.794, offloaded=0.6))
        text = self.print()
        rows = tables(text)
        energy, latency, cost = rows["nano", "4"][:3]
        self.assertEqual(energy, ["-50 %"] * 6)
        self.assertEqual(latency, ["+100 %"] * 6)
        # sent: 60 % of one of six; lost: 0.6 points of one of six.
        self.assertEqual(cost, ["1.25"] * 5 + ["2.50", "10 %", "0.10", "0.60"])
        self.assertEqual(rows["tx2", "4"][0], ["0 %"] * 6)
        self.assertEqual(rows["tx2", "4"][2], ["1.25"] * 6 + ["0 %", "0.00", "0.00"])
        # One of eighteen: 64^(1/18) = 2^(1/3) = 1.26; the least saving is none, the most 63 of 64.
        self.assertEqual(rows["edge-only", "-21 %"], [["0 %", "-98 %", "+26 %", "+6300 %", "0 %"]])
        # appealnet takes twice dvfo's 2 J and 0.5 s; its cost is 8 (2 + 3) / 2 J, the oracle's 8 * 1.25.
        appeal = rows["tx2", "4"][3]
        self.assertEqual(appeal, ["-50 %", "-50 %", "1.25", "1.25", "2.00", "50 %", "1.00"])
        # On the Nano one of three: a 64th and 64 times, so a quarter of, and four times those.
        self.assertEqual(rows["nano", "4"][3][:4], ["-88 %", "+100 %", "1.25", "5.00"])
        # Network by network the Nano's ViT-B/16, the second, is told apart.
        self.assertEqual(rows["nano", "4"][4], ["1.25", "2.00", "80.00", "2.00", "1.25", "2.00"])
        self.assertEqual(rows["tx2", "4"][4], ["1.25", "2.00"] * 3)
        # By network: the geometric mean over three boards is 1.25 * 64^(1/3).
        self.assertEqual(rows["vit-b16", "5.00 (20 %)"], [["5.00 (20 %)"] * 5])

    def test_a_link_that_is_no_constant_rate_is_not_among_the_headlines(self):
        self.make(policy(2.0, 0.5, 1.25))
        for file in self.folder.glob("*.wifi-weak.compare"):
            found = json.loads(file.read_text())
            found["policies"][POLICIES.index("dvfo")] = policy(1.0, 0.25, 1.25)
            file.write_text(json.dumps(found))
        rows = tables(self.print())
        self.assertEqual(rows["edge-only", "0 %"], [["0 %", "0 %", "0 %", "0 %", "0 %"]])
        self.assertEqual(rows["nano", "wifi-weak"][0], ["-50 %"] * 6)

    def test_the_page_has_these_tables(self):
        self.make(policy(2.0, 0.5, 1.25))
        page = (STUDIES / "dvfo.md").read_text()
        results = page.split("<!-- results -->\n")[1].split("<!-- end -->")[0]

        def form(text):
            """What is the same whatever the figures are."""
            return re.sub(r"[-+]?\d+(\.\d+)?( %)?", "0", text)

        self.assertEqual(form(results), form(self.print()))

    def test_the_scenario_runs_with_every_network(self):
        template = (STUDIES / "dvfo.xml").read_text()
        self.assertEqual(len(CUTS), 6)
        for network, cuts in CUTS.items():
            path = self.folder / "short.xml"
            path.write_text(re.sub('cut="[^"]*"', f'cut="input, {cuts}"',
                                   re.sub('dnn="[^"]*"', f'dnn="{network}" count="5"', template)))
            done = subprocess.run([TANDEM, "run", path, "--policy", "oracle", "--json"],
                                  capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(json.loads(done.stdout)["requests"], 5)
        self.assertIn(f'cut="input, {CUTS["vit-b16"]}"', template)

    def test_the_accuracies_that_are_needed_are_a_point_below_the_networks(self):
        needed = dict(re.findall(r'^    ([\w-]+)\) echo "([\d.]+) %" ;;$', SCRIPT, re.MULTILINE))
        self.assertEqual(sorted(needed), sorted(BIG))
        for network, percent in needed.items():
            table = (STUDIES.parents[1] / f"dnns/{network}.xml").read_text()
            own = float(re.search(r'<accuracy value="([\d.]+) %"', table).group(1))
            self.assertAlmostEqual(own - float(percent), 1)

    @unittest.skipUnless(shutil.which("shellcheck"), "needs shellcheck (./bootstrap tools)")
    def test_script_is_clean(self):
        done = subprocess.run(["shellcheck", STUDIES / "dvfo.sh"], capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.stdout, "")


if __name__ == "__main__":
    unittest.main()
