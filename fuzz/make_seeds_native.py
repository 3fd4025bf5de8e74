#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of native_code_fuzz: small Android libraries that clang and lld build from the text below."""

import pathlib
import subprocess
import tempfile

TEXT = r"""
extern "C" int outside(const char*, int);
extern "C" int TfLiteInterpreterInvoke(void*);
extern "C" int keep(const void*);
struct Layer {
  virtual int forward(int x) { return outside("layer", x); }
  virtual int backward(int x) { return x - 1; }
};
struct Session : Layer {
  int forward(int x) override { return outside("Invoke called on model that is not ready.", x); }
};
static Session session;
static int run(void*, void*, int x) { return TfLiteInterpreterInvoke(nullptr) + x; }
struct Row { const char* name; const char* signature; void* function; };
static const Row rows[] = {{"run", "(I)I", (void*)run}};
const char* messages[] = {"first message", "second message"};
extern "C" int JNI_OnLoad(void*, void*) { return keep(rows) + keep(&session) + outside("app/Net", 0); }
extern "C" int Java_app_Net_load(void*, void*, int x) { return outside(messages[x], x) + run(0, 0, x); }
"""

TARGETS = {"arm64": "aarch64-linux-android29", "x86_64": "x86_64-linux-android29"}
KINDS = {
    "plain": [],
    "relr": ["-Wl,--pack-dyn-relocs=android+relr"],
    "bare": ["-Wl,--no-eh-frame-hdr", "-fno-asynchronous-unwind-tables", "-fno-unwind-tables", "-fno-plt"],
}


def main():
    folder = pathlib.Path(__file__).parent / "corpus" / "native_code"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        source = pathlib.Path(temporary) / "a.cc"
        source.write_text(TEXT)
        for machine, target in TARGETS.items():
            for kind, options in KINDS.items():
                subprocess.run(
                    ["clang-14", "-x", "c++", "-std=c++17", f"--target={target}", "-nostdlib", "-nostdinc", "-shared",
                     "-fPIC", "-O1", "-fno-exceptions", "-fuse-ld=/usr/bin/ld.lld-14", "-Wl,-s", "-Wl,-z,max-page-size=64",
                     "-Wl,-z,norelro", "-Wl,-soname,liba.so", *options, "-o", str(folder / f"{machine}-{kind}.so"), str(source)],
                    check=True)


if __name__ == "__main__":
    main()
