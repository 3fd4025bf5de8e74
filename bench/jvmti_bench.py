# SPDX-License-Identifier: Apache-2.0
"""What the agent in a virtual machine costs a call, side by side in one run: with and without it, small and large arguments.

Usage: jvmti_bench.py [BUILD]   BUILD (build/release) has daylight and agent/jvmti/libdaylight_jvmti.so; needs a JDK.
Figures are CPU time of the calling thread (what the app pays) and wall time; losses stand beside them.
"""
import json
import os
import subprocess
import sys
import tempfile

PROJECT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(PROJECT, "build/release"))
COLLECTOR = os.environ.get("DAYLIGHT", os.path.join(BUILD, "daylight"))
AGENT = os.path.join(BUILD, "agent/jvmti/libdaylight_jvmti.so")
FIXTURE = os.path.join(PROJECT, "tests/end_to_end/jvmti")
# name, calls, bytes, whether all differ, the agent's rule
ROWS = [
    ("12 bytes, without the agent", 500_000, 12, False, None),
    ("12 bytes, the call alone", 300_000, 12, False, ""),
    ("12 bytes, complete: enter, argument, leave", 300_000, 12, False, "in"),
    ("150 KB, without the agent", 2_000, 150_528, False, None),
    ("150 KB, complete, the same bytes", 2_000, 150_528, False, "in"),
    ("150 KB, without the agent, all differ", 2_000, 150_528, True, None),
    ("150 KB, complete, all differ", 2_000, 150_528, True, "in"),
]


def built(folder):
    javac = os.path.realpath(subprocess.run(["which", "javac"], capture_output=True, text=True, check=True).stdout.strip())
    jdk = os.path.dirname(os.path.dirname(javac))
    subprocess.run(["c++", "-std=c++20", "-O2", "-fPIC", "-shared", f"-I{jdk}/include", f"-I{jdk}/include/linux", f"{FIXTURE}/fixture.cc",
                    "-o", f"{folder}/libfixture.so"], check=True)
    subprocess.run(["javac", "-d", f"{folder}/classes", f"{FIXTURE}/fixture/Fixture.java", f"{FIXTURE}/android/graphics/Bitmap.java"], check=True)


def fixture(folder, options, calls, size, differ):
    agent = [f"-agentpath:{AGENT}={options}"] if options else []
    command = ["java", *agent, f"-Dfixture.library={folder}/libfixture.so", "-cp", f"{folder}/classes", "fixture.Fixture", "bench", str(calls),
               str(size), str(differ).lower()]
    cpu, wall = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return float(cpu), float(wall)


def traced(folder, policy, calls, size, differ):
    run = os.path.join(folder, "run")
    subprocess.run(["rm", "-rf", run], check=True)
    collector = subprocess.Popen([COLLECTOR, "trace", "collect", "--out", run, "--socket", f"{folder}/socket", "--token", "bench", "-q"],
                                 stdout=subprocess.PIPE, text=True)
    collector.stdout.readline()
    options = f"to=unix:{folder}/socket,token=bench,rule=jni:fixture/Fixture;.large{{{policy}}}"
    cpu, wall = fixture(folder, options, calls, size, differ)
    collector.wait()
    stats = json.loads(subprocess.run([COLLECTOR, "trace", "stats", run, "--json"], capture_output=True, text=True, check=True).stdout)
    return cpu, wall, stats["lost"]["calls"]


def main():
    print("| what | CPU of the thread, ns a call | wall, ns a call | calls lost |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="jvmti-bench-") as folder:
        built(folder)
        for name, calls, size, differ, policy in ROWS:
            if policy is None:
                cpu, wall, lost = *fixture(folder, None, calls, size, differ), "–"
            else:
                cpu, wall, lost = traced(folder, policy, calls, size, differ)
            print(f"| {name} | {cpu:.0f} | {wall:.0f} | {lost} |", flush=True)


main()
