# SPDX-License-Identifier: GPL-3.0-or-later
"""Records as others read them: h5py and h5dump; the same run gives the same bytes."""

import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import recorded_run  # noqa: E402  pylint: disable=wrong-import-position

try:
    import h5py
    import numpy as np
except ImportError:
    print("skipped: no h5py")
    sys.exit(77)

COLUMNS = {"board", "stream", "request", "arrival", "start", "answer", "latency", "waited",
           "thinking", "switching", "head", "local", "up", "remote", "down", "energy", "board_energy",
           "radio_energy", "server_energy", "sent", "received", "accuracy", "difficulty", "bandwidth", "cost", "late",
           "dropped", "cpu_clock", "gpu_clock", "emc_clock", "cpu_cap", "gpu_cap", "emc_cap",
           "governor", "cores", "processor", "version", "first", "exit", "point", "xi", "bits", "link", "link_share",
           "server_share"}
CAUSES = ("fixed", "cpu", "gpu", "memory", "leakage")


class Records(unittest.TestCase):
    """One run of ten minutes, and what is in its record."""

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="tandem-records-"))
        recorded_run.write_scenario(cls.folder, 600)
        done = recorded_run.run(cls.folder, "a.h5")
        assert done.returncode == 0, done.stderr
        cls.file = h5py.File(cls.folder / "a.h5", "r")

    @classmethod
    def tearDownClass(cls):
        cls.file.close()
        shutil.rmtree(cls.folder)

    def test_root(self):
        attributes = self.file.attrs
        self.assertEqual(attributes["format"], "tandem record")
        self.assertEqual(attributes["schema_version"], 2)
        self.assertEqual(attributes["scenario"],
                         (self.folder / "kept.xml").read_text(encoding="utf-8"))
        self.assertEqual(attributes["scenario_name"], "kept")
        self.assertEqual(attributes["policy"], "random")
        self.assertEqual(attributes["seed"], 7)
        # Not the record's own name: the same run is the same record.
        self.assertIn("run kept.xml --policy random", attributes["command_line"])
        self.assertNotIn("a.h5", attributes["command_line"])
        self.assertRegex(attributes["tandem_version"], r"^\d+\.\d+\.\d+$")
        self.assertRegex(attributes["hdf5_version"], r"^\d+\.\d+\.\d+$")

    def test_every_array_says_what_it_is(self):
        seen = []

        def look(name, item):
            if isinstance(item, h5py.Dataset):
                seen.append(name)
                self.assertIsInstance(item.attrs["units"], str, name)
                self.assertGreater(len(item.attrs["description"]), 5, name)
                self.assertEqual(item.ndim, 1, name)
                self.assertEqual(item.compression, "gzip", name)
                self.assertTrue(item.shuffle, name)

        self.file.visititems(look)
        self.assertGreater(len(seen), 50)
        self.assertEqual(set(self.file["requests"]), COLUMNS)
        rows = {len(column) for column in self.file["requests"].values()}
        self.assertEqual(len(rows), 1)

    def test_types(self):
        requests = self.file["requests"]
        self.assertEqual(requests["late"].dtype, np.bool_)
        self.assertEqual(requests["request"].dtype, np.uint64)
        self.assertEqual(requests["energy"].dtype, np.float64)
        self.assertEqual(requests["energy"].attrs["units"], "J")
        self.assertEqual(requests["cpu_clock"].attrs["units"], "Hz")

    def test_sums(self):
        requests = {name: column[:] for name, column in self.file["requests"].items()}
        served = ~requests["dropped"]
        board = self.file["boards/b"]
        totals = board.attrs
        self.assertGreater(served.sum(), 1000)
        self.assertEqual(served.sum(), totals["served"])
        self.assertEqual((~served).sum(), totals["dropped"])
        self.assertEqual(totals["arrived"],
                         totals["served"] + totals["dropped"] + totals["unanswered"])
        self.assertEqual(len(set(requests["request"])), len(requests["request"]))
        np.testing.assert_allclose(
            requests["latency"][served],
            (requests["answer"] - requests["arrival"])[served], rtol=1e-12)
        np.testing.assert_allclose(
            requests["energy"], requests["board_energy"] + requests["radio_energy"], rtol=1e-12)
        late = requests["latency"] > 0.4
        np.testing.assert_array_equal(requests["late"], late)
        np.testing.assert_array_equal(requests["sent"][served] > 0, requests["xi"][served] > 0)

    def test_power(self):
        board = self.file["boards/b"]
        power = {name: column[:] for name, column in board["power"].items()}
        long = power["end"] - power["start"]
        self.assertTrue((long > 0).all())
        self.assertEqual(power["start"][0], 0)
        np.testing.assert_array_equal(power["start"][1:], power["end"][:-1])
        self.assertEqual(power["end"][-1], board.attrs["end"])
        for cause in CAUSES:
            np.testing.assert_allclose((long * power[cause]).sum(),
                                       board.attrs[f"energy_{cause}"], rtol=1e-9)
        whole = sum(power[cause] for cause in CAUSES)
        np.testing.assert_allclose(board["rails/A"][:] + board["rails/B"][:], whole, rtol=1e-12)
        self.assertLess(power["temperature"].min(), power["temperature"].max())
        self.assertEqual(set(power["cpu_clock"]) - {5e8, 1e9, 1.5e9}, set())
        radio = board["radio/0"]
        np.testing.assert_allclose(((radio["end"][:] - radio["start"][:]) * radio["watts"][:]).sum(),
                                   board.attrs["radio_energy"], rtol=1e-9)

    def test_requests_hold_their_pieces(self):
        """What a request took of the board is in the pieces between its start and its answer."""
        requests = {name: column[:] for name, column in self.file["requests"].items()}
        power = {name: column[:] for name, column in self.file["boards/b/power"].items()}
        energy = sum(power[cause] for cause in CAUSES) * (power["end"] - power["start"])
        sums = np.concatenate([[0], np.cumsum(energy)])
        for i in np.flatnonzero(~requests["dropped"])[:500]:
            first = np.searchsorted(power["start"], requests["start"][i])
            last = np.searchsorted(power["start"], requests["answer"][i])
            np.testing.assert_allclose(sums[last] - sums[first], requests["board_energy"][i],
                                       rtol=1e-7)

    def test_same_run_same_bytes(self):
        """In another folder, at another second: the files are the same."""
        time.sleep(1.1)
        with tempfile.TemporaryDirectory(prefix="tandem-records-") as folder:
            recorded_run.write_scenario(folder, 600)
            done = recorded_run.run(folder, "a.h5")
            self.assertEqual(done.returncode, 0, done.stderr)
            names = [str(self.folder / "a.h5"), str(Path(folder) / "a.h5")]
            if shutil.which("h5diff"):
                difference = subprocess.run(["h5diff", *names], capture_output=True, text=True,
                                            check=False)
                self.assertEqual(difference.returncode, 0, difference.stdout + difference.stderr)
            self.assertEqual(*[Path(name).read_bytes() for name in names])

    def test_another_seed_is_another_run(self):
        done = recorded_run.run(self.folder, "c.h5", "--seed", "8")
        self.assertEqual(done.returncode, 0, done.stderr)
        with h5py.File(self.folder / "c.h5", "r") as other:
            self.assertEqual(other.attrs["seed"], 8)
            self.assertNotEqual(other["requests/arrival"][:].tobytes(),
                                self.file["requests/arrival"][:].tobytes())

    @unittest.skipUnless(shutil.which("h5dump"), "no h5dump")
    def test_h5dump(self):
        def dump(*arguments):
            done = subprocess.run(["h5dump", *arguments, "a.h5"], cwd=self.folder,
                                  capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            return done.stdout
        self.assertIn('DATASET "energy"', dump("-H"))
        self.assertIn('(0): "tandem record"', dump("-a", "/format"))
        shown = dump("-y", "-w", "1", "-m", "%.17g", "-d", "/requests/cost")
        values = shown.split("DATA {")[1].split("}")[0].replace(",", " ").split()
        np.testing.assert_array_equal(np.array(values, float), self.file["requests/cost"][:])
        self.assertIn("TRUE", dump("-d", "/requests/dropped"))
        dump()  # all of it

    @unittest.skipUnless(shutil.which("h5ls"), "no h5ls")
    def test_h5ls(self):
        done = subprocess.run(["h5ls", "-r", "a.h5"], cwd=self.folder, capture_output=True,
                              text=True, check=True)
        self.assertIn("/boards/b/rails/A", done.stdout)


if __name__ == "__main__":
    recorded_run.tandem()
    unittest.main()
