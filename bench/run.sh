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
printf 'bench: assembling the large app\n' >&2
[ -f build/bench/large.apk ] || python3 bench/large_app.py third/bench build/bench/large.apk
section detect "$python" bench/detect_bench.py "$daylight" "$data" build/bench/large.apk third/bench/venv/bin/apkid
section audit "$python" bench/audit_bench.py "$daylight" "$data"
[ ! -f bench/replay_bench.py ] || section replay "$python" bench/replay_bench.py "$PWD/build/release" "$data"
[ ! -f bench/assess_bench.py ] || section assess "$python" bench/assess_bench.py "$PWD/build/release" "$data"
cmake --build build/release --target guest_bench
cmake --build build/asan --target guest_oracle
section guest "$python" bench/guest_bench.py build/release/bench/guest_bench build/asan/oracle/guest_oracle "$data/models"
twins=${DAYLIGHT_TWINS:-third/twins}
if [ -f build/release/jvm-host/daylight-host.jar ] && [ -d "$twins" ]; then
  section capture "$python" bench/jvm_bench.py "$daylight" "$data" "$twins"
else
  echo "bench: capture is left out: it needs tools/bootstrap.sh third --jvm, and tools/get-twins.sh third/twins" >&2
fi
{ head -n 7 bench/RESULTS.md; cat "$fresh"; tail -n +8 bench/RESULTS.md; } >bench/RESULTS.new
mv bench/RESULTS.new bench/RESULTS.md
cat "$fresh"
