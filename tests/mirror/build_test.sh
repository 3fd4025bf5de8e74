#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the sample app and asks other programs (aapt, apksigner, dexdump, jar) what is in it.
#
# Usage: build_test.sh     Exits with 77 (skipped) where a tool of the build is not installed.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
mirror=$root/examples/mirror
out=$root/build/mirror
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failures=0

for tool in aapt apksigner dexdump jar java javac keytool mvn proguard zipalign; do
  command -v "$tool" >/dev/null 2>&1 || { echo "skipped: $tool is not installed"; exit 77; }
done

# expect WHAT GOT WANTED
expect() {
  if [ "$2" = "$3" ]; then return 0; fi
  echo "$1: got '$2', wanted '$3'"
  failures=$((failures + 1))
}

digest() { sha256sum "$1" | cut -d' ' -f1; }
# badging APK EXPRESSION: one fact of what aapt says of an APK.
badging() { aapt dump badging "$1" | sed -n "s/^$2.*/\\1/p"; }
classes() { dexdump "$1" | sed -n "s/^  Class descriptor  : 'L\(.*\);'/\1/p" | sort; }

"$mirror/build.sh" 2>"$tmp/first"
before=$(cat "$out/mirror.apk" "$out/mirror-obf.apk" "$out/mirror-obf.mapping.txt" | sha256sum)
"$mirror/build.sh" 2>"$tmp/second"
expect 'a second build' "$(cut -d: -f2 "$tmp/second")" ' up to date'
"$mirror/build.sh" --force 2>"$tmp/third"
after=$(cat "$out/mirror.apk" "$out/mirror-obf.apk" "$out/mirror-obf.mapping.txt" | sha256sum)
expect 'the bytes of a forced build' "$after" "$before"

for name in mirror mirror-obf; do
  apk=$out/$name.apk
  apksigner verify "$apk" >"$tmp/verify" 2>&1 || expect "signature of $name" "$(cat "$tmp/verify")" ''
  zipalign -c 4 "$apk" >/dev/null || expect "alignment of $name" off on
  expect "package of $name" "$(badging "$apk" "package: name='\([^']*\)'")" org.daylight.mirror
  expect "activity of $name" "$(badging "$apk" "launchable-activity: name='\([^']*\)'")" \
    org.daylight.mirror.MainActivity
  expect "ABIs of $name" "$(badging "$apk" 'native-code: \(.*\)')" "'arm64-v8a' 'x86_64'"
  mkdir "$tmp/$name"
  (cd "$tmp/$name" && jar xf "$apk" assets)
  expect "age model of $name" "$(digest "$tmp/$name/assets/age.tflite")" \
    "$(digest "$mirror/models/age.tflite")"
  expect "gender model of $name" "$(digest "$tmp/$name/assets/gender.bin")" \
    "$(digest "$mirror/models/gender.tflite")"
  expect "labels of $name" "$(tr '\n' ' ' <"$tmp/$name/assets/gender_labels.txt")" 'female male '
  classes "$apk" >"$tmp/$name.classes"
done

has() { grep -qx "$2" "$tmp/$1.classes" && echo yes || echo no; }
for class in Interpreter support/image/ops/ResizeOp support/common/ops/NormalizeOp; do
  expect "$class in mirror" "$(has mirror "org/tensorflow/lite/$class")" yes
  expect "$class in mirror-obf" "$(has mirror-obf "org/tensorflow/lite/$class")" no
done
# What native code looks up by name cannot be renamed.
expect 'NativeInterpreterWrapper in mirror-obf' \
  "$(has mirror-obf org/tensorflow/lite/NativeInterpreterWrapper)" yes
# The mapping tells the truth: every class that it renames is in the APK under the new name.
sed -n 's/^\([^ ].*\) -> \(.*\):$/\2/p' "$out/mirror-obf.mapping.txt" | tr . / | sort >"$tmp/mapped"
lacking=$(comm -23 "$tmp/mapped" "$tmp/mirror-obf.classes")
expect 'classes of the mapping that the APK lacks' "$lacking" ''
expect 'the age estimator in the mapping' \
  "$(grep -c '^org.daylight.mirror.AgeEstimator -> m\.' "$out/mirror-obf.mapping.txt")" 1

[ "$failures" -eq 0 ] || exit 1
echo 'the sample app is what its source says'
