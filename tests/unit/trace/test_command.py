# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of `tandem trace` from outside: what they write, print and refuse."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ.get("TANDEM_SOURCE", pathlib.Path(__file__).parents[3]))
SAMPLES = {"wifi-strong": 4, "wifi-weak": 28, "lte-walk": 16, "lte-drive": 29, "3g-bus": 41,
           "5g-mmwave": 23, "dvfo": 7}

EXAMPLE = """# duration: 6 s
time_s,up_mbit_s,down_mbit_s
0,8,80
2,0,0
3,4,40
"""


class Command(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.write("in.csv", EXAMPLE)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def write(self, name, text):
        pathlib.Path(self.path(name)).write_text(text)

    def read(self, name):
        return pathlib.Path(self.path(name)).read_text()

    def trace(self, *arguments, code=0):
        done = subprocess.run([os.environ["TANDEM_BIN"], "trace", *arguments], capture_output=True,
                              text=True, cwd=self.folder.name)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def stats(self, name):
        return json.loads(self.trace("stats", name, "--json").stdout)["traces"][0]

    def convert(self, *options, to="out.csv"):
        self.trace("convert", "in.csv", "-o", to, *options)
        return self.stats(to)

    def refused(self, message, *arguments, code=2):
        self.assertIn(message, self.trace(*arguments, code=code).stderr)

    def rows(self, name="out.csv"):
        lines = [line for line in self.read(name).splitlines() if not line.startswith("#")]
        return [tuple(map(float, line.split(","))) for line in lines[1:]]

    # ---- convert

    def test_plain(self):
        self.convert()
        self.assertEqual(self.read("out.csv"),
                         EXAMPLE.replace("6 s\n", "6 s\n# loop: yes\n"))

    def test_cut_goes_on_in_the_next_turn(self):
        self.convert("--start", "2.5 s", "--length", "4 s")
        self.assertEqual(self.rows(), [(0, 0, 0), (0.5, 4, 40), (3.5, 8, 80)])
        self.write("once.csv", "# loop: no\n" + EXAMPLE)
        self.refused("does not loop", "convert", "once.csv", "-o", "x.csv", "--length", "7 s")

    def test_scale_and_mean(self):
        self.assertAlmostEqual(self.convert("--scale", "2")["up"]["mean_mbit_s"], 28 / 3)
        both = self.convert("--mean", "3 Mbit/s")
        self.assertAlmostEqual(both["up"]["mean_mbit_s"], 3)
        self.assertAlmostEqual(both["down"]["mean_mbit_s"], 3)

    def test_outages(self):
        self.assertAlmostEqual(self.convert()["up"]["outage_share"], 1 / 6)
        self.convert("--outage", "hold")
        self.assertEqual(self.rows(), [(0, 8, 80), (2, 8, 80), (3, 4, 40)])
        self.convert("--outage", "drop")
        self.assertEqual(self.rows(), [(0, 8, 80), (2, 4, 40)])
        self.convert("--outage", "floor", "--floor", "6 Mbit/s")
        self.assertEqual(self.rows(), [(0, 8, 80), (2, 6, 6), (3, 4, 40)])
        self.convert("--floor", "6 Mbit/s")
        self.assertEqual(self.rows(), [(0, 8, 80), (2, 6, 6), (3, 6, 40)])

    def test_resample_keeps_the_mean(self):
        self.assertAlmostEqual(self.convert("--resample", "4 s")["up"]["mean_mbit_s"], 28 / 6)
        self.assertEqual(self.rows(), [(0, 5, 50), (4, 4, 40)])

    def test_rtt_and_loop(self):
        got = self.convert("--rtt", "40 ms", "--once")
        self.assertFalse(got["loop"])
        self.assertEqual(got["rtt"]["mean_ms"], 40)

    def test_up_and_down_apart(self):
        self.convert("--up-only", to="u.csv")
        self.assertIn("time_s,up_mbit_s\n", self.read("u.csv"))
        self.write("d.csv", "time_s,down_kbit_s\n0,100\n1,300\n")
        self.trace("convert", "--up", "u.csv", "--down", "d.csv", "-o", "both.csv")
        self.assertEqual(self.rows("both.csv")[:4],
                         [(0, 8, 0.1), (1, 8, 0.3), (2, 0, 0.1), (3, 4, 0.3)])

    def test_two_directions_are_two_files(self):
        done = self.trace("convert", "in.csv", "-o", "m.up", "--json")
        self.assertEqual(json.loads(done.stdout)["written"], ["m.up", "m.down"])
        got = self.stats("m.down")
        self.assertAlmostEqual(got["duration_s"], 6)
        self.assertAlmostEqual(got["up"]["mean_mbit_s"], 28 / 6, 2)
        self.assertAlmostEqual(got["down"]["mean_mbit_s"], 280 / 6, 2)

    def test_simgrid(self):
        self.trace("convert", "in.csv", "-o", "l.bw", "--rtt", "20 ms")
        self.assertEqual(self.read("l.up.bw"), "0 1000000\n2 0\n3 500000\nLOOPAFTER 3\n")
        self.assertEqual(self.read("l.lat"), "0 0.01\nLOOPAFTER 6\n")
        warning = self.trace("convert", "in.csv", "-o", "l.bw").stderr
        self.assertIn("SimGrid's links do not survive", warning)

    def test_refuses(self):
        self.refused("which file?", "convert", "-o", "x.csv")
        self.refused("-o OUT is needed", "convert", "in.csv")
        self.refused("either --loop or --once", "convert", "in.csv", "-o", "x.csv", "--loop",
                     "--once")
        self.refused("needs --floor", "convert", "in.csv", "-o", "x.csv", "--outage", "floor")
        self.refused("should be hold, drop or floor", "convert", "in.csv", "-o", "x.csv",
                     "--outage", "no")
        self.refused("go together", "convert", "--up", "in.csv", "-o", "x.csv")
        self.refused("has no unit", "convert", "in.csv", "-o", "x.csv", "--mean", "5")
        self.refused("unknown unit", "convert", "in.csv", "-o", "x.csv", "--start", "5 sex")
        self.refused("too small", "convert", "in.csv", "-o", "x.csv", "--scale", "-1")
        self.refused("did you mean 'csv'?", "convert", "in.csv", "-o", "x", "--to", "cvs")
        self.refused("cannot tell the format of 'x.y'", "convert", "in.csv", "-o", "x.y")
        self.refused("can only be read", "convert", "in.csv", "-o", "x", "--to", "ucc")
        self.refused("unknown part 'dwon' (did you mean 'down'?)", "convert", "in.csv", "-o",
                     "x.csv", "--column", "dwon=a:s")
        self.refused("neither a file nor one of the known traces", "convert", "wifi-weka", "-o",
                     "x.csv")
        self.refused("no/x.csv", "convert", "in.csv", "-o", "no/x.csv", code=1)
        self.write("bad.csv", EXAMPLE + "4,x,1\n")
        self.refused("bad.csv:6: the up 'x' is not a number", "convert", "bad.csv", "-o", "x.csv")
        self.assertEqual(sorted(os.listdir(self.folder.name)), ["bad.csv", "in.csv"])

    def test_a_full_disk(self):
        if os.access("/dev/full", os.W_OK):
            self.refused("No space left", "convert", "in.csv", "-o", "/dev/full", "--to", "csv",
                         code=1)

    # ---- the others

    def test_stats_for_people(self):
        out = self.trace("stats", "in.csv").stdout
        self.assertIn("in.csv: csv, 6 s, 3 samples, loops\n", out)
        self.assertIn("mean 4.667  median 4  p5 0  p95 8  min 0  max 8 Mbit/s  outage 16.7 %", out)
        self.refused("cannot open", "stats", "./none.csv")

    def test_samples_are_what_the_generator_makes(self):
        for name, seed in SAMPLES.items():
            self.trace("generate", name, "--duration", "10 min", "--seed", str(seed), "-o", "s.csv")
            self.assertEqual(self.read("s.csv"), (SOURCE / "traces" / f"{name}.csv").read_text())
            self.assertLess(len(self.read("s.csv")), 30000)
            self.assertEqual(self.stats(name)["samples"], 600)

    def test_generate(self):
        self.trace("generate", "dvfo", "--duration", "5", "--step", "500 ms", "--seed", "1", "-o",
                   "g.csv")
        self.assertEqual(len(self.rows("g.csv")), 10)
        self.refused("did you mean 'dvfo'", "generate", "dvof", "--duration", "5", "--seed", "1",
                     "-o", "x.csv")
        self.refused("--seed", "generate", "dvfo", "--duration", "5", "--seed", "-1", "-o", "x.csv")
        self.refused("usage", "generate", "dvfo")

    def test_list_and_show(self):
        listed = json.loads(self.trace("list", "--json").stdout)
        self.assertTrue(set(SAMPLES) <= {c["name"] for c in listed["samples"]})
        self.assertEqual(set(SAMPLES), {c["name"] for c in listed["classes"]})
        self.assertIn("mahimahi", {f["name"] for f in listed["formats"]})
        shown = json.loads(self.trace("show", "wifi-weak", "--json").stdout)
        self.assertEqual(shown["trace"]["duration_s"], 600)
        self.assertEqual(len(shown["class"]["states"]), 4)
        self.assertIn("source:", self.trace("show", "wifi-weak").stdout)
        self.refused("did you mean", "show", "wifi-weka")

    def test_usage(self):
        self.refused("did you mean 'convert'?", "convrt")
        self.refused("usage", code=2)
        for command in ("convert", "stats", "generate", "list", "show"):
            self.assertIn("usage", self.trace(command, "--help").stdout)


if __name__ == "__main__":
    unittest.main()
