#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks SARIF and CycloneDX documents against the official JSON Schemas (third/schemas, from tools/bootstrap.sh --tests).

Usage: exchange_schemas.py SCHEMAS FILE...     the kind of a file is read from its content
Ends with 1 and one line for each violation; with 1 too when a schema would accept a document that is wrong.
"""
import copy
import json
import pathlib
import sys

from jsonschema import Draft7Validator
from referencing import Registry, Resource


def load(path):
    return json.loads(pathlib.Path(path).read_text(encoding="utf-8"))


def validators(schemas):
    registry = Registry()
    for name in ("spdx.schema.json", "jsf-0.82.schema.json"):
        registry = registry.with_resource(f"http://cyclonedx.org/schema/{name}", Resource.from_contents(load(schemas / name)))
    return {"sarif": Draft7Validator(load(schemas / "sarif-schema-2.1.0.json")),
            "cyclonedx": Draft7Validator(load(schemas / "bom-1.6.schema.json"), registry=registry)}


def kind_of(document):
    return "cyclonedx" if document.get("bomFormat") == "CycloneDX" else "sarif"


def broken(document, kind):
    """Copies of the document that are each wrong in one way."""
    changes = {
        "sarif": [lambda d: d.update(version="9.9"),
                  lambda d: d["runs"][0].pop("tool"),
                  lambda d: d["runs"][0]["results"].append({"ruleId": "no message"}),
                  lambda d: d["runs"][0]["artifacts"][0].update(parentIndex=-7)],
        "cyclonedx": [lambda d: d.update(specVersion=1.6),
                      lambda d: d.update(serialNumber="urn:uuid:none"),
                      lambda d: d["metadata"]["component"].pop("type"),
                      lambda d: d["components"].append({"type": "machine-learning-model", "name": "x", "modelCard": {"mood": "good"}})],
    }
    for change in changes[kind]:
        wrong = copy.deepcopy(document)
        change(wrong)
        yield wrong


def references_of(bom):
    """Violations that no schema sees: references that repeat or lead nowhere."""
    known = [bom["metadata"]["component"]["bom-ref"]] + [c["bom-ref"] for c in bom["components"]]
    if len(set(known)) != len(known):
        yield "a bom-ref stands twice"
    for item in bom["dependencies"]:
        for ref in [item["ref"], *item.get("dependsOn", [])]:
            if ref not in known:
                yield f"dependency on {ref}, which is no component"


def places_of(sarif):
    """Violations that no schema sees: indices out of range, absolute URIs, rules that do not fit."""
    run = sarif["runs"][0]
    rules, artifacts = run["tool"]["driver"]["rules"], run["artifacts"]
    for index, artifact in enumerate(artifacts):
        if artifact.get("parentIndex", -1) >= index:
            yield f"artifact {index} stands before its container"
    for result in run["results"]:
        if rules[result["ruleIndex"]]["id"] != result["ruleId"]:
            yield f"rule {result['ruleId']} has the wrong index"
        if not result["partialFingerprints"]:
            yield f"a result of {result['ruleId']} has no fingerprint"
        for place in result["locations"] + result.get("relatedLocations", []):
            at = place["physicalLocation"]["artifactLocation"]
            if artifacts[at["index"]]["location"]["uri"] != at["uri"]:
                yield f"a location of {result['ruleId']} has the wrong index"
            if at["uri"].startswith("/") or ":" in at["uri"] or ".." in at["uri"].split("/"):
                yield f"{at['uri']} is no relative URI"


def main():
    schemas = validators(pathlib.Path(sys.argv[1]))
    problems = []
    for path in sys.argv[2:]:
        document = load(path)
        kind = kind_of(document)
        problems += [f"{path}: {list(e.path)}: {e.message[:300]}" for e in schemas[kind].iter_errors(document)]
        problems += [f"{path}: {text}" for text in (references_of if kind == "cyclonedx" else places_of)(document)]
        for number, wrong in enumerate(broken(document, kind)):
            if schemas[kind].is_valid(wrong):
                problems.append(f"{path}: the check accepts broken document {number}: it can find nothing")
    print("\n".join(problems) or f"{len(sys.argv) - 2} documents are valid")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
