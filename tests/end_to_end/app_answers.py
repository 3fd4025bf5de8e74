#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds replayed answers against what the sample app itself answers (its own code, TensorFlow's interpreter).

Usage: app_answers.py expected_outputs.csv CASE
"""
import csv
import pathlib
import sys

MAX_AGE_ERROR, MAX_SCORE_ERROR = 0.01, 1e-3


def main():
    expected = {r["file"]: r for r in csv.DictReader(open(sys.argv[1]))}
    worst, labels, rows = {"age": 0.0, "gender": 0.0}, 0, 0
    for row in csv.DictReader(open(pathlib.Path(sys.argv[2]) / "predictions.replayed.csv")):
        if row["alternative"]:
            continue
        want, rows = expected[row["file"]], rows + 1
        if row["head"] == "age":
            worst["age"] = max(worst["age"], abs(float(row["value"]) - float(want["age"])))
        else:
            worst["gender"] = max(worst["gender"], abs(float(row["score"]) - float(want[row["label"]])))
            labels += row["label"] != want["gender"]
    print(f"{rows} answers; largest difference: age {worst['age']:.5f} years, gender {worst['gender']:.6f}; {labels} other labels")
    good = rows == 2 * len(expected) and worst["age"] <= MAX_AGE_ERROR and worst["gender"] <= MAX_SCORE_ERROR and not labels
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
