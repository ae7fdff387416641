#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Installs a build into a folder of its own, moves that folder, and uses what is there the three
# ways that people do: the command, find_package, pkg-config.
# Usage: run.sh CMAKE GENERATOR BUILD-FOLDER C-COMPILER
set -eu

cmake=$1 generator=$2 build=$3 cc=$4
here=$(cd "$(dirname "$0")" && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

"$cmake" --install "$build" --prefix "$dir/first" >/dev/null
mv "$dir/first" "$dir/prefix"

"$dir/prefix/bin/tandem" --version

echo "== find_package"
"$cmake" -S "$here" -B "$dir/consumer" -G "$generator" -DCMAKE_C_COMPILER="$cc" \
    -DCMAKE_PREFIX_PATH="$dir/prefix" >"$dir/log" || { cat "$dir/log"; exit 1; }
"$cmake" --build "$dir/consumer" >"$dir/log" || { cat "$dir/log"; exit 1; }
"$dir/consumer/consumer"

echo "== pkg-config"
pc=$(find "$dir/prefix" -name tandem.pc)
PKG_CONFIG_PATH=$(dirname "$pc")
export PKG_CONFIG_PATH
# shellcheck disable=SC2046 # flags are several words
"$cc" "$here/main.c" -o "$dir/plain" $(pkg-config --cflags --libs tandem)
LD_LIBRARY_PATH=$(pkg-config --variable=libdir tandem) "$dir/plain"
test -d "$(pkg-config --variable=datadir tandem)/platforms"

echo "== exported names"
library=$(find "$dir/prefix" -name 'libtandem.so')
names=$(nm -D --defined-only "$library" | awk '$2 ~ /[A-Z]/ && $3 !~ /^tdm_/ {print $3}')
if [ -n "$names" ]; then
    printf 'libtandem.so exports what is not tdm_*:\n%s\n' "$names"
    exit 1
fi
# Every function that the header declares is there, and nothing else.
nm -D --defined-only "$library" | awk '{print $3}' | sort -u >"$dir/has"
grep -v '^ *[/*]' "$dir/prefix/include/tandem.h" | grep -o 'tdm_[a-z0-9_]*(' | tr -d '(' |
    sort -u >"$dir/wants"
diff "$dir/wants" "$dir/has" || { echo "tandem.h (<) and libtandem.so (>) differ"; exit 1; }
