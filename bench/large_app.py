#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Assembles an app of 60 MB, as store apps with several runtimes are: Mirror's own code and models, and the arm64 libraries and
classes of AARs of Maven Central. The same inputs give the same bytes.

Usage: large_app.py PARTS OUT.apk     PARTS keeps what was fetched; Mirror must have been built (examples/mirror/build.sh)
"""
import hashlib
import io
import pathlib
import subprocess
import sys
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
ABI = "arm64-v8a"
AARS = [  # coordinates, SHA-256
    ("org.tensorflow:tensorflow-lite-select-tf-ops:2.14.0:aar", "048bb0c1d778ba6a432a10a416f2bca85d3f2c19f8ac68c021d885822a1a0917"),
    ("org.pytorch:pytorch_android:1.13.1:aar", "78aa10ae11361c67cb49cb34f659b6d5cf9e3865a1c5ebd0555e452cd4873f8b"),
    ("org.opencv:opencv:4.9.0:aar", "932519cec0b771759fd2910f9ba33beea06408d752f7e6b51b01b5ddac9d8dab"),
    ("org.tensorflow:tensorflow-lite-task-vision:0.4.4:aar", "5b7a55269d0a21febab9aa5f41746269d938ff91924173330460c2d251d5b9ce"),
    ("org.tensorflow:tensorflow-lite-gpu:2.14.0:aar", "c0439143e54ed3fc139dc495249fc4a944d883a727fc450593b577fa9465885c"),
]


def fetch(parts, coordinates, digest):
    """The artifact's file, fetched by Maven when it is not there yet."""
    _, artifact, version, kind = coordinates.split(":")
    target = parts / f"{artifact}-{version}.{kind}"
    if not target.exists():
        subprocess.run(["mvn", "-q", "-B", "org.apache.maven.plugins:maven-dependency-plugin:2.8:copy",
                        f"-Dartifact={coordinates}", f"-DoutputDirectory={parts}"], check=True, stdout=sys.stderr)
    if hashlib.sha256(target.read_bytes()).hexdigest() != digest:
        raise SystemExit(f"large_app: {target} has another SHA-256 than it should: remove it and try again")
    return target


def dex_of(jars):
    """DEX files of the class files in `jars`, by dx."""
    dx = ROOT / "third/mirror/dalvik-dx-9.0.0_r3.jar"
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, jar in enumerate(jars):
            path = pathlib.Path(folder, f"{number}.jar")
            path.write_bytes(jar)
            paths.append(str(path))
        subprocess.run(["java", "-cp", str(dx), "com.android.dx.command.Main", "--dex", "--multi-dex", "--min-sdk-version=26",
                        f"--output={folder}", *paths], check=True, stdout=sys.stderr)
        return [path.read_bytes() for path in sorted(pathlib.Path(folder).glob("classes*.dex"))]


class Package:
    """A ZIP with fixed times, in the order of adding."""

    def __init__(self, path):
        self.archive = zipfile.ZipFile(path, "w")
        self.names = set()

    def add(self, name, data, packed=True):
        if name in self.names:
            return
        self.names.add(name)
        entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
        entry.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        self.archive.writestr(entry, data, compresslevel=6)


def assemble(mirror, aars, out):
    package, dex_count, jars = Package(out), 0, []
    with zipfile.ZipFile(mirror) as app:
        for entry in app.infolist():
            if entry.filename.startswith("META-INF/") or (entry.filename.startswith("lib/") and ABI not in entry.filename):
                continue
            dex_count += entry.filename.endswith(".dex")
            package.add(entry.filename, app.read(entry), entry.compress_type == zipfile.ZIP_DEFLATED)
    for aar in aars:
        with zipfile.ZipFile(aar) as parts:
            for name in sorted(parts.namelist()):
                if name.startswith(f"jni/{ABI}/") and name.endswith(".so"):
                    package.add(name.replace("jni/", "lib/", 1), parts.read(name))
                elif name == "classes.jar" and zipfile.ZipFile(io.BytesIO(parts.read(name))).namelist():
                    jars.append(parts.read(name))
    for dex in dex_of(jars):
        dex_count += 1
        package.add(f"classes{dex_count}.dex", dex)
    package.archive.close()


def main():
    parts, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    parts.mkdir(parents=True, exist_ok=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    assemble(ROOT / "build/mirror/mirror.apk", [fetch(parts, *aar) for aar in AARS], out)


if __name__ == "__main__":
    main()
