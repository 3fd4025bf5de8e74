#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Apps after ProGuard, the runtime's own classes renamed too: the same models, frameworks and calls with the same roles as before it.
. "$PROJECT/tests/end_to_end/story.sh"
mirror=$PROJECT/build/mirror
parts=$PROJECT/third/mirror
texts=$PROJECT/tests/end_to_end/hard_apps
maven=$HOME/.m2/repository
[ -f "$mirror/mirror-obf.apk" ] || skip "the sample app is not built: sh examples/mirror/build.sh"
same() { python3 "$PROJECT/tests/end_to_end/hard_renamed.py" "$@" || fail "$1: renaming changed what is found"; }

# compared NAME PLAIN RENAMED MAPPING CLASS...: the answers for both apps; each CLASS lost its name.
compared() {
  name=$1 plain=$2 renamed=$3 mapping=$4; shift 4
  for class in "$@"; do
    grep -q "^$class -> " "$mapping" || fail "$name: $class is not in the mapping"
    grep -q "^$class -> $class:" "$mapping" && fail "$name: $class keeps its name"
  done
  run 0 "$DAYLIGHT" detect "$plain" --json; cp out "$name.plain.json"
  run 0 "$DAYLIGHT" detect "$renamed" --json; cp out "$name.renamed.json"
  run 0 "$DAYLIGHT" detect "$renamed" --mapping "$mapping" --json; cp out "$name.mapped.json"
  same "$name" "$name.plain.json" "$name.renamed.json" "$name.mapped.json"
  run 0 "$DAYLIGHT" detect "$plain" --tsv; cut -f2-5,7-21,24 out >"$name.plain.tsv"
  run 0 "$DAYLIGHT" detect "$renamed" --tsv; cut -f2-5,7-21,24 out | cmp - "$name.plain.tsv" || fail "$name: other lines of TSV"
}

step "the sample app: Interpreter, its options and the image operators of TensorFlow Lite renamed"
compared mirror "$mirror/mirror.apk" "$mirror/mirror-obf.apk" "$mirror/mirror-obf.mapping.txt" \
  org.tensorflow.lite.Interpreter 'org.tensorflow.lite.Interpreter$Options' org.tensorflow.lite.support.common.ops.NormalizeOp

# built NAME JAR...: app/NAME.java with these libraries, as NAME.apk and, after ProGuard, NAME-obf.apk.
built() {
  name=$1; shift
  mkdir -p "$name/classes" "$name/plain" "$name/obf"
  path=$parts/android-4.1.1.4.jar
  injars=$name/classes
  for jar; do path=$path:$jar; injars="$injars:$jar(!META-INF/**,!**.so,!**.dylib,!**.dll)"; done
  run 0 javac --release 8 -Xlint:-options -cp "$path" -d "$name/classes" "$texts/$name.java"
  [ -f runtime.jar ] || run 0 java "$PROJECT/examples/mirror/tools/RuntimeStubs.java" runtime.jar
  run 0 proguard "@$PROJECT/examples/mirror/proguard.txt" -dontwarn -ignorewarnings -injars "$injars" -outjars "$name/obf.jar" \
    -libraryjars "runtime.jar:$parts/android-4.1.1.4.jar" -printmapping "$name/mapping.txt"
  for kind in plain obf; do
    if [ $kind = obf ]; then set -- "$name/obf.jar"; else set -- "$name/classes" "$@"; fi
    run 0 java -cp "$parts/dalvik-dx-9.0.0_r3.jar" com.android.dx.command.Main --dex --min-sdk-version=26 \
      "--output=$name/$kind/classes.dex" "$@"
    (cd "$name/$kind" && python3 -m zipfile -c "../$kind.apk" classes.dex)
    [ $kind = obf ] || shift
  done
}
for tool in java javac proguard; do command -v $tool >/dev/null || { step "(skipped: $tool is not installed)"; exit 0; }; done

ort=$maven/com/microsoft/onnxruntime/onnxruntime/1.17.3/onnxruntime-1.17.3.jar
if [ -f "$ort" ]; then
  step "ONNX Runtime's methods and the classes without native ones renamed"
  built OrtScreen "$ort"
  compared ort OrtScreen/plain.apk OrtScreen/obf.apk OrtScreen/mapping.txt ai.onnxruntime.OrtException ai.onnxruntime.OnnxValue
else
  step "(skipped: the local Maven repository has no com.microsoft.onnxruntime:onnxruntime:1.17.3)"
fi

torch=$maven/org/pytorch/pytorch_android_lite/1.12.2/pytorch_android_lite-1.12.2.aar
if [ -f "$torch" ]; then
  step "PyTorch's Module, IValue and loader renamed"
  unzip -q -o "$torch" classes.jar -d torch
  built TorchScreen torch/classes.jar
  compared torch TorchScreen/plain.apk TorchScreen/obf.apk TorchScreen/mapping.txt org.pytorch.Module org.pytorch.LiteModuleLoader
else
  step "(skipped: the local Maven repository has no org.pytorch:pytorch_android_lite:1.12.2)"
fi
echo "all well"
