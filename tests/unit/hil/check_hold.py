#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Holding a board of plain files: one at a time, guarded or not at all, lower while it is hot."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from plain_board import PlainBoard  # noqa: E402

TANDEM = os.environ["TANDEM_BIN"]
GPU = "/sys/devices/17000000.gv11b/devfreq/17000000.gv11b"
ZONE = "/sys/devices/virtual/thermal/thermal_zone0/temp"
LONGEST = 30  # s


def wait_for(condition):
    end = time.monotonic() + LONGEST
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


class Board(PlainBoard):
    def __init__(self, place, name):
        super().__init__("xavier-nx", "5", f"{place}/{name}")
        self.lay()
        self.before = self.knobs()
        self.state = self.path("/run/tandem/state")

    def knobs(self):
        """All but temperatures, which nobody puts back."""
        return {path: text for path, text in super().knobs().items() if "thermal" not in path}

    def set(self, *arguments, **environment):
        return subprocess.Popen([TANDEM, "hil", "set", "--root", self.folder, *arguments],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                env={**os.environ, **environment})

    def max(self):
        return self.read(f"{GPU}/max_freq")


def end(holder, how=signal.SIGTERM):
    holder.send_signal(how)
    out, err = holder.communicate(timeout=LONGEST)
    return holder.returncode, out, err


def one_at_a_time(board):
    first = board.set("gpu=510MHz")
    wait_for(lambda: board.max() == "510000000")
    second = board.set("gpu=top", "--for", "0.1s")
    _, err = second.communicate(timeout=LONGEST)
    assert second.returncode == 1 and "somebody else holds the board" in err, err
    assert board.max() == "510000000"
    recovery = subprocess.run([TANDEM, "hil", "restore", "--root", board.folder],
                              capture_output=True, text=True, timeout=LONGEST)
    assert recovery.returncode == 1 and "somebody holds the board" in recovery.stderr
    end(first)
    assert board.knobs() == board.before


def signals_put_it_back(board):
    for how in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        holder = board.set("gpu=lowest", "cores=1")
        wait_for(lambda: board.max() == "114750000")
        code, _, err = end(holder, how)
        assert code == 128 + how and board.knobs() == board.before, (code, err)
        assert not os.path.exists(board.state)


def nothing_without_a_guardian(board):
    for program in ("/nonexistent/guardian", "/bin/true", "/bin/false"):
        holder = board.set("gpu=lowest", TANDEM_GUARDIAN=program)
        _, err = holder.communicate(timeout=LONGEST)
        assert holder.returncode == 1 and "the board is left alone" in err, err
        assert board.knobs() == board.before and not os.path.exists(board.state)


def the_next_start_puts_back(board):
    """Everybody is killed; the next one begins with the board as it was, and ends with that, too."""
    holder = board.set("gpu=lowest")
    wait_for(lambda: board.max() == "114750000")
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
        except OSError:
            continue
        if words[0] == b"tandem-guardian" and board.state.encode() in words:
            # First stopped, so that it cannot hear of the other's end.
            os.kill(int(pid), signal.SIGSTOP)
            holder.kill()
            os.kill(int(pid), signal.SIGKILL)
    holder.communicate()
    assert board.max() == "114750000" and os.path.exists(board.state)
    again = board.set("gpu=510MHz", "--for", "0.1s")
    _, err = again.communicate(timeout=LONGEST)
    assert again.returncode == 0 and "knobs are as they were" in err, err
    assert board.knobs() == board.before


def another_boot_throws_it_away(board):
    holder = board.set("gpu=lowest")
    wait_for(lambda: board.max() == "114750000")
    with open(board.state, encoding="ascii") as file:
        state = file.read()
    end(holder)
    with open(board.state, "w", encoding="ascii") as file:
        file.write(re.sub("boot-id .*", "boot-id another", state).replace("1109250000", "510000000"))
    again = board.set("gpu=top", "--for", "0.1s")
    _, err = again.communicate(timeout=LONGEST)
    assert again.returncode == 0 and "is of another boot" in err, err
    assert board.knobs() == board.before


def heat_holds_clocks_down(board):
    """The guard begins at 85 degC, 5 K below the trip, and ends at 82."""
    holder = board.set("gpu=top", "cpu=1.4208GHz")
    wait_for(lambda: board.read(f"{GPU}/min_freq") == "1109250000")
    board.write(ZONE, 86000)
    wait_for(lambda: board.read(f"{GPU}/min_freq") == "701250000")
    cpu = "/sys/devices/system/cpu/cpufreq/policy0/scaling_max_freq"
    wait_for(lambda: board.read(cpu) == "1267200")
    board.write(ZONE, 83000)
    time.sleep(1)
    assert board.max() == "701250000", "not cool enough yet"
    board.write(ZONE, 81000)
    wait_for(lambda: board.read(f"{GPU}/min_freq") == "1109250000")
    wait_for(lambda: board.read(cpu) == "1420800")
    # Nobody wants anything of the memory, and yet it is lowered at the second trip, and let go.
    cap = "/sys/kernel/nvpmodel_emc_cap/emc_iso_cap"
    board.write(ZONE, 90000)
    wait_for(lambda: board.read(cap) == "800000000")
    board.write(ZONE, 40000)
    wait_for(lambda: board.read(cap) == "0")
    code, _, err = end(holder)
    assert "more than 85.0: clocks are held down" in err and "as wanted again" in err, err
    assert board.knobs() == board.before, code


def main():
    with tempfile.TemporaryDirectory() as place:
        for check in (one_at_a_time, signals_put_it_back, nothing_without_a_guardian,
                      the_next_start_puts_back, another_boot_throws_it_away,
                      heat_holds_clocks_down):
            check(Board(place, check.__name__))
            print(check.__name__.replace("_", " "))
    return 0


if __name__ == "__main__":
    sys.exit(main())
