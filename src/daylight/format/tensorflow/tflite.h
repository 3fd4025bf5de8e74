// SPDX-License-Identifier: Apache-2.0
// TensorFlow Lite (LiteRT) models: the graph of a hostile flatbuffer as plain structs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/base/bytes.h"
#include "daylight/base/result.h"
#include "daylight/format/format_gap.h"

namespace dl {

// Elements (tensors, operators, dimensions, scales, characters ...) that a model may have for each
// byte of its file: parts may be shared in the file, so its size alone does not bound what reading
// them costs.
inline constexpr std::uint64_t kMaxTfliteElementsPerByte = 2;
// And altogether.
inline constexpr std::uint64_t kMaxTfliteElements = std::uint64_t{1} << 24;
inline constexpr std::size_t kMaxTfliteRank = 64;

enum class TfliteType : std::int8_t {
  kFloat32 = 0,
  kFloat16 = 1,
  kInt32 = 2,
  kUint8 = 3,
  kInt64 = 4,
  kString = 5,
  kBool = 6,
  kInt16 = 7,
  kComplex64 = 8,
  kInt8 = 9,
  kFloat64 = 10,
  kComplex128 = 11,
  kUint64 = 12,
  kResource = 13,
  kVariant = 14,
  kUint32 = 15,
  kUint16 = 16,
  kInt4 = 17,
  kBfloat16 = 18,
  kInt2 = 19,
  kUint4 = 20,
  kFloat8E4m3 = 21,
  kFloat8E5m2 = 22,
};

// "float32", "uint8" ... as numpy and the LiteRT interpreter write them; "type-99" for numbers that
// the schema does not have.
std::string tflite_type_name(TfliteType type);
// Bits of one element; 0 for strings, resources, variants and unknown types.
std::uint32_t tflite_type_bits(TfliteType type);
// "CONV_2D" ...; "BUILTIN_999" for numbers that the schema does not have.
std::string tflite_builtin_name(std::int32_t code);

// real = scale * (stored - zero_point), per tensor (one element) or per slice of `dimension`.
struct TfliteQuantization {
  std::vector<float> scale;
  std::vector<std::int64_t> zero_point;
  std::vector<float> min;  // only informative
  std::vector<float> max;
  std::int32_t dimension = 0;
  std::uint8_t details = 0;  // 0: affine as above; 1 custom, 2 blockwise, 3 multi-axis
};

struct TfliteTensor {
  std::string name;
  TfliteType type = TfliteType::kFloat32;
  std::vector<std::int32_t> shape;
  std::vector<std::int32_t> shape_signature;  // -1: dynamic; empty: as shape
  bool has_shape = false;                     // false and empty shape: rank unknown, or a scalar
  std::uint32_t buffer = 0;                   // 0: no constant data
  bool is_variable = false;
  bool is_sparse = false;
  std::optional<TfliteQuantization> quantization;
};

struct TfliteOperatorCode {
  std::int32_t builtin = 0;  // 32: custom
  std::string custom;
  std::int32_t version = 1;
  std::string name() const;  // builtin name, or the custom one
};

struct TfliteOperator {
  std::uint32_t code = 0;            // into operator_codes
  std::vector<std::int32_t> inputs;  // tensor indices, -1: optional input left out
  std::vector<std::int32_t> outputs;
  std::vector<std::int32_t> intermediates;
  std::uint8_t options_type = 0;   // number in the schema's BuiltinOptions union
  std::uint8_t options2_type = 0;  // in BuiltinOptions2
  std::string activation;          // fused: "", "RELU", "RELU6", ...
  std::uint64_t custom_options_size = 0;
};

struct TfliteSubgraph {
  std::string name;
  std::vector<TfliteTensor> tensors;
  std::vector<std::int32_t> inputs;  // tensor indices, always valid
  std::vector<std::int32_t> outputs;
  std::vector<TfliteOperator> operators;  // in execution order
};

// `data` is a view of the model's bytes. Models beyond 2 GB keep it behind the flatbuffer
// (`external`).
struct TfliteBuffer {
  ByteSpan data;
  std::uint64_t offset = 0;  // of the data from the model's start; 0 if there is none
  bool external = false;
};

struct TfliteNamedTensor {
  std::string name;
  std::uint32_t tensor = 0;
};
struct TfliteSignature {
  std::string key;  // "serving_default"
  std::uint32_t subgraph = 0;
  std::vector<TfliteNamedTensor> inputs;
  std::vector<TfliteNamedTensor> outputs;
};

struct TfliteMetadataEntry {
  std::string name;  // "TFLITE_METADATA", "min_runtime_version", "CONVERSION_METADATA" ...
  std::uint32_t buffer = 0;
};

struct TfliteModel {
  std::uint32_t version = 0;
  bool has_identifier = false;  // "TFL3" at offset 4
  std::string description;
  std::vector<TfliteOperatorCode> operator_codes;
  std::vector<TfliteSubgraph> subgraphs;  // the first one is the main one
  std::vector<TfliteBuffer> buffers;
  std::vector<TfliteSignature> signatures;
  std::vector<TfliteMetadataEntry> metadata;
  // Bytes from the start that the model needs: the furthest part that anything points to, and zero
  // bytes up to the next multiple of 16. Behind it lie other things (label files in a ZIP, the rest
  // of a containing file); some writers also leave a table of at most 16 bytes that nothing points
  // to.
  std::uint64_t size = 0;
  std::vector<FormatGap> gaps;

  // The data of a metadata entry, empty if there is none of this name.
  ByteSpan metadata_bytes(std::string_view name) const;
  // "CONV_2D", or "?" if the code is out of range.
  std::string operator_name(const TfliteOperator& op) const;
  bool is_constant(const TfliteTensor& tensor) const {
    return tensor.buffer < buffers.size() && !buffers[tensor.buffer].data.empty();
  }
};

// Reads a model that starts at the first byte of `bytes`, which may go on behind it; `bytes` must
// outlive the model's views. kCorrupt if by structure this is no model: the root is a Model table
// of version 1-3 (with identifier "TFL3") or exactly 3 (without), with tensors in one of
// the first 16 subgraphs; without the identifier, operators too and no damage at all. Damage
// elsewhere leaves out or empties the part and adds a gap; indices stay aligned (a damaged tensor
// stays, empty).
Result<TfliteModel> read_tflite(ByteSpan bytes);

// Cheap test that is false for nearly all bytes that read_tflite would reject: root, version, a
// subgraph with tensors. True for all that it accepts.
bool may_be_tflite(ByteSpan bytes);

// SHA-256 (hexadecimal) of the computation without weights and names, the same for retrained and
// renamed copies. Hashed is this text, UTF-8, one line each ending in "\n":
//   "daylight-graph 1"
//   for each subgraph: "subgraph", "inputs <t> <t> ...", "outputs <t> ...",
//     for each operator in order: "op <NAME> <version> <activation or -> in <t> ... out <t> ..."
// where NAME is the builtin name or the custom code. <t> is "-" for a left-out input, else the
// tensor's number k, with ":<type>[d0,d1,...]" behind it at its first appearance (shape_signature
// where it is there, else shape). k counts the subgraph's tensors from 0 in the order of first
// appearance in this text, so the file's own numbering does not count; constants are tensors like
// others, their values do not count.
std::string tflite_graph_hash(const TfliteModel& model);

}  // namespace dl
