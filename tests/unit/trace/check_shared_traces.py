# SPDX-License-Identifier: GPL-3.0-or-later
"""Every public trace that the tests are given converts, and its duration and mean rates agree with
what this file works out from the source by itself.

TANDEM_BIN is the command, TANDEM_DATA the folder that holds `traces/`; without it, nothing is
checked and the exit code is 77.
"""

import csv
import datetime
import json
import os
import pathlib
import subprocess
import sys
import tempfile


def integrate(samples):
    """[(seconds, Mbit/s)] -> (duration, mean)."""
    duration = sum(seconds for seconds, _ in samples)
    return duration, sum(seconds * rate for seconds, rate in samples) / duration


def sabre(path):
    entries = json.loads(path.read_text())
    return {"down": integrate([(e["duration_ms"] / 1e3, e["bandwidth_kbps"] / 1e3) for e in entries])}


def pensieve(path):
    rows = [tuple(map(float, line.split())) for line in path.read_text().splitlines() if line.strip()]
    return {"down": integrate([(b[0] - a[0], b[1]) for a, b in zip(rows, rows[1:])])}


def mahimahi(path):
    times = [int(line) for line in path.read_text().split()]
    way = "up" if path.suffix == ".up" else "down"
    return {way: (times[-1] / 1e3, len(times) * 1500 * 8 / 1e6 / (times[-1] / 1e3))}


def seconds(path):
    rows = [line.split(",") for line in path.read_text().split()]
    return {"down": integrate([(1, float(rate) * 8 / 1e6) for _, rate in rows])}


def ucc(path):
    with path.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    result = {}
    for way, column in (("up", "UL_bitrate"), ("down", "DL_bitrate")):
        by_second = {}
        for row in rows:
            when = datetime.datetime.strptime(row["Timestamp"], "%Y.%m.%d_%H.%M.%S").timestamp()
            known = row[column] not in ("-", "") and row["State"] != "I"
            by_second.setdefault(when, []).extend([float(row[column]) / 1e3] if known else [])
        times = sorted(by_second)
        ends = times[1:] + [times[-1] + 1]
        last = next(sum(v) / len(v) for _, v in sorted(by_second.items()) if v)
        samples = []
        for start, end in zip(times, ends):
            values = by_second[start]
            last = sum(values) / len(values) if values else last
            samples.append((end - start, last))
        result[way] = integrate(samples)
    return result


def columns(path, time, rate):
    """A generic CSV whose rows hold until the next, the last one as long as the one before."""
    with path.open(newline="") as stream:
        rows = [(float(r[time]), r[rate]) for r in csv.DictReader(stream)]
    times = [t for t, _ in rows] + [2 * rows[-1][0] - rows[-2][0]]
    last = next(float(v) for _, v in rows if v)
    samples = []
    for (start, value), end in zip(rows, times[1:]):
        last = float(value) if value else last
        samples.append((end - start, last))
    return {"down": integrate(samples)}


CASES = [
    ("norway-3g-sabre/*", "sabre", sabre),
    ("ghent-4g-sabre/*", "sabre", sabre),
    ("pensieve-norway/*", "pensieve", pensieve),
    ("pensieve-fcc/*", "pensieve", pensieve),
    ("pensieve-oboe/*", "pensieve", pensieve),
    ("pensieve-puffer/*", "pensieve", pensieve),
    ("lumos5g-sigcomm21/*/*", "pensieve", pensieve),
    ("mahimahi-mit/*", "mahimahi", mahimahi),
    ("mp-wifi-cell/*", "seconds", seconds),
    ("ucc-5g-csv/*", "ucc", ucc),
    ("5gophers-v1/*/*/walking-trace.csv", "csv",
     lambda p: columns(p, "seq_num", "throughput_mbps")),
    ("5gophers-v1/*/*/data-location*.csv", "csv",
     lambda p: columns(p, "seq_num", "throughput_mbps")),
] + [
    ("5gophers-v1/*/*/car-driving-trace-*.csv", "csv",
     lambda p, c=carrier: columns(p, "seq_num", c + "_throughput_mbps"),
     "--column", f"down={carrier}_throughput_mbps:Mbit/s")
    for carrier in ("Sprint", "TMobile", "Verizon")
]


def near(a, b, relative):
    return abs(a - b) <= relative * max(abs(a), abs(b))


def read_back(path):
    """Duration and means of a CSV that tandem wrote."""
    with path.open() as stream:
        remarks = [next(stream) for _ in range(2)]
        duration = float(remarks[0].split()[2])
        rows = list(csv.DictReader(stream))
    starts = [float(r["time_s"]) for r in rows]
    ends = starts[1:] + [duration]
    result = {}
    for way in ("up", "down"):
        if way + "_mbit_s" in rows[0]:
            result[way] = integrate([(b - a, float(r[way + "_mbit_s"]))
                                     for a, b, r in zip(starts, ends, rows)])
    return result


def check(path, format_name, wanted, options, folder):
    out = folder / "out.csv"
    done = subprocess.run([os.environ["TANDEM_BIN"], "trace", "convert", path, "-o", out, "--json",
                           *options], capture_output=True, text=True)
    if done.returncode != 0:
        return [f"exit code {done.returncode}: {done.stderr.strip()}"]
    problems = []
    stats = json.loads(done.stdout)
    got = read_back(out)
    told = json.loads(subprocess.run([os.environ["TANDEM_BIN"], "trace", "stats", path, "--json",
                                      *options], capture_output=True, text=True).stdout)
    if told["traces"][0]["format"] != format_name:
        problems.append(f"taken for {told['traces'][0]['format']}")
    for way, (duration, mean) in wanted.items():
        for name, a, b in (("duration", got[way][0], duration), ("mean", got[way][1], mean),
                           ("duration told", stats["duration_s"], duration),
                           ("mean told", stats[way]["mean_mbit_s"], mean)):
            if not near(a, b, 1e-9):
                problems.append(f"{way} {name} is {a!r}, should be {b!r}")
    return problems


def main():
    data = os.environ.get("TANDEM_DATA")
    if not data:
        print("TANDEM_DATA is not set: no public trace was checked")
        return 77
    checked = failed = 0
    with tempfile.TemporaryDirectory() as name:
        for pattern, format_name, calculate, *options in CASES:
            paths = [p for p in sorted((pathlib.Path(data) / "traces").glob(pattern)) if p.is_file()]
            if not paths:
                print(f"no {pattern} in TANDEM_DATA: not checked")
            for path in paths:
                checked += 1
                for problem in check(path, format_name, calculate(path), options,
                                     pathlib.Path(name)):
                    failed += 1
                    print(f"{path}: {problem}")
    print(f"{checked} conversions, {failed} differences")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
