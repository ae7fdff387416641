# SPDX-License-Identifier: GPL-3.0-or-later
"""A virtual board in a plain folder, which needs no FUSE: what it rounds, puts back and keeps alive."""

import os
import signal
import time
import unittest

import vboards

POLICY = "/sys/devices/system/cpu/cpufreq/policy0"
GPU = "/sys/devices/17000000.gv11b/devfreq/17000000.gv11b"
NANO = "/sys/devices/57000000.gpu/devfreq/57000000.gpu"
EMC = "/sys/kernel/debug/bpmp/debug/clk/emc"


def folder(board, jetpack, *options, **more):
    return vboards.Board(board, jetpack, "--noise", "0", *options, folder=True, **more)


class Folder(unittest.TestCase):
    def becomes(self, board, path, expected):
        self.assertTrue(vboards.wait_for(lambda: board.read(path) == expected),
                        f"{path}: {board.read(path)}, not {expected}")

    def test_clamped_by_a_kernel_of_jetpack_5(self):
        with folder("xavier-nx", 5) as board:
            self.assertEqual(board.write(POLICY + "/scaling_max_freq", 1420800), "0")
            self.assertTrue(vboards.wait_for(lambda: len(board.trace()) == 1))
            board.write(POLICY + "/scaling_min_freq", 1804800)
            self.becomes(board, POLICY + "/scaling_min_freq", "1420800")
            self.becomes(board, POLICY + "/scaling_cur_freq", "1420800")

    def test_put_back_where_jetpack_4_refuses(self):
        with folder("nano", 4) as board:
            board.write(POLICY + "/scaling_max_freq", 921600)
            self.assertTrue(vboards.wait_for(lambda: len(board.trace()) == 1))
            board.write(POLICY + "/scaling_min_freq", 1224000)
            self.becomes(board, POLICY + "/scaling_min_freq", "102000")
            vboards.wait_for(lambda: len(board.trace()) == 2)
            self.assertEqual([row[2:] for row in board.trace()],
                             [("921600", "0"), ("1224000", "EINVAL")])

    def test_rounded_up(self):
        with folder("nano", 4) as board:
            board.write(NANO + "/max_freq", 640000000)
            self.assertTrue(vboards.wait_for(lambda: len(board.trace()) == 1))
            board.write(NANO + "/min_freq", 640000000)
            self.becomes(board, NANO + "/cur_freq", "691200000")

    def test_the_same_value_twice_is_one_write(self):
        """What the folder cannot see; said here so that nobody counts on it."""
        with folder("nano", 4) as board:
            board.write(NANO + "/max_freq", 460800000)
            self.becomes(board, NANO + "/max_freq", "460800000")
            self.assertTrue(vboards.wait_for(lambda: len(board.trace()) == 1))
            board.write(NANO + "/max_freq", 460800000)
            time.sleep(0.1)
            self.assertEqual(len(board.trace()), 1)

    def test_writes_are_taken_in_order(self):
        # Up: max first, then min. In one look, in the order of the files' times.
        with folder("xavier-nx", 4, "--mode", "MODE_15W_6CORE") as board:
            for number in range(10):
                top, other = (1109250000, 510000000)[number % 2], (510000000, 1109250000)[number % 2]
                first, second = ("max", "min") if top > other else ("min", "max")
                board.write(f"{GPU}/{first}_freq", top)
                board.write(f"{GPU}/{second}_freq", top)
                self.becomes(board, GPU + "/cur_freq", str(top))
            self.assertNotIn("EINVAL", [row[3] for row in board.trace()])

    def test_cpus_come_and_go(self):
        with folder("xavier-nx", 5, "--mode", "MODE_15W_6CORE") as board:
            policy = POLICY.replace("policy0", "policy2")
            board.write("/sys/devices/system/cpu/cpu2/online", 0)
            self.assertTrue(vboards.wait_for(lambda: not os.path.lexists(
                board.path("/sys/devices/system/cpu/cpu2/cpufreq"))))
            self.assertTrue(os.path.exists(board.path(policy)))
            board.write("/sys/devices/system/cpu/cpu3/online", 0)
            self.assertTrue(vboards.wait_for(lambda: not os.path.exists(board.path(policy))))
            board.write("/sys/devices/system/cpu/cpu3/online", 1)
            self.becomes(board, policy + "/scaling_max_freq", "1907200")

    def test_memory_locked_and_capped(self):
        with folder("xavier-nx", 5) as board:
            board.write(EMC + "/rate", 1331000000)
            self.assertTrue(vboards.wait_for(lambda: len(board.trace()) == 1))
            board.write(EMC + "/mrq_rate_locked", 1)
            self.becomes(board, EMC + "/rate", "1331200000")
            board.write("/sys/kernel/nvpmodel_emc_cap/emc_iso_cap", 800000000)
            self.becomes(board, EMC + "/rate", "800000000")

    def test_work_and_its_power(self):
        with folder("xavier-nx", 5) as board:
            board.write(POLICY + "/scaling_governor", "performance")
            self.becomes(board, POLICY + "/scaling_cur_freq", "1907200")
            work = board.work()
            self.assertAlmostEqual(work.seconds("kind=cpu time=0.1"), 0.1, delta=1e-6)
            idle = board.truth()["power_w"]
            work.start("dnn=resnet50 share=1")
            self.assertTrue(vboards.wait_for(lambda: board.truth()["power_w"] > 1.2 * idle))
            self.assertTrue(work.answer().startswith("seconds="))
            work.start("dnn=nonsense")
            self.assertTrue(work.answer().startswith("error="))

    def test_a_rail_vanishes(self):
        with folder("xavier-nx", 5) as board:
            sensor = "/sys/bus/i2c/drivers/ina3221/7-0040/hwmon/hwmon2"
            board.write("/.tandem/fault", f"vanish path={sensor} for=0.3")
            self.becomes(board, sensor + "/in1_label", "ENOENT")
            self.becomes(board, sensor + "/in1_label", "VDD_IN")

    def test_ends_with_works_under_way_and_starts_again(self):
        with folder("xavier-nx", 5) as board:
            work = board.work()
            work.start("kind=cpu time=100")
            time.sleep(0.1)
            self.assertEqual(board.process.poll(), None)
        with vboards.tempfile.TemporaryDirectory() as place:
            with folder("xavier-nx", 5, place=place) as board:
                board.stop(signal.SIGKILL)
                board.works = []
                board.__enter__()  # over what the last one left
                self.assertGreater(board.work().seconds("kind=cpu time=0.01"), 0)


if __name__ == "__main__":
    unittest.main()
