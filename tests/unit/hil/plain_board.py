#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lays a board out as plain files: every file that its board file names, without a kernel behind.

    plain_board.py BOARD JETPACK FOLDER

What is written stays. A clock in force is a link to its maximum, so the board runs as fast as it
may. Also holds what Python tests of boards share.
"""

import os
import shutil
import sys
import xml.etree.ElementTree as ElementTree

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))))
CLUSTERS = {"nano": [[0, 1, 2, 3]], "tx2": [[0, 3, 4, 5], [1, 2]],
            "xavier-nx": [[0, 1], [2, 3], [4, 5]], "agx-xavier": [[0, 1], [2, 3], [4, 5], [6, 7]],
            "agx-orin": [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]}
IDENTITIES = {"nano": ("NVIDIA Jetson Nano Developer Kit", "p3449-0000-b00+p3448-0000-b00", "210"),
              "tx2": ("NVIDIA Jetson TX2 Developer Kit", "p2597-0000+p3310-1000", "186"),
              "xavier-nx": ("NVIDIA Jetson Xavier NX Developer Kit", "p3509-0000+p3668-0000", "194"),
              "agx-xavier": ("NVIDIA Jetson AGX Xavier Developer Kit", "p2822-0000+p2888-0001", "194"),
              "agx-orin": ("NVIDIA Jetson AGX Orin Developer Kit", "p3737-0000+p3701-0000", "234")}
RELEASES = {"4": "# R32 (release), REVISION: 7.1", "5": "# R35 (release), REVISION: 4.1",
            "6": "# R36 (release), REVISION: 3.0"}
VARIANTS = [("nano", "4"), ("tx2", "4"), ("xavier-nx", "4"), ("xavier-nx", "5"),
            ("agx-xavier", "5"), ("agx-orin", "6")]
BOOT = "11111111-2222-3333-4444-555555555555"
READINGS = ("cpu-now", "cpu-measured", "gpu-now")
# What may be written, and so has to be as it was in the end.
KNOBS = ("cpu-online", "cpu-governor", "cpu-max", "cpu-min", "gpu-governor", "gpu-max", "gpu-min",
         "gpu-railgate", "emc-cap", "emc-update", "emc-rate", "emc-lock", "emc-state", "fan")


def hertz(text):
    number, unit = text.split()
    return round(float(number) * {"MHz": 1e6, "GHz": 1e9}[unit])


class PlainBoard:
    def __init__(self, board, jetpack, folder):
        self.board, self.jetpack, self.folder = board, str(jetpack), folder
        self.file = ElementTree.parse(f"{SOURCE}/platforms/boards/{board}.xml").getroot()
        self.rows = [row for row in self.file.iter("sysfs") if row.get("jetpack") == self.jetpack]
        self.clocks = {domain.get("name"): [hertz(opp.get("f")) for opp in domain.iter("opp")]
                       for domain in self.file.iter("domain")}

    def path(self, path):
        return self.folder + path

    def write(self, path, text):
        os.makedirs(os.path.dirname(self.path(path)), exist_ok=True)
        with open(self.path(path), "w", encoding="ascii") as file:
            file.write(f"{text}\n")

    def read(self, path):
        with open(self.path(path), encoding="ascii") as file:
            return file.read().rstrip("\n")

    def lay(self):
        for row in self.rows:
            self.lay_row(row.get("knob"), row.get("path"))
        model, parts, chip = IDENTITIES[self.board]
        self.write("/proc/sys/kernel/random/boot_id", BOOT)
        self.write("/etc/nv_tegra_release", RELEASES[self.jetpack] + ", GCID: 0")
        for name, text in (("model", model), ("compatible", f"nvidia,{parts}\0nvidia,tegra{chip}")):
            self.write(f"/proc/device-tree/{name}", "")
            with open(self.path(f"/proc/device-tree/{name}"), "w", encoding="ascii") as file:
                file.write(text + "\0")
        return self

    def lay_row(self, knob, pattern):
        clusters, domain = CLUSTERS[self.board], knob.split("-")[0]
        table = self.clocks.get(domain, [0])
        scale = 1000 if domain == "cpu" else 1
        texts = {"min": table[0] // scale, "max": table[-1] // scale, "set": "<unsupported>",
                 "table": " ".join(str(hz // scale) for hz in table), "rate": table[0],
                 "update": table[0], "lock": 0, "state": 1, "cap": 0, "load": 0, "railgate": 1,
                 "governor": "schedutil" if domain == "cpu" else "nvhost_podgov"}
        if knob == "cpu-online":
            for cpu in range(1, sum(len(cluster) for cluster in clusters)):
                self.write(pattern.replace("*", str(cpu)), 1)
        elif domain == "cpu":
            for cluster in clusters:
                path = pattern.replace("*", str(cluster[0]))
                self.lay_one(path, knob, "scaling_max_freq", texts)
                self.write(os.path.dirname(path) + "/related_cpus",
                           " ".join(str(cpu) for cpu in cluster))
        elif domain in ("gpu", "emc"):
            self.lay_one(pattern, knob, "max_freq", texts)
        elif knob in ("thermal", "thermal-type"):
            for zone, name in enumerate(("CPU-therm", "GPU-therm", "PMIC-Die")):
                text = name if knob == "thermal-type" else 40000 + 5000 * zone
                self.write(pattern.replace("*", str(zone)), text)
        elif domain == "power":
            self.lay_sensor(knob, pattern)
        elif domain == "fan":
            self.write(pattern.replace("*", "0"), 87)

    def lay_one(self, path, knob, maximum, texts):
        if knob == "emc-rate" and any(row.get("knob") == "emc-update" for row in self.rows):
            maximum = "clk_update_rate"
        elif knob not in READINGS:
            maximum = None
        if maximum:
            os.makedirs(os.path.dirname(self.path(path)), exist_ok=True)
            os.symlink(maximum, self.path(path))
        else:
            self.write(path, texts[knob.split("-", 1)[1]])

    def labels(self, pattern):
        """Of the chip's three channels."""
        address = next(part for part in pattern.split("/") if part[1:2] == "-")
        found = ["NC"] * 3
        for rail in self.file.iter("rail"):
            place = rail.get("sensor").replace(",", "").split()
            if place[1] == address:
                found[["first", "second", "third"].index(place[2])] = rail.get("name")
        return found

    def lay_sensor(self, knob, pattern):
        hwmon = "/hwmon/" in pattern
        device = {"0-0040": 0, "0-0041": 1, "1-0041": 1}.get(pattern.split("/")[6], 0)
        for channel, label in enumerate(self.labels(pattern)):
            text = {"power-label": label, "power": 1000 * (channel + 1), "power-voltage": 5000,
                    "power-current": 200 * (channel + 1)}[knob]
            first, last = pattern.split("*", 1)[0], pattern.split("*", 1)[1]
            path = f"{first}{device + 2 if hwmon else device}{last}"
            self.write(path.replace("*", str(channel + hwmon)), text)
        if hwmon and knob == "power-label":
            self.write(os.path.dirname(pattern).replace("*", str(device + 2)) + "/in7_label",
                       "sum of shunt voltages")

    def knobs(self):
        """What all knobs hold: {path: text}."""
        held = {}
        for folder, _, names in os.walk(self.path("/sys")):
            for name in names:
                path = os.path.join(folder, name)
                if not os.path.islink(path):
                    held[path[len(self.folder):]] = self.read(path[len(self.folder):])
        return held


def main():
    board, jetpack, folder = sys.argv[1:]
    shutil.rmtree(folder, ignore_errors=True)
    PlainBoard(board, jetpack, folder).lay()


if __name__ == "__main__":
    main()
