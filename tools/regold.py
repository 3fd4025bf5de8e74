#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the expected files of golden cases anew, from a built program. Review `git diff tests/golden` afterwards.

Usage: tools/regold.py [--daylight build/dev/daylight] [CASE...]     without a case: all
"""
import argparse
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "golden"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--daylight", default=str(ROOT / "build/dev/daylight"))
    parser.add_argument("case", nargs="*")
    options = parser.parse_args()
    known = sorted(path.parent.name for path in GOLDEN.glob("*/case.txt"))
    for name in options.case or known:
        if name not in known:
            sys.exit(f"regold: no case {name}; there are {', '.join(known)}")
        subprocess.run([sys.executable, GOLDEN / "run_case.py", options.daylight, GOLDEN / name, "--update"], check=True)
    subprocess.run(["git", "-C", str(ROOT), "diff", "--stat", "--", "tests/golden"], check=False)


if __name__ == "__main__":
    main()
