#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of the fuzz targets of binary model formats: FlatBuffers, archives, and those known by a header.

Usage: make_seeds_binary_models.py [FOLDER]   the corpus folder (default: corpus beside this script).
Every seed is a small model that its reader accepts; tests/unit/format/binary_models_test.cc says what it holds. The same input
gives the same bytes, so running it again changes nothing.
"""
import io
import json
import pathlib
import struct
import sys
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from make_seeds_b import Scalar, Writer, model, numbers  # noqa: E402


def flat(root, identifier=b""):
    return Writer(identifier).finish(root)


def i32(*values):
    return numbers("i", values)


def i64(*values):
    return numbers("q", values)


def f32(*values):
    return numbers("f", values)


def u8(value):
    return Scalar("B", value)


def mnn():
    source = {1: u8(21), 2: {0: i32(1, 2), 1: Scalar("i", 1)}, 3: "in", 4: i32(0), 5: Scalar("i", 34)}
    common = {0: Scalar("i", 1), 2: Scalar("i", 3), 10: Scalar("i", 2), 11: Scalar("i", 2)}
    convolution = {0: i32(0), 1: u8(9), 2: {0: common, 1: f32(1, 2, 3, 4), 2: f32(5, 6)}, 3: "conv", 4: i32(1),
                   5: Scalar("i", 12)}
    quantised = {0: i32(1), 1: u8(9), 2: {0: common, 3: {0: numbers("b", (1, 2, 3)), 1: f32(0.5), 2: Scalar("i", 1)}},
                 4: i32(2), 5: Scalar("i", 12)}
    describe = {1: Scalar("i", 2), 4: {0: Scalar("f", 0.5), 1: Scalar("f", 3)}}
    return flat({0: "biz", 1: [describe], 3: [source, convolution, quantised], 6: Scalar("b", 1), 7: ["data", "h", "out"],
                 10: [{0: "body", 4: [convolution]}], 11: "uuid"})


def ort():
    def value(name, shape):
        dims = [{0: {0: Scalar("b", 1), 1: Scalar("q", side)}} if side >= 0 else {0: {0: Scalar("b", 2), 2: "N"}} for side in shape]
        return {0: name, 2: {1: u8(1), 2: {0: Scalar("i", 1), 1: {0: dims}}}}

    def node(kind, inputs, output, attributes=()):
        return {3: Scalar("i", 11), 5: kind, 8: inputs, 9: [output], 10: list(attributes)}

    body = {2: [node("Neg", ["y"], "z")]}
    weight = {0: "w", 2: i64(2), 3: Scalar("i", 1), 4: numbers("B", bytes(8))}
    graph = {0: [weight], 1: [value("x", [-1, 3]), value("y", [1, 4])],
             2: [node("Conv", ["x", "w"], "h", [{0: "strides", 2: Scalar("i", 7), 9: i64(2, 2)}, {0: "t", 2: Scalar("i", 4), 6: weight}]),
                 node("If", ["h"], "y", [{0: "then", 2: Scalar("i", 5), 7: body}])],
             4: [{0: Scalar("I", 0)}], 5: ["x"], 6: ["y"]}
    return flat({0: "1.15.1", 1: {2: "pytorch", 7: graph, 9: [{0: "k", 1: "v"}]},
                 3: {0: [{0: "id", 1: [{0: "T", 1: [{1: Scalar("I", 0)}]}]}]}}, b"ORTM")


def executorch():
    tensor = lambda sizes, buffer=0: {0: u8(5), 1: {0: Scalar("b", 6), 2: i32(*sizes), 5: Scalar("I", buffer)}}
    call = lambda kind, index, values: {0: u8(kind), 1: {0: Scalar("i", index), 1: i32(*values)}}
    plan = {0: "forward", 2: [tensor([1, 4]), tensor([2, 4], 1), tensor([1, 2]), {0: u8(7), 1: {0: i64(1, 2)}}], 3: i32(0), 4: i32(2),
            5: [{2: [call(1, 0, [0, 1, 3, 2]), call(2, 0, [2, 2])]}], 6: [{0: "aten::linear", 1: "out"}], 7: [{0: "XnnpackBackend"}]}
    plain = flat({1: [plan], 2: [{}, {0: numbers("B", b"w" * 32)}], 4: [{0: Scalar("Q", 0), 1: Scalar("Q", 8)}]}, b"ET12")
    base = len(plain) + 24
    head = b"eh00" + struct.pack("<IQQ", 24, base, base)
    root = struct.unpack_from("<I", plain)[0]
    return struct.pack("<I", root + 24) + plain[4:8] + head + plain[8:] + b"s" * 8


def ptmf():
    instruction = lambda op, x, n=0: struct.pack("<bxHi", op, n, x)
    code = instruction(8, 1) + instruction(0, 0) + instruction(12, 0)
    function = {0: "m.forward", 1: numbers("q", struct.unpack("<3q", code)), 2: [{0: "aten::add", 1: "Tensor"}],
                3: numbers("I", (0, 1)), 4: ["int"],
                6: {0: [{0: "self", 1: "m"}, {0: "x", 1: "Tensor"}], 1: [{0: "", 1: "Tensor"}]}}
    tensor = {0: Scalar("I", 0), 1: Scalar("b", 6), 3: i32(2, 3), 4: i32(3, 1)}
    return flat({0: Scalar("I", 9), 1: [{0: "labels.txt", 1: "a"}], 2: numbers("I", (2,)),
                 4: [{}, {0: u8(11), 1: {0: i64(1, 2)}}, {0: u8(16), 1: function}, {0: u8(5), 1: tensor}],
                 6: [{0: numbers("B", bytes(24))}], 10: Scalar("I", 17)}, b"PTMF")


def circle():
    tensors = [{0: i32(1, 2), 1: Scalar("b", 0), 2: Scalar("I", 0), 3: "in"}, {0: i32(2), 2: Scalar("I", 1), 3: "w"},
               {0: i32(1, 2), 3: "out", 4: {2: f32(0.5), 3: i64(1)}}]
    op = {0: Scalar("I", 0), 1: i32(0, 1), 2: i32(2), 3: u8(11), 4: {0: Scalar("b", 1)}}
    return flat({1: [{0: Scalar("b", 0)}, {0: Scalar("b", -2)}],
                 2: [{0: tensors, 1: i32(0), 2: i32(2), 3: [op, {0: Scalar("I", 1), 1: i32(2), 2: i32(2)}], 4: "main"}], 3: "one",
                 4: [{}, {0: numbers("B", bytes(8))}]}, b"CIR0")


def mslite():
    tensors = [{1: Scalar("i", 43), 2: i32(1, 2), 9: "in"}, {1: Scalar("i", 43), 2: i32(2, 2), 6: numbers("B", bytes(16)), 9: "w"},
               {1: Scalar("i", 32), 2: i32(1, 2), 7: [{0: Scalar("d", 0.5), 1: Scalar("i", 3), 6: u8(1)}], 9: "out"}]
    node = {0: "conv", 2: {0: u8(35), 1: {1: i64(3, 3), 2: i64(2, 2)}}, 3: numbers("I", (0, 1)), 4: numbers("I", (2,))}
    return flat({0: "net", 1: "2.0.0", 3: numbers("I", (0,)), 4: numbers("I", (2,)), 6: [node], 7: tensors,
                 8: [{0: "main", 1: numbers("I", (0,))}]}, b"MSL2")


def litertlm():
    pair = lambda key, text: {0: key, 1: u8(9), 2: {0: text}}
    section = {0: [pair("model_type", "tf_lite_prefill_decode")], 1: Scalar("Q", 16384), 2: Scalar("Q", 16400), 3: u8(3)}
    head = flat({0: {0: [pair("author", "me")]}, 1: {0: [section]}})
    out = b"LITERTLM" + struct.pack("<IIIIQ", 1, 2, 3, 0, 32 + len(head)) + head
    return out + bytes(16384 - len(out)) + b"section of bytes"


def armnn():
    return flat({0: [{0: u8(9), 1: {}}, {0: u8(15), 1: {}}], 1: i32(0), 2: i32(1)}, b"ARMN")


def archive(members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, content in members:
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            file.writestr(info, content)
    return out.getvalue()


def short(text):
    return b"\x8c" + bytes([len(text)]) + text.encode()


def torch_tensors():
    return (b"\x80\x02}X\x01\0\0\0wctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0"
            b"0X\x03\0\0\0cpuK\x02tQK\0K\x02\x85K\x01\x85tRs.")


def torch_bytecode():
    pair = lambda name, value: short(name) + value + b"\x86"
    op = lambda name, x: short(name) + b"K" + bytes([x]) + b"K\0\x87"
    argument = b"(" + pair("name", short("x")) + pair("type", short("Tensor")) + b"t"
    table = (b"(" + pair("instructions", b"(" + op("LOADC", 0) + op("OP", 0) + op("RET", 0) + b"t")
             + pair("operators", b"(" + short("aten::add") + short("Tensor") + b"K\x02\x87t")
             + pair("constants", b"(K\x02t") + b"t")
    schema = b"(" + pair("arguments", b"(" + argument + b"t") + pair("returns", b"(" + argument + b"t") + b"t"
    return b"\x80\x04(K\x08(" + short("m.forward") + table + schema + b"tt."


def torch_legacy():
    key = b"X\x01\0\0\x000"
    system = b"\x80\x02}X\x0d\0\0\0little_endian\x88s."
    return (b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19." + b"\x80\x02M\xe9\x03." + system + torch_tensors()
            + b"\x80\x02]" + key + b"a." + struct.pack("<Q", 2) + b"w" * 8)


SOURCE = ("class Net(Module):\n  def forward(self: X,\n    image: Tensor) -> Tensor:\n"
          "    y = torch.conv2d(image, CONSTANTS.c0, None, [1, 1])\n    return ops.prepacked.run(y, 0.5)\n")
KERAS = {"class_name": "Functional", "config": {"name": "age", "layers": [
    {"class_name": "InputLayer", "config": {"name": "in", "batch_shape": [None, 8]}, "inbound_nodes": []},
    {"class_name": "Dense", "config": {"name": "d", "units": 3, "activation": "relu"}, "inbound_nodes": [[["in", 0, 0, {}]]]}],
    "output_layers": [["d", 0, 0]]}}


def archives():
    torch = [("m/data.pkl", torch_tensors()), ("m/constants.pkl", b"\x80\x02)."), ("m/data/0", b"w" * 8), ("m/version", b"3\n")]
    return {
        "bytecode": archive(torch + [("m/bytecode.pkl", torch_bytecode()), ("m/extra/labels.txt", b"cat\ndog\n")]),
        "script": archive(torch + [("m/code/net.py", SOURCE)]),
        "task": archive([("face_detector.tflite", model()), ("face_blendshapes.tflite", model())]),
        "keras": archive([("metadata.json", b'{"keras_version": "3.4.1"}'), ("config.json", json.dumps(KERAS))]),
        "dlc": archive([("model", b"x"), ("model.params", b"y"), ("dlc.metadata", b"converter-version=2\n")]),
        "npz": archive([("w.npy", numpy(b"2, 3", 24)), ("b.npy", numpy(b"3,", 12)), ("v.npy", numpy(b"3, 4", 48)),
                        ("c.npy", numpy(b"4,", 16))]),
        "pickle": torch_tensors(),
        "bytecode_pickle": torch_bytecode(),
        "text_pickle": b"(dp0\nVa\np1\n(lp2\nI1\naL2L\naF1.25\naI01\nasS'x'\ng2\ns.",
        "source": SOURCE.encode(),
    }


def text(value):
    return struct.pack("<Q", len(value)) + value.encode()


def gguf():
    out = b"GGUF" + struct.pack("<IQQ", 3, 1, 2) + text("general.architecture") + struct.pack("<I", 8) + text("llama")
    out += text("tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, 2) + text("a") + text("bc")
    out += text("w") + struct.pack("<IQQIQ", 2, 4, 2, 0, 0)
    return out + bytes(-len(out) % 32) + b"w" * 32


def ggjt():
    return b"tjgg" + struct.pack("<8I", 3, 2, 32, 256, 8, 2, 4, 1) + (struct.pack("<I", 3) + b"abc" + bytes(4)) * 2


def safetensors():
    head = json.dumps({"__metadata__": {"format": "pt"}, "w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    return struct.pack("<Q", len(head)) + head + b"d" * 8


def numpy(shape, size):
    head = b"{'descr': '<f4', 'fortran_order': False, 'shape': (" + shape + b"), }\n"
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(head)) + head + bytes(size)


def hdf5():
    def attribute(name, value):
        out = b"\x03\0" + struct.pack("<HHH", len(name) + 1, 8, 4) + b"\0" + name.encode() + b"\0\x13\0\0\0"
        return out + struct.pack("<I", len(value)) + b"\x02\0\0\0" + value

    messages = [(12, attribute("keras_version", b"2.11.0")), (12, attribute("model_config", json.dumps(KERAS).encode())),
                (6, b"\x01\0\x01d" + struct.pack("<Q", 48))]
    body = b"".join(bytes([kind]) + struct.pack("<H", len(content)) + b"\0" + content for kind, content in messages)
    root = b"OHDR\x02\x01" + struct.pack("<H", len(body)) + body + b"sum!"
    return b"\x89HDF\r\n\x1a\n\x03\x08\x08\0" + struct.pack("<QqQQ", 0, -1, 48 + len(root), 48) + bytes(4) + root


def traineddata():
    return struct.pack("<iqqq", 3, -1, 28, -1) + b"112\nNULL 0 Common 0\n"


def dlib_number(value):
    data = abs(value).to_bytes(max(1, (abs(value).bit_length() + 7) // 8), "little")
    return bytes([len(data) | (0x80 if value < 0 else 0)]) + data


def dlib_predictor():
    n = dlib_number
    real = n(3) + n(-2)
    column = lambda rows: n(-rows) + n(-1) + real * rows
    tree = n(1) + n(0) + n(1) + real + n(2) + column(4) * 2
    return n(1) + column(4) + n(1) + n(2) + tree * 2 + n(1) + n(2) + n(0) + n(1) + n(1) + n(2) + real * 4


def dlib_network():
    name = lambda value: dlib_number(len(value)) + value.encode()
    return dlib_number(1) + name("loss_metric_2") + dlib_number(1) + name("fc_2") + name("con_5") * 2 + name("relu_")


def xgboost():
    key = lambda name: b"L" + struct.pack(">q", len(name)) + name.encode()
    string = lambda value: b"S" + key(value)
    learner = (b"{" + key("gradient_booster") + b"{" + key("name") + string("gbtree") + key("weights") + b"[$d#L"
               + struct.pack(">q", 2) + bytes(8) + b"}" + key("learner_model_param") + b"{" + key("num_feature") + string("4") + b"}"
               + key("objective") + b"{" + key("name") + string("reg:squarederror") + b"}" + key("list") + b"[ZTi\x01]" + b"}")
    return b"{" + key("learner") + learner + key("version") + b"[#L" + struct.pack(">q", 2) + b"i\x01i\x02" + b"}"


def xgboost_old():
    return b"binf" + struct.pack("<fIi", 0.5, 4, 0) + bytes(124) + text("binary:logistic") + text("gbtree") + bytes(32)


def catboost():
    core = flat({0: "FlabuffersModel_v1", 1: {}})
    return b"CBM1" + struct.pack("<I", len(core)) + core


def tnn():
    string = lambda value: struct.pack("<I", len(value)) + value.encode()
    return struct.pack("<IiI", 0xFABC0002, 1, 5) + string("Convolution") + string("conv1") + bytes(16)


def paddle_params():
    one = bytes(16) + struct.pack("<i", 6) + b"\x08\x05\x10\x02\x10\x03" + bytes(24)
    return one * 2


def mxnet():
    array = struct.pack("<IiIqqiii", 0xF993FAC9, 0, 2, 2, 3, 1, 0, 0) + bytes(24)
    return struct.pack("<QQQ", 0x112, 0, 1) + array + struct.pack("<Q", 1) + text("arg:w")


def rknn():
    description = b'{"name": "net", "target_platform": ["rk3588"]}'
    return b"RKNN\0\0\0\0" + struct.pack("<QQ", 6, 8) + bytes(40) + b"d" * 8 + struct.pack("<Q", len(description)) + description


def om():
    head = b"IMOD" + struct.pack("<II", 256, 7) + bytes(64) + struct.pack("<IBBBB", 32, 0, 0, 0, 0) + b"net".ljust(32, b"\0")
    return head.ljust(256, b"\0") + struct.pack("<I", 1) + struct.pack("<III", 0, 0, 8) + bytes(16)


def kmodel():
    return struct.pack("<7I", 3, 0, 0, 1, 0, 64, 1) + struct.pack("<II", 0, 8) + struct.pack("<II", 10240, 16) + bytes(16)


def openfst():
    string = lambda value: struct.pack("<i", len(value)) + value.encode()
    return struct.pack("<i", 2125659606) + string("vector") + string("standard") + struct.pack("<iiQqqq", 2, 0, 3, 0, 5, 9) + bytes(8)


def headers():
    sklearn = (b"\x80\x04\x8c\x0bsklearn.svm\x94\x8c\x03SVC\x94\x93\x94)\x81\x94}\x94(\x8c\x01C\x94G\x3f\xf8\0\0\0\0\0\0ub.")
    return {
        "gguf": gguf(), "ggml_legacy": ggjt(), "safetensors": safetensors(), "keras_h5": hdf5(),
        "tesseract": traineddata(), "dlib_predictor": dlib_predictor(), "dlib_network": dlib_network(), "pickle_model": sklearn,
        "torch_legacy_pickle": torch_legacy(), "xgboost": xgboost(), "xgboost_old": xgboost_old(), "catboost": catboost(),
        "tnn_model": tnn(), "paddle_lite_nb": struct.pack("<H", 2) + b"v2.10.0".ljust(16, b"\0") + struct.pack("<Q", 8) + bytes(16),
        "paddle_params": paddle_params(), "mxnet_params": mxnet(), "rknn": rknn(), "rknn_encrypted": b"CYPTRKNN" + bytes(24),
        "om_davinci": om(), "dlc_v4": b"\xd5\x0a\x04\0\0\0\0\0" + flat({0: Scalar("I", 1)}, b"NETD") + bytes(16),
        "megengine": b"mgb0001" + bytes(16), "kmodel": kmodel(), "kaldi": b"\0B<TransitionModel> <Topology> ", "openfst": openfst(),
        "armnn": armnn(), "openvx": b"VPMN" + struct.pack("<HHI", 1, 2, 0) + b"net".ljust(64, b"\0") + struct.pack("<I", 3),
    }


def seeds():
    flats = {"mnn": mnn(), "ort": ort(), "executorch": executorch(), "ptmf": ptmf(), "circle": circle(), "mslite": mslite(),
             "litertlm": litertlm(), "tflite": model(with_metadata=True)}
    return {"flatbuffer_models": flats, "archive_models": archives(), "header_models": headers()}


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "corpus"
    for target, files in seeds().items():
        (root / target).mkdir(parents=True, exist_ok=True)
        for name, content in sorted(files.items()):
            (root / target / name).write_bytes(content)
            print(f"{target}/{name}: {len(content)} bytes")


if __name__ == "__main__":
    main()
