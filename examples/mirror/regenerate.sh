#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes everything of Mirror that is committed and not written by hand: faces, models, truth.
#
# Usage: regenerate.sh [faces|models|truth]...     (all three when none is named)
# Needs Python 3.11 with venv, about 1.5 GB in third/mirror-python, and ten minutes on two cores.
# The same machine gives the same bytes; another CPU may train models that differ in the last digits,
# then truth.json and expected_outputs.csv follow them.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
venv=$here/../../third/mirror-python
python=$venv/bin/python
export TF_CPP_MIN_LOG_LEVEL=2 PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1

[ -x "$python" ] || python3 -m venv "$venv"
"$python" -m pip install --quiet --requirement "$here/models/requirements.txt"

[ $# -gt 0 ] || set -- faces models truth
for part; do
  case $part in
    faces)
      rm -rf "$here/faces/pictures" "$here/faces-edge/pictures"
      "$python" "$here/faces/make_faces.py"
      "$python" "$here/faces/make_edge_faces.py" ;;
    models) "$python" "$here/models/train.py" ;;
    truth)
      "$python" "$here/models/measure_truth.py"
      "$python" "$here/models/expect.py"
      "$python" "$here/models/verify_audit.py" ;;
    *) echo "regenerate.sh: no such part: $part (faces, models, truth)" >&2; exit 2 ;;
  esac
done
