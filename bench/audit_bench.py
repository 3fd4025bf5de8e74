#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a whole audit of facegauge-plain.apk on 600 faces costs: wall time, peak memory, case size.

Usage: audit_bench.py DAYLIGHT SHARED_DATA     prints a section for RESULTS.md
"""
import pathlib
import shutil
import sys
import tempfile

from whole_process import machine, measure


def main():
    daylight, data = sys.argv[1], pathlib.Path(sys.argv[2])
    with tempfile.TemporaryDirectory() as folder:
        case = pathlib.Path(folder) / "case"
        command = [daylight, "audit", str(data / "apps/facegauge-plain.apk"), "--samples", str(data / "faces/labels.csv"),
                   "--samples-are", "face-crops", "--by", "race,gender", "--case", str(case), "--quiet"]
        alone = command + ["--compare-kernels", "none"]
        fresh = lambda _: shutil.rmtree(case, ignore_errors=True)
        cost = measure({"audit": command, "alone": alone}, 3, before=fresh)
        size = sum(f.stat().st_size for f in case.rglob("*") if f.is_file()) / 1e6
        again = measure({"again": alone}, 3)["again"]
    print(f"## audit of facegauge-plain.apk on 600 faces ({machine()})\n")
    print("| what | CPU s | wall s | peak MB of the largest process |\n|---|---|---|---|")
    for name, row in (("audit, with the kernel comparison (default)", cost["audit"]), ("audit, --compare-kernels none", cost["alone"]),
                      ("the same again: everything is up to date", again)):
        print(f"| {name} | {row['cpu']:.2f} | {row['wall']:.2f} | {row['mb']:.0f} |")
    print(f"\nThe case has {size:.1f} MB, the two models in it included.\n")


if __name__ == "__main__":
    main()
