#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of rebuild_fuzz: two small apps in smali that run a model, one over loops and arrays, one over collections.

Usage: make_seeds_rebuild.py [FOLDER]   the corpus folder (default: corpus beside this script); needs the `smali` program.
The same input gives the same bytes, so running it again changes nothing.
"""
import pathlib
import sys

from make_seeds_b import assemble

LOADER = r"""
.class public Lapp/Loader;
.super Ljava/lang/Object;
.field static final LABELS:[Ljava/lang/String;
.method static constructor <clinit>()V
    .locals 3
    const/4 v0, 0x2
    new-array v0, v0, [Ljava/lang/String;
    const-string v1, "Female"
    const/4 v2, 0x0
    aput-object v1, v0, v2
    const-string v1, "Male"
    const/4 v2, 0x1
    aput-object v1, v0, v2
    sput-object v0, Lapp/Loader;->LABELS:[Ljava/lang/String;
    return-void
.end method
.method public static map(Landroid/content/Context;Ljava/lang/String;)Ljava/nio/ByteBuffer;
    .locals 8
    invoke-virtual {p0}, Landroid/content/Context;->getAssets()Landroid/content/res/AssetManager;
    move-result-object v0
    invoke-virtual {v0, p1}, Landroid/content/res/AssetManager;->openFd(Ljava/lang/String;)Landroid/content/res/AssetFileDescriptor;
    move-result-object v0
    new-instance v1, Ljava/io/FileInputStream;
    invoke-virtual {v0}, Landroid/content/res/AssetFileDescriptor;->getFileDescriptor()Ljava/io/FileDescriptor;
    move-result-object v2
    invoke-direct {v1, v2}, Ljava/io/FileInputStream;-><init>(Ljava/io/FileDescriptor;)V
    invoke-virtual {v1}, Ljava/io/FileInputStream;->getChannel()Ljava/nio/channels/FileChannel;
    move-result-object v2
    sget-object v3, Ljava/nio/channels/FileChannel$MapMode;->READ_ONLY:Ljava/nio/channels/FileChannel$MapMode;
    invoke-virtual {v0}, Landroid/content/res/AssetFileDescriptor;->getStartOffset()J
    move-result-wide v4
    invoke-virtual {v0}, Landroid/content/res/AssetFileDescriptor;->getDeclaredLength()J
    move-result-wide v6
    invoke-virtual/range {v2 .. v7}, Ljava/nio/channels/FileChannel;->map(Ljava/nio/channels/FileChannel$MapMode;JJ)Ljava/nio/MappedByteBuffer;
    move-result-object v0
    return-object v0
.end method
"""

# A screen that makes an interpreter; `body` goes from the bitmap in v0 to whatever is shown.
MAIN = r"""
.class public Lapp/Main;
.super Landroid/app/Activity;
.field tf:Lorg/tensorflow/lite/Interpreter;
.field tv:Landroid/widget/TextView;
.method public constructor <init>()V
    .locals 0
    invoke-direct {p0}, Landroid/app/Activity;-><init>()V
    return-void
.end method
.method public onCreate(Landroid/os/Bundle;)V
    .locals 4
    new-instance v0, Landroid/widget/TextView;
    invoke-direct {v0, p0}, Landroid/widget/TextView;-><init>(Landroid/content/Context;)V
    iput-object v0, p0, Lapp/Main;->tv:Landroid/widget/TextView;
    new-instance v1, Lorg/tensorflow/lite/Interpreter;
    const-string v2, "model.tflite"
    invoke-static {p0, v2}, Lapp/Loader;->map(Landroid/content/Context;Ljava/lang/String;)Ljava/nio/ByteBuffer;
    move-result-object v2
    invoke-direct {v1, v2}, Lorg/tensorflow/lite/Interpreter;-><init>(Ljava/nio/ByteBuffer;)V
    iput-object v1, p0, Lapp/Main;->tf:Lorg/tensorflow/lite/Interpreter;
    return-void
.end method
.method protected onActivityResult(IILandroid/content/Intent;)V
    .locals 20
    move-object/from16 v15, p0
    move-object/from16 v0, p3
    invoke-virtual {v0}, Landroid/content/Intent;->getExtras()Landroid/os/Bundle;
    move-result-object v0
    const-string v1, "data"
    invoke-virtual {v0, v1}, Landroid/os/Bundle;->get(Ljava/lang/String;)Ljava/lang/Object;
    move-result-object v0
    check-cast v0, Landroid/graphics/Bitmap;
    const/16 v3, 0x20
    const/4 v5, 0x1
    invoke-static {v0, v3, v3, v5}, Landroid/graphics/Bitmap;->createScaledBitmap(Landroid/graphics/Bitmap;IIZ)Landroid/graphics/Bitmap;
    move-result-object v0
BODY
.end method
"""

PIXELS = r"""
    const/16 v3, 0x400
    new-array v4, v3, [I
    move-object v5, v0
    move-object v6, v4
    const/4 v7, 0x0
    const/16 v8, 0x20
    const/4 v9, 0x0
    const/4 v10, 0x0
    const/16 v11, 0x20
    const/16 v12, 0x20
    invoke-virtual/range {v5 .. v12}, Landroid/graphics/Bitmap;->getPixels([IIIIIII)V
    const/16 v6, 0x3000
    invoke-static {v6}, Ljava/nio/ByteBuffer;->allocateDirect(I)Ljava/nio/ByteBuffer;
    move-result-object v1
    const/4 v7, 0x0
    :pixels
    if-ge v7, v3, :done
    aget v9, v4, v7
CHANNELS
    add-int/lit8 v7, v7, 0x1
    goto :pixels
    :done
    const/4 v3, 0x1
    const/4 v4, 0x2
    filled-new-array {v3, v4}, [I
    move-result-object v3
    sget-object v4, Ljava/lang/Float;->TYPE:Ljava/lang/Class;
    invoke-static {v4, v3}, Ljava/lang/reflect/Array;->newInstance(Ljava/lang/Class;[I)Ljava/lang/Object;
    move-result-object v2
    check-cast v2, [[F
    iget-object v14, v15, Lapp/Main;->tf:Lorg/tensorflow/lite/Interpreter;
    invoke-virtual {v14, v1, v2}, Lorg/tensorflow/lite/Interpreter;->run(Ljava/lang/Object;Ljava/lang/Object;)V
    const/4 v3, 0x0
    aget-object v4, v2, v3
    const/4 v6, 0x0
    const/4 v7, 0x1
    :best
    array-length v8, v4
    if-ge v7, v8, :found
    aget v9, v4, v7
    aget v10, v4, v6
    cmpl-float v11, v9, v10
    if-lez v11, :next
    move v6, v7
    :next
    add-int/lit8 v7, v7, 0x1
    goto :best
    :found
    sget-object v5, Lapp/Loader;->LABELS:[Ljava/lang/String;
    aget-object v5, v5, v6
    iget-object v6, v15, Lapp/Main;->tv:Landroid/widget/TextView;
    invoke-virtual {v6, v5}, Landroid/widget/TextView;->setText(Ljava/lang/CharSequence;)V
    return-void
"""

# One colour of the packed pixel in v9, scaled to 0..1, behind what the buffer v1 holds.
CHANNEL = r"""
    shr-int/lit8 v10, v9, SHIFT
    and-int/lit16 v10, v10, 0xff
    int-to-float v10, v10
    const/high16 v12, 0x437f0000
    div-float/2addr v10, v12
    invoke-virtual {v1, v10}, Ljava/nio/ByteBuffer;->putFloat(F)Ljava/nio/ByteBuffer;
"""
PIXELS = PIXELS.replace("CHANNELS", "".join(CHANNEL.replace("SHIFT", shift) for shift in ("0x10", "0x8", "0x0")))

COLLECTIONS = r"""
    invoke-static {v0}, Lorg/tensorflow/lite/support/image/TensorImage;->fromBitmap(Landroid/graphics/Bitmap;)Lorg/tensorflow/lite/support/image/TensorImage;
    move-result-object v1
    invoke-virtual {v1}, Lorg/tensorflow/lite/support/image/TensorImage;->getBuffer()Ljava/nio/ByteBuffer;
    move-result-object v1
    const/4 v3, 0x1
    new-array v2, v3, [Ljava/lang/Object;
    const/4 v4, 0x0
    aput-object v1, v2, v4
    const/4 v5, 0x2
    filled-new-array {v3, v5}, [I
    move-result-object v5
    sget-object v6, Ljava/lang/Float;->TYPE:Ljava/lang/Class;
    invoke-static {v6, v5}, Ljava/lang/reflect/Array;->newInstance(Ljava/lang/Class;[I)Ljava/lang/Object;
    move-result-object v5
    check-cast v5, [[F
    new-instance v6, Ljava/util/HashMap;
    invoke-direct {v6}, Ljava/util/HashMap;-><init>()V
    invoke-static {v4}, Ljava/lang/Integer;->valueOf(I)Ljava/lang/Integer;
    move-result-object v7
    invoke-virtual {v6, v7, v5}, Ljava/util/HashMap;->put(Ljava/lang/Object;Ljava/lang/Object;)Ljava/lang/Object;
    iget-object v14, v15, Lapp/Main;->tf:Lorg/tensorflow/lite/Interpreter;
    :try_start
    invoke-virtual {v14, v2, v6}, Lorg/tensorflow/lite/Interpreter;->runForMultipleInputsOutputs([Ljava/lang/Object;Ljava/util/Map;)V
    :try_end
    .catch Ljava/lang/RuntimeException; {:try_start .. :try_end} :failed
    aget-object v5, v5, v4
    aget v8, v5, v3
    const/high16 v9, 0x42e80000
    mul-float/2addr v8, v9
    float-to-int v10, v8
    packed-switch v10, :ages
    new-instance v11, Ljava/lang/StringBuilder;
    invoke-direct {v11}, Ljava/lang/StringBuilder;-><init>()V
    const-string v12, "age: "
    invoke-virtual {v11, v12}, Ljava/lang/StringBuilder;->append(Ljava/lang/String;)Ljava/lang/StringBuilder;
    invoke-virtual {v11, v10}, Ljava/lang/StringBuilder;->append(I)Ljava/lang/StringBuilder;
    invoke-virtual {v11}, Ljava/lang/StringBuilder;->toString()Ljava/lang/String;
    move-result-object v11
    goto :show
    :child
    const-string v11, "child"
    :show
    new-instance v12, Ljava/util/ArrayList;
    invoke-direct {v12}, Ljava/util/ArrayList;-><init>()V
    invoke-virtual {v12, v11}, Ljava/util/ArrayList;->add(Ljava/lang/Object;)Z
    invoke-virtual {v12, v4}, Ljava/util/ArrayList;->get(I)Ljava/lang/Object;
    move-result-object v11
    check-cast v11, Ljava/lang/String;
    iget-object v6, v15, Lapp/Main;->tv:Landroid/widget/TextView;
    invoke-virtual {v6, v11}, Landroid/widget/TextView;->setText(Ljava/lang/CharSequence;)V
    return-void
    :failed
    move-exception v11
    return-void
    :ages
    .packed-switch 0x0
        :child
        :child
    .end packed-switch
"""


def app(body):
    return [MAIN.replace("BODY", body.strip("\n")), LOADER]


def main():
    folder = (pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "corpus") / "rebuild"
    folder.mkdir(parents=True, exist_ok=True)
    for name, body in (("collections", COLLECTIONS), ("pixels", PIXELS)):
        content = assemble(15, app(body))
        (folder / name).write_bytes(content)
        print(f"rebuild/{name}: {len(content)} bytes")


if __name__ == "__main__":
    main()
