#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How many apps give an answer without anybody's help: detect, plan and capture of one picture for each app, and why the others give none.

Usage: jvm_apps.py DAYLIGHT SAMPLES_CSV APP [APP ...]     prints a table for docs/design/jvm-host.md
"""
import csv
import json
import pathlib
import subprocess
import sys
import tempfile

from whole_process import machine

# One app's three verbs; the process host gives up on its own before that.
LIMIT_SECONDS = 400


def run(*command):
    """(exit code, what it printed, the last line of its talk)."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=LIMIT_SECONDS)
    except subprocess.TimeoutExpired:
        return 124, "", f"took longer than {LIMIT_SECONDS} s"
    lines = [line for line in done.stderr.splitlines() if line.startswith("daylight: ")] or done.stderr.splitlines()
    return done.returncode, done.stdout, lines[-1] if lines else ""


def cause(text, width=150):
    """One table cell."""
    text = " ".join(text.replace("daylight: ", "").replace("|", "/").split())
    return text if len(text) <= width else text[: width - 3] + "..."


def examine(daylight, samples, app, folder):
    """A row: app, uses machine learning, entries found, answered, cause of a miss."""
    case = folder / app.stem
    code, _, talk = run(daylight, "detect", str(app), "--case", str(case), "-q")
    if code not in (0, 3):
        return app.name, "?", 0, 0, cause(talk)
    inventory = json.loads((case / "inventory.json").read_text())
    learns = "yes" if inventory["models"] or inventory["calls"] else "no"
    code, _, talk = run(daylight, "plan", str(app), "--case", str(case), "-q")
    if code != 0:
        return app.name, learns, 0, 0, cause(talk)
    plan = json.loads((case / "probe_plan.json").read_text())
    entries = [each for each in plan["entries"] if each.get("kind", "picture") == "picture"]
    if not entries:
        return app.name, learns, 0, 0, "no method that takes a picture leads to a model" if learns == "yes" else ""
    code, _, talk = run(daylight, "capture", str(app), "--samples", str(samples), "--case", str(case), "--limit", "1", "-q")
    if code not in (0, 3):
        return app.name, learns, len(entries), 0, cause(talk)
    with open(case / "predictions.captured.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    # An answer that is an object of the app's own is no row's value, but the trace has it: the call returned.
    returned = [row for row in rows if row["status"] in ("ok", "parse-error")]
    gaps = json.loads((case / "predictions.captured.csv.meta.json").read_text())["gaps"]
    why = "; ".join(f"{gap['where']}: {gap['why']}" for gap in gaps) if len(returned) < len(entries) else ""
    return app.name, learns, len(entries), len(returned), cause(why)


def main():
    daylight, samples, *apps = sys.argv[1:]
    print(f"{machine()}. One picture, no help.\n")
    print("| app | machine learning | entries found | returned | cause of what is missing |\n|---|---|---|---|---|")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for app in apps:
            rows.append(examine(daylight, samples, pathlib.Path(app), pathlib.Path(folder)))
            print("| %s | %s | %d | %d | %s |" % rows[-1], flush=True)
    learning = [row for row in rows if row[1] == "yes" or row[2] > 0]
    found = sum(row[2] > 0 for row in learning)
    ran = sum(row[3] > 0 for row in learning)
    print(f"\nOf {len(rows)} apps {len(learning)} use machine learning or have an entry; in {found} of these an entry was found, in {ran} one ran to its end.")


main()
