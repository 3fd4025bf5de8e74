# SPDX-License-Identifier: Apache-2.0
"""Compares captured tensors with those that were made, and with the model computed by numpy. Usage: ... TRACE.jsonl SCORES MODEL"""
import hashlib
import json
import os
import random
import struct
import sys

import numpy

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from onnx_model import onnx_model  # noqa: E402


def weights():
    """The same draws, in the same order, as onnx_model makes."""
    draw = random.Random(7)
    shapes = {"w1": [32, 3, 3, 3], "b1": [32], "w2": [128, 32, 3, 3], "b2": [128], "w3": [128, 10], "b3": [10]}
    return {name: numpy.array([draw.gauss(0, 0.08) for _ in range(int(numpy.prod(shape)))], "float32").reshape(shape)
            for name, shape in shapes.items()}


def convolution(picture, weight, bias):
    padded = numpy.pad(picture.astype("float64"), ((0, 0), (1, 1), (1, 1)))
    out = numpy.zeros((weight.shape[0], *picture.shape[1:]))
    for y in range(3):
        for x in range(3):
            part = padded[:, y:y + picture.shape[1], x:x + picture.shape[2]]
            out += numpy.einsum("oc,chw->ohw", weight[:, :, y, x].astype("float64"), part)
    return numpy.maximum(out + bias[:, None, None], 0)


def scores_of(picture, w):
    hidden = convolution(convolution(picture, w["w1"], w["b1"]), w["w2"], w["b2"]).mean(axis=(1, 2))
    logits = hidden @ w["w3"] + w["b3"]
    powers = numpy.exp(logits - logits.max())
    return powers / powers.sum()


assert open(sys.argv[3], "rb").read() == onnx_model()
events = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
method = {event["call"]: event["method_name"] for event in events if event["kind"] == "enter"}
arguments = [event for event in events if event["kind"] == "argument"]
inputs = [event for event in arguments if "createTensorFromBuffer" in method[event["call"]] and event["type"].endswith("Buffer")]
outputs = [event for event in arguments if ".getBuffer" in method[event["call"]] and event["index"] == -1]
printed = [[int(word, 16) for word in line.split()] for line in open(sys.argv[2], encoding="ascii")]
assert len(inputs) == len(outputs) == len(printed) == 20, (len(inputs), len(outputs), len(printed))
w = weights()
for run in range(20):
    picture = ((numpy.arange(3 * 32 * 32) * 37 + run * 101) % 256).astype("float32") / numpy.float32(255)
    assert inputs[run]["buffer"]["sha256"] == hashlib.sha256(picture.tobytes()).hexdigest(), run
    captured = bytes.fromhex(outputs[run]["buffer"]["bytes"])
    assert captured == struct.pack("<10I", *printed[run]), run
    difference = numpy.abs(numpy.frombuffer(captured, "<f4") - scores_of(picture.reshape(3, 32, 32), w)).max()
    assert difference < 1e-6, (run, difference)
runs = [call for call, name in method.items() if ";.run(" in name]
assert len(runs) == 20
print("20 inputs equal by digest, 20 outputs bit-equal to the program's, and to numpy's to 1e-6")
