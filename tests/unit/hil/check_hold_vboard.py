#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds virtual boards, which have a kernel's manners: every variant, set, looked at, put back.

The board's own log tells that the kernel took every write; its faults are what findings are for.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time

if "TANDEM_VBOARD" not in os.environ:
    print("skipped: there is no tandem-vboard")
    sys.exit(77)
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from plain_board import CLUSTERS, KNOBS, VARIANTS, PlainBoard  # noqa: E402
from vboards import Board, fuse_is_missing, wait_for  # noqa: E402

TANDEM = os.environ["TANDEM_BIN"]
LONGEST = 30
SENSOR_FORGETS = 0.6  # s: what it shows is a mean over 0.42 s


class Held:
    """A board, and `tandem hil` on it."""

    def __init__(self, place, board, jetpack, *options):
        self.board = Board(board, jetpack, "--noise", "0", *options)
        self.state = f"{place}/state"
        self.plain = PlainBoard(board, jetpack, "")

    def __enter__(self):
        self.board.__enter__()
        return self

    def __exit__(self, *what):
        self.board.__exit__(*what)

    def command(self, name, *arguments):
        state = ["--state", self.state] if name == "set" else []
        return [TANDEM, "hil", name, "--root", self.board.place, *state, *arguments]

    def hil(self, name, *arguments):
        done = subprocess.run(self.command(name, *arguments), capture_output=True, text=True,
                              timeout=LONGEST)
        return done.returncode, done.stdout, done.stderr

    def start(self, *arguments):
        process = subprocess.Popen(self.command("set", *arguments), stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        process.table = process.stdout.readline()
        while process.table and not process.table.startswith("emc"):
            process.table = process.stdout.readline()
        return process

    def report(self, *wishes):
        code, out, err = self.hil("set", "--json", "--for", "0.05s", *wishes)
        assert out, (code, err)
        return code, json.loads(out), err

    def knobs(self):
        """What all knobs hold, but for the unlocked memory's clock."""
        held = {}
        for row in self.plain.rows:
            if row.get("knob") in KNOBS and row.get("knob") not in ("emc-rate", "emc-update"):
                self.collect(row.get("path"), held)
        return held

    def collect(self, pattern, held):
        for number in range(12) if "*" in pattern else [0]:
            path = pattern.replace("*", str(number))
            if os.path.exists(self.board.path(path)):
                held[path] = self.board.read(path)

    def refused(self):
        return [write for write in self.board.trace() if write[3] not in ("0", "OK")]


def opp(held, domain, index):
    return held.plain.clocks[domain][index]


def sets_and_puts_back(place, board, jetpack):
    with Held(place, board, jetpack) as held:
        before = held.knobs()
        cores = sum(len(cluster) for cluster in CLUSTERS[board])
        for low, high in ((0, -1), (-1, 0), (3, 2), (-2, -1)):
            wishes = [f"{domain}={opp(held, domain, index)}Hz" for domain, index in
                      (("cpu", low), ("gpu", high), ("emc", low))]
            code, report, err = held.report(*wishes, f"cores={cores if low else 2}")
            assert code == 0 and report["fine"], (wishes, report, err)
            assert held.knobs() == before, (held.knobs(), before)
        code, report, err = held.report("cpu=governed:performance", "gpu=governed", "emc-cap=top")
        assert code == 0, (report, err)
        assert held.knobs() == before
        assert not held.refused(), held.refused()
        code, out, err = held.hil("probe")
        assert code == 0 and "only the" not in out, (out, err)
        time.sleep(SENSOR_FORGETS)
        code, out, err = held.hil("read", "--json", "--for", "1s")
        power = json.loads(out)
        assert code == 0, (out, err)
        truth = held.board.truth()
        watts = sum(truth.get(f"rail.{rail}.power_w", 0) for rail in power["covers"].split("+"))
        off = abs(power["energy_j"] - watts * power["covered_s"])
        assert off <= 3 * power["error_j"], (power, truth)
        print(f"{board} {jetpack}: as asked and back; {power['covers']} {power['energy_j']:.3f} +- "
              f"{power['error_j']:.3f} J, and truly {watts * power['covered_s']:.3f} J")


def dies(place, board, jetpack):
    """Holder and guardian killed while all is changed."""
    with Held(place, board, jetpack) as held:
        before = held.knobs()
        wishes = ["cpu=lowest", "gpu=lowest", "emc=top", "cores=2"]
        process = held.start(*wishes)
        assert held.knobs() != before
        process.kill()
        process.wait()
        assert wait_for(lambda: held.knobs() == before, LONGEST), (held.knobs(), before)
        assert wait_for(lambda: not os.path.exists(held.state), LONGEST)
        assert not held.refused(), held.refused()


def finds(place):
    """What is in force is not what was wanted, for one reason after the other."""
    gpu = "/sys/devices/17000000.gv11b/devfreq/17000000.gv11b"

    def finding(held, domain, *wishes):
        _, report, _ = held.report(*wishes)
        return report["clocks"][domain]["finding"], report["clocks"][domain]["why"]

    with Held(place, "xavier-nx", "5", "--fault",
              f"override path={gpu}/max_freq value=408000000 after=0.001") as held:
        got = finding(held, "gpu", "gpu=510MHz")
        assert got[0] in ("overridden", "capped"), got
        print("override:", got)
    with Held(place, "xavier-nx", "5", "--fault", f"fail path={gpu}/min_freq errno=EIO") as held:
        got = finding(held, "gpu", "gpu=510MHz")
        assert got[0] == "refused" and "Input/output error" in got[1], got
        print("fail:", got)
    with Held(place, "xavier-nx", "5", "--fault", "throttle level=1") as held:
        got = finding(held, "gpu", "gpu=top")
        assert got[0] == "capped", got
        print("throttle, cool:", got)
    with Held(place, "xavier-nx", "5", "--warm", "91.5", "--ambient", "91") as held:
        _, report, err = held.report("gpu=top", "--limit", "120degC")
        assert report["clocks"]["gpu"]["finding"] == "throttled", (report, err)
        print("hot:", report["clocks"]["gpu"])
        _, report, err = held.report("gpu=top")
        assert report["clocks"]["gpu"]["finding"] == "held down", (report, err)
        print("hot, guarded:", report["clocks"]["gpu"])


def hangs(place):
    """A sensor and a knob that hang, and keep nobody."""
    power = "/sys/bus/i2c/drivers/ina3221x/6-0040"
    for path, says in ((f"{power}/*/in_power0_input", "does not answer"),
                       (power, "the rail POM_5V_IN is missing")):
        with Held(place, "nano", "4") as held:
            held.board.write("/.tandem/fault", f"hang path={path}")
            began = time.monotonic()
            code, out, err = held.hil("read")
            assert code == 1 and says in out, (code, out, err)
            assert time.monotonic() - began < 10
            held.board.write("/.tandem/fault", "clear")
    with Held(place, "nano", "4") as held:
        before = held.knobs()
        process = held.start("cpu=lowest", "gpu=lowest", "emc=top")
        held.board.write("/.tandem/fault", "hang path=/sys/devices/57000000.gpu/devfreq")
        process.send_signal(signal.SIGKILL)
        process.wait()
        cpu = [path for path in before if "/cpufreq/" in path]
        assert wait_for(lambda: all(held.board.read(path) == before[path] for path in cpu), LONGEST)
        held.board.write("/.tandem/fault", "clear")
        # What hung is written late, or at the next start.
        wait_for(lambda: not os.path.exists(held.state), 10)
        held.hil("restore", "--state", held.state)
        assert wait_for(lambda: held.knobs() == before, LONGEST), (held.knobs(), before)


def main():
    missing = fuse_is_missing()
    if missing:
        print("skipped:", missing)
        return 77
    with tempfile.TemporaryDirectory() as place:
        for board, jetpack in VARIANTS:
            sets_and_puts_back(place, board, jetpack)
            dies(place, board, jetpack)
        finds(place)
        hangs(place)
    return 0


if __name__ == "__main__":
    sys.exit(main())
