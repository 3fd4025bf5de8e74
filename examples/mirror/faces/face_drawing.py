# SPDX-License-Identifier: Apache-2.0
"""Draws one cartoon face from its traits, and encodes it.

Coordinates of a face: the origin is between the eyes and the mouth, x to the right, y down, the
unit is the side of the picture's middle square. A Pen turns them into pixels of a canvas that is
drawn three times too large and then shrunk, which smooths the edges.
"""

from __future__ import annotations

import io
import math

import numpy as np
from PIL import Image, ImageDraw

import face_traits

OVERSAMPLING = 3

SKIN = {"I": (246, 220, 200), "II": (233, 192, 163), "III": (212, 163, 127),
        "IV": (182, 128, 92), "V": (126, 82, 57), "VI": (86, 56, 42)}
HAIR = {"black": (34, 30, 30), "brown": (96, 62, 38), "blond": (222, 184, 104),
        "red": (168, 74, 36)}
GREY = (196, 196, 198)
EYES = ((74, 50, 32), (60, 96, 60), (62, 102, 150))
ROUND = np.linspace(0, 2 * math.pi, 33)[:-1]


def mixed(a, b, share):
    """The colour that is `share` of the way from a to b."""
    share = min(max(share, 0.0), 1.0)
    return tuple(int(round(x + (y - x) * share)) for x, y in zip(a, b))


def shaded(colour, factor):
    """A colour made lighter (above 1) or darker."""
    return tuple(int(min(max(round(c * factor), 0), 255)) for c in colour)


def muted(hue, value):
    """A colour of the background or of clothes: any hue, little saturation."""
    return tuple(int(round(value + 42 * math.cos(2 * math.pi * (hue + k / 3)))) for k in range(3))


class Pen:
    """Draws shapes given in face coordinates on the canvas of one picture."""

    def __init__(self, chances: face_traits.Chances):
        self.width = chances.width * OVERSAMPLING
        self.height = chances.height * OVERSAMPLING
        self.side = min(self.width, self.height)
        self.image = Image.new("RGB", (self.width, self.height))
        self.draw = ImageDraw.Draw(self.image)
        self._scale = self.side * chances.scale
        self._cos, self._sin = math.cos(chances.tilt), math.sin(chances.tilt)
        self._x = self.width / 2 + chances.shift[0] * self.side
        self._y = self.height / 2 + (0.02 + chances.shift[1]) * self.side

    def _pixels(self, xs, ys):
        xs, ys = np.asarray(xs, float), np.asarray(ys, float)
        px = self._x + self._scale * (xs * self._cos - ys * self._sin)
        py = self._y + self._scale * (xs * self._sin + ys * self._cos)
        return list(zip(px.tolist(), py.tolist()))

    def area(self, xs, ys, colour):
        self.draw.polygon(self._pixels(xs, ys), fill=colour)

    def oval(self, x, y, rx, ry, colour):
        self.area(x + rx * np.cos(ROUND), y + ry * np.sin(ROUND), colour)

    def line(self, xs, ys, width, colour):
        points = self._pixels(xs, ys)
        thick = max(1, int(round(width * self._scale)))
        self.draw.line(points, fill=colour, width=thick, joint="curve")

    def ring(self, x, y, rx, ry, width, colour, power=2.0):
        """The outline of an oval; a higher power makes it squarer."""
        angles = np.append(ROUND, ROUND[:1])
        c, s = np.cos(angles), np.sin(angles)
        self.line(x + rx * np.sign(c) * np.abs(c) ** (2 / power),
                  y + ry * np.sign(s) * np.abs(s) ** (2 / power), width, colour)


class _Shape:
    """The measures of one face, from its age and its cues of gender."""

    def __init__(self, chances: face_traits.Chances):
        age = chances.apparent_age
        self.child = 1 - min(age, 22) / 22  # 1 new-born, 0 grown up.
        self.wear = max(0.0, age - 18) / 72  # 0 at 18, 1 at 90.
        self.half_width = 0.255 + 0.012 * self.child
        self.top = 0.30
        self.chin = 0.315 - 0.055 * self.child + 0.012 * self.wear
        self.eye_y = -0.02 + 0.028 * self.child
        self.eye_x = 0.105
        self.eye_size = 0.036 + 0.018 * self.child - 0.008 * self.wear
        self.nose = 0.075 - 0.028 * self.child + 0.022 * self.wear
        self.mouth_y = self.eye_y + 0.195 - 0.03 * self.child + 0.01 * self.wear
        unit = face_traits.CUE_LIMIT
        self.brow = chances.brow_cue / unit
        self.jaw = chances.jaw_cue / unit
        self.lip = chances.lip_cue / unit


def _background(pen, person, hues):
    first, second = muted(hues[0], 150 + 50 * hues[1]), muted(hues[2], 150 + 50 * hues[3])
    pen.draw.rectangle((0, 0, pen.width, pen.height), fill=first)
    if person.background == "gradient":
        bands = 24
        for i in range(bands):
            y0, y1 = pen.height * i / bands, pen.height * (i + 1) / bands
            pen.draw.rectangle((0, y0, pen.width, y1), fill=mixed(first, second, i / (bands - 1)))
    elif person.background == "pattern":
        step = pen.side / (5 + 3 * hues[4])
        slant = step * (2 * hues[5] - 1) * 4
        for i in range(-6, int(pen.width / step) + 6, 2):
            x = i * step
            pen.draw.polygon([(x, 0), (x + step, 0), (x + step + slant, pen.height),
                              (x + slant, pen.height)], fill=second)


def _hair_back(pen, person, shape, colour):
    lengths = {"short": 0.0, "medium": 0.20, "long": 0.46}
    down = lengths[person.hair_length]
    if down:
        w = shape.half_width + 0.055
        pen.area([-w, -w * 1.05, -w * 0.95, w * 0.95, w * 1.05, w],
                 [-0.12, 0, down, down, 0, -0.12], shaded(colour, 0.82))


def _body(pen, person, skin, hues):
    pen.area([-0.10, 0.10, 0.10, -0.10], [0.2, 0.2, 0.5, 0.5], shaded(skin, 0.86))
    cloth = muted(hues[6], 90 + 80 * hues[7])
    pen.area([-0.12, 0.12, 0.30, 0.40, 0.40, -0.40, -0.40, -0.30],
             [0.40, 0.40, 0.45, 0.52, 0.9, 0.9, 0.52, 0.45], cloth)
    if person.accessory == "scarf":
        scarf = muted(hues[8], 130)
        pen.area([-0.15, 0.15, 0.18, -0.18], [0.345, 0.345, 0.45, 0.45], scarf)


def _head(pen, person, shape, skin, hues):
    for side in (-1, 1):
        pen.oval(side * (shape.half_width + 0.008), 0.03, 0.03, 0.055, shaded(skin, 0.9))
        if person.accessory == "earrings":
            pen.oval(side * (shape.half_width + 0.018), 0.105, 0.017, 0.017, muted(hues[8], 190))
    angles = np.linspace(0, 2 * math.pi, 65)[:-1]
    c, s = np.cos(angles), np.sin(angles)
    power = np.where(s > 0, 2.15 + 0.85 * shape.jaw, 2.2)  # A squarer lower half for a wide jaw.
    xs = shape.half_width * np.sign(c) * np.abs(c) ** (2 / power)
    ys = np.where(s > 0, shape.chin * np.abs(s) ** (2 / power), -shape.top * np.abs(s) ** (2 / 2.2))
    pen.area(xs, ys, skin)


def _hair_front(pen, person, shape, colour, hues):
    w = shape.half_width + 0.022
    line = -0.165 - 0.02 * shape.wear
    angles = np.linspace(math.pi, 2 * math.pi, 25)
    part = 0.10 * (2 * hues[9] - 1)
    xs = np.concatenate([w * np.cos(angles), [w * 0.93, 0.5 * w, part, -0.5 * w, -w * 0.93]])
    ys = np.concatenate([-0.05 + (shape.top + 0.005) * np.sin(angles),
                         [-0.03, line, line - 0.035, line, -0.03]])
    pen.area(xs, ys, colour)
    if person.accessory == "hairband":
        arc = np.linspace(1.15 * math.pi, 1.85 * math.pi, 13)
        pen.line(w * 0.97 * np.cos(arc), -0.03 + 0.235 * np.sin(arc), 0.026, muted(hues[8], 150))


def _eyes(pen, shape, skin, hues):
    iris = EYES[int(hues[10] * len(EYES)) % len(EYES)]
    for side in (-1, 1):
        x, y, r = side * shape.eye_x, shape.eye_y, shape.eye_size
        pen.oval(x, y, r * 1.25, r, (244, 242, 240))
        pen.oval(x, y, r * 0.72, r * 0.8, iris)
        pen.oval(x, y, r * 0.36, r * 0.4, (16, 14, 14))
        lid = np.linspace(math.pi, 2 * math.pi, 9)
        pen.line(x + r * 1.3 * np.cos(lid), y + r * np.sin(lid), 0.008, shaded(skin, 0.45))


def _brows(pen, shape, colour):
    thick = 0.022 + 0.013 * shape.brow
    arch = 0.018 - 0.016 * shape.brow
    for side in (-1, 1):
        y = shape.eye_y - 0.082
        xs = side * np.array([0.05, 0.105, 0.165])
        pen.line(xs, [y, y - arch, y + 0.004], thick, colour)


def _nose_and_mouth(pen, shape, skin, smile):
    base = shape.eye_y + 0.035 + shape.nose
    pen.line([-0.006, 0.026 + 0.01 * shape.wear, -0.018], [base - shape.nose, base, base + 0.008],
             0.011, shaded(skin, 0.7))
    full = 0.022 - 0.011 * shape.lip
    red = mixed(shaded(skin, 0.74), (186, 44, 62), 0.5 - 0.45 * shape.lip)
    xs = np.linspace(-0.075, 0.075, 9)
    bend = 0.03 * smile * (1 - (xs / 0.075) ** 2)
    lens = full * np.sqrt(1 - (xs / 0.0751) ** 2)
    y = shape.mouth_y + bend
    pen.area(np.concatenate([xs, xs[::-1]]), np.concatenate([y - lens, (y + lens)[::-1]]), red)
    pen.line(xs, y, 0.006, shaded(skin, 0.4))


def _wrinkles(pen, shape, skin):
    """Lines that deepen with age, each kind from its own age on."""
    depth_at = 62 if sum(skin) > 400 else 48

    def ink(start):
        depth = min(max((shape.wear - start) / (0.95 - start), 0), 1)
        return depth, tuple(max(0, int(round(c - depth_at * 1.5 * depth))) for c in skin)

    for side in (-1, 1):  # From the nose to the corners of the mouth.
        depth, colour = ink(0.03)
        if depth > 0:
            pen.line(side * np.array([0.05, 0.085, 0.10]),
                     [shape.mouth_y - 0.10, shape.mouth_y - 0.05, shape.mouth_y - 0.005],
                     0.011, colour)
        depth, colour = ink(0.12)
        if depth > 0:  # Below the eyes.
            arc = np.linspace(0.15 * math.pi, 0.85 * math.pi, 7)
            pen.line(side * shape.eye_x + 0.048 * np.cos(arc),
                     shape.eye_y + 0.022 + 0.036 * np.sin(arc), 0.010, colour)
        depth, colour = ink(0.22)
        if depth > 0:  # Beside the eyes.
            for rise in (-0.022, 0.0, 0.022):
                pen.line(side * np.array([0.172, 0.215]),
                         [shape.eye_y + 0.3 * rise, shape.eye_y + rise], 0.009, colour)
    for start, y in ((0.10, 0.0), (0.30, -0.024)):  # Across the forehead.
        depth, colour = ink(start)
        if depth > 0:
            pen.line([-0.10, 0, 0.10], [-0.128 + y, -0.136 + y, -0.128 + y], 0.010, colour)


def _glasses(pen, person, shape, hues):
    if person.glasses == "none":
        return
    frame = muted(hues[11], 60)
    power = 2.0 if person.glasses == "round" else 5.0
    for side in (-1, 1):
        pen.ring(side * shape.eye_x, shape.eye_y + 0.004, 0.078, 0.062, 0.012, frame, power)
    pen.line([-0.028, 0.028], [shape.eye_y, shape.eye_y], 0.012, frame)


def draw(person: face_traits.Person, chances: face_traits.Chances) -> Image.Image:
    """An RGB picture of the person, of the size that `chances` gives."""
    pen = Pen(chances)
    shape = _Shape(chances)
    hues = chances.hues
    skin = shaded(SKIN[person.tone], chances.light)
    turning = (chances.apparent_age + chances.grey - 38) / 34
    hair = mixed(HAIR[person.hair_colour], GREY, turning)
    _background(pen, person, hues)
    _hair_back(pen, person, shape, hair)
    _body(pen, person, skin, hues)
    _head(pen, person, shape, skin, hues)
    _wrinkles(pen, shape, skin)
    _hair_front(pen, person, shape, hair, hues)
    _eyes(pen, shape, skin, hues)
    _brows(pen, shape, shaded(mixed(HAIR["brown"], skin, 0.1), 0.6))
    _nose_and_mouth(pen, shape, skin, chances.smile)
    _glasses(pen, person, shape, hues)
    return pen.image.resize((chances.width, chances.height), Image.Resampling.BOX)


def encode(image: Image.Image, file_format: str) -> bytes:
    """The bytes of a file in one of the formats of face_traits.FORMATS."""
    quality = {name: q for name, _, q in face_traits.FORMATS}[file_format]
    out = io.BytesIO()
    if file_format == "jpg":
        image.save(out, "JPEG", quality=quality, optimize=True)
    elif file_format == "webp":
        image.save(out, "WEBP", quality=quality, method=4)
    else:
        image.save(out, "PNG", optimize=True)
    return out.getvalue()
