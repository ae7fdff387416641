# SPDX-License-Identifier: GPL-3.0-or-later
"""`tandem sweep`: what the tasks are, what their records hold, resuming, tasks that die."""

import itertools
import json
import os
import random
import resource
import signal
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import sweeping  # noqa: E402  pylint: disable=wrong-import-position

try:
    import h5py
    import numpy as np
except ImportError:
    print("skipped: no h5py")
    sys.exit(77)


class Tasks(sweeping.Sweeping):
    """The list, without running anything."""

    def tasks(self):
        return json.loads(self.sweep("--list", "--json").stdout)["tasks"]

    def test_order(self):
        expected = [(i, policy, seed, {"rate": rate, "rtt": rtt}) for i, (rate, rtt, policy, seed)
                    in enumerate(itertools.product(["1 /s", "3 /s"], ["5 ms", "50 ms"],
                                                   ["edge-best", "random"], [3, 4]), 1)]
        self.assertEqual([(t["task"], t["policy"], t["seed"], t["values"]) for t in self.tasks()],
                         expected)
        self.assertEqual(self.sweep("--count").stdout, f"{sweeping.TASKS}\n")
        self.assertEqual([t["done"] for t in self.tasks()], [None] * sweeping.TASKS)

    def test_ranges(self):
        def values(vary):
            self.write("grid.xml", '<grid name="g" scenario="small.xml" policies="random">'
                       f"<vary name=\"x\" {vary}/></grid>")
            return [t["values"]["x"] for t in self.tasks()]

        def numbers(vary, unit):
            found = values(vary)
            for text in found:
                self.assertTrue(text.endswith(" " + unit), text)
            return [float(text.split()[0]) for text in found]

        rates = numbers('set="stream/@rate" from="1 /s" to="8 /s" steps="4" scale="log"', "/s")
        np.testing.assert_allclose(rates, np.geomspace(1, 8, 4), rtol=1e-5)
        rates = numbers('set="stream/@rate" from="1 /s" to="2.5 /s" steps="6"', "/s")
        np.testing.assert_allclose(rates, np.linspace(1, 2.5, 6), rtol=1e-5)
        # The ends stay as they are written, and steps are rounded where whole numbers are needed.
        self.assertEqual(values('set="link/@up" from="0.5 MB/s" to="8000 kbit/s" steps="2"'),
                         ["0.5 MB/s", "8000 kbit/s"])
        self.assertEqual(values('set="stream/@inflight" from="1" to="4" steps="3"'),
                         ["1", "2", "4"])

    def test_lists_with_commas(self):
        self.write("small.xml", sweeping.SCENARIO.format(duration=1).replace(
            "</scenario>", '<knobs xi="0 %"/></scenario>'))
        self.write("grid.xml", '<grid name="g" scenario="small.xml" policies="random">'
                   '<vary set="knobs/@xi" values="0 %; 0 %, 50 % ;100 %"/></grid>')
        self.assertEqual([t["values"]["xi"] for t in self.tasks()],
                         ["0 %", "0 %, 50 %", "100 %"])


class Records(sweeping.Sweeping):
    """What is in a record, and that it can be made again by hand."""

    def test_contents(self):
        self.sweep("-o", "runs", "-j", "2")
        tasks = json.loads(self.sweep("--list", "--json", "-o", "runs").stdout)["tasks"]
        self.assertEqual([t["record"] for t in tasks], [path.name for path in self.records()])
        self.assertTrue(all(t["done"] for t in tasks))
        for task in tasks:
            with h5py.File(self.folder / "runs" / task["record"]) as file:
                self.assertEqual(file.attrs["policy"], task["policy"])
                self.assertEqual(file.attrs["seed"], task["seed"])
                self.assertEqual(dict(file["sweep"].attrs),
                                 {"grid": "small-grid", "title": "A test", "task": task["task"]})
                rate, rtt = file["sweep/rate"].attrs, file["sweep/rtt"].attrs
                self.assertEqual(rate["value"], task["values"]["rate"])
                self.assertEqual(rate["number"], float(task["values"]["rate"].split()[0]))
                self.assertEqual((rate["units"], rate["set"]), ("1/s", "stream[board=nano]/@rate"))
                self.assertAlmostEqual(rtt["number"], float(rtt["value"].split()[0]) / 1e3)
                self.assertEqual(rtt["units"], "s")
                text = file.attrs["scenario"]
                expected = sweeping.SCENARIO.format(duration=60).replace(
                    'rate="2 /s"', f'rate="{rate["value"]}"').replace(
                    'rtt="20 ms"', f'rtt="{rtt["value"]}"')
                self.assertEqual(text, expected)
                self.assertEqual(self.sweep("--scenario", task["task"]).stdout, text)

    def test_made_again_by_hand(self):
        """The stored scenario under the stored policy and seed gives the same figures."""
        self.sweep("-o", "runs")
        for path in self.records()[::5]:
            with h5py.File(path) as file:
                self.write("again.xml", file.attrs["scenario"])
                done = self.tandem("run", "again.xml", "--policy", file.attrs["policy"], "--seed",
                                   file.attrs["seed"], "--json", "-o", "again.h5")
                figures = json.loads(done.stdout)
                figures.pop("name")
                summary = dict(file["summary"].attrs)
                self.assertEqual(set(figures), set(summary))
                for key, value in figures.items():
                    np.testing.assert_allclose(summary[key], np.nan if value is None else value,
                                               rtol=1e-13, err_msg=key)
                with h5py.File(self.folder / "again.h5") as again:
                    self.assertNotIn("sweep", again)
                    for key, value in again["summary"].attrs.items():
                        np.testing.assert_equal(value, summary[key], key)
                    for column in file["requests"]:
                        np.testing.assert_array_equal(file["requests"][column],
                                                      again["requests"][column])
                # And from the rows themselves.
                answered = ~file["requests/dropped"][:]
                np.testing.assert_allclose(summary["cost_j"],
                                           file["requests/cost"][answered].mean(), rtol=1e-12)
                self.assertEqual(summary["requests"], answered.sum())

    def test_one_task_at_a_time_is_the_same(self):
        self.sweep("-o", "runs", "-j", "3")
        for task in range(1, sweeping.TASKS + 1):
            self.sweep("-o", "one", "--task", task)
        self.assertEqual(sweeping.digests(self.folder / "runs"),
                         sweeping.digests(self.folder / "one"))
        self.assertIn("finished before", self.sweep("-o", "one", "--task", 1).stdout)
        self.assertIn("no task 17", self.sweep("-o", "one", "--task", 17, code=2).stderr)


class Resuming(sweeping.Sweeping):
    """What is finished is skipped, and only that."""

    duration = 10

    def run_now(self, *more):
        words = self.sweep("-o", "runs", *more).stdout.split()
        return int(words[words.index("run") - 1])

    def test_skips_what_is_there(self):
        self.assertEqual(self.run_now(), 16)
        before = {path: path.stat().st_mtime_ns for path in self.records()}
        self.records()[3].unlink()
        self.records()[7].unlink()
        self.assertEqual(self.run_now(), 2)
        after = {path: path.stat().st_mtime_ns for path in self.records()}
        self.assertEqual(set(before), set(after))
        self.assertEqual(sum(before[path] != after[path] for path in before), 2)
        self.assertEqual(self.run_now(), 0)

    def test_what_the_result_depends_on(self):
        self.run_now()
        self.write("grid.xml", sweeping.GRID.replace("5 ms, 50 ms", "5 ms, 60 ms"))
        self.assertEqual(self.run_now(), 8)
        self.write("trace.csv", sweeping.TRACE.replace("30,30", "31,30"))
        self.assertEqual(self.run_now(), 16)
        self.write("small.xml", sweeping.SCENARIO.format(duration=11))
        self.assertEqual(self.run_now(), 16)
        self.write("grid.xml", sweeping.GRID.replace("edge-best", "edge-only"))
        self.assertEqual(self.run_now(), 12)  # all but those of 'random' and 5 ms
        self.assertEqual(self.run_now(), 0)

    def test_another_grid_needs_another_folder(self):
        self.run_now()
        self.write("grid.xml", sweeping.GRID.replace("small-grid", "other"))
        self.assertIn("holds the records of another grid",
                      self.sweep("-o", "runs", code=2).stderr)


class Dying(sweeping.Sweeping):
    """Some tasks die; the others do not mind."""

    def setUp(self):
        super().setUp()
        self.write("grid.xml", '<grid name="g" scenario="small.xml" policies="edge-only">'
                   '<vary set="@duration" values="5 s, 4000 s, 6 s, 7000 s, 7 s"/></grid>')

    def limited(self, action):
        """No file may be longer than 100 kB, which two tasks need."""
        def prepare():
            signal.signal(signal.SIGXFSZ, action)
            resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000))
        return self.sweep("-o", "runs", "-j", "2", code=1, preexec_fn=prepare,
                          restore_signals=False)

    def check(self, done, why):
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), 2, done.stderr)
        for line, task, duration in zip(lines, (2, 4), ("4000 s", "7000 s")):
            self.assertTrue(line.startswith(f"tandem sweep: task {task} (duration {duration}, "
                                            "policy edge-only, seed 3): "), line)
            self.assertIn(why, line)
        self.assertIn("5 tasks, 3 run now, 0 finished before, 2 failed", done.stdout)
        self.assertEqual([path.name[:11] for path in self.records()],
                         ["task-000001", "task-000003", "task-000005"])
        self.assertIn("2 run now, 3 finished before", self.sweep("-o", "runs").stdout)
        self.assertEqual(len(self.records()), 5)

    def test_killed(self):
        self.check(self.limited(signal.SIG_DFL), "killed by signal 25 (File size limit exceeded)")

    def test_failed(self):
        self.check(self.limited(signal.SIG_IGN), "File too large")

    def test_nothing_runs_if_one_is_wrong(self):
        self.write("grid.xml", sweeping.GRID.replace("50 ms", "50 mm"))
        done = self.sweep("-o", "runs", code=2)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertIn("task 5 (rate 1 /s, rtt 50 mm, policy edge-best, seed 3)", done.stderr)
        self.assertIn("small.xml:5:3", done.stderr)
        self.assertIn("unknown unit 'mm'", done.stderr)
        self.assertFalse((self.folder / "runs").exists())


class Merging(sweeping.Sweeping):
    """`tandem merge`, by h5py."""

    duration = 10

    def test_table(self):
        self.sweep("-o", "runs")
        self.tandem("merge", "runs", "-o", "all.h5")
        with h5py.File(self.folder / "all.h5") as file:
            self.assertEqual((file.attrs["format"], file.attrs["schema_version"]),
                             ("tandem merge", 1))
            runs = file["runs"]
            np.testing.assert_array_equal(runs["task"], np.arange(1, 17))
            self.assertEqual(len(file["links"]), 16)
            for row, name in enumerate(sorted(file["links"])):
                record = file["links"][name]
                self.assertEqual(record["sweep"].attrs["task"], runs["task"][row])
                self.assertEqual(record.attrs["seed"], runs["seed"][row])
                self.assertEqual(record.attrs["policy"], runs["policy"].asstr()[row])
                for varied in ("rate", "rtt"):
                    attributes = record["sweep"][varied].attrs
                    self.assertEqual(attributes["value"], runs[varied].asstr()[row])
                    self.assertEqual(attributes["number"], runs[varied + "_number"][row])
                    self.assertEqual(attributes["units"], runs[varied + "_number"].attrs["units"])
                for key, value in record["summary"].attrs.items():
                    np.testing.assert_equal(runs[key][row], value, key)
                np.testing.assert_allclose(runs["cost_j"][row], record["requests/cost"][:].mean())
            for column in runs.values():
                self.assertEqual(column.shape, (16,))
                self.assertIsInstance(column.attrs["units"], str)
                self.assertGreater(len(column.attrs["description"]), 5)

    def test_links_from_anywhere(self):
        self.sweep("-o", "runs")
        for place in ("runs/all.h5", "deep/er/all.h5", str(self.folder / "absolute.h5")):
            (self.folder / place).parent.mkdir(parents=True, exist_ok=True)
            self.assertEqual(self.tandem("merge", "runs", "-o", place).stderr, "")
            with h5py.File(self.folder / place) as file:
                self.assertGreater(len(file["links/task-000016/requests/cost"]), 5)
        # All of it may be moved as a whole.
        (self.folder / "new").mkdir()
        for name in ("runs", "deep"):
            (self.folder / name).rename(self.folder / "new" / name)
        with h5py.File(self.folder / "new/deep/er/all.h5") as file:
            self.assertGreater(len(file["links/task-000001/requests/cost"]), 5)

    def test_what_is_left_out(self):
        self.sweep("-o", "runs")
        runs = self.folder / "runs"
        names = [path.name for path in self.records()]
        (runs / names[2]).unlink()
        (runs / f"{names[4]}.partial").write_bytes(b"begun")
        whole = (runs / names[6]).read_bytes()
        (runs / names[6]).write_bytes(whole[:len(whole) // 2])
        (runs / names[8]).write_bytes((runs / names[9]).read_bytes())
        (runs / "task-000001-0000000000000000.h5").write_bytes(whole)
        (runs / "notes.txt").write_text("mine")
        done = self.tandem("merge", "runs", "-o", "all.h5")
        self.assertIn("1 of 16 tasks have no record yet: 3\n", done.stderr)
        self.assertIn(f"{names[4]}.partial: left out: not finished", done.stderr)
        self.assertIn("task-000001-0000000000000000.h5: left out: no record of this sweep",
                      done.stderr)
        self.assertIn(f"left out: runs/{names[6]}: ", done.stderr)
        self.assertIn(f"left out: runs/{names[8]}: the record of task 10", done.stderr)
        self.assertEqual(done.stderr.count("\n"), 5, done.stderr)
        self.assertIn("13 of 16 runs", done.stdout)
        with h5py.File(self.folder / "all.h5") as file:
            self.assertEqual(list(file["runs/task"]),
                             [1, 2, 4, 5, 6, 8, 10, 11, 12, 13, 14, 15, 16])

    def test_damaged_records(self):
        """Whatever bytes change, merging ends by itself; what it merges is what others read."""
        self.write("grid.xml", sweeping.GRID.replace("edge-best, random", "edge-only").replace(
            "1 /s, 3 /s", "1 /s"))
        self.sweep("-o", "runs")
        seed = random.randrange(1 << 32)
        print(f"seed {seed}", flush=True)
        dice, left_out = random.Random(seed), 0
        # HDF5 itself leaks a little when it gives up on a file.
        environment = dict(os.environ, ASAN_OPTIONS="detect_leaks=0:allocator_may_return_null=1")
        files = {path: path.read_bytes() for path in (self.folder / "runs").glob("*.h5")}
        for _ in range(100):
            path, whole = dice.choice(list(files.items()))
            broken = bytearray(whole)
            for _ in range(dice.choice((1, 4, 30, 300))):
                broken[dice.randrange(len(broken))] = dice.choice((0, 255, dice.randrange(256)))
            path.write_bytes(broken)
            done = subprocess.run([sweeping.tandem(), "merge", "runs", "-o", "all.h5"], check=False,
                                  cwd=self.folder, capture_output=True, text=True, timeout=300,
                                  env=environment)
            self.assertIn(done.returncode, (0, 2), (path, done))
            left_out += "left out" in done.stderr
            path.write_bytes(whole)
        self.assertGreater(left_out, 10)

    def test_records_are_not_written_over(self):
        self.sweep("-o", "runs")
        before = sweeping.digests(self.folder / "runs")
        for name in ("sweep.h5", self.records()[3].name):
            done = self.tandem("merge", "runs", "-o", f"./runs/../runs/{name}", code=2)
            self.assertIn("belongs to the sweep", done.stderr)
        self.assertEqual(sweeping.digests(self.folder / "runs"), before)

    def test_nothing_to_merge(self):
        self.sweep("-o", "runs")
        for path in self.records():
            path.unlink()
        done = self.tandem("merge", "runs", "-o", "all.h5", code=2)
        self.assertIn("no finished record to merge", done.stderr)
        self.assertFalse((self.folder / "all.h5").exists())
        self.assertIn("not the folder of a sweep",
                      self.tandem("merge", ".", "-o", "all.h5", code=2).stderr)
        self.assertIn("cannot open", self.tandem("merge", "none", "-o", "all.h5", code=2).stderr)

    def test_old_forms_of_the_grid_are_foreign(self):
        self.sweep("-o", "runs")
        self.write("grid.xml", sweeping.GRID.replace("5 ms, 50 ms", "5 ms"))
        self.sweep("-o", "runs")
        done = self.tandem("merge", "runs", "-o", "all.h5")
        self.assertIn("8 of 8 runs", done.stdout)
        self.assertIn("no record of this sweep as it is now", done.stderr)


if __name__ == "__main__":
    sweeping.tandem()
    unittest.main()
