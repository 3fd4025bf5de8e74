#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Taking an app from a phone: against a program that answers as adb does. No phone was asked.
. "$PROJECT/tests/end_to_end/story.sh"
apk=$PROJECT/build/mirror/mirror.apk
[ -f "$apk" ] || skip "the sample app is not built"

export FAKE_ADB="$PWD/fake"
mkdir -p fake/files/data/app/one fake/data/files
cp "$PROJECT/tests/end_to_end/fake_adb.py" adb; chmod +x adb
cp "$apk" fake/files/data/app/one/base.apk
cp "$apk" "fake/files/data/app/one/split_config.en.apk"
cp "$apk" "fake/files/data/app/one/od'd name; rm -rf ~.apk"
cp "$apk" "fake/files/data/app/one/od d.apk"
cp "$apk" fake/files/data/app/one/cut.apk
printf 'downloaded' >fake/data/files/model.bin
# phones ROOT FLAGS: one phone that is ready, one that is not.
phones() {
  python3 - "$1" "$2" "$PWD/fake" <<'PY'
import json, sys
root, flags, home = sys.argv[1:]
dump = f"""Packages:
  Package [org.daylight.mirror] (1a2b3c):
    userId=10234
    versionCode=7 minSdk=24 targetSdk=34
    versionName=1.0 \x1b[31mbeta
    pkgFlags=[ HAS_CODE {flags}ALLOW_BACKUP ]
    installerPackageName=com.android.vending installerUid=10100
"""
app = {"paths": ["/data/app/one/split_config.en.apk", "/data/app/one/base.apk", "/data/app/one/od'd name; rm -rf ~.apk", "/data/app/one/gone.apk", "-a", "/data/app/one/od d.apk", "/data/app/one/cut.apk"],
       "dump": dump, "data": home + "/data"}
properties = {"ro.product.model": "Pixel \x1b[2J 8", "ro.build.version.sdk": "34", "ro.product.cpu.abilist": "arm64-v8a", "ro.build.type": "user", "ro.debuggable": "0"}
json.dump({"ABC123": {"state": "device", "properties": properties, "root": root, "apps": {"org.daylight.mirror": app}},
           "LOCKED": {"state": "unauthorized", "properties": {}, "root": "no", "apps": {}}}, open(home + "/phones.json", "w"))
PY
}

step "phones, and what can be seen there"
phones no ''
run 0 "$DAYLIGHT" device list --adb ./adb
contains out '^ABC123 +device +Pixel .* 34 +arm64-v8a +apps that are debuggable'
contains out '^LOCKED +unauthorized'
lacks out "$(printf '\033')"
phones su ''
run 0 "$DAYLIGHT" device list --adb ./adb --json
json out '[(d["serial"], d["root"]) for d in d["devices"]] == [("ABC123", "su"), ("LOCKED", "no")]'

step "an app with its splits; its data is not permitted"
phones no ''
run 0 "$DAYLIGHT" device pull org.daylight.mirror --adb ./adb --out plain
contains out '^org.daylight.mirror 1.0 .*beta \(7\), 4 of 6 splits, installed by com.android.vending$'
contains out '^next: daylight detect plain/apks$'
lacks out "$(printf '\033')"
contains err 'not debuggable, and there is no root'
contains err 'gone.apk: cannot be pulled: what comes is no archive'
contains err 'cut.apk: cannot be pulled: what comes is not the whole file'
[ "$(ls plain/apks)" = "$(printf 'base.apk\nsplit-2.apk\nsplit-3.apk\nsplit_config.en.apk')" ] || fail "other files: $(ls plain/apks)"
cmp "$apk" plain/apks/base.apk || fail "the base differs"
run 0 "$DAYLIGHT" check plain/device.json
json plain/device.json 'len(d["package"]["certificates"]) == 1 and d["data"] == {"by": ""} and len(d["gaps"]) == 3'
run 0 "$DAYLIGHT" detect plain/apks/base.apk --json

step "its data by run-as, and as root"
phones no 'DEBUGGABLE '
run 0 "$DAYLIGHT" device pull org.daylight.mirror --adb ./adb --out debuggable --json
json out 'd["data"]["by"] == "run-as" and d["package"]["debuggable"]'
phones su ''
run 0 "$DAYLIGHT" device pull org.daylight.mirror --adb ./adb --out rooted
contains out 'app-data rooted/app-data.tar$'
for each in debuggable rooted; do
  [ "$(tar -xOf $each/app-data.tar ./files/model.bin)" = downloaded ] || fail "$each: the data differs"
done
run 0 "$DAYLIGHT" device pull org.daylight.mirror --adb ./adb --out without --no-data; [ ! -e without/app-data.tar ] || fail "it took the data"

step "a phone whose run-as refuses although its build is debuggable, and one whose tar is cut"
phones su ''
sed -i 's/"ro.debuggable": "0"/"ro.debuggable": "1"/; s/"data": "[^"]*"/"data": "\/nowhere"/' fake/phones.json
run 0 "$DAYLIGHT" device pull org.daylight.mirror --adb ./adb --out broken
contains err 'run-as gave no whole archive, root gave no whole archive'
[ ! -e broken/app-data.tar ] || fail "an error became the app's data"

step "what is refused, and that nothing else reaches the phone's shell"
rm fake/log
run 2 "$DAYLIGHT" device pull 'org.x; reboot' --adb ./adb --out no; one_line 'is no name of a package'
lacks fake/log 'reboot'
run 2 "$DAYLIGHT" device pull org.absent --adb ./adb --out no; one_line 'is not installed there'
run 2 "$DAYLIGHT" device pull org.daylight.mirror --adb ./adb --out plain; one_line 'is not empty'
run 2 "$DAYLIGHT" device pull org.daylight.mirror --adb ./adb --out no --serial LOCKED; one_line 'is not ready: unauthorized'
run 2 "$DAYLIGHT" device pull org.daylight.mirror --adb ./adb --out no --serial NOBODY; one_line 'is not connected'
run 2 "$DAYLIGHT" device list --adb ./absent; one_line 'is no program.*platform tools'
[ ! -e no ] || fail "a folder was left"
