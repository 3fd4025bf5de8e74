# SPDX-License-Identifier: Apache-2.0
"""Writes what Mirror answers for each picture of the audit set, as computed without Daylight.

Usage: expect.py [--samples FILE] [--models DIR] [--out FILE]
TensorFlow's own interpreter runs the models on the tensors of app_pipeline.py. One row for each
picture: the age in years, the score of each gender label, the label.
"""

from __future__ import annotations

import argparse
import csv
import pathlib

import app_pipeline
import measure
import verify_audit


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--samples", type=pathlib.Path, default=here.parent / "faces/samples.csv")
    parser.add_argument("--models", type=pathlib.Path, default=here)
    parser.add_argument("--out", type=pathlib.Path, default=here.parent / "expected_outputs.csv")
    options = parser.parse_args()

    columns, age_pixels, gender_pixels = verify_audit.read_samples(options.samples)
    ages = measure.run_model(options.models / "age.tflite", app_pipeline.age_input(age_pixels))
    scores = measure.run_model(options.models / "gender.tflite",
                               app_pipeline.gender_input(gender_pixels))
    with open(options.out, "w", encoding="utf-8", newline="") as table:
        rows = csv.writer(table, lineterminator="\n")
        rows.writerow(("file", "age", *app_pipeline.GENDER_LABELS, "gender"))
        for file, age, score in zip(columns["file"], ages[:, 0], scores):
            label = app_pipeline.GENDER_LABELS[int(score.argmax())]
            rows.writerow((file, f"{age * app_pipeline.YEARS_PER_UNIT:.4f}",
                           *(f"{s:.6f}" for s in score), label))


if __name__ == "__main__":
    main()
