#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of policies/sac-d.md: trains sac-d in nano-exits with three seeds, and runs it and
its rivals with five.

    PATH=$PWD/build/release:$PATH python3 platforms/scenarios/studies/sac_d.py [FOLDER]

Policies and records go to FOLDER. TANDEM names the command. Needs h5py.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np

TANDEM = os.environ.get("TANDEM", "tandem")
SCENARIO = Path(__file__).resolve().parents[1] / "nano-exits.xml"
WEIGHT, NEEDED, WHOLE = 0.80, 0.55, 0.7188  # of the scenario's stream, and of its network
CLOCKS = "cpu=518.4 MHz;gpu=153.6 MHz"  # that the scenario frees
TRAINED = range(1, 4)
RUNS = range(101, 106)
RIVALS = {
    "whole, on the board": f"fixed:{CLOCKS}",
    "exit block13, on the board": f"fixed:{CLOCKS};exit=block13",
    "exit block10, on the board": f"fixed:{CLOCKS};exit=block10",
    "cut after features.4/conv.2, 8 bits": f"fixed:{CLOCKS};cut=features.4/conv.2;bits=8",
    "the input, sent": f"fixed:{CLOCKS};cut=input",
    "neurosurgeon": "neurosurgeon",
    "dynamic-split": "dynamic-split",
    "oracle": "oracle",
    "sac-d:opt": "sac-d:opt",
}
COLUMNS = ("reward", "TTI ms", "p95 ms", "late %", "accuracy %", "left early %", "sent %")


def run(policy, seed, folder):
    """The requests of a run: columns of its record."""
    record = folder / f"{multiprocessing.current_process().name}.h5"
    subprocess.run([TANDEM, "run", SCENARIO, "--policy", policy, "--seed", str(seed), "-o", record],
                   check=True, capture_output=True)
    with h5py.File(record, "r") as file:
        return {name: data[()] for name, data in file["requests"].items()}


def rewards(requests, usual):
    """What each request is worth; `usual` is the time of the whole on an idle board, s."""
    accuracy = np.nan_to_num(requests["accuracy"])
    return (WEIGHT * (accuracy - WHOLE) + (1 - WEIGHT) * (1 - requests["latency"] / usual)
            - (accuracy < NEEDED))


def figures(requests, usual):
    """One a column."""
    latency = 1e3 * requests["latency"]
    return [np.mean(np.maximum(-10, rewards(requests, usual))), np.mean(latency),
            np.percentile(latency, 95), 100 * np.mean(requests["late"]),
            100 * np.mean(requests["accuracy"]), 100 * np.mean(requests["exit"] > 0),
            100 * np.mean(requests["xi"] > 0)]


def usual_time(folder):
    """Of the whole on the board before anything else runs there, s."""
    return run(RIVALS["whole, on the board"], 1, folder)["head"][0]


def judge(job):
    folder, policy, seed, usual = job
    return figures(run(policy, seed, folder), usual)


def train(job):
    folder, seed = job
    file = folder / f"sac-d-{seed}.h5"
    subprocess.run([TANDEM, "train", SCENARIO, "--policy", "sac-d", "--seed", str(seed), "-o",
                    file], check=True, capture_output=True)
    return f"sac-d={file}"


def row(name, found):
    """The mean over runs, and of the reward how far they lie apart."""
    digits = (3, 0, 0, 1, 1, 1, 1)
    mean = np.mean(found, axis=0)
    cells = [f"{value:.{d}f}" for value, d in zip(mean, digits)]
    cells[0] += f" ± {1.96 * np.std([f[0] for f in found], ddof=1) / len(found) ** 0.5:.3f}"
    print("| " + " | ".join([name, *cells]) + " |", flush=True)


def main():
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(sys.argv[1] if len(sys.argv) > 1 else scratch)
        folder.mkdir(parents=True, exist_ok=True)
        usual = usual_time(folder)
        with multiprocessing.Pool() as pool:
            trained = pool.map(train, [(folder, seed) for seed in TRAINED], 1)
            policies = RIVALS | {f"sac-d, trained with seed {seed}": name
                                 for seed, name in zip(TRAINED, trained)}
            jobs = [(folder, policy, seed, usual) for policy in policies.values() for seed in RUNS]
            found = pool.map(judge, jobs, 1)
        print("| | " + " | ".join(COLUMNS) + " |\n|" + "---|" * (len(COLUMNS) + 1))
        for number, name in enumerate(policies):
            row(name, found[number * len(RUNS):][:len(RUNS)])


if __name__ == "__main__":
    main()
