#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kills hosts, agents and guardians at random moments: every knob is back as it was, within the lease.

TANDEM_KILLS is how often (50). A host is killed, or stopped, so that its agent hears nothing more, as
when the network is cut; an agent is killed; a guardian is killed, and then the host, too.
"""

import os
import random
import select
import signal
import subprocess
import sys
import tempfile
import time

if "TANDEM_AGENT" not in os.environ:
    print("skipped: there is no tandem-agent")
    sys.exit(77)
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from check_guardian import guardians, send  # noqa: E402
from plain_board import VARIANTS, PlainBoard  # noqa: E402

AGENT, HOST = os.environ["TANDEM_AGENT"], os.environ["TANDEM_DRIVE_AGENT"]
KILLS = int(os.environ.get("TANDEM_KILLS", "50"))
LEASE = 0.8  # s
BUSY = 1.5  # s that a machine with other work may take beyond the lease
LONGEST = 20  # s until the test gives up
WAYS = ("host killed", "host stopped", "agent killed", "guardian and host killed")


def line_of(process):
    """Its next line, or what it said instead."""
    ready, _, _ = select.select([process.stdout], [], [], LONGEST)
    return process.stdout.readline() if ready else "nothing\n"


class Place:
    """A board of files, and the agent on it."""

    def __init__(self, place, number):
        board, jetpack = VARIANTS[number % len(VARIANTS)]
        self.board = PlainBoard(board, jetpack, f"{place}/board-{number}").lay()
        self.uri, self.state = f"ipc://{place}/agent-{number}", f"{place}/state-{number}"
        self.before = self.board.knobs()
        self.agent = None
        self.start()

    def start(self):
        self.agent = subprocess.Popen(
            [AGENT, "--root", self.board.folder, "--listen", self.uri, "--state", self.state,
             "--guardian", os.environ["TANDEM_GUARDIAN"], "--executor", "emulated"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert line_of(self.agent) == f"ready {self.uri}\n", "the agent did not start"

    def host(self, seed):
        host = subprocess.Popen([HOST, self.uri, str(LEASE), str(seed)], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert line_of(host) == "held\n", "the board was not taken"
        return host

    def difference(self):
        now = self.board.knobs()
        return {path: (value, now.get(path)) for path, value in self.before.items()
                if now.get(path) != value}

    def wait_back(self):
        """Seconds until every knob is as it was and nothing is left to put back."""
        began = time.monotonic()
        while os.path.exists(self.state) or self.board.knobs() != self.before:
            assert time.monotonic() < began + LONGEST, self.difference()
            time.sleep(0.005)
        return time.monotonic() - began

    def end(self):
        self.agent.send_signal(signal.SIGTERM)
        code = self.agent.wait(timeout=LONGEST)
        self.agent.stdout.close()
        assert code == 0, f"the agent ended with {code}"


def kill(place, how, seed):
    chance = random.Random(seed)
    host = place.host(seed)
    time.sleep(chance.uniform(0, 0.3))
    assert host.poll() is None, "the host has ended by itself"
    if how == "guardian and host killed":
        for guardian in guardians(place.state):
            send(guardian, signal.SIGKILL)
        time.sleep(chance.uniform(0, 0.2))
    victim = place.agent if how == "agent killed" else host
    send(victim.pid, signal.SIGSTOP if how == "host stopped" else signal.SIGKILL)
    took = place.wait_back()
    send(host.pid, signal.SIGKILL)
    host.wait()
    host.stdin.close()
    host.stdout.close()
    if how == "agent killed":
        place.agent.wait()
        place.agent.stdout.close()
        place.start()
    return took


def released(place):
    """A host that ends as it should leaves nothing behind, and says so."""
    host = place.host(0)
    assert place.board.knobs() != place.before, "nothing was set"
    host.stdin.close()
    assert line_of(host) == "0\n", "knobs are not as they were"
    host.wait(timeout=LONGEST)
    host.stdout.close()
    assert place.board.knobs() == place.before, place.difference()


def main():
    slowest = dict.fromkeys(WAYS, 0.0)
    with tempfile.TemporaryDirectory(prefix="agent-") as folder:
        places = [Place(folder, number) for number in range(2)]
        for number in range(KILLS):
            how = WAYS[number % len(WAYS)]
            took = kill(places[number // len(WAYS) % 2], how, number)
            slowest[how] = max(slowest[how], took)
            assert took < LEASE + BUSY, f"{how}: back after {took:.2f} s only"
        for place in places:
            released(place)
            place.end()
    told = ", ".join(f"{how} {took:.2f} s" for how, took in slowest.items())
    print(f"{KILLS} kills with a lease of {LEASE} s, the slowest: {told}")


if __name__ == "__main__":
    main()
