# SPDX-License-Identifier: Apache-2.0
"""Chooses ordinary files of this machine, and says what `daylight detect` found in them that is no model.

Usage: ordinary_files.py choose FOLDER     links 10,000 files into FOLDER/00 ... , 500 to a folder; exit 1 if there are fewer
       ordinary_files.py check FOLDER      reads FOLDER/NN.json; exit 1 and one line for each false finding
"""
import json
import os
import pathlib
import re
import shutil
import sys

COUNT, OF_FOLDER, LARGEST = 10_000, 500, 8 << 20
ROOTS = ["/usr/lib", "/usr/share", "/usr/bin", "/usr/include", "/etc"]
# Real models that packages of tests and of the product bring, and text that is about them: these are true findings.
TRUE_MODELS = re.compile(r"opencv|haarcascades|lbpcascades|tessdata|\.traineddata|ctranslate|vosk|hunspell-model|onnx|tflite|tensorflow")


def candidates():
    for root in ROOTS:
        for folder, folders, files in os.walk(root):
            folders.sort()
            for name in sorted(files):
                path = os.path.join(folder, name)
                if os.path.islink(path) or not os.path.isfile(path) or TRUE_MODELS.search(path):
                    continue
                if 0 < os.path.getsize(path) <= LARGEST and os.access(path, os.R_OK):
                    yield path


def choose(target):
    paths = list(candidates())
    if len(paths) < COUNT:
        print(f"only {len(paths)} files")
        return 1
    for number in range(COUNT):
        path = paths[number * len(paths) // COUNT]
        folder = target / f"{number // OF_FOLDER:02}"
        folder.mkdir(parents=True, exist_ok=True)
        copy = folder / path.lstrip("/").replace("/", "%")[-200:]
        try:
            os.link(path, copy)
        except OSError:
            shutil.copyfile(path, copy)
    return 0


def check(target):
    false = []
    for path in sorted(target.glob("*.json")):
        inventory = json.loads(path.read_text())
        for model in inventory["models"]:
            # Data that only look ciphered (keys, noise) are called so, not a model; addresses in documents are what they are.
            if model["format"] == "unknown" and not model["location"].get("url"):
                continue
            false.append(f"{model['location']['entry']}: model of format {model['format']} {model['location'].get('url', '')}")
        for framework in inventory["frameworks"]:
            false.append(f"{framework['evidence'][0].get('entry')}: framework {framework['id']}")
    print("\n".join(false))
    return 1 if false else 0


if __name__ == "__main__":
    sys.exit({"choose": choose, "check": check}[sys.argv[1]](pathlib.Path(sys.argv[2])))
