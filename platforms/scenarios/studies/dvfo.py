# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of dvfo.md, from what dvfo.sh left in a folder."""

import json
import math
import pathlib
import sys

FOLDER = pathlib.Path(sys.argv[1])
BOARDS = ["nano", "tx2", "xavier-nx"]
NETWORKS = ["efficientnet-b0", "vit-b16", "resnet18", "mobilenet-v2", "inception-v4",
            "yolov3-tiny"]
RATES = ["0.5", "1", "2", "4", "8"]
LINKS = RATES + ["wifi-weak"]
POLICIES = ["edge-only", "edge-best", "governed", "cloud-only", "drldo", "dvfo", "oracle"]
OTHERS = [p for p in POLICIES if p != "dvfo"]
BIG = ["efficientnet-b0", "vit-b16", "inception-v4"]  # that MobileNet-v2 appeals to


def read_appeals(file):
    """Means over the seeds, whose documents follow each other."""
    text, runs = file.read_text(), []
    while text.strip():
        found, end = json.JSONDecoder().raw_decode(text.lstrip())
        text = text.lstrip()[end:]
        runs.append(found)
    return {figure: mean(run[figure] for run in runs)
            for figure in ("energy_j", "latency_s", "cost_j", "accuracy", "offloaded")}


def read():
    """By board, network and link: what each policy came to."""
    runs = {}
    for board in BOARDS:
        for network in NETWORKS:
            for link in LINKS:
                file = FOLDER / f"{board}.{network}.{link}.compare"
                policies = json.loads(file.read_text())["policies"]
                runs[board, network, link] = dict(zip(POLICIES, policies))
                if network in BIG:
                    runs[board, network, link]["appealnet"] = read_appeals(
                        file.with_suffix(".appeal"))
    return runs


def some(boards=None, networks=None, links=None):
    """The runs on some boards, networks and links; on all unless said."""
    return [run for (board, network, link), run in RUNS.items()
            if board in (boards or BOARDS) and network in (networks or NETWORKS)
            and link in (links or LINKS)]


def geometric(values):
    values = list(values)
    return math.exp(sum(map(math.log, values)) / len(values))


def mean(values):
    values = list(values)
    return sum(values) / len(values)


RUNS = read()


def ratios(runs, figure, other):
    """dvfo's figure over another policy's, run by run."""
    return [run["dvfo"][figure] / run[other][figure] for run in runs]


def lost(run, policy="dvfo"):
    """Points of accuracy that a policy gives away, as the networks' tables expect them."""
    points = 100 * (run["edge-only"]["accuracy"] - run[policy]["accuracy"])
    return round(points, 9) + 0.0  # sums of as many shares differ in the last digits


def change(ratio):
    """As a change in %; a rounded nought has no sign."""
    percent = round(100 * (ratio - 1))
    return f"{percent:+d} %" if percent else "0 %"


def row(*cells):
    print("| " + " | ".join(cells) + " |")


def head(*cells):
    row(*cells)
    print("|" + "---|" * len(cells))


def headlines():
    head("dvfo against …", "energy: geometric mean", "least", "most",
         "latency: geometric mean", "least", "most")
    row("the paper's state of the art", "-33 %", "", "", "", "-29 %", "-59 %")
    for other in OTHERS + ["appealnet"]:
        runs = some(None, BIG if other == "appealnet" else None, RATES)
        cells = []
        for figure in "energy_j", "latency_s":
            found = ratios(runs, figure, other)
            cells += [change(geometric(found)), change(max(found)), change(min(found))]
        row(other, *cells)
    print()


def links(title, figure):
    print(f"### {title}\n")
    head("board", "Mbit/s", *OTHERS)
    for board in BOARDS:
        for link in LINKS:
            runs = some([board], None, [link])
            row(board, link, *(change(geometric(ratios(runs, figure, o))) for o in OTHERS))
    print()


def costs():
    print("### Cost over the oracle's\n")
    print("Then of dvfo: requests of which something is sent, the points of accuracy that are "
          "expected to be lost,\nand the most of any network.\n")
    head("board", "Mbit/s", *POLICIES[:-1], "sent", "lost", "most")
    for board in BOARDS:
        for link in LINKS:
            runs = some([board], None, [link])
            over = [geometric(r[p]["cost_over_oracle"] for r in runs) for p in POLICIES[:-1]]
            row(board, link, *(f"{o:.2f}" for o in over),
                f"{mean(100 * r['dvfo']['offloaded'] for r in runs):.0f} %",
                f"{mean(map(lost, runs)):.2f}", f"{max(map(lost, runs)):.2f}")
    print()


def appeals():
    print("### AppealNet\n")
    print("Over the networks that MobileNet-v2 appeals to (EfficientNet-B0, ViT-B/16, "
          "Inception-v4): dvfo against\nappealnet, the costs of both and of drldo over the "
          "oracle's, which knows the big network alone, and of\nappealnet the appeals and the "
          "points of accuracy lost.\n")
    head("board", "Mbit/s", "energy", "latency", "drldo", "dvfo", "appealnet", "appeals", "lost")
    for board in BOARDS:
        for link in LINKS:
            runs = some([board], BIG, [link])
            over = [geometric(r[p]["cost_over_oracle"] for r in runs) for p in ("drldo", "dvfo")]
            over.append(geometric(r["appealnet"]["cost_j"] / r["oracle"]["cost_j"] for r in runs))
            row(board, link,
                *(change(geometric(ratios(runs, figure, "appealnet")))
                  for figure in ("energy_j", "latency_s")),
                *(f"{o:.2f}" for o in over),
                f"{mean(100 * r['appealnet']['offloaded'] for r in runs):.0f} %",
                f"{mean(lost(r, 'appealnet') for r in runs):.2f}")
    print()
    print("By network, the costs of dvfo and appealnet over the oracle's:\n")
    head("board", "Mbit/s", *(f"{network}: {policy}" for network in BIG
                              for policy in ("dvfo", "appealnet")))
    for board in BOARDS:
        for link in LINKS:
            runs = some([board], BIG, [link])
            over = [(r["dvfo"]["cost_over_oracle"],
                     r["appealnet"]["cost_j"] / r["oracle"]["cost_j"]) for r in runs]
            row(board, link, *(f"{o:.2f}" for pair in over for o in pair))
    print()


def networks():
    print("### By network\n")
    print("dvfo's cost over the oracle's (geometric mean over the boards); in brackets how many "
          "requests send\nsomething.\n")
    head("network", *LINKS)
    for network in NETWORKS:
        cells = []
        for link in LINKS:
            runs = some(None, [network], [link])
            over = geometric(r["dvfo"]["cost_over_oracle"] for r in runs)
            sent = mean(100 * r["dvfo"]["offloaded"] for r in runs)
            cells.append(f"{over:.2f} ({sent:.0f} %)")
        row(network, *cells)
    print()


def main():
    print()
    print("Over boards, networks and 0.5 to 8 Mbit/s; 'least' and 'most' are those of one board, "
          "network and link; appealnet's row is over three networks.\n")
    headlines()
    links("Energy of a request: dvfo against …", "energy_j")
    links("Latency of a request: dvfo against …", "latency_s")
    costs()
    appeals()
    networks()


main()
