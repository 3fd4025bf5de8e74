#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What `daylight detect` costs, and the ratio to androguard's AnalyzeAPK in the same run.

Usage: detect_bench.py DAYLIGHT SHARED_DATA     prints a section for RESULTS.md
Targets: facegauge-plain.apk under 0.15 s CPU and 100 MB; blooddonation.apk at least 50 times less CPU than androguard.
"""
import pathlib
import sys

from whole_process import machine, measure

RUNS, PEER_RUNS = 15, 3


def main():
    daylight, data = sys.argv[1], pathlib.Path(sys.argv[2])
    plain, blood = data / "apps/facegauge-plain.apk", data / "apps/blooddonation.apk"
    own = measure({"plain": [daylight, "detect", str(plain), "--json", "--quiet"]}, RUNS)["plain"]
    peer = [sys.executable, "-c",
            "import sys; from loguru import logger; logger.remove(); from androguard.misc import AnalyzeAPK; AnalyzeAPK(sys.argv[1])",
            str(blood)]
    both = measure({"daylight": [daylight, "detect", str(blood), "--json", "--quiet"], "androguard": peer}, PEER_RUNS)
    ours, theirs = both["daylight"], both["androguard"]
    print(f"## detect ({machine()})\n")
    print("| what | CPU s | wall s | peak MB |\n|---|---|---|---|")
    print(f"| daylight detect facegauge-plain.apk (median of {RUNS}) | {own['cpu']:.3f} | {own['wall']:.3f} | {own['mb']:.0f} |")
    print(f"| daylight detect blooddonation.apk (median of {PEER_RUNS}) | {ours['cpu']:.3f} | {ours['wall']:.3f} | {ours['mb']:.0f} |")
    print(f"| androguard 4.1.4 AnalyzeAPK blooddonation.apk (in turns with the row above) | {theirs['cpu']:.2f} | {theirs['wall']:.2f} | {theirs['mb']:.0f} |")
    print(f"\nandroguard / daylight: {theirs['cpu'] / ours['cpu']:.0f} x the CPU, {theirs['mb'] / ours['mb']:.0f} x the memory.\n")


if __name__ == "__main__":
    main()
