// SPDX-License-Identifier: Apache-2.0
// MindSpore Lite's operators (mindspore-lite/schema/ops.fbs of that project) in short form.
#include "daylight/format/engines/mslite_schema.h"

#include <string_view>

namespace dl {
namespace {

constexpr std::string_view kSchema = R"(
|PrimitiveType Abs Activation ActivationGrad Adam AddFusion AdderFusion AddGrad AddN All ApplyMomentum ArgMaxFusion ArgMinFusion Assert Assign AssignAdd AudioSpectrogram AvgPoolFusion AvgPoolGrad BatchNorm BatchNormGrad BatchToSpace BatchToSpaceND BiasAdd BinaryCrossEntropy BinaryCrossEntropyGrad BiasAddGrad BroadcastTo Cast Ceil Clip Concat Attention Conv2DBackpropFilterFusion Conv2DBackpropInputFusion Conv2DFusion Conv2dTransposeFusion Cos ConstantOfShape Crop CustomExtractFeatures CustomNormalize CustomPredict DeConv2DGradFilter Depend DepthToSpace DetectionPostProcess DivFusion DivGrad Dropout DropoutGrad Elu Eltwise Equal EmbeddingLookupFusion ExpFusion ExpandDims FakeQuantWithMinMaxVars FakeQuantWithMinMaxVarsPerChannel FftReal FftImag Flatten FlattenGrad Floor FloorDiv FloorMod Fill FullConnection FusedBatchNorm Gather GatherNd Greater GreaterEqual HashtableLookup InstanceNorm LayerNormFusion LeakyRelu Less LessEqual Log LogGrad LogicalAnd LogicalNot LogicalOr LpNormalization LRN LshProjection LSTM L2NormalizeFusion MatMulFusion Maximum MaximumGrad MaxPoolFusion MaxPoolGrad SwitchLayer Mfcc Minimum MinimumGrad Mod MulFusion MulGrad Neg NegGrad NotEqual NonMaxSuppression OneHot OnesLike PadFusion PartialFusion PowerGrad PowFusion PriorBox PReLUFusion QuantDTypeCast Rank Range Reciprocal RealDiv ReduceFusion Reshape Resize ReverseSequence ReverseV2 Rfft ROIPooling Round Rsqrt ScaleFusion ScatterNd SGD Shape SigmoidCrossEntropyWithLogits SigmoidCrossEntropyWithLogitsGrad Sin SkipGram SliceFusion SmoothL1Loss SmoothL1LossGrad Softmax SoftmaxCrossEntropyWithLogits SpaceToBatch SpaceToBatchND SpaceToDepth SparseSoftmaxCrossEntropyWithLogits SparseToDense Split Sqrt Squeeze Square SquaredDifference Stack StridedSlice SubFusion SubGrad Switch TensorListFromTensor TensorListGetItem TensorListReserve TensorListSetItem TensorListStack TileFusion TopKFusion Transpose Unique UnsortedSegmentSum Unsqueeze Unstack LSTMGrad Where ZerosLike Select ScatterNdUpdate GRU NonZero InvertPermutation Size RandomStandardNormal CropAndResize Erf StridedSliceGrad IsFinite LinSpace UniformReal AbsGrad RsqrtGrad SqrtGrad LayerNormGrad ResizeGrad Splice LogSoftmax Call Custom CumSum SplitWithOverlap GenOP RaggedRange GLU TensorArray TensorArrayRead TensorArrayWrite Affine AllGather ReduceScatter DynamicQuant LSTMGradData LSTMGradWeight RandomNormal NLLLoss NLLLossGrad FormatTranspose GatherD GroupNormFusion Log1p TensorScatterAdd SparseFillEmptyRows SparseReshape SparseSegmentSum ScatterElements Triu Tril AdamWeightDecay FillV2
Vec data:[i64]
Vec2D data:[Vec]
Attribute name:s data:[u8]
Activation activation_type:i8 alpha:f32 min_val:f32 max_val:f32 approximate:b beta:f32
AddFusion activation_type:i8
AdderFusion format:i32 kernel_size:[i64] stride:[i64] dilation:[i64] pad_mode:i8 pad_list:[i64] group:i64 in_channel:i64 out_channel:i64 activation_type:i8
All keep_dims:i64
ArgMaxFusion axis:i64 top_k:i64 keep_dims:b out_max_value:b
ArgMinFusion axis:i64 top_k:i64 keep_dims:b out_max_value:b
AudioSpectrogram window_size:i64 stride:i64 mag_square:b
AvgPoolFusion kernel_size:[i64] strides:[i64] pad:[i64] pad_mode:i8 round_mode:i8 format:i32 global:b activation_type:i8
AvgPoolGrad kernel_size:[i64] strides:[i64] pad_mode:i8 format:i32
BatchNorm epsilon:f32 format:i32 is_training:b
BatchToSpace block_size:[i64] crops:Vec2D
BatchToSpaceND block_shape:[i64] crops:Vec2D
BiasAdd format:i32
BroadcastTo shape:[i64]
Clip max:f32 min:f32
Concat axis:i64
Attention head_num:i64 head_size:i64 cross:b scale:f32
Conv2DBackpropFilterFusion format:i32 kernel_size:[i64] stride:[i64] dilation:[i64] pad_mode:i8 pad_list:[i64] mode:i64 group:i64 in_channel:i64 out_channel:i64 activation_type:i8
Conv2DBackpropInputFusion format:i32 kernel_size:[i64] stride:[i64] dilation:[i64] pad_mode:i8 pad:[i64] pad_list:[i64] mode:i64 group:i64 in_channel:i64 out_channel:i64 activation_type:i8
Conv2DFusion format:i32 kernel_size:[i64] stride:[i64] dilation:[i64] pad_mode:i8 pad_list:[i64] mode:i64 group:i64 in_channel:i64 out_channel:i64 activation_type:i8
Conv2dTransposeFusion format:i32 kernel_size:[i64] stride:[i64] dilation:[i64] pad_mode:i8 pad:[i64] pad_list:[i64] mode:i64 group:i64 in_channel:i64 out_channel:i64 activation_type:i8 output_paddings:[i64]
ConstantOfShape data_type:i64 value:[f32] element_size:i32 shape:[i64]
Crop axis:i64 offsets:[i64]
CustomPredict output_num:i64 weight_threshold:f32
DepthToSpace block_size:i64 format:i32 mode:s
DetectionPostProcess format:i32 input_size:i64 scale:[f32] nms_iou_threshold:f32 nms_score_threshold:f32 max_detections:i64 detections_per_class:i64 max_classes_per_detection:i64 num_classes:i64 use_regular_nms:b out_quantized:b
DivFusion activation_type:i8
Dropout keep_prob:f32
Elu alpha:f32
Eltwise mode:i8
EmbeddingLookupFusion max_norm:f32
ExpFusion base:f32 scale:f32 shift:f32
Flatten axis:i64
FullConnection has_bias:b use_axis:b axis:i64 activation_type:i8
FusedBatchNorm epsilon:f32 momentum:f32 mode:i64
InstanceNorm epsilon:f32
LayerNormFusion begin_norm_axis:i64 epsilon:f32 elementwise_affine:b begin_params_axis:i64
LeakyRelu negative_slope:f32
LpNormalization axis:i64 p:i64
LRN depth_radius:i64 bias:f32 alpha:f32 beta:f32 norm_region:s
LSTM bidirectional:b has_bias:b input_size:i64 hidden_size:i64 num_layers:i64 num_directions:i64 dropout:f32 zoneout_cell:f32 zoneout_hidden:f32 proj_size:i64
L2NormalizeFusion axis:[i64] epsilon:f32 activation_type:i8
MatMulFusion transpose_a:b transpose_b:b activation_type:i8
MaxPoolFusion kernel_size:[i64] strides:[i64] pad:[i64] pad_mode:i8 round_mode:i8 format:i32 global:b activation_type:i8
Mfcc freq_upper_limit:f32 freq_lower_limit:f32 filter_bank_channel_num:i64 dct_coeff_num:i64
MulFusion activation_type:i8
NonMaxSuppression center_point_box:i64
OneHot axis:i64
PadFusion paddings:Vec2D padding_mode:i8 constant_value:f32
PartialFusion sub_graph_index:i64
PowFusion scale:f32 shift:f32
PriorBox min_sizes:[i64] max_sizes:[i64] aspect_ratios:[f32] variances:[f32] image_size_w:i64 image_size_h:i64 step_w:f32 step_h:f32 clip:b flip:b offset:f32
PReLUFusion channel_shared:b
Range d_type:i64 start:i64 limit:i64 delta:i64
ReduceFusion keep_dims:b mode:i8 reduce_to_end:b coeff:f32
Resize format:i32 method:i8 new_height:i64 new_width:i64 preserve_aspect_ratio:b coordinate_transform_mode:i8 cubic_coeff:f32 exclude_outside:i64 extrapolation_value:f32 nearest_mode:i8
ReverseSequence seq_dim:i64 batch_dim:i64
ReverseV2 axis:[i64]
Rfft fft_length:i64
ROIPooling pooled_h:i64 pooled_w:i64 scale:f32
QuantDTypeCast src_t:i64 dst_t:i64 axis:i64
ScaleFusion axis:i64 activation_type:i8
SkipGram include_all_grams:b max_skip_size:i64 ngram_size:i64
SliceFusion axes:[i64]
Softmax axis:[i64]
SpaceToBatch block_size:[i64] paddings:Vec2D
SpaceToBatchND block_shape:[i64] paddings:Vec2D
SpaceToDepth block_size:i64 format:i32
Split output_num:i64 size_splits:[i64] axis:i64
Squeeze axis:[i64]
Stack axis:i64
StridedSlice begin_mask:i64 end_mask:i64 ellipsis_mask:i64 new_axis_mask:i64 shrink_axis_mask:i64
SubFusion activation_type:i8
TensorListFromTensor element_dtype:i64 shape_type:i64
TensorListReserve element_dtype:i64 shape_type:i64
TileFusion dims:[i64]
TopKFusion sorted:b axis:i64 largest:i64
Unsqueeze axis:[i64]
Unstack axis:i64
GRU bidirectional:b
CropAndResize method:i8 extrapolation_value:f32
Splice context:[i64] forward_indexes:[i64] output_dim:i64
LogSoftmax axis:i64
CumSum exclusive:b reverse:b
Custom type:s attr:[Attribute]
SplitWithOverlap split_dim:i64 number_split:i64 ratio:[i64] extend_top:[i64] extend_bottom:[i64]
GLU axis:i64
TensorArray dynamic_size:b identical_element_shapes:b element_shape:[i32] data_type:i32
Affine context:[i64] output_dim:i64 activation_type:i8 transpose_a:b transpose_b:b
DynamicQuant symmetric:b dst_type:i64 activation_channel:b prefer_axis:i64 transpose:b prefer_axes:[i32]
FormatTranspose src_format:i32 dst_format:i32
GroupNormFusion num_groups:i64 epsilon:f32 affine:b
ScatterElements axis:i64
)";

}  // namespace

const FlatSchema& mslite_schema() {
  static const FlatSchema kParsed{kSchema};
  return kParsed;
}

}  // namespace dl
