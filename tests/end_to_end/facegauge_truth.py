#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds a case of the FaceGauge apps against their documented pipeline and an independent runtime's answers and group table.

Usage: facegauge_truth.py CASE AGE_COLUMN GENDER_COLUMN SUMMARY_INDEX FACES
       SUMMARY_INDEX: which of the two age (and gender) columns of expected_summary.txt is this app's
"""
import csv
import json
import pathlib
import sys

MAX_AGE_ERROR, MAX_SCORE_ERROR = 0.05, 1e-3


def way_to(pipeline, sink):
    steps = {s["id"]: s for s in pipeline["steps"]}
    before = {e["to"]: e["from"] for e in pipeline["edges"]}
    way = []
    while sink:
        way.append(steps[sink])
        sink = before.get(sink)
    return way[::-1]


def check_pipeline(case, faults):
    pipeline = json.loads((case / "pipeline.json").read_text())
    heads = {h["name"]: h for h in pipeline["heads"]}
    if set(heads) != {"age", "gender"}:
        faults.append(f"heads are {sorted(heads)}")
        return
    expected = {
        "age": {"face-crop": {"finder": "android.media.FaceDetector"},
                "resize": {"width": 200, "height": 200, "kernel": "android-bilinear"}, "to-tensor": {"order": "RGB"},
                "normalize": {"mean": [0.0], "std": [255.0]}, "scale": {"factor": 116.0}},
        "gender": {"face-crop": {"finder": "android.media.FaceDetector"},
                   "resize": {"width": 128, "height": 128, "kernel": "android-bilinear"}, "to-tensor": {"order": "RGB"},
                   "normalize": {"mean": [0.0], "std": [255.0]}},
    }
    for name, wanted in expected.items():
        way = way_to(pipeline, heads[name]["sink"])
        for op, params in wanted.items():
            step = next((s for s in way if s["op"] == op), None)
            if step is None:
                faults.append(f"{name}: no step {op} in {[s['op'] for s in way]}")
                continue
            for key, value in params.items():
                if step["params"].get(key) != value:
                    faults.append(f"{name}: {op}.{key} is {step['params'].get(key)}, not {value}")
            if step["proof"]["kind"] != "static":
                faults.append(f"{name}: {op} is {step['proof']['kind']}, not static")
            if not step["evidence"]:
                faults.append(f"{name}: {op} has no evidence")
    if heads["gender"]["labels"] != ["Male", "Female"]:
        faults.append(f"gender labels are {heads['gender']['labels']}")
    if heads["gender"].get("labels_proof", {}).get("kind") != "static":
        faults.append("the order of the gender labels is not proven static")


def check_answers(case, age_column, gender_column, faces, faults):
    expected = {r["file"]: r for r in csv.DictReader(open(faces / "expected_outputs.csv"))}
    worst = {"age": 0.0, "gender": 0.0}
    rows = 0
    for row in csv.DictReader(open(case / "predictions.replayed.csv")):
        if row["alternative"]:
            continue
        want = expected[row["file"]]
        rows += 1
        if row["head"] == "age":
            worst["age"] = max(worst["age"], abs(float(row["value"]) - float(want[age_column])))
        else:
            score = float(row["score"])
            male = score if row["label"] == "Male" else 1 - score
            worst["gender"] = max(worst["gender"], abs(male - float(want[gender_column])))
    print(f"{rows} answers; largest difference: age {worst['age']:.4f} years, gender {worst['gender']:.2e}")
    if rows != 2 * len(expected):
        faults.append(f"{rows} answers for {len(expected)} faces")
    if worst["age"] > MAX_AGE_ERROR or worst["gender"] > MAX_SCORE_ERROR:
        faults.append(f"answers differ from the independent runtime's: {worst}")


def check_group_table(case, index, faces, faults):
    assessment = json.loads((case / "assessment.json").read_text())
    # Nobody went without an answer here, so the mean over those answered is the mean over all.
    got = {(e["head"], e["metric"], e["group"]): e for e in assessment["estimates"]
           if e["attribute"] in ("race", "gender", "") and not e.get("label")
           and e["denominator"] == ("answered" if e["metric"] == "mae" else "all")}
    lines = (faces / "expected_summary.txt").read_text().splitlines()[1:]
    for line in lines:
        words = line.split()
        name, n = " ".join(words[:-5]), int(words[-5])
        group = "" if name == "all" else name
        for head, metric, want in (("age", "mae", words[-4 + index]), ("gender", "accuracy", words[-2 + index])):
            estimate = got.get((head, metric, group))
            if estimate is None:
                faults.append(f"no {head} {metric} for '{group}'")
            elif estimate["n"] != n or f"{estimate['value']:.3f}" != want:
                faults.append(f"{head} {metric} of '{group}': {estimate['value']:.4f} of {estimate['n']}, expected {want} of {n}")
    print(f"group table: {len(lines)} rows compared")


def main():
    case, age_column, gender_column, index, faces = sys.argv[1:]
    faults = []
    check_pipeline(pathlib.Path(case), faults)
    check_answers(pathlib.Path(case), age_column, gender_column, pathlib.Path(faces), faults)
    check_group_table(pathlib.Path(case), int(index), pathlib.Path(faces), faults)
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
