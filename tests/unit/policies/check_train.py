# SPDX-License-Identifier: GPL-3.0-or-later
"""tandem train as a process: interrupted, killed, resumed; and policy files that do not fit."""

import os
import random
import signal
import subprocess
import tempfile
import time
import unittest

import h5py
import numpy

TANDEM = os.environ["TANDEM_BIN"]

SCENARIO = """<scenario name="small" duration="20 s">
  <board id="b" type="nano"/><server id="c" type="rtx-3080"/>
  <link from="b" to="c" trace="wifi-weak" rtt="20 ms" radio="wifi"/>
  <stream board="b" dnn="resnet50" arrivals="poisson" rate="2 /s" deadline="1 s"/>
  <knobs cpu="2" gpu="3" emc="top" cut="input"/>
</scenario>"""
ROUND = 512  # steps of two environments
ROUNDS = 30
TRAIN = ["train", "scenario.xml", "--policy", "dvfo", "-o", "p.h5", "--environments", "2", "--runs",
         "1", "--patience", "0", "--steps", str(ROUNDS * ROUND)]
SETTINGS = ["--set", "warmup=300,batch=32,hidden_1=16,hidden_2=8,hidden_3=0"]


def contents(path):
    """Every dataset and attribute of a file, but for the command line, which --resume is in."""
    found = {}
    with h5py.File(path, "r") as file:
        def visit(name, item):
            for key, value in item.attrs.items():
                found[name, key] = numpy.asarray(value).tobytes()
            if isinstance(item, h5py.Dataset):
                found[name] = item[()].tobytes()

        file.visititems(visit)
        visit("", file)
    del found["", "command_line"]
    return found


class Folder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="tandem-train-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.write("scenario.xml", SCENARIO)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def start(self, *arguments):
        return subprocess.Popen([TANDEM, *arguments], cwd=self.folder, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def run_tandem(self, *arguments):
        return subprocess.run([TANDEM, *arguments], cwd=self.folder, capture_output=True, text=True,
                              timeout=300, check=False)

    def good(self, *arguments):
        done = self.run_tandem(*arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def assert_refused(self, arguments, *words, out=""):
        done = self.run_tandem(*arguments)
        self.assertEqual(done.returncode, 2, (arguments, done.stderr))
        self.assertEqual(done.stdout, out)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)


class Interrupted(Folder):
    """However often and however it ends in between, the result is that of one go."""

    def one_go(self):
        self.good(*TRAIN, *SETTINGS)
        whole = contents(self.path("p.h5"))
        self.assertFalse(os.path.exists(self.path("p.h5.training")))
        self.assertEqual(len(whole["learning/steps"]), 8 * ROUNDS)
        os.unlink(self.path("p.h5"))
        return whole

    def wait_for_policy(self, process):
        while not os.path.exists(self.path("p.h5")) and process.poll() is None:
            time.sleep(0.002)

    def test_interrupted(self):
        whole = self.one_go()
        command, interruptions = [*TRAIN, *SETTINGS], 0
        for attempt in range(12):
            process = self.start(*command)
            self.wait_for_policy(process)
            if attempt < 11 and interruptions < 3:
                time.sleep(0.03 * attempt)
                process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=120)
            if process.returncode == -signal.SIGINT:  # it had hardly begun
                continue
            self.assertEqual(process.returncode, 0, err)
            if "Interrupted; --resume goes on where it stopped" not in out:
                break
            interruptions += 1
            self.assertTrue(os.path.exists(self.path("p.h5.training")))
            command = [*TRAIN, "--resume"]
        self.assertGreaterEqual(interruptions, 1, "it was never caught in the middle")
        self.assertEqual(contents(self.path("p.h5")), whole)
        self.assertFalse(os.path.exists(self.path("p.h5.training")))

    def test_killed(self):
        whole = self.one_go()
        luck = random.Random(5)
        killed = resumed = 0
        for _ in range(12):
            go_on = os.path.exists(self.path("p.h5.training"))
            process = self.start(*TRAIN, "--keep", "0 s", *(["--resume"] if go_on else SETTINGS))
            self.wait_for_policy(process)
            time.sleep(luck.uniform(0, 0.15))
            process.kill()
            _, err = process.communicate(timeout=120)
            if process.returncode == 0:
                break
            self.assertEqual(process.returncode, -signal.SIGKILL, err)
            killed += 1
            resumed += go_on
            if os.path.exists(self.path("p.h5")):  # never half of it
                self.good("run", "scenario.xml", "--policy", "dvfo=p.h5")
        self.assertGreater(killed, 0)
        self.assertGreater(resumed, 0)
        if os.path.exists(self.path("p.h5.training")):
            self.good(*TRAIN, "--resume")
        self.assertEqual(contents(self.path("p.h5")), whole)
        self.assertEqual(sorted(name for name in os.listdir(self.folder)
                                if not name.endswith(".partial")), ["p.h5", "scenario.xml"])


class Files(Folder):
    """Files that are not what they should be: one line that says so, and exit code 2."""

    def setUp(self):
        super().setUp()
        self.good("train", "scenario.xml", "-p", "dvfo", "-o", "p.h5", "--environments", "2",
                  "--runs", "1", "--steps", "512", *SETTINGS)
        with open(self.path("p.h5"), "rb") as file:
            self.bytes = file.read()

    def write_bytes(self, data):
        with open(self.path("x.h5"), "wb") as file:
            file.write(data)

    def test_another_policy(self):
        self.assert_refused(["run", "scenario.xml", "-p", "drldo=p.h5"], "p.h5",
                            "this is a policy of 'dvfo', not of 'drldo'")

    def test_other_scenarios(self):
        run = ["run", "other.xml", "-p", "dvfo=p.h5"]
        self.write("other.xml", SCENARIO.replace('gpu="3"', 'gpu="2"'))
        self.assert_refused(run, "p.h5", "for other levels of the knob 'gpu'", "tandem train")
        self.write("other.xml", SCENARIO.replace('gpu="3"', 'gpu="top"'))
        self.assert_refused(run, "for other knobs")
        self.write("other.xml", SCENARIO.replace('type="nano"', 'type="tx2"'))
        self.assert_refused(run, "for other levels of the knob 'cpu'")
        self.write("other.xml", SCENARIO.replace("</scenario>",
                                                 '<environment observe="eta, rtt"/></scenario>'))
        self.assert_refused(run, "on other observations")

    def test_scenarios_that_fit(self):
        """Links, traces and arrivals may be others."""
        self.write("other.xml", SCENARIO.replace("wifi-weak", "lte-walk").replace("2 /s", "1 /s"))
        self.good("run", "other.xml", "-p", "dvfo=p.h5")

    def test_truncated(self):
        for length in [0, 1, 8, 100, 512, 2048, *range(4096, len(self.bytes), 9000),
                       len(self.bytes) - 1]:
            self.write_bytes(self.bytes[:length])
            self.assert_refused(["run", "scenario.xml", "-p", "dvfo=x.h5"], "x.h5")

    def test_random_bytes(self):
        luck = random.Random(1)
        for length in [10, 1000, 100000]:
            self.write_bytes(luck.randbytes(length))
            self.assert_refused(["run", "scenario.xml", "-p", "dvfo=x.h5"], "x.h5")

    def test_parameters_that_are_none(self):
        with h5py.File(self.path("p.h5"), "r+") as file:
            names = []
            file["policy"].visititems(lambda name, item: names.append(name)
                                      if isinstance(item, h5py.Dataset) and
                                      item.dtype == numpy.float32 else None)
            self.assertTrue(names)
            file["policy"][names[0]][0] = numpy.nan
        self.assert_refused(["run", "scenario.xml", "-p", "dvfo=p.h5"], "p.h5")

    def test_records_and_trainings(self):
        self.good("run", "scenario.xml", "-p", "edge-only", "-o", "r.h5")
        self.assert_refused(["run", "scenario.xml", "-p", "dvfo=r.h5"],
                            "an HDF5 file, but no learned policy")
        os.rename(self.path("r.h5"), self.path("p.h5.training"))
        self.assert_refused([*TRAIN, "--resume"], "an HDF5 file, but no training to go on with")
        os.rename(self.path("p.h5"), self.path("p.h5.training"))  # without what learning takes
        self.assert_refused([*TRAIN, "--resume"], "p.h5.training")


if __name__ == "__main__":
    unittest.main()
