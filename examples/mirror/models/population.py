# SPDX-License-Identifier: Apache-2.0
"""Draws many faces and brings each through its file and the app's preprocessing, on all cores."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import pathlib
import sys

import numpy as np

import app_pipeline

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "faces"))
import face_drawing  # noqa: E402  (found by the line above)
import face_traits  # noqa: E402


@dataclasses.dataclass
class Faces:
    """Row i of every field is face i."""

    people: list[face_traits.Person]
    chances: list[face_traits.Chances]
    age_pixels: np.ndarray  # n x 64 x 64 x 3 bytes
    gender_pixels: np.ndarray  # n x 48 x 48 x 3 bytes

    def column(self, name: str) -> np.ndarray:
        return np.array([getattr(person, name) for person in self.people])


def _face(seed_and_index):
    rng = np.random.default_rng(seed_and_index)
    person = face_traits.random_person(rng)
    chances = face_traits.random_chances(rng, person, face_traits.random_noise(rng))
    data = face_drawing.encode(face_drawing.draw(person, chances), chances.file_format)
    square = app_pipeline.middle_square(app_pipeline.decode(data))
    return (person, chances, app_pipeline.scaled_bitmap(square, app_pipeline.AGE_SIDE),
            app_pipeline.scaled_bitmap(square, app_pipeline.GENDER_SIDE))


def draw_faces(seed: int, count: int) -> Faces:
    """`count` independent faces; face i depends on `seed` and i alone."""
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
        rows = pool.map(_face, [(seed, i) for i in range(count)], chunksize=256)
    people, chances, age_pixels, gender_pixels = zip(*rows)
    return Faces(list(people), list(chances), np.stack(age_pixels), np.stack(gender_pixels))
