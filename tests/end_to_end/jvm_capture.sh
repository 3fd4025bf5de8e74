#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Two published apps, one of them obfuscated, both with arm64 libraries alone: their own answers to 40 faces.
. "$PROJECT/tests/end_to_end/story.sh"
[ -f "$SHARED/data/apps/facegauge-obf.apk" ] || skip "the sample apps are not here (DAYLIGHT_SHARED)"
[ -x "$DAYLIGHT" ] && [ -f "$(dirname "$DAYLIGHT")/jvm-host/daylight-host.jar" ] || skip "this build has no jvm-host (tools/bootstrap.sh third --jvm)"
"$DAYLIGHT" doctor --json >doctor.json
python3 -c 'import json; exit(0 if json.load(open("doctor.json"))["sandbox"]["complete"] else 1)' || skip "this machine lacks parts of the sandbox"
export XDG_CACHE_HOME="$PWD/cache"
cp -r "$SHARED/data/faces" faces
chmod -R u+w faces
cut -d, -f1-4,9 faces/labels.csv >faces/samples.csv

for app in obf plain; do
  step "$app: what the app answers"
  apk=$SHARED/data/apps/facegauge-$app.apk
  run 0 "$DAYLIGHT" detect "$apk" --case $app
  run 0 "$DAYLIGHT" plan "$apk" --case $app
  run 0 "$DAYLIGHT" capture "$apk" --samples faces/samples.csv --case $app --limit 40 --json
  json out 'd["pictures"] == 40 and d["failed"] == 0 and d["traces"] == ["trace"] and d["conversion"]["failed"] == []'
  run 0 "$DAYLIGHT" check $app/trace
  python3 "$PROJECT/tests/end_to_end/jvm_answers.py" $app faces || fail "the answers differ"
done

step "an entry that the user names"
run 0 "$DAYLIGHT" capture "$SHARED/data/apps/facegauge-obf.apk" --samples faces/samples.csv --out named --entry o.a.a --limit 2
lacks named/predictions.captured.csv 'b\.a'
step "one that is none"
run 2 "$DAYLIGHT" capture "$SHARED/data/apps/facegauge-obf.apk" --samples faces/samples.csv --out none --entry o.a.nothing --limit 2
one_line 'no method of the app can be called'
