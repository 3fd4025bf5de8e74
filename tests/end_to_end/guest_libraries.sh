#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The libraries of four runtimes for phones, for both processors: each starts, and its natives are those that its classes declare.
. "$PROJECT/tests/end_to_end/story.sh"
libraries=$PROJECT/third/download
[ -f "$libraries/opencv-4.9.0.aar" ] || skip "the libraries are not here: tools/bootstrap.sh third --guests"
"$DAYLIGHT" doctor --json >doctor.json
python3 -c 'import json; exit(0 if json.load(open("doctor.json"))["sandbox"]["complete"] else 1)' || skip "this machine lacks parts of the sandbox"
command -v javap >/dev/null || skip "javap is not installed"

natives() {
  for engine in arm64 host; do
    step "$1, $engine"
    python3 "$PROJECT/tests/end_to_end/guest_natives.py" "$DAYLIGHT" "$libraries/$1.aar" "$2" "$1" "$engine" || fail "$1 $engine"
  done
}
natives tensorflow-lite-2.16.1 libtensorflowlite_jni.so
natives pytorch_android_lite-1.12.2 libpytorch_jni_lite.so
natives pytorch_android-1.13.1 libpytorch_jni.so
natives opencv-4.9.0 libopencv_java4.so
