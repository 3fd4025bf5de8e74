# SPDX-License-Identifier: Apache-2.0
"""An agent as docs/formats/wire.md describes one, without any of the project's own code: sends some calls to a collector.

Usage: wire_agent.py ADDRESS TOKEN CALLS [killed]     killed: ends in the middle of a frame
"""
import os
import socket
import struct
import sys
import time

TABLE = []
for i in range(256):
    for _ in range(8):
        i = i >> 1 ^ (0x82F63B78 if i & 1 else 0)
    TABLE.append(i)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def summed(data):
    return data + struct.pack("<I", crc32c(data))


def text(value):
    return struct.pack("<I", len(value)) + value.encode()


def frame(kind, payload=b"", call=0):
    return summed(summed(struct.pack("<IHHQIIQ", len(payload), kind, 0, time.monotonic_ns(), os.getpid(), 1, call)) + payload)


def one_call(call, pixels):
    half = len(pixels) // 2
    head = struct.pack("<iB", 0, 0) + text("pixels") + text("byte[]") + text("uint8") + bytes([2]) + struct.pack("<2Q", 2, half) + struct.pack("<2Q", 0x5000, len(pixels))
    return b"".join([
        frame(0xF002, struct.pack("<IQQ", 0, len(pixels), 0) + pixels[:half]),
        frame(0xF002, struct.pack("<IQQ", 0, len(pixels), half) + pixels[half:]),
        frame(4, struct.pack("<IQQ", 1, 0, 0), call),
        frame(6, head + b"\x02" + struct.pack("<QI", len(pixels), 0) + bytes(28), call),
        frame(5, struct.pack("<IBQ", 1, 0, call) + text(""), call),
        frame(0xF003)])


address, token, calls = sys.argv[1], sys.argv[2], int(sys.argv[3])
if address.startswith("unix:"):
    out = socket.socket(socket.AF_UNIX)
    out.connect(address[5:])
else:
    host, port = address[4:].rsplit(":", 1)
    out = socket.create_connection((host, int(port)))
out.sendall(frame(0xF001, struct.pack("<HIQ", 1, os.getpid(), time.monotonic_ns()) + text("story") + text("x86_64") + text("com.example.story") + text(token)))
out.sendall(frame(3, struct.pack("<IB", 1, 1) + text("jni:pkg/Model;.run([B)V") + struct.pack("<IQ", 0, 0) + text("([B)V")) + frame(0xF003))
pixels = bytes(range(256)) * 80
for call in range(1, calls + 1):
    # Two calls share each picture.
    out.sendall(one_call(call, bytes([call // 2 % 256]) + pixels))
if len(sys.argv) > 4:
    out.sendall(one_call(calls + 1, pixels)[:-100])
else:
    out.sendall(frame(0xF004))
out.close()
