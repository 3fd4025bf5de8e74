#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs every benchmark that its data allows and puts the sections into bench/RESULTS.md, newest first.
set -eu
cd "$(dirname "$0")/.."
daylight=build/release/daylight
data=${DAYLIGHT_SHARED:-../shared}/data
python=third/venv/bin/python
fresh=$(mktemp)
trap 'rm -f "$fresh"' EXIT

section() { # NAME COMMAND...
  name=$1; shift
  printf 'bench: %s\n' "$name" >&2
  "$@" >>"$fresh" || { printf 'bench: %s failed\n' "$name" >&2; exit 1; }
}

[ -d "$data" ] || { echo "bench: $data is absent: nothing was measured" >&2; exit 2; }
section detect "$python" bench/detect_bench.py "$daylight" "$data"
section audit "$python" bench/audit_bench.py "$daylight" "$data"
[ ! -f bench/replay_bench.py ] || section replay "$python" bench/replay_bench.py "$PWD/build/release" "$data"
[ ! -f bench/assess_bench.py ] || section assess "$python" bench/assess_bench.py "$PWD/build/release" "$data"
{ head -n 6 bench/RESULTS.md; cat "$fresh"; tail -n +7 bench/RESULTS.md; } >bench/RESULTS.new
mv bench/RESULTS.new bench/RESULTS.md
cat "$fresh"
