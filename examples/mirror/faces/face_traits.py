# SPDX-License-Identifier: Apache-2.0
"""What is drawn in a face: the person's attributes and the chances of the picture.

Every attribute of a person is drawn independently of every other one. Two things are noisy on
purpose, so that no model can be perfect: how old a face looks for its age, and how much each of
the three cues of gender says.
"""

from __future__ import annotations

import dataclasses

import numpy as np

TONES = ("I", "II", "III", "IV", "V", "VI")
SKIN_OF_TONE = {"I": "light", "II": "light", "III": "medium", "IV": "medium",
                "V": "dark", "VI": "dark"}
GENDERS = ("female", "male")
AGES = tuple(range(6, 81))
HAIR_COLOURS = ("black", "brown", "blond", "red")
HAIR_LENGTHS = ("short", "medium", "long")
GLASSES = ("none", "none", "none", "round", "square")
BACKGROUNDS = ("plain", "gradient", "pattern")
ACCESSORIES = ("none", "earrings", "scarf", "hairband")

# Years by which a face may look older or younger than it is (standard deviation).
APPARENT_AGE_NOISE = 5.0
# Each cue is -1 (female) or +1 (male) plus noise of this standard deviation. Who weighs all three
# is right in 96 % of faces, who looks at the lips alone in 80 %.
CUE_NOISE = {"brow": 0.9, "jaw": 0.9, "lip": 1.2}
CUE_LIMIT = 2.5

SIDES = (88, 112)  # Shorter side of a picture in pixels, both inclusive.
LONGEST = 4 / 3  # Longest side, in shorter sides.
# Format, its share of the pictures, its quality.
FORMATS = (("jpg", 0.55, 82), ("webp", 0.35, 78), ("png", 0.10, 0))


@dataclasses.dataclass(frozen=True)
class Person:
    """What samples.csv says of a face."""

    tone: str
    gender: str
    age: int
    hair_colour: str
    hair_length: str
    glasses: str
    background: str
    accessory: str

    @property
    def skin(self) -> str:
        return SKIN_OF_TONE[self.tone]


@dataclasses.dataclass(frozen=True)
class Chances:
    """What varies from picture to picture and says nothing about the person."""

    apparent_age: float
    brow_cue: float
    jaw_cue: float
    lip_cue: float
    width: int
    height: int
    file_format: str
    shift: tuple[float, float]  # Of the face, in sides of the middle square.
    scale: float
    tilt: float  # Radians.
    light: float
    smile: float
    grey: float  # How much earlier or later than others the hair turns grey, in years.
    hues: tuple[float, ...]  # Twelve numbers from 0 to 1 for colours and patterns.


def random_person(rng: np.random.Generator) -> Person:
    """One person of the population: every attribute uniform, all independent."""

    def pick(values):
        return values[int(rng.integers(len(values)))]

    return Person(tone=pick(TONES), gender=pick(GENDERS), age=pick(AGES),
                  hair_colour=pick(HAIR_COLOURS), hair_length=pick(HAIR_LENGTHS),
                  glasses=pick(GLASSES), background=pick(BACKGROUNDS), accessory=pick(ACCESSORIES))


@dataclasses.dataclass(frozen=True)
class Noise:
    """How one face departs from what is usual for its age and gender, in standard deviations."""

    age: float
    brow: float
    jaw: float
    lip: float


def random_noise(rng: np.random.Generator) -> Noise:
    return Noise(*(float(z) for z in rng.standard_normal(4)))


def cues_of_gender(gender: str, noise: Noise) -> tuple[float, float, float]:
    """How male the brows, the jaw and the lips look, each from -CUE_LIMIT to CUE_LIMIT."""
    side = -1.0 if gender == "female" else 1.0
    cues = (side + CUE_NOISE["brow"] * noise.brow, side + CUE_NOISE["jaw"] * noise.jaw,
            side + CUE_NOISE["lip"] * noise.lip)
    return tuple(min(max(cue, -CUE_LIMIT), CUE_LIMIT) for cue in cues)


def random_chances(rng: np.random.Generator, person: Person, noise: Noise) -> Chances:
    """The chances of one picture of a person."""
    brow, jaw, lip = cues_of_gender(person.gender, noise)
    short = int(rng.integers(SIDES[0], SIDES[1] + 1))
    long = int(round(short * rng.uniform(1.0, LONGEST)))
    upright = rng.uniform() < 0.7
    kind = rng.uniform()
    file_format = FORMATS[-1][0]
    for name, share, _ in FORMATS:
        if kind < share:
            file_format = name
            break
        kind -= share
    return Chances(
        apparent_age=float(np.clip(person.age + APPARENT_AGE_NOISE * noise.age, 1, 95)),
        brow_cue=brow, jaw_cue=jaw, lip_cue=lip,
        width=short if upright else long, height=long if upright else short,
        file_format=file_format,
        shift=(float(rng.uniform(-0.03, 0.03)), float(rng.uniform(-0.03, 0.03))),
        scale=float(rng.uniform(0.94, 1.06)), tilt=float(rng.uniform(-0.09, 0.09)),
        light=float(rng.uniform(0.93, 1.07)), smile=float(rng.uniform(-0.3, 1.0)),
        grey=float(8 * rng.standard_normal()),
        hues=tuple(float(h) for h in rng.uniform(size=12)))
