#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of the fuzz targets of model formats that are Protocol Buffers or text.

Usage: make_seeds_models_pb.py [FOLDER]   the corpus folder (default: corpus beside this script).
The same input gives the same bytes, so running it again changes nothing.
"""
import pathlib
import struct
import sys


def varint(value):
    value &= (1 << 64) - 1
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def num(field, value):
    return varint(field << 3) + varint(value)


def msg(field, *parts):
    content = b"".join(p if isinstance(p, bytes) else p.encode() for p in parts)
    return varint(field << 3 | 2) + varint(len(content)) + content


def flt(field, value):
    return varint(field << 3 | 5) + struct.pack("<f", value)


def nums(field, *values):
    return msg(field, *[varint(v) for v in values])


def floats(*values):
    return struct.pack("<%df" % len(values), *values)


def onnx():
    def attribute(name, *value):
        return msg(5, msg(1, name), *value)

    def node(kind, inputs, output, *rest):
        return msg(1, *[msg(1, i) for i in inputs], msg(2, output), msg(4, kind), *rest)

    def value(field, name, *sizes):
        shape = b"".join(msg(1, num(1, s)) if s > 0 else msg(1, msg(2, "n")) for s in sizes)
        return msg(field, msg(1, name), msg(2, msg(1, num(1, 1), msg(2, shape))))

    tensor = msg(5, nums(1, 4, 2), num(2, 1), msg(8, "w"), msg(9, floats(*range(8))))
    external = msg(5, nums(1, 4), num(2, 1), msg(8, "e"), msg(13, msg(1, "location"), msg(2, "x.data")),
                   msg(13, msg(1, "length"), msg(2, "16")), num(14, 1))
    inner = node("Relu", ["a"], "b")
    graph = msg(7, node("Gemm", ["x", "w"], "y", attribute("alpha", flt(2, 0.5)), attribute("l", nums(8, 1, 2))),
                node("If", ["y"], "z", attribute("then_branch", msg(6, inner))),
                node("QuantizeLinear", ["z", "w", "e"], "q"),
                msg(2, "g"), tensor, external, value(11, "x", 0, 4), value(12, "q", 0, 2))
    return {"gemm": num(1, 7) + msg(2, "pytorch") + msg(3, "1.7") + graph + msg(8, msg(1, ""), num(2, 11)) +
                    msg(14, msg(1, "names"), msg(2, "{0: 'cat', 1: 'dog'}")),
            "plain": num(1, 8) + msg(7, node("MatMul", ["x", "w"], "y"), msg(2, "g"), tensor, value(11, "x", 1, 4),
                                     value(12, "y", 1, 2)) + msg(8, msg(1, ""), num(2, 13))}


NCNN = """7767517
5 5
Input data 0 1 data -23330=4,3,8,6,3 0=8 1=6 2=3
Convolution conv 1 1 data a 0=2 1=1 5=1 6=6
ReLU relu 1 1 a b 0=1.000000e-01
LSTM lstm 1 1 b c 0=5 1=120 3=6
Permute last 1 1 c out -23301=2,0.5,3
"""

PNNX = """7767517
3 2
pnnx.Input in 0 1 0 #0=(1,3,8,?)f32
nn.Conv2d conv 1 1 0 1 bias=True @weight=(8,3,3,3)f32 $input=0
pnnx.Output out 1 0 1 #1=(1,8,6,6)f32
"""


def ncnn():
    def ints(*values):
        return struct.pack("<%di" % len(values), *values)

    binary = ints(7767517, 3, 3, 16, 0, 1, 0, 0, 8, -233, 6, 1, 1, 0, 1, 0, 2, 6, 6, 5, 1, -233)
    binary += ints(47, 1, 1, 1, 2, -23301, 2, 7, 3, -233)
    weights = ints(0) + floats(*range(6)) + floats(1, 2)
    return {"text": NCNN.encode() + weights, "pnnx": PNNX.encode(), "binary": binary + weights}


CAFFE = """name: "tiny" # comment
input: 'x' input_dim: [1, 3, 8, 8]
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 3 } } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv" include { phase: TEST }
  convolution_param < num_output: 2, kernel_size: 3; bias_term: false weight_filler { type: "x\\n\\x41" } > }
layers { name: "fc" type: INNER_PRODUCT bottom: "conv" top: "fc" inner_product_param { num_output: 0x10 } }
"""


def caffe():
    def layer(name, kind, bottom, top, *rest):
        return msg(100, msg(1, name), msg(2, kind), msg(3, bottom), msg(4, top), *rest)

    blob = msg(7, msg(5, floats(1, 2, 3)), msg(7, nums(1, 1, 3)))
    new = msg(1, "tiny") + layer("c", "Convolution", "data", "c", blob, msg(106, num(1, 2), num(4, 3), num(2, 0)))
    new += layer("d", "DetectionOutput", "c", "d", msg(204, num(1, 2), msg(4, flt(1, 0.4)), num(6, 2)))
    new += layer("s", "Split", "d", "e", msg(999, "x"))
    old = msg(1, "old") + msg(2, msg(2, "data"), msg(3, "fc"), msg(4, "fc"), num(5, 14),
                              msg(6, num(1, 1), msg(5, floats(1, 2))), msg(17, num(1, 1)))
    old += msg(3, "data") + num(4, 1) + num(4, 2) + msg(8, nums(1, 1, 2))
    return {"new": new, "old": old, "text": CAFFE.encode()}


def tf_graph():
    def attribute(key, *value):
        return msg(5, msg(1, key), msg(2, *value))

    def node(name, op, inputs, *rest):
        return msg(1, msg(1, name), msg(2, op), *[msg(3, i) for i in inputs], *rest)

    shape = msg(2, num(1, -1)) + msg(2, num(1, 4))
    graph = node("x", "Placeholder", [], attribute("dtype", num(6, 1)), attribute("shape", msg(7, shape)))
    graph += node("w", "Const", [], attribute("value", msg(8, num(1, 1), msg(2, shape), msg(4, floats(1, 2)))))
    graph += node("m", "MatMul", ["x", "w", "^x"], attribute("l", msg(1, nums(3, 1, 2), msg(2, "a"))))
    graph += node("s", "Split", ["m:1"], attribute("f", flt(4, 1.5)), attribute("b", num(5, 1)))
    function = msg(1, msg(1, msg(1, "fn")), msg(3, msg(1, "r"), msg(2, "Relu"), msg(3, "x:out:0")))
    graph += msg(2, function) + msg(4, num(1, 27))
    info = msg(1, "x:0") + num(2, 1) + msg(3, shape)
    border = msg(1, "x") + msg(2, info)
    signature = msg(5, msg(1, "serving_default"), msg(2, msg(1, border), msg(2, border)))
    saved = num(1, 1) + msg(2, msg(1, msg(4, "serve"), msg(5, "2.16")), msg(2, graph), signature)
    return {"graph": graph, "saved": saved}


MEDIAPIPE = """input_stream: "IMAGE:image"
node { calculator: "ImageToTensorCalculator" input_stream: "IMAGE:image" output_stream: "TENSORS:t"
  options: { [mediapipe.Options.ext] { model_path: "a/face.tflite" } } }
node: { calculator: "InferenceCalculatorCpu" input_stream: "t" output_side_packet: "out"
  node_options: [ { [type.googleapis.com/x.Y] { a: 1 } } ] }
"""


def mediapipe_graph():
    node = msg(1, msg(2, "InferenceCalculator"), msg(3, "TENSORS:a"), msg(4, "b"), msg(5, "MODEL:m"),
               msg(7, msg(233867213, msg(1, "a/face.tflite"))), msg(8, msg(1, "type/x"), msg(2, num(1, 2))))
    return {"binary": node + num(8, 4) + msg(10, "a") + msg(15, "b") + msg(20, "Sub"), "text": MEDIAPIPE.encode()}


def coreml():
    def feature(name, *kind):
        return msg(1, name) + msg(3, *kind)

    about = msg(2, msg(1, feature("in", msg(4, num(1, 28), num(2, 28), num(3, 20)))),
                msg(10, feature("out", msg(5, nums(1, 2), num(2, 65568)))), msg(11, "label"),
                msg(100, msg(3, "someone"), msg(100, msg(1, "classes"), msg(2, "a,b"))))
    conv = msg(100, num(1, 4), nums(20, 3, 3), msg(50), msg(90, msg(1, floats(1, 2))))
    net = msg(1, msg(1, "c"), msg(2, "in"), msg(3, "x"), conv)
    net += msg(1, msg(2, "x"), msg(3, "out"), msg(130, msg(25, msg(1, msg(1, floats(1))))))
    net += msg(2, msg(1, "in"), msg(10, flt(10, 0.5)))
    labels = msg(100, msg(1, "cat"), msg(1, "dog"))
    classifier = num(1, 4) + about + msg(403, net, labels)
    tree = num(1, 1) + about + msg(402, msg(101, nums(1, 1, 2)))
    pipeline = num(1, 1) + about + msg(200, msg(1, msg(1, classifier), msg(1, tree)))
    kind = msg(2, msg(1, num(1, 10), msg(3, msg(1, num(1, 8)))))
    constant = msg(3, msg(1, "const"), msg(3, msg(1, "w")),
                   msg(5, msg(1, "val"), msg(2, kind, msg(5, msg(1, "weights/weight.bin")))))
    small = msg(3, msg(1, "const"), msg(3, msg(1, "c")),
                msg(5, msg(1, "val"), msg(2, kind, msg(3, msg(1, msg(4, msg(1, "yes"), msg(1, "no")))))))
    use = msg(3, msg(1, "classify"), msg(2, msg(1, "classes"), msg(2, msg(1, msg(1, "c")))),
              msg(2, msg(1, "x"), msg(2, msg(1, msg(1, "w")))), msg(3, msg(1, "y")), msg(4, small))
    function = msg(2, "CoreML5") + msg(3, msg(1, "CoreML5"), msg(2, constant, small, use))
    program = num(1, 6) + about + msg(502, num(1, 1), msg(2, msg(1, "main"), msg(2, function)))
    return {"classifier": classifier, "pipeline": pipeline, "program": program}


def netdef():
    op = msg(1, "data") + msg(2, "out") + msg(4, "Conv")
    caffe2 = msg(1, "net") + msg(2, op, msg(5, msg(1, "kernel"), num(3, 3))) + msg(7, "data") + msg(8, "out")
    mace = msg(1, op, msg(6, msg(1, "strides"), nums(6, 1, 1))) + msg(3, nums(1, 4), msg(5, "w")) + msg(100, msg(1, "d"))
    paddle = msg(1, num(1, 0), num(2, -1), msg(3, msg(1, "x"), msg(2, num(1, 7))),
                 msg(4, msg(1, msg(1, "X"), msg(2, "x")), msg(3, "relu"))) + msg(4, num(1, 0))
    pieces = msg(1, msg(1, "<unk>"), flt(2, 0), num(3, 2)) + msg(1, msg(1, "a"), flt(2, -1)) + msg(1, msg(1, "b"))
    return {"caffe2": caffe2, "mace": mace, "paddle": paddle, "pieces": pieces + msg(2, num(3, 2)) + msg(3, msg(1, "n"))}


CASCADE = """<?xml version="1.0"?>
<!-- a licence -->
<opencv_storage><cascade type_id="opencv-cascade-classifier"><stageType>BOOST</stageType>
<featureType>LBP</featureType><height>24</height><width>20</width><stageNum>1</stageNum>
<stages><_><maxWeakCount>1</maxWeakCount><stageThreshold>-1.5e+00</stageThreshold><weakClassifiers>
<_><internalNodes>0 -1 0 3</internalNodes><leafValues>1. -1.</leafValues></_></weakClassifiers></_></stages>
<features><_><rect>1 2 3 4</rect></_></features></cascade></opencv_storage>
"""

OLD_CASCADE = """<opencv_storage><eyes type_id="opencv-haar-classifier"><size>24 20</size><stages><_><trees><_><_>
<feature><rects><_>0 0 3 3 -1.</_></rects><tilted>0</tilted></feature><threshold>0.1</threshold>
<left_val>1.</left_val><right_val>-1.</right_val></_></_></trees><stage_threshold>2.</stage_threshold></_></stages>
</eyes></opencv_storage>
"""

YAML_CASCADE = """%YAML:1.0
cascade: !!opencv-cascade-classifier
   featureType: HAAR
   height: 24
   width: 24
   stages:
      - stageThreshold: -1.
        weakClassifiers:
           - internalNodes: [ 0, -1, 0, 1. ]
"""


def opencv_storage():
    return {"cascade": CASCADE.encode(), "old": OLD_CASCADE.encode(), "yaml": YAML_CASCADE.encode(),
            "svm": b"<opencv_storage><opencv_ml_svm><format>3</format></opencv_ml_svm></opencv_storage>\n"}


TNN = '''"1 2 1 4206624770 ,"
"data 1 3 8 8 ,"
" data conv out ,"
"out ,"
" 2 ,"
"Convolution conv 1 1 data conv 1 3 8 3 3 ,"
"ReLU relu 1 1 conv out ,"
'''

TREES = """tree
version=v4
num_class=1
max_feature_idx=3
objective=binary sigmoid:1

Tree=0
leaf_value=1 -1

end of trees

pandas_categorical:null
"""

DARKNET = """# a network
[net]
width=416
height=416
channels=3

[convolutional]
filters=16
activation=leaky

[yolo]
mask = 0,1,2
"""


def text_models():
    return {"tnn": TNN.encode(), "trees": TREES.encode(), "darknet": DARKNET.encode()}


XGBOOST = ('{"learner":{"gradient_booster":{"model":{"gbtree_model_param":{"num_trees":"5"}},"name":"gbtree"},'
           '"learner_model_param":{"num_feature":"4"},"objective":{"name":"binary:logistic"}},"version":[3,2,0]}')
MXNET = ('{"nodes":[{"op":"null","name":"data","inputs":[]},{"op":"null","name":"fc_weight","inputs":[]},'
         '{"op":"FullyConnected","name":"fc","attrs":{"num_hidden":"2"},"inputs":[[0,0,0],[1,0,0]]}],'
         '"arg_nodes":[0,1],"heads":[[2,0,0]]}')

PADDLE = ('{"base_code":{"magic":"pir","trainable":true,"version":4},"program":{"regions":[{"#":"region_0","blocks":[{"#":"b",'
          '"args":[],"ops":[{"#":"p","A":[0,1,1,"w"],"O":{"%":1,"TT":{"#":"0.t_dtensor","D":[{"#":"0.t_f32"},[4,3,3,3],"NCHW"]}}},'
          '{"#":"1.data","A":[{"AT":{"#":"0.a_str","D":"x"},"N":"name"}],"I":[],'
          '"O":[{"%":2,"TT":{"#":"0.t_dtensor","D":[{"#":"0.t_f32"},[-1,3,8,8],"NCHW"]}}]},'
          '{"#":"1.conv2d","A":[{"AT":{"#":"0.a_array","D":[{"#":"0.a_i32","D":1},{"#":"0.a_i32","D":2}]},"N":"strides"},'
          '{"AT":{"#":"0.a_str","D":"/Conv/"},"N":"struct_name"}],"I":[{"%":2},{"%":1}],'
          '"O":[{"%":3,"TT":{"#":"0.t_dtensor","D":[{"#":"0.t_f32"},[-1,4,6,6],"NCHW"]}}]},'
          '{"#":"2.if","A":[],"I":[{"%":3}],"O":[{"%":4}],"regions":[{"blocks":[{"ops":[{"#":"1.relu","I":[{"%":3}],"O":[{"%":5}]}]}]}]},'
          '{"#":"1.fetch","A":[],"I":[{"%":4}],"O":[{"%":6,"TT":{"#":"0.t_dtensor","D":[{"#":"0.t_f32"},[-1,4,6,6],"NCHW"]}}]}]}]}]}}')


def json_models():
    return {"xgboost": XGBOOST.encode(), "mxnet": MXNET.encode(), "paddle": PADDLE.encode()}


MIL = """program(1.0)
[buildInfo = dict<tensor<string, []>, tensor<string, []>>({{"coremlc-component-MIL", "5.33; }"}})]
{
    func main<ios16>(tensor<fp32, [1, 3, 8, 8]> x) {
            tensor<int32, [2]> s = const()[name = tensor<string, []>("s"), val = tensor<int32, [2]>([2, 2])];
            tensor<fp16, [4, 3]> w = const()[val = tensor<fp16, [4, 3]>(BLOBFILE(path = tensor<string, []>("w.bin")))];
            tensor<fp16, [1]> a, tensor<fp16, [1]> b = split(strides = s, weight = w, x = (x, x), k = tensor<int32, []>(1));
        } -> (a, b);
}
"""


def coreml_compiled():
    net = ('{"storage":"model.espresso.weights","format_version":200,"layers":[{"type":"convolution","name":"c",'
           '"bottom":"data","top":"x,y","K":3,"blob_weights":3}]}')
    metadata = ('[{"metadataOutputVersion":"3.0","inputSchema":[{"name":"i","type":"Image","width":"8","height":"8"}],'
                '"outputSchema":[{"name":"o","dataType":"Float32","shape":"[1, 2]"}],"userDefinedMetadata":{"classes":"a,b"}}]')
    def counted(content):
        return struct.pack("<Q", len(content)) + content

    feature = msg(1, "i") + msg(3, msg(4, num(1, 8), num(2, 8), num(3, 20)))
    ages = msg(1, "o") + msg(3, msg(5, nums(1, 1, 101), num(2, 65568)))
    function = msg(20, msg(1, "main"), msg(2, feature), msg(3, ages))
    about = msg(1, feature) + msg(10, ages) + msg(100, msg(3, "someone"))

    def data(kind, description):
        return (struct.pack("<II", kind, 7) + bytes(20) + counted(b"generic") + struct.pack("<I", 7) + bytes(28) +
                counted(description) + struct.pack("<I", kind) + bytes(12))

    notes = (counted(b"SpecificationDetails") + struct.pack("<Q", 1) + counted(b"modelName") + counted(b"Age"))
    manifest = '{"itemInfoEntries":{"A":{"path":"m.mlmodel"}},"rootModelIdentifier":"A"}'
    return {"mil": MIL.encode(), "net": net.encode(), "shape": b'{"layer_shapes":{"x":{"k":3}}}',
            "metadata": metadata.encode(), "manifest": manifest.encode(), "data": data(502, about),
            "functions": data(502, function + msg(21, "main")), "notes": notes,
            "other_header": struct.pack("<I", 500) + bytes([7] * 9) + counted(about)}


def protobuf():
    return {"wire": num(1, 300) + msg(2, "text") + flt(3, 1.5) + varint(4 << 3 | 1) + bytes(8) + nums(5, 1, -1),
            "text": CAFFE.encode(), "labels": b"{0: 'cat', '1': \"dog\"}"}


def main():
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "corpus"
    for make in (protobuf, onnx, ncnn, caffe, tf_graph, mediapipe_graph, coreml, netdef, opencv_storage, text_models,
                 json_models, coreml_compiled):
        target = folder / make.__name__
        target.mkdir(parents=True, exist_ok=True)
        for name, content in make().items():
            (target / name).write_bytes(content)


if __name__ == "__main__":
    main()
