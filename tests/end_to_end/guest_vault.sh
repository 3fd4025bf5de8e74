#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A library that hides: an encrypted model, native methods without names, a look around before it starts (examples/vault).
. "$PROJECT/tests/end_to_end/story.sh"
aar=$PROJECT/third/mirror/tensorflow-lite-2.14.0.aar
[ -f "$aar" ] || skip "the sample app's libraries are not here: sh examples/mirror/build.sh"
for tool in clang++-14 ld.lld-14 openssl; do command -v $tool >/dev/null || skip "$tool is not installed"; done
"$DAYLIGHT" doctor --json >doctor.json
python3 -c 'import json; exit(0 if json.load(open("doctor.json"))["sandbox"]["complete"] else 1)' || skip "this machine lacks parts of the sandbox"
model=$PROJECT/examples/mirror/models/age.tflite

step "build it"
python3 - "$aar" <<'PY'
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    archive.extractall("libraries", [name for name in archive.namelist() if name.startswith("jni/")])
PY
sh "$PROJECT/examples/vault/build.sh" "$model" libraries/jni vault >build.log 2>&1 || { cat build.log; fail "it does not build"; }
python3 - <<'PY'
import struct, zlib
w, h = 100, 80
pixel = lambda x, y: (x * 2 % 256, y * 3 % 256, x * y % 256)
rows = b"".join(b"\0" + bytes(v for x in range(w) for v in pixel(x, y)) for y in range(h))
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
open("face.png", "wb").write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, 8, 2, 0, 0, 0))
                             + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
# What the library is to make of it: the nearest pixel, divided by 255 as floats.
floats = b""
for y in range(64):
    for x in range(64):
        for value in pixel(x * w // 64, y * h // 64):
            floats += struct.pack("<f", value / 255)
open("prepared.bin", "wb").write(floats)
PY

step "its native method has a name once it runs"
for abi in arm64-v8a x86_64; do
  run 0 "$DAYLIGHT" guest natives vault/$abi/libvault.so --deps libraries/jni/$abi --json
  python3 - <<'PY' || fail "$abi: not its native method"
import json
mine = [n for n in json.load(open("out"))["natives"] if n["library"] == "libvault.so"]
assert [(n["class"], n["name"], n["signature"], n["route"]) for n in mine] == \
    [("org.daylight.vault.Face", "a", "(Landroid/graphics/Bitmap;)F", "register-natives")], mine
PY
done

step "its model is written out, and what it makes of a picture"
run 0 "$DAYLIGHT" guest trace vault/arm64-v8a/libvault.so org.daylight.vault.Face.a @face.png --deps libraries/jni/arm64-v8a \
  --watch 'so:libtensorflowlite_jni.so!TfLiteTensorCopyFromBuffer {in,len=arg2}' --out run --json
cp out trace.json
run 0 "$DAYLIGHT" check run/trace
cmp run/models/model-1.tflite "$model" || fail "not the model"
"$DAYLIGHT" guest tflite --lib "$aar" --model "$model" --input prepared.bin --output expected.bin || fail "the model does not run by itself"
python3 - <<'PY' || fail "not the model, the buffer or the answer"
import glob, hashlib, json, struct
trace = json.load(open("trace.json"))
assert [(m["where"], m["in_file"]) for m in trace["models"]] == [("in so:libtensorflowlite_jni.so!TfLiteModelCreate, argument 0", False)], trace["models"]
prepared = hashlib.sha256(open("prepared.bin", "rb").read()).digest()
assert any(prepared in open(path, "rb").read() for path in glob.glob("run/trace/events-*.dlt")), "no such buffer"
assert struct.pack("<f", trace["result"]) == open("expected.bin", "rb").read(), trace["result"]
PY

step "both processors answer the same"
for abi in arm64-v8a x86_64; do
  run 0 "$DAYLIGHT" guest call vault/$abi/libvault.so org.daylight.vault.Face.a @face.png --deps libraries/jni/$abi
  python3 -c '
import json, struct
answer, expected = json.load(open("out"))["result"], struct.unpack("<f", open("expected.bin", "rb").read())[0]
assert abs(answer - expected) < 1e-5, (answer, expected)' || fail "$abi"
done

step "on a phone that it does not like it stays shut"
python3 - "$PROJECT/rules/devices/generic-arm64.json" <<'PY'
import json, sys
profile = json.load(open(sys.argv[1]))
profile["properties"]["ro.kernel.qemu"] = "1"
json.dump(profile, open("emulator.json", "w"))
PY
run 0 "$DAYLIGHT" guest natives vault/arm64-v8a/libvault.so --deps libraries/jni/arm64-v8a --profile emulator.json --json
python3 -c '
import json
answer = json.load(open("out"))
assert answer["jni_on_load"]["version"] == "0xffffffff", answer["jni_on_load"]
assert not [n for n in answer["natives"] if n["library"] == "libvault.so"]
assert [l for l in answer["lookups"] if l["name"] == "ro.kernel.qemu" and l["answer"] == "1"]' || fail "it does not look"

step "what cannot be called is said"
vault="vault/x86_64/libvault.so"; deps="libraries/jni/x86_64"
run 2 "$DAYLIGHT" guest call $vault org.daylight.vault.Face.b @face.png --deps $deps; one_line 'no loaded library provides it'
run 2 "$DAYLIGHT" guest call $vault org.daylight.vault.Face.a --deps $deps; one_line 'takes 1 arguments, not 0'
run 2 "$DAYLIGHT" guest call $vault org.daylight.vault.Face.a 7 --deps $deps; one_line '@FILE or null'
run 2 "$DAYLIGHT" guest call $vault org.daylight.vault.Face.a @absent.png --deps $deps; one_line 'absent.png'
head -c 50 face.png >cut.png
run 2 "$DAYLIGHT" guest call $vault org.daylight.vault.Face.a @cut.png --deps $deps; one_line 'cut.png'
