#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The agent in a real virtual machine: every kind of value, faults, threads, live attach, killed processes.
. "$PROJECT/tests/end_to_end/story.sh"
AGENT=$(dirname "$DAYLIGHT")/agent/jvmti/libdaylight_jvmti.so
command -v javac >/dev/null && [ -f "$AGENT" ] || skip "this build has no agent/jvmti (openjdk-17-jdk-headless)"
JDK=$(dirname "$(dirname "$(readlink -f "$(command -v javac)")")")
c++ -std=c++20 -O2 -fPIC -shared -I"$JDK/include" -I"$JDK/include/linux" "$PROJECT/tests/end_to_end/jvmti/fixture.cc" -o libfixture.so
javac -d classes "$PROJECT/tests/end_to_end/jvmti/fixture/Fixture.java" "$PROJECT/tests/end_to_end/jvmti/android/graphics/Bitmap.java"
holds() { python3 "$PROJECT/tests/end_to_end/jvmti_trace.py" "$@" || fail "the trace is not what was done: $*"; }

# collect NAME: a collector in the background, until it listens.
collect() {
  "$DAYLIGHT" trace collect --seconds 120 --out "$1" --socket "$PWD/$1.sock" --token story >"$1.line" 2>"$1.err" &
  collector=$!
  for _ in $(seq 300); do [ -s "$1.line" ] && break; sleep 0.1; done
}
# options NAME RULES: what the agent is told.
options() { echo "to=unix:$PWD/$1.sock,token=story,$2"; }
# java_of WHAT...: the fixture, by $JAVA with $FLAGS.
java_of() { "${JAVA:-java}" $FLAGS -Dfixture.library="$PWD/libfixture.so" -cp classes fixture.Fixture "$@"; }
# traced NAME RULES WHAT...: the fixture from its start, and its trace.
traced() {
  name=$1; rules=$2; shift 2
  collect "$name"
  FLAGS="$MORE -agentpath:$AGENT=$(options "$name" "$rules")"
  ended=0; java_of "$@" >"$name.out" 2>&1 || ended=$?
  wait "$collector" || fail "the collector: $(cat "$name.err")"
  run 0 "$DAYLIGHT" check "$name"
  "$DAYLIGHT" trace show "$name" --json >"$name.jsonl"
}
MORE=

machines=java
for other in /usr/lib/jvm/*/bin/java; do
  [ "$(readlink -f "$other")" = "$(readlink -f "$(command -v java)")" ] && continue
  case $machines in *"$(readlink -f "$other")"*) continue ;; esac
  "$other" -version 2>&1 | grep -q '"\(1[89]\|[2-9][0-9]\)' && machines="$machines $(readlink -f "$other")"
done
for JAVA in $machines; do
  step "$($JAVA -version 2>&1 | head -1): values of every kind"
  traced values 'rule=jni:fixture/*;.*{in,out,return}' values; [ $ended = 0 ] || fail "the fixture: $(cat values.out)"
  holds values values.jsonl
  traced objects 'rule=jni:fixture/Fixture;.look{in}' objects; [ $ended = 0 ] || fail "the fixture: $(cat objects.out)"
  holds objects objects.jsonl
  traced collections 'rule=jni:fixture/Fixture;.look{in}' collections; [ $ended = 0 ] || fail "the fixture: $(cat collections.out)"
  holds collections collections.jsonl
  traced java 'rule=java:fixture/Fixture;.score{in,out,return},rule=java:fixture/Fixture;.loop{in,return},rule=java:fixture/Fixture;.depth{in,return}' java
  [ $ended = 0 ] || fail "the fixture: $(cat java.out)"
  holds java java.jsonl
  rm -rf values objects collections java
done
JAVA=java

step "what passes through JNI, by the library that calls; values by their shape"
traced functions 'rule=import:libfixture.so!*{in,out,return}' values; [ $ended = 0 ] || fail "the fixture: $(cat functions.out)"
holds functions functions.jsonl
printf '# by shape\n\nsig:arg float[] len==3 {in}\n' >shapes.rules
traced shapes "rules=$PWD/shapes.rules" values; holds shapes shapes.jsonl
printf 'sig:arg float[] len==4 {in}\n' >none.rules
traced none "rules=$PWD/none.rules" values
run 0 "$DAYLIGHT" trace stats none --json; json out 'd["events"].get("enter", 0) == 0'
# What does not hold the value is no call of the source: the first one here does not.
printf 'sig:arg float[] len==3 {in,calls=1}\n' >first.rules
traced first "rules=$PWD/first.rules" lengths; [ $ended = 0 ] || fail "the fixture: $(cat first.out)"
holds lengths first.jsonl 1
printf 'sig:arg float[] len==3 {in,every=2}\n' >second.rules
traced second "rules=$PWD/second.rules" lengths; holds lengths second.jsonl 1,4

step "exceptions, recursion, native memory by a length, memory that is gone"
traced faults 'rule=jni:fixture/Fixture;.peek{in,len=arg1},rule=jni:fixture/*;.*{in,out,return}' faults; [ $ended = 0 ] || fail "the fixture: $(cat faults.out)"
holds faults faults.jsonl

step "an array of 2 GB costs its limit"
MORE=-Xmx3g; traced huge 'rule=jni:fixture/Fixture;.large{in,limit=65536}' huge; MORE=
[ $ended = 0 ] || fail "the fixture: $(cat huge.out)"
holds huge huge.jsonl

step "1,000 threads"
traced threads 'rule=jni:fixture/Fixture;.successor{in,out,return}' threads 1000 20; [ $ended = 0 ] || fail "the fixture: $(cat threads.out)"
run 0 "$DAYLIGHT" trace stats threads --json
json out 'd["complete"] and d["methods"][0]["calls"] == 20000 and d["lost"]["calls"] == 0 and d["threads"] >= 1000'

step "sampling"
traced sampled 'rule=jni:fixture/Fixture;.successor{every=10}' threads 1 100
run 0 "$DAYLIGHT" trace stats sampled --json; json out 'd["methods"][0]["calls"] == 10'
traced few 'rule=jni:fixture/Fixture;.successor{calls=7}' threads 1 100
run 0 "$DAYLIGHT" trace stats few --json; json out 'd["methods"][0]["calls"] == 7'

step "too much for the agent's memory: whole calls are lost, and counted"
collect crowded
kill -STOP "$collector"
FLAGS="-agentpath:$AGENT=$(options crowded 'rule=jni:fixture/Fixture;.large{in},memory=1048576,patience=0')"
java_of bench 4000 150000 true >crowded.out 2>&1 & app=$!
# The fixture says when it is through its calls.
for _ in $(seq 600); do [ -s crowded.out ] && break; sleep 0.1; done
kill -CONT "$collector"
wait "$app" || fail "the fixture: $(cat crowded.out)"
wait "$collector" || fail "the collector: $(cat crowded.err)"
run 0 "$DAYLIGHT" check crowded
"$DAYLIGHT" trace show crowded --json >crowded.jsonl
holds crowded crowded.jsonl 12000

step "the app is killed inside of a call: its begin is there"
traced killed 'rule=jni:fixture/Fixture;.die{in}' die; [ $ended = 137 ] || fail "it was not killed: $ended"
holds killed killed.jsonl
contains killed.err '1 ended without a goodbye'

step "the collector is killed: the app runs on"
collect gone
FLAGS="-agentpath:$AGENT=$(options gone 'rule=jni:fixture/*;.*{in,out,return}')"
java_of threads 8 200000 >gone.out 2>&1 & app=$!
sleep 1
kill -9 "$collector"; wait "$collector" 2>/dev/null || true
wait "$app" || fail "the app went with it: $(cat gone.out)"

step "live attach: natives that a library exports, JNI functions; what cannot be seen is said"
collect attached
FLAGS=; java_of forever >attached.out 2>&1 & app=$!
for _ in $(seq 100); do grep -q ready attached.out && break; sleep 0.1; done
java_pid=$(pgrep -P "$app" java || echo "$app")
run 0 jcmd "$java_pid" JVMTI.agent_load "$AGENT" "\"$(options attached 'rule=jni:fixture/*;.*{in,out},rule=import:libfixture.so!*{return},rule=java:fixture/*;.*')\""
contains out 'return code: 0'
sleep 2
kill "$java_pid"; wait "$app" || true
wait "$collector" || fail "the collector: $(cat attached.err)"
run 0 "$DAYLIGHT" check attached
"$DAYLIGHT" trace show attached --json >attached.jsonl
holds attached attached.jsonl

step "what is wrong with options is said, and the app does not start"
for wrong in 'rule=jni:*' 'to=unix:/nowhere/at/all,rule=jni:*' "to=unix:$PWD/x,rule=nothing" "to=unix:$PWD/x,colour=red"; do
  FLAGS="-agentpath:$AGENT=$wrong"
  ended=0; java_of values >wrong.out 2>&1 || ended=$?
  [ $ended != 0 ] && grep -q '^daylight_jvmti: ' wrong.out || fail "accepted: $wrong"
done
