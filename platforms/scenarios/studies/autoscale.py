# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of autoscale.md, from what autoscale.sh left in a folder."""

import json
import math
import pathlib
import sys

FOLDER = pathlib.Path(sys.argv[1])
NETWORKS = ["mobilenet-v2", "resnet50", "inception-v3", "yolov3-tiny"]
SCENARIOS = ["s1", "s2", "s3", "s4", "s5", "d1", "d2", "d3", "d4"]
RUNS = [(s, n) for s in SCENARIOS for n in (["all"] if s == "d4" else NETWORKS)]
COLUMNS = ["CPU", "edge", "cloud", "tablet", "opt", "AutoScale", "oracle"]


def read(scenario, network, reward):
    """The policies of a run, in the order of COLUMNS, and how the training went."""
    base = FOLDER / f"{scenario}.{network}.{reward}"
    policies = json.loads(base.with_name(base.name + ".compare").read_text())["policies"]
    training = json.loads(base.with_name(base.name + ".train").read_text())
    return dict(zip(COLUMNS, policies)), training


def geometric(values):
    values = list(values)
    return math.exp(sum(map(math.log, values)) / len(values))


def row(*cells):
    print("| " + " | ".join(cells) + " |")


def head(*cells):
    row(*cells)
    print("|" + "---|" * len(cells))


def cell(policy):
    """mJ a request, and where the share of late answers is not nought, that."""
    late = 100 * policy["misses"]
    return f"{1e3 * policy['energy_j']:.0f}" + (f" ({late:.0f} %)" if late >= 0.5 else "")


def energies(reward):
    head("scenario", "network", *COLUMNS, "states", "requests")
    for scenario, network in RUNS:
        policies, training = read(scenario, network, reward)
        row(scenario.upper(), network, *(cell(policies[c]) for c in COLUMNS),
            str(training["visited"]), str(training["best_steps"]))
    print()


def headlines():
    paper = {"CPU": "9.8", "edge": "2.3, recalled", "cloud": "1.6", "tablet": "2.7, recalled",
             "opt": "0.97, recalled"}
    head("energy of … over AutoScale-style's", "paper", "geometric mean", "least", "most",
         "arithmetic mean", "late: its", "late: ours", "other reward: geometric mean",
         "late: ours")
    networks = [(column, NETWORKS + ["all"]) for column in COLUMNS[:5]]
    networks.insert(3, ("cloud", NETWORKS[:3]))
    for column, some in networks:
        few = len(some) < len(NETWORKS)
        cells = [column + (", yolov3-tiny left out" if few else ""), "" if few else paper[column]]
        for reward in "autoscale", "energy":
            runs = [read(s, n, reward)[0] for s, n in RUNS if n in some]
            ratios = [r[column]["energy_j"] / r["AutoScale"]["energy_j"] for r in runs]
            late = [100 * sum(r[c]["misses"] for r in runs) / len(runs)
                    for c in (column, "AutoScale")]
            if reward == "autoscale":
                cells += [f"{geometric(ratios):.2f}", f"{min(ratios):.2f}", f"{max(ratios):.2f}",
                          f"{sum(ratios) / len(ratios):.2f}", f"{late[0]:.0f} %",
                          f"{late[1]:.0f} %"]
            else:
                cells += [f"{geometric(ratios):.2f}", f"{late[1]:.0f} %"]
        row(*cells)
    print()


def curves():
    steps = [16, 32, 48, 64, 96, 128, 192, 256, 512, 1024, 2048]
    head("requests", *map(str, steps))
    for network, scenario in (("resnet50", "s1"), ("resnet50", "d3"), ("all", "d4")):
        files = [FOLDER / f"curve.{network}.{scenario}.{n}" for n in steps]
        found = [json.loads(f.read_text()) for f in files]
        row(f"{scenario.upper()}, {network}", *(f"{-f['best_reward']:.0f}" for f in found))
    print()


def main():
    print()
    headlines()
    print("Below: mJ a request, and in brackets how many answers were late; the states that training "
          "saw, and\nthe requests after which the table that was kept was there.\n")
    print("### Trained for the paper's reward, as recalled\n")
    energies("autoscale")
    print("### Trained for energy with a penalty for late answers\n")
    energies("energy")
    print("### Learning\n")
    print("The best table so far, on a run that is not learned from: its reward, with the sign turned "
          "(about mJ a request).\n")
    curves()


main()
