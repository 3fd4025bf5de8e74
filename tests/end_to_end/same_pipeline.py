#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Do two pipelines do the same, whatever their models? Compares heads and, for each, the steps and parameters on the way to it.

Usage: same_pipeline.py A.json B.json
"""
import json
import sys

# What names the app's code or the model's place, not what a step does.
APART = {"api", "model", "sha256", "class", "method", "source", "asset"}


def ways(path):
    pipeline = json.load(open(path))
    steps = {s["id"]: s for s in pipeline["steps"]}
    before = {e["to"]: e["from"] for e in pipeline["edges"]}
    out = {}
    for head in pipeline["heads"]:
        way, at = [], head["sink"]
        while at:
            step = steps[at]
            params = {k: v for k, v in step["params"].items() if k not in APART}
            way.append((step["op"], json.dumps(params, sort_keys=True), step["proof"]["kind"]))
            at = before.get(at)
        out[head["name"]] = (head["kind"], head["labels"], way[::-1])
    return out


def main():
    a, b = ways(sys.argv[1]), ways(sys.argv[2])
    if a != b:
        for name in sorted(set(a) | set(b)):
            print(f"head {name}:\n  {a.get(name)}\n  {b.get(name)}")
        sys.exit("the pipelines differ")
    print(f"{len(a)} heads, the same way to each")


if __name__ == "__main__":
    main()
