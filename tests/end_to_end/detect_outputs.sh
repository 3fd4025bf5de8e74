#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What detect gives out besides inventory.json, on real apps: tables, SARIF and ML-BOM that the official schemas accept.
. "$PROJECT/tests/end_to_end/story.sh"
apps=$SHARED/data/apps
export XDG_DATA_HOME="$story_folder/data"
plain=$apps/facegauge-plain.apk
for file in "$plain" "$apps/ra-faceapp.apk" "$apps/facedetection-1core.apk"; do [ -f "$file" ] || skip "shared data is absent: $file"; done

step "the table names models, runtimes, calls and tasks in lines that fit"
run 0 "$DAYLIGHT" detect "$plain"
contains out '^Models \(2\)'; contains out 'assets/model_age_q.tflite'; contains out '2\.14\.0'; contains out 'age +sensitive'
[ "$(awk '{ gsub(/[\200-\277]/, "") } length > 100' out | wc -l)" = 0 ] || fail "a line is too long"
run 0 "$DAYLIGHT" detect "$apps/facedetection-1core.apk"; contains out '^Models: none'; contains out 'face detection'

step "one line for each model"
run 0 "$DAYLIGHT" detect "$plain" --tsv
[ "$(wc -l <out)" = 3 ] || fail "not a header and two models"
[ "$(awk -F'\t' '{ print NF }' out | sort -u)" = 24 ] || fail "not 24 columns everywhere"
run 2 "$DAYLIGHT" detect "$plain" --tsv --json; one_line 'json and --tsv'

step "SARIF and ML-BOM follow the official schemas, twice the same bytes, without places of this machine"
oracles=$PROJECT/third/venv/bin/python
schemas=$PROJECT/third/schemas
for app in facegauge-plain ra-faceapp facedetection-1core facegauge-obf; do
  run 0 "$DAYLIGHT" detect "$apps/$app.apk" --sarif "$app.sarif" --mlbom "$app.cdx.json"
  run 0 "$DAYLIGHT" detect "$apps/$app.apk" --case "case-$app" --sarif again.sarif --mlbom again.cdx.json
  cmp "$app.sarif" again.sarif || fail "SARIF differs from run to run"
  cmp "$app.cdx.json" again.cdx.json || fail "the ML-BOM differs from run to run"
  lacks "$app.sarif" "$PWD|$SHARED"; lacks "$app.cdx.json" "$PWD|$SHARED"
done
json facegauge-plain.sarif '{r["level"] for r in d["runs"][0]["results"] if r["ruleId"] in ("task/age", "task/gender")} == {"warning"}'
json facegauge-plain.sarif '{r["level"] for r in d["runs"][0]["results"] if r["ruleId"] == "task/face-detection"} == {"note"}'
json facegauge-plain.cdx.json 'sorted(p["value"] for c in d["components"] for p in c["properties"] if p["name"] == "daylight:location" and c["type"] == "machine-learning-model") == ["assets/model_age_q.tflite", "assets/model_gender_q.tflite"]'
if [ -f "$schemas/bom-1.6.schema.json" ] && "$oracles" -c 'import jsonschema, referencing' 2>/dev/null; then
  "$oracles" "$PROJECT/tests/end_to_end/exchange_schemas.py" "$schemas" ./*.sarif ./*.cdx.json || fail "the schemas refuse"
else
  step "(skipped: third/ has no official schemas; ./run test installs them)"
fi

step "an output never replaces the app"
cp "$plain" app.apk; run 2 "$DAYLIGHT" detect app.apk --sarif ./app.apk; one_line 'input'; cmp "$plain" app.apk
run 2 "$DAYLIGHT" detect app.apk --sarif x --mlbom x; one_line 'both'
step "extracted models have the digests of the inventory, in a folder that was free"
run 0 "$DAYLIGHT" detect "$plain" --extract models --json
json out 'len(d["models"]) == 2'
json models/index.json 'all(m["path"] and m["location"]["entry"] for m in d["models"]) and not d["failed"]'
for pair in $(python3 -c 'import json; print(*[m["sha256"] + ":" + m["path"] for m in json.load(open("models/index.json"))["models"]])'); do
  echo "${pair%%:*}  models/${pair#*:}" | sha256sum --check --quiet - || fail "$pair"
done
run 0 "$DAYLIGHT" check models/index.json; lacks out BAD
run 2 "$DAYLIGHT" detect "$plain" --extract models; one_line 'folder with files'
run 0 "$DAYLIGHT" detect "$plain" --extract models --force

step "a model that is hidden by XOR in a ZIP is written as it was, and its key is shown nowhere else"
python3 - "$plain" <<'PY'
import io, sys, zipfile
model = zipfile.ZipFile(sys.argv[1]).read("assets/model_gender_q.tflite")
key = bytes.fromhex("c35a9e17d2")
inner = io.BytesIO()
with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as box:
    box.writestr("deep/data.bin", bytes(b ^ key[i % len(key)] for i, b in enumerate(model)))
with zipfile.ZipFile(sys.argv[1]) as old, zipfile.ZipFile("hidden.apk", "w") as new:
    for name in ("AndroidManifest.xml", "classes.dex"):
        new.writestr(name, old.read(name))
    new.writestr("assets/pack.zip", inner.getvalue())
PY
run 0 "$DAYLIGHT" detect hidden.apk --extract hidden --sarif hidden.sarif --mlbom hidden.cdx.json --out hidden.json
json hidden.json '[m["encryption"]["state"] for m in d["models"]] == ["xor"]'
json hidden/index.json 'd["models"][0]["decrypted"] and d["models"][0]["path"] == "model-1-data.tflite"'
unzip -p "$plain" assets/model_gender_q.tflite | cmp - hidden/model-1-data.tflite || fail "another model"
key=$(python3 -c 'import json; print(json.load(open("hidden.json"))["models"][0]["encryption"]["key"])')
for file in out hidden.sarif hidden.cdx.json; do lacks "$file" "$key"; done
run 0 "$DAYLIGHT" detect hidden.apk --tsv; lacks out "$key"; contains out 'xor'
run 0 "$DAYLIGHT" diff "$plain" hidden.json; lacks out "$key"

step "a mapping file names what the build renamed"
mapping=$SHARED/data/apps-truth/facegauge-obf.mapping.txt
run 0 "$DAYLIGHT" detect "$apps/facegauge-obf.apk" --mapping "$mapping" --case mapped
json mapped/inventory.json 'all(c["original_caller"].startswith("Lorg/corpus/portrait/") for c in d["calls"] if not c["api"].startswith("native:"))'
json mapped/inventory.json '[i["role"] for i in d["provenance"]["inputs"]] == ["app", "mapping"]'
run 0 "$DAYLIGHT" check mapped; lacks out BAD
run 0 "$DAYLIGHT" detect "$apps/facegauge-obf.apk" --mapping "$mapping"; contains out 'predictAge'
run 2 "$DAYLIGHT" detect "$plain" --mapping "$plain"; one_line 'mapping'
run 2 "$DAYLIGHT" detect "$plain" --mapping absent.txt; one_line 'absent.txt'
step "a difference: an app and itself, and its renamed twin by way of a case and an inventory"
run 0 "$DAYLIGHT" diff "$plain" "$plain" --fail-on change; contains out '^Nothing changed'
run 0 "$DAYLIGHT" detect "$plain" --out plain.json
run 1 "$DAYLIGHT" diff plain.json case-facegauge-obf --json --fail-on change
json out '[c["status"] for c in d["calls"] if not c["api"].startswith("native:")] == ["moved"] * 20'
json out 'not {"new", "lost"} & set(d["counts"]["calls"]) and d["counts"]["models"] == {"replaced": 2} and d["changed"]'
cp out diff.json; run 0 "$DAYLIGHT" check diff.json; lacks out BAD
run 1 "$DAYLIGHT" diff "$apps/instapaper.apk" plain.json --fail-on new-sensitive-task
grep -q "'new-sensitive-task' is broken: age gender" err || fail "the rule does not name the tasks"
run 2 "$DAYLIGHT" diff plain.json absent.apk; one_line 'absent.apk'
step "a model that the user knows is recognised in every app, by its bytes"
run 0 "$DAYLIGHT" models list; contains out 'builtin'; lacks out '^own'
run 0 "$DAYLIGHT" detect "$apps/ra-faceapp.apk" --extract faceapp --json
json out 'not any(m.get("known") for m in d["models"]) and d["tasks"][0]["task"] == "other"'
run 2 "$DAYLIGHT" models add faceapp/model-1-style_predict_quantized_256.tflite --name x --task no-such; one_line 'no-such.*age'
run 0 "$DAYLIGHT" models add faceapp/model-1-style_predict_quantized_256.tflite --name "Style Predict" --task image-classification --source "a test"
json out 'd["name"] == "Style Predict" and len(d["sha256"]) == 64'
run 0 "$DAYLIGHT" models list; contains out '^own .*image-classification +Style Predict'
run 0 "$DAYLIGHT" detect "$apps/ra-faceapp.apk" --json
json out 'd["models"][0]["known"] == "Style Predict" and d["tasks"][0]["task"] == "image-classification" and d["tasks"][0]["confidence"] == "high"'
run 0 "$DAYLIGHT" detect "$apps/ra-faceapp.apk"; contains out 'published as Style Predict'
run 0 "$DAYLIGHT" detect "$plain" --json
json out 'all("Age-Gender_Estimation" in m["known"] for m in d["models"])'
run 2 "$DAYLIGHT" detect "$plain" --known absent.json; one_line 'absent.json'
echo '{"schema": "daylight/known-models/1", "models": [{"name": "x"}]}' >bad.json
run 2 "$DAYLIGHT" detect "$plain" --known bad.json; one_line 'no digest'
echo "all well"
