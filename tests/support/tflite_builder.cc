// SPDX-License-Identifier: Apache-2.0
// Field numbers are those of the published TensorFlow Lite and metadata schemas.
#include "support/tflite_builder.h"

namespace dl::testing {
namespace {

using I32 = std::vector<std::int32_t>;

Flat i8(std::int8_t value) { return Flat::number(value); }
Flat u8(std::uint8_t value) { return Flat::number(value); }
Flat i32(std::int32_t value) { return Flat::number(value); }
Flat u32(std::uint32_t value) { return Flat::number(value); }

template <typename T>
Flat data_buffer(const std::vector<T>& values) {
  std::vector<std::uint8_t> bytes(values.size() * sizeof(T));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return Flat::table({{0, Flat::numbers(bytes)}});
}

Flat tensor(const std::string& name, const I32& shape, std::uint32_t buffer, std::int8_t type = 0) {
  return Flat::table(
      {{0, Flat::numbers(shape)}, {1, i8(type)}, {2, u32(buffer)}, {3, Flat::text(name)}});
}

Flat input_tensor(const TinyTflite& options) {
  Flat::Fields fields = {
      {0, Flat::numbers(I32{1, 4, 4, 3})}, {2, u32(0)}, {3, Flat::text(options.input_name)}};
  if (options.quantized_input) {
    fields.emplace_back(1, i8(3));
    fields.emplace_back(4, Flat::table({{2, Flat::numbers(std::vector<float>{1.0F / 128})},
                                        {3, Flat::numbers(std::vector<std::int64_t>{128})}}));
  }
  if (!options.input_signature.empty())
    fields.emplace_back(7, Flat::numbers(options.input_signature));
  return Flat::table(fields);
}

Flat operator_table(std::uint32_t code, const I32& inputs, const I32& outputs,
                    std::uint8_t options_type, Flat options) {
  return Flat::table({{0, u32(code)},
                      {1, Flat::numbers(inputs)},
                      {2, Flat::numbers(outputs)},
                      {3, u8(options_type)},
                      {4, std::move(options)}});
}

Flat operator_code(std::int8_t code) {
  return Flat::table({{0, i8(code)}, {2, i32(1)}, {3, i32(code)}});
}

}  // namespace

std::string build_tiny_tflite(const TinyTflite& options) {
  std::vector<Flat> buffers = {Flat::table({}), data_buffer(std::vector<float>(96, options.weight)),
                               data_buffer(std::vector<float>{0.5F, -0.5F}),
                               data_buffer(I32{1, 2})};
  std::vector<Flat> metadata;
  if (!options.metadata.empty()) {
    metadata.push_back(Flat::table({{0, Flat::text("TFLITE_METADATA")}, {1, u32(4)}}));
    buffers.push_back(
        data_buffer(std::vector<char>(options.metadata.begin(), options.metadata.end())));
  }
  const Flat conv_options = Flat::table({{0, i8(1)}, {1, i32(1)}, {2, i32(1)}, {3, i8(3)}});
  const Flat reshape_options = Flat::table({{0, Flat::numbers(I32{1, 2})}});
  const Flat softmax_options = Flat::table({{0, Flat::number(1.0F)}});
  const Flat subgraph = Flat::table(
      {{0, Flat::list({input_tensor(options), tensor("weights", {2, 4, 4, 3}, 1),
                       tensor("bias", {2}, 2), tensor("features", {1, 1, 1, 2}, 0),
                       tensor("shape", {2}, 3, 2), tensor("logits", {1, 2}, 0),
                       tensor("scores", {1, 2}, 0)})},
       {1, Flat::numbers(I32{0})},
       {2, Flat::numbers(I32{6})},
       {3, Flat::list({operator_table(static_cast<std::uint32_t>(options.first_operator_code),
                                      {0, 1, 2}, {3}, 1, conv_options),
                       operator_table(1, {3, 4}, {5}, 17, reshape_options),
                       operator_table(2, {5}, {6}, 9, softmax_options)})},
       {4, Flat::text("main")}});
  const Flat signature =
      Flat::table({{0, Flat::list({Flat::table({{0, Flat::text("image")}, {1, u32(0)}})})},
                   {1, Flat::list({Flat::table({{0, Flat::text("scores")}, {1, u32(6)}})})},
                   {2, Flat::text("serving_default")},
                   {4, u32(0)}});
  const Flat model =
      Flat::table({{0, u32(options.version)},
                   {1, Flat::list({operator_code(3), operator_code(22), operator_code(25)})},
                   {2, Flat::list({subgraph})},
                   {3, Flat::text(options.description)},
                   {4, Flat::list(buffers)},
                   {6, Flat::list(metadata)},
                   {7, Flat::list({signature})}});
  return model.buffer(options.identifier ? "TFL3" : "");
}

std::string build_tiny_metadata(const TinyMetadata& options) {
  const Flat normalization = Flat::table(
      {{0, u8(1)},
       {1, Flat::table({{0, Flat::numbers(options.mean)}, {1, Flat::numbers(options.std)}})}});
  const Flat image = Flat::table(
      {{0, u8(2)}, {1, Flat::table({{0, i8(1)}, {1, Flat::table({{0, u32(4)}, {1, u32(4)}})}})}});
  const Flat input = Flat::table({{0, Flat::text("image")},
                                  {1, Flat::text("a face")},
                                  {3, image},
                                  {4, Flat::list({normalization})},
                                  {5, Flat::table({{0, Flat::numbers(std::vector<float>{1})},
                                                   {1, Flat::numbers(std::vector<float>{-1})}})}});
  const Flat labels =
      Flat::table({{0, Flat::text(options.label_file)}, {2, i8(2)}, {3, Flat::text("en")}});
  const Flat feature =
      Flat::table({{0, u8(1)}, {1, Flat::table({})}, {2, Flat::table({{0, i32(1)}, {1, i32(1)}})}});
  const Flat threshold = Flat::table({{0, u8(3)}, {1, Flat::table({{0, Flat::number(0.6F)}})}});
  const Flat output = Flat::table({{0, Flat::text("scores")},
                                   {2, Flat::list({Flat::text("batch"), Flat::text("class")})},
                                   {3, feature},
                                   {4, Flat::list({threshold})},
                                   {6, Flat::list({labels})}});
  const Flat subgraph =
      Flat::table({{0, Flat::text("main")}, {2, Flat::list({input})}, {3, Flat::list({output})}});
  return Flat::table({{0, Flat::text("tiny classifier")},
                      {1, Flat::text("for tests")},
                      {2, Flat::text("v1")},
                      {3, Flat::list({subgraph})},
                      {4, Flat::text("nobody")},
                      {5, Flat::text("none")},
                      {7, Flat::text("1.1.0")}})
      .buffer("M001");
}

}  // namespace dl::testing
