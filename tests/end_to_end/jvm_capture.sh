#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Two published apps, one of them obfuscated, both with arm64 libraries alone: their own answers to 40 faces.
. "$PROJECT/tests/end_to_end/story.sh"
[ -f "$SHARED/data/apps/facegauge-obf.apk" ] || skip "the sample apps are not here (DAYLIGHT_SHARED)"
[ -x "$DAYLIGHT" ] && [ -f "$(dirname "$DAYLIGHT")/jvm-host/daylight-host.jar" ] || skip "this build has no jvm-host (tools/bootstrap.sh third --jvm)"
"$DAYLIGHT" doctor --json >doctor.json
python3 -c 'import json; exit(0 if json.load(open("doctor.json"))["sandbox"]["complete"] else 1)' || skip "this machine lacks parts of the sandbox"
export XDG_CACHE_HOME="$PWD/cache"
TWINS=${DAYLIGHT_TWINS:-$PROJECT/third/twins}
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

step "an app that Android's framework refuses (a split) runs from a carrier, to its detections"
peek=$SHARED/data/apps/ra-peekatbayntun.apk
run 0 "$DAYLIGHT" detect "$peek" --case peek
run 0 "$DAYLIGHT" plan "$peek" --case peek
detector=com.gulag.PeekAtBayntun.TFLiteObjectDetectionAPIModel
cat >peek.json <<JSON
{"schema": "daylight/harness/1", "entries": [{"class": "$detector", "method": "recognizeImage",
 "receiver": {"call": "$detector.create", "args": [{"assets": true}, {"const": "detect.tflite"}, {"const": "label_map.pbtxt"}, {"const": 300}, {"const": true}]},
 "args": [{"picture": {"width": 300, "height": 300}}]}]}
JSON
# 3: detections are objects of the app's own, which no row holds; the trace does.
run 3 "$DAYLIGHT" capture "$peek" --samples faces/samples.csv --case peek --limit 1 --json --harness peek.json
json out 'd["pictures"] == 1 and any("manifest of ours" in gap["why"] for gap in d["gaps"])'
run 0 "$DAYLIGHT" check peek/trace
"$DAYLIGHT" trace show peek/trace --kind argument --json >arguments
contains arguments 'Classifier\$Recognition'
"$DAYLIGHT" trace show peek/trace --kind memory-model --json >models
contains models '"format": ?"tflite"'

step "the published twin of the app's own library answers alike"
if [ -f "$TWINS/tensorflow-lite-2.14.0.aar" ]; then
  run 0 "$DAYLIGHT" capture "$SHARED/data/apps/facegauge-obf.apk" --samples faces/samples.csv --case obf --limit 40 --json --twins "$TWINS"
  json out '[(t["library"], t["proof"]) for t in d["twins"]] == [("libtensorflowlite_jni.so", "SHA-256")]'
  python3 "$PROJECT/tests/end_to_end/jvm_answers.py" obf faces || fail "the twin answers otherwise"
else
  step "(left out: no twins here; tools/get-twins.sh DIR, then DAYLIGHT_TWINS=DIR)"
fi
run 2 "$DAYLIGHT" capture "$SHARED/data/apps/facegauge-obf.apk" --samples faces/samples.csv --out none --entry o.a.a --limit 2 --twins "$PROJECT/docs"
one_line 'has a twin'

step "a harness file says how to call"
echo '{"schema": "daylight/harness/1", "entries": [{"class": "o.a", "method": "a", "receiver": {"new": "o.a", "args": [{"context": true}]},
      "args": [{"picture": {"width": 100, "height": 100}}]}]}' >harness.json
run 0 "$DAYLIGHT" capture "$SHARED/data/apps/facegauge-obf.apk" --samples faces/samples.csv --out harnessed --harness harness.json --limit 2
contains harnessed/predictions.captured.csv 'a\.a'
"$DAYLIGHT" trace show harnessed/trace --kind argument --json >arguments
contains arguments '100, ?100, ?4'
echo '{"schema": "daylight/harness/1", "entries": [{"class": "o.a", "method": "a", "args": [{"sing": 1}]}]}' >harness.json
run 2 "$DAYLIGHT" capture "$SHARED/data/apps/facegauge-obf.apk" --samples faces/samples.csv --out none --harness harness.json
one_line 'entries\[0\]\.args\[0\]'

step "an audit captures by itself, once; --static forbids it; what keeps an app from running is a gap"
head -n 4 faces/samples.csv >faces/few.csv
audit() { "$DAYLIGHT" audit "$1" --samples faces/few.csv --bootstrap 200 --min-group 2 --case "$2" $3; }
run 0 audit "$SHARED/data/apps/facegauge-obf.apk" audited ""
[ "$(grep -c captured audited/predictions.captured.csv)" = 6 ] || fail "not 3 faces with two answers"
run 0 audit "$SHARED/data/apps/facegauge-obf.apk" audited ""
contains err '^capture +up to date'
run 0 "$DAYLIGHT" check audited
run 0 audit "$SHARED/data/apps/facegauge-obf.apk" static --static
[ ! -e static/predictions.captured.csv ] && [ ! -e static/trace ] || fail "--static ran the app"
run 0 audit "$SHARED/data/apps/droidbench-Library2.apk" nothing ""
json nothing/predictions.captured.csv.meta.json 'd["rows"] == 0 and "names no method" in d["gaps"][0]["why"]'
contains nothing/report.html 'names no method'

step "what failed for a passing reason is tried again"
run 0 env XDG_CACHE_HOME=/proc/none "$DAYLIGHT" audit "$SHARED/data/apps/facegauge-obf.apk" --samples faces/few.csv --bootstrap 200 --min-group 2 --case again
json again/predictions.captured.csv.meta.json 'd["rows"] == 0 and d["provenance"]["runtime"]["failed"]'
run 0 audit "$SHARED/data/apps/facegauge-obf.apk" again ""
[ "$(grep -c captured again/predictions.captured.csv)" = 6 ] || fail "it was not tried again"
