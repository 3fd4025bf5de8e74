# SPDX-License-Identifier: Apache-2.0
"""Measures what bias Mirror's models have, on many fresh faces, and writes truth.json.

Usage: measure_truth.py [--faces N] [--models DIR] [--out FILE]
A difference is the mean in a group less the mean in everyone else, in the population that
face_traits.random_person describes. It is a property of the two .tflite files and of the app's
preprocessing, known to within its standard error; no audited sample takes part in it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import pathlib

import numpy as np

import measure
import population

SEED = 3001
PLANTED_IN = ("skin", "tone")
NOT_PLANTED_IN = ("hair_colour", "hair_length", "glasses", "background", "accessory", "gender")
# Rates of being read as a woman say nothing when they are compared between women and men.
NO_GENDER_COMPARISON = ("tpr", "fpr", "selection_rate")
# What the planted bias leaves as it is, as it makes the model mistake both genders alike.
NOT_PLANTED_METRICS = ("selection_rate",)
AGE_BRACKETS = ((6, 12), (13, 17), (18, 29), (30, 44), (45, 64), (65, 80))
AGE_EFFECTS = (("age", "signed_error"), ("age", "mae"), ("gender", "accuracy"))
DIGITS = 5


def attribute(faces: population.Faces, name: str) -> np.ndarray:
    column = faces.column(name)
    return np.where(column == "none", "none", "glasses") if name == "glasses" else column


def row_for(readings, head, metric, name, group, member):
    found = measure.against_rest(readings.values(metric), member)
    numbers = {k: round(float(v), DIGITS) if isinstance(v, float) else v for k, v in found.items()}
    return {"head": head, "metric": metric, "attribute": name, "group": str(group),
            "against": "rest", **numbers}


def rows_for(readings, faces, names, metrics=None):
    """A row for each head, metric (of `metrics`, or any), attribute of `names` and group."""
    rows = []
    for head, head_metrics in measure.METRICS.items():
        for metric in head_metrics:
            if metrics is not None and metric not in metrics:
                continue
            for name in names:
                if name == "gender" and metric in NO_GENDER_COMPARISON:
                    continue
                column = attribute(faces, name)
                rows += [row_for(readings, head, metric, name, group, column == group)
                         for group in sorted(set(column))]
    return rows


def age_effects(readings, faces):
    """What every model that minimises a squared error does: it pulls both ends to the middle."""
    ages = faces.column("age")
    return [row_for(readings, head, metric, "age", f"{low}-{high}", (ages >= low) & (ages <= high))
            for low, high in AGE_BRACKETS for head, metric in AGE_EFFECTS]


def selection_by_gender(readings, faces):
    """Women are read as women more often than men are: that the model works at all."""
    column = faces.column("gender")
    return [row_for(readings, "gender", "selection_rate", "gender", group, column == group)
            for group in sorted(set(column))]


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--faces", type=int, default=20000)
    parser.add_argument("--models", type=pathlib.Path, default=here)
    parser.add_argument("--out", type=pathlib.Path, default=here.parent / "truth.json")
    options = parser.parse_args()

    faces = population.draw_faces(SEED, options.faces)
    readings = measure.read_faces(options.models, faces.age_pixels, faces.gender_pixels,
                                  faces.column("age"), faces.column("gender"))
    planted_metrics = [m for metrics in measure.METRICS.values() for m in metrics
                       if m not in NOT_PLANTED_METRICS]
    unsure = float(np.mean(readings.gender_score < measure.SURE_FROM))
    truth = {
        "what": "Differences between groups of faces as Mirror's models read them: mean in the "
                "group less mean in the rest of the population.",
        "population": {"faces": options.faces, "seed": SEED,
                       "drawn_by": "random_person and random_chances of faces/face_traits.py"},
        "models": {name: hashlib.sha256((options.models / name).read_bytes()).hexdigest()
                   for name in ("age.tflite", "gender.tflite")},
        "positive_class": {"gender": measure.POSITIVE},
        "overall": {head: {metric: round(float(np.nanmean(readings.values(metric))), DIGITS)
                           for metric in metrics} for head, metrics in measure.METRICS.items()},
        "share_below_sure": round(unsure, DIGITS),
        "planted": rows_for(readings, faces, PLANTED_IN, planted_metrics),
        "unaffected": rows_for(readings, faces, PLANTED_IN, NOT_PLANTED_METRICS),
        "not_planted": rows_for(readings, faces, NOT_PLANTED_IN),
        "known_effects": age_effects(readings, faces) + selection_by_gender(readings, faces),
    }
    options.out.write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
    for part in ("planted", "unaffected", "not_planted", "known_effects"):
        for row in truth[part]:
            print("{head:7}{metric:15}{attribute:12}{group:10}{group_value:9.4f}{rest_value:9.4f}"
                  "{difference:9.4f} +- {standard_error:.4f}".format(**row))


if __name__ == "__main__":
    main()
