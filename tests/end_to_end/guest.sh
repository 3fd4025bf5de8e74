#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# An app's own native code without a phone: published arm64 libraries as a user would run them.
. "$PROJECT/tests/end_to_end/story.sh"
tflite=$PROJECT/third/mirror/tensorflow-lite-2.14.0.aar
[ -f "$tflite" ] || skip "the sample app's libraries are not here: sh examples/mirror/build.sh"
"$DAYLIGHT" doctor --json >doctor.json
python3 -c 'import json; exit(0 if json.load(open("doctor.json"))["sandbox"]["complete"] else 1)' || skip "this machine lacks parts of the sandbox"
command -v javap >/dev/null || skip "javap is not installed"

step "every native method that the classes declare is provided, or known not to be"
for engine in arm64 host; do
  python3 "$PROJECT/tests/end_to_end/guest_natives.py" "$DAYLIGHT" "$tflite" libtensorflowlite_jni.so tensorflow-lite-2.14.0 "$engine" || fail "$engine"
done

step "the tables for people"
run 0 "$DAYLIGHT" guest natives "$tflite"; contains out '^55|^56 native methods'; contains out 'nativeRuntimeVersion'
run 0 "$DAYLIGHT" guest exports "$tflite"; contains out 'TfLiteInterpreterInvoke'
run 0 "$DAYLIGHT" guest exports "$tflite" --json
python3 -c '
import json
answer = json.load(open("out"))
assert "jni_on_load" not in answer and len(answer["exports"]) > 100, answer.keys()' || fail "exports are not only read"

step "one function"
run 0 "$DAYLIGHT" guest call "$tflite" TfLiteVersion --json
python3 -c 'import json; assert json.load(open("out"))["call"]["result"]["text"] == "2.14.0"' || fail "not the version"
run 2 "$DAYLIGHT" guest call "$tflite" no_such_function; one_line 'has no such function'
run 3 "$DAYLIGHT" guest call "$tflite" TfLiteInterpreterInvoke 0 --json
python3 -c '
import json
fault = json.load(open("out"))["call"]["fault"]
assert fault["kind"] == "memory" and "libtensorflowlite_jni.so+0x" in fault["backtrace"][0], fault' || fail "not a fault with a place"

step "a trace that checks, the same on both engines"
for engine in arm64 host; do
  run 0 "$DAYLIGHT" guest trace "$tflite" TfLiteVersion --engine "$engine" --watch 'so:*!TfLiteVersion {return}' --out "run-$engine"
  contains out '[0-9]+ events, 3 calls'
  run 0 "$DAYLIGHT" check "run-$engine/trace"
  grep -aq 'so:libtensorflowlite_jni.so!TfLiteVersion' "run-$engine"/trace/events-*.dlt || fail "$engine: what is named is not watched"
  if grep -aq 'cannot be watched' "run-$engine"/trace/events-*.dlt; then fail "$engine: says that it cannot watch"; fi
done
mv run-arm64 run
run 0 "$DAYLIGHT" trace show run --kind enter,argument; contains out 'TfLiteVersion'; contains out 'out result void. at 0x.*2.14.0'
run 0 "$DAYLIGHT" trace grep run 'so:*!TfLiteVersion' --json; contains out '"kind":"enter"'; contains out '"kind":"leave"'
run 0 "$DAYLIGHT" trace grep run 'no such text'; contains err '0 events found'
run 0 "$DAYLIGHT" trace stats run/trace; contains out 'the trace is complete'
run 0 "$DAYLIGHT" trace export run --format perfetto --out run.pftrace; [ -s run.pftrace ] || fail "nothing was exported"
run 2 "$DAYLIGHT" trace export run --format jsonl --out run/trace/trace.json; one_line 'in the folder of the trace'
run 2 "$DAYLIGHT" trace show /; one_line 'holds no trace'
run 2 "$DAYLIGHT" guest trace "$tflite" --out run; one_line 'not empty'
run 2 "$DAYLIGHT" guest trace "$tflite" --watch 'so:broken' --out other; one_line 'selectors.md'

step "a trace of what a plan names"
app=$PROJECT/build/mirror/mirror.apk
if [ -f "$app" ]; then
  run 0 "$DAYLIGHT" detect "$app" --case case
  run 0 "$DAYLIGHT" plan "$app" --case case
  run 0 "$DAYLIGHT" guest trace "$app!libtensorflowlite_jni.so" Java_org_tensorflow_lite_TensorFlowLite_nativeDoNothing 0 0 --plan case/probe_plan.json --out planned
  run 0 "$DAYLIGHT" check planned/trace
  grep -q 'so:libtensorflowlite_jni.so!TfLiteModelCreate' case/probe_plan.json || fail "the plan names no function of the library"
  grep -aq 'so:libtensorflowlite_jni.so!TfLiteModelCreate' planned/trace/events-*.dlt || fail "what the plan names is not watched"
else
  echo "not here: $app"
fi

step "a real model, by the app's own TensorFlow Lite"
model=$SHARED/data/models/model_lite_age_nonq.tflite
if [ -f "$model" ]; then
  python3 -c 'import struct,sys; sys.stdout.buffer.write(b"".join(struct.pack("<f", (i % 251) / 251) for i in range(200 * 200 * 3 * 2)))' >in.bin
  run 0 "$DAYLIGHT" guest tflite --lib "$tflite" --model "$model" --input in.bin --output out.bin
  [ "$(wc -c <out.bin)" = 8 ] || fail "not two answers of one number"
  run 0 "$DAYLIGHT" guest tflite --lib "$tflite" --model "$model" --input in.bin --output again.bin
  cmp out.bin again.bin || fail "two runs differ"
  run 0 "$DAYLIGHT" guest tflite --lib "$tflite" --model "$model" --input in.bin --output xnnpack.bin --xnnpack
  run 0 "$DAYLIGHT" guest tflite --lib "$tflite" --model "$model" --input in.bin --output again.bin --xnnpack --threads 2
  cmp xnnpack.bin again.bin || fail "one thread and two differ"
  python3 -c '
import struct
one, other = (struct.unpack("<2f", open(name, "rb").read()) for name in ("out.bin", "xnnpack.bin"))
assert all(abs(a - b) < 1e-5 for a, b in zip(one, other)), (one, other)' || fail "XNNPACK gives other numbers"
  head -c 1000 in.bin >short.bin
  run 2 "$DAYLIGHT" guest tflite --lib "$tflite" --model "$model" --input short.bin --output x.bin; one_line 'no multiple'
else
  echo "not here: $model"
fi

step "another phone"
sed 's/"ro.board.platform": "generic"/"ro.board.platform": "msm8996"/; s/"api_level": 30/"api_level": 33/' "$PROJECT/rules/devices/generic-arm64.json" >phone.json
run 0 "$DAYLIGHT" guest call "$tflite" TfLiteVersion --profile phone.json
printf '{"schema": "daylight/device-profile/1", "api_level": "30"}' >wrong.json
run 2 "$DAYLIGHT" guest call "$tflite" TfLiteVersion --profile wrong.json; one_line 'api_level is not a number'

step "what cannot be run is said"
printf 'not a library' >text.so
run 2 "$DAYLIGHT" guest natives text.so; one_line 'text.so'
run 2 "$DAYLIGHT" guest natives absent.so; one_line 'absent.so'
python3 -c 'import sys, zipfile; open("cut.so", "wb").write(zipfile.ZipFile(sys.argv[1]).read("jni/arm64-v8a/libtensorflowlite_jni.so")[:5000])' "$tflite"
run 0 "$DAYLIGHT" guest exports cut.so; contains out 'gap: .*reaches beyond the file'
