# SPDX-License-Identifier: Apache-2.0
"""Compares a trace of Fixture.java, as JSON lines, with what its code does. Usage: jvmti_trace.py WHAT FILE [NUMBER]"""
import hashlib
import json
import struct
import sys


class Call:
    def __init__(self, event):
        self.name = event["method_name"].split(";.")[-1].split("(")[0].split("!")[-1]
        self.method = event["method_name"]
        self.parent = event["parent"]
        self.values = []
        self.leave = None

    def value(self, index, direction="in", name=""):
        found = [v for v in self.values if v["index"] == index and v["direction"] == direction and v["name"] == name]
        assert len(found) == 1, (self.name, index, direction, name, found)
        return found[0]


def read(path):
    calls, others = {}, []
    for line in open(path, encoding="utf-8"):
        event = json.loads(line)
        if event["kind"] == "enter":
            calls[event["call"]] = Call(event)
        elif event["kind"] == "argument":
            calls[event["call"]].values.append(event)
        elif event["kind"] == "leave":
            calls[event["call"]].leave = event
        else:
            others.append(event)
    return calls, others


def named(calls, name):
    return [call for call in calls.values() if call.name == name]


def one(calls, name):
    found = named(calls, name)
    assert len(found) == 1, (name, len(found))
    return found[0]


def content(value):
    assert value["buffer"]["held"] == "inline", value
    return bytes.fromhex(value["buffer"]["bytes"])


def same(value, expected):
    """Larger buffers stand in the trace by their digest."""
    if value["buffer"]["held"] == "inline":
        return content(value) == expected
    return value["length"] == value["buffer"]["captured"] == len(expected) and value["buffer"]["sha256"] == hashlib.sha256(expected).hexdigest()


def numbers(value, code):
    raw = content(value)
    return list(struct.unpack("<%d%s" % (len(raw) // struct.calcsize(code), code), raw))


def bits(value, code, size):
    return struct.unpack("<" + code, struct.pack("<Q", int(value["address"], 16))[:size])[0]


def values(calls, others):
    call = one(calls, "successor")
    assert content(call.value(0)) == bytes([1, 2, 3, 4, 5]) and content(call.value(0, "out")) == bytes([2, 3, 4, 5, 6])
    assert (call.value(0)["type"], call.value(0)["dtype"], call.value(0)["length"]) == ("byte[]", "int8", 5)
    assert call.leave["outcome"] == "returned" and int(call.leave["value"], 16) == 5
    call = one(calls, "twice")
    assert numbers(call.value(0), "f") == [0.5, -1.25, 3e8] and numbers(call.value(-1, "out"), "f") == [1.0, -2.5, 6e8]
    call = one(calls, "greet")
    assert content(call.value(0)).decode() == "Zo\u00eb \U0001f600" and content(call.value(-1, "out")) == b"hello"
    call = one(calls, "sum")
    assert content(call.value(0)) == bytes([0, 10, 20, 30, 40, 50]) and int(call.leave["value"], 16) == 150
    call = one(calls, "fill")
    assert numbers(call.value(0), "f") == [0] * 4 and numbers(call.value(0, "out"), "f") == [1.5] * 4 and call.value(0)["type"] == "FloatBuffer"
    call = one(calls, "many")
    codes = [("i", 4), ("q", 8), ("f", 4), ("d", 8), ("b", 1), ("b", 1), ("H", 2), ("h", 2), ("i", 4), ("q", 8), ("f", 4), ("d", 8)]
    codes += [("f", 4)] * 6 + [("d", 8), ("i", 4)]
    got = [bits(call.value(i), *code) for i, code in enumerate(codes)]
    assert got == [1, 2, 3, 4, 1, -6, ord("g"), -8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20], got
    assert bits(call.value(-1, "out"), "d", 8) == 12345.5
    assert int(one(calls, "ofObject").leave["value"], 16) == 42
    assert content(one(calls, "registered").value(0)) == bytes([9, 9])
    call = one(calls, "regions")
    assert numbers(call.value(1), "i") == [4, 5] and numbers(call.value(1, "out"), "i") == [70, 81]
    natives = {event["name"]: event["route"] for event in others if event["kind"] == "native"}
    assert natives["registered"] == "register-natives" and natives["successor"] == "export", natives
    modules = [event for event in others if event["kind"] == "module"]
    assert [m["name"] for m in modules] == ["libfixture.so"] and len(modules[0]["build_id"]) == 40


def objects(calls, others):
    looks = [call for _, call in sorted(calls.items())]
    assert len(looks) == 14, len(looks)
    assert bits(looks[0].value(0), "i", 4) == 41 and looks[0].value(0)["type"] == "Integer"
    assert bits(looks[1].value(0), "f", 4) == 2.5
    assert content(looks[2].value(0)) == b"text"
    assert looks[3].value(0)["shape"] == [2, 3] and numbers(looks[3].value(0), "i") == [1, 2, 3, 4, 5, 6]
    assert json.loads(content(looks[4].value(0))) == [[1], [2, 3]]
    assert content(looks[5].value(0)) == bytes([7, 8])
    concepts = [{"class": "fixture.Fixture$Concept", "name": name, "score": score} for name, score in (("cat", 0.75), ('d"og', 0.25))]
    assert same(looks[6].value(0), json.dumps(concepts, separators=(",", ":")).encode()), looks[6].value(0)
    assert json.loads(content(looks[7].value(0))) == {"faces": [1, 2]}
    tensor = looks[8].value(0, "in", ".data")
    assert tensor["shape"] == [1, 2, 3] and numbers(tensor, "f") == [0, 0.25, 0.5, 0.75, 1, 1.25]
    text = {"class": "fixture.Fixture$Tensor", "shape": [1, 2, 3], "data": {"values": ".data"}}
    assert same(looks[8].value(0), json.dumps(text, separators=(",", ":")).encode()), looks[8].value(0)
    assert json.loads(content(looks[9].value(0))) == {"class": "fixture.Fixture$Knot", "next": "...", "number": 7}
    assert looks[10].value(0)["shape"] == [2, 3, 4] and content(looks[10].value(0)) == bytes(range(24))
    assert looks[11].value(0)["type"] == "null"
    assert json.loads(content(looks[12].value(0))) == "BLOCKED"
    assert content(looks[13].value(0)) == "wörter \0 mit Null".encode()


def collections(calls, others):
    """The fixture itself knows that no code of its collections ran."""
    looks = [json.loads(content(call.value(0))) for _, call in sorted(calls.items())]
    assert looks[:2] == [{"class": "fixture.Fixture$OwnList", "kept": 5}, {"class": "fixture.Fixture$OwnMap"}], looks
    assert all(isinstance(each, str) and each.startswith("java.util.") for each in looks[2:5]), looks
    assert looks[5:] == [["x", "y"], {"a": 1, "b": 2}, ["z"]], looks


def java(calls, others):
    good, bad = named(calls, "score")
    assert content(good.value(0)) == bytes([1, 2, 3]) and content(good.value(0, "out")) == bytes([99, 2, 3])
    assert bits(good.value(1), "f", 4) == 2 and content(good.value(2)) == b"good" and bits(good.value(-1, "out"), "i", 4) == 12
    assert bad.leave["outcome"] == "threw"
    assert bits(one(calls, "loop").value(-1, "out"), "q", 8) == 15
    depth = named(calls, "depth")
    assert [bits(call.value(0), "i", 4) for call in depth] == [3, 2, 1, 0] and [bits(call.value(-1, "out"), "i", 4) for call in depth] == [3, 2, 1, 0]
    ids = [call for call in calls if calls[call].name == "depth"]
    assert [call.parent for call in depth] == [0] + ids[:3], ids


def functions(calls, others):
    assert all(call.method.startswith("import:libfixture.so!") for call in calls.values())
    assert content(one(calls, "GetByteArrayElements").value(-1, "out")) == bytes([1, 2, 3, 4, 5])
    assert content(one(calls, "ReleaseByteArrayElements").value(1)) == bytes([2, 3, 4, 5, 6])
    assert [numbers(c.value(3, "out"), "f")[0] for c in named(calls, "GetFloatArrayRegion")] == [0.5, -1.25, 3e8]
    assert [numbers(c.value(3), "f")[0] for c in named(calls, "SetFloatArrayRegion")] == [1.0, -2.5, 6e8]
    assert numbers(one(calls, "SetIntArrayRegion").value(3), "i") == [70, 80]
    assert numbers(one(calls, "GetPrimitiveArrayCritical").value(-1, "out"), "i") == [70, 80]
    assert numbers(one(calls, "ReleasePrimitiveArrayCritical").value(1), "i") == [70, 81]
    assert content(named(calls, "GetDirectBufferAddress")[0].value(-1, "out")) == bytes([0, 10, 20, 30, 40, 50])
    outside = named(calls, "GetByteArrayRegion")[1]
    assert outside.leave["outcome"] == "threw" and "ArrayIndexOutOfBounds" in outside.leave["text"] and not outside.values


def shapes(calls, others):
    assert [call.name for call in calls.values()] == ["twice"] and numbers(one(calls, "twice").value(0), "f") == [0.5, -1.25, 3e8]


def lengths(calls, others):
    """NUMBER: the calls that are there, "1,4"; all of them hold three numbers."""
    seen = [numbers(call.value(0), "f") for _, call in sorted(calls.items())]
    assert all(len(each) == 3 for each in seen) and ",".join("%d" % each[0] for each in seen) == sys.argv[3], seen


def faults(calls, others):
    failed = one(calls, "fail")
    assert failed.leave["outcome"] == "threw" and failed.leave["text"] == "java.lang.IllegalArgumentException: on purpose", failed.leave
    deeper = [call for _, call in sorted(calls.items()) if call.name == "deeper"]
    assert [bits(call.value(0), "i", 4) for call in deeper] == list(range(20, -1, -1))
    ids = [key for key, call in sorted(calls.items()) if call.name == "deeper"]
    assert [call.parent for call in deeper] == [0] + ids[:-1]
    there, nowhere = named(calls, "peek")
    assert same(there.value(0), bytes(range(64))) and nowhere.value(0)["buffer"]["held"] == "unreadable"
    assert one(calls, "sum").value(0)["buffer"]["held"] == "unreadable" and one(calls, "sum").value(0)["length"] == 4096
    assert all(call.leave for call in calls.values())


def huge(calls, others):
    value = one(calls, "large").value(0)
    assert value["length"] == 2**31 - 9 and value["buffer"]["captured"] == 65536


def crowded(calls, others):
    lost = sum(event["calls"] for event in others if event["kind"] == "loss")
    assert len(calls) + lost == int(sys.argv[3]) and lost > 0, (len(calls), lost)
    assert all(call.leave for call in calls.values())


def killed(calls, others):
    call = one(calls, "die")
    assert content(call.value(0)) == bytes([1, 2, 3]) and call.leave is None


def attached(calls, others):
    successors = named(calls, "successor")
    assert len(successors) > 10 and all(content(c.value(0, "out")) == bytes(b + 1 & 255 for b in content(c.value(0))) for c in successors if c.leave)
    assert len(named(calls, "GetByteArrayElements")) > 10
    notes = [event["where"] + " " + event["text"] for event in others if event["kind"] == "note"]
    assert any("registered" in note and "bound before" in note for note in notes), notes
    assert any("breakpoints" in note for note in notes), notes


globals()[sys.argv[1]](*read(sys.argv[2]))
