# SPDX-License-Identifier: Apache-2.0
"""Decodes a Perfetto trace by Perfetto's own protos and compares it with the events that it was made from.

Usage: perfetto_check.py PFTRACE JSONL [DIGEST...]     DIGEST: buffers that are equal by chance, which must not flow
Exit: 0 they agree, 1 with what differs, 77 the package `perfetto` is not installed
"""
import collections
import json
import sys

try:
    from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as protos
except ImportError:
    print("the Python package perfetto is not installed")
    sys.exit(77)


def decode(path):
    """Slices as begin and end by (pid, tid) or track name, instants, process names."""
    trace = protos.Trace()
    trace.ParseFromString(open(path, "rb").read())
    tracks, slices, instants, open_slices, names = {}, [], [], collections.defaultdict(list), {}
    events = []
    for packet in trace.packet:
        assert packet.trusted_packet_sequence_id == 1
        if packet.HasField("track_descriptor"):
            track = packet.track_descriptor
            if track.HasField("thread"):
                tracks[track.uuid] = (track.thread.pid, track.thread.tid)
            elif track.HasField("process"):
                tracks[track.uuid] = track.process.pid
                names[track.process.pid] = track.process.process_name or names.get(track.process.pid, "")
            else:
                tracks[track.uuid] = track.name
            if track.parent_uuid:
                assert track.parent_uuid in tracks, "a parent that was not described"
        else:
            assert packet.track_event.track_uuid in tracks, "a track that was not described"
            events.append((packet.timestamp, packet.track_event))
    # As trace_processor does: by time, otherwise in the order of the file.
    for time, event in sorted(events, key=lambda pair: pair[0]):
        track = tracks[event.track_uuid]
        notes = annotations(event)
        if event.type == protos.TrackEvent.TYPE_SLICE_BEGIN:
            open_slices[event.track_uuid].append((event.name, time, notes, list(event.flow_ids)))
        elif event.type == protos.TrackEvent.TYPE_SLICE_END:
            name, begin, begin_notes, flows = open_slices[event.track_uuid].pop()
            slices.append((track, name, begin, time, {**begin_notes, **notes}, flows, list(event.flow_ids)))
        else:
            instants.append((track, event.categories[0], event.name, time, notes))
    assert not any(open_slices.values()), "a slice is not ended"
    return slices, instants, names


def annotations(event):
    return {note.name: value_of(note) for note in event.debug_annotations}


def value_of(note):
    if note.dict_entries:
        return {entry.name: value_of(entry) for entry in note.dict_entries}
    return getattr(note, note.WhichOneof("value"))


def escaped(name):
    return "".join(f"\\u{{{ord(c):x}}}" if ord(c) < 32 else c for c in name)


def expected_slices(events):
    """What the events say themselves: (thread, method, begin, end, outcome), in order of their ends."""
    stacks, owner, out = collections.defaultdict(list), {}, []
    last = max(event["time_ns"] for event in events)
    for event in events:
        key = (event["pid"], event.get("call"))
        if event["kind"] == "enter":
            owner[key] = (event["pid"], event["tid"])
            stacks[owner[key]].append((key, escaped(event["method_name"]), event["time_ns"]))
        elif event["kind"] == "leave":
            stack = stacks[owner[key]]
            while True:
                inner, name, begin = stack.pop()
                own = inner == key
                out.append((owner[key], name, begin, event["time_ns"], event["outcome"] if own else "no end was told: the call around it ended"))
                if own:
                    break
    for thread, stack in stacks.items():
        for _, name, begin in reversed(stack):
            out.append((thread, name, begin, last, "no end was told: the trace ends before"))
    return out


def expected_flows(events, excepted):
    """digest -> calls that give it out or take it, where another call took it later."""
    givers, flows = {}, collections.defaultdict(list)
    for event in events:
        digest = event.get("buffer", {}).get("sha256")
        if event["kind"] != "argument" or not digest or event["buffer"]["captured"] < 64 or digest in excepted:
            continue
        if event["direction"] == "out":
            givers.setdefault(digest, event["call"])
            flows[digest].append(event["call"])
        elif digest in givers and givers[digest] != event["call"]:
            flows[digest].append(event["call"])
    return {digest: calls for digest, calls in flows.items() if set(calls) - {givers[digest]}}


def main():
    slices, instants, names = decode(sys.argv[1])
    events = [json.loads(line) for line in open(sys.argv[2], encoding="utf-8")]
    excepted = set(sys.argv[3:])
    found = sorted((track, name, begin, end, notes["outcome"]) for track, name, begin, end, notes, _, _ in slices if isinstance(track, tuple))
    wanted = sorted(expected_slices(events))
    assert found == wanted, f"slices differ: {[pair for pair in zip(found, wanted) if pair[0] != pair[1]][:3]}, {len(found)} and {len(wanted)}"
    for event in events:
        if event["kind"] == "process":
            assert names[event["pid"]] == event["name"], names
    arguments = sum(event["kind"] == "argument" for event in events)
    noted = sum(isinstance(value, dict) for track, _, _, _, notes, _, _ in slices for value in notes.values())
    noted += sum(category == "argument" for _, category, _, _, _ in instants)
    assert noted == arguments, f"{noted} arguments, not {arguments}"
    for kind in ("log", "note", "lookup", "loss", "native", "memory-model"):
        want = sum(event["kind"] == kind for event in events)
        have = sum(category == kind for _, category, _, _, _ in instants)
        assert have == want, f"{have} instants of {kind}, not {want}"
    stimuli = [(name, begin, end) for track, name, begin, end, _, _, _ in slices if track == "stimuli"]
    begins = [event for event in events if event["kind"] == "stimulus-begin"]
    assert len(stimuli) == len(begins) and all(any(s[0] == b["file"] and s[1] == b["time_ns"] for s in stimuli) for b in begins), stimuli
    flows = collections.defaultdict(list)
    for _, _, begin, end, notes, first, last in slices:
        for flow in first + last:
            flows[flow].append(notes["call"])
    want = {int.from_bytes(bytes.fromhex(digest)[:8], "little"): sorted(calls) for digest, calls in expected_flows(events, excepted).items()}
    assert {flow: sorted(calls) for flow, calls in flows.items()} == want, f"flows differ: {str(dict(flows))[:300]} not {str(want)[:300]}"
    print(f"{len(slices)} slices, {len(instants)} instants, {len(flows)} flows")


try:
    main()
except AssertionError as error:
    print(error)
    sys.exit(1)
