#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds a case's assessment against the sample app's planted truth.

The truth was measured on 20,000 other faces. Here: (1) every planted difference of the disfavoured group lies in its 95 % interval
and tests significant after Benjamini-Hochberg; (2) no attribute without a planted bias does; (3) the pipeline is the app's.

Usage: planted_truth.py truth.json CASE
"""
import json
import pathlib
import sys

LEVEL = 0.05
PLANTED_GROUP = ("skin", "dark")


def differences(assessment):
    """(head, metric, attribute, group) -> the difference against the rest; rates by label only for the positive class."""
    found = {}
    for d in assessment["disparities"]:
        if d["kind"] == "difference" and d["reference"] == "rest":
            found[d["head"], d["metric"], d.get("label", ""), d["attribute"], d["group"]] = d
    return found


def adjusted_p(found, key):
    """With two labels the false positive rate of one is the miss rate of the other: it is tested there, once."""
    head, metric, label, attribute, group = key
    d = found[key]
    if d["p_adjusted"] is None and metric == "fpr":
        others = [k for k in found if k[:2] == (head, "tpr") and k[3:] == (attribute, group) and k[2] != label]
        if len(others) == 1 and abs(found[others[0]]["value"] + d["value"]) < 1e-12:
            return found[others[0]]["p_adjusted"]
    return d["p_adjusted"]


def check_planted(truth, found, faults):
    checked = 0
    for row in truth["planted"]:
        if (row["attribute"], row["group"]) != PLANTED_GROUP:
            continue
        label = truth["positive_class"].get(row["head"], "") if row["metric"] in ("tpr", "fpr") else ""
        name = f"{row['head']} {row['metric']} {row['attribute']}={row['group']}"
        key = (row["head"], row["metric"], label, row["attribute"], row["group"])
        d = found.get(key)
        if d is None:
            faults.append(f"{name}: not in the assessment")
            continue
        checked += 1
        if not d["low"] <= row["difference"] <= d["high"]:
            faults.append(f"{name}: truth {row['difference']} not in [{d['low']}, {d['high']}]")
        p = adjusted_p(found, key)
        if p is None or p >= LEVEL:
            faults.append(f"{name}: planted, yet p_adjusted {p}")
    if checked < 5:
        faults.append(f"only {checked} planted differences were found in the assessment")


def check_not_planted(truth, assessment, found, faults):
    clean = {row["attribute"] for row in truth["not_planted"]}
    seen = set()
    for (head, metric, label, attribute, group), d in found.items():
        if attribute in clean and d["p_adjusted"] is not None:
            seen.add(attribute)
            if d["p_adjusted"] < LEVEL:
                faults.append(f"{head} {metric} {label} {attribute}={group}: not planted, yet p_adjusted {d['p_adjusted']}")
    for verdict in assessment["verdicts"]:
        if verdict["attribute"] in clean and verdict["outcome"] == "disparity-found":
            faults.append(f"verdict {verdict['id']}: {verdict['text']}")
    if len(seen) < 2:
        faults.append(f"only {sorted(seen)} of the unplanted attributes {sorted(clean)} were assessed")


def check_pipeline(case, faults):
    pipeline = json.loads((case / "pipeline.json").read_text())
    heads = {h["name"]: h for h in pipeline["heads"]}
    if set(heads) != {"age", "gender"}:
        faults.append(f"heads are {sorted(heads)}")
        return
    if heads["gender"]["labels"] != ["female", "male"]:
        faults.append(f"gender labels are {heads['gender']['labels']}")
    steps = {s["id"]: s for s in pipeline["steps"]}
    before = {e["to"]: e["from"] for e in pipeline["edges"]}
    for name, head in heads.items():
        at, ops = head["sink"], []
        while at:
            ops.append(steps[at]["op"])
            if steps[at]["kind"] in ("transform", "model", "postprocess") and steps[at]["proof"]["kind"] != "static":
                faults.append(f"{name}: step {steps[at]['op']} is {steps[at]['proof']['kind']}, not static")
            at = before.get(at)
        for op in ("resize", "normalize", "to-tensor", "tflite"):
            if op not in ops:
                faults.append(f"{name}: no step {op} in {ops[::-1]}")


def main():
    truth = json.loads(pathlib.Path(sys.argv[1]).read_text())
    case = pathlib.Path(sys.argv[2])
    assessment = json.loads((case / "assessment.json").read_text())
    found = differences(assessment)
    faults = []
    check_planted(truth, found, faults)
    check_not_planted(truth, assessment, found, faults)
    check_pipeline(case, faults)
    for fault in faults:
        print(fault)
    if not faults:
        print(f"planted truth holds: {len(found)} differences looked at")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
