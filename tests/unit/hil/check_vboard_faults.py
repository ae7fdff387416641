# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong on request, the trace of writes, works, and the end of a virtual board."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import vboards

GPU = "/sys/devices/17000000.gv11b/devfreq/17000000.gv11b"
SENSOR = "/sys/bus/i2c/drivers/ina3221/7-0040/hwmon/hwmon2"
POLICY = "/sys/devices/system/cpu/cpufreq/policy0"


def xavier_nx(*options, **more):
    return vboards.Board("xavier-nx", 5, "--noise", "0", *options, **more)


class Faults(unittest.TestCase):
    def test_a_sensor_hangs_and_recovers(self):
        with xavier_nx() as board:
            began = time.monotonic()
            self.assertEqual(board.write("/.tandem/fault", f"hang path={SENSOR}/curr*_input for=0.4"),
                             "0")
            self.assertEqual(board.read(SENSOR + "/in1_label"), "VDD_IN")  # others answer
            self.assertLess(time.monotonic() - began, 0.3)
            self.assertTrue(board.read(SENSOR + "/curr1_input").isdigit())
            self.assertGreaterEqual(time.monotonic() - began, 0.39)

    def test_a_hanging_read_can_be_killed(self):
        with xavier_nx("--fault", f"hang path={SENSOR}/curr1_input") as board:
            reader = subprocess.Popen(["cat", board.path(SENSOR + "/curr1_input")],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(0.3)
            self.assertIsNone(reader.poll())
            reader.kill()
            self.assertEqual(reader.wait(timeout=5), -signal.SIGKILL)

    def test_a_board_ends_while_a_sensor_hangs(self):
        with xavier_nx("--fault", f"hang path={SENSOR}/curr1_input") as board:
            reader = threading.Thread(target=board.read, args=(SENSOR + "/curr1_input",))
            reader.start()
            time.sleep(0.2)
        reader.join(timeout=5)
        self.assertFalse(reader.is_alive())

    def test_writes_fail_as_told(self):
        with xavier_nx("--fault", f"fail path={GPU}/min_freq errno=EBUSY",
                       "--fault", f"fail path={SENSOR} errno=EIO on=read") as board:
            before = board.read(GPU + "/min_freq")
            self.assertEqual(board.write(GPU + "/min_freq", 306000000), "EBUSY")
            self.assertEqual(board.read(GPU + "/min_freq"), before)
            self.assertEqual(board.read(SENSOR + "/curr2_input"), "EIO")
            self.assertEqual(board.write("/.tandem/fault", "clear"), "0")
            self.assertEqual(board.write(GPU + "/min_freq", 306000000), "0")

    def test_probability(self):
        with xavier_nx("--fault", f"fail path={GPU}/min_freq p=0.5", "--seed", "7") as board:
            failed = sum(board.write(GPU + "/min_freq", 306000000) == "EIO" for _ in range(400))
            self.assertLess(abs(failed - 200), 50)  # five standard deviations

    def test_another_daemon_overrides(self):
        with xavier_nx() as board:
            board.write("/.tandem/fault",
                        f"override path={GPU}/min_freq value=204000000 after=0.1")
            self.assertEqual(board.write(GPU + "/min_freq", 408000000), "0")
            self.assertEqual(board.read(GPU + "/min_freq"), "408000000")
            self.assertTrue(vboards.wait_for(
                lambda: board.read(GPU + "/min_freq") == "204000000", 1))

    def test_a_rail_vanishes(self):
        with xavier_nx() as board:
            board.write("/.tandem/fault", f"vanish path={SENSOR} for=0.3")
            self.assertEqual(board.read(SENSOR + "/in1_label"), "ENOENT")
            self.assertEqual(os.listdir(os.path.dirname(board.path(SENSOR))), [])
            self.assertTrue(vboards.wait_for(
                lambda: board.read(SENSOR + "/in1_label") == "VDD_IN", 1))

    def test_slow(self):
        with xavier_nx("--fault", "slow path=/var delay=0.2") as board:
            began = time.monotonic()
            board.read("/var/lib/nvpmodel/status")
            self.assertGreaterEqual(time.monotonic() - began, 0.2)

    def test_throttling_shows_in_the_clock(self):
        # The Xavier NX's first trip: CPU 1.2672 GHz, GPU 701.25 MHz; the second 652.8, 408.
        with xavier_nx("--mode", "MODE_15W_6CORE") as board:
            board.write(POLICY + "/scaling_governor", "performance")
            board.write(GPU + "/min_freq", 1109250000)
            time.sleep(vboards.SETTLED)
            self.assertEqual(board.read(GPU + "/cur_freq"), "1109250000")
            board.write("/.tandem/fault", "throttle level=1 for=0.5")
            time.sleep(vboards.SETTLED)
            self.assertEqual(board.read(GPU + "/cur_freq"), "701250000")
            self.assertEqual(board.read(POLICY + "/scaling_cur_freq"), "1267200")
            self.assertEqual(board.read(GPU + "/min_freq"), "1109250000")
            self.assertTrue(vboards.wait_for(
                lambda: board.read(GPU + "/cur_freq") == "1109250000", 2))

    def test_bad_faults_are_refused(self):
        with xavier_nx() as board:
            for line in ("explode path=/sys", "hang", "fail path=/sys errno=E2", "slow path=/a p=2",
                         "hang path=/sys for=ever", "hang path=" + "x" * 300):
                self.assertEqual(board.write("/.tandem/fault", line), "EINVAL", line)


class Trace(unittest.TestCase):
    def test_order_and_results(self):
        with tempfile.TemporaryDirectory() as folder:
            log = os.path.join(folder, "trace")
            with xavier_nx("--trace", log) as board:
                board.write(GPU + "/max_freq", 408000000)
                board.write(GPU + "/min_freq", "nonsense")
                board.write(POLICY + "/scaling_max_freq", 1190400)
                rows = [row[1:] for row in board.trace()]
                self.assertEqual(rows, [(GPU + "/max_freq", "408000000", "0"),
                                        (GPU + "/min_freq", "nonsense", "EINVAL"),
                                        (POLICY + "/scaling_max_freq", "1190400", "0")])
                times = [float(row[0]) for row in board.trace()]
                self.assertEqual(times, sorted(times))
                with open(log, encoding="utf-8") as file:
                    self.assertEqual(file.read().rstrip("\n"), board.read("/.tandem/trace"))
                board.write("/.tandem/trace", "empty")
                self.assertEqual(board.trace(), [])


class Work(unittest.TestCase):
    def test_takes_as_long_as_it_says(self):
        with xavier_nx() as board:
            board.write(POLICY + "/scaling_governor", "performance")
            time.sleep(vboards.SETTLED)
            work = board.work()
            began = time.monotonic()
            seconds = work.seconds("kind=cpu time=0.2")
            took = time.monotonic() - began
            self.assertAlmostEqual(seconds, 0.2, delta=1e-6)  # one core at the top clock
            self.assertGreaterEqual(took, 0.2)
            self.assertLess(took, 0.35)  # machines are shared

    def test_refuses_what_it_does_not_know(self):
        with xavier_nx() as board:
            work = board.work()
            for line in ("dnn=nonsense", "share=0.5", "dnn=resnet50 share=2", "kind=magic", "hello",
                         "dnn=resnet50 batch=0", "dnn=resnet50 processor=tpu"):
                work.start(line)
                self.assertTrue(work.answer().startswith("error="), line)
            self.assertGreater(work.seconds("dnn=resnet50 share=0.01"), 0)

    def test_two_share_a_processor(self):
        with xavier_nx("--mode", "MODE_15W_6CORE") as board:
            board.write(GPU + "/min_freq", 1109250000)
            time.sleep(vboards.SETTLED)
            alone = board.work().seconds("dnn=resnet50 share=1")
            works = [board.work(), board.work()]
            for work in works:
                work.start("dnn=resnet50 share=1")
            answers = [None, None]

            def take(i):
                answers[i] = works[i].answer()

            threads = [threading.Thread(target=take, args=(i,)) for i in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            for answer in answers:  # the second one may begin a little later
                self.assertGreater(float(answer[8:]), 1.5 * alone)
                self.assertLess(float(answer[8:]), 2.1 * alone)


class TheEnd(unittest.TestCase):
    def mounted(self, place):
        with open("/proc/self/mountinfo", encoding="utf-8") as file:
            return any(line.split()[4] == os.path.realpath(place) for line in file)

    def test_unmounts(self):
        for how in (signal.SIGTERM, signal.SIGINT):
            with tempfile.TemporaryDirectory() as place:
                with xavier_nx(place=place) as board:
                    self.assertTrue(self.mounted(place))
                    self.assertEqual(board.stop(how), 0)
                    self.assertFalse(self.mounted(place))
                    self.assertEqual(os.listdir(place), [])
                    board.__enter__()

    def test_comes_back_after_being_killed(self):
        with tempfile.TemporaryDirectory() as place:
            with xavier_nx(place=place) as board:
                self.assertEqual(board.stop(signal.SIGKILL), -signal.SIGKILL)
                with self.assertRaises(OSError):
                    os.stat(place)
                board.__enter__()
                self.assertTrue(board.read(GPU + "/cur_freq").isdigit())

    def test_ready_fd(self):
        with tempfile.TemporaryDirectory() as place:
            here, there = os.pipe()
            program = subprocess.Popen([vboards.PROGRAM, "--board", "nano", "--ready-fd",
                                        str(there), place], pass_fds=[there],
                                       stdout=subprocess.DEVNULL)
            os.close(there)
            self.assertEqual(os.read(here, 100), b"ready\n")
            os.close(here)
            program.terminate()
            self.assertEqual(program.wait(timeout=20), 0)

    def test_bad_usage(self):
        for arguments in (["--board", "nano"], ["/tmp"], ["--board", "nanu", "/tmp"],
                          ["--board", "nano", "--jetpack", "6", "/tmp"],
                          ["--board", "nano", "--physics", "magic", "/tmp"],
                          ["--board", "nano", "--mode", "99W", "/tmp"],
                          ["--board", "nano", "--fault", "explode", "/tmp"],
                          ["--board", "nano", "--noise", "-1", "/tmp"]):
            done = subprocess.run([vboards.PROGRAM, *arguments], capture_output=True, text=True,
                                  check=False)
            self.assertEqual((done.returncode, done.stdout), (2, ""), arguments)
            self.assertTrue(done.stderr.startswith("tandem-vboard: "), arguments)


if __name__ == "__main__":
    missing = vboards.fuse_is_missing()
    if missing:
        print(f"skipped: {missing}")
        sys.exit(77)
    unittest.main()
