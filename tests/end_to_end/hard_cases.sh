#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Models hidden in every way that apps hide them are found, proved and written out; nothing is invented.
. "$PROJECT/tests/end_to_end/story.sh"
aar=$PROJECT/third/mirror/tensorflow-lite-2.14.0.aar
[ -f "$aar" ] || skip "the sample app's libraries are not here: sh examples/mirror/build.sh"
cases() { python3 "$PROJECT/tests/end_to_end/hard_cases.py" "$@"; }

# hidden NAME MODEL: all ways for one model, in a folder of its own.
hidden() {
  mkdir "$1" && cd "$1"
  step "$1: hide one model in every way"
  mkdir app && cases make app "$2" "$aar"

  step "$1: every one is found with its key, nothing else is"
  run 0 "$DAYLIGHT" detect app --json
  cp out inventory.json
  cases check cases.json inventory.json || fail "the inventory is not what was hidden"
  models=$(python3 -c 'import json; print(len(json.load(open("inventory.json"))["models"]))')
  run 0 "$DAYLIGHT" detect app; contains out "^Models \\($models\\)"
  run 0 "$DAYLIGHT" detect app --tsv; [ "$(wc -l <out)" = $((models + 1)) ] || fail "not a line for each model"

  step "$1: the same as an archive, and with the files in an app's data"
  (cd app && python3 -m zipfile -c ../app.zip assets res lib)
  run 0 "$DAYLIGHT" detect app.zip --json
  cp out zip.json && cases check cases.json zip.json || fail "the inventory of the archive is not what was hidden"
  mkdir base && cp "$PROJECT/README.md" base/
  run 0 "$DAYLIGHT" detect base --app-data app --json
  json out "len(d['models']) == $models and all(m['location']['entry'][0] == '~app-data' for m in d['models'])"

  step "$1: the models come out as they were put in"
  run 0 "$DAYLIGHT" detect app --extract written
  python3 - <<'PYTHON' || fail "a model was not written out whole"
import hashlib, json, pathlib
want = json.load(open("cases.json"))
whole = [p for p in pathlib.Path("written").iterdir() if hashlib.sha256(p.read_bytes()).hexdigest() == want["sha256"]]
raise SystemExit(0 if len(whole) == len(want["hidden"]) else f"{len(whole)} of {len(want['hidden'])}")
PYTHON

  step "$1: the answer does not depend on when it is asked"
  run 0 "$DAYLIGHT" detect app --json
  cmp out inventory.json || fail "a second run gave other bytes"
  cd ..
}

hidden tflite "$PROJECT/examples/mirror/models/age.tflite"
hidden onnx onnx
echo "all well"
