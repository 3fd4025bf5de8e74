#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How often data of each kind are called encrypted: ciphers (they should be), compressors and media (they should not).

cover_rates.py DAYLIGHT FILE...   the files give the plain bytes, together some megabytes; prints a table of Markdown

Compressors that this machine has not are left out, with a line on stderr. Every piece is cut from the middle of its stream, without
header and end, except in the rows that say "from the start", which take off the header only. Pieces are drawn with a fixed seed.
"""
import bz2
import collections.abc
import json
import lzma
import pathlib
import random
import subprocess
import sys
import tempfile
import zlib

SIZES = (1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20)
PIECES = 24
FULL_PIECES = 200  # of the ciphers
Maker = collections.abc.Callable[[bytes], bytes]


def piped(*command: str) -> Maker:
    return lambda plain: subprocess.run(command, input=plain, check=True, capture_output=True).stdout


def cipher(name: str) -> Maker:
    key = "00112233445566778899aabbccddeeff" * (2 if name == "chacha20" else 1)
    return lambda plain: piped("openssl", "enc", f"-{name}", "-K", key, "-iv", f"{random.getrandbits(128):032x}")(plain)


def deflate(level: int) -> Maker:
    def make(plain: bytes) -> bytes:
        packer = zlib.compressobj(level, zlib.DEFLATED, -15)
        return packer.compress(plain) + packer.flush()
    return make


def raw_lzma(kind: int) -> Maker:
    return lambda plain: lzma.compress(plain, format=lzma.FORMAT_RAW, filters=[{"id": kind, "preset": 6}])


BROTLI = 'process.stdout.write(require("zlib").brotliCompressSync(require("fs").readFileSync(0), {params: {1: Number(process.argv[1])}}))'


def ciphers() -> dict[str, Maker]:
    return {"AES-128-CTR": cipher("aes-128-ctr"), "AES-128-CBC": cipher("aes-128-cbc"), "ChaCha20": cipher("chacha20")}


def from_start() -> dict[str, Maker]:
    return {"deflate, from the start": deflate(6), "brotli 9, from the start": piped("node", "-e", BROTLI, "9"),
            "LZMA, from the start": raw_lzma(lzma.FILTER_LZMA1), "LZMA2, from the start": raw_lzma(lzma.FILTER_LZMA2)}


def compressors() -> dict[str, Maker]:
    return {
        "deflate 1": deflate(1), "deflate 6 (zip, gzip)": deflate(6), "deflate 9": deflate(9),
        "zstd 3": piped("zstd", "-3", "-c"), "zstd 12": piped("zstd", "-12", "-c"),
        "brotli 5": piped("node", "-e", BROTLI, "5"), "brotli 9": piped("node", "-e", BROTLI, "9"),
        "lz4": piped("lz4", "-c"), "lz4 9": piped("lz4", "-9", "-c"),
        "bzip2": bz2.compress,
        "LZMA, xz": raw_lzma(lzma.FILTER_LZMA2),
    }


def media() -> dict[str, Maker]:
    """Pictures and film of noise on shades, as a camera makes them; their coders' streams without headers."""
    import cv2
    import numpy

    def shades(count: int, side: int) -> "numpy.ndarray":
        draw = numpy.random.default_rng(random.getrandbits(32))
        small = draw.normal(128, 60, (count, side // 16, side // 16, 3))
        frames = numpy.stack([cv2.resize(frame, (side, side), interpolation=cv2.INTER_CUBIC) for frame in small])
        return numpy.clip(frames + draw.normal(0, 6, frames.shape), 0, 255).astype(numpy.uint8)

    def picture(suffix: str, *options: int) -> Maker:
        def make(plain: bytes) -> bytes:
            side = max(64, int((len(plain) * 1.2) ** 0.5) // 16 * 16)
            return cv2.imencode(suffix, shades(1, side)[0], list(options))[1].tobytes()
        return make

    def film(plain: bytes) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            name = str(pathlib.Path(folder, "film.mp4"))
            writer = cv2.VideoWriter(name, cv2.VideoWriter_fourcc(*"mp4v"), 25, (512, 512))
            for frame in shades(max(8, len(plain) // 40000), 512):
                writer.write(frame)
            writer.release()
            return pathlib.Path(name).read_bytes()

    return {"JPEG": picture(".jpg", cv2.IMWRITE_JPEG_QUALITY, 92), "PNG": picture(".png"),
            "WebP": picture(".webp", cv2.IMWRITE_WEBP_QUALITY, 92), "WebP, lossless": picture(".webp", cv2.IMWRITE_WEBP_QUALITY, 101),
            "MPEG-4 film": film}


def pieces(make: Maker, plain: bytes, size: int, count: int, start: bool) -> list[bytes]:
    """As many pieces as the plain bytes give without the stream being too short."""
    out = []
    for ratio in (4, 8):
        for _ in range(count - len(out)):
            begin = random.randrange(max(1, len(plain) - ratio * size))
            stream = make(plain[begin:begin + ratio * size + 4096])
            first = 0 if start else max(64, (len(stream) - size) // 2)
            if len(stream) >= first + size:
                out.append(stream[first:first + size])
        if len(out) >= count or ratio * size >= len(plain):
            break
    return out


def rate(program: str, contents: list[bytes]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        for i, content in enumerate(contents):
            pathlib.Path(folder, f"{i}.dat").write_bytes(content)
        answer = subprocess.run([program, "detect", "-q", "--json", folder], check=True, capture_output=True)
    return sum("is encrypted" in gap["why"] for gap in json.loads(answer.stdout)["gaps"])


def main() -> None:
    plain = b"".join(pathlib.Path(name).read_bytes() for name in sys.argv[2:])
    print("| data | " + " | ".join(f"{size // 1024} kB" for size in SIZES) + " |")
    print("|---" * (len(SIZES) + 1) + "|")
    groups = [(ciphers(), FULL_PIECES, False), (compressors(), PIECES, False), (from_start(), PIECES, True)]
    try:
        groups.append((media(), PIECES, False))
    except ImportError as error:
        print(f"no pictures: {error}", file=sys.stderr)
    for makers, count, start in groups:
        for name, make in makers.items():
            random.seed(name)
            cells = []
            for size in SIZES:
                wanted = count if size < 1 << 20 else min(count, (16 << 20) // size)
                try:
                    made = pieces(make, plain, size, wanted, start)
                except (OSError, subprocess.CalledProcessError) as error:
                    print(f"{name}: {error}", file=sys.stderr)
                    break
                cells.append(f"{rate(sys.argv[1], made)}/{len(made)}" if made else "-")
            else:
                print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
