#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the sample app "Mirror" twice: build/mirror/mirror.apk as it is written, and
# build/mirror/mirror-obf.apk after ProGuard, with mirror-obf.mapping.txt beside it.
#
# Usage: build.sh [--force]     (needs the packages of apt-packages.txt; nothing else is asked)
# Does nothing when every output is newer than what it is made from, by content, not by time.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$root/build/mirror
parts=$root/third/mirror
work=$out/work
framework=/usr/share/android-framework-res/framework-res.apk
abis='arm64-v8a x86_64'
export LC_ALL=C TZ=UTC SOURCE_DATE_EPOCH=315532800

say() { echo "mirror: $*" >&2; }
die() { say "$*"; exit 2; }

# Runs a command whose talk is only of interest when it fails.
quietly() {
  if ! "$@" >"$work/log.txt" 2>&1; then
    cat "$work/log.txt" >&2
    die "failed: $*"
  fi
}

require_tools() {
  missing=''
  for tool in aapt apksigner jar java javac keytool mvn proguard sha256sum zipalign; do
    command -v "$tool" >/dev/null 2>&1 || missing="$missing $tool"
  done
  [ -f "$framework" ] || missing="$missing $framework"
  [ -z "$missing" ] || die "missing:$missing; run: xargs apt-get install -y <$here/apt-packages.txt"
}

# One digest over everything that can change an APK.
inputs_digest() {
  (cd "$here" && find app stubs tools models/*.tflite build.sh proguard.txt artifacts.pom.xml artifacts.sha256 \
    -type f | sort | xargs sha256sum | sha256sum | cut -d' ' -f1)
}

up_to_date() {
  [ -f "$out/mirror.apk" ] && [ -f "$out/mirror-obf.apk" ] && [ -f "$out/mirror-obf.mapping.txt" ] &&
    [ "$(cat "$out/inputs.sha256" 2>/dev/null)" = "$(inputs_digest)" ]
}

# The artifacts of artifacts.pom.xml, each at the digest that artifacts.sha256 fixes.
fetch_parts() {
  mkdir -p "$parts"
  if (cd "$parts" && sha256sum --check --status "$here/artifacts.sha256" 2>/dev/null); then
    return 0
  fi
  say 'fetching artifacts'
  quietly mvn -q -B -f "$here/artifacts.pom.xml" process-resources "-Dparts=$parts"
  (cd "$parts" && sha256sum --check --quiet "$here/artifacts.sha256" >&2) ||
    die "an artifact in $parts differs from artifacts.sha256; remove it and try again"
}

# Class files to $work/aar/*.jar, native libraries to $work/apk/lib, keep rules to $work/aar.pro.
unpack_parts() {
  mkdir -p "$work/aar" "$work/apk/lib"
  : >"$work/aar.pro"
  for name in tensorflow-lite-2.14.0 tensorflow-lite-api-2.14.0 tensorflow-lite-support-api-0.4.4; do
    mkdir "$work/aar/$name"
    (cd "$work/aar/$name" && jar xf "$parts/$name.aar")
    if [ -f "$work/aar/$name/proguard.txt" ]; then
      cat "$work/aar/$name/proguard.txt" >>"$work/aar.pro"
    fi
  done
  for abi in $abis; do
    cp -r "$work/aar/tensorflow-lite-2.14.0/jni/$abi" "$work/apk/lib/$abi"
  done
}

# The resource package: manifest, resources, assets. The age model stays uncompressed (the app maps
# it), the gender model is compressed and carries no telling suffix (the app reads it as a stream).
pack_resources() {
  mkdir -p "$work/assets" "$work/gen"
  cp "$here"/app/assets/* "$work/assets/"
  cp "$here/models/age.tflite" "$work/assets/age.tflite"
  cp "$here/models/gender.tflite" "$work/assets/gender.bin"
  quietly aapt package -f -M "$here/app/AndroidManifest.xml" -S "$here/app/res" -A "$work/assets" \
    -I "$framework" -J "$work/gen" -0 tflite -0 arsc -F "$work/resources.apk"
}

compile_java() {
  mkdir -p "$work/classes" "$work/stubs"
  class_path=$parts/android-4.1.1.4.jar
  quietly javac --release 8 -Xlint:-options -cp "$class_path" -d "$work/stubs" \
    "$here/stubs/android/media/Image.java"
  class_path=$class_path:$work/stubs
  for jar in "$work"/aar/*/classes.jar; do class_path=$class_path:$jar; done
  find "$here/app/java" "$work/gen" -name '*.java' | sort >"$work/sources.txt"
  quietly javac --release 8 -Xlint:all,-options,-classfile -g:lines,source -encoding UTF-8 \
    -cp "$class_path" -d "$work/classes" "@$work/sources.txt"
}

shrink_and_rename() {
  set -- "$work"/aar/*/classes.jar
  injars=$work/classes
  for jar; do injars="$injars:$jar(!META-INF/**)"; done
  quietly java "$here/tools/RuntimeStubs.java" "$work/runtime.jar"
  quietly proguard "@$work/aar.pro" "@$here/proguard.txt" -injars "$injars" \
    -outjars "$work/shrunk.jar" \
    -libraryjars "$work/runtime.jar:$parts/android-4.1.1.4.jar:$work/stubs" \
    -printmapping "$work/mapping.txt"
}

# finish NAME CLASSES...: dex the classes, add them and the libraries, align, sign.
finish() {
  name=$1
  shift
  rm -f "$work/apk/classes.dex"
  quietly java -cp "$parts/dalvik-dx-9.0.0_r3.jar" com.android.dx.command.Main --dex \
    --min-sdk-version=24 "--output=$work/apk/classes.dex" "$@"
  cp "$work/resources.apk" "$work/$name.raw.apk"
  files='classes.dex'
  for abi in $abis; do files="$files lib/$abi/libtensorflowlite_jni.so"; done
  # shellcheck disable=SC2086  # a list of names without spaces
  (cd "$work/apk" && quietly aapt add "$work/$name.raw.apk" $files)
  quietly zipalign -f 4 "$work/$name.raw.apk" "$work/$name.apk"
  quietly apksigner sign --ks "$out/signing.keystore" --ks-pass pass:mirror --key-pass pass:mirror \
    --ks-key-alias mirror --v1-signing-enabled true --v2-signing-enabled true \
    --v3-signing-enabled true --v4-signing-enabled false "$work/$name.apk"
  mv "$work/$name.apk" "$out/$name.apk"
}

# A key of this machine only: whoever builds Mirror signs it for themselves.
make_key() {
  [ -f "$out/signing.keystore" ] || quietly keytool -genkeypair -keystore "$out/signing.keystore" \
    -storetype PKCS12 -storepass mirror -keypass mirror -alias mirror -keyalg RSA -keysize 2048 \
    -validity 10000 -dname 'CN=Mirror sample app'
}

mkdir -p "$out"
exec 9>"$out/lock" # Two builds at once would share the work folder.
flock 9
[ "${1-}" = --force ] && rm -f "$out/inputs.sha256"
if up_to_date; then
  say "up to date: $out/mirror.apk $out/mirror-obf.apk"
  exit 0
fi
require_tools
rm -rf "$work"
mkdir -p "$work"
rm -f "$out/inputs.sha256"
make_key
fetch_parts
unpack_parts
pack_resources
compile_java
shrink_and_rename
finish mirror "$work/classes" "$work"/aar/*/classes.jar
finish mirror-obf "$work/shrunk.jar"
cp "$work/mapping.txt" "$out/mirror-obf.mapping.txt"
rm -rf "$work"
inputs_digest >"$out/inputs.sha256"
say "built $out/mirror.apk and $out/mirror-obf.apk"
