#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the vault for both processors: build.sh MODEL.tflite TFLITE_LIBRARIES OUT
# TFLITE_LIBRARIES has arm64-v8a/ and x86_64/ with libtensorflowlite_jni.so. Needs clang-14, lld-14, openssl and python3.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
model=$1
libraries=$(cd "$2" && pwd)
mkdir -p "$3"
out=$(cd "$3" && pwd)
key=8b6f1d2c90a7e3554c18fa7be0d9316d
openssl enc -aes-128-ctr -K "$key" -iv 00000000000000000000000000000000 -in "$model" -out "$out/sealed.bin"
python3 - "$key" >"$out/names.h" <<'PY'
import sys
key = bytes.fromhex(sys.argv[1])
mask = bytes((37 * i + 11) % 256 for i in range(16))
def hidden(text):
    return ",".join(str(byte ^ (0x5A + i) % 256) for i, byte in enumerate(text.encode() + b"\0"))
print("#define KEY_A", ",".join(map(str, mask)))
print("#define KEY_B", ",".join(str(a ^ b) for a, b in zip(mask, key)))
print("#define HIDDEN_CLASS", hidden("org/daylight/vault/Face"))
print("#define HIDDEN_NAME", hidden("a"))
print("#define HIDDEN_SIGNATURE", hidden("(Landroid/graphics/Bitmap;)F"))
PY
for abi in arm64-v8a x86_64; do
  case $abi in arm64-v8a) target=aarch64-linux-android29 ;; *) target=x86_64-linux-android29 ;; esac
  mkdir -p "$out/$abi"
  (cd "$out" && clang++-14 -std=c++17 --target=$target -nostdlib -nostdinc -shared -fPIC -O2 -fno-exceptions -fno-rtti -fvisibility=hidden \
    -include names.h -fuse-ld=lld-14 -Wl,-s -Wl,-soname,libvault.so -Wl,--build-id=none -Wl,--allow-shlib-undefined \
    -o "$abi/libvault.so" "$here/vault.cc" "$libraries/$abi/libtensorflowlite_jni.so")
done
