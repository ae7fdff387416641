# SPDX-License-Identifier: GPL-3.0-or-later
"""tandem report: what the page shows is what h5py and numpy make of the same records."""

import html.parser
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ET
from pathlib import Path

try:
    import h5py
    import numpy as np
except ImportError:
    print("skipped: no h5py")
    sys.exit(77)

BIN = os.environ.get("TANDEM_BIN")
SVG = "{http://www.w3.org/2000/svg}"
T975 = {2: 12.7062047, 3: 4.3026527, 4: 3.1824463}  # Student's t by the number of values
CAUSES = ("fixed", "leakage", "memory", "cpu", "gpu")
SCENARIO = """<scenario name="{name}" title="A &amp; B" seed="1" duration="{duration} s">
  <board id="nano" type="nano"/>
  <server id="cloud" type="rtx-3080"/>
  <link from="nano" to="cloud" {link} rtt="{rtt} ms" radio="wifi"/>
  <stream board="nano" dnn="vit-b16" arrivals="poisson" rate="1 /s" deadline="1 s" input="raw"/>
  <objective eta="0.5"/>
</scenario>
"""
TRACE = 'trace="wifi-weak"'


def tandem(*arguments, **keywords):
    return subprocess.run([BIN, *map(str, arguments)], capture_output=True, text=True, timeout=300,
                          check=False, **keywords)


def record(folder, name, scenario, policy, seed):
    """Runs a scenario's text and returns the record's path."""
    path = folder / f"{name}.h5"
    (folder / "s.xml").write_text(scenario, encoding="utf-8")
    done = tandem("run", "s.xml", "--policy", policy, "--seed", seed, "-o", path.name, cwd=folder)
    assert done.returncode == 0, done.stderr
    return path


def put_sweep(path, task, **varied):
    """What tandem sweep writes into a record."""
    with h5py.File(path, "r+") as file:
        sweep = file.create_group("sweep")
        sweep.attrs["grid"] = "grid"
        sweep.attrs["title"] = "Which <link> is enough?"
        sweep.attrs["task"] = task
        for name, (value, number, units) in varied.items():
            group = sweep.create_group(name)
            group.attrs["value"] = value
            group.attrs["number"] = number
            group.attrs["units"] = units
            group.attrs["set"] = f"link/{name}"


class Page(html.parser.HTMLParser):
    """Sections by id: their SVG as text, and their first table as rows of a dictionary."""

    def __init__(self, path):
        super().__init__(convert_charrefs=True)
        self.text = Path(path).read_text(encoding="utf-8")
        self.tables, self.ids, self.missing, self.tags = {}, [], [], set()
        self.section, self.cell, self.rows, self.paragraph = None, None, None, None
        self.open = []
        self.feed(self.text)
        self.close()
        assert not self.open, self.open
        self.svg = dict(re.findall(r'<section id="([^"]*)">(?:(?!</section>).)*?(<svg.*?</svg>)',
                                   self.text, re.S))

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.tags.add(tag)
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if tag not in ("meta", "br", "path", "circle", "use", "polygon", "stop", "rect"):
            self.open.append(tag)
        if tag == "section":
            self.section = attributes["id"]
        elif tag == "table":
            self.rows = []
        elif tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.cell = ""
        elif tag == "p" and "missing" in attributes.get("class", ""):
            self.paragraph = ""

    def handle_endtag(self, tag):
        if self.open and self.open[-1] == tag:
            self.open.pop()
        if tag in ("td", "th"):
            self.rows[-1].append(self.cell)
            self.cell = None
        elif tag == "table":
            head, *rows = self.rows
            self.tables.setdefault(self.section, (head, rows))
        elif tag == "p" and self.paragraph is not None:
            self.missing.append(self.paragraph)
            self.paragraph = None

    def handle_data(self, data):
        if self.cell is not None:
            self.cell += data
        if self.paragraph is not None:
            self.paragraph += data

    def rows_of(self, section):
        head, rows = self.tables[section]
        return [dict(zip(head, row)) for row in rows]

    def column(self, section, index):
        return np.array([float(row[index]) for row in self.tables[section][1]])

    def words(self, section):
        return ["".join(t.itertext()) for t in ET.fromstring(self.svg[section]).iter(SVG + "text")]


def number(text):
    return float(text) if text else float("nan")


class Figures:
    """The same figures from the record itself."""

    def __init__(self, path):
        with h5py.File(path, "r") as file:
            rows = {name: column[:] for name, column in file["requests"].items()}
            self.policy, self.seed = file.attrs["policy"], int(file.attrs["seed"])
            self.varied = {name: group.attrs["value"] for name, group in file["sweep"].items()} \
                if "sweep" in file else {}
            unanswered = sum(b.attrs["unanswered"] for b in file["boards"].values())
        good = ~rows["dropped"]
        self.latency, self.energy = rows["latency"][good], rows["energy"][good]
        self.cost, self.sent = rows["cost"][good], rows["sent"][good] > 0
        self.bandwidth = rows["bandwidth"][good]
        self.arrived = len(rows["dropped"]) + unanswered


def estimate(values):
    """Mean, and half of the 95 % interval."""
    values = np.array(values)
    half = T975[len(values)] * values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 \
        else float("nan")
    return values.mean(), half


class Folder(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="tandem-report-"))

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def report(self, *arguments, code=0, **keywords):
        done = tandem("report", *arguments, cwd=self.folder, **keywords)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def check_page(self, page):
        """Self-contained, well-formed, and each picture says what its axes are."""
        self.assertNotIn("script", page.tags)
        self.assertFalse(page.tags & {"link", "img", "iframe", "object"}, page.tags)
        links = re.findall(r"(?:href|src|url)\s*[=(]\s*['\"]?([^'\")\s>]*)", page.text)
        self.assertEqual([link for link in links if not link.startswith("#")], [])
        self.assertEqual(len(page.ids), len(set(page.ids)))
        for name, svg in page.svg.items():
            with self.subTest(svg=name):
                ET.fromstring(svg)
                words = page.words(name)
                units = [w for w in words if re.search(r"\((s|ms|min|J|kJ|W|%|GHz|[kM]bit/s)\)$", w)]
                self.assertGreaterEqual(len(units), 1 if name.startswith("cost") else 2, words)

    def compare(self, text, value, relative=2e-5):
        np.testing.assert_allclose(number(text), value, rtol=relative)


class Policies(Folder):
    """Three policies, three seeds."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        text = SCENARIO.format(name="plain", duration=200, link=TRACE, rtt=20)
        cls.policies = ["edge-best", "neurosurgeon", "random"]
        cls.files = [record(cls.folder, f"{policy}-{seed}", text, policy, seed)
                     for policy in cls.policies for seed in (1, 2, 3)]
        cls.figures = [Figures(path) for path in cls.files]
        done = tandem("report", *[f.name for f in cls.files], "-o", "page.html", "--svg", "svg",
                      cwd=cls.folder)
        assert done.returncode == 0 and not done.stderr, done.stderr
        cls.page = Page(cls.folder / "page.html")

    def of(self, policy):
        return [f for f in self.figures if f.policy == policy]

    def test_page(self):
        self.check_page(self.page)
        self.assertEqual(set(self.page.svg),
                         {"pareto", "cost", "latency", "offload", "power", "energy", "clocks"})
        self.assertEqual(len(self.page.missing), 1)
        self.assertRegex(self.page.missing[0], "no attribute differs")
        self.assertIn("A &amp; B</p>", self.page.text)
        for name in self.page.svg:
            ET.parse(self.folder / "svg" / f"{name}.svg")

    def test_one_curve_a_policy(self):
        for name in ("pareto", "latency", "offload", "cost"):
            words = self.page.words(name)
            for policy in self.policies:
                self.assertEqual(words.count(policy), 1, (name, words))

    def test_pareto(self):
        rows = self.page.rows_of("pareto")
        means = []
        for row in rows:
            figures = self.of(row["policy"])
            latency = estimate([f.latency.mean() for f in figures])
            energy = estimate([f.energy.mean() for f in figures])
            means.append((latency[0], energy[0]))
            values = self.page.tables["pareto"][1][rows.index(row)]
            self.assertEqual(row["seeds"], "3")
            for text, value in zip(values[3:7], (*latency, *energy)):
                self.compare(text, value)
        for row, (x, y) in zip(rows, means):
            beaten = any(a <= x and b <= y and (a, b) != (x, y) for a, b in means)
            self.assertEqual(row["on the front"], "" if beaten else "yes")
        self.assertEqual(len(rows), 3)

    def test_cost(self):
        rows = self.page.tables["cost"][1]
        self.assertEqual([r[3] for r in rows], sorted([r[3] for r in rows], key=float))
        for row in rows:
            mean, half = estimate([f.cost.mean() for f in self.of(row[0])])
            self.compare(row[3], mean)
            self.compare(row[4], half)
            answered = sum(len(f.cost) for f in self.of(row[0]))
            self.assertEqual(int(row[5]), answered)
            self.assertEqual(int(row[6]), sum(f.arrived for f in self.of(row[0])) - answered)

    def test_points_are_drawn_where_the_numbers_are(self):
        """The bars' ends in the picture are a straight function of the interval's ends."""
        rows = self.page.tables["cost"][1]
        root = ET.fromstring(self.page.svg["cost"])
        ends = []
        for path in root.iter(SVG + "path"):  # bars: one line of two points at one height
            points = re.findall(r"[ML]?([\d.]+),([\d.]+)", path.get("d", ""))
            for (x1, y1), (x2, y2) in zip(points, points[1:]):
                if y1 == y2 and x1 != x2 and path.get("stroke", "") != "rgb(221, 221, 221)":
                    ends.append((float(y1), *sorted((float(x1), float(x2)))))
        marks = [re.match(r"translate\(([\d.]+),([\d.]+)\)", use.get("transform", ""))
                 for use in root.iter(SVG + "use")]
        marks = sorted({(float(m[2]), float(m[1])) for m in marks if m})  # gnuplot 6 draws halos, too
        self.assertEqual(len(marks), 3)
        costs = [float(row[3]) for row in rows]
        scale = np.log if max(costs) / min(costs) > 20 else (lambda x: x)
        x = np.array([m[1] for m in marks])
        slope, offset = np.polyfit(scale(np.array(costs)), x, 1)
        np.testing.assert_allclose(offset + slope * scale(np.array(costs)), x, atol=0.3)
        for (y, _), row in zip(marks, rows):
            low, high = (offset + slope * scale(float(row[3]) + s * float(row[4])) for s in (-1, 1))
            self.assertTrue(any(abs(e[0] - y) < 0.3 and abs(e[1] - low) < 0.3 and
                                abs(e[2] - high) < 0.3 for e in ends), (row, y, low, high))

    def test_latency(self):
        head, rows = self.page.tables["latency"]
        shares = [0.5 if "median" in h else float(h.split(" %")[0]) / 100 for h in head[3:]]
        for row in rows:
            figures = self.of(row[0])
            latency = np.sort(np.concatenate([f.latency for f in figures]))
            arrived = sum(f.arrived for f in figures)
            self.assertEqual(int(row[1]), arrived)
            self.compare(row[2], 100 * len(latency) / arrived)
            for share, text in zip(shares, row[3:]):
                wanted = share * arrived
                if wanted > len(latency):
                    self.assertEqual(text, "never")
                    continue
                # As many have their answer within it as are wanted; bins are 0.23 % wide.
                within = np.searchsorted(latency, float(text) * np.array([0.996, 1.004]))
                self.assertTrue(within[0] <= wanted + 1 and within[1] >= wanted - 1,
                                (row[0], share, text, within, wanted))
        self.assertIn("never", [text for row in rows for text in row])  # under random

    def test_offload(self):
        seen = {}
        for row in self.page.rows_of("offload"):
            figures = self.of(row["policy"])
            bandwidth = np.concatenate([f.bandwidth for f in figures]) * 8e-6
            sent = np.concatenate([f.sent for f in figures])
            if "outage" in row["bandwidth (Mbit/s)"]:
                band = bandwidth == 0
            else:
                low, high = map(float, row["bandwidth (Mbit/s)"].split(" to "))
                index = np.floor(10 * np.log10(bandwidth * 1e6 / 8 / 100, where=bandwidth > 0,
                                               out=np.full(len(bandwidth), -1.0)))
                band = index == round(10 * np.log10(low * 1e6 / 8 / 100))
                self.assertAlmostEqual(high / low, 10 ** 0.1, 2)
            self.assertEqual(int(row["requests"]), band.sum())
            self.compare(row["offloaded (%)"], 100 * sent[band].mean())
            seen[row["policy"]] = seen.get(row["policy"], 0) + int(row["requests"])
        for policy, count in seen.items():
            self.assertGreater(count, 0.8 * sum(len(f.sent) for f in self.of(policy)))
        self.assertEqual(set(seen), set(self.policies))

    def test_over_time(self):
        """The first record: the energy is all there, and nothing leaves the band."""
        with h5py.File(self.files[0], "r") as file:
            board = file["boards/nano"]
            totals = dict(board.attrs)
            power = {name: column[:] for name, column in board["power"].items()}
        last = [float(x) for x in self.page.tables["energy"][1][-1]]
        for cause, value in zip(CAUSES, last[1:6]):
            np.testing.assert_allclose(value, totals[f"energy_{cause}"], rtol=1e-5)
        np.testing.assert_allclose(last[6], totals["radio_energy"], rtol=1e-5)
        np.testing.assert_allclose(last[0], totals["end"], rtol=1e-5)
        start, watts = self.page.column("power", 0), self.page.column("power", 1)
        step = totals["end"] / len(start)
        np.testing.assert_allclose(watts.sum() * step, totals["energy"], rtol=1e-4)
        np.testing.assert_allclose(self.page.column("power", 4).sum() * step,
                                   totals["radio_energy"], rtol=1e-4, atol=1e-9)
        board_watts = sum(power[cause] for cause in CAUSES)
        for i in range(0, len(start), 7):
            at = i * step
            during = (power["start"] < at + step * (1 - 1e-9)) & (power["end"] > at * (1 + 1e-9))
            np.testing.assert_allclose(self.page.column("power", 2)[i], board_watts[during].min(),
                                       rtol=1e-5)
            np.testing.assert_allclose(self.page.column("power", 3)[i], board_watts[during].max(),
                                       rtol=1e-5)
            for clock, column in (("cpu", 1), ("gpu", 4), ("emc", 7)):
                hz = power[f"{clock}_clock"]
                overlap = np.clip(np.minimum(power["end"], at + step) -
                                  np.maximum(power["start"], at), 0, None)
                values = self.page.tables["clocks"][1][i][column:column + 3]
                np.testing.assert_allclose([float(v) for v in values],
                                           [(hz * overlap).sum() / overlap.sum(), hz[during].min(),
                                            hz[during].max()], rtol=1e-5)

    def test_sources(self):
        """The counts are those of the descriptions' own files."""
        platforms = Path(os.environ["TANDEM_SOURCE"]) / "platforms"
        rows = self.page.tables["sources"][1]
        self.assertEqual([(r[0], r[1]) for r in rows],
                         [("board", "nano"), ("dnn", "vit-b16"), ("server", "rtx-3080"),
                          ("radio", "wifi")])
        for row in rows:
            kinds = [s.get("kind") for s in
                     ET.parse(platforms / f"{row[0]}s" / f"{row[1]}.xml").iter("source")]
            for kind, count in zip(("measured", "fitted", "published", "assumed"), row[2:6]):
                self.assertEqual(int(count or 0), kinds.count(kind), (row, kind))
        self.assertNotIn(str(platforms), self.page.text)

    def test_same_bytes(self):
        """At another time, in another terminal, from another folder."""
        elsewhere = self.folder / "elsewhere"
        elsewhere.mkdir()
        for path in self.files:
            shutil.copy(path, elsewhere)
        done = tandem("report", *[f.name for f in self.files], "-o", "page.html", cwd=elsewhere,
                      env={**os.environ, "COLUMNS": "71", "LC_ALL": "C", "TZ": "Asia/Tokyo"})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((elsewhere / "page.html").read_bytes(),
                         (self.folder / "page.html").read_bytes())

    def test_only(self):
        self.report(self.files[0], self.files[3], "--only", "latency,pareto", "--svg", "few")
        self.assertEqual({p.name for p in (self.folder / "few").iterdir()},
                         {"latency.svg", "pareto.svg"})

    def test_the_same_twice(self):
        again = self.folder / "again.h5"
        shutil.copy(self.files[0], again)
        done = self.report(*[f.name for f in self.files], again.name, "-o", "twice.html")
        self.assertIn("again.h5: the same scenario, policy and seed as edge-best-1.h5",
                      done.stderr)
        self.assertEqual(Page(self.folder / "twice.html").tables["cost"], self.page.tables["cost"])

    def test_one_record(self):
        self.report(self.files[4].name, "-o", "one.html")
        page = Page(self.folder / "one.html")
        self.check_page(page)
        self.assertEqual(set(page.svg), {"latency", "offload", "power", "energy", "clocks"})
        self.assertEqual(len(page.missing), 3)

    def test_chosen_run(self):
        name = self.files[5].name
        self.report(*[f.name for f in self.files], "--time", name, "-o", "time.html", "--only",
                    "energy")
        with h5py.File(self.files[5], "r") as file:
            total = file["boards/nano"].attrs["energy_gpu"]
        page = Page(self.folder / "time.html")
        self.compare(page.tables["energy"][1][-1][5], total)
        self.assertIn(f"seed 3 ({name})", page.text)

    def test_an_older_record(self):
        """Without the bandwidths: all but one plot, and a replay."""
        old = self.folder / "old.h5"
        shutil.copy(self.files[3], old)
        with h5py.File(old, "r+") as file:
            del file["requests/bandwidth"]
        self.report(old.name, "-o", "old.html")
        page = Page(self.folder / "old.html")
        self.assertNotIn("offload", page.svg)
        self.assertIn("latency", page.svg)
        self.assertTrue(any("bandwidth at each decision" in why for why in page.missing))
        text = SCENARIO.format(name="plain", duration=200, link=TRACE, rtt=20)
        (self.folder / "replay.xml").write_text(
            text.replace('type="nano"', 'type="nano" driver="replay:old.h5"'), encoding="utf-8")
        done = tandem("run", "replay.xml", "--policy", "neurosurgeon", "--seed", "1", "-o",
                      "replayed.h5", cwd=self.folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        np.testing.assert_allclose(Figures(self.folder / "replayed.h5").cost, self.figures[3].cost,
                                   rtol=1e-9)


class Sweep(Folder):
    """Two attributes, two policies, two seeds; as records and as a merged file."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.files = []
        runs = cls.folder / "runs"
        runs.mkdir()
        for bandwidth in (16, 1, 64, 4):
            for rtt in (10, 80):
                text = SCENARIO.format(name="swept", duration=60, rtt=rtt,
                                       link=f'bandwidth="{bandwidth} Mbit/s"')
                for policy in ("edge-best", "neurosurgeon"):
                    for seed in (1, 2):
                        task = len(cls.files)
                        path = record(runs, f"task-{task:03d}", text, policy, seed)
                        put_sweep(path, task, bandwidth=(f"{bandwidth} Mbit/s", bandwidth / 8e-6,
                                                         "byte/s"),
                                  rtt=(f"{rtt} ms", rtt / 1e3, "s"),
                                  policy=(policy, float("nan"), ""))
                        cls.files.append(path)
        with h5py.File(cls.folder / "all.h5", "w") as file:
            file.attrs["format"] = "tandem merge"
            file.attrs["schema_version"] = 1
            for path in cls.files:
                file[f"links/{path.stem}"] = h5py.ExternalLink(f"runs/{path.name}", "/")
        done = tandem("report", cls.folder / "all.h5", "-o", "merged.html", cwd=cls.folder)
        assert done.returncode == 0 and not done.stderr, done.stderr
        cls.page = Page(cls.folder / "merged.html")
        cls.figures = [Figures(path) for path in cls.files]

    def test_page(self):
        self.check_page(self.page)
        self.assertIn("cost-by-bandwidth", self.page.svg)
        self.assertEqual(len([name for name in self.page.svg if name.startswith("cost-by")]), 2)
        self.assertIn("Which &lt;link&gt; is enough?", self.page.text)
        self.assertIn("2 policies, 8 variants, 2 seeds each: 32 runs.", self.page.text)
        self.assertEqual(len(self.page.tables["pareto"][1]), 16)

    def test_merged_as_separate(self):
        self.report(*[f"runs/{path.name}" for path in self.files], "-o", "separate.html")
        separate = Page(self.folder / "separate.html")
        for name in self.page.svg:
            self.assertEqual(separate.tables[name], self.page.tables[name])
            self.assertEqual(separate.svg[name], self.page.svg[name])

    def test_from_another_folder(self):
        """Links are relative to the merged file, not to where the command runs."""
        with tempfile.TemporaryDirectory() as folder:
            done = tandem("report", self.folder / "all.h5", "-o", "x.html", cwd=folder)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(Page(Path(folder) / "x.html").svg["pareto"], self.page.svg["pareto"])

    def cost(self, seed, policy, **varied):
        return np.mean([f.cost.mean() for f in self.figures if f.policy == policy
                        and f.seed == seed
                        and all(f.varied[name] == value for name, value in varied.items())])

    def check_costs(self, section, attribute, lines, length):
        """`lines` is how many rows make one curve; what a row varies are its named columns."""
        rows = self.page.rows_of(section)
        self.assertEqual(len(rows), length)
        for first in range(0, length, lines):
            numbers = [float(row["value"].split()[0]) for row in rows[first:first + lines]]
            self.assertEqual(numbers, sorted(set(numbers)))
        for row, values in zip(rows, self.page.tables[section][1]):
            varied = {attribute: row["value"]}
            varied.update({name: row[name] for name in ("rtt", "bandwidth") if name in row})
            mean, interval = estimate([self.cost(seed, row["policy"], **varied)
                                       for seed in (1, 2)])
            self.compare(values[-2], mean)
            self.compare(values[-1], interval)

    def test_costs(self):
        """Two round trips: a curve each. Four bandwidths are too many: a mean over them."""
        self.check_costs("cost-by-bandwidth", "bandwidth", 4, 2 * 2 * 4)
        self.assertIn("rtt", self.page.rows_of("cost-by-bandwidth")[0])
        self.assertEqual(self.page.svg["cost-by-bandwidth"].count(", rtt "), 4)
        self.check_costs("cost-by-rtt-2", "rtt", 2, 2 * 2)
        self.assertNotIn("bandwidth", self.page.rows_of("cost-by-rtt-2")[0])

    def test_axis(self):
        """Bandwidths that grow by factors are on a logarithmic axis: at equal distances."""
        words = {"".join(t.itertext()): t for t in
                 ET.fromstring(self.page.svg["cost-by-bandwidth"]).iter(SVG + "text")}
        self.assertIn("bandwidth (Mbit/s)", words)
        root = ET.fromstring(self.page.svg["cost-by-bandwidth"])
        place = {}
        for group in root.iter(SVG + "g"):
            text = group.find(SVG + "text")
            move = re.match(r"translate\(([\d.]+),([\d.]+)\)", group.get("transform", ""))
            if text is not None and move:
                place.setdefault("".join(text.itertext()), float(move[1]))
        steps = np.diff([place[t] for t in ("1", "4", "16", "64")])
        np.testing.assert_allclose(steps, steps[0], atol=0.2)

    def test_lost_record(self):
        lost = self.folder / "lost"
        lost.mkdir()
        shutil.copy(self.folder / "all.h5", lost)
        done = tandem("report", "all.h5", "-o", "lost.html", cwd=lost)
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stderr, "tandem report: all.h5: its link '/links/task-000' leads to "
                                      "no readable file\n")
        self.assertFalse((lost / "lost.html").exists())


class Names(Folder):
    """Names that mean something to HTML, to gnuplot or to a terminal."""

    NAMES = ["a&b<c>", "x_{1}^2@/y", "it's \"q\" \\n `date`", "naïve-π", "&#60;b&#62;", "$p0 %d %%",
             "]]> --> </svg>", "w" * 200]

    def test_names(self):
        text = SCENARIO.format(name="plain", duration=30, link=TRACE, rtt=20)
        names = []
        for i, name in enumerate(self.NAMES):
            path = record(self.folder, f"n{i}", text, "edge-best", 1)
            put_sweep(path, i, **{"sp&%2Fd_<x>^2": (f"{name}%", float("nan"), "")})
            with h5py.File(path, "r+") as file:
                file.attrs["policy"] = name
                file.attrs["scenario_name"] = "s<&>'\""
                file.attrs["command_line"] = "tandem \x1b[31m <x>"
                file.attrs["tandem_version"] = "0.0.<1>"
            names.append(path.name)
        self.report(*names, "-o", "names.html", "--svg", "names")
        page = Page(self.folder / "names.html")
        self.check_page(page)
        self.assertNotIn("\x1b", page.text)
        self.assertIn("n0.h5 was made by tandem 0.0.&lt;1&gt;", page.text)
        for section in ("pareto", "latency"):
            words = page.words(section)
            for name in self.NAMES[:-1]:
                self.assertIn(name.replace("]]>", "]] >"), words)  # as XML must have it
            self.assertIn("w" * 26 + "…", words)
        self.assertEqual({row["policy"] for row in page.rows_of("pareto")}, set(self.NAMES))
        sweep = [name for name in page.svg if name.startswith("cost-by-")]
        self.assertEqual(len(sweep), 1)
        self.assertIn("sp&/d_<x>^2", page.words(sweep[0]))
        self.assertIn("a&b<c>%", page.words(sweep[0]))
        self.assertIn("<title>s&lt;&amp;&gt;'&quot;: Tandem report</title>", page.text)

    def test_not_utf8(self):
        text = SCENARIO.format(name="plain", duration=30, link=TRACE, rtt=20)
        path = record(self.folder, "latin", text, "edge-best", 1)
        with h5py.File(path, "r+") as file:
            file.attrs["policy"] = np.bytes_(b"caf\xe9 \xed\xa0\x80 \xc0\xaf")
        self.report(path.name, "-o", "latin.html")
        self.assertIn("caf\ufffd ", Page(self.folder / "latin.html").text)


class Errors(Folder):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        text = SCENARIO.format(name="plain", duration=5, link=TRACE, rtt=20)
        cls.good = record(cls.folder, "good", text, "neurosurgeon", 1)

    def fails(self, *arguments, says, code=2, **keywords):
        done = self.report(*arguments, code=code, **keywords)
        self.assertRegex(done.stderr, f"^tandem report: {says}[^\n]*\n$")
        self.assertEqual(done.stdout, "")
        self.assertEqual(list(self.folder.glob("*.partial")), [])

    def changed(self, name, change):
        path = self.folder / name
        shutil.copy(self.good, path)
        with h5py.File(path, "r+") as file:
            change(file)
        return name

    def test_not_a_record(self):
        (self.folder / "text.h5").write_text("no record", encoding="utf-8")
        self.fails("text.h5", "-o", "x.html", says="text.h5: not an HDF5 file")
        with h5py.File(self.folder / "other.h5", "w") as file:
            file["x"] = 1
        self.fails("other.h5", "-o", "x.html",
                   says="other.h5: an HDF5 file, but no record of a run")
        self.assertFalse((self.folder / "x.html").exists())

    def test_other_versions(self):
        name = self.changed("v3.h5", lambda f: f.attrs.modify("schema_version", 3))
        self.fails(name, "-o", "x.html",
                   says="v3.h5: a record of version 3; this tandem reads version 2")
        with h5py.File(self.folder / "m2.h5", "w") as file:
            file.attrs["schema_version"] = 2
            file.create_group("links")
        self.fails("m2.h5", "-o", "x.html",
                   says="m2.h5: a merged file of version 2; this tandem reads version 1")

    def test_columns(self):
        def lose(file):
            del file["requests/energy"]

        def cut(file):
            values = file["requests/energy"][1:]
            del file["requests/energy"]
            file["requests/energy"] = values

        def retype(file):
            del file["requests/energy"]
            file["requests/energy"] = np.array([b"x"] * len(file["requests/cost"]))

        self.fails(self.changed("lose.h5", lose), "-o", "x.html",
                   says="lose.h5: no array '/requests/energy'")
        self.fails(self.changed("cut.h5", cut), "-o", "x.html",
                   says="cut.h5: '/requests/energy' is not as long")
        self.fails(self.changed("retype.h5", retype), "-o", "x.html",
                   says="retype.h5: cannot read '/requests/energy'")

    def test_power(self):
        def back(file):
            file["boards/nano/power/start"][2] = -1

        self.fails(self.changed("back.h5", back), "-o", "x.html", code=1,
                   says="back.h5: row 2 of '/boards/nano/power/start' makes no sense")

    def test_no_gnuplot(self):
        self.fails(self.good.name, "-o", "x.html", code=1, env={**os.environ, "PATH": "/nowhere"},
                   says="gnuplot.* is not on this machine; Debian has it in the package gnuplot-nox")

    def test_gnuplot_that_fails(self):
        for script, says in (("echo 'line 3: it broke' >&2; exit 1", "line 3: it broke"),
                             ("cat >/dev/null", "it did not say why"), ("kill -9 $$", "")):
            fake = self.folder / "gnuplot"
            fake.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
            fake.chmod(0o755)
            path = f"{self.folder}:{os.environ['PATH']}"
            self.fails(self.good.name, "-o", "x.html", code=1, env={**os.environ, "PATH": path},
                       says=f"gnuplot failed: {says}")
            fake.unlink()

    def test_outputs(self):
        self.fails(self.good.name, "-o", "none/x.html", code=1, says="none/x.html: cannot write")
        self.fails(self.good.name, "-o", ".", code=1, says=".: a folder")
        self.fails(self.good.name, "--svg", "none/svg", code=1, says="none/svg: cannot make")
        before = self.folder / "kept.html"
        before.write_text("before", encoding="utf-8")
        self.fails("gone.h5", "-o", "kept.html", says="gone.h5: cannot open")
        self.assertEqual(before.read_text(encoding="utf-8"), "before")

    def test_damaged(self):
        """Whatever a file holds: a page or one line. HDF5 may break down; nothing of ours may."""
        whole = self.good.read_bytes()
        dice = random.Random(20)
        options = f"abort_on_error=1:log_path={self.folder}/sanitizer:allocator_may_return_null=1"
        (self.folder / "leaks").write_text("leak:libhdf5\n", encoding="utf-8")
        environment = {**os.environ, "ASAN_OPTIONS": options, "LSAN_OPTIONS":
                       f"suppressions={self.folder}/leaks:print_suppressions=0"}
        seen = {"page": 0, "error": 0}
        for trial in range(300):
            (self.folder / "bad.h5").write_bytes(damage(whole, dice, trial))
            done = tandem("report", "bad.h5", "-o", "bad.html", "--only", "power", cwd=self.folder,
                          env=environment)
            page = self.folder / "bad.html"
            with self.subTest(trial=trial):
                seen["page" if done.returncode == 0 else "error"] += 1
                self.assertEqual(page.exists(), done.returncode == 0)
                if done.returncode == 0:
                    page.unlink()
                else:
                    self.assertIn(done.returncode, (1, 2), done.stderr)
                    # Where HDF5 spoils the heap, the C library says so before it gives up.
                    own = re.sub(r"^(Fatal glibc error:|\w+\(\)|corrupted |double free)[^\n]*\n",
                                 "", done.stderr)
                    self.assertRegex(own, r"^tandem report: bad\.h5: [^\n]*\n$")
        self.assertGreater(min(seen.values()), 50, seen)
        for log in self.folder.glob("sanitizer.*"):
            text = log.read_text(encoding="utf-8", errors="replace")
            culprit = re.search(r"#\d+ .*?(libhdf5|/sim/)", text)
            self.assertEqual(culprit and culprit[1], "libhdf5", text)


def damage(whole, dice, trial):
    """Cuts a file off, wipes a part of it, or changes a few bytes: anywhere, or among its texts."""
    data = bytearray(whole)
    texts = [match.start() for match in re.finditer(b"GCOL", whole)]
    at = dice.randrange(len(data))
    if trial % 10 == 0:
        del data[at:]
    elif trial % 10 == 1:
        data[at:at + 512] = bytes(min(512, len(data) - at))
    else:
        near = dice.choice(texts) + dice.randrange(256) if trial % 3 == 0 else None
        for _ in range(dice.choice((1, 1, 3, 20))):
            at = dice.randrange(len(data)) if near is None else near + dice.randrange(64)
            at = min(at, len(data) - 1)
            data[at] = dice.choice((0, 0xff, data[at] ^ 1 << dice.randrange(8),
                                    dice.randrange(256)))
    return data


if __name__ == "__main__":
    if not BIN:
        print("skipped: TANDEM_BIN does not say where tandem is")
        sys.exit(77)
    if not shutil.which("gnuplot"):
        print("skipped: no gnuplot")
        sys.exit(77)
    unittest.main()
