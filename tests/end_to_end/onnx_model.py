# SPDX-License-Identifier: Apache-2.0
"""Writes a small ONNX model: a picture of 32 x 32 through two convolutions and a dense layer to ten scores."""
import random
import struct


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def message(field: int, content: bytes | str) -> bytes:
    content = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | 2) + varint(len(content)) + content


def weights(name: str, shape: list[int], draw: random.Random) -> bytes:
    """A TensorProto of floats, spread as a trained layer's are."""
    count = 1
    for length in shape:
        count *= length
    values = struct.pack(f"<{count}f", *(draw.gauss(0, 0.08) for _ in range(count)))
    return b"".join(number(1, length) for length in shape) + number(2, 1) + message(8, name) + message(9, values)


def node(kind: str, inputs: list[str], output: str, pads: int = 0) -> bytes:
    out = b"".join(message(1, name) for name in inputs) + message(2, output) + message(3, output) + message(4, kind)
    if pads:
        out += message(5, message(1, "pads") + b"".join(number(8, pads) for _ in range(4)) + number(20, 7))
    return out


def border(name: str, shape: list[int]) -> bytes:
    """A ValueInfoProto: a float tensor of this shape."""
    lengths = b"".join(message(1, number(1, length)) for length in shape)
    return message(1, name) + message(2, message(1, number(1, 1) + message(2, lengths)))


def onnx_model(seed: int = 7) -> bytes:
    draw = random.Random(seed)
    nodes = [node("Conv", ["picture", "w1", "b1"], "c1", 1), node("Relu", ["c1"], "r1"),
             node("Conv", ["r1", "w2", "b2"], "c2", 1), node("Relu", ["c2"], "r2"),
             node("GlobalAveragePool", ["r2"], "p"), node("Flatten", ["p"], "f"),
             node("Gemm", ["f", "w3", "b3"], "g"), node("Softmax", ["g"], "scores")]
    shapes = {"w1": [32, 3, 3, 3], "b1": [32], "w2": [128, 32, 3, 3], "b2": [128], "w3": [128, 10], "b3": [10]}
    graph = b"".join(message(1, each) for each in nodes) + message(2, "tones")
    graph += b"".join(message(5, weights(name, shape, draw)) for name, shape in shapes.items())
    graph += message(11, border("picture", [1, 3, 32, 32])) + message(12, border("scores", [1, 10]))
    return (number(1, 8) + message(2, "pytorch") + message(7, graph) +
            message(8, message(1, "") + number(2, 13)))
