# SPDX-License-Identifier: Apache-2.0
# Helpers of the end-to-end stories: source this file. $DAYLIGHT is the program, $PROJECT the checkout.
set -eu
: "${DAYLIGHT:?}" "${PROJECT:?}"
SHARED=${DAYLIGHT_SHARED:-$PROJECT/../shared}
story_folder=$(mktemp -d "${TMPDIR:-/tmp}/daylight-story-XXXXXX")
trap 'rm -rf "$story_folder"' EXIT
cd "$story_folder"

fail() { printf 'FAILED: %s\n' "$*" >&2; [ -f err ] && sed 's/^/  stderr: /' err >&2; exit 1; }
step() { printf -- '- %s\n' "$*"; }

# The whole story needs something that is absent: ctest shows it as skipped.
skip() { printf 'SKIPPED: %s\n' "$*"; exit 77; }

# run CODE COMMAND...: the command ends with exactly this code; its output is in the files out and err.
run() {
  want=$1; shift
  code=0; "$@" >out 2>err || code=$?
  [ "$code" = "$want" ] || fail "exit code $code, not $want: $*"
}

# one_line PATTERN: stderr is one line that starts with "daylight: " and matches the pattern.
one_line() {
  [ "$(wc -l <err)" = 1 ] || fail "stderr has $(wc -l <err) lines, not 1"
  grep -q '^daylight: ' err || fail "stderr does not start with 'daylight: '"
  grep -qE -e "$1" err || fail "stderr does not match: $1"
}

contains() { grep -qE "$2" "$1" || { sed 's/^/  /' "$1" >&2; fail "$1 does not match: $2"; }; }
lacks() { ! grep -qE "$2" "$1" || fail "$1 matches: $2"; }

# json FILE 'PYTHON EXPRESSION over d': true, or the story fails.
json() { python3 -c 'import json,sys; d=json.load(open(sys.argv[1])); sys.exit(0 if eval(sys.argv[2]) else 1)' "$1" "$2" || fail "$1: $2"; }
digests() { (cd "$1" && find . -type f ! -name journal.jsonl ! -name lock ! -path './trace*' -exec sha256sum {} + | sort -k2); }
