#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Processes watched by Frida: a stripped program of ours, a library that is loaded late, TensorFlow Lite, processes that are killed.
. "$PROJECT/tests/end_to_end/story.sh"
[ -x "$DAYLIGHT" ] && [ -f "$(dirname "$DAYLIGHT")/frida/daylight-agent.js" ] || skip "this build has no agent for Frida (tools/bootstrap.sh third --frida)"
"$PROJECT/third/frida/venv/bin/python3" -c 'import frida' 2>/dev/null || skip "Frida is not here (tools/bootstrap.sh third --frida)"
sh "$PROJECT/tests/end_to_end/frida_fixture.sh" || fail "the fixture does not build"
watch='so:fixture!convert {in,out,return,len=arg2*4}'

step "a stripped program: what goes in and comes out is what was computed"
run 0 "$DAYLIGHT" capture --frida --unsafe-no-sandbox --out plain --watch "$watch" --json "$PWD/fixture" -- 20 50000
json out 'd["calls"] == 20 and d["lost_calls"] == 0 and d["lost_events"] == 0 and d["without_goodbye"] == 0'
run 0 "$DAYLIGHT" check plain
run 0 "$DAYLIGHT" trace export plain --format jsonl --out plain.jsonl
python3 "$PROJECT/tests/end_to_end/frida_values.py" fixture plain plain.jsonl 20 50000 || fail "other values"

step "a library that is loaded late, by an address that only an offset names"
offset=$(nm late.full.so | sed -n 's/^0*\([0-9a-f]*\) t hidden$/\1/p')
run 0 "$DAYLIGHT" capture --frida --unsafe-no-sandbox --out late --watch "so:late.so+0x$offset {in,out,len=arg2*4}" --json "$PWD/fixture" -- 7 300 "$PWD/late.so"
json out 'd["calls"] == 7 and d["lost_calls"] == 0'
run 0 "$DAYLIGHT" trace export late --format jsonl --out late.jsonl
python3 "$PROJECT/tests/end_to_end/frida_values.py" fixture late late.jsonl 7 300 || fail "other values"

step "a process that is killed leaves a trace that checks"
run 0 "$DAYLIGHT" capture --frida --unsafe-no-sandbox --out killed --watch "$watch" --json "$PWD/fixture" -- 5 300 kill
json out 'd["calls"] == 5 and d["without_goodbye"] == 1'
run 0 "$DAYLIGHT" check killed

step "an agent that goes, five times: the process stays"
"$PWD/fixture" 100000000 300 slow >slow.out & target=$!
for round in 1 2 3 4 5; do
  run 0 "$DAYLIGHT" capture --frida --pid $target --out slow$round --watch "$watch" --seconds 3 --json
  json out 'd["calls"] > 0 and d["without_goodbye"] == 0'
  run 0 "$DAYLIGHT" check slow$round
  sleep 0.5
  kill -0 $target || fail "the process is gone after $round"
done
kill $target

step "a graph of more constants than a call may have tensors: those that are computed are all told"
run 0 "$DAYLIGHT" capture --frida --unsafe-no-sandbox --out constants --json "$PWD/graph" -- 3 300 4 10
json out 'd["calls"] == 3 and d["lost_calls"] == 0'
run 0 "$DAYLIGHT" trace export constants --format jsonl --out constants.jsonl
python3 "$PROJECT/tests/end_to_end/frida_values.py" graph constants.jsonl 3 t300 t301 t302 t303 || fail "other tensors"
lacks constants.jsonl 'are told|not told'

step "what a recipe cannot tell is a note"
run 0 "$DAYLIGHT" capture --frida --unsafe-no-sandbox --out many --json "$PWD/graph" -- 3 0 300 10
json out 'd["calls"] == 3 and d["lost_calls"] == 0'
run 0 "$DAYLIGHT" trace export many --format jsonl --out many.jsonl
for when in before after; do
  [ "$(grep -c "of 300 tensors $when a call the first 256 are told" many.jsonl)" = 1 ] || fail "no note, or several, on 44 tensors $when a call"
done
run 0 "$DAYLIGHT" capture --frida --unsafe-no-sandbox --out odd --json "$PWD/graph" -- 3 80 4 10 odd
run 0 "$DAYLIGHT" trace export odd --format jsonl --out odd.jsonl
[ "$(grep -c 'tensor 83 is not what a tensor looks like' odd.jsonl)" = 1 ] || fail "no note, or several, on a tensor that is none"
run 0 "$DAYLIGHT" capture --frida --unsafe-no-sandbox --out unmapped --json "$PWD/graph" -- 3 80 4 10 unmapped
json out 'd["calls"] == 3 and d["lost_calls"] == 0'
run 0 "$DAYLIGHT" trace export unmapped --format jsonl --out unmapped.jsonl
for when in before after; do
  [ "$(grep -c "calls without tensors, which could not be walked $when" unmapped.jsonl)" = 1 ] || fail "no note, or several, on a walk that failed $when a call"
done

step "a call that is given 256 MiB: as much is copied as the longest buffer has, and the memory goes back"
in='{"index": 0, "in": true, "length": {"number": "16777216"}}'
printf '{"recipes": [], "hooks": [{"selector": "so:fixture!convert", "module": ["fixture"], "find": {"export": ["convert"]}, "arguments": [%s]}]}\n' \
  "$in$(printf ", $in%.0s" 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)" >large.json
rm -f memory.txt
run 0 "$DAYLIGHT" capture --frida --unsafe-no-sandbox --out large --frida-plan large.json --json "$PWD/fixture" -- 2 4194304
json out 'd["calls"] == 2 and d["lost_calls"] == 0 and d["lost_events"] == 0 and d["without_goodbye"] == 0'
run 0 "$DAYLIGHT" check large
run 0 "$DAYLIGHT" trace export large --format jsonl --out large.jsonl
python3 "$PROJECT/tests/end_to_end/frida_values.py" dropped large.jsonl 2 4 12 || fail "other buffers were dropped, or not counted"
python3 "$PROJECT/tests/end_to_end/frida_values.py" memory memory.txt peak 96 after 24 || fail "the process has more memory than it should"

step "a process that gets no memory any more: the buffer is lost, the process and the call are not"
run 0 "$DAYLIGHT" capture --frida --unsafe-no-sandbox --out poor --frida-plan large.json --json "$PWD/fixture" -- 2 4194304 poor
json out 'd["calls"] == 2 and d["lost_calls"] == 0 and d["lost_events"] == 0 and d["without_goodbye"] == 0'
run 0 "$DAYLIGHT" trace export poor --format jsonl --out poor.jsonl
python3 "$PROJECT/tests/end_to_end/frida_values.py" dropped poor.jsonl 2 0 16 || fail "other buffers were dropped, or not counted"

step "shapes that change with each call take no memory that stays"
rm -f memory.txt
run 0 "$DAYLIGHT" capture --frida --unsafe-no-sandbox --out shapes --json "$PWD/graph" -- 250 0 100 10 shapes
json out 'd["calls"] == 250 and d["lost_calls"] == 0'
python3 "$PROJECT/tests/end_to_end/frida_values.py" memory memory.txt after 4 || fail "memory stays"

step "refusals"
run 2 "$DAYLIGHT" capture --frida --out none --watch "$watch" "$PWD/fixture"; one_line 'not in the jail'
for rule in 'java:a/B;.c' 'import:fixture!memcpy' 'sig:arg float[] len==300'; do
  run 2 "$DAYLIGHT" capture --frida --out none2 --unsafe-no-sandbox --watch "$rule" "$PWD/fixture"; one_line 'functions of libraries'
done
run 2 "$DAYLIGHT" capture --frida --out none3 --unsafe-no-sandbox --watch "$watch" "$PWD/nothing"; one_line 'does not get into the process'

model=$SHARED/data/models/model_gender_q.tflite
[ -f "$model" ] || skip "TensorFlow Lite was left out: the sample models are not here (DAYLIGHT_SHARED)"
step "TensorFlow Lite in another process: its tensors are those that it computed"
run 0 "$DAYLIGHT" capture --frida --unsafe-no-sandbox --out tflite --json "$PROJECT/third/venv/bin/python3" -- "$PROJECT/tests/end_to_end/frida_tflite.py" "$model" "$PWD/tensors.npz"
json out 'd["calls"] == 3 and d["lost_calls"] == 0'
run 0 "$DAYLIGHT" trace export tflite --format jsonl --out tflite.jsonl
"$PROJECT/third/venv/bin/python3" "$PROJECT/tests/end_to_end/frida_values.py" tflite tflite tflite.jsonl "$PWD/tensors.npz" || fail "other tensors"
