#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kills whoever holds or guards a board, at random moments: every knob is back as it was.

TANDEM_KILLS is how often (50). The board is plain files, so any order of writes would do here; that
the order is one that a kernel takes, the log of all writes tells, holder's and guardian's.
"""

import os
import random
import select
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from plain_board import CLUSTERS, VARIANTS, PlainBoard  # noqa: E402

GUARDIAN, HOLDER = os.environ["TANDEM_GUARDIAN"], os.environ["TANDEM_HOLD_BOARD"]
KILLS = int(os.environ.get("TANDEM_KILLS", "50"))
LEASE = 0.8  # s
LONGEST = 20  # s that a busy machine may take before the test gives up


def guardians(state):
    """Processes that guard with this very state file."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
        except OSError:
            continue
        if words[0] == b"tandem-guardian" and state.encode() in words:
            found.append(int(pid))
    return found


def send(pid, how):
    try:
        os.kill(pid, how)
    except ProcessLookupError:
        pass


class Kernel:
    """What a kernel of JetPack 4 would have refused in a log of writes."""

    def __init__(self, board):
        self.held = board.knobs()
        self.clusters = CLUSTERS[board.board]
        self.refused = []

    def online(self, cpu):
        return self.held.get(f"/sys/devices/system/cpu/cpu{cpu}/online") in ("1", None)

    def number(self, path, unknown):
        return unknown if self.held[path] is None else int(self.held[path])

    def check(self, path, value):
        folder, name = os.path.split(path)
        lower, upper = (("min_freq", "max_freq") if not name.startswith("scaling")
                        else ("scaling_min_freq", "scaling_max_freq"))
        if name == lower and int(value) > self.number(f"{folder}/{upper}", 1e99):
            return "a minimum above the maximum"
        if name == upper and int(value) < self.number(f"{folder}/{lower}", 0):
            return "a maximum below the minimum"
        if "/cpufreq/policy" in path:
            first = int(folder.rsplit("policy", 1)[1])
            cluster = next(cluster for cluster in self.clusters if cluster[0] == first)
            if not any(self.online(cpu) for cpu in cluster):
                return "a clock of CPUs that are offline"
        if path.endswith("/clk/emc/rate"):
            cap = next((self.number(name, 0) for name in self.held if "_cap/" in name), 0)
            if 0 < cap < int(value):
                return "a memory clock above its cap"
        return None

    def write(self, path, value, result=None):
        """Without a result: somebody died over it, and nobody knows whether it was written."""
        if result not in ("0", None):
            return
        problem = self.check(path, value)
        if problem:
            self.refused.append(f"{path} {value}: {problem}")
        self.held[path] = value if result else None


class Round:
    def __init__(self, place, number):
        self.random = random.Random(number)
        self.number = number
        board, jetpack = VARIANTS[number % len(VARIANTS)]
        self.board = PlainBoard(board, jetpack, f"{place}/board-{number}").lay()
        self.state, self.trace = f"{place}/state-{number}", f"{place}/trace-{number}"
        self.narrow()
        self.before = self.board.knobs()
        self.kernel = Kernel(self.board)
        self.holder = None

    def narrow(self):
        """The board is not as it boots: somebody has chosen limits before."""
        for path in self.board.knobs():
            folder, name = os.path.split(path)
            if name in ("min_freq", "scaling_min_freq"):
                domain = "cpu" if name.startswith("scaling") else "gpu"
                scale = 1000 if domain == "cpu" else 1
                table = [hz // scale for hz in self.board.clocks[domain]]
                low, high = sorted(self.random.sample(range(len(table)), 2))
                self.board.write(path, table[low])
                self.board.write(f"{folder}/{name.replace('min', 'max')}", table[high])
            elif name in ("emc_iso_cap", "emc"):
                self.board.write(path, self.board.clocks["emc"][-2])

    def start(self):
        self.holder = subprocess.Popen(
            [HOLDER, self.board.folder, self.state, str(LEASE), str(self.number), self.trace],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.holder.stdout.readline() == "held\n", "the board was not held"
        time.sleep(self.random.uniform(0, 0.3))
        assert self.holder.poll() is None, "the holder has ended by itself"

    def is_back(self):
        return not os.path.exists(self.state) and self.board.knobs() == self.before

    def recover(self):
        """What a service manager does when all of a service's processes are gone."""
        subprocess.run([GUARDIAN, "--recover", "--root", self.board.folder, "--state", self.state],
                       check=True, stderr=subprocess.DEVNULL, timeout=LONGEST)

    def wait_back(self, recover):
        began = time.monotonic()
        while not self.is_back():
            assert time.monotonic() < began + LONGEST, self.difference()
            if recover and not guardians(self.state) and self.holder.poll() is not None:
                self.recover()
            time.sleep(0.005)
        return time.monotonic() - began

    def difference(self):
        now = self.board.knobs()
        return {path: (text, now.get(path)) for path, text in self.before.items()
                if now.get(path) != text}

    # ---- what happens, and how long the board may take to be back

    def holder_dies(self):
        send(self.holder.pid, signal.SIGKILL)
        self.holder.wait()
        return self.wait_back(False), LEASE

    def guardian_dies(self):
        """The holder gets another one; then it dies, too."""
        first = guardians(self.state)
        assert len(first) == 1, first
        send(first[0], signal.SIGKILL)
        end = time.monotonic() + LONGEST
        while guardians(self.state) in ([], first):
            assert time.monotonic() < end, "no other guardian"
            time.sleep(0.005)
        time.sleep(self.random.uniform(0, 0.1))
        assert self.holder.poll() is None, "the holder gave up"
        return self.holder_dies()

    def both_die(self):
        for pid in guardians(self.state) + [self.holder.pid]:
            send(pid, signal.SIGKILL)
        self.holder.wait()
        return self.wait_back(True), LEASE

    def one_after_the_other(self):
        """Perhaps before there is another guardian."""
        for pid in guardians(self.state):
            send(pid, signal.SIGKILL)
        time.sleep(self.random.uniform(0, 0.02))
        send(self.holder.pid, signal.SIGKILL)
        self.holder.wait()
        return self.wait_back(True), LEASE

    def host_is_silent(self):
        send(self.holder.pid, signal.SIGUSR1)
        took = self.wait_back(False)
        # It may not write any more, and knows it.
        assert select.select([self.holder.stdout], [], [], LONGEST)[0]
        assert self.holder.stdout.readline() == "lost\n"
        self.holder.wait(LONGEST)
        assert self.is_back(), self.difference()
        return took, 2 * LEASE

    def holder_hangs(self):
        """Stopped, perhaps while it writes: then it is killed, else it wakes to a lost board."""
        send(self.holder.pid, signal.SIGSTOP)
        took = self.wait_back(False)
        send(self.holder.pid, signal.SIGCONT)
        self.holder.wait(LONGEST)
        assert self.is_back(), self.difference()
        return took, 2 * LEASE + 2

    def guardian_is_told(self):
        for pid in guardians(self.state):
            send(pid, signal.SIGTERM)
        took = self.wait_back(False)
        self.holder.wait(LONGEST)
        assert self.is_back(), self.difference()
        return took, LEASE

    def holder_ends(self):
        send(self.holder.pid, signal.SIGTERM)
        assert self.holder.wait(LONGEST) == 0
        assert self.is_back(), self.difference()
        return 0, LEASE

    def end(self):
        if self.holder and self.holder.poll() is None:
            self.holder.kill()
            self.holder.wait()
        with open(self.trace, encoding="ascii") as file:
            writes = [line.split("\t")[1:] for line in file.read().split("\n") if line]
        for write in writes:
            self.kernel.write(*write)
        assert not self.kernel.refused, self.kernel.refused[:5]
        return len(writes)


WAYS = ["holder_dies", "guardian_dies", "both_die", "one_after_the_other", "host_is_silent",
        "holder_hangs", "guardian_is_told", "holder_ends"]


def main():
    late, slowest, writes = [], 0.0, 0
    with tempfile.TemporaryDirectory() as place:
        for number in range(KILLS):
            way = WAYS[number % len(WAYS)]
            this = Round(place, number)
            this.start()
            took, within = getattr(this, way)()
            writes += this.end()
            slowest = max(slowest, took)
            if took > within:
                late.append((number, way, round(took, 2)))
    print(f"{KILLS} times back as it was, {writes} writes in order, slowest {slowest:.2f} s "
          f"with a lease of {LEASE} s, late: {late or 'none'}")
    # A machine that does other things, too, may keep a guardian waiting, but not every time.
    return 1 if len(late) > KILLS // 10 else 0


if __name__ == "__main__":
    sys.exit(main())
