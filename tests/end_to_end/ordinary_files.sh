# SPDX-License-Identifier: Apache-2.0
# Ten thousand files of this machine that are no models: nothing is found in them, and none takes long.
. "$PROJECT/tests/end_to_end/story.sh"

step "choose 10,000 files, the same of every kind each time"
python3 "$PROJECT/tests/end_to_end/ordinary_files.py" choose chosen || skip "this machine has too few files"

step "look at all of them"
for folder in chosen/*/; do
  run 0 "$DAYLIGHT" detect "$folder" --json --quiet
  mv out "${folder%/}.json"
done

step "no model, framework or remote model that is not one"
python3 "$PROJECT/tests/end_to_end/ordinary_files.py" check chosen || fail "something was found that is none"
