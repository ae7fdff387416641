#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""hil/ builds as a project of its own, with Expat and the C library alone (the agent: ZeroMQ and protobuf-c
besides), and what it builds works: a host sets clocks through that agent, and all is put back."""

import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from plain_board import BOOT, SOURCE, PlainBoard  # noqa: E402

KNOB = "/sys/devices/57000000.gpu/railgate_enable"
LIBRARIES = {"libexpat.so.1", "libc.so.6", "libm.so.6", "libpthread.so.0"}
OF_THE_AGENT = {"libzmq.so.5", "libprotobuf-c.so.1", "libdl.so.2"}


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=500,
                          **options).stdout


def libraries(program):
    found = re.findall(r"NEEDED\s+(\S+)", run("objdump", "-p", program))
    return {name for name in found if not name.startswith("ld-linux")}


def recovers(program, place):
    """Installed somewhere, it finds its board files and puts back what a dead holder has left."""
    board = PlainBoard("nano", "4", f"{place}/board").lay()
    os.makedirs(board.path("/run/tandem"))
    with open(board.path("/run/tandem/state"), "w", encoding="ascii") as file:
        file.write(f"tandem-board-state 1\nboot-id {BOOT}\nboard nano\njetpack 4\n"
                   f"value gpu-railgate {KNOB} 0\nend 1\n")
    assert board.read(KNOB) == "1"
    run(program, "--recover", "--root", board.folder, env={"PATH": os.environ["PATH"]})
    assert board.read(KNOB) == "0"
    assert not os.path.exists(board.path("/run/tandem/state"))


def serves(program, place):
    """It finds its guardian beside itself, a host takes the board, and all is put back."""
    board = PlainBoard("nano", "4", f"{place}/served").lay()
    before, uri = board.knobs(), f"ipc://{place}/agent"
    agent = subprocess.Popen([program, "--root", board.folder, "--listen", uri, "--executor", "emulated"],
                             stdout=subprocess.PIPE, text=True, env={"PATH": os.environ["PATH"]})
    assert agent.stdout.readline() == f"ready {uri}\n"
    host = subprocess.Popen([os.environ["TANDEM_DRIVE_AGENT"], uri, "5", "1"], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, text=True)
    assert host.stdout.readline() == "held\n"
    assert board.knobs() != before
    host.stdin.close()
    assert host.stdout.readline() == "0\n", "knobs are not as they were"
    host.wait(20)
    agent.terminate()
    assert agent.wait(20) == 0
    assert board.knobs() == before


def main():
    with tempfile.TemporaryDirectory() as place:
        build, prefix = f"{place}/build", f"{place}/prefix"
        # As CMake 3.10 has it: no -S and -B.
        os.mkdir(build)
        run("cmake", f"{SOURCE}/hil", f"-DCMAKE_INSTALL_PREFIX={prefix}",
            "-DCMAKE_C_FLAGS=-Werror", "-DCMAKE_BUILD_TYPE=Debug",
            cwd=build)
        run("cmake", "--build", ".", "--target", "install", "--", "-j2", cwd=build)
        program = f"{prefix}/bin/tandem-guardian"
        surplus = libraries(program) - LIBRARIES
        assert not surplus, surplus
        recovers(program, place)
        agent = f"{prefix}/bin/tandem-agent"
        if "TANDEM_AGENT" in os.environ:
            surplus = libraries(agent) - LIBRARIES - OF_THE_AGENT
            assert not surplus, surplus
            serves(agent, place)
    print("tandem-guardian and tandem-agent: built alone, linked with nothing of the simulator's, work")
    return 0


if __name__ == "__main__":
    sys.exit(main())
