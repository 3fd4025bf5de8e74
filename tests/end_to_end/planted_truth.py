#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds a case's assessment against the sample app's planted truth.

The truth was measured on 20,000 other faces. Here: (1) every planted difference of the disfavoured group lies in its 95 % interval
and tests significant after Benjamini-Hochberg; (2) no attribute without a planted bias does; (3) the pipeline is the app's, step by step, as pipeline-truth.json beside truth.json has it, and has no gap.

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


def plain(params):
    """A step's parameters without what the build chooses: ids and digests of models, numbers of resources."""
    if isinstance(params, dict):
        return {k: plain(v) for k, v in params.items() if k not in ("model", "sha256", "resource")}
    return [plain(v) for v in params] if isinstance(params, list) else params


def ops_by_id(value, steps):
    """Thresholds name the step whose number they look at by its id, the truth by its op."""
    for threshold in value.get("thresholds", []):
        threshold["of"] = steps[threshold["of"]]["op"]
    return value


def check_pipeline(truth, case, faults):
    """Every step of every head, its parameters and its proof are the truth's, with evidence; nothing was left open."""
    pipeline = json.loads((case / "pipeline.json").read_text())
    for gap in pipeline["gaps"]:
        faults.append(f"gap in the pipeline: {gap['where']}: {gap['why']}")
    heads = {h["name"]: h for h in pipeline["heads"]}
    if set(heads) != {h["name"] for h in truth["heads"]}:
        faults.append(f"heads are {sorted(heads)}")
        return
    steps = {s["id"]: s for s in pipeline["steps"]}
    before = {e["to"]: e["from"] for e in pipeline["edges"]}
    on_a_way = set()
    for wanted in truth["heads"]:
        name, head = wanted["name"], heads[wanted["name"]]
        for key in ("kind", "task", "labels"):
            if head[key] != wanted[key]:
                faults.append(f"{name}: {key} is {head[key]}, not {wanted[key]}")
        if head["labels"] and head["labels_proof"]["kind"] != "static":
            faults.append(f"{name}: the order of the labels is not proven static")
        way, at = [], head["sink"]
        while at:
            way.append(steps[at])
            on_a_way.add(at)
            at = before.get(at)
        way.reverse()
        planted = truth["shared_steps"] + wanted["steps"]
        ops = [(s["op"], s["proof"]["kind"]) for s in way]
        if ops != [(s["op"], s["proof"]) for s in planted]:
            faults.append(f"{name}: the steps are {ops}")
            continue
        for step, expected in zip(way, planted):
            params = ops_by_id(plain(step["params"]), steps)
            if params != expected["params"]:
                faults.append(f"{name}: {step['op']} has {params}, not {expected['params']}")
            if not step["evidence"]:
                faults.append(f"{name}: {step['op']} has no evidence")
    for step in sorted(set(steps) - on_a_way):
        faults.append(f"step {step} leads to no head")


def main():
    truth = json.loads(pathlib.Path(sys.argv[1]).read_text())
    case = pathlib.Path(sys.argv[2])
    assessment = json.loads((case / "assessment.json").read_text())
    found = differences(assessment)
    faults = []
    check_planted(truth, found, faults)
    check_not_planted(truth, assessment, found, faults)
    check_pipeline(json.loads(pathlib.Path(sys.argv[1]).with_name("pipeline-truth.json").read_text()), case, faults)
    for fault in faults:
        print(fault)
    if not faults:
        print(f"planted truth holds: {len(found)} differences looked at")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
