#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The utilities of records of one scenario, by MCIA's measure, one line a group of records.

    python3 mcia_utility.py SCENARIO.xml edge-only=A.h5 NAME=B.h5,C.h5 …

A request is worth w accuracy - (1 - w) TTI / Tref: w is the weight of its stream, Tref the time
that its own network takes on the board alone, which the records of 'edge-only' tell. What was
dropped or never answered is not in it, and counted apart. Needs h5dump (hdf5-tools).
"""

import array
import statistics
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

TYPES = {"stream": "i", "version": "i", "point": "i", "xi": "d", "latency": "d", "accuracy": "d",
         "head": "d", "waited": "d"}
LEVEL = 4.303  # Student's t, 95 %, of three seeds


def column(record, name):
    """One column of a record's requests."""
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw"
        subprocess.run(["h5dump", "-d", f"/requests/{name}", "-b", "NATIVE", "-o", str(raw), record],
                       check=True, stdout=subprocess.DEVNULL)
        values = array.array(TYPES[name])
        values.frombytes(raw.read_bytes())
        return values


def read(record):
    return {name: column(record, name) for name in TYPES}


def weights(scenario):
    """Of each stream, in the order of the scenario."""
    streams = ElementTree.parse(scenario).getroot().findall("stream")
    return [float(s.get("weight", "50 %").rstrip(" %")) / 100 for s in streams]


def reference_times(requests):
    """By stream: the shortest that its own network took on the board alone."""
    times = {}
    for stream, head in zip(requests["stream"], requests["head"]):
        times[stream] = min(head, times.get(stream, head))
    return times


def utilities(requests, weight, reference):
    for i, stream in enumerate(requests["stream"]):
        w = weight[stream]
        yield (w * requests["accuracy"][i]
               - (1 - w) * requests["latency"][i] / reference[stream])


def mean_of(requests, name, only):
    values = [v for v, s in zip(requests[name], requests["stream"]) if s in only]
    return statistics.fmean(values)


def describe(name, runs, weight, reference):
    each = [statistics.fmean(utilities(r, weight, reference)) for r in runs]
    half = LEVEL * statistics.stdev(each) / len(each) ** 0.5 if len(each) == 3 else float("nan")
    right = {s for s, w in enumerate(weight) if w >= 0.9}
    quick = set(range(len(weight))) - right
    figures = [statistics.fmean(each), half]
    for group in (right, quick):
        figures.append(100 * statistics.fmean(mean_of(r, "accuracy", group) for r in runs))
        figures.append(1e3 * statistics.fmean(mean_of(r, "latency", group) for r in runs))
    figures.append(100 * statistics.fmean(statistics.fmean(x > 0 for x in r["xi"]) for r in runs))
    figures.append(1e3 * statistics.fmean(statistics.fmean(r["waited"]) for r in runs))
    print("| {} | {:.4f} ± {:.4f} | {:.1f} | {:.0f} | {:.1f} | {:.0f} | {:.0f} | {:.0f} |".format(
        name, *figures))


def main():
    weight = weights(sys.argv[1])
    groups = [argument.split("=", 1) for argument in sys.argv[2:]]
    records = {name: [read(path) for path in paths.split(",")] for name, paths in groups}
    reference = reference_times(records["edge-only"][0])
    print("| policy | utility a request, ± 95 % | right: accuracy, % | TTI, ms | quick: accuracy, % "
          "| TTI, ms | sent, % | waited, ms |")
    print("|---|---|---|---|---|---|---|---|")
    for name, runs in records.items():
        describe(name, runs, weight, reference)


if __name__ == "__main__":
    main()
