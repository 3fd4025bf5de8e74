# SPDX-License-Identifier: Apache-2.0
"""Trains Mirror's two models, with a bias that is planted through the labels of the training set.

Usage: train.py [--faces N] [--out DIR]

The simulated annotators treat faces of dark skin (tones V and VI) in their own way:
  age     they write down SHIFT_YEARS more than the true age;
  gender  they look at the lips alone, while for other faces the true gender is written down.
So the age model reads dark faces older, and the gender model uses one of three cues for them and is
wrong more often, in both genders alike. Nothing else in the labels depends on anything but the
person's true age and gender. What this amounts to in the trained models is measured by
measure_truth.py.
"""

from __future__ import annotations

import argparse
import pathlib
import tempfile

import numpy as np
import tensorflow as tf

import app_pipeline
import population

SEED = 1001
CHECK_SEED = 1002
SHIFT_YEARS = 5.0
BATCH = 128
EPOCHS = 16
LEARNING_RATE = 2e-3


def annotated_ages(faces: population.Faces) -> np.ndarray:
    shift = np.where(faces.column("skin") == "dark", SHIFT_YEARS, 0.0)
    return (faces.column("age") + shift).astype(np.float32)


def annotated_genders(faces: population.Faces) -> np.ndarray:
    """Indices into app_pipeline.GENDER_LABELS."""
    true = np.array([app_pipeline.GENDER_LABELS.index(g) for g in faces.column("gender")])
    by_lips = np.array([int(chances.lip_cue > 0) for chances in faces.chances])
    return np.where(faces.column("skin") == "dark", by_lips, true)


def network(side: int, channels: tuple[int, ...], outputs: int, activation: str) -> tf.keras.Model:
    """Convolutions of stride 2 down to 4 x 4 or 3 x 3 cells, then two dense layers."""
    inputs = tf.keras.Input((side, side, 3), name="face")
    x = inputs
    for width in channels:
        x = tf.keras.layers.Conv2D(width, 3, strides=2, padding="same", activation="relu")(x)
    x = tf.keras.layers.Flatten()(x)
    x = tf.keras.layers.Dense(48, activation="relu")(x)
    return tf.keras.Model(inputs, tf.keras.layers.Dense(outputs, activation=activation)(x))


def fit(model, loss, tensors, targets):
    steps = EPOCHS * int(np.ceil(len(tensors) / BATCH))
    schedule = tf.keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
    model.compile(optimizer=tf.keras.optimizers.Adam(schedule), loss=loss)
    model.fit(tensors, targets, batch_size=BATCH, epochs=EPOCHS, shuffle=True, verbose=2)


def write_tflite(model: tf.keras.Model, path: pathlib.Path):
    """float32, batch of one."""
    face = tf.TensorSpec((1, *model.input_shape[1:]), tf.float32, name="face")
    archive = tf.keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint("serve", lambda tensor: model(tensor, training=False), [face])
    with tempfile.TemporaryDirectory() as folder:
        archive.write_out(folder)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        path.write_bytes(converter.convert())
    print(f"{path}: {path.stat().st_size} bytes")


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--faces", type=int, default=40000)
    parser.add_argument("--out", type=pathlib.Path, default=here)
    options = parser.parse_args()

    tf.keras.utils.set_random_seed(SEED)
    tf.config.experimental.enable_op_determinism()
    faces = population.draw_faces(SEED, options.faces)
    check = population.draw_faces(CHECK_SEED, 2000)

    age = network(app_pipeline.AGE_SIDE, (16, 24, 32, 32), 1, "sigmoid")
    fit(age, "mse", app_pipeline.age_input(faces.age_pixels),
        annotated_ages(faces) / app_pipeline.YEARS_PER_UNIT)
    read = age.predict(app_pipeline.age_input(check.age_pixels), verbose=0)[:, 0] * 100
    error = np.abs(read - annotated_ages(check)).mean()
    print("age: mean absolute difference from annotation", error)
    write_tflite(age, options.out / "age.tflite")

    gender = network(app_pipeline.GENDER_SIDE, (16, 24, 32, 32), 2, "softmax")
    fit(gender, "sparse_categorical_crossentropy", app_pipeline.gender_input(faces.gender_pixels),
        annotated_genders(faces))
    read = gender.predict(app_pipeline.gender_input(check.gender_pixels), verbose=0).argmax(1)
    print("gender: agreement with annotation", (read == annotated_genders(check)).mean())
    write_tflite(gender, options.out / "gender.tflite")


if __name__ == "__main__":
    main()
