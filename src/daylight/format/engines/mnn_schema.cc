// SPDX-License-Identifier: Apache-2.0
// MNN's schema (schema/default/*.fbs of that project, all versions up to 3.x) in short form.
#include "daylight/format/engines/mnn_schema.h"

#include <array>
#include <string_view>

namespace dl {
namespace {

// Numbers 0-122.
constexpr std::array<std::string_view, 123> kFirstNames = {"AbsVal",
                                                           "QuantizedAdd",
                                                           "ArgMax",
                                                           "AsString",
                                                           "InstanceNorm",
                                                           "BatchToSpaceND",
                                                           "Bias",
                                                           "BinaryOp",
                                                           "Bnll",
                                                           "Cast",
                                                           "Concat",
                                                           "Const",
                                                           "Convolution",
                                                           "ConvolutionDepthwise",
                                                           "Crop",
                                                           "CropAndResize",
                                                           "Cubic",
                                                           "Deconvolution",
                                                           "DeconvolutionDepthwise",
                                                           "Dequantize",
                                                           "DetectionOutput",
                                                           "Dropout",
                                                           "Eltwise",
                                                           "ELU",
                                                           "Unique",
                                                           "Exp",
                                                           "ExpandDims",
                                                           "Fill",
                                                           "Flatten",
                                                           "FloorMod",
                                                           "Gather",
                                                           "GatherV2",
                                                           "Im2Seq",
                                                           "InnerProduct",
                                                           "Input",
                                                           "Interp",
                                                           "Log",
                                                           "LRN",
                                                           "LSTM",
                                                           "MatMul",
                                                           "MVN",
                                                           "NonMaxSuppression",
                                                           "NonMaxSuppressionV2",
                                                           "Normalize",
                                                           "Pack",
                                                           "Padding",
                                                           "Permute",
                                                           "Pooling",
                                                           "Power",
                                                           "PReLU",
                                                           "PriorBox",
                                                           "Proposal",
                                                           "QuantizedAvgPool",
                                                           "QuantizedBiasAdd",
                                                           "QuantizedConcat",
                                                           "QuantizedDepthwiseConv2D",
                                                           "QuantizedLogistic",
                                                           "QuantizedMatMul",
                                                           "QuantizedMaxPool",
                                                           "QuantizedRelu",
                                                           "QuantizedRelu6",
                                                           "QuantizedReshape",
                                                           "QuantizedSoftmax",
                                                           "QuantizeMaxMin",
                                                           "QuantizeV2",
                                                           "Range",
                                                           "Rank",
                                                           "ReduceJoin",
                                                           "Reduction",
                                                           "ReLU",
                                                           "ReLU6",
                                                           "RequantizationRange",
                                                           "Requantize",
                                                           "Reshape",
                                                           "Resize",
                                                           "RNN",
                                                           "ROIPooling",
                                                           "Scale",
                                                           "Selu",
                                                           "Seq2Out",
                                                           "Shape",
                                                           "Sigmoid",
                                                           "Size",
                                                           "Slice",
                                                           "SliceTf",
                                                           "Softmax",
                                                           "SpaceToBatchND",
                                                           "SpatialProduct",
                                                           "Split",
                                                           "Segment",
                                                           "Squeeze",
                                                           "StridedSlice",
                                                           "StringJoin",
                                                           "StringSplit",
                                                           "StringToNumber",
                                                           "TanH",
                                                           "TfQuantizedConv2D",
                                                           "Threshold",
                                                           "Tile",
                                                           "TopKV2",
                                                           "Transpose",
                                                           "UnaryOp",
                                                           "Unpack",
                                                           "Where",
                                                           "Moments",
                                                           "RNNSequenceGRU",
                                                           "BatchMatMul",
                                                           "Unsqueeze",
                                                           "CosineSimilarity",
                                                           "DepthToSpace",
                                                           "SpaceToDepth",
                                                           "ReverseSequence",
                                                           "Pooling3D",
                                                           "Convolution3D",
                                                           "MatrixBandPart",
                                                           "GatherND",
                                                           "DetectionPostProcess",
                                                           "UnravelIndex",
                                                           "ScatterNd",
                                                           "OneHot",
                                                           "BroadcastTo",
                                                           "Dilation2D",
                                                           "Interp3D"};

struct NumberedName {
  std::int32_t number;
  std::string_view name;
};
constexpr NumberedName kLaterNames[] = {
    {128, "Raster"},
    {129, "ConvertTensor"},
    {130, "ArgMin"},
    {131, "LinSpace"},
    {132, "RandomUniform"},
    {133, "TensorArray"},
    {134, "TensorArraySize"},
    {135, "TensorArrayRead"},
    {136, "TensorArrayWrite"},
    {137, "TensorArrayGather"},
    {138, "TensorArrayScatter"},
    {139, "TensorArraySplit"},
    {140, "TensorArrayConcat"},
    {141, "LSTMBlockCell"},
    {142, "Reverse"},
    {143, "ROIAlign"},
    {144, "RandomNormal"},
    {145, "TensorArrayInsert"},
    {146, "TensorArrayErase"},
    {147, "EyeLike"},
    {148, "CumSum"},
    {149, "Det"},
    {150, "CumProd"},
    {151, "ScatterElements"},
    {152, "GatherElements"},
    {153, "Svd"},
    {154, "Histogram"},
    {155, "DynamicQuant"},
    {156, "Stft"},
    {256, "Plugin"},
    {257, "Select"},
    {258, "ZerosLike"},
    {259, "Broastcast"},
    {260, "SetDiff1D"},
    {261, "ReluGrad"},
    {262, "Identity"},
    {263, "PoolGrad"},
    {264, "SoftmaxGrad"},
    {265, "Conv2DBackPropFilter"},
    {266, "TrainableParam"},
    {267, "BatchNorm"},
    {268, "ConvTranspose3D"},
    {269, "ZeroGrad"},
    {298, "LinearAttention"},
    {299, "Attention"},
    {300, "FmhaV2"},
    {301, "Fmhca"},
    {302, "SeqLen2Spatial"},
    {303, "SplitGeLU"},
    {304, "GroupNorm"},
    {512, "Extra"},
    {513, "ConvInt8"},
    {514, "Int8ToFloat"},
    {515, "DepthwiseConvInt8"},
    {516, "PoolInt8"},
    {517, "FloatToInt8"},
    {518, "EltwiseInt8"},
    {600, "While"},
    {601, "If"},
    {603, "LayerNorm"},
    {604, "GridSample"},
};

constexpr std::string_view kSchema = R"(
|OpParameter QuantizedAdd ArgMax AsString Axis BatchNorm BinaryOp Blob CastParam Convolution2D Crop CropAndResize Dequantize DetectionOutput Eltwise ExpandDims Fill Flatten Gather GatherV2 InnerProduct Input Interp LRN LSTM MatMul NonMaxSuppressionV2 Normalize PackParam Permute Plugin Pool PRelu PriorBox Proposal QuantizedAvgPool QuantizedBiasAdd QuantizedConcat QuantizedLogistic QuantizedMatMul QuantizedMaxPool QuantizedRelu QuantizedRelu6 QuantizedReshape QuantizedSoftmax QuantizeMaxMin QuantizeV2 Range Rank ReduceJoin ReductionParam Relu Relu6 RequantizationRange Requantize Reshape Resize RoiPooling Scale Selu Size Slice SliceTf SpaceBatch SqueezeParam StridedSliceParam TensorConvertInfo TfQuantizedConv2D TopKV2 Transpose UnaryOp MomentsParam RNNParam BatchMatMulParam QuantizedFloatParam DepthSpaceParam EltwiseInt8 ReverseSequenceParam Extra Pool3D Convolution3D ELU DetectionPostProcessParam OneHotParam PadParam WhileParam IfParam RandomUniform LayerNorm TensorArray LSTMBlockCell GridSample LoopParam ImageProcessParam CumSum GroupNorm FmhaV2Param FmhcaParam AttentionParam
Blob dims:[i32] dataFormat:i8 dataType:i32 uint8s:[u8]* int8s:[i8]* int32s:[i32] int64s:[i64] float32s:[f32]* strings:[s] external:[i64]
ListValue s:[s] i:[i32] f:[f32] b:[b] type:[i32]
Attribute s:s i:i32 b:b key:s type:i32 f:f32 tensor:Blob list:ListValue func:NamedAttrList
NamedAttrList name:s attr:[Attribute]
Convolution2DCommon padX:i32 padY:i32 kernelX:i32 kernelY:i32 strideX:i32 strideY:i32 dilateX:i32 dilateY:i32 padMode:i8 group:i32 outputCount:i32 inputCount:i32 relu:b relu6:b pads:[i32] outPads:[i32] hasOutputShape:b
Convolution3DCommon dilates:[i32] strides:[i32] kernels:[i32] pads:[i32] padMode:i8 inputCount:i32 outputCount:i32 relu:b relu6:b group:i32
SparseCommon method:i8 args:[Attribute]
IDSTQuan buffer:[i8]* alpha:[f32]* type:i32 useInt32:b quantScale:f32 scaleIn:f32 scaleOut:f32 aMax:i32 aMin:i32 readType:i32 has_scaleInt:b shapeInt32:b weightSize:i32 index:[i32]*
QuantizedFloatParam weight:[i8]* bias:[i32]* scale:[f32]* tensorScale:[f32]* method:i8 nbits:i32 zeroPoint:i8 outputZeroPoint:i8 clampMin:i8 clampMax:i8 winogradAttr:[i32] outputDataType:i32 floatzeros:[f32]*
Convolution2D common:Convolution2DCommon weight:[f32]* bias:[f32]* quanParameter:IDSTQuan symmetricQuan:QuantizedFloatParam sparseParameter:SparseCommon external:[i64]
Convolution3D common:Convolution3DCommon weight:[f32]* bias:[f32]* external:[i64]
InnerProduct outputCount:i32 biasTerm:i32 weightSize:i32 weight:[f32]* bias:[f32]* axis:i32 transpose:b quanParameter:IDSTQuan
Pool padX:i32 padY:i32 isGlobal:b kernelX:i32 kernelY:i32 strideX:i32 strideY:i32 type:i8 padType:i8 dataType:i32 ceilModel:b pads:[i32] countType:i8
Pool3D strides:[i32] kernels:[i32] pads:[i32] type:i8 padType:i8 isGlobal:b
Relu slope:f32
Relu6 minValue:f32 maxValue:f32
PRelu slopeCount:i32 slope:[f32]*
ELU alpha:f32
LRN regionType:i32 localSize:i32 alpha:f32 beta:f32 bias:f32
ArgMax outMaxVal:i32 topK:i32 axis:i32 softmaxThreshold:i32
Axis axis:i32
Input dims:[i32] dtype:i32 dformat:i8
LSTM outputCount:i32 weightSize:i32 clippingThreshold:f32 weightI:Blob weightH:Blob bias:Blob weightIQ:Blob weightIA:Blob quantScale:f32
Slice axis:i32 slicePoints:[i32] sourceType:i8
BatchNorm channels:i32 slopeData:[f32]* meanData:[f32]* varData:[f32]* biasData:[f32]* Adata:[f32]* Bdata:[f32]* epsilon:f32
Scale channels:i32 scaleData:[f32]* biasData:[f32]* external:[i64]
Eltwise type:i8 coeff:[f32]
Flatten axis:i32 endAxis:i32
Permute dims:[i32]
Reshape dims:[i32] dimType:i8
DetectionOutput classCount:i32 nmsThresholdold:f32 nmsTopK:i32 keepTopK:i32 confidenceThreshold:f32 shareLocation:i32 backgroundLable:i32 varianceEncodedTarget:i32 codeType:i32 objectnessScore:f32
RoiPooling pooledWidth:i32 pooledHeight:i32 spatialScale:f32 samplingRatio:i32 aligned:b poolType:i8 outputGrad:b
Proposal featStride:i32 baseSize:i32 preNmsTopN:i32 afterNmsTopN:i32 nmsThreshold:f32 minSize:i32 ratios:Blob scales:Blob anchors:Blob
Interp widthScale:f32 heightScale:f32 outputWidth:i32 outputHeight:i32 resizeType:i32 alignCorners:b halfPixelCenters:b widthOffset:f32 heightOffset:f32 cubicCoeffA:f32 ctm:i8 depthScale:f32 outputDepth:i32 depthOffset:f32
Resize xScale:f32 yScale:f32
PriorBox minSizes:[f32] maxSizes:[f32] aspectRatios:[f32] variances:[f32] flip:b clip:b imageWidth:i32 imageHeight:i32 stepWidth:i32 stepHeight:i32 offset:f32
Normalize acrossSpatial:i32 channelShared:i32 eps:f32 scale:[f32]*
EltwiseInt8 type:i8 inputQuan0:QuantizedFloatParam inputQuan1:QuantizedFloatParam outputQuan:QuantizedFloatParam
CumSum exclusive:b reverse:b
BinaryOp opType:i32 T:i32 activationType:i32
PackParam dataType:i32 axis:i32
StridedSliceParam Index:i32 T:i32 beginMask:i32 endMask:i32 ellipsisMask:i32 newAxisMask:i32 shrinkAxisMask:i32 fromType:i32
SqueezeParam squeezeDims:[i32]
CastParam srcT:i32 dstT:i32
ReductionParam operation:i8 dim:[i32] coeff:f32 keepDims:b dType:i32
Gather Tindices:i32 Tparams:i32 validateIndices:b axis:i32
ExpandDims T:i32 Tdim:i32 axis:i32
Selu scale:f32 alpha:f32
AsString T:i32 precision:i32 scientific:b shortest:b width:i32 fillString:s
ReduceJoin keepDims:b separator:s
UnaryOp opType:i32 T:i32 tableInt8:[i8]*
TopKV2 T:i32 sorted:b
CropAndResize extrapolationValue:f32 method:i8
GatherV2 Taxis:i32 Tindices:i32 Tparams:i32
Range Tidx:i32
Size outputDataType:i32
Transpose Tperm:i32
SliceTf T:i32
QuantizeMaxMin T:i32
Crop axis:i32 offset:[i32]
SpaceBatch blockShape:Blob padding:Blob
MatMul T:i32 transposeA:b transposeB:b weight:[f32]* bias:[f32]*
MomentsParam dim:[i32] keepDims:b dType:i32
RNNParam numUnits:i32 isBidirectionalRNN:b linearBeforeReset:b keepAllOutputs:b fwGateWeight:Blob fwGateBias:Blob fwCandidateWeight:Blob fwCandidateBias:Blob fwRecurrentBias:Blob bwGateWeight:Blob bwGateBias:Blob bwCandidateWeight:Blob bwCandidateBias:Blob bwRecurrentBias:Blob
BatchMatMulParam adjX:b adjY:b
DepthSpaceParam blockSize:i32 mode:i8
ReverseSequenceParam batchDim:i32 seqDim:i32
DetectionPostProcessParam maxDetections:i32 maxClassesPerDetection:i32 detectionsPerClass:i32 nmsScoreThreshold:f32 iouThreshold:f32 numClasses:i32 useRegularNMS:b centerSizeEncoding:[f32]
OneHotParam dType:i32 axis:i32
PadParam mode:i8
LayerNorm axis:[i32] epsilon:f32 gamma:[f32]* beta:[f32]* group:i32 external:[i64] useRMSNorm:b
GroupNorm axis:i32 epsilon:f32 gamma:[f32]* beta:[f32]* group:i32 bSwish:i32 external:[i64]
RandomUniform seed:i32 seed2:i32 type:i32 low:f32 high:f32
TensorArray dynamic_size:b identical_element_shapes:b element_shape:[i32] T:i32
LSTMBlockCell cell_clip:f32 forget_bias:f32 use_peephole:b
QuantizedParam zeroPoint:i32 scale:f32
QuantizedAdd activationType:i8 input1QuantizedParam:QuantizedParam input2QuantizedParam:QuantizedParam outputQuantizedParam:QuantizedParam
Dequantize inputQuantizedParam:QuantizedParam mode:i8 modelFormat:i8 type:i32
QuantizedAvgPool kernelX:i32 kernelY:i32 modelFormat:i8 outputActivationMax:i32 outputActivationMin:i32 padType:i8 padX:i32 padY:i32 strideX:i32 strideY:i32 type:i32
QuantizedMaxPool kernelX:i32 kernelY:i32 modelFormat:i8 outputActivationMax:i32 outputActivationMin:i32 padType:i8 padX:i32 padY:i32 strideX:i32 strideY:i32 type:i32
QuantizedBiasAdd bias:[i32]* inputType:i32 max:i32 min:i32 outputType:i32
QuantizedConcat activationType:i8 axis:i32 inputScale:[f32] inputZeroPoint:[i32] outputQuantizedParam:QuantizedParam
QuantizedLogistic inputQuantizedParam:QuantizedParam outputQuantizedParam:QuantizedParam
QuantizedMatMul transposeA:b transposeB:b
QuantizedRelu type:i32
QuantizedRelu6 type:i32
QuantizedReshape dims:[i32] modelFormat:i8
QuantizedSoftmax beta:f32 inputScale:f32
QuantizeV2 type:i32 mode:i8 roundMode:i8
TfQuantizedConv2D bias:[i32]* biasflag:b common:Convolution2DCommon weight:[u8]* activationType:i8 multiplier:i32 outMax:i32 outMin:i32 shift:i32 biasQuantizedParam:QuantizedParam depthMultiplier:i32 filterQuantizedParam:QuantizedParam inputQuantizedParam:QuantizedParam modelFormat:i8 outputQuantizedParam:QuantizedParam
TensorConvertInfo source:i8 dest:i8
GridSample mode:i8 paddingMode:i8 alignCorners:b backward:b
ImageProcessParam filterType:i8 sourceFormat:i32 destFormat:i32 wrap:i8 mean:[f32] normal:[f32] transform:[f32] paddingValue:i8 shape:[i32] outputType:i32 draw:b
Plugin type:s attr:[Attribute]
Extra type:s engine:s info:[i8]* attr:[Attribute] vector:b
StringVec data:[s]
WhileParam cond_graph:s body_graph:s aliases_inputs:[StringVec]- aliases_outputs:[s]- aliases_updates:[StringVec]-
IfParam then_graph:s else_graph:s aliases_inputs:[StringVec]- aliases_outputs:[StringVec]-
View offset:i32 stride:[i32]
RegionCommand op:Op steps:[i32] size:[i32] indexes:[i32] view:[View] fuse:i32 iterIndexes:[i32]
Region src:View dst:View size:[i32] origin:i32
TensorQuantInfo scale:f32 zero:f32 min:f32 max:f32 type:i32
TensorDescribe blob:Blob index:i32 name:s- regions:[Region] quantInfo:TensorQuantInfo
LoopParam tensorNumber:i32 outputIndexes:[i32] inputIndexes:[i32] midTensors:[TensorDescribe] parallel:b loopNumber:i32 commands:[RegionCommand]
FmhaV2Param heads:i32
FmhcaParam heads:i32
AttentionParam kv_cache:b
Op inputIndexes:[i32] main:|OpParameter name:s- outputIndexes:[i32] type:i32 defaultDimentionFormat:i8 externalPath:s
)";

}  // namespace

std::string mnn_operator_name(std::int32_t type) {
  if (type >= 0 && static_cast<std::size_t>(type) < kFirstNames.size())
    return std::string(kFirstNames[static_cast<std::size_t>(type)]);
  for (const NumberedName& row : kLaterNames) {
    if (row.number == type) return std::string(row.name);
  }
  return {};
}

const FlatSchema& mnn_schema() {
  static const FlatSchema kParsed{kSchema};
  return kParsed;
}

}  // namespace dl
