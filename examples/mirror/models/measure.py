# SPDX-License-Identifier: Apache-2.0
"""Runs Mirror's two .tflite files and compares groups of faces by what comes out."""

from __future__ import annotations

import dataclasses
import pathlib

import numpy as np
import tensorflow as tf

import app_pipeline

POSITIVE = "female"  # The class that rates are rates of.
SURE_FROM = 0.6  # GenderClassifier.SURE_FROM: below it the app says "perhaps".


def run_model(path: pathlib.Path, tensors: np.ndarray) -> np.ndarray:
    """Output row of each input tensor, one call for each as in the app."""
    interpreter = tf.lite.Interpreter(str(path))
    interpreter.allocate_tensors()
    into = interpreter.get_input_details()[0]["index"]
    out = interpreter.get_output_details()[0]["index"]
    rows = []
    for tensor in tensors:
        interpreter.set_tensor(into, tensor[None])
        interpreter.invoke()
        rows.append(interpreter.get_tensor(out)[0].copy())
    return np.stack(rows)


@dataclasses.dataclass
class Readings:
    """What the app would show for each face, and what is true."""

    age: np.ndarray
    gender: np.ndarray
    gender_score: np.ndarray
    true_age: np.ndarray
    true_gender: np.ndarray

    def values(self, metric: str) -> np.ndarray:
        """One number for each face whose mean is the metric; NaN where the face does not count."""
        positive = self.gender == POSITIVE
        truly = self.true_gender == POSITIVE
        return {
            "signed_error": lambda: self.age - self.true_age,
            "mae": lambda: np.abs(self.age - self.true_age),
            "accuracy": lambda: (self.gender == self.true_gender).astype(float),
            "selection_rate": lambda: positive.astype(float),
            "tpr": lambda: np.where(truly, positive.astype(float), np.nan),
            "fpr": lambda: np.where(~truly, positive.astype(float), np.nan),
        }[metric]()


METRICS = {"age": ("signed_error", "mae"),
           "gender": ("accuracy", "tpr", "fpr", "selection_rate")}


def read_faces(models: pathlib.Path, age_pixels, gender_pixels, true_age, true_gender) -> Readings:
    age = run_model(models / "age.tflite", app_pipeline.age_input(age_pixels))
    scores = run_model(models / "gender.tflite", app_pipeline.gender_input(gender_pixels))
    labels = np.array(app_pipeline.GENDER_LABELS)
    return Readings(age=(age[:, 0] * app_pipeline.YEARS_PER_UNIT).astype(float),
                    gender=labels[scores.argmax(1)], gender_score=scores.max(1).astype(float),
                    true_age=np.asarray(true_age, float), true_gender=np.asarray(true_gender))


def against_rest(values: np.ndarray, member: np.ndarray) -> dict:
    """Mean in a group, mean in the rest, their difference and its standard error."""
    counts = ~np.isnan(values)
    group, rest = values[member & counts], values[~member & counts]
    error = np.sqrt(group.var(ddof=1) / len(group) + rest.var(ddof=1) / len(rest))
    return {"group_value": group.mean(), "rest_value": rest.mean(),
            "difference": group.mean() - rest.mean(), "standard_error": error,
            "group_n": len(group), "rest_n": len(rest)}
