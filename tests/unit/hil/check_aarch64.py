#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent and its guardian, built alone for a board's processor, run under qemu on a virtual board's folder:
a host of this machine sets clocks through them, when host or agent is killed all is put back, and `tandem
run` runs a scenario on the board."""

import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

if "TANDEM_AGENT" not in os.environ:
    print("skipped: there is no tandem-agent")
    sys.exit(77)
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from plain_board import SOURCE  # noqa: E402
from vboards import Board, wait_for  # noqa: E402

HOST = os.environ["TANDEM_DRIVE_AGENT"]
LIBRARIES = "/usr/lib/aarch64-linux-gnu"
SCENARIO = """<scenario name="nx" duration="1 s"><board id="nx" type="xavier-nx" driver="{}"/>
<stream board="nx" dnn="resnet18" arrivals="periodic" rate="2 /s"/></scenario>"""
LEASE, LONGEST = 2, 60  # s; everything is emulated


def missing():
    for program in ("aarch64-linux-gnu-gcc", "qemu-aarch64", "protoc-c"):
        if not shutil.which(program):
            return f"there is no {program}"
    for library in ("libzmq", "libprotobuf-c", "libexpat"):
        if not os.path.exists(f"{LIBRARIES}/{library}.so"):
            return f"there is no {library} for aarch64"
    return None


def build(place):
    os.mkdir(place)
    environment = {key: value for key, value in os.environ.items() if key not in ("CC", "CFLAGS")}
    for command in (["cmake", f"{SOURCE}/hil", f"-DCMAKE_TOOLCHAIN_FILE={SOURCE}/hil/aarch64.cmake",
                     "-DCMAKE_C_FLAGS=-Werror", f"-DCMAKE_INSTALL_PREFIX={place}/prefix"],
                    ["cmake", "--build", ".", "--target", "install", "--", "-j2"]):
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=500, check=False,
                              env=environment)
        assert done.returncode == 0, done.stdout + done.stderr
    for name in ("tandem-agent", "tandem-guardian"):
        with open(f"{place}/prefix/bin/{name}", "rb") as program:
            head = program.read(20)
        assert head[:4] == b"\x7fELF" and head[18:20] == b"\xb7\x00", f"{name} is not for aarch64"
    return f"{place}/prefix/bin"


def knobs(board):
    """What can be set, as it is: by path."""
    found = {}
    for pattern in ("/sys/devices/system/cpu/cpufreq/policy*/scaling_m??_freq",
                    "/sys/devices/system/cpu/cpufreq/policy*/scaling_governor",
                    "/sys/devices/*/devfreq/*/m??_freq", "/sys/devices/*/devfreq/*/governor",
                    "/sys/kernel/debug/bpmp/debug/clk/emc/mrq_rate_locked"):
        for path in glob.glob(board.place + pattern):
            with open(path, encoding="ascii") as file:
                found[path[len(board.place):]] = file.read()
    assert len(found) > 4, found
    return found


class Agent:
    def __init__(self, programs, place, board):
        guardian = f"{place}/guardian"  # this kernel may not know what to do with such a program
        with open(guardian, "w", encoding="ascii") as file:
            file.write(f"#!/bin/sh\nexec qemu-aarch64 {programs}/tandem-guardian \"$@\"\n")
        os.chmod(guardian, 0o755)
        self.uri, self.state = f"ipc://{place}/agent", f"{place}/state"
        self.command = ["qemu-aarch64", f"{programs}/tandem-agent", "--root", board.place, "--listen",
                        self.uri, "--state", self.state, "--guardian", guardian]

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True)
        line = self.process.stdout.readline()
        assert line == f"ready {self.uri}\n", self.process.communicate()[1]

    def end(self, how):
        self.process.send_signal(how)
        code = self.process.wait(LONGEST)
        self.process.stdout.close()
        self.process.stderr.close()
        return code


def host(uri):
    process = subprocess.Popen([HOST, uri, str(LEASE), "1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               text=True)
    assert process.stdout.readline() == "held\n"
    return process


def end_host(process):
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


def drive(agent, board):
    before = knobs(board)
    agent.start()
    for victim in ("host", "agent"):
        process = host(agent.uri)
        # A plain folder is a kernel only every 20 ms.
        assert wait_for(lambda: knobs(board) != before, LONGEST), "nothing was set"
        began = time.monotonic()
        if victim == "host":
            process.kill()
        else:
            agent.end(signal.SIGKILL)
        assert wait_for(lambda: knobs(board) == before and not os.path.exists(agent.state), LONGEST), victim
        print(f"{victim} killed: put back after {time.monotonic() - began:.2f} s, with a lease of {LEASE} s")
        end_host(process)
    agent.start()
    with open(f"{agent.state}.xml", "w", encoding="ascii") as file:
        file.write(SCENARIO.format(agent.uri))
    done = subprocess.run([os.environ["TANDEM_BIN"], "run", f"{agent.state}.xml", "--policy", "edge-only",
                           "--json"], capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0 and json.loads(done.stdout)["requests"] == 2, done
    assert wait_for(lambda: knobs(board) == before, LONGEST), "the command has left clocks behind"
    process = host(agent.uri)
    process.stdin.close()
    assert process.stdout.readline() == "0\n", "knobs are not as they were"
    assert process.wait(LONGEST) == 0
    process.stdout.close()
    assert agent.end(signal.SIGTERM) == 0
    assert knobs(board) == before


def main():
    why = missing()
    if why:
        print(f"skipped: {why}; './bootstrap cross' brings it")
        return 77
    with tempfile.TemporaryDirectory(prefix="aarch64-") as place:
        programs = build(f"{place}/build")
        with Board("xavier-nx", 5, folder=True) as board:
            drive(Agent(programs, place, board), board)
    return 0


if __name__ == "__main__":
    sys.exit(main())
