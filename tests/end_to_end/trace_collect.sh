#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# An agent of another language, a collector, and what its readers say of the trace.
. "$PROJECT/tests/end_to_end/story.sh"

# collect NAME ARGUMENTS...: a collector in the background, until it listens; $address, $token.
collect() {
  name=$1; shift
  "$DAYLIGHT" trace collect --out "$name" "$@" >"$name.line" 2>"$name.err" &
  collector=$!
  for _ in $(seq 300); do [ -s "$name.line" ] && break; sleep 0.1; done
  address=$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["listening"])' "$name.line")
  token=$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["token"])' "$name.line")
}
agent() { python3 "$PROJECT/tests/end_to_end/wire_agent.py" "$@" || fail "the agent"; }

step "calls over a Unix socket become a trace that checks"
collect run --socket "$PWD/socket"
agent "$address" "$token" 10
wait "$collector" || fail "the collector: $(cat run.err)"
[ ! -e socket ] || fail "the socket is still there"
run 0 "$DAYLIGHT" check run
run 0 "$DAYLIGHT" trace show run --call 3
contains out '> jni:pkg/Model;.run.*#3'
contains out 'in 0 pixels byte.. uint8 .2,10240. at 0x5000, 20481 bytes sha256:[0-9a-f]{12} = 1 0 1 2 3 4 5 6 \.\.\.'
run 0 "$DAYLIGHT" trace grep run 'sig:arg byte[] len==20481' --kind leave --json; [ "$(wc -l <out)" = 10 ] || fail "not ten calls"
run 0 "$DAYLIGHT" trace stats run --json
json out 'd["complete"] and d["methods"][0]["calls"] == 10 and d["buffers"]["distinct"] == 6 and d["buffers"]["repeats"] == 4'
run 0 "$DAYLIGHT" trace export run --format jsonl --out run.jsonl; [ "$(wc -l <run.jsonl)" = 33 ] || fail "not every event is a line"
run 2 "$DAYLIGHT" trace collect --out run --socket "$PWD/socket"; one_line 'holds a trace already'
run 2 "$DAYLIGHT" trace collect --out other; one_line 'where to listen'

step "two agents over TCP, one of them killed, one without the token"
collect two --tcp 127.0.0.1:0 --clients 2 --token story
[ "$token" = story ] || fail "another token"
python3 "$PROJECT/tests/end_to_end/wire_agent.py" "$address" wrong 0 2>agent.err || true
agent "$address" story 5 killed
agent "$address" story 5
wait "$collector" || fail "the collector: $(cat two.err)"
contains two.err '1 clients cut off, 0 ended without a goodbye, 1 not let in'
run 0 "$DAYLIGHT" check two
run 0 "$DAYLIGHT" trace grep two 'in the middle of a frame'; contains out 'note .error. client'
run 0 "$DAYLIGHT" trace stats two --json; json out 'd["processes"] == 2 and d["methods"][0]["calls"] in (10, 11)'

step "a collector that is interrupted ends its trace"
collect three --socket "$PWD/socket" --clients 9
agent "$address" "$token" 2
sleep 1
kill -TERM "$collector"
wait "$collector" || fail "the collector: $(cat three.err)"
run 0 "$DAYLIGHT" check three
run 0 "$DAYLIGHT" trace show three --kind end; contains out 'end: stopped.*2 calls.*before all clients had ended'
