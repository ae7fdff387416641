# SPDX-License-Identifier: GPL-3.0-or-later
"""`tandem export simgrid`: a SimGrid program gets the times and joules from it that Tandem tells.

The program (simgrid_program.c) knows nothing of Tandem. What it should get comes from runs of the
analytic engine: fixed clocks, a board that neither heats nor takes time to switch.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ET

try:
    import h5py
except ImportError:
    print("skipped: no h5py")
    sys.exit(77)

TANDEM = os.environ.get("TANDEM_BIN")
PROGRAM = os.environ.get("TANDEM_SIMGRID_PROGRAM")
SOURCE = pathlib.Path(os.environ.get("TANDEM_SOURCE", pathlib.Path(__file__).parents[3]))
HERE = pathlib.Path(__file__).resolve().parent
SHIPPED = sorted(path.stem for path in (SOURCE / "platforms/scenarios").glob("*.xml"))
BYTES = 1234567
# What a program has to say for transfers without TCP's overhead, and exact to 1e-9 s.
RULES = ["network/latency-factor:1", "network/bandwidth-factor:1", "network/weight-S:0",
         "network/TCP-gamma:0", "network/crosstraffic:0"]

FLEET = """<scenario name="many" seed="1" duration="20 s">
<cell id="outer" bandwidth="40 Mbit/s" duplex="half"/>
<cell id="inner" inside="outer" up="24 Mbit/s" down="32 Mbit/s"/>
<fleet count="3"><board id="b" type="toy.xml" thermal="no" switching="no"/>
<link from="b" to="c" cell="inner" rtt="30 ms"/>
<stream board="b" dnn="resnet18" arrivals="periodic" rate="0.2 /s"/></fleet>
<server id="c" type="rtx-3080"/>
</scenario>
"""


class Export(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tandem-export-"))
        self.addCleanup(shutil.rmtree, self.folder)
        shutil.copy(HERE / "toy.xml", self.folder / "toy.xml")

    def tandem(self, *arguments, code=0):
        done = subprocess.run([TANDEM, *arguments], cwd=self.folder, capture_output=True, text=True,
                              timeout=200, check=False)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout

    def export(self, scenario):
        """Exports a scenario and returns the platform's root."""
        text = self.tandem("export", "simgrid", scenario)
        self.assertEqual(self.tandem("export", "simgrid", scenario, "-o", "p.xml"), "")
        self.assertEqual((self.folder / "p.xml").read_text(encoding="utf-8"), text)
        return ET.fromstring(text)

    def program(self, host, peer, flop, pstates):
        done = subprocess.run(
            [PROGRAM, "p.xml", host, peer, repr(flop), str(BYTES), *map(str, pstates),
             "--log=root.thres:critical", *(f"--cfg={rule}" for rule in RULES)],
            cwd=self.folder, capture_output=True, text=True, timeout=100, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return {name: float(value) for name, value in
                (line.split() for line in done.stdout.splitlines())}

    def request(self, scenario, policy):
        """The first request of a run, and the watts of its board's first rest after it."""
        self.tandem("run", scenario, "-p", policy, "-e", "analytic:", "-o", "o.h5")
        with h5py.File(self.folder / "o.h5") as record:
            first = {name: array[0] for name, array in record["requests"].items()}
            board = next(b for b in record["boards"].values() if b.attrs["index"] == first["board"])
            power = board["power"]
            after = [i for i, start in enumerate(power["start"][:])
                     if start >= first["answer"] - 1e-9 and power["stage"][i] == 4]
            rest = sum(power[cause][after[0]] for cause in
                       ("fixed", "cpu", "gpu", "memory", "leakage")) if after else None
        return first, rest

    def clocks(self, board):
        """Of the GPU, Hz, the fastest first."""
        described = json.loads(self.tandem("board", "show", board, "--json"))
        domain = next(d for d in described["domain"] if d["name"] == "gpu")
        return sorted((opp["f_hz"] for opp in domain["opp"]), reverse=True)

    def check(self, scenario, variant, board, type_, dnn, server):
        """A program on the exported `scenario` against runs of `variant`, the same but for heat."""
        self.export(scenario)
        layers = json.loads(self.tandem("dnn", "show", dnn, "--json"))["layer"]
        flop = 2.0 * sum(layer["macs"] for layer in layers)
        clocks = self.clocks(type_)
        pstates = (0, len(clocks) // 2)
        got = self.program(board, server, flop, pstates)
        self.assertEqual(got["pstates"], len(clocks))
        for pstate in pstates:
            first, rest = self.request(variant, f"fixed:gpu={clocks[pstate]} Hz;emc=governed")
            self.assertAlmostEqual(got[f"time-{pstate}"] / first["local"] if first["local"] else
                                   got[f"time-{pstate}"] / first["head"], 1, delta=1e-8)
            self.assertAlmostEqual(got[f"energy-{pstate}"] / first["board_energy"], 1, delta=1e-8)
            if rest is not None:
                self.assertAlmostEqual(got[f"rest-{pstate}"] / rest, 1, delta=1e-8)
        return got

    def rates(self, root, link):
        """At the start of the run: of the link's trace, or of the cell that it is in."""
        if not link.get("trace"):
            cell = root.find(f"cell[@id='{link.get('cell')}']").get("bandwidth")
            return {f"{way}_mbit_s": float(cell.removesuffix(" Mbit/s")) for way in ("up", "down")}
        self.tandem("trace", "convert", link.get("trace"), "-o", "t.csv")
        titles, row = (self.folder / "t.csv").read_text(encoding="utf-8").replace(
            "# ", "#").split("\ntime_s,")[1].split("\n")[:2]
        return dict(zip(["time_s", *titles.split(",")], map(float, row.split(","))))

    def test_shipped(self):
        self.assertGreaterEqual(len(SHIPPED), 4)
        for name in SHIPPED:
            text = (SOURCE / f"platforms/scenarios/{name}.xml").read_text(encoding="utf-8")
            root = ET.fromstring(text)
            board, link, stream = root.find(".//board"), root.find(".//link"), root.find(".//stream")
            member = "-1" if root.find("fleet") is not None else ""
            with self.subTest(name):
                text = re.sub(r' jitter="yes"', "", text)
                text = text.replace("<board ", '<board thermal="no" switching="no" jitter="no" ')
                (self.folder / "v.xml").write_text(text, encoding="utf-8")
                got = self.check(name, "v.xml", board.get("id") + member, board.get("type"),
                                 stream.get("dnn"), link.get("to"))
                rates = self.rates(root, link)
                rtt = rates.get("rtt_ms", float(link.get("rtt").split()[0]))
                for way in ("up", "down"):
                    right = rtt / 2e3 + BYTES / (rates[f"{way}_mbit_s"] * 125e3)
                    self.assertAlmostEqual(got[way] / right, 1, delta=1e-7, msg=way)

    def test_fleet(self):
        (self.folder / "f.xml").write_text(FLEET, encoding="utf-8")
        got = self.check("f.xml", "f.xml", "b-2", "toy.xml", "resnet18", "c")
        self.assertEqual(got["hosts"], 4)
        # 24 Mbit/s up, 32 down, and 40 for both together, which do not meet here.
        self.assertAlmostEqual(got["up"], 15e-3 + BYTES / 3e6, delta=1e-7)
        self.assertAlmostEqual(got["down"], 15e-3 + BYTES / 4e6, delta=1e-7)

    def test_servers(self):
        root = self.export("agx-xavier-walk")
        hosts = {host.get("id"): host for host in root.iter("host")}
        self.assertEqual(set(hosts), {"agx", "agx@cpu", "cloud", "neighbour"})
        self.assertEqual(hosts["cloud"].get("core"), "2")
        server = json.loads(self.tandem("server", "show", "rtx-3080", "--json"))
        self.assertAlmostEqual(float(hosts["cloud"].get("speed").rstrip("f")) /
                               (server["flop_flop_per_s"] * server["efficiency"]), 1, delta=1e-8)
        self.assertEqual(len(list(root.iter("bypassRoute"))), 4)

    def test_strange_names(self):
        # Whatever a scenario may be called stays within the file's comments and quotes.
        for name in ('a--b', 'q&quot;&lt;&amp;x', '--&gt;', 'é 漢', '-', "it's"):
            text = FLEET.replace('name="many"', f'name="{name}"')
            (self.folder / "n.xml").write_text(text, encoding="utf-8")
            done = subprocess.run([TANDEM, "export", "simgrid", "n.xml", "-o", "p.xml"],
                                  cwd=self.folder, capture_output=True, text=True, timeout=60,
                                  check=False)
            if done.returncode == 2: # no scenario may be called so
                continue
            self.assertEqual(done.returncode, 0, done.stderr)
            ET.parse(self.folder / "p.xml")
            self.program("b-1", "c", 1e6, (0, 1))

    def test_strange_ids(self):
        for id_ in ("a.b", "a_b", "é", "A&amp;B", "x y", "-x", "a-cpu", "b-1@cpu", "a:/+", "&lt;a&gt;", "x" * 127):
            text = FLEET.replace('id="c"', f'id="{id_}"').replace('to="c"', f'to="{id_}"')
            (self.folder / "n.xml").write_text(text, encoding="utf-8")
            done = subprocess.run([TANDEM, "export", "simgrid", "n.xml", "-o", "p.xml"],
                                  cwd=self.folder, capture_output=True, text=True, timeout=60,
                                  check=False)
            if done.returncode == 2: # no server may be called so
                continue
            self.assertEqual(done.returncode, 0, done.stderr)
            name = ET.fromstring(f'<a b="{id_}"/>').get("b")
            self.assertIn(name, [host.get("id") for host in ET.parse(self.folder / "p.xml").iter("host")])
            self.program("b-1", name, 1e6, (0, 1))

    def test_names_that_meet(self):
        # A board called as the host of another one's CPU might be; long ids that end alike.
        text = """<scenario name="s" duration="5 s"><board id="a" type="toy.xml"/>
            <board id="a-cpu" type="toy.xml"/><server id="c" type="rtx-3080"/>
            <link from="a" to="c" bandwidth="1 MB/s" rtt="1 ms"/>
            <link from="a-cpu" to="c" bandwidth="1 MB/s" rtt="1 ms"/>
            <stream board="a" dnn="resnet18" arrivals="closed"/>
            <stream board="a-cpu" dnn="resnet18" arrivals="closed"/></scenario>"""
        (self.folder / "n.xml").write_text(text, encoding="utf-8")
        root = self.export("n.xml")
        names = [host.get("id") for host in root.iter("host")]
        self.assertEqual(len(names), len(set(names)))
        names = [link.get("id") for link in root.iter("link")]
        self.assertEqual(len(names), len(set(names)))
        self.program("a", "c", 1e6, (0, 1))
        for a, b in (("a-cpu", "a.cpu"), ("a-cpu", "a" * 126 + "b"), ("a-cpu", "a.c.up")):
            long = text.replace(f'"{a}"', f'"{b}"').replace('"a"', '"' + b[:-1] + 'a"')
            (self.folder / "n.xml").write_text(long, encoding="utf-8")
            self.tandem("run", "n.xml", "-p", "cloud-only", "-e", "simgrid:flows")


if __name__ == "__main__":
    if not TANDEM or not PROGRAM:
        print("skipped: TANDEM_BIN or TANDEM_SIMGRID_PROGRAM is not set")
        sys.exit(77)
    unittest.main()
