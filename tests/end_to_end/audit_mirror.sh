#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The sample app from end to end: planted pipeline and planted bias come back; runs resume; a lock holds; interrupts lose nothing.
. "$PROJECT/tests/end_to_end/story.sh"
app=$PROJECT/build/mirror/mirror.apk
twin=$PROJECT/build/mirror/mirror-obf.apk
faces=$PROJECT/examples/mirror/faces/samples.csv
[ -f "$app" ] || skip "the sample app is not built: sh examples/mirror/build.sh"
by=skin,gender,hair_colour,hair_length,glasses,background,accessory
audit() { "$DAYLIGHT" audit "$1" --samples "$faces" --by $by --case "$2" "$3" "$4"; }

step "one command from the app to the report"
run 0 audit "$app" one --seed 1
contains out 'Report: .*one/report.html'
for file in inventory.json probe_plan.json pipeline.json predictions.replayed.csv assessment.json report.html journal.jsonl; do
  [ -s "one/$file" ] || fail "$file is missing"
done
run 0 "$DAYLIGHT" check one
lacks out BAD

step "the planted pipeline and the planted bias come back"
python3 "$PROJECT/tests/end_to_end/planted_truth.py" "$PROJECT/examples/mirror/truth.json" one || fail "planted truth"

step "every answer is the app's own"
python3 "$PROJECT/tests/end_to_end/app_answers.py" "$PROJECT/examples/mirror/expected_outputs.csv" one || fail "other answers than the app's"

step "every artifact follows its schema by another validator too"
if "$PROJECT/third/venv/bin/python" -c 'import jsonschema' 2>/dev/null; then
  "$PROJECT/third/venv/bin/python" - "$PROJECT/schemas" one <<'PY'
import json, pathlib, sys, jsonschema
schemas, case = map(pathlib.Path, sys.argv[1:])
for file in sorted(case.glob("*.json")):
    data = json.loads(file.read_text())
    schema = json.loads((schemas / (data["schema"].split("/")[1] + ".schema.json")).read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.Draft7Validator(schema).validate(data)
    print("  ", file.name)
PY
else
  step "(skipped: third/venv has no jsonschema; ./run test installs it)"
fi

step "a second run does nothing again"
digests one >before
run 0 audit "$app" one --seed 1
for stage in detect plan rebuild replay assess report; do contains err "^$stage +up to date"; done
digests one >after
cmp before after || fail "the second run changed a file"

step "a changed option redoes only what depends on it"
run 0 audit "$app" one --seed 2
for stage in detect plan rebuild replay; do contains err "^$stage +up to date"; done
lacks err '^assess +up to date'
lacks err '^report +up to date'

step "the same inputs give the same bytes in another folder and with another number of workers"
run 0 "$DAYLIGHT" audit "$app" --samples "$faces" --by $by --case two --seed 1 --threads 1
digests two >other
cmp before other || fail "two cases of the same inputs differ"

step "an interrupt loses nothing that was finished"
mkdir three
"$DAYLIGHT" audit "$app" --samples "$faces" --by $by --case three --seed 1 --threads 1 >out 2>err & pid=$!
for _ in $(seq 1 600); do
  if [ -s three/predictions.replayed.csv.partial ] && grep -q '^#samples' three/predictions.replayed.csv.partial; then break; fi
  sleep 0.05
done
kill -INT $pid || fail "the run had finished before the interrupt: more pictures are needed"
code=0; wait $pid || code=$?
[ $code = 130 ] || fail "the interrupted run ended with $code"
contains three/predictions.replayed.csv.partial '^#samples '
[ ! -e three/predictions.replayed.csv ] || fail "an unfinished table was published"
run 0 "$DAYLIGHT" check three
run 0 audit "$app" three --seed 1
contains err 'going on behind [0-9]+ pictures'
run 0 audit "$app" three --seed 1
digests three >third
cmp before third || fail "the resumed case differs from an uninterrupted one"

step "kill -9 loses nothing that was finished either"
"$DAYLIGHT" audit "$app" --samples "$faces" --by $by --case four --seed 1 --threads 1 >out 2>err & pid=$!
for _ in $(seq 1 600); do [ -s four/predictions.replayed.csv.partial ] && break; sleep 0.05; done
kill -9 $pid || fail "the run had finished before it was killed: more pictures are needed"
wait $pid 2>/dev/null || true
[ ! -e four/predictions.replayed.csv ] || fail "an unfinished table was published"
printf 'torn,row' >>four/predictions.replayed.csv.partial
run 0 audit "$app" four --seed 1
digests four >fourth
cmp before fourth || fail "the case differs after kill -9"

step "a pipeline that was changed by hand is used as it stands, and nobody takes it for the app's"
cp -r one six
python3 - six/pipeline.json <<'PY'
import json, sys
pipeline = json.load(open(sys.argv[1]))
scale = next(step for step in pipeline["steps"] if step["op"] == "scale")
scale["params"]["factor"] = 50
json.dump(pipeline, open(sys.argv[1], "w"))
PY
run 0 audit "$app" six --seed 1
contains err 'pipeline.json was changed by hand'
json six/predictions.replayed.csv.meta.json 'any(s["step"] == "pipeline.json" and s["proof"] == "declared" for s in d["substitutions"])'
grep -q 'changed by hand' six/report.html || fail "the report does not tell of the change"
json one/predictions.replayed.csv.meta.json 'not d["substitutions"]'

step "one run at a time on a case"
exec 9<>one/lock
flock -n 9 || fail "could not take the lock"
run 2 audit "$app" one --seed 1; one_line 'another run is at work.*;'
exec 9>&-
run 0 audit "$app" one --seed 1

step "rules that a build can stop on"
run 1 "$DAYLIGHT" audit "$app" --samples "$faces" --by $by --case one --seed 1 --fail-on disparity
run 1 "$DAYLIGHT" detect "$app" --fail-on sensitive-task

step "the ProGuard twin has the same pipeline"
run 0 audit "$twin" five --seed 1
python3 "$PROJECT/tests/end_to_end/same_pipeline.py" one/pipeline.json five/pipeline.json || fail "the twin's pipeline differs"
python3 "$PROJECT/tests/end_to_end/planted_truth.py" "$PROJECT/examples/mirror/truth.json" five || fail "planted truth in the twin"

step "pictures that cannot be read are outcomes, and the exit code says so"
mkdir s && cp -r "$(dirname "$faces")"/. s/
first=$(sed -n 2p s/samples.csv | cut -d, -f1)
printf 'this is no picture' >"s/$first"
python3 - <<'PY'
import csv
rows = list(csv.DictReader(open("s/samples.csv")))
for row in rows: row.pop("sha256", None)
with open("s/samples.csv", "w", newline="") as f:
    w = csv.DictWriter(f, rows[0].keys()); w.writeheader(); w.writerows(rows)
PY
run 3 "$DAYLIGHT" audit "$app" --samples s/samples.csv --by skin --case six
contains six/predictions.replayed.csv.meta.json "$first"
json six/assessment.json 'any(o["status"] == "parse-error" and o["n"] == 1 for o in d["outcomes"])'
echo "all well"
