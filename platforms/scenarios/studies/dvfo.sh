#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The study of DVFO: trains dvfo and drldo for every board and network, runs them on links of 0.5 to
# 8 Mbit/s beside what they are compared with, and prints the tables of dvfo.md; with --update into
# that page.
#     PATH=build/release:$PATH platforms/scenarios/studies/dvfo.sh [--update]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

boards="nano tx2 xavier-nx"
networks="efficientnet-b0 vit-b16 resnet18 mobilenet-v2 inception-v4 yolov3-tiny"
links="0.5 1 2 4 8 wifi-weak"

# The scenario with another board, network and link: scenario BOARD NETWORK LINK; that is a trace or a
# rate in Mbit/s, at which all requests are alike, so that two minutes of them will do.
scenario() {
    local cuts link="trace=\"$3\"" duration="600 s"
    case $2 in
    efficientnet-b0) cuts="features.4.2/add, features.6.3/add" ;;
    vit-b16) cuts="conv_proj, encoder_layer_5/add_1" ;;
    resnet18) cuts="layer3.1/relu_1, layer4.1/relu_1" ;;
    mobilenet-v2) cuts="features.12/add, features.16/add" ;;
    inception-v4) cuts="b7/concat, reduce_b/concat" ;;
    yolov3-tiny) cuts="pool3, pool4" ;;
    esac
    case $3 in
    [0-9]*) link="bandwidth=\"$3 Mbit/s\"" duration="120 s" ;;
    esac
    sed -e "s|type=\"nano\"|type=\"$1\"|" -e "s|dnn=\"[^\"]*\"|dnn=\"$2\"|" \
        -e "s|cut=\"[^\"]*\"|cut=\"input, $cuts\"|" -e "s|trace=\"[^\"]*\"|$link|" \
        -e "s|duration=\"[^\"]*\"|duration=\"$duration\"|" "$here/dvfo.xml"
}

# The accuracy that AppealNet is to reach with MobileNet-v2 beside a network, a point less than the network's own; nothing
# where that is no littler one of use: MobileNet-v2 itself, ResNet-18, which is less accurate, and another task's.
needed() {
    case $1 in
    efficientnet-b0) echo "76.69 %" ;;
    vit-b16) echo "80.07 %" ;;
    inception-v4) echo "79.20 %" ;;
    esac
}

# Ten seeds of AppealNet on one link, one JSON document after the other: nothing but difficulties differ.
appeal() {
    local base=$1 accuracy=$2 seed
    sed "s|<stream |<stream versions=\"mobilenet-v2\" accuracy=\"$accuracy\" difficulty=\"80 %\" |" \
        "$base.xml" >"$base.appeal.xml"
    for seed in 1 2 3 4 5 6 7 8 9 10; do
        tandem run "$base.appeal.xml" --policy appealnet --seed $seed --json
    done >"$base.appeal"
}

# What a board does with a network: two trainings, then all policies on each link, as JSON files.
study() {
    local board=$1 network=$2 base=$work/$1.$2 policy link accuracy
    accuracy=$(needed "$network")
    scenario "$board" "$network" dvfo >"$base.xml"
    for policy in dvfo drldo; do
        tandem train "$base.xml" --policy $policy --steps 98304 --environments 32 --runs 1 \
            --patience 0 --set epsilon_steps=40000,rate_steps=12000 --json -o "$base.$policy.h5" \
            >"$base.$policy.train" 2>>"$base.log"
    done
    for link in $links; do
        scenario "$board" "$network" "$link" >"$base.$link.xml"
        tandem compare "$base.$link.xml" --json 2>>"$base.log" >"$base.$link.compare" --policies \
            "edge-only,edge-best,governed,cloud-only,drldo=$base.drldo.h5,dvfo=$base.dvfo.h5"
        if [ -n "$accuracy" ]; then
            appeal "$base.$link" "$accuracy" 2>>"$base.log"
        fi
    done
}

everything() {
    local board network
    for network in $networks; do
        for board in $boards; do
            echo "study $board $network"
        done
    done
}

export here work links
export -f scenario needed appeal study
everything | xargs -P "$(nproc)" -I '{}' bash -c 'set -euo pipefail; {}' || {
    tail -n 3 "$work"/*.log >&2
    exit 1
}
if [ "${1:-}" != --update ]; then
    python3 "$here/dvfo.py" "$work"
    exit
fi
python3 "$here/dvfo.py" "$work" >"$work/results"
sed -i -e "/^<!-- results -->/,/^<!-- end -->/{/^<!--/!d}" -e "/^<!-- results -->/r $work/results" \
    "$here/dvfo.md"
