#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# A sweep by GNU parallel, on this machine or, with more of its options, on several that share a
# folder: sh parallel.sh GRID DIR [OPTION OF PARALLEL]...
# Called again, it does what is not finished. It ends with the number of tasks that failed.
set -eu
grid=$1 records=$2
shift 2
count=$(tandem sweep "$grid" --count)
seq "$count" | parallel "$@" tandem sweep "$grid" --task '{}' -o "$records"
