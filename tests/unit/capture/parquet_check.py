# SPDX-License-Identifier: Apache-2.0
"""Reads the tables of a trace by pyarrow, which shares no code with what wrote them, and compares them with the events as JSON lines.

Usage: parquet_check.py FOLDER JSONL
Exit: 0 they agree, 1 with what differs, 77 the package `pyarrow` is not installed
"""
import json
import sys

try:
    import pyarrow.parquet
except ImportError:
    print("the Python package pyarrow is not installed")
    sys.exit(77)

folder, lines = sys.argv[1], sys.argv[2]
events = [json.loads(line) for line in open(lines, encoding="utf-8")]
tables = {name: pyarrow.parquet.read_table(f"{folder}/{name}.parquet").to_pylist() for name in ("calls", "arguments", "events")}


def same(what, got, wanted):
    if got != wanted:
        print(f"{what}: {got!r}, not {wanted!r}")
        sys.exit(1)


# Calls: each beginning with the next end of its id.
ends, enters, orphans, methods = {}, [], [], {}
for event in events:
    key = (event["pid"], event.get("call"))
    if event["kind"] == "method":
        methods[event["pid"], event["id"]] = event
    elif event["kind"] == "enter":
        enters.append((event, []))
        ends[key] = enters[-1][1]
    elif event["kind"] == "leave":
        if key in ends:
            ends.pop(key).append(event)
        else:
            orphans.append(event)
wanted = []
for enter, end in enters:
    end = end[0] if end else {}
    method = methods.get((enter["pid"], enter["method"]), {})
    wanted.append({
        "pid": enter["pid"], "tid": enter["tid"], "call": enter["call"], "parent": enter["parent"] or None, "method": enter["method"],
        "kind": method.get("method_kind", ""), "name": method.get("name", f"method {enter['method']}"), "signature": method.get("signature", ""),
        "enter_ns": enter["time_ns"], "leave_ns": end.get("time_ns"), "outcome": end.get("outcome", "not told"),
        "value": int(end["value"], 16) if end else None, "caller": int(enter["caller"], 16) or None, "text": end.get("text", "")})
order = lambda row: (row["pid"], row["call"], row["enter_ns"])
got = sorted(({k: v for k, v in row.items() if k != "stimulus"} for row in tables["calls"]), key=order)
same("calls", got, sorted(wanted, key=order))

# The stimulus that was open when a call began.
open_ones, causes = [], {}
for event in events:
    if event["kind"] == "stimulus-begin":
        open_ones.append(event["id"])
    elif event["kind"] == "stimulus-end":
        open_ones.remove(event["id"])
    elif event["kind"] == "enter":
        causes[event["call"], event["time_ns"]] = open_ones[-1] if open_ones else None
same("stimuli", {(row["call"], row["enter_ns"]): row["stimulus"] for row in tables["calls"]}, causes)

wanted = [{
    "pid": e["pid"], "tid": e["tid"], "call": e["call"], "time_ns": e["time_ns"], "index": e["index"], "direction": e["direction"], "name": e["name"],
    "type": e["type"], "dtype": e["dtype"], "shape": e["shape"], "address": int(e["address"], 16), "length": e["length"], "held": e["buffer"]["held"],
    "captured": e["buffer"]["captured"], "sha256": e["buffer"].get("sha256", ""),
    "bytes": bytes.fromhex(e["buffer"]["bytes"]) if "bytes" in e["buffer"] else None,
    "first_values": e.get("first_values")} for e in events if e["kind"] == "argument"]
got = [{**row, "first_values": json.loads(row["first_values"]) if row["first_values"] else None} for row in tables["arguments"]]
same("arguments", got, wanted)

others = [e for e in events if e["kind"] not in ("enter", "leave", "argument")] + orphans
key = lambda e: json.dumps(e, sort_keys=True)
same("events", sorted((json.loads(row["json"]) for row in tables["events"]), key=key), sorted(others, key=key))
for row in tables["events"]:
    event = json.loads(row["json"])
    same("an event's columns", (row["time_ns"], row["pid"], row["tid"], row["call"], row["kind"]),
         (event["time_ns"], event["pid"], event["tid"], event.get("call"), event["kind"]))
