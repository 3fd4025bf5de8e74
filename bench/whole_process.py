# SPDX-License-Identifier: Apache-2.0
"""Measures commands as whole processes: CPU and wall seconds and peak memory, medians over runs that alternate between peers."""
import os
import pathlib
import platform
import statistics
import subprocess
import time


def run_once(command, cwd=None):
    """One run: (user + system seconds, wall seconds, peak resident MB of its largest process), children included. It must succeed."""
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=cwd)
    message = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{command} ended with {process.returncode}: {message.decode(errors='replace')[-500:]}")
    return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024


def measure(commands, runs, before=None):
    """name -> medians, the commands taking turns so that a drift of the machine hits all alike; one warm-up each."""
    samples = {name: [] for name in commands}
    for turn in range(runs + 1):
        for name, command in commands.items():
            if before:
                before(name)
            result = run_once(command)
            if turn > 0:
                samples[name].append(result)
    return {name: dict(zip(("cpu", "wall", "mb"), map(statistics.median, zip(*rows)))) for name, rows in samples.items()}


def machine():
    """Processor and date, as RESULTS.md states them."""
    model = "unknown processor"
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return f"{time.strftime('%Y-%m-%d')}, {model}, {os.cpu_count()} processors, {platform.system()} {platform.machine()}"
