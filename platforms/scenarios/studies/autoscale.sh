#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The study of AutoScale: trains its table in every scenario and for every network, runs it beside
# what it is compared with, and prints the tables of autoscale.md; with --update into that page.
#     PATH=build/release:$PATH platforms/scenarios/studies/autoscale.sh [--update]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

networks="mobilenet-v2 resnet50 inception-v3 yolov3-tiny"
idle="cpu=115.2 MHz;gpu=114.75 MHz;emc=204 MHz"
cpu="fixed:processor=cpu;gpu=114.75 MHz"
cloud="fixed:$idle;cut=input"
tablet="fixed:$idle;cut=input;link=1"

# A scenario with another network and another reward: scenario NETWORK REWARD SCENARIO.
scenario() {
    local deadline="50 ms" accuracy="65 %"
    case $1 in
    mobilenet-v2) accuracy="50 %" ;;
    yolov3-tiny) deadline="33.3 ms" accuracy="0 %" ;;
    esac
    if [ "$1" != all ]; then
        sed -e "s|dnn=\"[^\"]*\"|dnn=\"$1\"|" -e "s|deadline=\"[^\"]*\"|deadline=\"$deadline\"|" \
            -e "s|accuracy=\"[^\"]*\"|accuracy=\"$accuracy\"|" "$here/autoscale-$3.xml"
    else
        cat "$here/autoscale-$3.xml"
    fi | sed "s|<environment |<environment reward=\"$2\" |"
}

# One row: the baselines, the table, and the best of all targets, as JSON files.
study() {
    local network=$1 reward=$2 name=$3 base=$work/$3.$1.$2
    scenario "$network" "$reward" "$name" >"$base.xml"
    tandem train "$base.xml" --policy autoscale --runs 1 --patience 120 --json -o "$base.h5" \
        >"$base.train" 2>"$base.log"
    tandem compare "$base.xml" --seeds 3 --json 2>>"$base.log" >"$base.compare" \
        --policies "$cpu,autoscale:edge,$cloud,$tablet,autoscale:opt,autoscale=$base.h5"
}

# How good the table is after so many requests, at best.
curve() {
    local base=$work/curve.$1.$2 steps
    scenario "$1" autoscale "$2" >"$base.xml"
    for steps in 16 32 48 64 96 128 192 256 512 1024 2048; do
        tandem train "$base.xml" --policy autoscale --runs 1 --patience 0 --steps $steps --json \
            -o "$base.h5" >"$base.$steps" 2>>"$base.log"
    done
}

everything() {
    local name network
    for name in s1 s2 s3 s4 s5 d1 d2 d3; do
        for network in $networks; do
            echo "study $network autoscale $name"
            echo "study $network energy $name"
        done
    done
    echo "study all autoscale d4"
    echo "study all energy d4"
    echo "curve resnet50 s1"
    echo "curve resnet50 d3"
    echo "curve all d4"
}

cp "$here"/autoscale-*.csv "$work"
export here work networks idle cpu cloud tablet
export -f scenario study curve
everything | xargs -P "$(nproc)" -I '{}' bash -c 'set -euo pipefail; {}' || {
    tail -n 3 "$work"/*.log >&2
    exit 1
}
if [ "${1:-}" != --update ]; then
    python3 "$here/autoscale.py" "$work"
    exit
fi
python3 "$here/autoscale.py" "$work" >"$work/results"
sed -i -e "/^<!-- results -->/,/^<!-- end -->/{/^<!--/!d}" -e "/^<!-- results -->/r $work/results" \
    "$here/autoscale.md"
