# SPDX-License-Identifier: Apache-2.0
# Writes the seeds of wire_fuzz: what docs/formats/wire.md lets a client say, put together without the project's own code.
import pathlib
import struct

folder = pathlib.Path(__file__).resolve().parent / "corpus" / "wire"
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
    return struct.pack("<I", len(value)) + value


def frame(kind, payload, call=1):
    return summed(summed(struct.pack("<IHHQIIQ", len(payload), kind, 0, 9, 7, 1, call)) + payload)


def piece(kind, payload):
    """A frame as the third form of the fuzz target writes it: the target makes the header."""
    return struct.pack("<HH", kind, len(payload)) + payload


SEND, BYE = (0xF003, b""), (0xF004, b"")
hello = (0xF001, struct.pack("<HIQ", 1, 7, 5) + text(b"fuzz") + text(b"x86_64") + text(b"app") + text(b"token"))
method = (3, struct.pack("<IB", 2, 0) + text(b"java:a/B;.d") + struct.pack("<IQ", 0, 0) + text(b"()V"))
enter = (4, struct.pack("<IQQ", 1, 0, 0))
leave = (5, struct.pack("<IBQ", 1, 0, 42) + text(b""))
long_inline = b"\x01" + struct.pack("<Q", 100) + b"y" * 100


def argument(buffer, length):
    return 6, struct.pack("<iB", 0, 0) + text(b"x") + text(b"byte[]") + text(b"uint8") + b"\x00" + struct.pack("<QQ", 1, length) + buffer


def chunk(number, total, offset, data):
    return 0xF002, struct.pack("<IQQ", number, total, offset) + data


def named(number, size):
    return b"\x02" + struct.pack("<QI", size, number) + bytes(28)


stories = {
    "call": [enter, argument(long_inline, 100), leave, SEND, BYE],
    "two-parts": [enter, SEND, leave, SEND],
    "chunks": [chunk(0, 300, 0, b"a" * 200), chunk(0, 300, 200, b"a" * 100), chunk(1, 2, 0, b"bc"), enter, argument(named(0, 300), 300), argument(named(1, 2), 2), leave, SEND],
    "cut": [chunk(0, 5000, 0, b"a" * 4000), chunk(0, 5000, 4000, b"a" * 1000), enter, argument(named(0, 5000), 5000), SEND],
    "full": [chunk(i, 4000, 0, bytes([i]) * 4000) for i in range(8)] + [enter] + [argument(named(i, 4000), 4000) for i in range(8)] + [SEND, leave, SEND, BYE],
    "gigabytes": [chunk(0, 2 << 30, 0, b"a" * 10)],
    "definitions": [method, SEND, (4, struct.pack("<IQQ", 2, 0, 0)), SEND],
    "loss": [(9, struct.pack("<QQQ", 1, 3, 300) + text(b"full")), SEND],
    "unknown": [(900, b"newer"), enter, SEND],
    "end": [(15, b"\x00" + struct.pack("<5Q", 0, 0, 0, 0, 0) + text(b""))],
}
for name, parts in stories.items():
    (folder / name).write_bytes(b"\x00\x02" + b"".join(piece(*part) for part in parts))
    (folder / f"raw-{name}").write_bytes(b"\x25\x01" + b"".join(frame(*part) for part in parts))
(folder / "hello").write_bytes(b"\x00\x00" + frame(*hello, 0) + frame(*method) + frame(*SEND) + frame(*enter) + frame(*SEND) + frame(*BYE))
