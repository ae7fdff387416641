# SPDX-License-Identifier: GPL-3.0-or-later
"""
What a virtual board answers against what the kernels of JetPack 4, 5 and 6 do: one row a fact,
written out by hand from the kernel's sources and NVIDIA's scripts.
"""

import sys
import time
import unittest

import vboards

CPU = "/sys/devices/system/cpu"
CPUFREQ = CPU + "/cpufreq"
NANO = "/sys/devices/57000000.gpu/devfreq/57000000.gpu"
TX2 = "/sys/devices/17000000.gp10b/devfreq/17000000.gp10b"
XAVIER = "/sys/devices/17000000.gv11b/devfreq/17000000.gv11b"
ORIN = "/sys/class/devfreq/17000000.gpu"
BPMP = "/sys/kernel/debug/bpmp/debug/clk/emc"
OVERRIDE = "/sys/kernel/debug/clk/override.emc"
CAP = "/sys/kernel/nvpmodel_emc_cap/emc_iso_cap"
CAP6 = "/sys/kernel/nvpmodel_clk_cap/emc"
ZONE = "/sys/devices/virtual/thermal/thermal_zone"

# A step: (path, value, result) writes, (path, text) reads after all has settled.

# Kernel 4.9: limits that cross are refused; what is too low or high by itself is clamped.
LIMITS_4 = [
    ("{p}/scaling_max_freq", "{mid}", "0"),
    ("{p}/scaling_min_freq", "{high}", "EINVAL"),
    ("{p}/scaling_min_freq", "{least}"),
    ("{p}/scaling_max_freq", "{high}", "0"),
    ("{p}/scaling_min_freq", "{high}", "0"),
    ("{p}/scaling_max_freq", "{mid}", "EINVAL"),
    ("{p}/scaling_max_freq", "{high}"),
    ("{p}/scaling_cur_freq", "{high}"),
    ("{p}/scaling_min_freq", "{mid}", "0"),
    ("{p}/scaling_max_freq", "{mid}", "0"),
    ("{p}/scaling_cur_freq", "{mid}"),
    ("{p}/scaling_min_freq", "1", "0"),
    ("{p}/scaling_min_freq", "{least}"),
    ("{p}/scaling_max_freq", "99999999", "0"),
    ("{p}/scaling_max_freq", "{top}"),
]
# Kernel 5.x: accepted, and the maximum wins; the minimum that was asked for is not forgotten.
LIMITS_5 = [
    ("{p}/scaling_max_freq", "{mid}", "0"),
    ("{p}/scaling_min_freq", "{high}", "0"),
    ("{p}/scaling_min_freq", "{mid}"),
    ("{p}/scaling_cur_freq", "{mid}"),
    ("{p}/scaling_max_freq", "{top}", "0"),
    ("{p}/scaling_min_freq", "{high}"),
    ("{p}/scaling_cur_freq", "{high}"),
    ("{p}/scaling_max_freq", "{mid}", "0"),
    ("{p}/scaling_max_freq", "{mid}"),
    ("{p}/scaling_min_freq", "{mid}"),
    ("{p}/scaling_min_freq", "1", "0"),
    ("{p}/scaling_min_freq", "{least}"),
    ("{p}/scaling_max_freq", "99999999", "0"),
    ("{p}/scaling_max_freq", "{top}"),
]
CPUFREQ_ALL = [
    ("{p}/scaling_min_freq", "fast", "EINVAL"),
    ("{p}/scaling_min_freq", "", "EINVAL"),
    ("{p}/scaling_min_freq", "-1", "EINVAL"),
    ("{p}/scaling_cur_freq", "{mid}", "EACCES"),
    ("{p}/cpuinfo_cur_freq", "{mid}", "EACCES"),
    ("{p}/scaling_available_frequencies", "{mid}", "EACCES"),
    ("{p}/cpuinfo_min_freq", "{least}"),
    ("{p}/cpuinfo_max_freq", "{top}"),
    ("{p}/scaling_governor", "schedutil"),
    ("{p}/scaling_governor", "warp", "EINVAL"),
    ("{p}/scaling_setspeed", "<unsupported>"),
    ("{p}/scaling_setspeed", "{mid}", "EINVAL"),
    ("{p}/scaling_governor", "userspace", "0"),
    ("{p}/scaling_setspeed", "{mid}", "0"),
    ("{p}/scaling_setspeed", "{mid}"),
    ("{p}/scaling_cur_freq", "{mid}"),
    ("{p}/scaling_setspeed", "{off}", "0"),  # not in the table: the next one above
    ("{p}/scaling_cur_freq", "{up}"),
    ("{p}/scaling_governor", "performance", "0"),
    ("{p}/scaling_cur_freq", "{top}"),
    ("{p}/scaling_governor", "powersave", "0"),
    ("{p}/scaling_cur_freq", "{least}"),
    ("{p}/scaling_governor", "schedutil", "0"),
    ("{p}/scaling_setspeed", "<unsupported>"),
    ("{p}/scaling_min_freq", "{off}", "0"),  # kept as written; the clock is rounded up
    ("{p}/scaling_min_freq", "{off}"),
    ("{p}/scaling_cur_freq", "{up}"),
    ("{p}/scaling_min_freq", "{least}", "0"),
]
HOTPLUG = [
    (CPU + "/cpu0/online", "0", "EBUSY"),
    (CPU + "/cpu0/online", "1"),
    (CPU + "/cpu1/online", "2", "EINVAL"),
    (CPU + "/cpu1/cpufreq/scaling_governor", "schedutil"),
    (CPU + "/cpu1/online", "0", "0"),
    (CPU + "/cpu1/online", "0"),
    (CPU + "/cpu1/cpufreq/scaling_governor", "ENOENT"),
    (CPU + "/cpu1/cpufreq/scaling_min_freq", "{mid}", "ENOENT"),
    (CPU + "/cpu1/online", "1", "0"),
    (CPU + "/cpu1/cpufreq/scaling_governor", "schedutil"),
]
# A policy whose CPUs are all gone comes back with the kernel's defaults.
WHOLE_POLICY = [
    ("{q}/scaling_max_freq", "{mid}", "0"),
    ("{q}/scaling_governor", "performance", "0"),
    (CPU + "/cpu2/online", "0", "0"),
    ("{q}/scaling_max_freq", "{mid}"),
    (CPU + "/cpu3/online", "0", "0"),
    ("{q}/scaling_max_freq", "ENOENT"),
    ("{q}/scaling_max_freq", "{mid}", "ENOENT"),
    (CPU + "/cpu3/online", "1", "0"),
    ("{q}/scaling_max_freq", "{top}"),
    ("{q}/scaling_governor", "schedutil"),
    (CPU + "/cpu2/online", "1", "0"),
]
GPU_4 = [
    ("{g}/max_freq", "{gmid}", "0"),
    ("{g}/min_freq", "{ghigh}", "EINVAL"),  # the bug of LoudVA's script: min first on the way up
    ("{g}/max_freq", "{ghigh}", "0"),
    ("{g}/min_freq", "{ghigh}", "0"),
    ("{g}/cur_freq", "{ghigh}"),
    ("{g}/max_freq", "{gmid}", "EINVAL"),
    ("{g}/min_freq", "{gmid}", "0"),
    ("{g}/max_freq", "{gmid}", "0"),
    ("{g}/cur_freq", "{gmid}"),
    ("{g}/min_freq", "1", "0"),
    ("{g}/min_freq", "{gleast}"),
    ("{g}/max_freq", "9999999999", "0"),
    ("{g}/max_freq", "{gtop}"),
]
GPU_5 = [
    ("{g}/max_freq", "{gmid}", "0"),
    ("{g}/min_freq", "{ghigh}", "0"),
    ("{g}/min_freq", "{gmid}"),
    ("{g}/cur_freq", "{gmid}"),
    ("{g}/max_freq", "{gtop}", "0"),
    ("{g}/min_freq", "{ghigh}"),
    ("{g}/cur_freq", "{ghigh}"),
    ("{g}/min_freq", "0", "0"),
    ("{g}/min_freq", "{gleast}"),
    ("{g}/max_freq", "0", "0"),
    ("{g}/max_freq", "{gtop}"),
]
GPU_ALL = [
    ("{g}/min_freq", "slow", "EINVAL"),
    ("{g}/cur_freq", "{gmid}", "EACCES"),
    ("{g}/available_frequencies", "{gmid}", "EACCES"),
    ("{g}/governor", "nvhost_podgov"),
    ("{g}/governor", "schedutil", "EINVAL"),
    ("{g}/userspace/set_freq", "ENOENT"),
    ("{g}/governor", "userspace", "0"),
    ("{g}/userspace/set_freq", "undefined"),
    ("{g}/userspace/set_freq", "{gmid}", "0"),
    ("{g}/cur_freq", "{gmid}"),
    ("{g}/userspace/set_freq", "{goff}", "0"),  # not in the table: silently the next one above
    ("{g}/cur_freq", "{gup}"),
    ("{g}/governor", "performance", "0"),
    ("{g}/cur_freq", "{gtop}"),
    ("{g}/governor", "nvhost_podgov", "0"),
    ("{g}/cur_freq", "{gleast}"),  # idle
    ("{g}/max_freq", "{goff}", "0"),
    ("{g}/min_freq", "{goff}", "0"),
    ("{g}/cur_freq", "{gup}"),
    ("{g}/min_freq", "{gleast}", "0"),
    ("{g}/max_freq", "{gtop}", "0"),
]
EMC_BPMP = [
    (BPMP + "/max_rate", "1", "EACCES"),
    (BPMP + "/rate", "fast", "EINVAL"),
    (BPMP + "/mrq_rate_locked", "0"),
    (BPMP + "/mrq_rate_locked", "7", "EINVAL"),
    (BPMP + "/state", "1", "0"),
    (BPMP + "/rate", "{mmid}", "0"),  # rate first, then lock, as jetson_clocks does
    (BPMP + "/mrq_rate_locked", "1", "0"),
    (BPMP + "/rate", "{mmid}"),
    ("{g}/min_freq", "{gtop}", "0"),  # locked, it does not follow the GPU
    (BPMP + "/rate", "{mmid}"),
    (BPMP + "/rate", "{moff}", "0"),  # not in the table: silently the next one above
    (BPMP + "/rate", "{mup}"),
    ("{cap}", "{mmid}", "0"),  # the cap wins over the lock
    (BPMP + "/rate", "{mmid}"),
    (BPMP + "/rate", "{mtop}", "0"),
    (BPMP + "/rate", "{mmid}"),
    ("{cap}", "0", "0"),
    (BPMP + "/rate", "{mtop}"),
    (BPMP + "/mrq_rate_locked", "0", "0"),
    ("{g}/min_freq", "{gleast}", "0"),
    (BPMP + "/rate", "{floor}"),
    (BPMP + "/mrq_rate_locked", "1", "0"),
    (BPMP + "/mrq_rate_locked", "0", "0"),
    ("{cap}", "much", "EINVAL"),
]
EMC_NANO = [
    (OVERRIDE + "/clk_rate", "204000000"),  # the GPU idles at its lowest clock
    (OVERRIDE + "/clk_rate", "800000000", "EACCES"),
    ("/sys/kernel/debug/tegra_bwmgr/emc_max_rate", "1600000000"),
    ("/sys/kernel/debug/tegra_bwmgr/emc_min_rate", "1", "EACCES"),
    (OVERRIDE + "/clk_update_rate", "800000000", "0"),
    (OVERRIDE + "/clk_rate", "204000000"),  # nothing before it is activated
    (OVERRIDE + "/clk_state", "1", "0"),
    (OVERRIDE + "/clk_rate", "800000000"),
    (OVERRIDE + "/clk_update_rate", "900000000", "0"),
    (OVERRIDE + "/clk_rate", "1065600000"),
    (OVERRIDE + "/clk_state", "0", "0"),
    (OVERRIDE + "/clk_rate", "204000000"),
    (NANO + "/min_freq", "153600000", "0"),  # 1600 MHz whenever the GPU is at 153.6 or above
    (OVERRIDE + "/clk_rate", "1600000000"),
    (NANO + "/min_freq", "76800000", "0"),
]
# AGX Xavier, unlocked: the memory clock by the GPU clock, as LoudVA's logs show it.
FLOOR_AGX = [step for gpu, emc in [(114750000, 1065600000), (522750000, 1065600000),
                                   (675750000, 1600000000), (828750000, 1866000000),
                                   (1032750000, 2133000000), (1377000000, 2133000000)]
             for step in [(XAVIER + "/min_freq", str(gpu), "0"), (BPMP + "/rate", str(emc))]
             ] + [(XAVIER + "/min_freq", "0", "0")]
FAN_4 = [
    ("/sys/devices/pwm-fan/target_pwm", "120", "0"),
    ("/sys/devices/pwm-fan/cur_pwm", "120"),
    ("/sys/devices/pwm-fan/target_pwm", "999", "0"),
    ("/sys/devices/pwm-fan/target_pwm", "255"),
    ("/sys/devices/pwm-fan/target_pwm", "-1", "EINVAL"),
    ("/sys/devices/pwm-fan/cur_pwm", "1", "EACCES"),
]
FAN_5 = [
    ("/sys/class/hwmon/hwmon0/pwm1", "120", "0"),
    ("/sys/class/hwmon/hwmon0/pwm1", "120"),
    ("/sys/class/hwmon/hwmon0/pwm1", "256", "EINVAL"),
    ("/sys/class/hwmon/hwmon0/pwm1", "120"),
    ("/sys/class/hwmon/hwmon0/name", "pwmfan"),
]
RAILGATE = [
    ("{d}/railgate_enable", "1"),
    ("{d}/railgate_enable", "maybe", "EINVAL"),
    ("{d}/railgate_enable", "0", "0"),
    ("{d}/railgate_enable", "0"),
    ("{d}/tpc_pg_mask", "0", "EBUSY"),  # only while the GPU is off
]


class Variant:
    def __init__(self, name, board, jetpack, steps, **words):
        self.name, self.board, self.jetpack, self.steps = name, board, jetpack, steps
        self.words = words


COMMON_4 = CPUFREQ_ALL + LIMITS_4 + HOTPLUG + GPU_ALL + GPU_4 + FAN_4 + RAILGATE
COMMON_5 = CPUFREQ_ALL + LIMITS_5 + HOTPLUG + WHOLE_POLICY + GPU_ALL + GPU_5 + FAN_5

VARIANTS = [
    Variant("Nano, JetPack 4", "nano", 4, EMC_NANO + COMMON_4, p=CPUFREQ + "/policy0", g=NANO,
            d="/sys/devices/57000000.gpu", least=102000, mid=921600, off=930000, up=1036800,
            high=1224000, top=1479000, gleast=76800000, gmid=460800000, goff=640000000,
            gup=691200000, ghigh=768000000, gtop=921600000),
    Variant("TX2, JetPack 4", "tx2", 4, COMMON_4 + EMC_BPMP, p=CPUFREQ + "/policy0", g=TX2,
            d="/sys/devices/17000000.gp10b", cap=CAP, least=345600, mid=806400, off=806401,
            up=960000, high=1420800, top=2035200, gleast=114750000, gmid=522750000,
            goff=828750000, gup=854250000, ghigh=1122000000, gtop=1300500000, mmid=800000000,
            moff=1333000000, mup=1600000000, mtop=1866000000, floor=408000000),
    Variant("Xavier NX, JetPack 4", "xavier-nx", 4, COMMON_4 + WHOLE_POLICY + EMC_BPMP,
            p=CPUFREQ + "/policy0", q=CPUFREQ + "/policy2", g=XAVIER,
            d="/sys/devices/17000000.gv11b", cap=CAP, least=115200, mid=1190400, off=1190401,
            up=1267200, high=1420800, top=1907200, gleast=114750000, gmid=510000000,
            goff=520000000, gup=599250000, ghigh=803250000, gtop=1109250000, mmid=665600000,
            moff=1333000000, mup=1600000000, mtop=1866000000, floor=204000000),
    Variant("Xavier NX, JetPack 5", "xavier-nx", 5, COMMON_5 + RAILGATE + EMC_BPMP,
            p=CPUFREQ + "/policy0", q=CPUFREQ + "/policy2", g=XAVIER,
            d="/sys/devices/17000000.gv11b", cap=CAP, least=115200, mid=1190400, off=1190401,
            up=1267200, high=1420800, top=1907200, gleast=114750000, gmid=510000000,
            goff=520000000, gup=599250000, ghigh=803250000, gtop=1109250000, mmid=665600000,
            moff=1333000000, mup=1600000000, mtop=1866000000, floor=204000000),
    Variant("AGX Xavier, JetPack 5", "agx-xavier", 5,
            COMMON_5 + RAILGATE + FLOOR_AGX + EMC_BPMP, p=CPUFREQ + "/policy0",
            q=CPUFREQ + "/policy2", g=XAVIER, d="/sys/devices/17000000.gv11b", cap=CAP,
            least=115200, mid=1190400, off=1190401, up=1267200, high=2188800, top=2265600,
            gleast=114750000, gmid=522750000, goff=530000000, gup=624750000, ghigh=905250000,
            gtop=1377000000, mmid=1331200000, moff=1333000000, mup=1600000000, mtop=2133000000,
            floor=1065600000),
    Variant("AGX Orin, JetPack 6", "agx-orin", 6, CPUFREQ_ALL + LIMITS_5 + HOTPLUG + GPU_ALL
            + GPU_5 + FAN_5 + EMC_BPMP, p=CPUFREQ + "/policy0", g=ORIN, cap=CAP6, least=115200,
            mid=1113600, off=1113601, up=1190400, high=1728000, top=2201600, gleast=306000000,
            gmid=612000000, goff=650000000, gup=714000000, ghigh=918000000, gtop=1300500000,
            mmid=665600000, moff=700000000, mup=2133000000, mtop=3199000000, floor=2133000000),
]


def start_from_nothing(board, variant):
    """Takes off what the power mode has set, as after `echo … >` by hand."""
    words = variant.words
    for policy in sorted(vboards.os.listdir(board.path(CPUFREQ))):
        board.write(f"{CPUFREQ}/{policy}/scaling_max_freq", words["top"])
        board.write(f"{CPUFREQ}/{policy}/scaling_min_freq", words["least"])
    board.write(words["g"] + "/max_freq", words["gtop"])
    board.write(words["g"] + "/min_freq", words["gleast"])
    if "cap" in words:
        board.write(words["cap"], 0)
    time.sleep(vboards.SETTLED)


class Kernel(unittest.TestCase):
    def settled(self, board, path, expected):
        vboards.wait_for(lambda: board.read(path) == expected, 0.3)
        return board.read(path)

    def test_every_variant(self):
        for variant in VARIANTS:
            with vboards.Board(variant.board, variant.jetpack) as board:
                start_from_nothing(board, variant)
                for number, step in enumerate(variant.steps):
                    path, value, *result = (part.format(**variant.words) for part in step)
                    with self.subTest(variant.name, step=number, path=path, value=value):
                        if result:
                            self.assertEqual(board.write(path, value), result[0])
                        else:
                            self.assertEqual(self.settled(board, path, value), value)

    def test_power_modes_hold_from_the_start(self):
        # The Xavier NX's default: 10W_DESKTOP, 4 cores at 1.9072 GHz, GPU 510, EMC 1600 MHz.
        with vboards.Board("xavier-nx", 5) as board:
            self.assertEqual(board.read(CPU + "/online"), "0-3")
            self.assertEqual(board.read(CPU + "/offline"), "4-5")
            self.assertEqual(board.read(CPUFREQ + "/policy0/scaling_min_freq"), "1190400")
            self.assertEqual(board.read(XAVIER + "/max_freq"), "510000000")
            self.assertEqual(board.read(CAP), "1600000000")
            self.assertEqual(board.read("/var/lib/nvpmodel/status"), "pmode:0005")
        with vboards.Board("tx2", 4, "--mode", "MAXQ") as board:  # the four A57
            self.assertEqual(board.read(CPU + "/online"), "0,3-5")
            self.assertEqual(sorted(vboards.os.listdir(board.path(CPUFREQ))), ["policy0"])
        with vboards.Board("nano", 4, "--mode", "5W") as board:
            self.assertEqual(board.read(CPU + "/online"), "0-1")
            self.assertEqual(board.read(NANO + "/max_freq"), "614400000")

    def test_zones(self):
        with vboards.Board("agx-xavier", 5, "--warm", "41.4", "--ambient", "36") as board:
            zones = {board.read(f"{ZONE}{i}/type"): f"{ZONE}{i}/temp" for i in range(6)}
            self.assertEqual(board.read(zones["CPU-therm"]), "41500")  # steps of half a degree
            self.assertEqual(board.read(zones["PMIC-Die"]), "50000")  # whatever happens
            self.assertTrue(vboards.wait_for(lambda: board.read(zones["GPU-therm"]) == "EAGAIN"))
            board.write("/sys/devices/17000000.gv11b/railgate_enable", 0)
            self.assertEqual(board.read(zones["GPU-therm"]), "41500")
        with vboards.Board("agx-orin", 6) as board:
            self.assertEqual(board.read(ZONE + "2/type"), "cv0-thermal")
            self.assertEqual(board.read(ZONE + "2/temp"), "EAGAIN")  # without power

    def test_who_it_says_it_is(self):
        for board_name, jetpack, word, release in [("nano", 4, "Nano", "R32"),
                                                   ("tx2", 4, "TX2", "R32"),
                                                   ("xavier-nx", 5, "Xavier NX", "R35"),
                                                   ("agx-orin", 6, "AGX Orin", "R36")]:
            with vboards.Board(board_name, jetpack, "--boot-id", "first-boot") as board:
                self.assertIn(word, board.read("/proc/device-tree/model"))
                self.assertTrue(board.read("/proc/device-tree/model").endswith("\0"))
                self.assertTrue(board.read("/etc/nv_tegra_release").startswith(f"# {release} "))
                self.assertEqual(board.read("/proc/sys/kernel/random/boot_id"), "first-boot")

    def test_sensors_by_kernel(self):
        """Labels and channels; the idle power within a quantum (and drift) of the truth."""
        iio = "/sys/bus/i2c/drivers/ina3221x/7-0040/iio:device0"
        with vboards.Board("xavier-nx", 4, "--noise", "0") as board:
            self.assertEqual([board.read(f"{iio}/rail_name_{k}") for k in range(3)],
                             ["VDD_IN", "VDD_CPU_GPU_CV", "VDD_SOC"])
            watts = board.truth()["rail.VDD_IN.power_w"]
            began = time.monotonic()
            shown = float(board.read(iio + "/in_power0_input")) / 1e3
            self.assertGreaterEqual(time.monotonic() - began, 2.2e-3)  # one conversion
            self.assertLessEqual(abs(shown - watts), 0.0201)
            self.assertEqual(board.write(iio + "/in_power0_input", 1), "EACCES")
            self.assertEqual(board.write(iio + "/warn_current_limit_0", 3000), "0")
            self.assertEqual(board.read(iio + "/warn_current_limit_0"), "3000")
        with vboards.Board("agx-orin", 6) as board:
            hwmon = "/sys/bus/i2c/drivers/ina3221/1-0041/hwmon/hwmon3"
            self.assertEqual([board.read(f"{hwmon}/in{k}_label") for k in (1, 2, 3)],
                             ["NC", "VDDQ_VDD2_1V8AO", "NC"])
            self.assertEqual(board.read(hwmon + "/in7_label"), "sum of shunt voltages")
            self.assertEqual(board.read("/sys/class/hwmon/hwmon3/in2_label"), "VDDQ_VDD2_1V8AO")

    def test_looks_like_sysfs(self):
        with vboards.Board("nano", 4) as board:
            path = board.path(NANO + "/min_freq")
            self.assertEqual(vboards.os.stat(path).st_size, 4096)
            with open(path, "rb", buffering=0) as file:  # reading at 0 asks anew
                before = file.read(100)
                board.write(NANO + "/min_freq", 460800000)
                file.seek(0)
                self.assertEqual(file.read(100), b"460800000\n")
                self.assertNotEqual(before, b"460800000\n")
            self.assertEqual(board.read("/sys/devices/gpu.0/devfreq/57000000.gpu/min_freq"),
                             "460800000")
            self.assertEqual(board.read("/sys/class/devfreq/57000000.gpu/min_freq"), "460800000")
            self.assertEqual(board.read("/sys/nothing"), "ENOENT")


if __name__ == "__main__":
    missing = vboards.fuse_is_missing()
    if missing:
        print(f"skipped: {missing}")
        sys.exit(77)
    unittest.main()
