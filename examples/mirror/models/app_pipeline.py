# SPDX-License-Identifier: Apache-2.0
"""What Mirror does to a picture before its models see it, in numpy: the Java code in other words.

Used to make training tensors and to measure the truth, so that both know the very pixels that the
app would compute.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

AGE_SIDE = 64
GENDER_SIDE = 48
YEARS_PER_UNIT = np.float32(100)
GENDER_LABELS = ("female", "male")
SPAN = 127  # Columns that Skia scales in one go.


def decode(data: bytes) -> np.ndarray:
    """Height x width x 3 bytes of an encoded picture."""
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def middle_square(picture: np.ndarray) -> np.ndarray:
    """FaceAnalyzer.middleSquare: the largest centred square, rounded to the upper left."""
    height, width = picture.shape[:2]
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    return picture[top:top + side, left:left + side]


def _taps(fixed: np.ndarray, source: int):
    """Left and right source pixel, and the right one's weight in 1/16, of positions in 16.16."""
    left = fixed >> 16
    return np.clip(left, 0, source - 1), np.clip(left + 1, 0, source - 1), (fixed & 0xFFFF) >> 12


def _inverse_scale(source: int, target: int) -> np.float32:
    return np.float32(1) / (np.float32(target) / np.float32(source))


def _columns(source: int, target: int):
    """Along a row Skia steps in 32.32 fixed point, and starts anew every SPAN columns."""
    inverse = _inverse_scale(source, target)
    step = int(float(inverse) * 2**32)
    spans = []
    for first in range(0, target, SPAN):
        start = float((np.float32(first) + np.float32(0.5)) * inverse)
        count = np.arange(min(SPAN, target - first), dtype=np.int64)
        spans.append((int(start * 2**32) - 2**31 + step * count) >> 16)
    return _taps(np.concatenate(spans), source)


def _rows(source: int, target: int):
    """Each row's position is computed anew, in float32, and then held as 16.16."""
    centre = np.arange(target, dtype=np.float32) + np.float32(0.5)
    position = centre * _inverse_scale(source, target) - np.float32(0.5)
    return _taps(np.floor(position.astype(np.float64) * 65536).astype(np.int64), source)


def scaled_bitmap(square: np.ndarray, side: int) -> np.ndarray:
    """Bitmap.createScaledBitmap(square, side, side, filter = true): two taps on each axis.

    Equal to Skia in every byte on all pictures of the audit set, and in 400 random scalings up and
    down; also where a position falls on the edge between two weights, which columns and rows decide
    differently.
    """
    x0, x1, wx = _columns(square.shape[1], side)
    y0, y1, wy = _rows(square.shape[0], side)
    wx, wy = wx[None, :, None], wy[:, None, None]
    p = square.astype(np.int64)
    upper = p[y0][:, x0] * (16 - wx) + p[y0][:, x1] * wx
    lower = p[y1][:, x0] * (16 - wx) + p[y1][:, x1] * wx
    return ((upper * (16 - wy) + lower * wy) >> 8).astype(np.uint8)


def age_input(pixels: np.ndarray) -> np.ndarray:
    """NormalizeOp(127.5, 127.5) on bytes of any shape."""
    return (pixels.astype(np.float32) - np.float32(127.5)) / np.float32(127.5)


def gender_input(pixels: np.ndarray) -> np.ndarray:
    """The loop of GenderClassifier.fillInput on bytes of any shape."""
    return (pixels.astype(np.float32) - np.float32(128)) / np.float32(128)
