#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""jvm_answers.py CASE FACES: what the app answered on the virtual machine against the models' answers to the same faces.

expected_outputs.csv has what the models answer behind another resize (PIL's bilinear one, not Android's): the app's answers must be
near them, for every face, and go with them as a whole. Exactness is another test's: replay of the captured inputs.
"""
import csv
import pathlib
import statistics
import sys

case, faces = map(pathlib.Path, sys.argv[1:])
obfuscated = case.name == "obf"
AGE = "model_lite_age_nonq_years" if obfuscated else "model_age_q_years"
MALE = "model_lite_gender_nonq_pmale" if obfuscated else "model_gender_q_pmale"
expected = {row["file"]: row for row in csv.DictReader((faces / "expected_outputs.csv").open())}
rows = list(csv.DictReader((case / "predictions.captured.csv").open()))
assert len(rows) == 80 and all(row["status"] == "ok" for row in rows), [row for row in rows if row["status"] != "ok"]
ages = [(float(row["value"]), float(expected[row["file"]][AGE])) for row in rows if row["value"]]
males = []
for row in rows:
    if row["label"]:
        score = float(row["score"])
        males.append((score if row["label"] == "0" else 1 - score, float(expected[row["file"]][MALE])))
assert len(ages) == 40 and len(males) == 40
differences = [abs(a - b) for a, b in ages]
print("age: mean difference %.3f years, most %.3f; correlation %.4f" % (statistics.mean(differences), max(differences), statistics.correlation(*zip(*ages))))
print("p(male): mean difference %.4f, most %.4f" % (statistics.mean(abs(a - b) for a, b in males), max(abs(a - b) for a, b in males)))
assert statistics.correlation(*zip(*ages)) > 0.99 and statistics.mean(differences) < 1
assert statistics.mean(abs(a - b) for a, b in males) < 0.03
