#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds together what is committed of the sample app: faces, tables, models, truth.

Usage: committed_test.py     Standard library only; nothing is drawn, trained or built.
"""
import collections
import csv
import hashlib
import json
import pathlib
import sys

MIRROR = pathlib.Path(__file__).resolve().parents[2] / "examples" / "mirror"
ATTRIBUTES = ("gender", "skin", "tone", "hair_colour", "hair_length", "glasses", "background", "accessory")
LEAST_IN_A_GROUP = 150
MOST_BYTES_OF_FACES = 2_500_000
MOST_BYTES_OF_A_MODEL = 300_000
SIGNATURES = {"jpg": (0, b"\xff\xd8\xff"), "png": (0, b"\x89PNG"), "webp": (8, b"WEBP")}

faults = []


def expect(what, got, wanted):
    if got != wanted:
        faults.append(f"{what}: got {got!r}, wanted {wanted!r}")


def rows_of(path):
    with open(path, encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))


def check_faces():
    rows = rows_of(MIRROR / "faces" / "samples.csv")
    named = {row["file"] for row in rows}
    present = {f"pictures/{p.name}" for p in (MIRROR / "faces" / "pictures").iterdir()}
    expect("pictures without a row", sorted(present - named), [])
    expect("rows without a picture", sorted(named - present), [])
    expect("rows that name a picture twice", len(rows) - len(named), 0)
    for row in rows:
        offset, magic = SIGNATURES[row["file"].rsplit(".", 1)[1]]
        data = (MIRROR / "faces" / row["file"]).read_bytes()
        expect(f"format of {row['file']}", data[offset:offset + len(magic)], magic)
    for name in ATTRIBUTES:
        for group, count in collections.Counter(row[name] for row in rows).items():
            if count < LEAST_IN_A_GROUP:
                faults.append(f"only {count} faces with {name}={group}")
    pairs = collections.Counter((row["tone"], row["gender"], row["age"]) for row in rows)
    expect("faces of each tone, gender and age", set(pairs.values()), {1})
    size = sum(p.stat().st_size for p in (MIRROR / "faces").rglob("*") if p.suffix != ".pyc")
    if size > MOST_BYTES_OF_FACES:
        faults.append(f"faces/ holds {size} bytes")
    expected = rows_of(MIRROR / "expected_outputs.csv")
    expect("rows of expected_outputs.csv", [r["file"] for r in expected], [r["file"] for r in rows])


def check_edge_faces():
    folder = MIRROR / "faces-edge"
    rows = {row["case"]: row for row in rows_of(folder / "samples.csv")}
    read = {case: (folder / row["file"]).read_bytes() for case, row in rows.items()}
    expect("the exact copy", hashlib.sha256(read["exact-duplicate"]).digest(),
           hashlib.sha256(read["plain"]).digest())
    expect("end of the half JPEG", read["truncated"].endswith(b"\xff\xd9"), False)


def check_truth():
    truth = json.loads((MIRROR / "truth.json").read_text(encoding="utf-8"))
    for name, digest in truth["models"].items():
        data = (MIRROR / "models" / name).read_bytes()
        expect(f"model that {name} of truth.json was measured on", hashlib.sha256(data).hexdigest(), digest)
        expect(f"file identifier of {name}", data[4:8], b"TFL3")
        if len(data) > MOST_BYTES_OF_A_MODEL:
            faults.append(f"{name} has {len(data)} bytes")
    planted = {row["attribute"] for row in truth["planted"]}
    expect("attributes both planted and not", sorted(planted & {r["attribute"] for r in truth["not_planted"]}), [])
    for part in ("planted", "unaffected", "not_planted", "known_effects"):
        for row in truth[part]:
            difference = row["group_value"] - row["rest_value"]
            if abs(difference - row["difference"]) > 3e-5:
                faults.append(f"{part}: {row} does not add up")
    for row in truth["planted"]:
        if row["group"] == "dark" and abs(row["difference"]) < 10 * row["standard_error"]:
            faults.append(f"planted, but hardly there: {row}")
    # In the audit set a difference of an unplanted attribute must drown in its noise: about 0.4 years, 0.02.
    for row in truth["not_planted"]:
        if abs(row["difference"]) > (0.3 if row["head"] == "age" else 0.03):
            faults.append(f"not planted, but there: {row}")


def main():
    check_faces()
    check_edge_faces()
    check_truth()
    for fault in faults:
        print(fault)
    if not faults:
        print("faces, models and truth of the sample app belong together")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
