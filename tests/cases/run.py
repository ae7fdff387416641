#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs cases: commands and what they should print. --update writes what they did print.

A case is a text file:

    # Comments stand before the first command; "# needs: TANDEM_DATA" skips the case without it.
    $ tandem board show nanoo
    ! tandem: there is no board 'nanoo' (did you mean 'nano'?)
    ? 2

    $ printf 'a\\n' |
    > tandem trace stats -
    mean  [..] Mbit/s
    [...]

`$ ` starts a command for sh and `> ` goes on with it. Then come the lines of its standard output,
those of its standard error after `! `, and `? N` where the exit code is not 0. `[..]` stands for
any part of a line, a line `[...]` for any number of lines. An output line that begins with one of
`$>!?\\` and a space has a `\\` before it here. Blank lines at the end of an output do not count.

All commands of a case run in one empty folder, with `tandem` on the PATH and TANDEM_SOURCE naming
the source folder. In outputs the folder reads as [DIR], the source folder as [SOURCE].
Exit code: 0 all as expected, 1 not, 77 skipped.
"""

import argparse
import difflib
import os
import re
import signal
import subprocess
import sys
import tempfile

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MARKS = ("$ ", "> ", "! ", "? ", "\\")
TIMEOUT_S = 120


class Step:
    """One command, with the output and exit code that are expected of it."""

    def __init__(self, command):
        self.command = [command]
        self.out, self.err, self.code = [], [], 0

    def as_text(self):
        lines = ["$ " + self.command[0]] + ["> " + line for line in self.command[1:]]
        lines += ["\\" + line if line.startswith(MARKS) else line for line in self.out]
        lines += [("! " + line).rstrip() for line in self.err]
        if self.code:
            lines.append(f"? {self.code}")
        return lines


def parse(text):
    """Splits a case into the lines before its first command, and its steps."""
    head, steps = [], []
    for line in text.splitlines():
        if line.startswith("$ "):
            steps.append(Step(line[2:]))
        elif not steps:
            if line and not line.startswith("#"):
                raise ValueError(f"before the first command only comments may stand: {line}")
            head.append(line)
        elif line.startswith("> "):
            steps[-1].command.append(line[2:])
        elif line == "!" or line.startswith("! "):
            steps[-1].err.append(line[2:])
        elif line.startswith("? "):
            steps[-1].code = int(line[2:])
        else:
            steps[-1].out.append(line[1:] if line.startswith("\\") else line)
    for step in steps:
        step.out, step.err = strip_blank(step.out), strip_blank(step.err)
    if not steps:
        raise ValueError("no command in this case")
    return head, steps


def strip_blank(lines):
    lines = list(lines)
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def line_matches(pattern, line):
    parts = (re.escape(part) for part in pattern.split("[..]"))
    return re.fullmatch(".*".join(parts), line) is not None


def align(expected, actual):
    """
    Lays the expected lines over the actual ones. Returns whether all of them fit, and the actual
    lines with the expected spelling, placeholders included, wherever that fits.
    """
    # best[i][j]: (lines kept, lines) for expected[i:] over actual[j:], from the ends.
    rows, columns = len(expected), len(actual)
    score = [[0] * (columns + 1) for _ in range(rows + 1)]
    fits = [[False] * (columns + 1) for _ in range(rows + 1)]
    fits[rows][columns] = True
    for i in range(rows, -1, -1):
        for j in range(columns, -1, -1):
            if i == rows:
                continue
            if expected[i] == "[...]":
                fits[i][j] = fits[i + 1][j] or (j < columns and fits[i][j + 1])
            elif j < columns and line_matches(expected[i], actual[j]):
                fits[i][j] = fits[i + 1][j + 1]
                score[i][j] = 1 + score[i + 1][j + 1]
            score[i][j] = max(score[i][j], score[i + 1][j], score[i][j + 1] if j < columns else 0)
    if fits[0][0]:
        return True, list(expected)
    merged, i, j = [], 0, 0
    while j < columns:
        if i < rows and expected[i] != "[...]" and line_matches(expected[i], actual[j]) \
                and score[i][j] == 1 + score[i + 1][j + 1]:
            merged.append(expected[i])
            i, j = i + 1, j + 1
        elif i < rows and score[i][j] == score[i + 1][j]:
            i += 1
        else:
            merged.append(actual[j])
            j += 1
    return False, merged


def execute(step, folder, tandem):
    """Runs a step's command; returns its output lines, its error lines and its exit code."""
    bin_dir = os.path.join(folder, ".bin")
    if not os.path.isdir(bin_dir):
        os.mkdir(bin_dir)
        os.symlink(tandem, os.path.join(bin_dir, "tandem"))
    environment = dict(os.environ, LC_ALL="C.UTF-8", TANDEM_SOURCE=SOURCE, COLUMNS="100",
                       PATH=f"{bin_dir}:{os.environ['PATH']}")
    with subprocess.Popen(["sh", "-c", "\n".join(step.command)], cwd=folder, env=environment,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, start_new_session=True) as process:
        try:
            out, err = process.communicate(timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            err += f"killed after {TIMEOUT_S} s\n".encode()
    return lines_of(out, folder), lines_of(err, folder), process.returncode


def lines_of(data, folder):
    text = data.decode("utf-8", errors="backslashreplace")
    for place, name in ((os.path.realpath(folder), "[DIR]"), (folder, "[DIR]"), (SOURCE, "[SOURCE]")):
        text = text.replace(place, name)
    return strip_blank(text.split("\n"))


def run_case(path, tandem, update):
    """Returns 0, 1 or 77."""
    with open(path, encoding="utf-8") as file:
        head, steps = parse(file.read())
    for line in head:
        needed = re.match(r"# *needs: *(\w+)", line)
        if needed and not os.environ.get(needed.group(1)):
            print(f"{path}: skipped, {needed.group(1)} is not set")
            return 77
    good = True
    with tempfile.TemporaryDirectory() as folder:
        for step in steps:
            out, err, code = execute(step, folder, tandem)
            expected = step.as_text()
            out_fits, step.out = align(step.out, out)
            err_fits, step.err = align(step.err, err)
            fits = out_fits and err_fits and code == step.code
            step.code = code
            if not fits:
                good = False
                print("\n".join(difflib.unified_diff(expected, step.as_text(), f"{path} expected",
                                                     "printed", lineterm="", n=100)))
    if good:
        return 0
    if not update:
        return 1
    blocks = ["\n".join(step.as_text()) for step in steps]
    with open(path, "w", encoding="utf-8") as file:
        file.write("".join(line + "\n" for line in head) + "\n\n".join(blocks) + "\n")
    print(f"{path}: updated; read it before you believe it")
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=os.environ.get("TANDEM_BIN"), help="the tandem to run")
    parser.add_argument("--update", action="store_true", help="write what is printed to the cases")
    parser.add_argument("case", nargs="+")
    options = parser.parse_args()
    if not options.bin:
        parser.error("say which tandem to run: --bin build/release/tandem")
    codes = []
    for path in options.case:
        try:
            codes.append(run_case(path, os.path.abspath(options.bin), options.update))
        except ValueError as error:
            print(f"{path}: {error}")
            codes.append(1)
    if 1 in codes:
        return 1
    return 77 if all(code == 77 for code in codes) else 0


if __name__ == "__main__":
    sys.exit(main())
