#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs one golden case, or all, and compares whole outputs with the expected files.

Usage: run_case.py DAYLIGHT FOLDER [--update]

A case is a folder: `case.txt` has the command line (`run:`), the exit code (`exit:`) and what to keep besides stdout and
stderr (`keep:`), `input/` is the folder that the command runs in, `expected/` has the outputs. `run:` and `keep:` may repeat.
--update writes `expected/` anew instead (tools/regold.py); review the difference as you would review code.
"""
import difflib
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile


def read_case(folder):
    case = {"run": [], "keep": [], "exit": 0}
    for number, line in enumerate((folder / "case.txt").read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, _, value = line.partition(":")
        if name == "exit":
            case["exit"] = int(value)
        elif name in ("run", "keep"):
            case[name].append(value.strip())
        else:
            raise SystemExit(f"{folder}/case.txt:{number}: no such setting: {name}")
    if not case["run"]:
        raise SystemExit(f"{folder}/case.txt: nothing to run")
    return case


def outputs_of(program, folder, case):
    """name -> text of stdout, stderr and the kept files. All commands but the last must end with 0."""
    with tempfile.TemporaryDirectory() as place:
        work = pathlib.Path(place) / "work"
        if (folder / "input").is_dir():
            shutil.copytree(folder / "input", work)
        else:
            work.mkdir()
        outputs = {}
        for number, command in enumerate(case["run"], 1):
            done = subprocess.run([program, *shlex.split(command)], cwd=work, capture_output=True, stdin=subprocess.DEVNULL)
            wanted = case["exit"] if number == len(case["run"]) else 0
            if done.returncode != wanted:
                raise AssertionError(f"exit code {done.returncode}, not {wanted}: daylight {command}\n{done.stderr.decode(errors='replace')}")
            prefix = f"{number}." if len(case["run"]) > 1 else ""
            outputs[prefix + "stdout"] = done.stdout.decode()
            outputs[prefix + "stderr"] = done.stderr.decode()
        for name in case["keep"]:
            outputs[name.replace("/", "_")] = (work / name).read_text()
        return {name: text for name, text in outputs.items() if text}


def update(folder, outputs):
    shutil.rmtree(folder / "expected", ignore_errors=True)
    (folder / "expected").mkdir()
    for name, text in outputs.items():
        (folder / "expected" / name).write_text(text)


def differences(folder, outputs):
    """Unified differences, and outputs that are there on one side only."""
    expected = {path.name: path.read_text() for path in sorted((folder / "expected").glob("*"))}
    if not expected:
        return [f"{folder}/expected is empty: run tools/regold.py"]
    found = []
    for name in sorted(expected.keys() | outputs.keys()):
        want, got = expected.get(name, ""), outputs.get(name, "")
        if want != got:
            lines = difflib.unified_diff(want.splitlines(), got.splitlines(), f"expected/{name}", f"this run/{name}", lineterm="")
            found += list(lines)[:60]
    return found


def main():
    arguments = [word for word in sys.argv[1:] if word != "--update"]
    program, folder = str(pathlib.Path(arguments[0]).resolve()), pathlib.Path(arguments[1])
    outputs = outputs_of(program, folder, read_case(folder))
    if "--update" in sys.argv:
        update(folder, outputs)
        return 0
    found = differences(folder, outputs)
    print("\n".join(found))
    if found:
        print(f"{folder.name} differs; if that is meant, tools/regold.py takes it over")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
