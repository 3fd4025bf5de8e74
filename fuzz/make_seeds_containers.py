#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of container_fuzz and blob_fuzz: one small container of each kind, and one of containers in containers.

Usage: make_seeds_containers.py CORPUS_FOLDER
"""
import base64
import gzip
import io
import lzma
import pathlib
import random
import struct
import sys
import tarfile
import zipfile
import zlib


def zipped(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def tarred(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return out.getvalue()[:2048]


def unity(content: bytes) -> bytes:
    """A bundle of one stored block with one file."""
    blocks = bytes(16) + struct.pack(">IIIH", 1, len(content), len(content), 0)
    blocks += struct.pack(">IQQI", 1, 0, len(content), 0) + b"CAB-a\0"
    head = b"UnityFS\0" + struct.pack(">I", 6) + b"5.x.x\0" + b"2020.1.1f1\0"
    head += struct.pack(">QIII", 0, len(blocks), len(blocks), 0x40)
    return head + blocks + content


def main() -> None:
    corpus = pathlib.Path(sys.argv[1])
    draw = random.Random(1)
    words = b"".join(b"word %d\n" % draw.randrange(100) for _ in range(80))
    # A lightweight network of two layers in ncnn's text form: a model that every scan recognises.
    model = b"7767517\n2 2\nInput            data   0 1 data 0=4 1=4 2=3\nReLU             relu   1 1 data out\n"
    seeds = {
        "zip": zipped(("a", words), ("b/c.param", model)), "gzip": gzip.compress(words, mtime=0),
        "zlib": zlib.compress(words), "xz": lzma.compress(words), "lzma": lzma.compress(words, format=lzma.FORMAT_ALONE),
        "tar": tarred("a.param", model), "unity": unity(words + model),
        "nested": zipped(("in.zip", zipped(("in.gz", gzip.compress(zipped(("m.param", model)), mtime=0))))),
        "base64": b'{"m":"' + base64.b64encode(zlib.compress(bytes(draw.randrange(256) for _ in range(3200)), 0)) + b'"}',
        "behind": b"VENDOR-HEADER---" + model, "xored": bytes(b ^ 0x5a for b in zipped(("m.param", model))),
        "url": b"see https://cdn.example.com/a/face.tflite?x=1 and http://h/", "model": model,
    }
    for target in ("container", "blob"):
        folder = corpus / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in seeds.items():
            (folder / name).write_bytes(content)


if __name__ == "__main__":
    main()
