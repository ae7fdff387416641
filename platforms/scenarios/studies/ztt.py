#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of policies/ztt.md: trains ztt in ztt.xml with five seeds in four ways and runs each.

    PATH=$PWD/build/release:$PATH python3 platforms/scenarios/studies/ztt.py [FOLDER]

Policies and records go to FOLDER. TANDEM names the command. Needs h5py.
"""

import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np

TANDEM = os.environ.get("TANDEM", "tandem")
SCENARIO = Path(__file__).resolve().parent / "ztt.xml"
LIMIT = 50  # degC, of the scenario
SEEDS = range(1, 6)
# The settings of the published code for the TX2, as far as there are such here.
PUBLISHED = ("hidden_1=6,hidden_2=6,hidden_3=0,rate=0.05,rate_end=1,capacity=500,warmup=200,"
             "epsilon_end=0,epsilon_steps=300,target_rate=1")
WAYS = {
    "ztt": [],
    "ztt, done=1": ["--set", "done=1"],
    "published settings": ["--environments", "1", "--steps", "40960", "--set", PUBLISHED],
    "published settings, done=1": ["--environments", "1", "--steps", "40960", "--set",
                                   PUBLISHED + ",done=1"],
}


def late_trials(file):
    """Mean reward of the trials in the second half of a training."""
    with h5py.File(file, "r") as policy:
        rewards = policy["/learning/trial_reward"][()]
    return float(np.mean(rewards[len(rewards) // 2:]))


def heat(file):
    """Share of the time at the limit or above, and the highest temperature, degC."""
    with h5py.File(file, "r") as record:
        power = record["/boards/tx2/power"]
        temperature = power["temperature"][()]
        time = power["end"][()] - power["start"][()]
    return float(np.sum(time[temperature >= LIMIT]) / np.sum(time)), float(np.max(temperature))


def run(policy, record):
    """What a run of the scenario is like; without the reward."""
    done = subprocess.run([TANDEM, "run", SCENARIO, "--policy", policy, "-o", record, "--json"],
                          check=True, capture_output=True, text=True)
    figures = json.loads(done.stdout)
    hot, highest = heat(record)
    with h5py.File(record, "r") as file:
        end = file["/boards/tx2/power/end"][-1]
    return [100 * hot, highest, 1e3 * figures["latency_s"], 100 * figures["misses"],
            figures["energy_j"], figures["board_energy_j"] / end]


def train_and_run(job):
    folder, number, way, seed = job
    file = folder / f"{number}-{seed}.h5"
    subprocess.run([TANDEM, "train", SCENARIO, "--policy", "ztt", "--seed", str(seed),
                    "--patience", "0", "-o", file, *WAYS[way]], check=True, capture_output=True)
    return [late_trials(file)] + run(f"ztt={file}", folder / f"{number}-{seed}-run.h5")


def row(name, cells):
    print("| " + " | ".join([name, *cells]) + " |")


def spread(values, digits):
    low, high = (f"{f(values):.{digits}f}" for f in (min, max))
    mean = f"{np.mean(values):.{digits}f}"
    return mean if low == high else f"{mean} ({low} to {high})"


def main():
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(sys.argv[1] if len(sys.argv) > 1 else scratch)
        folder.mkdir(parents=True, exist_ok=True)
        jobs = [(folder, n, way, seed) for n, way in enumerate(WAYS) for seed in SEEDS]
        with multiprocessing.Pool() as pool:
            found = pool.map(train_and_run, jobs, 1)
        row("", ["reward of trials", "time at 50 degC or more, %", "highest, degC", "TTI ms",
                 "late %", "ETI J", "W"])
        print("|" + "---|" * 8)
        digits = [2, 1, 1, 0, 1, 3, 1]
        for policy in "edge-only", "governed":
            figures = run(policy, folder / f"{policy}.h5")
            row(policy, ["", *(f"{f:.{d}f}" for f, d in zip(figures, digits[1:]))])
        for way in WAYS:
            runs = [f for f, job in zip(found, jobs) if job[2] == way]
            row(way, [spread([r[i] for r in runs], d) for i, d in enumerate(digits)])


if __name__ == "__main__":
    main()
