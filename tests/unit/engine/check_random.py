# SPDX-License-Identifier: GPL-3.0-or-later
"""Random scenarios with everything in them: each ends with an answer that adds up.

Fleets, cells within cells, traces that fall silent, outages, limited queues, deadlines, several
servers, radios, very fast and very slow links. Every run must end in time; the events come in
order, requests are conserved, nothing is negative, what has a known number of arrivals has it; and
where nobody shares anything, "simgrid:" and "simgrid:flows" say what "analytic:" says.

check_random.py [COUNT [SEED]]: more of them, by hand.
"""
import math
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOOL = os.environ.get("TANDEM_WATCH_RUN")
COUNT = 60
BUGS = (5525, 20282)  # that found something in SimGrid's clock
SECONDS = 120  # that a run may take, on a busy machine under sanitizers
POLICIES = ("random", "random", "random", "cloud-only", "neurosurgeon", "edge-only", "fixed")
# What SimGrid 4 says when a process in which it ran leaves in the ordinary way.
FAREWELLS = ("Process called exit when leaving - Skipping cleanups",)
SOURCE = '<source id="s" kind="assumed" what="a test"/>'


def pick(dice, *items):
    """One of the items; a callable is asked."""
    item = dice.choice(items)
    return item() if callable(item) else item


def net(dice):
    answer = pick(dice, 0, 4000, 4000, 1_000_000)
    return (
        f'<dnn name="net" title="a net" input="3x1x1" raw="{pick(dice, 1, 100_000, 600_000)} B" '
        f'compressed="20000 B">{SOURCE}'
        '<layer name="a" op="Conv" macs="10000000" weights="100000 B" in="600000 B" '
        'out="400000 B" kernels="1"/>'
        '<layer name="b" op="Conv" macs="30000000" weights="200000 B" in="400000 B" '
        'out="100000 B" kernels="2"/>'
        '<layer name="c" op="Gemm" macs="50000000" weights="4000000 B" in="100000 B" '
        f'out="{answer} B" kernels="1"/>'
        '<cut after="a" bytes="400000 B" channels="16"/>'
        '<cut after="b" bytes="100000 B" channels="32"/>'
        '<accuracy value="80 %" source="s"/></dnn>')


def server_type(dice, name):
    return (f'<server name="{name}" title="a server" flop="100 GFLOP/s" efficiency="10 %" '
            f'overhead="{pick(dice, 0, 2, 50)} ms" slots="{pick(dice, 1, 1, 2, 16)}" '
            f'discipline="{pick(dice, "fifo", "shares")}" '
            f'service="{pick(dice, "fixed", "fixed", "exponential")}" idle="50 W" busy="150 W" '
            f'source="s">{SOURCE}</server>')


def trace(dice):
    rows, at = ["time_s,up_mbit_s,down_mbit_s"], 0.0
    for _ in range(dice.randint(1, 12)):
        rows.append(f"{at:.3f},{pick(dice, 0, 0.1, 3, 8, 40)},{pick(dice, 0, 1, 12, 90)}")
        at += dice.uniform(0.01, 3)
    rows.append(f"{at:.3f},{pick(dice, 0, 5, 20)},{pick(dice, 0, 20)}")
    return "\n".join(rows) + "\n"


def rate(dice):
    """A constant rate, as an attribute's value."""
    usual = [f"{dice.uniform(0.5, 60):.3f} Mbit/s" for _ in range(6)]
    return pick(dice, *usual, "1 bit/s", "1000 Gbit/s", "0 bit/s", "10 Gbit/s")


def rates(dice, traces):
    return pick(dice, lambda: f'bandwidth="{rate(dice)}"', lambda: f'bandwidth="{rate(dice)}"',
                lambda: f'up="{rate(dice)}" down="{rate(dice)}"',
                lambda: f'trace="{dice.choice(traces)}" offset="{dice.uniform(0, 20):.3f} s"')


class World:
    """A scenario, and what is known of it."""

    def __init__(self, number, folder):
        self.dice = dice = random.Random(number)
        self.folder = folder
        self.duration = pick(dice, 0.004, 1, 5, 20, 20, 60)
        self.alone = dice.random() < 0.25  # nobody shares anything
        self.traces = [self.write(f"trace{i}.csv", trace(dice)) for i in range(2)]
        self.write("net.xml", net(dice))
        shutil.copy(HERE / "toy.xml", folder / "toy.xml")
        self.parts, self.servers, self.cells, self.boards = [], [], [], []
        for i in range(dice.randint(1, 3)):
            self.add_server(i)
        for i in range(0 if self.alone else dice.randint(0, 4)):
            self.add_cell(i)
        self.add_boards()
        self.add_outages()
        self.scenario = self.write("scenario.xml", self.text())
        self.policy = dice.choice(POLICIES)

    def write(self, name, text):
        (self.folder / name).write_text(text, encoding="utf-8")
        return name

    def add_server(self, i):
        self.write(f"box{i}.xml", server_type(self.dice, f"box{i}"))
        slots = pick(self.dice, "", "", f' slots="{self.dice.randint(1, 8)}"')
        self.parts.append(f'<server id="c{i}" type="box{i}.xml"{slots}/>')
        self.servers.append(f"c{i}")

    def add_cell(self, i):
        dice = self.dice
        outer = [c for c in self.cells if not c["boards"]]
        inside = dice.choice(outer) if outer and dice.random() < 0.5 else None
        fairness = inside["fairness"] if inside else pick(dice, "equal", "equal", "rtt")
        cell = {"id": f"cell{i}", "fairness": fairness,
                "boards": dice.randint(1, 4) if dice.random() < 0.4 else 0}
        half = dice.random() < 0.3
        says = rates(dice, self.traces)
        if half and says.startswith("up"):
            says = f'bandwidth="{rate(dice)}"'
        self.parts.append(
            f'<cell id="{cell["id"]}" {says} fairness="{fairness}"'
            + (f' inside="{inside["id"]}"' if inside else "")
            + (' duplex="half"' if half else "")
            + (f' boards="{cell["boards"]}"' if cell["boards"] else "") + "/>")
        self.cells.append(cell)

    def link(self, board, server):
        dice = self.dice
        cell = dice.choice(self.cells) if self.cells and dice.random() < 0.8 else None
        own = rates(dice, self.traces) if not cell or dice.random() < 0.5 else ""
        says = pick(dice, "", ' cold="yes"', "") + pick(dice, ' radio="wifi"', ' radio="lte"', "")
        rtt = pick(dice, 0, 0, 5, 20, 300)
        if cell and cell["fairness"] == "rtt":  # which needs one
            rtt = rtt or 1
        return (f'<link from="{board}" to="{server}" {own}'
                + (f' cell="{cell["id"]}"' if cell else "") + says + f' rtt="{rtt} ms"/>')

    def stream(self, board):
        dice = self.dice
        kind = pick(dice, "closed", "periodic", "poisson")
        limit = 5000 / self.duration / 10
        text = f'<stream board="{board}" dnn="net.xml" arrivals="{kind}"'
        known = None
        if kind == "closed":
            text += f' think="{pick(dice, 0, 0.05, 1, 30)} s"'
        else:
            per_s = min(limit, dice.choice((0.5, 3, 20, 80)))
            text += f' rate="{per_s:.6f} /s"'
            known = float(f"{per_s:.6f}") if kind == "periodic" else None
        inflight = pick(dice, 1, 1, 2, 5)
        text += f' inflight="{inflight}"' if not (self.alone and self.in_slots) else ""
        text += pick(dice, "", ' queue="0"', ' queue="3"')
        if dice.random() < 0.4:
            text += f' deadline="{pick(dice, 1, 100, 900)} ms"' + pick(dice, "", ' drop="late"')
        text += pick(dice, "", ' input="raw"') + "/>"
        return text, known

    @property
    def in_slots(self):
        """Without shares in flight, which "analytic:" does not know."""
        return True

    def add_boards(self):
        dice = self.dice
        for i in range(dice.randint(1, 3)):
            count = 1 if self.alone else pick(dice, 1, 2, 7, 12)
            fleet = not self.alone and dice.random() < 0.6
            board = f"b{i}"
            body = (f'<board id="{board}" type="toy.xml" '
                    + f'thermal="{pick(dice, "yes", "no")}" '
                    f'jitter="{pick(dice, "yes", "no")}" switching="{pick(dice, "yes", "no")}"/>')
            # Of its own each board has its server, where nobody shares.
            servers = [self.servers[i % len(self.servers)]] if self.alone else \
                dice.sample(self.servers, dice.randint(1, len(self.servers)))
            if self.alone and i >= len(self.servers):
                break
            body += "".join(self.link(board, server) for server in servers)
            streams = [self.stream(board) for _ in range(pick(dice, 1, 1, 2))]
            body += "".join(text for text, _ in streams)
            known = [per_s for _, per_s in streams]
            if fleet:
                shift = pick(dice, "", ' shift="1.7 s"')
                body = f'<fleet count="{count}"{shift}>{body}</fleet>'
            self.boards.append((fleet, count if fleet else 1, known))
            self.parts.append(body)

    def add_outages(self):
        for server in self.servers:
            if self.dice.random() < 0.6:
                continue
            at = pick(self.dice, 0, self.dice.uniform(0, self.duration))
            for _ in range(self.dice.randint(1, 3)):
                until = at + self.dice.uniform(0.001, self.duration / 2)
                back = f' until="{until!r} s"' if self.dice.random() < 0.9 else ""
                self.parts.append(f'<outage server="{server}" from="{at!r} s"{back}/>')
                at = until + pick(self.dice, 0, self.dice.uniform(0, self.duration / 4))
                if not back:
                    break

    def text(self):
        # Fleets' boards stand behind the others.
        self.boards.sort(key=lambda board: board[0])
        return (f'<scenario name="random" seed="{self.dice.randint(1, 1000)}" '
                f'duration="{self.duration} s">\n' + "\n".join(self.parts)
                + f'\n<knobs xi="0 %, {pick(self.dice, 30, 60)} %, 100 %" bits="32, 8" cpu="all" '
                'gpu="all" emc="all"/>'
                f'<objective eta="{pick(self.dice, 0, 0.5, 1)}"/></scenario>\n')

    def known_arrivals(self):
        """Of each board: how many arrive at least and at most, or None."""
        for fleet, count, streams in self.boards:
            for k in range(count):
                if None in streams:
                    yield None
                    continue
                shift = (0.6180339887498949 * k) % 1 if fleet else 0
                exact = [self.duration * per_s - shift for per_s in streams]
                yield (sum(max(0, math.floor(n - 1e-9) + 1) for n in exact),
                       sum(max(0, math.floor(n + 1e-9) + 1) for n in exact))

    def run(self, engine):
        done = subprocess.run([TOOL, engine, self.scenario, self.policy, "5"], cwd=self.folder,
                              capture_output=True, text=True, timeout=SECONDS, check=False)
        lines = [line.split() for line in done.stdout.splitlines()]
        errors = [line for line in done.stderr.splitlines() if line and line not in FAREWELLS]
        return done.returncode, "\n".join(errors), lines


def check_order(lines):
    now = 0.0
    for line in lines:
        if line[0] == "d":
            time_of = float(line[4])
        elif line[0] == "o":
            time_of = float(line[6] if line[4] == "1" else line[7])
        else:
            continue
        assert time_of >= now, f"an event at {time_of!r} after one at {now!r}: {line}"
        now = time_of
    return now


def check_outcome(line):
    arrival, start, answer, up, remote, down, sent, board, radio, server = map(float, line[5:])
    assert 0 <= arrival <= start <= answer, line
    if line[4] == "0":
        assert min(up, remote, down, sent) >= -1e-12 * (1 + answer), line
        assert min(board, radio, server) >= 0, line
        assert math.isfinite(answer) and math.isfinite(board + radio + server), line


def check_totals(world, lines):
    outcomes = [line for line in lines if line[0] == "o"]
    known = list(world.known_arrivals())
    totals = [line for line in lines if line[0] == "t"]
    assert len(totals) == len(known), f"{len(totals)} boards, expected {len(known)}"
    for line, bounds in zip(totals, known):
        arrived, served, dropped, unanswered = map(int, line[2:6])
        assert arrived == served + dropped + unanswered, line
        own = [outcome for outcome in outcomes if outcome[1] == line[1]]
        assert served == sum(outcome[4] == "0" for outcome in own), line
        assert dropped == sum(outcome[4] == "1" for outcome in own), line
        assert len({outcome[3] for outcome in own}) == len(own), "a request ended twice"
        assert all(float(value) >= 0 for value in line[6:]), line
        assert not bounds or bounds[0] <= arrived <= bounds[1], f"{line}: expected {bounds}"
        radio = sum(float(outcome[12]) for outcome in own)
        assert radio >= 0


def same(a, b, tolerance):
    if a == b:
        return True
    x, y = float(a), float(b)
    return abs(x - y) <= tolerance * max(1, abs(x), abs(y)) or (math.isnan(x) and math.isnan(y))


def ordered(lines):
    return sorted(lines, key=lambda line: (line[0], int(line[1]), [int(n) for n in line[2:4]]))


def check_same(world, lines, engine, tolerance):
    code, errors, others = world.run(engine)
    assert code == 0, f"{engine} {errors}"
    assert len(lines) == len(others), f"{engine}: {len(lines)} events, {len(others)} elsewhere"
    for line, other in zip(ordered(lines), ordered(others)):
        # A transfer that the end of the run breaks off: "analytic:" knows when it would have
        # ended, and spreads what it takes evenly until then.
        if line[0] == "t" and line[5] != "0":
            line, other = line[:7] + line[8:], other[:7] + other[8:]
        assert len(line) == len(other) and all(
            same(a, b, tolerance) for a, b in zip(line[1:], other[1:])), f"{engine}:\n{line}\n{other}"


def check(number, keep=None):
    folder = Path(tempfile.mkdtemp(prefix="tandem-random-"))
    try:
        world = World(number, folder)
        code, errors, lines = world.run("simgrid:")
        assert code == 0 and not errors, f"exit code {code}: {errors}"
        check_order(lines)
        for line in lines:
            if line[0] == "o":
                check_outcome(line)
        check_totals(world, lines)
        if world.alone:
            refused = world.run("analytic:")
            if "knows slots only" not in refused[1]:
                check_same(world, lines, "analytic:", 1e-9)
            check_same(world, lines, "simgrid:flows", 1e-6)
        shutil.rmtree(folder)
        return None, len(lines)
    except (AssertionError, subprocess.TimeoutExpired) as error:
        return f"scenario {number} in {folder}, policy {world.policy}: {error}", 0


def main():
    if not TOOL:
        print("skipped: TANDEM_WATCH_RUN does not say where watch_run is")
        return 77
    count = int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    begun = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        numbers = [*range(first, first + count), *(() if len(sys.argv) > 1 else BUGS)]
        results = list(pool.map(check, numbers))
    failures = [failure for failure, _ in results if failure]
    for failure in failures:
        print(failure)
    events = sum(events for _, events in results)
    print(f"{len(results)} scenarios, {events} lines, {len(failures)} failed, "
          f"{time.monotonic() - begun:.1f} s")
    assert events > 100 * count or failures, "hardly anything happened in them"
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
