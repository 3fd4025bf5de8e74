#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An app's own Java code over the 600 faces: with its arm64 libraries and with the published x86-64 twin, on one core, capture on.

Usage: jvm_bench.py DAYLIGHT SHARED_DATA TWINS [LIMIT]     prints a section for RESULTS.md; TWINS: tools/get-twins.sh
"""
import csv
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from whole_process import machine


def capture(daylight, app, faces, folder, twins, limit):
    """One run, pinned to one core: (its --json, its rows by file and head)."""
    command = [daylight, "capture", str(app), "--samples", str(faces), "--case", str(folder), "--json", "-q"]
    if limit:
        command += ["--limit", str(limit)]
    if twins:
        command += ["--twins", str(twins)]
    for verb in ("detect", "plan"):
        subprocess.run([daylight, verb, str(app), "--case", str(folder), "-q"], check=True, capture_output=True)
    core = min(os.sched_getaffinity(0))
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=lambda: os.sched_setaffinity(0, {core}))
    if done.returncode not in (0, 3):
        raise SystemExit(f"{command}: {done.stderr}")
    with open(folder / "predictions.captured.csv", newline="") as file:
        rows = {(row["file"], row["head"]): row for row in csv.DictReader(file)}
    return json.loads(done.stdout), rows


def number(row):
    return float(row["value"] or row["score"])


def compare(one, other):
    """(answers of both, largest difference, labels that differ)."""
    assert one.keys() == other.keys()
    pairs = [(one[key], other[key]) for key in one if one[key]["status"] == "ok" and other[key]["status"] == "ok"]
    return len(pairs), max(abs(number(a) - number(b)) for a, b in pairs), sum(a["label"] != b["label"] for a, b in pairs)




def main():
    daylight, data, twins, *rest = sys.argv[1:]
    data, limit = pathlib.Path(data), int(rest[0]) if rest else 0
    print(f"## capture ({machine()}; load {os.getloadavg()[0]:.1f})\n")
    print("`daylight capture`, two entries (age and gender) for each face, one core, capture on. \"first picture\" is from the start of the Java process until the entries stand.\n")
    print("| app | libraries | pictures | without an answer | first picture | pictures a second | differences to arm64 |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        faces = pathlib.Path(folder) / "faces"
        faces.mkdir()
        for each in (data / "faces").iterdir():
            (faces / each.name).symlink_to(each)
        with open(data / "faces" / "labels.csv", newline="") as source, open(faces / "samples.csv", "w", newline="") as target:
            rows = list(csv.DictReader(source))
            writer = csv.DictWriter(target, ["file"])
            writer.writeheader()
            writer.writerows({"file": row["file"]} for row in rows)
        for name in ("facegauge-obf", "facegauge-plain"):
            app = data / "apps" / f"{name}.apk"
            reference = None
            for libraries, place in (("arm64", None), ("twin", twins)):
                summary, answers = capture(daylight, app, faces / "samples.csv", pathlib.Path(folder) / f"{name}-{libraries}", place, limit)
                words = "–"
                if reference is None:
                    reference = answers
                else:
                    both, most, labels = compare(reference, answers)
                    words = f"{both} answers, most {most:.2g}, {labels} labels"
                print(f"| {name} | {libraries} | {summary['pictures']} | {summary['failed']} | {summary['boot_seconds']:.1f} s | "
                      f"{summary['pictures'] / summary['seconds']:.1f} | {words} |", flush=True)


main()
