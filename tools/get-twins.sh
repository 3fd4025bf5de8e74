#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fills a folder for `daylight capture --twins DIR`: published libraries whose arm64 and x86-64 builds are of one version. Run by the user; Daylight itself never fetches anything.
#
# Usage: tools/get-twins.sh DIR [GROUP:ARTIFACT:VERSION=SHA256 ...]     without coordinates: those of tools/twins.txt
set -eu
[ $# -ge 1 ] || { echo "usage: tools/get-twins.sh DIR [GROUP:ARTIFACT:VERSION=SHA256 ...]" >&2; exit 2; }
mkdir -p "$1"
folder=$(cd "$1" && pwd)
shift
here=$(cd "$(dirname "$0")" && pwd)
say() { printf 'get-twins: %s\n' "$*" >&2; }

fetch() { # coordinates sha256
  name=$(printf '%s' "$1" | cut -d: -f2,3 | tr : -).aar
  if [ ! -f "$folder/$name" ]; then
    say "fetching $1"
    mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:2.8:copy -Dartifact="$1:aar" -DoutputDirectory="$folder" >"$folder/maven.log" 2>&1 ||
      { cat "$folder/maven.log" >&2; say "could not fetch $1"; exit 1; }
    rm -f "$folder/maven.log"
  fi
  echo "$2  $folder/$name" | sha256sum --check --quiet - || { rm -f "$folder/$name"; say "$name has another SHA-256 than it should"; exit 1; }
}

if [ $# -gt 0 ]; then
  for pair; do fetch "${pair%%=*}" "${pair#*=}"; done
else
  grep -v '^#' "$here/twins.txt" | while read -r coordinates digest; do fetch "$coordinates" "$digest"; done
fi
