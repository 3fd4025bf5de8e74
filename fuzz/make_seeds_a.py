#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of the container, manifest, resource, signature and ELF fuzz targets from the text below.

Usage: make_seeds_a.py [FOLDER]   (default: the folder "corpus" beside this file)
Seeds are small and made of nothing but this script; the signed ones need apksigner and keytool, and are left as they
are where those are absent.
"""
import io
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile


def zip_bytes(compression, comment=b"", prefix=b""):
    out = io.BytesIO()
    out.write(prefix)
    with zipfile.ZipFile(out, "a" if prefix else "w", compression) as archive:
        for name, text in (("AndroidManifest.xml", "manifest"), ("classes.dex", "dex\n035" * 20),
                           ("assets/a.bin", "\0" * 300), ("assets/b.bin", "other"), ("res/raw/empty", "")):
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), text, compression)
        archive.comment = comment
    return out.getvalue()


def zip_seeds():
    stored = zip_bytes(zipfile.ZIP_STORED)
    deflated = zip_bytes(zipfile.ZIP_DEFLATED, b"a comment")
    yield "stored.zip", stored
    yield "deflated.zip", deflated
    yield "prefixed.zip", zip_bytes(zipfile.ZIP_DEFLATED, prefix=b"#!/bin/sh\n" * 4)
    yield "no_directory.zip", deflated[: deflated.index(b"PK\x01\x02")]
    yield "duplicate.zip", stored.replace(b"assets/b.bin", b"assets/a.bin")
    yield "descriptor.zip", descriptor_zip()
    yield "zip64.zip", zip64()


def descriptor_zip():
    data = b"stored behind"
    name = b"late"
    local = struct.pack("<IHHHIIIIHH", 0x04034B50, 20, 8, 0, 0, 0, 0, 0, len(name), 0) + name
    return local + data + struct.pack("<IIII", 0x08074B50, 0x12345678, len(data), len(data))


def zip64():
    name, data = b"big", b"content"
    wide = 0xFFFFFFFF
    extra = struct.pack("<HHQQ", 1, 16, len(data), len(data))
    local = struct.pack("<IHHHIIIIHH", 0x04034B50, 45, 0, 0, 0, 0, wide, wide, len(name), len(extra)) + name + extra
    extra = struct.pack("<HHQQQ", 1, 24, len(data), len(data), 0)
    central = struct.pack("<IHHHHIIIIHHHHHII", 0x02014B50, 45, 45, 0, 0, 0, 0, wide, wide, len(name), len(extra), 0, 0,
                          0, 0, wide) + name + extra
    start = len(local) + len(data)
    end64 = struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, 1, 1, len(central), start)
    locator = struct.pack("<IIQI", 0x07064B50, 0, start + len(central), 1)
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 0xFFFF, 0xFFFF, wide, wide, 0)
    return local + data + central + end64 + locator + end


def chunk(kind, header, body):
    return struct.pack("<HHI", kind, 8 + len(header), 8 + len(header) + len(body)) + header + body


def pool(strings, utf8):
    offsets, data = b"", b""
    for text in strings:
        offsets += struct.pack("<I", len(data))
        raw = text.encode("utf-8" if utf8 else "utf-16-le")
        data += (bytes((len(text), len(raw))) + raw + b"\0") if utf8 else struct.pack("<H", len(text)) + raw + b"\0\0"
    data += b"\0" * (-len(data) % 4)
    header = struct.pack("<IIIII", len(strings), 0, 0x100 if utf8 else 0, 28 + len(offsets), 0)
    return chunk(1, header, offsets + data)


NONE = 0xFFFFFFFF


def axml(utf8):
    strings = ["name", "label", "manifest", "package", "org.example", "application", "activity", ".Main",
               "intent-filter", "action", "android.intent.action.MAIN", "meta-data", "text \u00e9 \U0001f600"]
    ids = chunk(0x180, b"", struct.pack("<II", 0x01010003, 0x01010001))

    def start(name, *attributes):
        body = struct.pack("<IIHHHHHH", NONE, strings.index(name), 20, 20, len(attributes), 0, 0, 0)
        for key, kind, value in attributes:
            index = strings.index(value) if kind == 3 else NONE
            body += struct.pack("<IIIHBBI", NONE, strings.index(key), index, 8, 0, kind, index if kind == 3 else value)
        return chunk(0x102, struct.pack("<II", 7, NONE), body)

    def end(name):
        return chunk(0x103, struct.pack("<II", 7, NONE), struct.pack("<II", NONE, strings.index(name)))

    text = chunk(0x104, struct.pack("<II", 7, NONE), struct.pack("<IHBBI", 12, 8, 0, 0, 0))
    body = (start("manifest", ("package", 3, "org.example")) + start("application", ("label", 1, 0x7F010000)) +
            start("activity", ("name", 3, ".Main")) + start("intent-filter") +
            start("action", ("name", 3, "android.intent.action.MAIN")) + end("action") + end("intent-filter") + text +
            end("activity") + start("meta-data", ("name", 3, "org.example"), ("label", 0x10, 5)) + end("meta-data") +
            end("application") + end("manifest"))
    return chunk(3, b"", pool(strings, utf8) + ids + body)


def axml_seeds():
    yield "utf8.xml", axml(True)
    yield "utf16.xml", axml(False)


def arsc_type(type_id, layout, entries, language=b"\0\0"):
    config = struct.pack("<II2s2sHHH", 64, 0, language, b"\0\0", 0, 320, 0).ljust(64, b"\0")
    offsets, data = b"", b""
    for index, entry in enumerate(entries):
        offsets += {0: struct.pack("<I", len(data)), 1: struct.pack("<HH", index, len(data) // 4),
                    2: struct.pack("<H", len(data) // 4)}[layout]
        data += entry
    offsets += b"\0" * (-len(offsets) % 4)
    header = struct.pack("<BBHII", type_id, layout, 0, len(entries), 20 + len(config) + len(offsets)) + config
    return chunk(0x201, header, offsets + data)


def arsc_seeds():
    plain = struct.pack("<HHIHBBI", 8, 0, 0, 8, 0, 3, 0)
    reference = struct.pack("<HHIHBBI", 8, 0, 1, 8, 0, 1, 0x7F020000)
    compact = struct.pack("<HHI", 1, 8 | 3 << 8, 1)
    bag = struct.pack("<HHIIIIHBBI", 16, 1, 2, 0, 1, 0x02000000, 8, 0, 3, 2)
    for layout in (0, 1, 2):
        types = pool(["raw", "string", "array"], False)
        keys = pool(["model", "name", "labels"], True)
        name = "org.example".encode("utf-16-le").ljust(256, b"\0")
        header = struct.pack("<I", 0x7F) + name + struct.pack("<IIIII", 288, 0, 288 + len(types), 0, 0)
        body = (types + keys + arsc_type(1, layout, [plain, compact]) + arsc_type(1, layout, [plain], b"fr") +
                arsc_type(2, layout, [plain, reference]) + arsc_type(3, layout, [bag]))
        strings = pool(["res/raw/model.tflite", "Female", "Male"], True)
        yield f"layout{layout}.arsc", chunk(2, struct.pack("<I", 1), strings + chunk(0x200, header, body))


def elf(bits, machine):
    wide = bits == 64
    word = "Q" if wide else "I"
    strings = b"\0liba.so\0libc.so\0Java_a_B_run\0outside\0"
    base, header_size, ph_size = 0x1000, (64 if wide else 52), (56 if wide else 32)

    def symbol(name, value, size, section):
        return (struct.pack("<IBBHQQ", name, 0x12, 0, section, value, size) if wide
                else struct.pack("<IIIBBH", name, value, size, 0x12, 0, section))

    parts = {}
    offset = header_size + 3 * ph_size
    blob = b""

    def put(name, data):
        nonlocal blob
        parts[name] = (base + offset + len(blob), len(data))
        blob += data + b"\0" * (-len(data) % 8)

    put("strings", strings)
    put("symbols", symbol(0, 0, 0, 0) + symbol(17, base + 0x40, 8, 1) + symbol(30, 0, 0, 0))
    put("hash", struct.pack("<IIIIII", 1, 3, 1, 0, 2, 0))
    put("gnu_hash", struct.pack("<IIII", 1, 1, 1, 0) + struct.pack("<" + word, 0) + struct.pack("<III", 1, 0, 1))
    info = (1 << 32 | 1025) if wide else (1 << 8 | 21)
    put("rela", struct.pack("<" + word * 3, base + 8, info, 0))
    put("relr", struct.pack("<" + word * 2, base + 16, 0b1011))
    put("packed", b"APS2" + bytes((2, 16, 2, 8 | 3, 8, 7, 1, 2)))
    put("note", struct.pack("<III", 4, 20, 3) + b"GNU\0" + bytes(range(20)))
    put("text", b"TFL3 constant\0")
    tags = [(1, 9), (14, 1), (5, parts["strings"][0]), (10, len(strings)), (6, parts["symbols"][0]),
            (4, parts["hash"][0]), (0x6FFFFEF5, parts["gnu_hash"][0]), (7, parts["rela"][0]), (8, parts["rela"][1]),
            (36, parts["relr"][0]), (35, parts["relr"][1]), (0x60000011, parts["packed"][0]),
            (0x60000012, parts["packed"][1]), (0, 0)]
    put("dynamic", b"".join(struct.pack("<" + word * 2, tag, value) for tag, value in tags))
    size = offset + len(blob)

    def program_header(kind, flags, name):
        address, length = (base, size) if name is None else parts[name]
        if wide:
            return struct.pack("<IIQQQQQQ", kind, flags, address - base, address, address, length, length, 8)
        return struct.pack("<IIIIIIII", kind, address - base, address, address, length, length, flags, 4)

    ident = b"\x7fELF" + bytes((2 if wide else 1, 1, 1)) + b"\0" * 9
    header = ident + struct.pack("<HHI" + word * 3 + "IHHHHHH", 3, machine, 1, 0, header_size, 0, 0, header_size,
                                 ph_size, 3, 64 if wide else 40, 0, 0)
    return (header + program_header(1, 4, None) + program_header(2, 6, "dynamic") + program_header(4, 4, "note") + blob)


def elf_seeds():
    yield "arm64.so", elf(64, 183)
    yield "arm.so", elf(32, 40)
    yield "x86_64.so", elf(64, 62)


def signing_seeds():
    if not shutil.which("apksigner") or not shutil.which("keytool"):
        return
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        subprocess.run(["keytool", "-genkeypair", "-keystore", folder / "k", "-storepass", "android", "-keypass",
                        "android", "-alias", "k", "-keyalg", "EC", "-groupname", "secp256r1", "-validity", "9999",
                        "-dname", "CN=Seed"], check=True, capture_output=True)
        (folder / "in.apk").write_bytes(zip_bytes(zipfile.ZIP_DEFLATED))
        for name, schemes in (("v1.apk", ("true", "false", "false")), ("v2v3.apk", ("false", "true", "true"))):
            options = [word for number, on in zip("123", schemes)
                       for word in (f"--v{number}-signing-enabled", on)]
            subprocess.run(["apksigner", "sign", "--ks", folder / "k", "--ks-pass", "pass:android",
                            "--min-sdk-version", "21", *options, "--out", folder / name, folder / "in.apk"],
                           check=True, capture_output=True)
            yield name, (folder / name).read_bytes()
        with zipfile.ZipFile(folder / "v1.apk") as archive:
            block = next(entry for entry in archive.namelist() if entry.endswith(".EC"))
            yield "block.p7", archive.read(block)


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "corpus"
    for target, seeds in (("zip", zip_seeds), ("axml", axml_seeds), ("arsc", arsc_seeds), ("elf", elf_seeds),
                          ("signing", signing_seeds)):
        folder = root / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in seeds():
            (folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
