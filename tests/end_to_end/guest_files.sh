#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A library whose model lies beside the app (examples/keeper): its folders are read, and what it writes goes elsewhere.
. "$PROJECT/tests/end_to_end/story.sh"
for tool in clang++-14 ld.lld-14; do command -v $tool >/dev/null || skip "$tool is not installed"; done
"$DAYLIGHT" doctor --json >doctor.json
python3 -c 'import json; exit(0 if json.load(open("doctor.json"))["sandbox"]["complete"] else 1)' || skip "this machine lacks parts of the sandbox"
sh "$PROJECT/examples/keeper/build.sh" keeper >build.log 2>&1 || { cat build.log; fail "it does not build"; }
mkdir -p given/data/files given/card/models temporary
export TMPDIR="$PWD/temporary"
python3 - <<'PY'
import struct
open("given/card/models/weights.bin", "wb").write(struct.pack("<4f", 1, 2, 3, 4))
open("given/data/files/bias.bin", "wb").write(struct.pack("<f", 0.5))
PY
ln -s /etc given/card/etc
mkfifo given/card/pipe
# Names, kinds, times and bytes of what the user gave.
state() { (cd given && find . -printf '%p %y %T@ %m\n' | sort && find . -type f -exec sha256sum {} + | sort -k2); }
state >before
unchanged() { state >after; cmp before after || fail "what the user gave has changed"; }
own=/data/user/0/com.example.app

step "without its files it says what it looked for"
run 0 "$DAYLIGHT" guest call keeper/x86_64/libkeeper.so Keeper_answer "\"$own\"" --json
json out 'd["call"]["result"]["floating"] < -1e8 and [l for l in d["lookups"] if l["name"] == "/sdcard/models/weights.bin" and not l["found"]]'
mkdir empty
run 0 "$DAYLIGHT" guest call keeper/x86_64/libkeeper.so Keeper_answer "\"$own\"" --sdcard empty --json
json out '[l for l in d["lookups"] if l["name"] == "/sdcard/models/weights.bin" and l["answer"] == "not in sdcard: models/weights.bin"]'

step "with them it answers, on both processors, and they stay as they are"
for abi in arm64-v8a x86_64; do
  run 0 "$DAYLIGHT" guest call keeper/$abi/libkeeper.so Keeper_answer "\"$own\"" --app-data given/data --sdcard given/card --json
  json out 'd["call"]["result"]["floating"] == 30.5 and d["files"] == {"written": [{"path": "app-data/cache/answer.txt", "size": 7}], "removed": []}'
  run 0 "$DAYLIGHT" guest trace keeper/$abi/libkeeper.so Keeper_answer "\"$own\"" --app-data given/data --sdcard given/card --out run-$abi
  contains out 'file, 7 bytes: .*files/app-data/cache/answer.txt'
  [ "$(cat run-$abi/files/app-data/cache/answer.txt)" = 30.500 ] || fail "$abi: not the cache file"
  run 0 "$DAYLIGHT" check run-$abi/trace
  unchanged
  run 0 "$DAYLIGHT" guest call keeper/$abi/libkeeper.so Keeper_clean --sdcard given/card --json
  json out 'd["call"]["result"]["integer"].endswith("0x0") and d["files"]["removed"] == ["sdcard/models/weights.bin"]'
  unchanged
done
[ -z "$(ls temporary)" ] || fail "a temporary folder is left"

step "too much is a gap"
run 0 "$DAYLIGHT" guest trace keeper/x86_64/libkeeper.so Keeper_reserve "\"$own/cache/large\"" 2000000000 --out full --json
json out 'len(d["gaps"]) == 1 and "cache/large is not written on" in d["gaps"][0]["why"] and d["files"]["written"] == [{"path": "app-data/cache/large", "size": 0}]'
run 0 "$DAYLIGHT" guest trace keeper/x86_64/libkeeper.so Keeper_reserve "\"$own/cache/large\"" 2000000000 --out again; contains out '^gap: .*cache/large'

step "an app's own name is that of its folder"
python3 - <<'PY'
import zipfile
with zipfile.ZipFile("keeper.aar", "w") as archive:
    archive.writestr("AndroidManifest.xml", '<manifest xmlns:android="http://schemas.android.com/apk/res/android" package="org.example.keeper"/>')
    archive.write("keeper/x86_64/libkeeper.so", "jni/x86_64/libkeeper.so")
PY
run 0 "$DAYLIGHT" guest call keeper.aar!libkeeper.so Keeper_answer '"/data/data/org.example.keeper"' --engine host --app-data given/data --sdcard given/card
contains out '30.5'
unchanged

step "what is no folder is said"
lib=keeper/x86_64/libkeeper.so
run 2 "$DAYLIGHT" guest natives $lib --sdcard absent; one_line 'absent'
run 2 "$DAYLIGHT" guest natives $lib --app-data build.log; one_line 'no folder'
run 2 "$DAYLIGHT" guest trace $lib --sdcard given/card --out given/card/run; one_line 'only read'
unchanged
