#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the keeper for both processors: build.sh OUT. Needs clang-14 and lld-14.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
for abi in arm64-v8a x86_64; do
  case $abi in arm64-v8a) target=aarch64-linux-android29 ;; *) target=x86_64-linux-android29 ;; esac
  mkdir -p "$1/$abi"
  clang++-14 -std=c++17 --target=$target -nostdlib -nostdinc -shared -fPIC -O2 -fno-exceptions -fno-rtti -fvisibility=hidden \
    -fuse-ld=lld-14 -Wl,-soname,libkeeper.so -Wl,--build-id=none -Wl,--allow-shlib-undefined -o "$1/$abi/libkeeper.so" "$here/keeper.cc"
done
