#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fuzzes the parsers with libFuzzer under the sanitizers, each for a while, and keeps what that found.

Builds build/fuzz with clang, runs every target (or those named) on its corpus, and then
- writes one row for each target into fuzz/RESULTS.md: date, seconds, runs, edges, findings;
- keeps small inputs that reach what the seeds do not in fuzz/kept/TARGET: the ordinary tests replay them;
- leaves inputs that break a target in build/fuzz/findings/TARGET, and exits 1 if there are any.
"""
import argparse
import concurrent.futures
import datetime
import os
import pathlib
import re
import shutil
import subprocess
import sys
import threading

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "fuzz"
RESULTS = ROOT / "fuzz" / "RESULTS.md"
MAX_KEPT_SIZE = 2048
MAX_KEPT_FILES = 32
# A byte that TensorFlow Lite keeps from its loading on is not ours.
ENVIRONMENT = {**os.environ, "ASAN_OPTIONS": "allocator_may_return_null=1", "LSAN_OPTIONS": f"suppressions={ROOT / 'fuzz' / 'lsan.supp'}"}
SLOW_SECONDS = 10  # of CPU time; libFuzzer reports what takes as long by the clock
RUN_LIMITS = ["-timeout=120", "-rss_limit_mb=3000", "-print_final_stats=1", "-verbosity=1"]
HEADER = """# What the fuzz targets have been through

Written by `tools/fuzz.py` (clang's libFuzzer under the address and undefined-behaviour sanitizers): for each target its newest run.
Edges are those of Daylight's own code that the corpus reached by the end; findings are crashes, inputs that take more than 10 s of CPU time, leaks and more than 3 GB.

| target | date | seconds | runs | edges | findings |
|---|---|---|---|---|---|
"""
results_lock = threading.Lock()


def build(targets: list[str]) -> None:
    if not (BUILD / "build.ninja").exists():
        subprocess.run(
            ["cmake", "-S", ROOT, "-B", BUILD, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=None",
             "-DCMAKE_C_COMPILER=clang-14", "-DCMAKE_CXX_COMPILER=clang++-14",
             "-DCMAKE_CXX_FLAGS=-O1 -g1 -fno-omit-frame-pointer", "-DDAYLIGHT_DEVELOPER=ON",
             "-DDAYLIGHT_SANITIZE=ON", "-DDAYLIGHT_LIBFUZZER=ON"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", BUILD, *[f"{name}_fuzz" for name in targets]], check=True)


def keep(program: pathlib.Path, target: str, found: pathlib.Path) -> None:
    """The smallest inputs that together reach more than the seeds, as far as the limits allow."""
    kept = ROOT / "fuzz" / "kept" / target
    chosen = BUILD / "chosen" / target
    shutil.rmtree(chosen, ignore_errors=True)
    small = BUILD / "small" / target
    shutil.rmtree(small, ignore_errors=True)
    chosen.mkdir(parents=True)
    small.mkdir(parents=True)
    for path in [*found.iterdir(), *(kept.iterdir() if kept.exists() else [])]:
        if path.stat().st_size <= MAX_KEPT_SIZE:
            shutil.copyfile(path, small / path.name)
    # Merging into a folder that has the seeds adds only what they do not reach.
    for path in (ROOT / "fuzz" / "corpus" / target).iterdir():
        shutil.copyfile(path, chosen / path.name)
    seeds = {path.name for path in chosen.iterdir()}
    subprocess.run([program, "-merge=1", *RUN_LIMITS, chosen, small], check=False,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    added = sorted((path for path in chosen.iterdir() if path.name not in seeds),
                   key=lambda path: (path.stat().st_size, path.name))
    shutil.rmtree(kept, ignore_errors=True)
    if not added:
        return
    kept.mkdir(parents=True)
    # Evenly over the sizes: the small ones alone would be the shallow ones.
    step = max(1, -(-len(added) // MAX_KEPT_FILES))
    for path in added[::step]:
        shutil.copyfile(path, kept / path.name)


def slow_by_itself(program: pathlib.Path, found: pathlib.Path) -> bool:
    """Whether an input takes as long as it seemed: the clock also runs while other programs have the processor."""
    with subprocess.Popen([program, *RUN_LIMITS, found], env=ENVIRONMENT, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as process:
        usage = os.wait4(process.pid, 0)[2]
        process.returncode = 0
    return usage.ru_utime + usage.ru_stime > SLOW_SECONDS


def record(target: str, row: str) -> None:
    with results_lock:
        rows = {}
        if RESULTS.exists():
            for line in RESULTS.read_text().splitlines():
                match = re.match(r"\| ([a-z0-9_]+) \| \d", line)
                if match:
                    rows[match[1]] = line
        rows[target] = row
        RESULTS.write_text(HEADER + "".join(rows[name] + "\n" for name in sorted(rows)))


def fuzz(target: str, seconds: int) -> int:
    program = BUILD / "fuzz" / f"{target}_fuzz"
    found = BUILD / "found" / target
    findings = BUILD / "findings" / target
    for folder in (found, findings):
        folder.mkdir(parents=True, exist_ok=True)
    seeds = [ROOT / "fuzz" / "corpus" / target]
    if (ROOT / "fuzz" / "kept" / target).exists():
        seeds.append(ROOT / "fuzz" / "kept" / target)
    log = BUILD / f"{target}.log"
    with log.open("wb") as out:
        subprocess.run([program, f"-max_total_time={seconds}", f"-artifact_prefix={findings}/", *RUN_LIMITS,
                        found, *seeds], check=False, stdout=out, stderr=subprocess.STDOUT,
                       env=ENVIRONMENT)
    text = log.read_text(errors="replace")
    runs = re.search(r"number_of_executed_units: (\d+)", text)
    edges = re.findall(r"cov: (\d+)", text)
    took = re.search(r"Done \d+ runs in (\d+) second", text)
    for path in findings.glob("slow-unit-*"):
        if not slow_by_itself(program, path):
            path.unlink()
    broken = sorted(findings.iterdir())
    keep(program, target, found)
    row = (f"| {target} | {datetime.date.today()} | {took[1] if took else 'stopped'} | {runs[1] if runs else '?'} "
           f"| {edges[-1] if edges else '?'} | {len(broken)} |")
    record(target, row)
    print(row, flush=True)
    return len(broken)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", help="as in fuzz/TARGET_fuzz.cc; all of them by default")
    parser.add_argument("--minutes", type=float, default=10, help="for each target (default 10)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="targets at a time")
    args = parser.parse_args()
    targets = args.targets or sorted(path.name.removesuffix("_fuzz.cc") for path in (ROOT / "fuzz").glob("*_fuzz.cc"))
    build(targets)
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        broken = sum(pool.map(lambda target: fuzz(target, int(args.minutes * 60)), targets))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
