#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# ONNX Runtime on a real virtual machine: the tensors of the trace are those that went in, and those that numpy computes.
. "$PROJECT/tests/end_to_end/story.sh"
AGENT=$(dirname "$DAYLIGHT")/agent/jvmti/libdaylight_jvmti.so
JAR=$PROJECT/third/download/onnxruntime-1.20.0.jar
PYTHON=$PROJECT/third/venv/bin/python3
command -v javac >/dev/null && [ -f "$AGENT" ] || skip "this build has no agent/jvmti (openjdk-17-jdk-headless)"
[ -f "$JAR" ] || skip "ONNX Runtime is not here (tools/bootstrap.sh third --onnxruntime)"
"$PYTHON" -c 'import numpy' 2>/dev/null || skip "numpy is not here (tools/bootstrap.sh third --tests)"
javac -cp "$JAR" -d classes "$PROJECT/tests/end_to_end/jvmti/Tones.java"
"$PYTHON" -c 'import sys; sys.path.insert(0, sys.argv[1]); from onnx_model import onnx_model; open("tones.onnx", "wb").write(onnx_model())' "$PROJECT/tests/end_to_end"

step "20 pictures through the model, captured at the JNI boundary"
"$DAYLIGHT" trace collect --seconds 300 --out run --socket "$PWD/socket" --token story >line 2>err.collect &
collector=$!
for _ in $(seq 300); do [ -s line ] && break; sleep 0.1; done
options="to=unix:$PWD/socket,token=story,rule=jni:ai/onnxruntime/OnnxTensor;.createTensorFromBuffer{in},rule=jni:ai/onnxruntime/OnnxTensor;.getBuffer{return},rule=jni:ai/onnxruntime/OrtSession;.run{in,return}"
java "-agentpath:$AGENT=$options" -cp "classes:$JAR" Tones tones.onnx 20 >scores || fail "the program"
wait "$collector" || fail "the collector: $(cat err.collect)"
run 0 "$DAYLIGHT" check run
run 0 "$DAYLIGHT" trace stats run --json
json out 'd["complete"] and d["lost"]["calls"] == 0'
"$DAYLIGHT" trace show run --json >run.jsonl
"$PYTHON" "$PROJECT/tests/end_to_end/jvmti_onnxruntime.py" run.jsonl scores tones.onnx || fail "the tensors differ"
