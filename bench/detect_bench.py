#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What `daylight detect` costs: the ratio to androguard and APKiD in the same run, and bytes a second on an app of 60 MB.

Usage: detect_bench.py DAYLIGHT SHARED_DATA LARGE_APK APKID     prints a section for RESULTS.md
Targets: facegauge-plain.apk under 0.15 s CPU and 100 MB; on blooddonation.apk 100 times less CPU than androguard's AnalyzeAPK and
3 times less than APKiD; 200 MB of unpacked bytes a second and core; peak memory under twice the largest entry and 64 MB;
two cores at least 1.8 times as fast as one.
"""
import os
import pathlib
import sys
import zipfile

from whole_process import machine, measure

RUNS, PEER_RUNS, LARGE_RUNS = 15, 5, 7
MB = 1_000_000
ANDROGUARD = ("import sys; from loguru import logger; logger.remove(); "
              "from androguard.misc import AnalyzeAPK; AnalyzeAPK(sys.argv[1])")


def detect(daylight, app):
    return [daylight, "detect", str(app), "--json", "--quiet"]


def row(what, figures):
    print(f"| {what} | {figures['cpu']:.3f} | {figures['wall']:.3f} | {figures['mb']:.0f} |")


def small_apps(daylight, data, apkid):
    plain, blood = data / "apps/facegauge-plain.apk", data / "apps/blooddonation.apk"
    own = measure({"plain": detect(daylight, plain)}, RUNS)["plain"]
    turns = measure({"daylight": detect(daylight, blood), "apkid": [apkid, "-j", str(blood)],
                     "androguard": [sys.executable, "-c", ANDROGUARD, str(blood)]}, PEER_RUNS)
    row(f"daylight detect facegauge-plain.apk (median of {RUNS})", own)
    row(f"daylight detect blooddonation.apk (median of {PEER_RUNS}, in turns with the next two)", turns["daylight"])
    row("APKiD 3.2.0 blooddonation.apk", turns["apkid"])
    row("androguard 4.1.4 AnalyzeAPK blooddonation.apk", turns["androguard"])
    return turns


def large_app(daylight, large):
    cores = sorted(os.sched_getaffinity(0))[:2]
    pinned = {f"{n}": ["taskset", "-c", ",".join(map(str, cores[:n])), *detect(daylight, large)] for n in (1, len(cores))}
    turns = measure(pinned, LARGE_RUNS)
    for n, figures in turns.items():
        row(f"daylight detect, app of {large.stat().st_size / MB:.0f} MB, {n} core{'s' if n != '1' else ''} (median of {LARGE_RUNS})", figures)
    return turns


def main():
    daylight, data, large, apkid = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]), sys.argv[4]
    sizes = [entry.file_size for entry in zipfile.ZipFile(large).infolist()]
    print(f"## detect ({machine()})\n")
    print("| what | CPU s | wall s | peak MB |\n|---|---|---|---|")
    turns = small_apps(daylight, data, apkid)
    scale = large_app(daylight, large)
    ours, one, most = turns["daylight"], scale["1"], scale[max(scale)]
    print(f"\nandroguard / daylight: {turns['androguard']['cpu'] / ours['cpu']:.0f} x the CPU, "
          f"{turns['androguard']['mb'] / ours['mb']:.0f} x the memory. APKiD / daylight: {turns['apkid']['cpu'] / ours['cpu']:.1f} x the CPU.")
    print(f"The large app unpacks to {sum(sizes) / MB:.0f} MB: {sum(sizes) / MB / one['cpu']:.0f} MB a second and core. "
          f"Its largest entry has {max(sizes) / MB:.0f} MB: the peak may be {2 * max(sizes) / MB + 64:.0f} MB and is {most['mb'] * 1.048576:.0f}. "
          f"Two cores are {one['wall'] / most['wall']:.2f} times as fast as one.\n")


if __name__ == "__main__":
    main()
