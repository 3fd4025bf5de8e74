# SPDX-License-Identifier: Apache-2.0
"""Compares buffers of a trace with computed ones, by their digests.

Usage: frida_values.py fixture TRACE JSONL CALLS FLOATS | frida_values.py graph JSONL CALLS NAME...
       frida_values.py dropped JSONL CALLS HELD DROPPED | frida_values.py memory FILE (FIELD MIB)...
       frida_values.py tflite TRACE JSONL TENSORS.npz
"""
import array
import hashlib
import json
import sys


def sha256(data):
    return hashlib.sha256(bytes(data)).hexdigest()


def buffers(path, direction):
    """For each call the digests of its arguments, by index."""
    calls = {}
    for line in open(path, encoding="utf-8"):
        event = json.loads(line)
        if event["kind"] != "argument" or event["direction"] != direction:
            continue
        buffer = event["buffer"]
        digest = buffer.get("sha256") or (sha256(bytes.fromhex(buffer["bytes"])) if "bytes" in buffer else None)
        calls.setdefault(event["call"], {})[event["index"]] = digest
    return [calls[call] for call in sorted(calls)]


def fixture(path, calls, floats):
    given, answered = buffers(path, "in"), buffers(path, "out")
    assert len(given) == len(answered) == calls, (len(given), len(answered))
    for i in range(calls):
        values = [float(i)] + [float(k) for k in range(1, floats)]
        assert given[i][0] == sha256(array.array("f", values).tobytes()), f"input of call {i}"
        assert answered[i][1] == sha256(array.array("f", [2 * value + 1 for value in values]).tobytes()), f"output of call {i}"


def graph(path, calls, names):
    told = {}
    for line in open(path, encoding="utf-8"):
        event = json.loads(line)
        if event["kind"] == "argument" and event["direction"] == "out":
            told.setdefault(event["call"], {})[event["name"]] = event["first_values"][0]
    assert [told[call] for call in sorted(told)] == [{name: i for name in names} for i in range(calls)], told


def dropped(path, calls, held, lost):
    """So many arguments of each call are there and not there, and what is not there is counted."""
    told, missing, counted = {}, 0, 0
    for line in open(path, encoding="utf-8"):
        event = json.loads(line)
        if event["kind"] == "argument":
            told.setdefault(event["call"], []).append(event["buffer"]["held"])
            missing += event["length"] if event["buffer"]["held"] == "dropped" else 0
        if event["kind"] == "loss":
            counted += event["bytes"]
    assert list(told.values()) == [["blob"] * held + ["dropped"] * lost] * calls, told
    assert counted == missing, (counted, missing)


def memory(path, limits):
    """Each field is at most so many MiB above what was there before."""
    fields = {name: int(kib) for name, kib, _ in map(str.split, open(path, encoding="utf-8"))}
    for name, most in zip(limits[::2], limits[1::2]):
        more = (fields[name] - fields["before"]) / 1024
        print(f"{name}: {more:.1f} MiB more than before")
        assert more <= float(most), name


def tflite(path, tensors):
    import numpy

    kept = numpy.load(tensors)
    given, answered = buffers(path, "in"), buffers(path, "out")
    assert len(given) == len(answered) == 3
    for i in range(3):
        assert sha256(kept[f"in{i}"].tobytes()) in given[i].values(), f"input of run {i}"
        assert sha256(kept[f"out{i}"].tobytes()) in answered[i].values(), f"output of run {i}"


if sys.argv[1] == "fixture":
    fixture(sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
elif sys.argv[1] == "dropped":
    dropped(sys.argv[2], *map(int, sys.argv[3:]))
elif sys.argv[1] == "memory":
    memory(sys.argv[2], sys.argv[3:])
elif sys.argv[1] == "graph":
    graph(sys.argv[2], int(sys.argv[3]), sys.argv[4:])
else:
    tflite(sys.argv[3], sys.argv[4])
