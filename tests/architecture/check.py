#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds the tree to its rules (rules.py), and builds the agent's part with Expat alone."""

import glob
import os
import shlex
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import rules  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def agent_links():
    """Links the agent's part with -z defs: what it calls and does not hold comes out."""
    sources = [f"{ROOT}/sim/{stem}.c" for stem in rules.AGENT
               if os.path.isfile(f"{ROOT}/sim/{stem}.c")]
    sources += glob.glob(f"{ROOT}/hil/board/*.c") + glob.glob(f"{ROOT}/hil/inference/*.c")
    if not sources:
        return []
    with tempfile.TemporaryDirectory() as folder:
        command = shlex.split(os.environ.get("CC", "cc")) + [
            "-std=gnu11", "-shared", "-fPIC", "-O0", "-Wl,-z,defs", f"-I{ROOT}/sim", f"-I{ROOT}",
            "-o", f"{folder}/agent.so", *sources, "-lexpat", "-lm", "-ldl", "-pthread"]
        for name in ("VERSION", "DATADIR", "SOURCE_DIR"):
            command.insert(1, f'-DTANDEM_{name}="-"')
        result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode == 0:
        return []
    return ["the agent's part does not build with Expat alone:\n" + result.stderr]


def main():
    problems = rules.Checker(ROOT).run() + agent_links()
    for problem in problems:
        print(problem)
    print(f"{len(problems)} problems in {len(rules.files_of(ROOT))} files")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
