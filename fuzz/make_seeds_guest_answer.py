# SPDX-License-Identifier: Apache-2.0
# Writes the seeds of guest_answer_fuzz: an answer of each verb as the guest's process sends it, with everything that may be absent, and
# without. The first byte says whose it is.
import json
import pathlib

folder = pathlib.Path(__file__).parent / "corpus" / "guest_answer"
folder.mkdir(parents=True, exist_ok=True)
VERBS = ["natives", "exports", "call", "trace", "tflite"]


def save(verb, name, content):
    (folder / f"{verb}-{name}").write_bytes(bytes([VERBS.index(verb)]) + content)


def save_json(verb, name, answer):
    save(verb, name, json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode())


FAULT = {"kind": "memory", "what": "reads 0x10, which is not mapped", "backtrace": ["libx.so+0x1f40 (work+0x8)"]}
GAPS = [{"where": "libx.so", "why": "a section reaches beyond the file"}]
FILES = {"written": [{"path": "app-data/cache/x", "size": 7}], "removed": ["sdcard/old"]}
NO_FILES = {"written": [], "removed": []}
BARE = {"library": "libx.so", "abi": "x86_64", "jni_on_load": {"exported": False, "version": "0x00000000"}, "libraries": [],
        "missing_imports": [], "lookups": [], "log": [], "wanted_of_java": [], "gaps": []}
FULL = BARE | {
    "jni_on_load": {"exported": True, "fault": FAULT},
    "libraries": [{"name": "libx.so", "build_id": "00ff"}],
    "missing_imports": [{"library": "libx.so", "name": "absent", "weak": False}],
    "lookups": [{"what": "file", "name": "/sdcard/m", "found": False, "answer": "not in sdcard: m"}],
    "log": [{"priority": 4, "tag": "x", "text": "ready \u202e"}],
    "dropped": {"lookups": 1, "log": 0},
    "wanted_of_java": [{"java": "com/x/Y.z()V", "times": 2}],
    "gaps": GAPS,
}
NATIVE = {"class": "com.x.Y", "name": "work", "signature": "([F)I", "library": "libx.so", "offset": "0x1f40", "route": "register-natives"}
WILD = {"class": "com.x.Y", "name": "a", "signature": "(((", "library": "", "address": "0x41414141", "route": "register-natives",
        "problem": "no code of a library; a signature that is none"}
ENGINE = {"library": "libe.so", "receiver": "libx.so", "symbol": "_Z3addv", "name": "add()", "functions": ["0x10"], "texts": ["cpu"]}
save_json("natives", "bare", BARE | {"natives": [], "files": NO_FILES, "engines": []})
save_json("natives", "full", FULL | {"natives": [NATIVE, NATIVE | {"route": "export"}, WILD], "files": FILES, "engines": [ENGINE]})
EXPORTS = {"library": "libx.so", "abi": "arm64-v8a", "build_id": "", "exports": [], "gaps": []}
save_json("exports", "bare", EXPORTS)
save_json("exports", "full", EXPORTS | {"exports": [{"name": "work", "kind": "function", "offset": "0x10", "size": 4}], "gaps": GAPS})
CALL = {"nans_may_differ": False, "files": NO_FILES}
save_json("call", "bare", BARE | CALL | {"call": {"result": {"integer": "0x7", "floating": None}}})
save_json("call", "method", BARE | CALL | {"call": {"method": "com/x/Y.work([F)I", "result": [1.5, -2e9]}})
save_json("call", "fault", FULL | CALL | {"call": {"fault": FAULT}})
MODEL = {"format": "tflite", "sha256": "ab", "size": 64, "where": "after libx.so", "in_file": False, "path": "models/model-1.tflite"}
TRACE = {"library": "libx.so", "nans_may_differ": True, "models": [], "gaps": [], "files": NO_FILES, "events": 8, "calls": 2, "lost_events": 0}
save_json("trace", "bare", TRACE)
save_json("trace", "full", TRACE | {"result": "text", "models": [MODEL, MODEL | {"in_file": True}], "gaps": GAPS, "files": FILES,
                                    "faults": [{"call": "so:libx.so!work", "fault": FAULT}]})
save("tflite", "two", b"\0\0\x80?\0\0\0@\0")
save("tflite", "nan", b"\0\0\xc0\x7f\1")
