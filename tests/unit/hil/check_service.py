#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's unit file: it can write all that the board files let it write, and nothing else; and systemd
finds nothing wrong with it."""

import glob
import os
import re
import shutil
import subprocess
import sys
import unittest
import xml.etree.ElementTree as ElementTree

if "TANDEM_SERVICE" not in os.environ:
    print("skipped: there is no tandem-agent")
    sys.exit(77)
SOURCE = os.environ["TANDEM_SOURCE"]
# What stands behind a link of /sys/class on a board: not in its file, for nobody measured it there.
LINKED = {"/sys/class/hwmon/hwmon*": ("/sys/devices/pwm-fan", "/sys/devices/platform/pwm-fan")}


def written_knobs():
    """Names of the knobs that are ever written, as the hardware library says them."""
    with open(f"{SOURCE}/hil/board/hw.c", encoding="utf-8") as file:
        listed = re.search(r"tdm_hw_knobs\[\] = \{(.*?)NULL\}", file.read(), re.S)[1]
    return set(re.findall(r'"([a-z-]+)"', listed))


def written_folders():
    folders = set()
    for board in glob.glob(f"{SOURCE}/platforms/boards/*.xml"):
        for item in ElementTree.parse(board).iter("sysfs"):
            if item.get("knob") in written_knobs():
                folders.add(os.path.dirname(item.get("path")))
    return folders


class Service(unittest.TestCase):
    def setUp(self):
        with open(os.environ["TANDEM_SERVICE"], encoding="utf-8") as file:
            self.text = file.read()
        self.allowed = [path.lstrip("-") for line in re.findall(r"^ReadWritePaths=(.*)", self.text, re.M)
                        for path in line.split()]

    @staticmethod
    def is_below(path, folder):
        return path == folder or path.startswith(folder + "/")

    def test_it_can_write_every_knob(self):
        folders = written_folders()
        self.assertGreater(len(folders), 8)
        for folder in folders:
            places = LINKED.get(folder, (folder,))
            self.assertTrue(all(any(self.is_below(place, allowed) for allowed in self.allowed)
                                for place in places), folder)

    def test_it_can_write_nothing_else(self):
        places = [place for folder in written_folders() for place in LINKED.get(folder, (folder,))]
        for allowed in self.allowed:
            self.assertTrue(allowed == "/run/tandem" or any(self.is_below(place, allowed) for place in places),
                            allowed)
        self.assertIn("ProtectSystem=strict", self.text)
        self.assertIn("ProtectKernelTunables=yes", self.text)

    @unittest.skipUnless(shutil.which("systemd-analyze"), "there is no systemd-analyze")
    def test_systemd_takes_it(self):
        # The program is not where it will be installed.
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", os.environ["TANDEM_SERVICE"]],
                              capture_output=True, text=True, timeout=60, check=False)
        wrong = [line for line in done.stderr.splitlines()
                 if "tandem-agent.service" in line and "is not executable" not in line]
        self.assertEqual(wrong, [])

    @unittest.skipUnless(shutil.which("systemd-analyze"), "there is no systemd-analyze")
    def test_its_exposure_is_small(self):
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager",
                               os.environ["TANDEM_SERVICE"]], capture_output=True, text=True, timeout=60,
                              check=False)
        level = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
        if not level:
            self.skipTest("this systemd-analyze judges no files")
        print(f"exposure {level[1]} of 10")
        self.assertLess(float(level[1]), 3)


if __name__ == "__main__":
    unittest.main()
