// SPDX-License-Identifier: Apache-2.0
// Field numbers and names are those of the public caffe.proto and of its SSD branch.
#include "daylight/format/classic/caffe_params.h"

#include <algorithm>
#include <array>
#include <map>
#include <span>
#include <vector>

#include "daylight/format/encoding/protobuf.h"

namespace dl {
namespace {

enum class Kind : std::uint8_t { kInteger, kBool, kFloat, kWord, kShape, kInner, kSkip };

struct Param {
  std::uint32_t number;
  std::string_view name;
  Kind kind = Kind::kInteger;
  std::string_view words = {};  // of an enumeration from 0, separated by blanks
  std::span<const Param> inner = {};
};

using P = Param;
constexpr Kind kB = Kind::kBool;
constexpr Kind kF = Kind::kFloat;
constexpr Kind kS = Kind::kSkip;
constexpr Kind kW = Kind::kWord;

constexpr P kConvolution[] = {{1, "num_output"},
                              {2, "bias_term", kB},
                              {3, "pad"},
                              {4, "kernel_size"},
                              {5, "group"},
                              {6, "stride"},
                              {7, "weight_filler", kS},
                              {8, "bias_filler", kS},
                              {9, "pad_h"},
                              {10, "pad_w"},
                              {11, "kernel_h"},
                              {12, "kernel_w"},
                              {13, "stride_h"},
                              {14, "stride_w"},
                              {15, "engine", kS},
                              {16, "axis"},
                              {17, "force_nd_im2col", kB},
                              {18, "dilation"}};
constexpr P kPooling[] = {{1, "pool", kW, "MAX AVE STOCHASTIC"},
                          {2, "kernel_size"},
                          {3, "stride"},
                          {4, "pad"},
                          {5, "kernel_h"},
                          {6, "kernel_w"},
                          {7, "stride_h"},
                          {8, "stride_w"},
                          {9, "pad_h"},
                          {10, "pad_w"},
                          {11, "engine", kS},
                          {12, "global_pooling", kB},
                          {13, "round_mode", kW, "CEIL FLOOR"}};
constexpr P kInnerProduct[] = {
    {1, "num_output"},      {2, "bias_term", kB}, {3, "weight_filler", kS},
    {4, "bias_filler", kS}, {5, "axis"},          {6, "transpose", kB}};
constexpr P kLrn[] = {{1, "local_size"}, {2, "alpha", kF},
                      {3, "beta", kF},   {4, "norm_region", kW, "ACROSS_CHANNELS WITHIN_CHANNEL"},
                      {5, "k", kF},      {6, "engine", kS}};
constexpr P kConcat[] = {{1, "concat_dim"}, {2, "axis"}};
constexpr P kEltwise[] = {
    {1, "operation", kW, "PROD SUM MAX"}, {2, "coeff", kF}, {3, "stable_prod_grad", kS}};
constexpr P kDropout[] = {{1, "dropout_ratio", kF}, {2, "scale_train", kB}};
constexpr P kScale[] = {
    {1, "axis"}, {2, "num_axes"}, {3, "filler", kS}, {4, "bias_term", kB}, {5, "bias_filler", kS}};
constexpr P kBatchNorm[] = {
    {1, "use_global_stats", kB}, {2, "moving_average_fraction", kF}, {3, "eps", kF}};
constexpr P kReshape[] = {{1, "shape", Kind::kShape}, {2, "axis"}, {3, "num_axes"}};
constexpr P kShapeOnly[] = {{1, "shape", Kind::kShape}};
constexpr P kPermute[] = {{1, "order"}};
constexpr P kPriorBox[] = {{1, "min_size", kF}, {2, "max_size", kF}, {3, "aspect_ratio", kF},
                           {4, "flip", kB},     {5, "clip", kB},     {6, "variance", kF},
                           {7, "img_size"},     {8, "img_h"},        {9, "img_w"},
                           {10, "step", kF},    {11, "step_h", kF},  {12, "step_w", kF},
                           {13, "offset", kF}};
constexpr P kSuppression[] = {{1, "nms_threshold", kF}, {2, "top_k"}, {3, "eta", kF}};
constexpr P kDetectionOutput[] = {{1, "num_classes"},
                                  {2, "share_location", kB},
                                  {3, "background_label_id"},
                                  {4, "nms_param", Kind::kInner, {}, kSuppression},
                                  {5, "save_output_param", kS},
                                  {6, "code_type", kW, "- CORNER CENTER_SIZE CORNER_SIZE"},
                                  {7, "keep_top_k"},
                                  {8, "variance_encoded_in_target", kB},
                                  {9, "confidence_threshold", kF}};
constexpr P kNormalise[] = {
    {1, "across_spatial", kB}, {2, "scale_filler", kS}, {3, "channel_shared", kB}, {4, "eps", kF}};
constexpr P kSlice[] = {{1, "slice_dim"}, {2, "slice_point"}, {3, "axis"}};
constexpr P kSoftmax[] = {{1, "engine", kS}, {2, "axis"}};
constexpr P kPower[] = {{1, "power", kF}, {2, "scale", kF}, {3, "shift", kF}};
constexpr P kExp[] = {{1, "base", kF}, {2, "scale", kF}, {3, "shift", kF}};
constexpr P kRelu[] = {{1, "negative_slope", kF}, {2, "engine", kS}};
constexpr P kPrelu[] = {{1, "filler", kS}, {2, "channel_shared", kB}};
constexpr P kFlatten[] = {{1, "axis"}, {2, "end_axis"}};
constexpr P kAlpha[] = {{1, "alpha", kF}};
constexpr P kArgMax[] = {{1, "out_max_val", kB}, {2, "top_k"}, {3, "axis"}};
constexpr P kCrop[] = {{1, "axis"}, {2, "offset"}};
constexpr P kTile[] = {{1, "axis"}, {2, "tiles"}};
constexpr P kThreshold[] = {{1, "threshold", kF}};
constexpr P kEmbed[] = {{1, "num_output"},
                        {2, "input_dim"},
                        {3, "bias_term", kB},
                        {4, "weight_filler", kS},
                        {5, "bias_filler", kS}};
constexpr P kMvn[] = {{1, "normalize_variance", kB}, {2, "across_channels", kB}, {3, "eps", kF}};
constexpr P kRecurrent[] = {{1, "num_output"},
                            {2, "weight_filler", kS},
                            {3, "bias_filler", kS},
                            {4, "debug_info", kS},
                            {5, "expose_hidden", kB}};
constexpr P kReduction[] = {
    {1, "operation", kW, "- SUM ASUM SUMSQ MEAN"}, {2, "axis"}, {3, "coeff", kF}};
constexpr P kBias[] = {{1, "axis"}, {2, "num_axes"}, {3, "filler", kS}};
constexpr P kEngine[] = {{1, "engine", kS}};
constexpr P kPyramid[] = {
    {1, "pyramid_height"}, {2, "pool", kW, "MAX AVE STOCHASTIC"}, {6, "engine", kS}};

struct Group {
  std::string_view name;
  std::uint32_t number;      // in LayerParameter
  std::uint32_t old_number;  // in V1LayerParameter; 0: not there
  std::span<const Param> params;
};

constexpr std::array<Group, 39> kGroups = {{{"argmax_param", 103, 23, kArgMax},
                                            {"batch_norm_param", 139, 0, kBatchNorm},
                                            {"bias_param", 141, 0, kBias},
                                            {"concat_param", 104, 9, kConcat},
                                            {"convolution_param", 106, 10, kConvolution},
                                            {"crop_param", 144, 0, kCrop},
                                            {"detection_output_param", 204, 0, kDetectionOutput},
                                            {"dropout_param", 108, 12, kDropout},
                                            {"eltwise_param", 110, 24, kEltwise},
                                            {"elu_param", 140, 0, kAlpha},
                                            {"embed_param", 137, 0, kEmbed},
                                            {"exp_param", 111, 41, kExp},
                                            {"flatten_param", 135, 0, kFlatten},
                                            {"inner_product_param", 117, 17, kInnerProduct},
                                            {"input_param", 143, 0, kShapeOnly},
                                            {"log_param", 134, 0, kExp},
                                            {"lrn_param", 118, 18, kLrn},
                                            {"mvn_param", 120, 34, kMvn},
                                            {"norm_param", 206, 0, kNormalise},
                                            {"parameter_param", 145, 0, kShapeOnly},
                                            {"permute_param", 202, 0, kPermute},
                                            {"pooling_param", 121, 19, kPooling},
                                            {"power_param", 122, 21, kPower},
                                            {"prelu_param", 131, 0, kPrelu},
                                            {"prior_box_param", 203, 0, kPriorBox},
                                            {"recurrent_param", 146, 0, kRecurrent},
                                            {"reduction_param", 136, 0, kReduction},
                                            {"relu_param", 123, 30, kRelu},
                                            {"reshape_param", 133, 0, kReshape},
                                            {"scale_param", 142, 0, kScale},
                                            {"sigmoid_param", 124, 38, kEngine},
                                            {"slice_param", 126, 31, kSlice},
                                            {"softmax_param", 125, 39, kSoftmax},
                                            {"spp_param", 132, 0, kPyramid},
                                            {"tanh_param", 127, 37, kEngine},
                                            {"threshold_param", 128, 25, kThreshold},
                                            {"tile_param", 138, 0, kTile},
                                            // What only training uses.
                                            {"transform_param", 100, 36, {}},
                                            {"loss_param", 101, 42, {}}}};

bool is_training_group(const Group& group) { return group.params.empty(); }

constexpr std::array<std::string_view, 40> kOldTypes = {"None",
                                                        "Accuracy",
                                                        "BNLL",
                                                        "Concat",
                                                        "Convolution",
                                                        "Data",
                                                        "Dropout",
                                                        "EuclideanLoss",
                                                        "Flatten",
                                                        "HDF5Data",
                                                        "HDF5Output",
                                                        "Im2col",
                                                        "ImageData",
                                                        "InfogainLoss",
                                                        "InnerProduct",
                                                        "LRN",
                                                        "MultinomialLogisticLoss",
                                                        "Pooling",
                                                        "ReLU",
                                                        "Sigmoid",
                                                        "Softmax",
                                                        "SoftmaxWithLoss",
                                                        "Split",
                                                        "TanH",
                                                        "WindowData",
                                                        "Eltwise",
                                                        "Power",
                                                        "SigmoidCrossEntropyLoss",
                                                        "HingeLoss",
                                                        "MemoryData",
                                                        "ArgMax",
                                                        "Threshold",
                                                        "DummyData",
                                                        "Slice",
                                                        "MVN",
                                                        "AbsVal",
                                                        "Silence",
                                                        "ContrastiveLoss",
                                                        "Exp",
                                                        "Deconvolution"};

// The values of one parameter, gathered over its repetitions.
struct Values {
  std::vector<std::int64_t> integers;
  std::vector<float> numbers;
  std::vector<std::string> words;
};

std::string word_of(std::string_view words, std::uint64_t number) {
  for (std::uint64_t i = 0; i < number && !words.empty(); ++i) {
    const std::size_t space = words.find(' ');
    words.remove_prefix(space == std::string_view::npos ? words.size() : space + 1);
  }
  const std::string_view word = words.substr(0, words.find(' '));
  return word.empty() || word == "-" ? std::to_string(number) : std::string(word);
}

void add_values(const Param& param, const Values& values, DetailText& detail) {
  if (values.integers.size() == 1) detail.integer(param.name, values.integers.front());
  if (values.integers.size() > 1) detail.integers(param.name, values.integers);
  if (values.numbers.size() == 1) detail.number(param.name, values.numbers.front());
  if (values.numbers.size() > 1) detail.numbers(param.name, values.numbers);
  for (const std::string& word : values.words) detail.text(param.name, word);
}

void gather_binary(const ProtoField& field, const Param& param, Values& values) {
  switch (param.kind) {
    case Kind::kInteger:
      append_proto_integers(field, kMaxDetailNumbers * 4, values.integers);
      break;
    case Kind::kFloat:
      append_proto_floats(field, kMaxDetailNumbers * 4, values.numbers);
      break;
    case Kind::kBool:
      values.words.emplace_back(field.value != 0 ? "true" : "false");
      break;
    case Kind::kWord:
      values.words.push_back(word_of(param.words, field.value));
      break;
    case Kind::kShape: {
      std::vector<std::int64_t> sizes;
      ProtoReader reader(field.bytes);
      while (const auto size = reader.next())
        if (size->number == 1) append_proto_integers(*size, kMaxGraphRank, sizes);
      values.words.push_back(shape_text(sizes));
      break;
    }
    default:
      break;
  }
}

void add_binary(std::span<const Param> params, ByteSpan message, DetailText& detail) {
  std::map<std::uint32_t, Values> values;
  ProtoReader reader(message);
  while (const auto field = reader.next()) {
    const auto known = std::find_if(params.begin(), params.end(),
                                    [&](const Param& p) { return p.number == field->number; });
    if (known == params.end()) {
      if (field->wire == ProtoWire::kBytes) {
        detail.blob("field_" + std::to_string(field->number), field->bytes);
      } else {
        detail.integer("field_" + std::to_string(field->number), field->integer());
      }
    } else if (known->kind == Kind::kInner) {
      add_binary(known->inner, field->bytes, detail);
    } else {
      gather_binary(*field, *known, values[field->number]);
    }
  }
  for (const Param& param : params) {
    const auto found = values.find(param.number);
    if (found != values.end()) add_values(param, found->second, detail);
  }
}

std::int64_t whole(double value) {
  return value > -9e15 && value < 9e15 ? static_cast<std::int64_t>(value) : 0;
}

void gather_text(const ProtoTextField& field, const Param& param, Values& values) {
  const auto number = proto_text_number(field.value);
  switch (param.kind) {
    case Kind::kInteger:
      if (number && values.integers.size() < kMaxDetailNumbers * 4)
        values.integers.push_back(whole(*number));
      break;
    case Kind::kFloat:
      if (number && values.numbers.size() < kMaxDetailNumbers * 4)
        values.numbers.push_back(static_cast<float>(*number));
      break;
    case Kind::kBool:
      values.words.emplace_back(number.value_or(0) != 0 ? "true" : "false");
      break;
    case Kind::kWord:
      values.words.push_back(number ? word_of(param.words, static_cast<std::uint64_t>(std::max(
                                                               0.0, std::min(*number, 99.0))))
                                    : field.value);
      break;
    case Kind::kShape: {
      std::vector<std::int64_t> sizes;
      for (const std::string& size : field.texts("dim"))
        if (sizes.size() < kMaxGraphRank)
          sizes.push_back(whole(proto_text_number(size).value_or(0)));
      values.words.push_back(shape_text(sizes));
      break;
    }
    default:
      break;
  }
}

void add_text(std::span<const Param> params, const ProtoTextField& message, DetailText& detail) {
  std::map<std::uint32_t, Values> values;
  for (const ProtoTextField& field : message.fields) {
    const auto known = std::find_if(params.begin(), params.end(),
                                    [&](const Param& p) { return p.name == field.name; });
    if (known == params.end()) {
      if (!field.is_message) detail.text(field.name, field.value);
    } else if (known->kind == Kind::kInner) {
      add_text(known->inner, field, detail);
    } else {
      gather_text(field, *known, values[known->number]);
    }
  }
  for (const Param& param : params) {
    const auto found = values.find(param.number);
    if (found != values.end()) add_values(param, found->second, detail);
  }
}

const Group* group_of(std::uint32_t number, bool old_layer) {
  for (const Group& group : kGroups) {
    if ((old_layer ? group.old_number : group.number) == number) return &group;
  }
  return nullptr;
}

}  // namespace

void add_caffe_params(std::uint32_t number, bool old_layer, ByteSpan message, DetailText& detail) {
  const Group* group = group_of(number, old_layer);
  if (group == nullptr) {
    detail.blob("param_" + std::to_string(number), message);
  } else if (!is_training_group(*group)) {
    add_binary(group->params, message, detail);
  }
}

void add_caffe_params(const ProtoTextField& message, DetailText& detail) {
  for (const Group& group : kGroups) {
    if (group.name != message.name) continue;
    if (!is_training_group(group)) add_text(group.params, message, detail);
    return;
  }
  add_text({}, message, detail);
}

bool is_caffe_param(std::uint32_t number, bool old_layer) {
  return old_layer ? group_of(number, true) != nullptr : number >= 100;
}

std::string caffe_old_type(std::int64_t type) {
  const bool known = type >= 0 && type < static_cast<std::int64_t>(kOldTypes.size());
  return known ? std::string(kOldTypes[static_cast<std::size_t>(type)])
               : "type_" + std::to_string(type);
}

std::string caffe_old_type(std::string_view type) {
  static const std::map<std::string_view, std::string_view> kNames = {
      {"ABSVAL", "AbsVal"},
      {"ACCURACY", "Accuracy"},
      {"ARGMAX", "ArgMax"},
      {"BNLL", "BNLL"},
      {"CONCAT", "Concat"},
      {"CONTRASTIVE_LOSS", "ContrastiveLoss"},
      {"CONVOLUTION", "Convolution"},
      {"DATA", "Data"},
      {"DECONVOLUTION", "Deconvolution"},
      {"DROPOUT", "Dropout"},
      {"DUMMY_DATA", "DummyData"},
      {"EUCLIDEAN_LOSS", "EuclideanLoss"},
      {"ELTWISE", "Eltwise"},
      {"EXP", "Exp"},
      {"FLATTEN", "Flatten"},
      {"HDF5_DATA", "HDF5Data"},
      {"HDF5_OUTPUT", "HDF5Output"},
      {"HINGE_LOSS", "HingeLoss"},
      {"IM2COL", "Im2col"},
      {"IMAGE_DATA", "ImageData"},
      {"INFOGAIN_LOSS", "InfogainLoss"},
      {"INNER_PRODUCT", "InnerProduct"},
      {"LRN", "LRN"},
      {"MEMORY_DATA", "MemoryData"},
      {"MULTINOMIAL_LOGISTIC_LOSS", "MultinomialLogisticLoss"},
      {"MVN", "MVN"},
      {"POOLING", "Pooling"},
      {"POWER", "Power"},
      {"RELU", "ReLU"},
      {"SIGMOID", "Sigmoid"},
      {"SIGMOID_CROSS_ENTROPY_LOSS", "SigmoidCrossEntropyLoss"},
      {"SILENCE", "Silence"},
      {"SOFTMAX", "Softmax"},
      {"SOFTMAX_LOSS", "SoftmaxWithLoss"},
      {"SPLIT", "Split"},
      {"SLICE", "Slice"},
      {"TANH", "TanH"},
      {"WINDOW_DATA", "WindowData"},
      {"THRESHOLD", "Threshold"}};
  const auto found = kNames.find(type);
  return std::string(found == kNames.end() ? type : found->second);
}

}  // namespace dl
