#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole loop on virtual boards: measured, calibrated, trained in simulation, run, validated.

The virtual board's physics has another form than the model's, so nothing is checked against itself.
TANDEM_VARIANT is which board (nano/4): .ci/nightly has all of them.
"""

import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest

if "TANDEM_AGENT" not in os.environ or "TANDEM_VBOARD" not in os.environ:
    print("skipped: there is no tandem-agent")
    sys.exit(77)
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from vboards import Board, fuse_is_missing  # noqa: E402

TANDEM = os.environ["TANDEM_BIN"]
AGENT = os.environ["TANDEM_AGENT"]
BOARD, JETPACK = os.environ.get("TANDEM_VARIANT", "nano/4").split("/")
RAILS = {  # that make up the whole board's power, as the facts of each board say
    "nano": "POM_5V_IN", "xavier-nx": "VDD_IN"}
# At which a request takes longer than 0.1 s where the board can: shorter ones the sensors of a board
# hardly see one by one.
GPU = {"nano": "614.4MHz", "tx2": "216.75MHz", "xavier-nx": "204MHz", "agx-xavier": "216.75MHz", "agx-orin": "306MHz"}[BOARD]
SETTINGS = 12 if BOARD == "nano" else 36  # that are measured; .ci/run has time for few
LONGEST = 900  # s: everything runs in real time, on a machine that may be busy

SCENARIO = """<scenario name="loop" seed="1" duration="%d s">
  <board id="board" type="%s" driver="%s"/>
  <server id="cloud" type="rtx-3080"/>
  <link from="board" to="cloud" trace="wifi-weak" rtt="20 ms" radio="wifi"/>
  <stream board="board" dnn="resnet50" arrivals="periodic" rate="2 /s"/>
</scenario>"""


def tandem(*arguments, code=0):
    done = subprocess.run([TANDEM, *arguments], capture_output=True, text=True, timeout=LONGEST)
    assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr if code else done.stdout


class Loop(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="loop-")
        cls.place = cls.folder.name
        cls.board = Board(BOARD, JETPACK, "--physics", "other",
                          folder=BOARD == "nano" or bool(fuse_is_missing()))
        cls.board.__enter__()
        cls.uri = f"ipc://{cls.place}/agent"
        cls.agent = subprocess.Popen(
            [AGENT, "--root", cls.board.place, "--listen", cls.uri, "--lease", "10 s",
             "--state", f"{cls.place}/state", "--guardian", os.environ["TANDEM_GUARDIAN"]],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert cls.agent.stdout.readline() == f"ready {cls.uri}\n"

    @classmethod
    def tearDownClass(cls):
        cls.agent.send_signal(signal.SIGTERM)
        code = cls.agent.wait(timeout=20)
        cls.agent.stdout.close()
        cls.board.__exit__(None)
        cls.folder.cleanup()
        assert code == 0, f"tandem-agent ended with {code}"

    def scenario(self, name, driver="model:", board=BOARD, seconds=6):
        path = f"{self.place}/{name}.xml"
        with open(path, "w", encoding="utf-8") as file:
            file.write(SCENARIO % (seconds, board, driver))
        return path

    def sweep(self, path, count):
        return tandem("hil", "sweep", "--board", self.uri, "--dnn", "resnet50", "--count", str(count),
                      "--settle", "0", "--seconds", "0.4", "--output", path)

    def test_1_calibrated_from_a_sweep_the_model_is_right(self):
        rows = f"{self.place}/rows.csv"
        self.assertIn("5 rows measured, 0 were there, 0 left out", self.sweep(rows, 5))
        # The same line goes on, also behind a row that a crash has cut off.
        with open(rows, "a", encoding="utf-8") as file:
            file.write(f"{BOARD},resnet50,infer,fp32,1,RAIL,1479")
        self.assertIn(f"{SETTINGS - 5} rows measured, 5 were there, 0 left out", self.sweep(rows, SETTINGS))
        with open(rows, encoding="utf-8") as file:
            table = list(csv.DictReader(file))
        self.assertEqual(len({(r["cpu_hz"], r["gpu_hz"], r["emc_hz"]) for r in table}), SETTINGS)
        if BOARD in RAILS:
            self.assertEqual({r["power_rails"] for r in table}, {RAILS[BOARD]})
        mine = f"{self.place}/mine.xml"
        tandem("calibrate", "--board", BOARD, "--data", rows, "--output", mine)
        before = self.validate("before", BOARD)
        after = self.validate("after", mine)
        self.assertLess(after["latency_mape"], 10)
        self.assertLess(after["latency_mape"], before["latency_mape"] / (3 if BOARD == "nano" else 1))
        print(f"{BOARD}, JetPack {JETPACK}: latency off by {before['latency_mape']:.1f} %, calibrated {after['latency_mape']:.1f} %; "
              f"energy {before['energy_mape']:.1f} %, {after['energy_mape']:.1f} %")
        self.assertLess(after["energy_mape"], before["energy_mape"])

    def validate(self, name, board):
        path = self.scenario(name, board=board)
        table, plot = f"{self.place}/{name}.csv", f"{self.place}/{name}.svg"
        report = json.loads(tandem("validate", path, "--policy", f"fixed:cpu=top;gpu={GPU}",
                                   "--board", self.uri, "--output", table, "--plot", plot, "--json"))
        self.compare_by_hand(report["policies"][0], table)
        with open(plot, encoding="utf-8") as file:
            self.assertIn("<svg", file.read())
        return report["policies"][0]

    def compare_by_hand(self, policy, table):
        """The report's mean errors are those of the requests that it lists."""
        with open(table, encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(len(rows), policy["requests"])
        for name in ("latency_s", "energy_j"):
            errors = [abs(float(r["model_" + name]) / float(r["board_" + name]) - 1) for r in rows]
            self.assertAlmostEqual(100 * sum(errors) / len(errors),
                                   policy[name.split("_", maxsplit=1)[0] + "_mape"], places=3)

    def test_2_a_policy_that_was_trained_in_simulation_runs_on_the_board(self):
        policy = f"{self.place}/policy.h5"
        tandem("train", self.scenario("train", seconds=60), "--policy", "dvfo", "--steps", "3000",
               "--output", policy)
        there = self.run_on(self.uri, f"dvfo={policy}")
        self.assertGreaterEqual(there["requests"], 8)
        self.assertGreater(there["energy_j"], 0)

    def run_on(self, driver, policy, *more):
        path = self.scenario("run", driver=driver)
        return json.loads(tandem("run", path, "--policy", policy, "--json", *more))

    def test_2_a_record_stands_in_for_the_board(self):
        record = f"{self.place}/run.h5"
        there = self.run_on(self.uri, "fixed:cpu=top", "--output", record)
        replayed = self.run_on(f"replay:{record}", "fixed:cpu=top")
        self.assertEqual(replayed["requests"], there["requests"])
        for key in ("energy_j", "latency_s"):
            self.assertAlmostEqual(replayed[key], there[key], delta=1e-6 * there[key])

    def test_3_links_and_servers_of_simgrid_around_a_board(self):
        path = self.scenario("simgrid", driver=self.uri, seconds=4)
        there = json.loads(tandem("run", path, "--policy", "cloud-only", "--engine", "simgrid:",
                                  "--json"))
        here = json.loads(tandem("run", self.scenario("model", seconds=4), "--policy", "cloud-only",
                                 "--json"))
        self.assertEqual(there["requests"], here["requests"])
        self.assertAlmostEqual(there["sent_bytes"], here["sent_bytes"])

    def test_4_what_is_wrong_is_said(self):
        other = "nano" if BOARD == "tx2" else "tx2"
        self.assertIn(f"of type '{BOARD}', not '{other}'",
                      tandem("run", self.scenario("other", driver=self.uri, board=other), "--policy",
                             "edge-only", code=2))
        nobody = f"ipc://{self.place}/nobody"
        self.assertIn("no tandem-agent answers",
                      tandem("hil", "sweep", "--board", nobody, "--dnn", "resnet50", "--output",
                             f"{self.place}/none.csv", code=1))
        self.assertIn("has no gpu clock of '1.9GHz'; the nearest is " + ("921.6 MHz" if BOARD == "nano" else ""),
                      tandem("hil", "sweep", "--board", self.uri, "--dnn", "resnet50", "--gpu",
                             "1.9GHz", "--output", f"{self.place}/none.csv", code=2))


if __name__ == "__main__":
    unittest.main()
