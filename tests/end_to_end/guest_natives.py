#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the native methods that a published library declares (javap on its classes.jar) with those that it provides
when it is run (daylight guest natives --json), and both with the table in guest_natives.json.

"declared" counts what javap lists, not what the library has: TensorFlow Lite's has one more in 2.14.0 and in 2.16.1 (56 to 55),
TensorFlowLite.nativeDoNothing, whose class comes with another archive (tensorflow-lite-api). "not_provided" are declared and in no library.

Usage: guest_natives.py DAYLIGHT AAR LIBRARY TABLE_ENTRY ENGINE
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import zipfile


def declared(aar: str) -> set[tuple[str, str, str]]:
    """Class, name and descriptor of every native method of the archive's classes."""
    out = set()
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(aar) as outer:
            outer.extract("classes.jar", folder)
        jar = pathlib.Path(folder) / "classes.jar"
        with zipfile.ZipFile(jar) as inner:
            names = [name[:-6] for name in inner.namelist() if name.endswith(".class")]
        for start in range(0, len(names), 200):
            text = subprocess.run(["javap", "-p", "-s", "-cp", jar, *[n.replace("/", ".") for n in names[start:start + 200]]],
                                  capture_output=True, text=True, check=True).stdout
            owner = method = None
            for line in text.splitlines():
                head = re.match(r"^(?:[a-z]+ )*(?:class|interface|enum) ([\w.$]+)", line)
                if head:
                    owner = head[1]
                native = re.match(r"^  .*\bnative\b.*?([\w$]+)\(", line)
                if native:
                    method = native[1]
                descriptor = re.match(r"^    descriptor: (\S+)", line)
                if descriptor and method:
                    out.add((owner, method, descriptor[1]))
                if descriptor:
                    method = None
    return out


def main() -> None:
    daylight, aar, library, entry, engine = sys.argv[1:]
    table = json.loads((pathlib.Path(__file__).parent / "guest_natives.json").read_text())[entry]
    run = subprocess.run([daylight, "guest", "natives", f"{aar}!{library}", "--engine", engine, "--json"], capture_output=True, text=True, check=True)
    answer = json.loads(run.stdout)
    assert "fault" not in answer["jni_on_load"], answer["jni_on_load"]
    natives = answer["natives"]
    whole = {(n["class"], n["name"], n["signature"]) for n in natives if n["route"] != "export"}
    # An export may leave the parameters out.
    short = {(n["class"], n["name"]) for n in natives if n["route"] == "export" and not n["signature"]}
    parameters = {(n["class"], n["name"], n["signature"]) for n in natives if n["route"] == "export" and n["signature"]}
    wanted = declared(aar)
    absent = sorted(
        f"{owner}.{name}{descriptor}" for owner, name, descriptor in wanted
        if (owner, name, descriptor) not in whole and (owner, name) not in short
        and (owner, name, descriptor[:descriptor.index(")") + 1]) not in parameters)
    assert len(wanted) == table["declared"], f"{len(wanted)} declared"
    assert absent == table["not_provided"], "not provided: " + "\n".join(absent)
    assert all(n["library"] and n.get("offset", "0x0") != "0x0" and "problem" not in n for n in natives), "a native without a place"
    print(f"{entry}: {len(wanted)} declared, {len(wanted) - len(absent)} provided, {len(natives)} in the library")


main()
