#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of the fuzz targets for bundles, libraries and apps of Apple's systems: small files made field by field."""
import datetime
import pathlib
import plistlib
import struct

ROOT = pathlib.Path(__file__).parent / "corpus"


def write(target, name, data):
    folder = ROOT / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


# --- Protocol Buffers -------------------------------------------------------------------------------------------------


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number, content):
    if isinstance(content, int):
        return varint(number << 3) + varint(content & (1 << 64) - 1)
    if isinstance(content, str):
        content = content.encode()
    return varint(number << 3 | 2) + varint(len(content)) + content


ANDROID = "http://schemas.android.com/apk/res/android"
DIST = "http://schemas.android.com/apk/distribution"


def attribute(name, value, uri=ANDROID, number=0, item=b""):
    return field(4, field(1, uri) + field(2, name) + field(3, value) + field(5, number) + (field(6, item) if item else b""))


def element(name, rest, uri="", line=1):
    return field(1, (field(2, uri) if uri else b"") + field(3, name) + rest) + field(3, field(1, line))


def child(node):
    return field(5, node)


def proto_manifest():
    application = element(
        "application",
        attribute("label", "@string/app_name", number=0x01010001, item=field(1, field(2, 0x7F010000)))
        + attribute("debuggable", "true", number=0x0101000F, item=field(7, field(8, 1)))
        + child(element("meta-data", attribute("name", "a", number=0x01010003) + attribute("value", "7", number=0x01010024, item=field(7, field(6, 7)))))
        + child(field(2, "text")),
        line=5,
    )
    module = element("module", attribute("type", "asset-pack", DIST) + child(element("delivery", child(element("on-demand", b"", DIST)), DIST)), DIST)
    return element("manifest", attribute("package", "org.example.ager", "") + attribute("split", "pack", "") + child(module) + child(application))


def proto_table():
    def entry(number, item, config=b""):
        return field(3, field(1, field(1, number)) + field(2, "s") + field(6, field(1, config) + field(2, field(4, item))))

    text = field(2, field(1, "How old"))
    kind = field(1, field(1, 1)) + field(2, "string") + entry(0, text) + entry(1, field(1, field(2, 0x7F010000))) + entry(2, field(1, field(2, 0x7F010002)))
    return field(2, field(1, field(1, 0x7F)) + field(2, "org.example.ager") + field(3, kind))


# --- XML as text ------------------------------------------------------------------------------------------------------

MANIFEST = f"""<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE manifest [ <!ENTITY a "b"> ]>
<!-- a note -->
<manifest xmlns:android="{ANDROID}" xmlns:dist="{DIST}" package="org.example.lib" split='pack'>
  <dist:module dist:type="asset-pack"><dist:delivery><dist:fast-follow/></dist:delivery></dist:module>
  <application android:label="a &amp; b &#x41;&#66;&nope;"><![CDATA[ < ]]>
    <activity android:name=".Main"><intent-filter><action android:name="x"/></intent-filter></activity>
  </application>
</manifest>
"""

# --- Java class files -------------------------------------------------------------------------------------------------


def java_class():
    pool = []

    def constant(data):
        pool.append(data)
        return len(pool)

    def text(value):
        data = value.encode()
        return constant(b"\x01" + struct.pack(">H", len(data)) + data)

    def name_of(value):
        return constant(b"\x07" + struct.pack(">H", text(value)))

    this = name_of("org/example/Ager")
    above = name_of("java/lang/Object")
    other = name_of("java/lang/Runnable")
    native = text("age")
    kind = text("([B)F")
    constant(b"\x08" + struct.pack(">H", text("model.tflite")))
    pair = constant(b"\x0c" + struct.pack(">HH", native, kind))
    constant(b"\x0a" + struct.pack(">HH", this, pair))
    constant(b"\x05" + struct.pack(">Q", 1 << 40))
    pool.append(b"")  # the second place of a long
    constant(b"\x12" + struct.pack(">HH", 0, pair))
    code = text("Code")
    out = b"\xca\xfe\xba\xbe" + struct.pack(">HHH", 0, 61, len(pool) + 1) + b"".join(pool)
    out += struct.pack(">HHHHH", 0x21, this, above, 1, other)
    out += struct.pack(">H", 0)  # fields
    out += struct.pack(">H", 2)
    out += struct.pack(">HHHH", 0x0101, native, kind, 0)
    out += struct.pack(">HHHHHI", 0x0001, native, kind, 1, code, 4) + b"\0\1\2\3"
    return out + struct.pack(">H", 0)


# --- Mach-O -----------------------------------------------------------------------------------------------------------


def macho(wide=True):
    """An image with one segment of text and data, a symbol table, an exports trie, binding opcodes and chained imports."""
    word = "<Q" if wide else "<I"
    header = 32 if wide else 28
    data = {}
    body = bytearray()
    base = 0x400

    def put(name, content):
        data[name] = (base + len(body), len(content))
        body.extend(content + b"\0" * (-len(content) % 8))

    address = 0x100000000 if wide else 0x4000
    size = 8 if wide else 4
    put("names", b"\0_TfLiteModelCreate\0_OBJC_CLASS_$_MLModel\0")
    symbol = struct.Struct("<IBBH" + word[1])
    put("symbols", symbol.pack(1, 0x0F, 1, 0, address) + symbol.pack(20, 0x01, 0, 0, 0))
    put("trie", b"\x00\x01_a\0\x08" + b"\x00\x00" + b"\x02\x00\x10\x00")
    put("bind", b"\x11\x40_OBJC_CLASS_$_MLModel\0\x51\x72\x00\x90\x00")
    put("chained", struct.pack("<IIIIIII", 0, 0, 28, 32, 1, 1, 0) + struct.pack("<I", 1 | 0 << 9) + b"_objc_msgSend\0")
    put("strings", b"Created TensorFlow Lite XNNPACK delegate for CPU.\0FaceAger\0")
    here = address + base + len(body)
    # A class list with one class, its read-only data and its name.
    name = address + data["strings"][0] + 50
    put("list", struct.pack(word, here + 8))
    fields = [0, 0, 0, 0, here + 8 + 5 * size + (-5 * size % 8)]
    put("class", b"".join(struct.pack(word, each) for each in fields))
    put("ro", (struct.pack("<IIIIQQ", 0, 0, 0, 0, 0, name) if wide else struct.pack("<IIIII", 0, 0, 0, 0, name)))

    commands = []

    def command(number, content):
        content += b"\0" * (-len(content) % size)
        commands.append(struct.pack("<II", number, 8 + len(content)) + content)

    def section(label, name, flags):
        offset, length = data[name]
        fields = struct.pack("<16s16s", label, b"__TEXT") + struct.pack(word + word[1], address + offset, length)
        return fields + struct.pack("<IIIIII", offset, 0, 0, 0, flags, 0) + (b"\0" * 8 if wide else b"\0" * 4)

    sections = section(b"__cstring", "strings", 2) + section(b"__objc_classname", "strings", 2) + section(b"__objc_classlist", "list", 0)
    end = base + len(body)
    bounds = struct.pack("<" + word[1] * 4, address, end, 0, end)
    command(0x19 if wide else 0x1, struct.pack("<16s", b"__TEXT") + bounds + struct.pack("<IIII", 7, 5, 3, 0) + sections)
    command(0x2, struct.pack("<IIII", data["symbols"][0], 2, data["names"][0], data["names"][1]))
    bind = data["bind"]
    command(0x80000022, struct.pack("<IIIIIIIIII", 0, 0, *bind, 0, 0, 0, 0, *data["trie"]))
    command(0x80000034, struct.pack("<II", *data["chained"]))
    for number in (0xC, 0xD, 0x80000018, 0x8000001F):
        command(number, struct.pack("<IIII", 24, 2, 0x20E03, 0x10000) + b"@rpath/A.framework/A\0")
    command(0x8000001C, struct.pack("<I", 12) + b"@executable_path/Frameworks\0")
    command(0x1B, bytes(range(16)))
    command(0x32, struct.pack("<IIII", 2, 0xE0000, 0x100200, 0))
    command(0x25, struct.pack("<II", 0xE0000, 0x100200))
    command(0x2C if wide else 0x21, struct.pack("<IIII", 0x10, 0x10, 1, 0))
    command(0x80000028, struct.pack("<QQ", 0x10, 0))
    command(0x1D, struct.pack("<II", 0, 0))
    table = b"".join(commands)
    cpu = (0x0100000C if wide else 12, 0 if wide else 9)
    out = struct.pack("<IIIIIII", 0xFEEDFACF if wide else 0xFEEDFACE, *cpu, 2, len(commands), len(table), 0) + (b"\0" * 4 if wide else b"")
    assert header + len(table) <= base, len(table)
    return out + table + b"\0" * (base - header - len(table)) + bytes(body)


def fat(slices):
    out = struct.pack(">II", 0xCAFEBABE, len(slices))
    offset = 256
    body = b""
    for each in slices:
        out += struct.pack(">IIIII", 12, 0, offset + len(body), len(each), 3)
        body += each
    return out + b"\0" * (offset - len(out)) + body


# --- All of it --------------------------------------------------------------------------------------------------------

VALUE = {
    "CFBundleIdentifier": "org.example.ager",
    "numbers": [1, 200, 70000, -3, 2**40, 2**63],
    "real": 2.5,
    "yes": True,
    "data": b"\0\1\2\xff",
    "date": datetime.datetime(2024, 1, 2, 3, 4, 5),
    "text": "M\u00fcnchen \u65e5\u672c",
    "uid": plistlib.UID(3),
    "deep": {"a": [{"b": "c"}], "long": "x" * 40},
}


def main():
    write("proto_xml", "manifest", proto_manifest())
    write("proto_xml", "table", proto_table())
    write("xml_text", "manifest.xml", MANIFEST.encode())
    write("xml_text", "wide.xml", MANIFEST[:200].encode("utf-16"))
    write("java_class", "Ager.class", java_class())
    write("property_list", "binary.plist", plistlib.dumps(VALUE, fmt=plistlib.FMT_BINARY))
    del VALUE["uid"]
    write("property_list", "text.plist", plistlib.dumps(VALUE, fmt=plistlib.FMT_XML))
    write("macho", "wide", macho())
    write("macho", "narrow", macho(False))
    write("macho", "fat", fat([macho(), macho(False)]))


main()
