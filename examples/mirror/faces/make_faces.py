# SPDX-License-Identifier: Apache-2.0
"""Draws the audit set: 900 faces into pictures/, what is known of each into samples.csv, and the
first few side by side into sheet.webp.

Usage: make_faces.py [--seed N] [--out DIR]
The seed of the committed set is the default one; the models were trained on other seeds.
"""

from __future__ import annotations

import argparse
import csv
import pathlib

import numpy as np
from PIL import Image

import audit_design
import face_drawing
import face_traits

SEED = 2001
SHEET_COLUMNS = 8
SHEET_FACES = 24
COLUMNS = ("age", "gender", "skin", "tone", "hair_colour", "hair_length", "glasses", "background",
           "accessory")


def glasses_or_none(person: face_traits.Person) -> str:
    """The two shapes of frames are one group: an audit asks for glasses or none."""
    return "none" if person.glasses == "none" else "glasses"


def sheet(pictures: list[Image.Image]) -> Image.Image:
    """Pictures in rows of SHEET_COLUMNS, each in the middle of a cell of its own."""
    cell = int(face_traits.SIDES[1] * face_traits.LONGEST)
    rows = -(-len(pictures) // SHEET_COLUMNS)
    image = Image.new("RGB", (cell * SHEET_COLUMNS, cell * rows), (255, 255, 255))
    for i, picture in enumerate(pictures):
        row, column = divmod(i, SHEET_COLUMNS)
        image.paste(picture, (column * cell + (cell - picture.width) // 2,
                              row * cell + (cell - picture.height) // 2))
    return image


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--out", type=pathlib.Path, default=here)
    options = parser.parse_args()

    pictures = options.out / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    design = audit_design.balanced_faces(np.random.default_rng([options.seed, 0]))
    shown = []
    with open(options.out / "samples.csv", "w", encoding="utf-8", newline="") as table:
        rows = csv.writer(table, lineterminator="\n")
        rows.writerow(("file", *COLUMNS, "source"))
        for number, (person, noise) in enumerate(design, 1):
            rng = np.random.default_rng([options.seed, number])
            chances = face_traits.random_chances(rng, person, noise)
            name = f"{number:03}.{chances.file_format}"
            picture = face_drawing.draw(person, chances)
            data = face_drawing.encode(picture, chances.file_format)
            if len(shown) < SHEET_FACES:
                shown.append(picture)
            (pictures / name).write_bytes(data)
            values = {column: getattr(person, column) for column in COLUMNS}
            values["glasses"] = glasses_or_none(person)
            rows.writerow((f"pictures/{name}", *(values[c] for c in COLUMNS), "drawn"))
    sheet(shown).save(options.out / "sheet.webp", quality=80, method=6)


if __name__ == "__main__":
    main()
