#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How often compressed data without headers, and AES output, are called encrypted.

cover_rates.py DAYLIGHT FILE...   the files give the plain bytes; prints a table
"""
import bz2
import json
import lzma
import pathlib
import random
import subprocess
import sys
import tempfile
import zlib

SIZES = (16384, 65536, 262144)
PIECES = 12


def aes(plain: bytes) -> bytes:
    return subprocess.run(["openssl", "enc", "-aes-128-ctr", "-K", "00112233445566778899aabbccddeeff", "-iv",
                           f"{random.getrandbits(128):032x}"], input=plain, check=True, capture_output=True).stdout


MAKERS = {
    "AES": aes,
    "deflate": lambda plain: zlib.compress(plain, 9)[2:],
    "bzip2": lambda plain: bz2.compress(plain)[14:],
    "LZMA": lambda plain: lzma.compress(plain, format=lzma.FORMAT_ALONE)[13:],
    "LZMA2": lambda plain: lzma.compress(plain, format=lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA2, "preset": 6}]),
}


def main() -> None:
    random.seed(4)
    plain = b"".join(pathlib.Path(name).read_bytes() for name in sys.argv[2:])
    print("| data | " + " | ".join(f"{size // 1024} kB" for size in SIZES) + " |")
    for name, make in MAKERS.items():
        rates = []
        for size in SIZES:
            with tempfile.TemporaryDirectory() as folder:
                for i in range(PIECES):
                    start = random.randrange(max(1, len(plain) - 6 * size))
                    pathlib.Path(folder, f"{i}.dat").write_bytes(make(plain[start:start + 6 * size])[:size])
                answer = subprocess.run([sys.argv[1], "detect", "-q", "--json", folder], check=True, capture_output=True)
                gaps = json.loads(answer.stdout)["gaps"]
                rates.append(sum("is encrypted" in gap["why"] for gap in gaps))
        print(f"| {name} | " + " | ".join(f"{rate}/{PIECES}" for rate in rates) + " |")


if __name__ == "__main__":
    main()
