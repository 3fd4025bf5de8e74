#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hides the project's own models in every way that apps do, and checks an inventory against that.

hard_cases.py make FOLDER MODEL AAR   fills FOLDER with one file for each case and writes cases.json beside it; MODEL is a TFLite file,
                                      or "onnx" for a model that is written here
hard_cases.py check CASES INVENTORY   exits with 1 where a case was missed, wrong or invented
"""
import base64
import gzip
import hashlib
import json
import lzma
import pathlib
import subprocess
import sys
import zipfile

from hard_files import aes, noise, tar_of, xored, zip_of
from onnx_model import onnx_model

KEY9, KEY32 = b"S3cretKey", noise(32, 9)
FORMULA = bytes((i * 7 + 13) & 255 for i in range(256))
# Half of a key's bytes stand over the low bits of ONNX's floats, which are as uniform as the cipher: bytes alone do not tell them.
TOLD_BY_CODE_ONLY = {"onnx": {"assets/xor9.bin", "assets/xor32.bin"}, "tflite": set()}


def in_rodata(folder: pathlib.Path, model: bytes) -> bytes:
    """A shared library whose read-only data hold the model and other constants behind it, stripped."""
    blob, source, library = folder / "m.bin", folder / "m.s", folder / "libcase.so"
    blob.write_bytes(model)
    source.write_text(f'.section .rodata\n.balign 64\n.globl data\ndata:\n.incbin "{blob}"\n.size data, .-data\n.long 0x01020304\n')
    subprocess.run(["gcc", "-shared", "-nostdlib", "-s", "-o", library, source], check=True)
    return library.read_bytes()


def make(folder: pathlib.Path, model_path: str, aar: pathlib.Path) -> None:
    model_format = "onnx" if model_path == "onnx" else "tflite"
    model = onnx_model() if model_format == "onnx" else pathlib.Path(model_path).read_bytes()
    locked = aes("ctr", bytes.fromhex("00112233445566778899aabbccddeeff"),
                 bytes.fromhex("0f0e0d0c0b0a09080706050403020100"), model)
    with zipfile.ZipFile(aar) as archive:
        runtime = archive.read("jni/arm64-v8a/libtensorflowlite_jni.so")
    work = folder.parent / "work"
    work.mkdir()
    in_zip = zip_of({"x.bin": model})
    cases = {
        "assets/renamed.dat": (model, "none"),
        "res/drawable/ui.png": (model, "none"),
        "assets/zip_in_zip.bundle": (zip_of({"p.zip": zip_of({"inner/x.bin": model})}), "none"),
        "assets/stored.zip": (zip_of({"x.bin": model}, zipfile.ZIP_STORED), "none"),
        "assets/blob.gzx": (gzip.compress(model, mtime=0), "none"),
        "assets/blob.xz": (lzma.compress(model), "none"),
        "assets/blob.lzma": (lzma.compress(model, format=lzma.FORMAT_ALONE), "none"),
        "assets/blob.tar": (tar_of("x", model), "none"),
        "assets/xor1.bin": (xored(model, b"Z"), "xor"),
        "assets/xor9.bin": (xored(model, KEY9), "xor"),
        "assets/xor32.bin": (xored(model, KEY32), "xor"),
        "assets/xor_formula.bin": (xored(model, FORMULA), "xor"),
        "assets/xor_zip.bin": (xored(in_zip, b"pass"), "xor"),
        "assets/base64.txt": (base64.b64encode(model), "none"),
        "assets/base64.json": (b'{"weights":"' + base64.b64encode(model) + b'"}', "none"),
        "assets/vendor.mod": (b"VNDR" + noise(28, 1) + model, "none"),
        "assets/picture.jpg": (b"\xff\xd8\xff\xe0" + noise(3000, 2) + b"\xff\xd9" + model, "none"),
        "lib/arm64-v8a/librodata.so": (in_rodata(work, model), "none"),
        "lib/arm64-v8a/liboverlay.so": (runtime + in_zip, "none"),
        "lib/arm64-v8a/libappended.so": (runtime + model, "none"),
    }
    half = model[:len(model) // 2]
    absent = {
        # No model is to be seen in these.
        "lib/arm64-v8a/libq1.so": runtime,
        "assets/noise.dat": noise(200000, 3),
        "assets/aes.bin": locked,
        "assets/words.model": b"face age gender model tflite\n" * 4000,
        "assets/TFL3.bin": b"\x10\0\0\0TFL3" + noise(5000, 4),
    } | {name: cases.pop(name)[0] for name in sorted(TOLD_BY_CODE_ONLY[model_format])}
    # Half of an ONNX model is one, with a gap; half of a TFLite model has lost its tables.
    cut = {"assets/half.bin": half}
    if model_format == "tflite":
        absent, cut = absent | cut, {}
    encrypted = {f"assets/aes.{model_format}": locked}
    remote = {"assets/config.json": b'{"url": "https://cdn.example.com/v2/face_age.tflite"}'}
    for name, content in [*((n, c[0]) for n, c in cases.items()), *absent.items(), *cut.items(), *encrypted.items(),
                          *remote.items()]:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    keys = {"assets/xor1.bin": b"Z", "assets/xor9.bin": KEY9, "assets/xor32.bin": KEY32,
            "assets/xor_formula.bin": FORMULA, "assets/xor_zip.bin": b"pass"}
    (folder.parent / "cases.json").write_text(json.dumps({
        "format": model_format, "sha256": hashlib.sha256(model).hexdigest(),
        "hidden": {name: state for name, (_, state) in cases.items()},
        "keys": {name: key.hex() for name, key in keys.items()},
        "cut": sorted(cut), "encrypted": sorted(encrypted), "remote": sorted(remote)}, indent=1))


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
        if model["format"] != cases["format"] or model["encryption"]["state"] != state:
            wrong.append(f"{name}: {model['format']}, {model['encryption']['state']}")
        if model["encryption"].get("key", "") != cases["keys"].get(name, ""):
            wrong.append(f"{name}: key {model['encryption'].get('key')}")
        if model["sha256"] != cases["sha256"]:
            wrong.append(f"{name}: other bytes than were hidden")
    for name in cases["cut"]:
        gaps = [gap for gap in inventory["gaps"] if name in gap["where"] and "cut off" in gap["why"]]
        if [m["format"] for m in found.pop(name, [])] != [cases["format"]] or not gaps:
            wrong.append(f"{name}: a model that is cut off is not told as one")
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
        make(pathlib.Path(sys.argv[2]), sys.argv[3], pathlib.Path(sys.argv[4]))
        return 0
    wrong = check(json.loads(pathlib.Path(sys.argv[2]).read_text()), json.loads(pathlib.Path(sys.argv[3]).read_text()))
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
