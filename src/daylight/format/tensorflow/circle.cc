// SPDX-License-Identifier: Apache-2.0
// Walks a circle flatbuffer; field numbers are TensorFlow Lite's, from which its schema is derived.
#include "daylight/format/tensorflow/circle.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "daylight/format/encoding/flat_budget.h"
#include "daylight/format/encoding/flatbuffer.h"
#include "daylight/format/tensorflow/tflite.h"
#include "daylight/format/tensorflow/tflite_options.h"

namespace dl {
namespace {

constexpr std::string_view kIdentifier = "CIR0";

// Codes that only this format has; they stand at the end of the range of a byte.
std::string operator_name(std::int32_t code) {
  switch (code) {
    case -4:
    case 252:
      return "BCQ_GATHER";
    case -3:
    case 253:
      return "BCQ_FULLY_CONNECTED";
    case -2:
    case 254:
      return "INSTANCE_NORM";
    default:
      return tflite_builtin_name(code);
  }
}

class CircleReader {
 public:
  CircleReader(ByteSpan bytes, ReadDepth depth)
      : buffer_(bytes), depth_(depth), budget_(buffer_, kMaxCircleElementsPerByte * bytes.size()) {}

  std::optional<ReadModel> read() {
    const auto identifier = subspan_checked(buffer_.bytes(), 4, kIdentifier.size());
    if (!identifier || as_text(*identifier) != kIdentifier) return std::nullopt;
    const auto root = FlatTable::root(buffer_);
    if (!root) return std::nullopt;
    const FlatTables subgraphs = root->tables(2);
    const auto first = subgraphs.at(0);
    if (!first || first->tables(0).empty() || first->tables(3).empty()) return std::nullopt;
    read_codes(*root);
    for (std::size_t i = 0; i < subgraphs.size() && budget_.spend(1); ++i) {
      if (const auto subgraph = subgraphs.at(i)) read_subgraph(*subgraph, i);
    }
    read_buffers(*root);
    read_rest(*root);
    finish();
    return std::move(model_);
  }

 private:
  ModelGraph& graph() { return model_.graph; }

  void read_codes(const FlatTable& root) {
    const FlatTables codes = root.tables(1);
    for (std::size_t i = 0; i < codes.size() && budget_.spend(1); ++i) {
      const auto table = codes.at(i);
      std::string name = "?";
      if (table) {
        const std::int32_t code =
            table->has(3) ? table->scalar<std::int32_t>(3, 0) : table->scalar<std::int8_t>(0, 0);
        name = table->text(1).empty() ? operator_name(code) : std::string(table->text(1));
      }
      codes_.push_back(std::move(name));
    }
  }

  void read_subgraph(const FlatTable& subgraph, std::size_t number) {
    std::vector<GraphTensor> tensors;
    const FlatTables list = subgraph.tables(0);
    for (std::size_t i = 0; i < list.size() && budget_.spend(1); ++i) {
      const auto tensor = list.at(i);
      tensors.push_back(tensor ? read_tensor(*tensor) : GraphTensor{});
      if (tensors.back().name.size() > kMaxGraphName) tensors.back().name = "#" + std::to_string(i);
    }
    subgraph.text(4);
    const auto add = [&](std::uint16_t field, std::vector<GraphTensor>& out) {
      const auto ports = subgraph.vector<std::int32_t>(field);
      for (std::size_t i = 0; i < ports.size() && number == 0 && budget_.spend(1); ++i) {
        const auto port = static_cast<std::size_t>(std::max(ports[i], 0));
        if (ports[i] >= 0 && port < tensors.size() && out.size() < kMaxGraphBorders)
          out.push_back(tensors[port]);
      }
    };
    add(1, graph().inputs);
    add(2, graph().outputs);
    const FlatTables operators = subgraph.tables(3);
    for (std::size_t i = 0; i < operators.size() && budget_.spend(1); ++i) {
      if (const auto op = operators.at(i)) read_operator(*op, tensors, number);
    }
  }

  GraphTensor read_tensor(const FlatTable& table) {
    GraphTensor out;
    out.name = budget_.copy(table.text(3));
    const TfliteType type = static_cast<TfliteType>(table.scalar<std::int8_t>(1, 0));
    out.dtype = tflite_type_name(type);
    if (out.dtype.starts_with("type-")) out.dtype = "other";
    const auto signature = table.vector<std::int32_t>(7);
    const auto shape = table.vector<std::int32_t>(0);
    const auto& sides = signature.empty() ? shape : signature;
    std::uint64_t elements = 1;
    for (std::size_t i = 0; i < std::min(sides.size(), kMaxTfliteRank); ++i) {
      out.shape.push_back(std::max(sides[i], -1));
      elements =
          multiply_checked(elements, static_cast<std::uint64_t>(std::max(sides[i], 0))).value_or(0);
    }
    if (const auto quantisation = table.table(4)) read_quantisation(*quantisation, out);
    const auto buffer = std::size_t{table.scalar<std::uint32_t>(2, 0)};
    if (buffer != 0 && buffer < buffer_.bytes().size()) {
      if (buffer >= elements_.size()) elements_.resize(buffer + 1, 0);
      elements_[buffer] = elements;
    }
    return out;
  }

  void read_quantisation(const FlatTable& table, GraphTensor& out) {
    table.vector<float>(0);
    table.vector<float>(1);
    const auto scales = table.vector<float>(2);
    const auto zeroes = table.vector<std::int64_t>(3);
    if (scales.size() > kMaxGraphScales || zeroes.size() > kMaxGraphScales ||
        !budget_.spend(scales.size() + zeroes.size()))
      return;
    for (std::size_t i = 0; i < scales.size(); ++i) out.quant_scale.push_back(scales[i]);
    for (std::size_t i = 0; i < zeroes.size(); ++i) out.quant_zero_point.push_back(zeroes[i]);
  }

  void read_operator(const FlatTable& table, const std::vector<GraphTensor>& tensors,
                     std::size_t number) {
    if (graph().operators.size() >= kMaxGraphOperators) return;
    const auto names = [&](std::uint16_t field) {
      std::vector<std::string> out;
      const auto operands = table.vector<std::int32_t>(field);
      for (std::size_t i = 0; i < operands.size() && budget_.spend(1); ++i) {
        const auto at = static_cast<std::size_t>(std::max(operands[i], 0));
        out.push_back(operands[i] >= 0 && at < tensors.size() ? tensors[at].name : "");
      }
      return out;
    };
    GraphOperator op;
    const auto code = std::size_t{table.scalar<std::uint32_t>(0, 0)};
    op.name = code < codes_.size() ? codes_[code] : "?";
    op.inputs = names(1);
    op.outputs = names(2);
    const std::uint8_t type = table.scalar<std::uint8_t>(3, 0);
    if (const auto options = table.table(4)) {
      const std::string activation = tflite_fused_activation(type, *options);
      if (!activation.empty()) op.detail = "activation=" + activation;
      touch_tflite_options(type, *options);
    }
    if (number != 0)
      op.detail += (op.detail.empty() ? "" : " ") + ("subgraph=" + std::to_string(number));
    table.vector<std::uint8_t>(5);
    table.vector<std::uint8_t>(7);
    graph().operators.push_back(std::move(op));
  }

  void read_buffers(const FlatTable& root) {
    const FlatTables buffers = root.tables(4);
    for (std::size_t i = 0; i < buffers.size() && budget_.spend(1); ++i) {
      const auto table = buffers.at(i);
      const ByteSpan data = table ? table->vector<std::uint8_t>(0).bytes() : ByteSpan{};
      const std::uint64_t elements = i < elements_.size() ? elements_[i] : 0;
      if (data.empty() || elements == 0 || !budget_.spend(data.size())) continue;
      constexpr std::uint64_t kByteBits = 8;
      if (depth_ == ReadDepth::kAll)
        weights_.add(data, std::min<std::uint64_t>(elements, data.size() * kByteBits));
    }
  }

  void read_rest(const FlatTable& root) {
    if (!root.text(3).empty()) graph().metadata.emplace_back("converter_description", root.text(3));
    root.vector<std::int32_t>(5);
    const FlatTables metadata = root.tables(6);
    for (std::size_t i = 0; i < metadata.size() && budget_.spend(1); ++i) {
      if (const auto entry = metadata.at(i)) entry->text(0);
    }
    const FlatTables signatures = root.tables(7);
    for (std::size_t i = 0; i < signatures.size() && budget_.spend(1); ++i) {
      const auto signature = signatures.at(i);
      if (!signature) continue;
      signature->text(2);
      for (const std::uint16_t side : {std::uint16_t{0}, std::uint16_t{1}}) {
        const FlatTables maps = signature->tables(side);
        for (std::size_t k = 0; k < maps.size() && budget_.spend(1); ++k) {
          if (const auto map = maps.at(k)) map->text(0);
        }
      }
    }
  }

  void finish() {
    if (depth_ == ReadDepth::kAll) {
      weights_.finish(graph());
      set_graph_hash("circle", graph());
    }
    graph().gaps = buffer_.gaps().list();
    model_.size = buffer_.filled_extent();
  }

  FlatBuffer buffer_;
  ReadDepth depth_;
  FlatBudget budget_;
  ReadModel model_;
  WeightsDigest weights_;
  std::vector<std::string> codes_;
  std::vector<std::uint64_t> elements_;  // by buffer
};

}  // namespace

std::optional<ReadModel> read_circle(ByteSpan bytes, ReadDepth depth) {
  return CircleReader(bytes, depth).read();
}

}  // namespace dl
