# SPDX-License-Identifier: Apache-2.0
# Resizes one raw RGB or RGBA picture with other programs (Pillow, OpenCV) and with plain numpy formulas.
#
# Usage: resize_oracle.py FOLDER WIDTH HEIGHT CHANNELS KERNEL:WIDTHxHEIGHT ...
# Reads FOLDER/source.raw, writes FOLDER/KERNEL-WIDTHxHEIGHT.raw for each. Exit code 3: a package is missing.
import pathlib
import sys

try:
    import cv2
    import numpy as np
    from PIL import Image
except ImportError:
    sys.exit(3)

F = np.float32


def pillow(picture, width, height, filter_):
    # Four bands as CMYK: Pillow would multiply the colours of RGBA by alpha.
    mode = "RGB" if picture.shape[2] == 3 else "CMYK"
    return np.asarray(Image.fromarray(picture, mode).resize((width, height), filter_))


def opencv(picture, width, height, interpolation):
    return cv2.resize(picture, (width, height), interpolation=interpolation)


def positions(size, count, centres):
    scale = F(size - 1) / F(count - 1) if centres == "corners" and count > 1 else F(size) / F(count)
    index = np.arange(count, dtype=F)
    at = (index + F(0.5)) * scale - F(0.5) if centres == "half" else index * scale
    low = np.floor(at)
    limit = lambda values: np.clip(values.astype(int), 0, size - 1)
    return limit(low), limit(np.ceil(at)), (at - low).astype(F)


def tensorflow(picture, width, height, centres):
    top, bottom, down = positions(picture.shape[0], height, centres)
    left, right, along = positions(picture.shape[1], width, centres)
    values = picture.astype(F)
    down = down[:, None, None]
    along = along[None, :, None]
    upper = values[top][:, left] + (values[top][:, right] - values[top][:, left]) * along
    lower = values[bottom][:, left] + (values[bottom][:, right] - values[bottom][:, left]) * along
    return np.clip(np.floor(upper + (lower - upper) * down + F(0.5)), 0, 255).astype(np.uint8)


def coverage(size, count):
    begin = np.arange(count)[:, None] * size
    pixel = np.arange(size)[None, :] * count
    covered = np.minimum(begin + size, pixel + count) - np.maximum(begin, pixel)
    return np.maximum(covered, 0)


def area(picture, width, height):
    rows = coverage(picture.shape[0], height)
    columns = coverage(picture.shape[1], width)
    # Products of small integers: exact in double.
    along = np.tensordot(rows.astype(np.float64), picture.astype(np.float64), axes=(1, 0))
    total = np.tensordot(along, columns.astype(np.float64), axes=(1, 1)).transpose(0, 2, 1).astype(np.int64)
    whole = picture.shape[0] * picture.shape[1]
    return ((2 * total + whole) // (2 * whole)).astype(np.uint8)


def nearest(picture, width, height):
    rows = np.arange(height) * picture.shape[0] // height
    columns = np.arange(width) * picture.shape[1] // width
    return picture[rows][:, columns]


KERNELS = {
    "pil-bilinear": lambda p, w, h: pillow(p, w, h, Image.BILINEAR),
    "pil-bicubic": lambda p, w, h: pillow(p, w, h, Image.BICUBIC),
    "opencv-linear": lambda p, w, h: opencv(p, w, h, cv2.INTER_LINEAR),
    "opencv-area": lambda p, w, h: opencv(p, w, h, cv2.INTER_AREA),
    "bicubic": lambda p, w, h: opencv(p, w, h, cv2.INTER_CUBIC),
    "half-pixel-bilinear": lambda p, w, h: tensorflow(p, w, h, "half"),
    "align-corners-bilinear": lambda p, w, h: tensorflow(p, w, h, "corners"),
    "asymmetric-bilinear": lambda p, w, h: tensorflow(p, w, h, "plain"),
    "area": area,
    "nearest": nearest,
}


def main():
    folder = pathlib.Path(sys.argv[1])
    width, height, channels = map(int, sys.argv[2:5])
    picture = np.fromfile(folder / "source.raw", np.uint8).reshape(height, width, channels)
    for job in sys.argv[5:]:
        kernel, size = job.split(":")
        to_width, to_height = map(int, size.split("x"))
        result = KERNELS[kernel](picture, to_width, to_height)
        np.ascontiguousarray(result).tofile(folder / f"{kernel}-{size}.raw")


main()
