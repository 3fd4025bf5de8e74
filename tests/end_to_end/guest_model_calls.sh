#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A library that decrypts its model, hands it to TensorFlow Lite and wipes it, all within one call: the model is in the answer.
. "$PROJECT/tests/end_to_end/story.sh"
aar=$PROJECT/third/mirror/tensorflow-lite-2.14.0.aar
[ -f "$aar" ] || skip "the sample app's libraries are not here: sh examples/mirror/build.sh"
for tool in clang++-14 ld.lld-14; do command -v $tool >/dev/null || skip "$tool is not installed"; done
"$DAYLIGHT" doctor --json >doctor.json
python3 -c 'import json; exit(0 if json.load(open("doctor.json"))["sandbox"]["complete"] else 1)' || skip "this machine lacks parts of the sandbox"
model=$PROJECT/examples/mirror/models/age.tflite

step "build it"
python3 - "$aar" "$model" <<'PY'
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    archive.extractall("libraries", [name for name in archive.namelist() if name.startswith("jni/")])
sealed = bytes(byte ^ (37 * i + 11) % 256 for i, byte in enumerate(open(sys.argv[2], "rb").read()))
open("sealed.h", "w").write("static const unsigned char sealed[] = {" + ",".join(map(str, sealed)) + "};\n")
PY
cat >wiper.cc <<'CC'
#include "sealed.h"
extern "C" {
void* mmap(void*, unsigned long, int, int, int, long);
int munmap(void*, unsigned long);
void* TfLiteModelCreate(const void*, unsigned long);
void TfLiteModelDelete(void*);
void* TfLiteInterpreterCreate(const void*, const void*);
void TfLiteInterpreterDelete(void*);
int TfLiteInterpreterAllocateTensors(void*);
int TfLiteInterpreterGetInputTensorCount(const void*);
int run() {
  unsigned char* const plain = (unsigned char*)mmap(0, sizeof(sealed), 3, 0x22, -1, 0);
  for (unsigned i = 0; i < sizeof(sealed); ++i) plain[i] = sealed[i] ^ (unsigned char)(37 * i + 11);
  void* const model = TfLiteModelCreate(plain, sizeof(sealed));
  void* const interpreter = TfLiteInterpreterCreate(model, 0);
  const int inputs = TfLiteInterpreterAllocateTensors(interpreter) == 0 ? TfLiteInterpreterGetInputTensorCount(interpreter) : -1;
  TfLiteInterpreterDelete(interpreter);
  TfLiteModelDelete(model);
  for (unsigned i = 0; i < sizeof(sealed); ++i) ((volatile unsigned char*)plain)[i] = 0;
  munmap(plain, sizeof(sealed));
  return inputs;
}
}
CC
for abi in arm64-v8a x86_64; do
  case $abi in arm64-v8a) target=aarch64-linux-android29 ;; *) target=x86_64-linux-android29 ;; esac
  mkdir -p $abi
  clang++-14 -std=c++17 --target=$target -nostdlib -nostdinc -shared -fPIC -O2 -fno-exceptions -fuse-ld=lld-14 -Wl,-soname,libwiper.so -Wl,--allow-shlib-undefined \
    -o $abi/libwiper.so wiper.cc libraries/jni/$abi/libtensorflowlite_jni.so || fail "it does not build"
done

step "its model is written out bit for bit, with the call that got it"
for abi in arm64-v8a x86_64; do
  run 0 "$DAYLIGHT" guest trace $abi/libwiper.so run --deps libraries/jni/$abi --out out-$abi --json
  cp out trace.json
  run 0 "$DAYLIGHT" check out-$abi/trace
  cmp out-$abi/models/model-1.tflite "$model" || fail "$abi: not the model"
  python3 - <<'PY' || fail "$abi: not the one model, or not the call"
import json
trace = json.load(open("trace.json"))
assert "faults" not in trace, trace["faults"]
assert [(m["format"], m["where"], m["in_file"], m["path"]) for m in trace["models"]] == \
    [("tflite", "in so:libtensorflowlite_jni.so!TfLiteModelCreate, argument 0", False, "models/model-1.tflite")], trace["models"]
PY
done
