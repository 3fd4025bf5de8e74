#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of artifacts_fuzz and predictions_fuzz: small artifacts that hold one of each record, and tables.

Usage: make_seeds_artifacts.py [FOLDER]   the corpus folder (default: corpus beside this script)
The same input gives the same bytes, so running it again changes nothing.
"""
import json
import pathlib
import sys

DIGEST = "0123456789abcdef" * 4
EVIDENCE = {"kind": "code", "file": "a.apk", "entry": ["classes.dex"], "offset": 40, "method": "La/B;->c()V", "rule": "r", "excerpt": "x"}
GAP = {"where": "a.apk", "why": "cut short"}
PROVENANCE = {"tool": "daylight", "version": "0.1.0", "inputs": [{"role": "app", "name": "a.apk", "sha256": DIGEST}], "options": {"k": 1},
              "seed": 7, "runtime": {"cpu": "x"}}
STATIC = {"kind": "static"}
ASSUMED = {"kind": "assumed", "by": "user", "why": "not seen", "residual": 0.5}
ORIGIN = {"kind": "sdk", "name": "n", "version": "1"}
TENSOR = {"name": "in", "shape": [1, -1, 2, 3], "dtype": "uint8", "quantization": {"scale": [0.5], "zero_point": [128]}}


def head(kind):
    return {"schema": f"daylight/{kind}/1", "provenance": PROVENANCE}


def step(name, kind, op, params, **more):
    return {"id": name, "kind": kind, "layer": "java", "op": op, "params": params, "evidence": [EVIDENCE], "proof": STATIC, "alternatives": [],
            **more}


def inventory():
    model = {"id": "model-1", "format": "tflite", "location": {"file": "a.apk", "entry": ["assets/m"], "offset": 0, "size": 9}, "sha256": DIGEST,
             "graph_hash": DIGEST, "encryption": {"state": "xor", "key": "5a"}, "inputs": [TENSOR], "outputs": [TENSOR],
             "operators": ["CONV_2D", "SOFTMAX"], "last_operator": "SOFTMAX", "metadata": {"name": "m"}, "labels": ["f", "m"],
             "origin": ORIGIN, "use": "reachable", "evidence": [EVIDENCE]}
    call = {"id": "call-1", "api": "a.b", "framework": "tflite", "caller": "La;->b()V", "class": "Lq;", "method": "z", "obfuscated": True,
            "use": "present", "origin": ORIGIN, "evidence": [EVIDENCE]}
    app = {"package": "p", "version_name": "1", "version_code": "1", "sha256": DIGEST, "files": [{"name": "a.apk", "sha256": DIGEST, "size": 1}],
           "splits": [], "abis": ["arm64-v8a"], "signers": [{"cert_sha256": DIGEST, "scheme": "v2", "valid": True}], "permissions": ["CAMERA"]}
    return {**head("inventory"), "app": app, "models": [model],
            "frameworks": [{"id": "tflite", "version": "2", "layer": "java", "linked": "shared", "origin": ORIGIN, "evidence": [EVIDENCE]}],
            "calls": [call], "gaps": [GAP],
            "tasks": [{"id": "task-1", "task": "age", "sensitive": True, "confidence": "high", "model": "model-1", "use": "present",
                       "evidence": [EVIDENCE]}]}


def pipeline():
    other = {"id": "resize=nearest", "op": "resize", "params": {"kernel": "nearest"}, "why": "w"}
    steps = [step("source", "source", "user-image", {}),
             step("resize", "transform", "resize", {"width": 2, "height": 2}, proof=ASSUMED, alternatives=[other]),
             step("sink", "sink", "shown", {"api": "x"})]
    edges = [{"from": a, "to": b, "each": "image", "proof": STATIC, "calls": 0} for a, b in (("source", "resize"), ("resize", "sink"))]
    answer = {"name": "age", "kind": "scalar", "sink": "sink", "task": "age", "range": [0, 116.5], "labels": ["a", "b"], "labels_proof": STATIC,
              "maps": {"a": "A"}}
    return {**head("pipeline"), "steps": steps, "edges": edges, "models": ["model-1"], "heads": [answer], "gaps": [GAP]}


def probe_plan():
    probe = {"id": "probe-1", "layer": "java", "selector": "La;->b()V", "role": "model-run", "decode": ["arg0=tensor"],
             "limits": {"max_bytes": 9, "max_calls": 2}, "why": ["call-1"]}
    entry = {"class": "La;", "method": "b", "descriptor": "(I)V", "receiver": "static", "args": [{"type": "I", "const": 3}, {"type": "I"}],
             "why": ["call-1"]}
    return {**head("probe_plan"), "probes": [probe], "entries": [entry], "gaps": []}


def assessment():
    group = {"head": "age", "attribute": "race", "group": "Black"}
    return {**head("assessment"), "settings": {"confidence": 0.95},
            "targets": [{"head": "age", "column": "age", "how": "name", "kind": "scalar", "label_map": [{"prediction": "f", "truth": "F"}],
                         "age_truth": {"convention": "midpoint", "rows": [{"bracket": "70+", "low": 70, "high": None, "midpoint": 75}]}}],
            "verdicts": [{"id": "v", "head": "age", "attribute": "race", "outcome": "not-decidable", "text": "t", "basis": ["b"]}],
            "outcomes": [{**group, "status": "ok", "n": 5}],
            "estimates": [{**group, "metric": "mae", "label": "x", "value": 1.5, "low": None, "high": 2, "n": 5, "k": 2, "method": "wilson",
                           "source": "replayed", "denominator": "all", "why": "w"}],
            "disparities": [{**group, "metric": "mae", "kind": "difference", "reference": "rest", "value": 1, "low": 0, "high": 2,
                             "method": "m", "p": 0.5, "p_adjusted": 1, "family": "f", "n_group": 5, "n_reference": 6}],
            "tests": [{"id": "t", "family": "f", "head": "age", "metric": "mae", "attribute": "race", "method": "permutation", "statistic": 1,
                       "df": None, "p": 0.5, "p_adjusted": 1}],
            "sensitivity": [{**group, "alternative": "resize=nearest", "n": 5, "mean_change": 0.1, "mean_abs_change": 0.1, "max_abs_change": 1,
                             "label_changes": 0, "verdicts_survive": True, "metric": "mae", "metric_value": 1, "metric_change": 0}],
            "confounds": [], "limits": [GAP]}


def described():
    return {**head("predictions"), "sha256": DIGEST, "rows": 2, "gaps": [GAP]}


def artifacts():
    whole = {"0": ("inventory", inventory()), "1": ("pipeline", pipeline()), "2": ("probe_plan", probe_plan()), "3": ("assessment", assessment())}
    parts = {"4": ("provenance", PROVENANCE), "5": ("evidence", EVIDENCE), "6": ("gap", GAP), "7": ("proof", ASSUMED)}
    texts = {name: first + json.dumps(value, separators=(",", ":")) for first, (name, value) in {**whole, **parts}.items()}
    for name, value in (*whole.values(), ("predictions", described())):
        texts["file_" + name] = "8" + json.dumps(value, separators=(",", ":"))
    return texts


PREDICTIONS = {
    "long": "file,face,frame,t_ms,run,alternative,head,status,label,score,value,source\n"
            "a.jpg,0,,,0,,age,ok,,,31.5,replayed\nb.jpg,0,3,0.5,1,resize=nearest,gender,ok,Female,0.75,,replayed\n"
            "c.jpg,0,,,0,,age,no-face,,,,replayed\n",
    "few_columns": "\ufefffile,head,label\r\n\"a,\"\"1\"\".jpg\",gender,Female\r\nb.jpg,gender,\r\n",
    "wide": "file,age,gender\na.jpg,31,F\nb.jpg,,M\nc.jpg,1e3,\n",
    "wide_tabs": "file\tage\na.jpg\t31\nb.jpg\t-2.5e-3\n",
}


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "corpus"
    for target, files in {"artifacts": artifacts(), "predictions": PREDICTIONS}.items():
        (root / target).mkdir(parents=True, exist_ok=True)
        for name, text in sorted(files.items()):
            (root / target / name).write_bytes(text.encode())
            print(f"{target}/{name}: {len(text.encode())} bytes")


if __name__ == "__main__":
    main()
