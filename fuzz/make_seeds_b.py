#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of the DEX and TensorFlow Lite fuzz targets from text: smali for DEX, nested values for FlatBuffers.

Usage: make_seeds_b.py [FOLDER]   the corpus folder (default: corpus beside this script); needs the `smali` program.
The same input gives the same bytes, so running it again changes nothing.
"""
import io
import pathlib
import struct
import subprocess
import sys
import tempfile
import zipfile

SMALI = {
    # name: (API level, classes)
    "members": (15, [r"""
.class public abstract Lseed/Members;
.super Ljava/lang/Object;
.implements Ljava/lang/Runnable;
.source "Members.java"
.annotation runtime Lseed/Mark;
    value = { 0x1, 0x2 }
    name = "mark"
    nested = .subannotation Lseed/Inner; depth = 3L .end subannotation
.end annotation
.field public static final BYTE:B = -0x1t
.field public static final CHAR:C = 'x'
.field public static final DOUBLE:D = 1.5
.field public static final FLOAT:F = 116.0f
.field public static final LONG:J = 0x123456789abL
.field public static final TEXT:Ljava/lang/String; = "model.tflite \u00e9 \ud83d\ude00 \u0000"
.field public static final TRUE:Z = true
.field private size:[I
.method public constructor <init>()V
    .registers 1
    invoke-direct {p0}, Ljava/lang/Object;-><init>()V
    return-void
.end method
.method public abstract run()V
.end method
.method public native load(Ljava/lang/String;[JD)I
.end method
"""]),
    "code": (15, [r"""
.class public Lseed/Code;
.super Ljava/lang/Object;
.method public static all(I[F)I
    .registers 20
    const/4 v0, -1
    const/16 v1, 0x7fff
    const v2, 0x3f800000
    const/high16 v3, 0x437f0000
    const-wide/16 v4, -1
    const-wide/32 v6, 0x12345678
    const-wide v8, 0x400921fb54442d18L
    const-wide/high16 v10, 0x4060000000000000L
    const-string v12, "a"
    const-string/jumbo v13, "b"
    const-class v14, Lseed/Code;
    move/from16 v0, p0
    move-object/from16 v15, p1
    array-length v1, v15
    new-array v2, v1, [I
    fill-array-data v2, :data
    :try_start
    aget v3, v15, v0
    div-float/2addr v3, v3
    float-to-int v3, v3
    shr-int/lit8 v3, v3, 0x10
    and-int/lit16 v3, v3, 0xff
    invoke-static/range {v0 .. v1}, Lseed/Code;->two(II)I
    move-result v0
    filled-new-array {v0, v1}, [I
    move-result-object v2
    :try_end
    .catch Ljava/lang/ArithmeticException; {:try_start .. :try_end} :handler
    .catchall {:try_start .. :try_end} :all
    packed-switch v0, :packed
    sparse-switch v0, :sparse
    if-eqz v0, :handler
    if-lt v0, v1, :all
    goto :handler
    :all
    move-exception v4
    throw v4
    :handler
    return v0
    :data
    .array-data 4
        0x1
        0x2
        0x3
    .end array-data
    :packed
    .packed-switch 0x0
        :handler
        :all
    .end packed-switch
    :sparse
    .sparse-switch
        -0x5 -> :handler
        0x40000000 -> :all
    .end sparse-switch
.end method
.method public static two(II)I
    .registers 2
    cmp-long v0, v0, v0
    return v0
.end method
"""]),
    "handles": (28, [r"""
.class public Lseed/Handles;
.super Ljava/lang/Object;
.method public static f(Ljava/lang/invoke/MethodHandle;Ljava/lang/Object;)V
    .registers 3
    invoke-polymorphic {p0, p1}, Ljava/lang/invoke/MethodHandle;->invoke([Ljava/lang/Object;)Ljava/lang/Object;, (Ljava/lang/Object;)V
    const-method-handle v0, invoke-static@Lseed/Handles;->f(Ljava/lang/invoke/MethodHandle;Ljava/lang/Object;)V
    const-method-type v0, (I)V
    invoke-custom {p1}, site("run", (Ljava/lang/Object;)V, "extra")@Lseed/Handles;->boot(Ljava/lang/invoke/MethodHandles$Lookup;Ljava/lang/String;Ljava/lang/invoke/MethodType;Ljava/lang/String;)Ljava/lang/invoke/CallSite;
    return-void
.end method
""", r"""
.class public interface abstract Lseed/Empty;
.super Ljava/lang/Object;
"""]),
}


def assemble(api, classes):
    """The DEX bytes of smali classes."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        files = []
        for number, text in enumerate(classes):
            files.append(root / f"c{number}.smali")
            files[-1].write_text(text.strip() + "\n")
        subprocess.run(["smali", "assemble", "--jobs", "1", "--api", str(api), "--output", str(root / "out.dex"), *map(str, files)],
                       check=True)
        return (root / "out.dex").read_bytes()


def container(dex):
    """A version-041 container of twice the same file: only its header is right, which is what the reader walks by."""
    one = bytearray(dex)
    one[4:7] = b"041"
    return bytes(one) + bytes(one)


class Scalar:
    def __init__(self, code, value):
        self.bytes = struct.pack("<" + code, value)


def numbers(code, values):
    return (code, list(values))


class Writer:
    """FlatBuffers from dict (table: field number -> value), list of dicts or str, str, numbers(...) and Scalar."""

    def __init__(self, identifier):
        self.out = bytearray(4) + identifier

    def align(self, to, ahead=0):
        while (len(self.out) + ahead) % to:
            self.out.append(0)

    def finish(self, root):
        position = self.write(root)
        struct.pack_into("<I", self.out, 0, position)
        self.align(4)
        return bytes(self.out)

    def write(self, value):
        if isinstance(value, str):
            return self.vector(value.encode(), len(value.encode()), 4, b"\0")
        if isinstance(value, tuple):
            code, items = value
            return self.vector(struct.pack(f"<{len(items)}{code}", *items), len(items), max(4, struct.calcsize(code)))
        if isinstance(value, list):
            at = self.vector(bytes(4 * len(value)), len(value), 4)
            for i, item in enumerate(value):
                slot = at + 4 + 4 * i
                struct.pack_into("<I", self.out, slot, self.write(item) - slot)
            return at
        return self.table(value)

    def vector(self, data, count, alignment, end=b""):
        self.align(alignment, 4)
        at = len(self.out)
        self.out += struct.pack("<I", count) + data + end
        self.align(4)
        return at

    def table(self, fields):
        count = max(fields, default=-1) + 1
        self.align(4)
        vtable = len(self.out)
        self.out += bytes(4 + 2 * count)
        self.align(8, 4)
        table = len(self.out)
        self.out += struct.pack("<i", table - vtable)
        children = []
        width_of = lambda v: len(v.bytes) if isinstance(v, Scalar) else 4
        for width in (8, 4, 2, 1):
            for number, value in fields.items():
                if width_of(value) != width:
                    continue
                self.align(width)
                struct.pack_into("<H", self.out, vtable + 4 + 2 * number, len(self.out) - table)
                if isinstance(value, Scalar):
                    self.out += value.bytes
                else:
                    children.append((len(self.out), value))
                    self.out += bytes(4)
        struct.pack_into("<HH", self.out, vtable, 4 + 2 * count, len(self.out) - table)
        self.align(4)
        for slot, value in children:
            struct.pack_into("<I", self.out, slot, self.write(value) - slot)
        return table


def metadata():
    image = {0: Scalar("B", 2), 1: {0: Scalar("b", 1), 1: {0: Scalar("I", 4), 1: Scalar("I", 4)}}}
    boxes = {0: Scalar("B", 3), 1: {0: numbers("I", [0, 1, 2, 3]), 1: Scalar("b", 1), 2: Scalar("b", 1)},
             2: {0: Scalar("i", 1), 1: Scalar("i", 2)}}
    audio = {0: Scalar("B", 4), 1: {0: Scalar("I", 16000), 1: Scalar("I", 1)}}
    normalise = {0: Scalar("B", 1), 1: {0: numbers("f", [127.5]), 1: numbers("f", [127.5])}}
    calibrate = {0: Scalar("B", 2), 1: {0: Scalar("b", 1), 1: Scalar("f", 0.1)}}
    labels = {0: "labels.txt", 1: "names", 2: Scalar("b", 2), 3: "en", 4: "1"}
    inputs = [{0: "image", 3: image, 4: [normalise], 5: {0: numbers("f", [1]), 1: numbers("f", [0])}}, {0: "sound", 3: audio}]
    outputs = [{0: "boxes", 2: ["batch", "box"], 3: boxes, 4: [calibrate], 6: [labels]}]
    subgraph = {0: "main", 2: inputs, 3: outputs, 4: [labels], 5: [normalise], 9: [{0: "custom", 1: numbers("B", b"xyz")}]}
    return Writer(b"M001").finish({0: "seed", 1: "d", 2: "v", 3: [subgraph], 4: "a", 5: "l", 6: [labels], 7: "1.5.0"})


def model(identifier=b"TFL3", with_metadata=False, extras=False):
    quantised = {2: numbers("f", [0.5]), 3: numbers("q", [128]), 6: Scalar("i", 0)}
    tensors = [
        {0: numbers("i", [1, 2, 2, 1]), 1: Scalar("b", 3), 3: "in", 4: quantised, 7: numbers("i", [-1, 2, 2, 1])},
        {0: numbers("i", [1, 2, 2, 1]), 2: Scalar("I", 1), 3: "weights"},
        {0: numbers("i", [1, 4]), 3: "out"},
    ]
    operators = [
        {1: numbers("i", [0, 1, -1]), 2: numbers("i", [2]), 3: Scalar("B", 1), 4: {3: Scalar("b", 1)}},
        {0: Scalar("I", 1), 1: numbers("i", [2]), 2: numbers("i", [2]), 3: Scalar("B", 17), 4: {0: numbers("i", [1, 4])}},
        {0: Scalar("I", 2), 1: numbers("i", [2]), 2: numbers("i", [2]), 5: numbers("B", b"options")},
    ]
    buffers = [{}, {0: numbers("B", struct.pack("<4f", 1, 2, 3, 4))}]
    entries = [{0: "min_runtime_version", 1: Scalar("I", 1)}]
    if with_metadata:
        buffers.append({0: numbers("B", metadata())})
        entries.append({0: "TFLITE_METADATA", 1: Scalar("I", 2)})
    if extras:
        tensors[1][6] = {0: numbers("i", [0]), 1: numbers("i", [0]), 2: [{0: Scalar("b", 1), 2: Scalar("B", 1), 3: {0: numbers("i", [0, 1])},
                                                                         4: Scalar("B", 3), 5: {0: numbers("B", b"\0")}}]}
        tensors[2][9] = [{0: numbers("i", [1])}]
        operators[0][11] = Scalar("B", 21)
        operators[0][12] = {0: "odml.composite", 2: numbers("B", b"attributes")}
        buffers.append({1: Scalar("Q", 16), 2: Scalar("Q", 8)})
    signature = {0: [{0: "x", 1: Scalar("I", 0)}], 1: [{0: "y", 1: Scalar("I", 2)}], 2: "serving_default", 4: Scalar("I", 0)}
    codes = [{0: Scalar("b", 3), 2: Scalar("i", 1), 3: Scalar("i", 3)}, {0: Scalar("b", 22)},
             {0: Scalar("b", 32), 1: "Custom", 3: Scalar("i", 32)}]
    subgraph = {0: tensors, 1: numbers("i", [0]), 2: numbers("i", [2]), 3: operators, 4: "main"}
    return Writer(identifier).finish({0: Scalar("I", 3), 1: codes, 2: [subgraph], 3: "seed", 4: buffers, 6: entries, 7: [signature]})


def packed(content):
    out = io.BytesIO(content)
    with zipfile.ZipFile(out, "a") as archive:
        for name, text, method in (("labels.txt", "a\nb\n", zipfile.ZIP_STORED), ("v.txt", "w\n" * 50, zipfile.ZIP_DEFLATED)):
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = method
            archive.writestr(info, text)
    return out.getvalue()


def seeds():
    dex = {name: assemble(api, classes) for name, (api, classes) in SMALI.items()}
    dex["container"] = container(dex["members"])
    tflite = {"plain": model(), "no_identifier": model(b""), "extras": model(extras=True), "inside": b"prefix" + model() + b"tail"}
    meta = {"alone": metadata(), "in_model": model(with_metadata=True), "with_files": packed(model(with_metadata=True))}
    return {"dex": dex, "tflite": tflite, "tflite_metadata": meta}


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "corpus"
    for target, files in seeds().items():
        (root / target).mkdir(parents=True, exist_ok=True)
        for name, content in sorted(files.items()):
            (root / target / name).write_bytes(content)
            print(f"{target}/{name}: {len(content)} bytes")


if __name__ == "__main__":
    main()
