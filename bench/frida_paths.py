#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How fast buffers leave a process under Frida: by the agent's C code and its own socket, and by Frida's send(), one after the other.

Usage: bench/frida_paths.py BUILD [--bytes 150528] [--calls 20000] [--rounds 3]     with third/frida/venv/bin/python3
BUILD is a build folder with frida/daylight-agent.js. The receiver of the first counts frames' bytes and does not look into them: what a collector does with
them is another figure. Prints a line for each path and their ratio; times are wall clock from the first byte to the last. The processor's time of the watched process, of all its threads, says the same on a machine that is busy.
"""
import argparse
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import frida

PROJECT = pathlib.Path(__file__).resolve().parent.parent
STOCK = """
Interceptor.attach(Process.mainModule.getExportByName("convert"), { onEnter(args) { send({}, args[0].readByteArray(args[2].toInt32() * 4)); } });
"""


def run_target(script_source, command, prepare):
    device = frida.get_local_device()
    pid = device.spawn(command)
    over = threading.Event()
    session = device.attach(pid)
    session.on("detached", lambda *_: over.set())
    script = session.create_script(script_source)
    prepare(script)
    device.resume(pid)
    if not over.wait(600):
        device.kill(pid)
        sys.exit("the target does not end")


def by_send(command):
    seen = {"count": 0, "bytes": 0, "first": None, "last": None}

    def prepare(script):
        def said(message, data):
            if message["type"] != "send":
                sys.exit(str(message))
            seen["last"] = time.perf_counter()
            seen["first"] = seen["first"] or seen["last"]
            seen["count"] += 1
            seen["bytes"] += len(data)
        script.on("message", said)
        script.load()

    run_target(STOCK, command, prepare)
    before = -1
    while seen["count"] != before:  # messages that are under way still
        before = seen["count"]
        time.sleep(0.5)
    return seen["count"], seen["bytes"], seen["last"] - seen["first"]


RECEIVER = """
import socket, sys, time
listener = socket.socket(socket.AF_UNIX); listener.bind(sys.argv[1]); listener.listen(1); print("ready", flush=True)
peer = listener.accept()[0]; data = bytearray(1 << 20); total = 0; first = None
while True:
    got = peer.recv_into(data)
    if got == 0: break
    total += got; last = time.perf_counter()
    if first is None and total > 4096: first = last
print(total, last - first)
"""


def by_agent(bundle, command, folder):
    path = os.path.join(folder, "socket")
    if os.path.exists(path):
        os.unlink(path)
    receiver = subprocess.Popen([sys.executable, "-c", RECEIVER, path], stdout=subprocess.PIPE, text=True)
    receiver.stdout.readline()
    hook = {"selector": "so:fixture!convert", "module": ["fixture"], "find": {"export": ["convert"]},
            "arguments": [{"index": 0, "in": True, "length": {"op": "*", "left": {"argument": 2}, "right": {"number": "4"}}}]}

    def prepare(script):
        script.load()
        script.exports_sync.init("early", {"collector": "unix:" + path, "token": "", "plan": {"recipes": [], "hooks": [hook]}})

    run_target(bundle, command, prepare)
    total, seconds = receiver.communicate()[0].split()
    return int(total), float(seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--bytes", type=int, default=150528)
    parser.add_argument("--calls", type=int, default=20000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    bundle = (options.build / "frida/daylight-agent.js").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["sh", PROJECT / "tests/end_to_end/frida_fixture.sh"], cwd=folder, check=True)
        os.chdir(folder)  # where the target writes its processor's time
        rows = []
        for _ in range(options.rounds):
            floats = str(options.bytes // 4)
            total, seconds = by_agent(bundle, [folder + "/fixture", str(options.calls), floats, "cpu"], folder)
            agent_cpu = float(pathlib.Path("cpu.txt").read_text())
            wanted = options.calls * options.bytes
            few = max(options.calls // 20, 100)
            count, sent, slow = by_send([folder + "/fixture", str(few), floats, "cpu"])
            send_cpu = float(pathlib.Path("cpu.txt").read_text())
            rows.append({"agent_bytes_per_second": total / seconds, "agent_complete": total >= wanted, "agent_cpu_us_per_call": agent_cpu / options.calls * 1e6, "send_cpu_us_per_call": send_cpu / few * 1e6,
                         "send_bytes_per_second": sent / slow, "send_complete": count == few})
            print(json.dumps(rows[-1]))
    agent = statistics.median(row["agent_bytes_per_second"] for row in rows)
    send = statistics.median(row["send_bytes_per_second"] for row in rows)
    for path in ("agent", "send"):
        print(f"{path}: {statistics.median(row[path + '_cpu_us_per_call'] for row in rows):.1f} us of the watched process's processor time a call")
    print(f"agent {agent / 1e9:.2f} GB/s, send() {send / 1e9:.3f} GB/s, ratio {agent / send:.1f} (medians of {options.rounds}, {options.bytes} bytes a call)")


if __name__ == "__main__":
    main()
