# SPDX-License-Identifier: Apache-2.0
"""Takes everything off a shared library that names it: what remains is what a runtime leaves in a library that it was linked into.

Section headers, symbol names, SONAME, needed libraries' names and notes go; code and constants stay.
"""
import struct

PT_LOAD, PT_DYNAMIC, PT_NOTE = 1, 2, 4
DT_NEEDED, DT_STRTAB, DT_SONAME, DT_STRSZ = 1, 5, 14, 10


def stripped(library: bytes) -> bytes:
    """`library` is 64-bit and little-endian."""
    out = bytearray(library)
    assert out[:6] == b"\x7fELF\x02\x01"
    headers, = struct.unpack_from("<Q", out, 32)
    size, count = struct.unpack_from("<HH", out, 54)
    segments = [struct.unpack_from("<IIQQQQQQ", out, headers + i * size) for i in range(count)]

    def offset_of(address: int) -> int:
        for kind, _, offset, start, _, stored, _, _ in segments:
            if kind == PT_LOAD and start <= address < start + stored:
                return offset + address - start
        raise ValueError("address in no segment")

    sections, = struct.unpack_from("<Q", out, 40)
    section_size, section_count = struct.unpack_from("<HH", out, 58)
    end = min(len(out), sections + section_size * section_count)
    out[sections:end] = bytes(max(0, end - sections))
    struct.pack_into("<Q", out, 40, 0)
    struct.pack_into("<HH", out, 60, 0, 0)
    for i, (kind, _, offset, _, _, stored, _, _) in enumerate(segments):
        if kind == PT_NOTE:
            out[offset:offset + stored] = bytes(stored)
            struct.pack_into("<I", out, headers + i * size, 0)
    dynamic = next(segment for segment in segments if segment[0] == PT_DYNAMIC)
    entries = [struct.unpack_from("<qQ", out, dynamic[2] + 16 * i) for i in range(dynamic[5] // 16)]
    names = {tag: value for tag, value in entries}
    start, length = offset_of(names[DT_STRTAB]), names[DT_STRSZ]
    rename(out, start, length)
    return bytes(out)


def rename(out: bytearray, start: int, length: int) -> None:
    """Every name in the string table becomes a number in letters, as long as it was."""
    at, number = start + 1, 0
    while at < start + length:
        end = out.index(0, at, start + length)
        text, value = bytearray(), number
        for _ in range(end - at):
            text.append(97 + value % 26)
            value //= 26
        out[at:end] = text
        at, number = end + 1, number + 1
