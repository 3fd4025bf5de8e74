#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Wrong input of every kind: one line that says what, where and what to do; nothing that was done before is lost.
. "$PROJECT/tests/end_to_end/story.sh"
app=$PROJECT/build/mirror/mirror.apk
faces=$PROJECT/examples/mirror/faces/samples.csv
[ -f "$app" ] || skip "the sample app is not built: sh examples/mirror/build.sh"

step "no verb, an unknown verb, an unknown flag"
run 2 "$DAYLIGHT"; one_line 'help'
run 2 "$DAYLIGHT" frobnicate; one_line "there is no verb 'frobnicate'; see .*help"
run 2 "$DAYLIGHT" samples frobnicate; one_line "there is no verb 'samples frobnicate'"
run 2 "$DAYLIGHT" detect; one_line 'app'
run 2 "$DAYLIGHT" detect "$app" --frobnicate; one_line 'frobnicate'

step "an app that is empty, truncated, a folder, absent, or no app"
: >empty.apk
run 2 "$DAYLIGHT" detect empty.apk; one_line 'empty.apk: .*;'
mkdir nothing
run 2 "$DAYLIGHT" detect nothing; one_line 'nothing: the folder holds no files;'
run 2 "$DAYLIGHT" detect absent.apk; one_line 'absent.apk: '
head -c 3000 "$app" >cut.apk
run 2 "$DAYLIGHT" detect cut.apk; one_line 'cut.apk: .*;'
head -c 100000 /dev/zero >zeros.apk
run 2 "$DAYLIGHT" detect zeros.apk; one_line 'zeros.apk: .*;'
mkfifo pipe.apk
run 2 "$DAYLIGHT" detect pipe.apk; one_line 'pipe.apk: .*not a regular file'

step "samples with a missing column, a missing picture, no rows, a wrong path"
mkdir s && cp "$(dirname "$faces")"/*.* s/ 2>/dev/null || true
audit() { "$DAYLIGHT" audit "$app" --samples "$1" --case "$2" --bootstrap 200; }
printf 'picture,age\na.jpg,3\n' >s/column.csv
run 2 audit s/column.csv case1; one_line "column.csv: .*'file'.*;"
printf 'file;age;gender\na.jpg;3;Male\n' >s/semicolons.csv
run 2 audit s/semicolons.csv case1; one_line "semicolons.csv: .*'file'.*; the columns are separated by semicolons"
run 2 "$DAYLIGHT" samples import --from csv s/semicolons.csv --out t.csv; one_line 'separated by semicolons'
run 2 "$DAYLIGHT" assess --predictions s/semicolons.csv --samples "$faces" --by skin; one_line 'separated by semicolons'
printf 'file,age,gender\n' >s/rows.csv
run 2 audit s/rows.csv case1; one_line 'rows.csv: .*no rows.*;'
printf 'file,age,gender\n../x.jpg,3,Male\n' >s/outside.csv
run 2 audit s/outside.csv case1; one_line 'outside.csv:2: .*;'
run 2 audit s/absent.csv case1; one_line 'absent.csv: '
printf 'file,age,gender\nabsent.jpg,3,Male\nabsent2.jpg,3,Female\n' >s/picture.csv
run 2 audit s/picture.csv case1
contains err "picture.csv:2: the picture 'absent.jpg' cannot be read.*2 of 2.*;"

step "what was done before the missing picture stays, and is valid"
[ -f case1/inventory.json ] && [ -f case1/pipeline.json ] || fail "detect and rebuild did not stay"
run 0 "$DAYLIGHT" check case1
contains case1/journal.jsonl '"stage":"replay","event":"failed"'

step "a model that passes every check and crashes the inference library costs its own head, and nothing else"
python3 "$PROJECT/tests/end_to_end/hostile_model.py" "$app" "$PROJECT/examples/mirror/models/gender.tflite" hostile.apk
head -n 41 "$faces" >few.csv && mkdir few && mv few.csv few/samples.csv && ln -s "$(dirname "$faces")/pictures" few/pictures
run 3 "$DAYLIGHT" audit hostile.apk --samples few/samples.csv --samples-are face-crops --compare-kernels none --by skin \
  --bootstrap 100 --case case_hostile
contains err 'warning: replay .*crashed'
json case_hostile/predictions.replayed.csv.meta.json 'd["outcomes"] == {"crash": 40, "ok": 40}'
json case_hostile/assessment.json 'any(o["head"] == "gender" and o["status"] == "crash" and o["n"] == 40 for o in d["outcomes"])'
[ -s case_hostile/report.html ] || fail "no report"
run 0 "$DAYLIGHT" check case_hostile

step "a column that is not there is told before any work"
run 2 "$DAYLIGHT" audit "$app" --samples "$faces" --case case2 --by shoe_size; one_line "shoe_size.*--by|--by: .*shoe_size.*columns are"
[ ! -e case2/predictions.replayed.csv ] || fail "replay ran although --by was wrong"
run 2 "$DAYLIGHT" audit "$app" --samples "$faces" --case case2 --target age=shoe_size; one_line 'shoe_size'
run 2 "$DAYLIGHT" audit "$app" --samples "$faces" --case case2 --target age; one_line 'HEAD=COLUMN'

step "a label that the head cannot mean"
printf 'file,head,label\na.jpg,gender,Male\nb.jpg,gender,Female\n' >p.csv
printf 'file,gender,skin\na.jpg,Male,dark\nb.jpg,Femal,light\n' >labels.csv
run 2 "$DAYLIGHT" assess --predictions p.csv --samples labels.csv --by skin --out a.json
one_line "Femal"
[ ! -e a.json ] || fail "an assessment was written all the same"

step "predictions that cannot be read"
printf 'file,head,value\na.jpg,age,old\n' >words.csv
run 2 "$DAYLIGHT" assess --predictions words.csv --samples labels.csv --by skin; one_line 'words.csv:2: .*value'
run 2 "$DAYLIGHT" assess --samples labels.csv --by skin; one_line 'case'

step "a result never replaces what it is made from"
cp "$app" own.apk && cp own.apk own.copy && ln -s own.apk link.apk && ln own.apk second.apk
for out in own.apk ./own.apk link.apk second.apk; do
  run 2 "$DAYLIGHT" detect own.apk --out $out; one_line 'would be replaced.*; name another file'
done
cmp own.apk own.copy || fail "the app was replaced"
printf 'file,gender,skin\na.jpg,Male,dark\nb.jpg,Female,light\n' >truth.csv
cp truth.csv truth.copy && cp p.csv p.copy
for out in p.csv truth.csv; do
  run 2 "$DAYLIGHT" assess --predictions p.csv --samples truth.csv --by skin --out $out; one_line "$out: would be replaced"
done
cmp p.csv p.copy && cmp truth.csv truth.copy || fail "an input was replaced"
run 2 "$DAYLIGHT" detect own.apk --out s; one_line 's: is a folder'

step "a case is of one app"
digests case1 >before
twin=$PROJECT/build/mirror/mirror-obf.apk
for verb in detect plan rebuild; do
  run 2 "$DAYLIGHT" $verb "$twin" --case case1; one_line 'case1: the case is of another app \(mirror.apk, .*; name another folder'
done
run 2 "$DAYLIGHT" audit "$twin" --samples "$faces" --case case1; one_line 'case1: the case is of another app'
digests case1 >after
cmp before after || fail "another app's run changed the case"

step "names of kernels and heads are checked before any work"
for flag in --resize-kernel --compare-kernels; do
  run 2 "$DAYLIGHT" audit "$app" --samples "$faces" --case case3 $flag bogus; one_line "$flag: .*bogus"
  run 2 "$DAYLIGHT" replay --samples "$faces" --case case1 $flag bogus; one_line "$flag: .*bogus"
done
[ ! -e case3 ] || fail "work began although the kernel has no such name"
run 2 "$DAYLIGHT" audit "$app" --samples "$faces" --case case3 --target foo=age --quiet; one_line "--target: .*'foo'; the heads are: .*age"
[ ! -e case3/predictions.replayed.csv ] && [ ! -e case3/predictions.replayed.csv.partial ] || fail "replay ran although --target was wrong"

step "files that are no artifacts, and artifacts that were changed"
printf '{"a": 1}' >x.json
run 2 "$DAYLIGHT" check x.json; one_line 'x.json: .*schema'
printf 'not json' >y.json
run 2 "$DAYLIGHT" check y.json; one_line 'y.json: '
run 2 "$DAYLIGHT" check s; one_line 'not a case'
cp -r case_hostile case_numbers
python3 - case_numbers/assessment.json <<'PY'
import json, sys
d = json.load(open(sys.argv[1]))
d["estimates"][0].update(value=0.5, low=5, high=1)
json.dump(d, open(sys.argv[1], "w"))
PY
run 2 "$DAYLIGHT" check case_numbers; contains out "low 5 is above its high 1"; contains out 'a rate or its interval is not between 0 and 1'
for file in report.html predictions.replayed.csv; do
  cp -r case_hostile case_meta && rm "case_meta/$file.meta.json"
  run 2 "$DAYLIGHT" check case_meta; contains out "^BAD +$file"; contains out "$file.meta.json.* is absent"
  rm -r case_meta
done
for file in inventory.json pipeline.json predictions.replayed.csv; do
  cp -r case_hostile case_hole && rm "case_hole/$file"
  run 2 "$DAYLIGHT" check case_hole; contains out "was made from $file, which is not here"
  rm -r case_hole
done
run 0 "$DAYLIGHT" check case_hostile

step "a stored model that was damaged is stored again"
blob=$(find case1/blobs -type f | head -n 1)
chmod u+w "$blob" && printf 'damaged' >"$blob"
run 2 "$DAYLIGHT" check case1; contains out 'BAD .*blob'
run 0 "$DAYLIGHT" detect "$app" --case case1; contains err 'warning: the stored model .* was damaged: it is stored again'
run 0 "$DAYLIGHT" check case1
run 0 "$DAYLIGHT" detect "$app" --case case1; contains err '^detect +up to date'

sed 's/"gaps"/"holes"/' case1/inventory.json >case1/i && mv case1/i case1/inventory.json
run 2 "$DAYLIGHT" check case1; contains out 'BAD +inventory.json'

step "options that contradict each other"
run 2 "$DAYLIGHT" assess --case case1 --samples "$faces" --out other.json; one_line 'out are both given; a case'
run 2 "$DAYLIGHT" assess --case case1 --samples "$faces" --predictions p.csv; contains err 'excludes'

step "a mistyped case is not made"
for verb in "plan $app" "rebuild $app" "replay --samples $faces" "assess --samples $faces" report; do
  # shellcheck disable=SC2086  # a list of words is meant
  run 2 "$DAYLIGHT" $verb --case typo; one_line 'typo: there is no case; .*detect'
  [ ! -e typo ] || fail "$verb made a folder"
done
run 2 "$DAYLIGHT" check typo; one_line 'typo'

step "a case that cannot be made"
printf x >file
run 2 "$DAYLIGHT" detect "$app" --case file; one_line 'file: '
echo "all well"
