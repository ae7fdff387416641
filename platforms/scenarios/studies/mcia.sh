#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Trains mcia in mcia.xml and compares it with its rivals over three seeds that training does not
# use; prints the table of mcia.md. Takes less than five minutes. TANDEM names the command.
#
#     platforms/scenarios/studies/mcia.sh [FOLDER]    records and the trained policy go there
set -eu
here=$(dirname "$0")
tandem=${TANDEM:-tandem}
folder=${1:-$(mktemp -d)}
scenario=$here/mcia.xml
mkdir -p "$folder"

run() { # NAME POLICY ENGINE
    list=
    for seed in 101 102 103; do
        "$tandem" run "$scenario" --policy "$2" --engine "$3" --seed $seed \
            --output "$folder/$1-$seed.h5" > "$folder/$1-$seed.txt" 2>&1
        list=$list,$folder/$1-$seed.h5
    done
    records="$records $1=${list#,}"
}

if [ ! -e "$folder/mcia.h5" ]; then
    "$tandem" train "$scenario" --policy mcia --engine analytic: --output "$folder/mcia.h5"
fi
records=
run edge-only edge-only analytic:
run cloud-only-equal "fixed:cut=input;link-share=16.6 %;server-share=16.6 %" analytic:
run cloud-only-unshared cloud-only simgrid:
run mcia-equal mcia-shares:equal analytic:
run mcia-shares mcia-shares analytic:
run mcia "mcia=$folder/mcia.h5" analytic:
# shellcheck disable=SC2086 # a list of words
python3 "$here/mcia_utility.py" "$scenario" $records
