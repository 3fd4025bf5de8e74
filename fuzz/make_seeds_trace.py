# SPDX-License-Identifier: Apache-2.0
# Writes the seeds of trace_fuzz: frames, segments, packs and an index as docs/formats/trace.md describes them, put together
# without the project's own code.
import ctypes
import ctypes.util
import hashlib
import pathlib
import struct

folder = pathlib.Path(__file__).resolve().parent / "corpus" / "trace"
folder.mkdir(parents=True, exist_ok=True)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def summed(data):
    return data + struct.pack("<I", crc32c(data))


def text(value):
    raw = value.encode("utf-8", "surrogateescape")
    return struct.pack("<I", len(raw)) + raw


def texts(*values):
    return bytes([len(values)]) + b"".join(map(text, values))


def zstd(data):
    library = ctypes.CDLL(ctypes.util.find_library("zstd"))
    library.ZSTD_compress.restype = ctypes.c_size_t
    out = ctypes.create_string_buffer(len(data) + 100)
    size = library.ZSTD_compress(out, ctypes.c_size_t(len(out)), data, ctypes.c_size_t(len(data)), 1)
    return out.raw[:size]


BIG = b"a buffer that is large enough " * 10
DIGEST = hashlib.sha256(BIG).digest()
INLINE = b"\x01" + struct.pack("<Q", 12) + b"twelve bytes"
BLOB = b"\x02" + struct.pack("<Q", len(BIG)) + DIGEST
payloads = {
    1: text("com.example.app") + text("arm64-v8a") + text("guest"),
    2: struct.pack("<I", 1) + text("libx.so") + texts("x.apk", "lib/arm64-v8a/libx.so") + text("c0ffee") + struct.pack("<QQ", 0x7000000000, 65536),
    3: struct.pack("<IB", 1, 2) + text("so:libx.so!predict") + struct.pack("<IQ", 1, 0x433A0) + text("(float*, int)"),
    4: struct.pack("<IQQ", 1, 0x7000001000, 0),
    5: struct.pack("<IBQ", 1, 0, 42) + text(""),
    6: struct.pack("<iB", 0, 0) + text("input") + text("float[]") + text("float32") + b"\x04" + struct.pack("<4Q", 1, 2, 2, 3) + struct.pack("<QQ", 4096, len(BIG)) + BLOB,
    7: struct.pack("<Q", 1) + text("img/1.jpg") + struct.pack("<IId", 0, 0, 33.3) + INLINE,
    8: struct.pack("<QB", 1, 4) + text("too slow"),
    9: struct.pack("<QQQ", 1, 3, 300) + text("the disk is full"),
    10: b"\x03" + text("face finder") + text("a substitute was used"),
    11: b"\x05" + text("tag") + text("line \udcff\x1b[31m"),
    12: b"\x00" + text("ro.product.cpu.abi") + b"\x00" + text(""),
    13: text("pkg/Model") + text("predict") + text("([F)F") + struct.pack("<IQB", 1, 0x433A0, 1),
    14: text("tflite") + struct.pack("<QQ", 0x7000002000, len(BIG)) + text("after JNI_OnLoad") + BLOB,
    15: b"\x00" + struct.pack("<5Q", 15, 1, 1, 1, 3) + text(""),
}


def frame(kind, payload, time=1, call=0):
    head = summed(struct.pack("<IHHQIIQ", len(payload), kind, 0, time, 7, 8, call))
    return summed(head + payload)


def file_head(magic, number, first):
    return summed(struct.pack("<8sHHIQI", magic, 1, 0, number, first, 0))


def blob(raw):
    packed = zstd(raw)
    codec, stored = (1, packed) if len(packed) < len(raw) else (0, raw)
    head = hashlib.sha256(raw).digest() + struct.pack("<QQHHII", len(raw), len(stored), codec, 0, crc32c(stored), 0)
    return summed(head) + stored


frames = b"".join(frame(kind, payload, kind) for kind, payload in payloads.items())
segment = file_head(b"DLTRACE\n", 0, 0) + frames
pack = file_head(b"DLBLOBS\n", 0, 0) + blob(b"") + blob(b"as it is") + blob(BIG)
entries = sorted((hashlib.sha256(raw).digest(), offset) for raw, offset in ((b"", 32), (b"as it is", 96), (BIG, 168)))
index = summed(file_head(b"DLINDEX\n", 1, len(entries)) + struct.pack("<Q", len(pack)) + b"".join(d + struct.pack("<IQ", 0, o) for d, o in entries))
seeds = {
    "frames": b"\x00" + frames,
    "segment": b"\x01" + segment,
    "segment-newer": b"\x01" + file_head(b"DLTRACE\n", 0, 0) + frame(900, b"of a newer version") + frame(4, payloads[4] + b"new field") + frame(15, payloads[15]),
    "pack": b"\x02" + pack,
    "index": b"\x03" + index,
    "zstd": b"\x04" + bytes([len(BIG) // 100]) + zstd(BIG),
}
for kind, payload in payloads.items():
    seeds[f"payload-{kind:02}"] = b"\x05" + bytes([kind]) + payload
for name, data in seeds.items():
    (folder / name).write_bytes(data)
