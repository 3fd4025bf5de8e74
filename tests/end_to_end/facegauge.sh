#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Two real apps (one obfuscated) on 600 real faces: the pipeline is the documented one, the answers are an independent runtime's.
. "$PROJECT/tests/end_to_end/story.sh"
plain=$SHARED/data/apps/facegauge-plain.apk
obf=$SHARED/data/apps/facegauge-obf.apk
faces=$SHARED/data/faces/labels.csv
for file in "$plain" "$obf" "$faces"; do [ -f "$file" ] || skip "shared data is absent: $file"; done
check() { python3 "$PROJECT/tests/end_to_end/facegauge_truth.py" "$@" "$SHARED/data/faces" || fail "$*"; }

step "the plain app, pictures fed in behind its face crop, with the kernel of the independent runtime"
run 0 "$DAYLIGHT" audit "$plain" --samples "$faces" --samples-are face-crops --resize-kernel pil-bilinear \
  --compare-kernels none --by race,gender --intersections 2 --bootstrap 500 --case plain
check plain model_age_q_years model_gender_q_pmale 0
contains plain/predictions.replayed.csv.meta.json '"samples_are": "face-crops"'

step "the obfuscated app"
run 0 "$DAYLIGHT" audit "$obf" --samples "$faces" --samples-are face-crops --resize-kernel pil-bilinear \
  --compare-kernels none --by race,gender --bootstrap 500 --case obf
check obf model_lite_age_nonq_years model_lite_gender_nonq_pmale 1
python3 "$PROJECT/tests/end_to_end/same_pipeline.py" plain/pipeline.json obf/pipeline.json || fail "the twins differ"

step "with the app's own kernel the assessment says what the kernel alone changes"
head -n 121 "$faces" >first.csv
mkdir few && cp first.csv few/samples.csv && ln -s "$SHARED/data/faces/img" few/img
run 0 "$DAYLIGHT" audit "$plain" --samples few/samples.csv --samples-are face-crops --by race,gender --bootstrap 200 --case kernel
json kernel/assessment.json '{s["alternative"] for s in d["sensitivity"]} == {"resize-kernel=pil-bilinear"}'
json kernel/assessment.json 'any(s["head"] == "age" and s["max_abs_change"] > 0 for s in d["sensitivity"])'
grep -q 'resize-kernel=pil-bilinear' kernel/report.html || fail "the report does not show the kernel's effect"

step "without --samples-are the missing face finder is replaced, and that is marked as assumed"
run 0 "$DAYLIGHT" audit "$plain" --samples few/samples.csv --compare-kernels none --by race,gender --bootstrap 200 --case finder
json finder/predictions.replayed.csv.meta.json 'd["substitutions"][0]["proof"] == "assumed" and "aar" in d["substitutions"][0]["by"]'
json finder/assessment.json 'any(o["status"] == "no-face" and o["n"] > 0 for o in d["outcomes"])'
run 0 "$DAYLIGHT" check finder; lacks out BAD

step "a damaged app is read, with a gap"
run 0 "$DAYLIGHT" detect "$SHARED/data/apps/redex-test.apk" --json
json out 'any(g["where"].endswith("/classes.dex") and "declares 597924" in g["why"] for g in d["gaps"])'
json out 'd["app"]["package"] == "com.facebook.redex.test.instr" and not d["models"]'

step "apps without machine learning stay without"
for name in emotionly instapaper blooddonation; do
  run 0 "$DAYLIGHT" detect "$SHARED/data/apps/$name.apk" --json
  json out 'not d["models"] and not d["frameworks"] and not d["tasks"]'
done
echo "all well"
