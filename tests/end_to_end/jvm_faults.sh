#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Native code that crashes, hangs and misuses JNI inside of a Java virtual machine, which lives on.
. "$PROJECT/tests/end_to_end/story.sh"
for tool in clang-14 ld.lld-14 javac java; do command -v $tool >/dev/null || skip "$tool is not installed"; done
agent=$(dirname "$DAYLIGHT")/jvm-host
jars=$PROJECT/third/jvm
[ -x "$DAYLIGHT" ] && [ -f "$agent/daylight-host.jar" ] || skip "this build has no jvm-host (tools/bootstrap.sh third --jvm)"
javac=$(readlink -f "$(command -v javac)")
jdk=${javac%/bin/javac}
source=$PROJECT/tests/end_to_end/jvm_faults

step "build"
mkdir -p lib/arm64-v8a classes include data
# All that jni.h wants of the C library.
echo 'typedef struct FILE FILE;' >include/stdio.h
clang-14 --target=aarch64-linux-android29 -O1 -fPIC -nostdlib -shared -fuse-ld=lld-14 -Iinclude -I"$jdk/include" -I"$jdk/include/linux" \
  -Wl,-soname,libfaults.so -o lib/arm64-v8a/libfaults.so "$source/faults.c" >build.log 2>&1 || { cat build.log; fail "the library does not build"; }
python3 -c 'import zipfile; zipfile.ZipFile("app.apk", "w").write("lib/arm64-v8a/libfaults.so")'
path=$PWD/classes:$agent/daylight-host.jar:$jars/lib/*:$(echo "$jars"/sdk/*.jar)
javac -proc:none -d classes -cp "$path" "$source"/*.java || fail "the program does not compile"
java -cp "$path" daylight.host.Wrap classes/daylight/host/Faults.class || fail "the class cannot be wrapped"

step "faults of both kinds in one run"
cat >agent.json <<JSON
{"apk": "$PWD/app.apk", "package": "story.faults", "trace": "$PWD/trace", "libs": "arm64", "call_ms": 8000, "socket": 3,
 "head": {"schema": "daylight/trace/1", "provenance": {"tool": "daylight", "version": "0", "inputs": [], "options": {}, "runtime": {}},
          "source": "jvm-host", "rules": [], "retain": "all"}}
JSON
models=$SHARED/data/models
set --
[ -f "$models/model_age_q.tflite" ] && set -- "$models/model_age_q.tflite" "$models/model_gender_q.tflite"
run 0 java -Xmx256m -agentpath:"$agent/libdaylight_jvm_boot.so=$agent/libdaylight_jvm.so,$PWD/agent.json" -Ddaylight.library="$agent/libdaylight_jvm.so" \
  -cp "$path" daylight.host.Faults "$@"
contains out finished

step "all of it is in the trace"
run 0 "$DAYLIGHT" check trace

if [ $# = 2 ]; then
  step "models: the one that Java code handed over, and the one that is whole in native memory alone"
  "$DAYLIGHT" trace show trace --kind memory-model --json >models
  for file; do
    contains models "$(sha256sum "$file" | cut -d' ' -f1)"
  done
else
  step "(models: left out, the sample models are not here)"
fi
