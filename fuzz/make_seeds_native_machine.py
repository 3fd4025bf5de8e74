#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes fuzz/corpus/native_machine: loops that decrypt, compiled from the text below for both machines."""
import pathlib
import subprocess
import tempfile

LOOPS = {
    "byte": "for (unsigned long i = 0; i < n; ++i) d[i] ^= 0x5a;",
    "formula": "for (unsigned i = 0; i < n; ++i) d[i] ^= (unsigned char)((i * 7 + 3) ^ (i * i >> 9));",
    "generator": "unsigned s = 7; for (unsigned long i = 0; i < n; ++i) { s = s * 1664525u + 9u; d[i] ^= s >> 16; }",
    "divide": "for (unsigned long i = 0; i < n; ++i) d[i] ^= (unsigned char)(n / (i + 1) + (int)i % -3);",
    "swap": "for (unsigned long i = 0; i + 4 <= n; i += 4) *(unsigned*)(d + i) = __builtin_bswap32(*(unsigned*)(d + i));",
}
folder = pathlib.Path(__file__).parent / "corpus" / "native_machine"
folder.mkdir(parents=True, exist_ok=True)
for name, loop in LOOPS.items():
    for machine, target in enumerate(("x86_64-linux-android29", "aarch64-linux-android29")):
        for level in ("-O0", "-O2"):
            with tempfile.TemporaryDirectory() as place:
                source = pathlib.Path(place, "a.c")
                source.write_text("void open_up(unsigned char* d, unsigned long n) { %s }\n" % loop)
                subprocess.run(["clang-14", f"--target={target}", level, "-c", "-fPIC", "-fno-stack-protector",
                                "-fno-asynchronous-unwind-tables", "-o", f"{place}/a.o", source], check=True)
                subprocess.run(["llvm-objcopy-14", "-O", "binary", "-j", ".text", f"{place}/a.o", f"{place}/a.bin"],
                               check=True)
                code = pathlib.Path(place, "a.bin").read_bytes()
                (folder / f"{name}_{target[:3]}{level}").write_bytes(bytes([machine]) + code)
