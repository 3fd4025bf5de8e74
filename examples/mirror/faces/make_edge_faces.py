# SPDX-License-Identifier: Apache-2.0
"""Draws the awkward pictures of faces-edge/: none or two faces, unreadable files, duplicates.

Usage: make_edge_faces.py [--seed N] [--out DIR]
Column `case` of its samples.csv says what is awkward; age and gender are empty where a picture
shows no person or more than one.
"""

from __future__ import annotations

import argparse
import csv
import io
import pathlib

import numpy as np
from PIL import Image, ImageDraw

import face_drawing
import face_traits

SEED = 2002
SIDE = 104


def person_and_picture(seed: int, number: int):
    rng = np.random.default_rng([seed, number])
    person = face_traits.random_person(rng)
    chances = face_traits.random_chances(rng, person, face_traits.random_noise(rng))
    return person, face_drawing.draw(person, chances)


def scene(kind: str) -> Image.Image:
    """A picture without anyone in it."""
    image = Image.new("RGB", (SIDE, SIDE), (168, 196, 214))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 70, SIDE, SIDE), fill=(122, 158, 104))
    if kind == "house":
        draw.rectangle((28, 44, 76, 86), fill=(190, 150, 120))
        draw.polygon([(22, 46), (52, 20), (82, 46)], fill=(140, 70, 60))
        draw.rectangle((46, 62, 58, 86), fill=(90, 60, 44))
    elif kind == "tree":
        draw.rectangle((48, 48, 56, 88), fill=(104, 76, 52))
        draw.ellipse((26, 14, 78, 62), fill=(70, 120, 66))
    return image


def side_by_side(pictures: list[Image.Image]) -> Image.Image:
    pictures = [p.resize((SIDE, SIDE)) for p in pictures]
    both = Image.new("RGB", (SIDE * len(pictures), SIDE))
    for i, picture in enumerate(pictures):
        both.paste(picture, (i * SIDE, 0))
    return both


def encoded(image: Image.Image, file_format: str, **options) -> bytes:
    out = io.BytesIO()
    image.save(out, file_format, **options)
    return out.getvalue()


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--out", type=pathlib.Path, default=here.parent / "faces-edge")
    options = parser.parse_args()

    files = []  # name, person or None, case, bytes
    for kind in ("meadow", "house", "tree"):
        files.append((f"no-face-{kind}.jpg", None, "no-face",
                      encoded(scene(kind), "JPEG", quality=82)))
    for number in range(3):
        both = side_by_side([person_and_picture(options.seed, 2 * number + i)[1] for i in (0, 1)])
        files.append((f"two-faces-{number + 1}.png", None, "multi-face", encoded(both, "PNG")))
    person, picture = person_and_picture(options.seed, 10)
    whole = encoded(picture, "JPEG", quality=82)
    files.append(("plain.jpg", person, "plain", whole))
    files.append(("exact-copy.jpg", person, "exact-duplicate", whole))
    near = picture.resize((picture.width * 3 // 2, picture.height * 3 // 2))
    files.append(("near-copy.webp", person, "near-duplicate", encoded(near, "WEBP", quality=80)))
    person, picture = person_and_picture(options.seed, 11)
    cut = encoded(picture, "JPEG", quality=82)
    files.append(("cut-in-half.jpg", person, "truncated", cut[:len(cut) // 2]))
    files.append(("empty.jpg", person, "unreadable", b""))
    files.append(("not-a-picture.png", person, "unreadable", b"This is a line of text.\n"))

    pictures = options.out / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    with open(options.out / "samples.csv", "w", encoding="utf-8", newline="") as table:
        rows = csv.writer(table, lineterminator="\n")
        rows.writerow(("file", "age", "gender", "skin", "case", "source"))
        for name, person, case, data in files:
            (pictures / name).write_bytes(data)
            known = (person.age, person.gender, person.skin) if person else ("", "", "")
            rows.writerow((f"pictures/{name}", *known, case, "drawn"))


if __name__ == "__main__":
    main()
