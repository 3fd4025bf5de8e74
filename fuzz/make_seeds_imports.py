# SPDX-License-Identifier: Apache-2.0
# Writes the seeds of the import_*_fuzz targets: logs after docs/formats/imports.md, with the faults of their writers.
import json
import pathlib

corpus = pathlib.Path(__file__).resolve().parent / "corpus"


def seed(target, name, text, step=0):
    folder = corpus / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(bytes([step]) + text.encode("latin-1"))


def line(body, tid=4390, ms=703):
    return f"06-01 13:17:07.{ms:03d}  4321  {tid} I facebook.katan: {body}\n"


def dump(data):
    return "".join(f"{byte:x} " for byte in data)


method = "float[] com.x.Clf.classifyNative(byte[], int)"
array = bytes([0x78, 0x56, 0x34, 0x12, 0, 0, 0, 0, 40, 0, 0, 0]) + bytes(range(200, 240))
call = f"\tJACK LOG: INVOKING JNI TRAMPOLINE {method}\tSHORTY: LLI\tArgs size: 3\t\tARG 1: 13f4c20\t\tBytes at 0x13f4c20: {dump(array)}\t\tARG 1: e0\t"
end = f"JACK LOG: JNIGENERIC END\t{method}\tRet: 0x14000\tData at Ret:{dump(array)}\t"
invoke = "\tJACK LOG: INVOKINGvoid a.B.f(float, double, java.lang.Object)\tSHORTY: VFDL\tArgs size: 20\t\tARG 1: 0.500000\t\tARG 2: 1.250000\t\tARG 3: 14c0\t\tAddress NULL\t"
chunks = [call[i * 80:i * 80 + (i + 1) * 80] for i in range(len(call) // 80 + 1)]
seed("import_jack", "call", line(call) + line(end, ms=715))
seed("import_jack", "invoke", line(invoke) + line("\tJACK LOG: NON CAUGHT METHODvoid q.Q.q(int)\tSHORTY: VI\tArgs size: 2\t"), 9)
seed("import_jack", "chunks", "".join(line(c if i == 0 else f"JACK LOG: {method} CONT.\t{c}") for i, c in enumerate(chunks)) + line(end))
seed("import_jack", "hole", line(chunks[0]) + line(f"JACK LOG: {method} CONT.\t{chunks[-1]}"))
seed("import_jack", "split", line(call[:30] + "0 " * 700) + "ab ff 1 \n" + line("12 3 4 \t"))
seed("import_jack", "torn", line(call)[:140] + "\n" + line(end), 7)

record = {"struct": "JNIEnv", "method": {"name": "CallObjectMethodV", "args": ["JNIEnv*", "jobject", "jmethodID", "..."], "ret": "jobject"}, "thread_id": 77, "timestamp": 1012,
          "backtrace": [{"address": "0x7b0010", "module": None}], "args": [{"value": "0x7a00"}, {"value": 3, "data": "0aff"}, {"value": True, "metadata": "f(]\"{"}], "ret": {"value": "0x55", "data": [{"name": "x"}]}, "java_params": ["byte[]"]}
seed("import_jnitrace", "array", json.dumps([record, record]))
seed("import_jnitrace", "cut", json.dumps([record, record])[:-40], 3)
seed("import_jnitrace", "lines", json.dumps(record) + "\n" + json.dumps({"method": 3}))

frida = '           /* TID 0x4c44 */\n  1081 ms  fopen(pathname="/etc/hostname", mode="r")\n  1081 ms     | open(pathname="/etc", flags=0x0)\n  1083 ms     | <= 0x5\n  1182 ms  puts(s="he "x", (y\n")\n  1190 ms  <= fd=12\n  1191 ms  A.b([1,2], "a")\n'
seed("import_frida_trace", "calls", frida)
seed("import_frida_trace", "pieces", "\x1b[36m" + frida, 5)
seed("import_frida_trace", "file", 'open(pathname="/etc")\n   | read(fd=0x5)\n<= 3\n<= 4\n')

seed("import_logcat", "answers", '--------- beginning of main\nI/tag( 4321): {"faces":[{"age":3}]}\n06-01 13:17:07.703  4321  4390 D M: [1,\n06-01 13:17:07.703  4321  4390 D M: 2]\ncat,0.93\tdog,1\n')
seed("import_logcat", "shapes", "2024-01-01 00:00:01.001000 +0100 u0_a12 4321  4390 I app: x\n12-31 23:59:59.999 E/a(1): {broken\n01-01 00:00:00.000 E/a(1): y\n", 4)
