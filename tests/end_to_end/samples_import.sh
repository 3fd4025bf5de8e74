#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Sample sets in each layout that people keep them in; what is unusable or stands twice is said; balancing is seeded.
. "$PROJECT/tests/end_to_end/story.sh"
faces=$PROJECT/examples/mirror/faces
[ -f "$faces/samples.csv" ] || skip "the generated faces are absent"
set -- "$faces"/pictures/*.jpg
[ $# -ge 8 ] || skip "fewer than 8 generated JPEG faces"

step "FairFace: its CSV layout, an absent picture, a broken picture, an equal picture"
mkdir -p ff/val
i=0; for p in "$@"; do i=$((i + 1)); cp "$p" "ff/val/$i.jpg"; [ $i = 6 ] && break; done
cp ff/val/1.jpg ff/val/7.jpg
printf 'no picture' >ff/val/8.jpg
{
  echo 'file,age,gender,race,service_test'
  for i in 1 2 3 4 5 6 7 8 9; do echo "val/$i.jpg,20-29,Male,Indian,True"; done
} >ff/fairface_label_val.csv
run 3 "$DAYLIGHT" samples import --from fairface ff --json
json out 'd["rows"] == 7'
json out 'len(d["unusable"]) == 2 and {u["file"].split("/")[-1] for u in d["unusable"]} == {"8.jpg", "9.jpg"}'
json out 'any(x["kind"] == "exact" and len(x["files"]) == 2 for x in d["duplicates"])'
contains ff/samples.csv '^val/1.jpg,20-29,Male,Indian'
run 0 "$DAYLIGHT" check ff/samples.csv

step "a perceptual near copy is reported"
oracles=$PROJECT/third/venv/bin/python
if "$oracles" -c 'import PIL' 2>/dev/null; then
  mkdir near && cp "$1" near/a.jpg && cp "$2" near/c.jpg
  "$oracles" - <<'PY'
from PIL import Image
image = Image.open("near/a.jpg").convert("RGB")
image.resize((image.width * 3 // 2, image.height * 3 // 2)).save("near/b.webp", quality=80)
PY
  printf 'file,gender\na.jpg,Male\nb.webp,Male\nc.jpg,Male\n' >near/labels.csv
  run 0 "$DAYLIGHT" samples import --from csv near/labels.csv --json
  json out '[(x["kind"], x["files"], x["labels_differ"]) for x in d["duplicates"]] == [("perceptual", ["a.jpg", "b.webp"], False)]'
  json near/samples.csv.meta.json 'd["duplicates"][0]["kind"] == "perceptual" and d["rows"] == 3'
else
  echo "SKIPPED STEP: Pillow is absent ($oracles): no near copy was made, tools/bootstrap.sh --tests installs it"
fi

step "the planted oddities of faces-edge come back"
run 3 "$DAYLIGHT" samples import --from csv "$PROJECT/examples/mirror/faces-edge" --out edge/samples.csv --json
json out 'd["rows"] == 9 and {u["file"].split("/")[-1] for u in d["unusable"]} == {"cut-in-half.jpg", "empty.jpg", "not-a-picture.png"}'
json out '{x["kind"]: [f.split("/")[-1] for f in x["files"]] for x in d["duplicates"]} == {"exact": ["exact-copy.jpg", "plain.jpg"], "perceptual": ["exact-copy.jpg", "near-copy.webp", "plain.jpg"]}'

step "the table may lie anywhere: paths lead to the pictures, digests say which are meant"
run 3 "$DAYLIGHT" samples import --from fairface ff --out a/case/samples.csv --json
contains a/case/samples.csv '^../../ff/val/1.jpg,20-29,Male,Indian,[0-9a-f]{64}'
run 0 "$DAYLIGHT" check a/case/samples.csv
run 0 "$DAYLIGHT" samples balance a/case/samples.csv --by gender --seed 1 --out ff/balanced.csv
contains ff/balanced.csv '^val/1.jpg,20-29,Male,Indian,[0-9a-f]{64}'
sed 's/,[0-9a-f]*$/,/' a/case/samples.csv >a/case/no-digests.csv
run 2 "$DAYLIGHT" samples balance a/case/no-digests.csv --by gender --seed 1; one_line 'no-digests.csv:2: .*outside.*samples import'

step "UTKFace: attributes from the names, a bad name is unusable"
mkdir utk
cp "$1" utk/25_0_1_20170116174525125.jpg.chip.jpg
cp "$2" utk/61_1_4_20170104201910393.jpg
cp "$3" utk/wrong_name.jpg
run 3 "$DAYLIGHT" samples import --from utkface utk --json
json out 'd["rows"] == 2 and len(d["unusable"]) == 1'
contains utk/samples.csv '25,[Mm]ale,Black'
contains utk/samples.csv '61,[Ff]emale,Others?'

step "folders: each level is an attribute"
mkdir -p tree/Black/Female tree/White/Male
cp "$1" tree/Black/Female/1.jpg; cp "$2" tree/White/Male/2.jpg
run 0 "$DAYLIGHT" samples import --from folders tree --attributes race,gender
contains tree/samples.csv 'Black/Female/1.jpg,Black,Female'

step "a table that a person made is not replaced; a table that import made is"
run 0 "$DAYLIGHT" samples import --from folders tree --attributes race,gender
printf 'Black/Female/1.jpg,Indian,Female,,\n' >>tree/samples.csv && cp tree/samples.csv mine.csv
run 2 "$DAYLIGHT" samples import --from folders tree --attributes race,gender; one_line 'tree/samples.csv: .*would be replaced.*--out'
rm tree/samples.csv.meta.json
run 2 "$DAYLIGHT" samples import --from folders tree --attributes race,gender; one_line 'tree/samples.csv: .*would be replaced.*--out'
cmp mine.csv tree/samples.csv || fail "a table that a person made was replaced"
run 0 "$DAYLIGHT" samples import --from folders tree --attributes race,gender --out other.csv
cp tree/White/Male/2.jpg kept.jpg
run 2 "$DAYLIGHT" samples import --from folders tree --attributes race,gender --out tree/White/Male/2.jpg; one_line '2.jpg: would be replaced'
cmp kept.jpg tree/White/Male/2.jpg || fail "a picture was replaced"

step "balance: the same number of each, the same draw for the same seed, another for another"
run 2 "$DAYLIGHT" samples balance "$faces/samples.csv" --by shoe_size --seed 7; one_line 'shoe_size'
cp -r "$faces" f
run 0 "$DAYLIGHT" samples balance f/samples.csv --by skin,gender --seed 7 --out f/a.csv
run 0 "$DAYLIGHT" samples balance f/samples.csv --by skin,gender --seed 7 --out f/b.csv
run 0 "$DAYLIGHT" samples balance f/samples.csv --by skin,gender --seed 8 --out f/c.csv
cmp f/a.csv f/b.csv || fail "the same seed drew other rows"
cmp -s f/a.csv f/c.csv && [ "$(wc -l <f/samples.csv)" != "$(wc -l <f/a.csv)" ] && fail "another seed drew the same rows"
python3 - f/a.csv <<'PY'
import collections, csv, sys
counts = collections.Counter((r["skin"], r["gender"]) for r in csv.DictReader(open(sys.argv[1])))
sys.exit(0 if len(counts) > 1 and len(set(counts.values())) == 1 else f"not balanced: {counts}")
PY
run 0 "$DAYLIGHT" check f/a.csv

step "wrong input"
run 2 "$DAYLIGHT" samples import --from fairface absent; one_line 'absent: .*; check the path'
mkdir empty
run 2 "$DAYLIGHT" samples import --from utkface empty; one_line 'empty: there are no pictures; '
run 2 "$DAYLIGHT" samples import --from fairface empty; one_line 'empty: .*fairface_label.*--from'
run 2 "$DAYLIGHT" samples import --from nonsense ff; one_line 'nonsense|--from'
run 2 "$DAYLIGHT" samples import --from csv /dev/zero; one_line '/dev/zero: '
run 2 "$DAYLIGHT" samples import --from fairface ff --out ff; one_line 'ff: is a folder.*ff/samples.csv'
truncate -s 1G sparse.csv
run 2 "$DAYLIGHT" samples import --from csv sparse.csv; one_line 'sparse.csv: .*zero bytes.*; save'
cp ff/fairface_label_val.csv ff/samples.csv
run 2 "$DAYLIGHT" samples import --from csv ff/samples.csv; one_line 'ff/samples.csv: would be replaced.*--out'
cmp ff/fairface_label_val.csv ff/samples.csv || fail "the table that was read was replaced"
odd="$(printf 'two\nlines')"
run 2 "$DAYLIGHT" samples import --from folders "$odd"; one_line 'two.*lines'
mkdir -p "people/$odd" && cp "$1" "people/$odd/1.jpg" && cp "$2" people/2.jpg
run 2 "$DAYLIGHT" samples import --from folders people --attributes race; one_line 'none of its 2 rows.*; '
echo "all well"
