#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hides the project's own models in every way that apps do, and checks an inventory against that.

hard_cases.py make FOLDER MODEL AAR   fills FOLDER with one file for each case and writes cases.json beside it
hard_cases.py check CASES INVENTORY   exits with 1 where a case was missed, wrong or invented
"""
import base64
import gzip
import hashlib
import io
import json
import lzma
import pathlib
import random
import subprocess
import sys
import tarfile
import zipfile


def zipped(name: str, content: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), content, method)
    return out.getvalue()


def tarred(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def xored(content: bytes, key: bytes) -> bytes:
    repeated = key * (len(content) // len(key) + 1)
    return bytes(a ^ b for a, b in zip(content, repeated))


def aes_ctr(content: bytes) -> bytes:
    return subprocess.run(
        ["openssl", "enc", "-aes-128-ctr", "-K", "00112233445566778899aabbccddeeff",
         "-iv", "0f0e0d0c0b0a09080706050403020100"], input=content, check=True, capture_output=True).stdout


def in_rodata(folder: pathlib.Path, model: bytes) -> bytes:
    """A shared library whose read-only data hold the model and other constants behind it, stripped."""
    blob, source, library = folder / "m.bin", folder / "m.s", folder / "libcase.so"
    blob.write_bytes(model)
    source.write_text(f'.section .rodata\n.balign 64\n.globl data\ndata:\n.incbin "{blob}"\n.size data, .-data\n.long 0x01020304\n')
    subprocess.run(["gcc", "-shared", "-nostdlib", "-s", "-o", library, source], check=True)
    return library.read_bytes()


def make(folder: pathlib.Path, model_path: pathlib.Path, aar: pathlib.Path) -> None:
    model = model_path.read_bytes()
    draw = random.Random(4)
    noise = lambda size: bytes(draw.randrange(256) for _ in range(size))
    with zipfile.ZipFile(aar) as archive:
        runtime = archive.read("jni/arm64-v8a/libtensorflowlite_jni.so")
    work = folder.parent / "work"
    work.mkdir()
    key9, key32 = b"S3cretKey", noise(32)
    formula = bytes((i * 7 + 13) & 255 for i in range(256))
    split = len(model) // 2
    cases = {
        "assets/renamed.dat": (model, "none"),
        "res/drawable/ui.png": (model, "none"),
        "assets/zip_in_zip.bundle": (zipped("p.zip", zipped("inner/x.bin", model)), "none"),
        "assets/stored.zip": (zipped("x.bin", model, zipfile.ZIP_STORED), "none"),
        "assets/blob.gzx": (gzip.compress(model, mtime=0), "none"),
        "assets/blob.xz": (lzma.compress(model), "none"),
        "assets/blob.lzma": (lzma.compress(model, format=lzma.FORMAT_ALONE), "none"),
        "assets/blob.tar": (tarred("x", model), "none"),
        "assets/xor1.bin": (xored(model, b"Z"), "xor"),
        "assets/xor9.bin": (xored(model, key9), "xor"),
        "assets/xor32.bin": (xored(model, key32), "xor"),
        "assets/xor_formula.bin": (xored(model, formula), "xor"),
        "assets/xor_zip.bin": (xored(zipped("x.bin", model), b"pass"), "xor"),
        "assets/base64.txt": (base64.b64encode(model), "none"),
        "assets/base64.json": (b'{"weights":"' + base64.b64encode(model) + b'"}', "none"),
        "assets/vendor.mod": (b"VNDR" + noise(28) + model, "none"),
        "assets/picture.jpg": (b"\xff\xd8\xff\xe0" + noise(3000) + b"\xff\xd9" + model, "none"),
        "lib/arm64-v8a/librodata.so": (in_rodata(work, model), "none"),
        "lib/arm64-v8a/liboverlay.so": (runtime + zipped("x.bin", model), "none"),
        "lib/arm64-v8a/libappended.so": (runtime + model, "none"),
    }
    absent = {
        # No model is to be seen in these.
        "lib/arm64-v8a/libq1.so": runtime,
        "assets/noise.dat": noise(200000),
        "assets/half.bin": model[:split],
        "assets/aes.bin": aes_ctr(model),
        "assets/words.model": b"face age gender model tflite\n" * 4000,
        "assets/TFL3.bin": b"\x10\0\0\0TFL3" + noise(5000),
    }
    encrypted = {"assets/aes.tflite": aes_ctr(model)}
    remote = {"assets/config.json": b'{"url": "https://cdn.example.com/v2/face_age.tflite"}'}
    for name, content in [*((n, c[0]) for n, c in cases.items()), *absent.items(), *encrypted.items(),
                          *remote.items()]:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (folder.parent / "cases.json").write_text(json.dumps({
        "sha256": hashlib.sha256(model).hexdigest(),
        "hidden": {name: state for name, (_, state) in cases.items()},
        "keys": {"assets/xor1.bin": "5a", "assets/xor9.bin": key9.hex(), "assets/xor32.bin": key32.hex(),
                 "assets/xor_formula.bin": formula.hex(), "assets/xor_zip.bin": b"pass".hex()},
        "absent": sorted(absent), "encrypted": sorted(encrypted), "remote": sorted(remote)}, indent=1))


def check(cases: dict, inventory: dict) -> list[str]:
    wrong = []
    found: dict[str, list[dict]] = {}
    for model in inventory["models"]:
        found.setdefault(model["location"]["entry"][0], []).append(model)
    for name, state in cases["hidden"].items():
        models = found.pop(name, [])
        if len(models) != 1:
            wrong.append(f"{name}: {len(models)} models, not 1")
            continue
        model = models[0]
        if model["format"] != "tflite" or model["encryption"]["state"] != state:
            wrong.append(f"{name}: {model['format']}, {model['encryption']['state']}")
        if model["encryption"].get("key", "") != cases["keys"].get(name, ""):
            wrong.append(f"{name}: key {model['encryption'].get('key')}")
        if model["sha256"] != cases["sha256"]:
            wrong.append(f"{name}: other bytes than were hidden")
    for name in cases["encrypted"]:
        states = [(m["format"], m["encryption"]["state"]) for m in found.pop(name, [])]
        if states != [("unknown", "encrypted")]:
            wrong.append(f"{name}: {states}")
    for name in cases["remote"]:
        urls = [m["location"].get("url", "") for m in found.pop(name, [])]
        if len(urls) != 1 or not urls[0].endswith("face_age.tflite"):
            wrong.append(f"{name}: {urls}")
    wrong += [f"{name}: a model is reported where none is" for name in found]
    if not any("assets/aes.bin" in gap["where"] and "encrypted" in gap["why"] for gap in inventory["gaps"]):
        wrong.append("assets/aes.bin: no gap says that it is encrypted")
    if not any(f["id"] == "tflite" and f["layer"] == "native" and
               any("lib/arm64-v8a/libq1.so" in e["entry"] for e in f["evidence"]) for f in inventory["frameworks"]):
        wrong.append("lib/arm64-v8a/libq1.so: the renamed runtime was not recognised")
    return wrong


def main() -> int:
    if sys.argv[1] == "make":
        make(*(pathlib.Path(path) for path in sys.argv[2:5]))
        return 0
    wrong = check(json.loads(pathlib.Path(sys.argv[2]).read_text()), json.loads(pathlib.Path(sys.argv[3]).read_text()))
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
