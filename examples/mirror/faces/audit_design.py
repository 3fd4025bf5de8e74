# SPDX-License-Identifier: Apache-2.0
"""Chooses the 900 faces of the audit set so that no attribute is mixed up with another by chance.

Tone and gender are crossed: each of their 12 pairs has every age once, and in each pair the four
sources of noise take the same 75 values (the quantiles of a normal distribution). The bystanders,
attributes that no bias is planted in, are shuffled within each pair, in equal shares; of many
shuffles the one is kept that leaves age and noise most alike among their groups. That is done
without any model, before a face is drawn. Intervals computed as if the faces were drawn at random
are a little too wide for such a set, never too narrow.
"""

from __future__ import annotations

import statistics

import numpy as np

from face_traits import (ACCESSORIES, AGES, BACKGROUNDS, CUE_NOISE, GENDERS, GLASSES, HAIR_COLOURS,
                         HAIR_LENGTHS, TONES, Noise, Person, cues_of_gender)

BYSTANDERS = {"hair_colour": HAIR_COLOURS, "hair_length": HAIR_LENGTHS, "glasses": GLASSES,
              "background": BACKGROUNDS, "accessory": ACCESSORIES}
SHUFFLES = 500


def _noises_of_a_pair(rng: np.random.Generator) -> list[Noise]:
    """75 faces; each of the four sources takes the same quantiles, in an order of its own."""
    count = len(AGES)
    normal = statistics.NormalDist()
    quantiles = np.array([normal.inv_cdf((i + 0.5) / count) for i in range(count)])
    columns = [rng.permutation(quantiles) for _ in range(4)]
    return [Noise(*(float(column[i]) for column in columns)) for i in range(count)]


def _misleads(gender: str, noise: Noise, weights: np.ndarray) -> float:
    """1 where the weighted cues of the face point to the other gender."""
    towards_male = float(np.dot(weights, cues_of_gender(gender, noise)))
    return float((towards_male > 0) != (gender == "male"))


def _features(gender: str, noises: list[Noise]) -> np.ndarray:
    """What should not differ between groups of a bystander: a row for each face, columns centred.

    Age; how much older the face looks, and by how much it is off; whether its cues mislead, all of
    them in their best weights and each alone.
    """
    best = np.array([CUE_NOISE[name] ** -2 for name in ("brow", "jaw", "lip")])
    columns = [np.array(AGES, float), np.array([n.age for n in noises]),
               np.array([abs(n.age) for n in noises])]
    for weights in (best, *np.eye(3)):
        columns.append(np.array([_misleads(gender, n, weights) for n in noises]))
    features = np.column_stack(columns)
    features -= features.mean(axis=0)
    scale = features.std(axis=0)
    return features / np.where(scale > 0, scale, 1.0)


def _best_shuffle(rng, values, features, sums):
    """A column of `values` in equal shares whose groups have features as even as can be.

    `sums` (groups x features) are the totals of the pairs chosen so far; returns the column as
    indices into `values` and the new totals.
    """
    start = int(rng.integers(len(values)))
    shares = np.array([(start + i) % len(values) for i in range(len(features))])
    best = None
    for _ in range(SHUFFLES):
        column = rng.permutation(shares)
        totals = sums + np.stack([features[column == g].sum(axis=0) for g in range(len(values))])
        unevenness = float((totals ** 2).sum())
        if best is None or unevenness < best[0]:
            best = (unevenness, column, totals)
    return best[1], best[2]


def balanced_faces(rng: np.random.Generator) -> list[tuple[Person, Noise]]:
    """The people of the audit set and the noise of each, in random order."""
    faces = []
    sums = {name: 0.0 for name in BYSTANDERS}
    for tone in TONES:
        for gender in GENDERS:
            noises = _noises_of_a_pair(rng)
            features = _features(gender, noises)
            columns = {}
            for name, values in BYSTANDERS.items():
                column, sums[name] = _best_shuffle(rng, values, features, sums[name])
                columns[name] = [values[i] for i in column]
            for i, age in enumerate(AGES):
                person = Person(tone=tone, gender=gender, age=age,
                                **{name: column[i] for name, column in columns.items()})
                faces.append((person, noises[i]))
    return [faces[i] for i in rng.permutation(len(faces))]
