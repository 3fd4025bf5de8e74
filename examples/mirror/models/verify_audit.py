# SPDX-License-Identifier: Apache-2.0
"""Asks whether the audit set shows what truth.json says, by plain textbook statistics.

Usage: verify_audit.py [--samples FILE] [--models DIR] [--truth FILE]
Runs the models on the committed pictures and compares each group with the rest (Welch), with one
Benjamini-Hochberg correction for each head. Exits with 1 where a planted difference of the dark
group lies outside its 95 % interval or is not significant, or where one that is not planted is
significant. Nothing of Daylight takes part: it is an independent check of the sample, not of the tool.
"""

from __future__ import annotations

import argparse
import csv
import json
import pathlib
import sys

import numpy as np
import scipy.stats

import app_pipeline
import measure

LEVEL = 0.05
PARTS = ("planted", "unaffected", "not_planted")


def read_samples(path: pathlib.Path):
    with open(path, encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    files = [(path.parent / row["file"]).read_bytes() for row in rows]
    squares = [app_pipeline.middle_square(app_pipeline.decode(data)) for data in files]
    columns = {name: np.array([r[name] for r in rows]) for name in rows[0]}
    pixels = [np.stack([app_pipeline.scaled_bitmap(s, side) for s in squares])
              for side in (app_pipeline.AGE_SIDE, app_pipeline.GENDER_SIDE)]
    return columns, *pixels


def compare(values: np.ndarray, member: np.ndarray) -> dict:
    """Welch's comparison of a group with the rest: difference, 95 % interval, p."""
    counts = ~np.isnan(values)
    group, rest = values[member & counts], values[~member & counts]
    found = scipy.stats.ttest_ind(group, rest, equal_var=False)
    interval = found.confidence_interval(1 - LEVEL)
    return {"difference": group.mean() - rest.mean(), "low": interval.low, "high": interval.high,
            "p": found.pvalue}


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--samples", type=pathlib.Path, default=here.parent / "faces/samples.csv")
    parser.add_argument("--models", type=pathlib.Path, default=here)
    parser.add_argument("--truth", type=pathlib.Path, default=here.parent / "truth.json")
    options = parser.parse_args()

    truth = json.loads(options.truth.read_text(encoding="utf-8"))
    columns, age_pixels, gender_pixels = read_samples(options.samples)
    readings = measure.read_faces(options.models, age_pixels, gender_pixels,
                                  columns["age"].astype(float), columns["gender"])
    wrong, inside, planted_rows = [], 0, 0
    for head in measure.METRICS:
        rows = []
        for kind in PARTS:
            for row in truth[kind]:
                if row["head"] == head:
                    member = columns[row["attribute"]] == row["group"]
                    found = compare(readings.values(row["metric"]), member)
                    rows.append({**row, "kind": kind, "true": row["difference"], **found})
        adjusted = scipy.stats.false_discovery_control([row["p"] for row in rows])
        for row, p in zip(rows, adjusted):
            holds = row["low"] <= row["true"] <= row["high"]
            name = "{head} {metric} {attribute}={group}".format(**row)
            print(f"{row['kind']:12}{name:40}{row['difference']:8.3f} [{row['low']:7.3f},"
                  f"{row['high']:7.3f}] true {row['true']:7.3f} p {p:.2g}{'' if holds else ' OUT'}")
            if row["kind"] == "planted":
                planted_rows, inside = planted_rows + 1, inside + holds
                if row["group"] == "dark" and (not holds or p > LEVEL):
                    wrong.append(f"planted but {'not significant' if holds else 'missed'}: {name}")
            elif p <= LEVEL:
                wrong.append(f"significant though not planted: {name}")
    print(f"{inside} of {planted_rows} intervals of planted comparisons hold the truth")
    for line in wrong:
        print(line, file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
