#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Apps that come in parts, fetch, decrypt, rename or borrow what they use: each answer is exactly what was built in.
. "$PROJECT/tests/end_to_end/story.sh"
[ -f "$PROJECT/third/mirror/tensorflow-lite-2.14.0.aar" ] || skip "the sample app's libraries are not here: sh examples/mirror/build.sh"
for tool in aapt smali clang-14 ld.lld-14 openssl; do command -v $tool >/dev/null || skip "$tool is not installed"; done
[ -f /usr/share/android-framework-res/framework-res.apk ] || skip "android-framework-res is not installed"

step "build the apps from text"
mkdir apps && python3 "$PROJECT/tests/end_to_end/hard_apps.py" make apps "$PROJECT" || fail "the apps were not built"

for app in $(python3 -c 'import json; print(*json.load(open("apps/apps.json")))'); do
  step "$app"
  run 0 "$DAYLIGHT" detect "apps/$app" --json --extract "models/$app"; cp out inventory.json
  run 0 "$DAYLIGHT" detect "apps/$app"; cp out table.txt
  run 0 "$DAYLIGHT" detect "apps/$app" --tsv; cp out models.tsv
  python3 "$PROJECT/tests/end_to_end/hard_apps.py" check apps/apps.json "$app" inventory.json table.txt models.tsv || fail "$app"
  # What came out of the app is what was hidden in it.
  python3 - "$app" <<'PYTHON' || fail "$app: the models were not written out as they were put in"
import hashlib, json, pathlib, sys
want = sorted(m[3] for m in json.load(open("apps/apps.json"))[sys.argv[1]]["models"] if m[3])
index = json.load(open(f"models/{sys.argv[1]}/index.json"))
have = sorted(hashlib.sha256(pathlib.Path(f"models/{sys.argv[1]}", m["path"]).read_bytes()).hexdigest()
              for m in index["models"] if m.get("path") and m["format"] != "unknown")
raise SystemExit(0 if want == have else f"{want} {have}")
PYTHON
done
echo "all well"
