// SPDX-License-Identifier: Apache-2.0
// Walks a MindSpore Lite flatbuffer; field numbers are those of the published schema
// (mindspore-lite/schema/model.fbs).
#include "daylight/format/engines/mslite.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "daylight/base/text.h"
#include "daylight/format/encoding/flat_budget.h"
#include "daylight/format/encoding/flatbuffer.h"
#include "daylight/format/engines/mslite_schema.h"

namespace dl {
namespace {

constexpr std::string_view kIdentifier = "MSL";
constexpr std::size_t kMaxRank = 64;

// The project's numbers of types (ir/dtype/type_id.h).
std::string dtype_name(std::int32_t type) {
  switch (type) {
    case 12:
      return "string";
    case 30:
      return "bool";
    case 32:
      return "int8";
    case 33:
      return "int16";
    case 34:
      return "int32";
    case 35:
      return "int64";
    case 37:
      return "uint8";
    case 38:
      return "uint16";
    case 39:
      return "uint32";
    case 40:
      return "uint64";
    case 42:
      return "float16";
    case 43:
      return "float32";
    case 44:
      return "float64";
    default:
      return "other";
  }
}

class MsliteReader {
 public:
  MsliteReader(ByteSpan bytes, ReadDepth depth)
      : buffer_(bytes),
        walker_(mslite_schema(), kMaxMsliteElementsPerByte * bytes.size()),
        depth_(depth),
        budget_(buffer_, kMaxMsliteElementsPerByte * bytes.size()) {}

  std::optional<ReadModel> read() {
    const auto identifier = subspan_checked(buffer_.bytes(), 4, 4);
    if (!identifier || !as_text(*identifier).starts_with(kIdentifier)) return std::nullopt;
    const char version = static_cast<char>(identifier->back());
    if (version < '0' || version > '2') return std::nullopt;
    const auto root = FlatTable::root(buffer_);
    if (!root || root->tables(6).empty() || root->tables(7).empty()) return std::nullopt;
    newest_ = version == '2';
    read_tensors(*root);
    if (!read_nodes(*root)) return std::nullopt;
    read_borders(*root);
    read_rest(*root, version);
    finish();
    return std::move(model_);
  }

 private:
  ModelGraph& graph() { return model_.graph; }

  void read_tensors(const FlatTable& root) {
    const FlatTables tensors = root.tables(7);
    for (std::size_t i = 0; i < tensors.size() && budget_.spend(1); ++i) {
      const auto table = tensors.at(i);
      tensors_.push_back(table ? read_tensor(*table, i) : GraphTensor{});
    }
  }

  GraphTensor read_tensor(const FlatTable& table, std::size_t number) {
    GraphTensor out;
    out.name = budget_.copy(table.text(9));
    if (out.name.empty() || out.name.size() > kMaxGraphName)
      out.name = "#" + std::to_string(number);
    out.dtype = dtype_name(table.scalar<std::int32_t>(1, 0));
    const auto dims = table.vector<std::int32_t>(2);
    std::uint64_t elements = 1;
    for (std::size_t i = 0; i < std::min(dims.size(), kMaxRank); ++i) {
      out.shape.push_back(std::max(dims[i], -1));
      elements =
          multiply_checked(elements, static_cast<std::uint64_t>(std::max(dims[i], 0))).value_or(0);
    }
    table.vector<float>(8);
    read_quantisation(table.tables(7), out);
    const ByteSpan data = table.vector<std::uint8_t>(6).bytes();
    constexpr std::uint64_t kByteBits = 8;
    if (!data.empty() && budget_.spend(data.size()) && depth_ == ReadDepth::kAll) {
      const bool trained = out.dtype != "int64" && out.dtype != "string" && out.dtype != "bool";
      weights_.add(data, trained ? std::min<std::uint64_t>(elements, data.size() * kByteBits) : 0);
    }
    const FlatTables external = table.tables(12);
    for (std::size_t i = 0; i < external.size() && budget_.spend(1); ++i) {
      const auto part = external.at(i);
      if (!part) continue;
      part->text(0);
      buffer_.damage(part->position(), "weights lie in another file: " + printable(part->text(1)));
    }
    return out;
  }

  void read_quantisation(const FlatTables& params, GraphTensor& out) {
    for (std::size_t i = 0; i < params.size() && budget_.spend(1); ++i) {
      const auto param = params.at(i);
      if (!param) continue;
      const double scale = param->scalar<double>(0, 1);
      if (!std::isfinite(scale) || out.quant_scale.size() >= kMaxGraphScales ||
          param->scalar<std::uint8_t>(6, 0) == 0)
        continue;
      out.quant_scale.push_back(static_cast<float>(scale));
      out.quant_zero_point.push_back(param->scalar<std::int32_t>(1, 0));
    }
  }

  // False where a node names a tensor that does not exist.
  bool read_nodes(const FlatTable& root) {
    const FlatTables nodes = root.tables(6);
    for (std::size_t i = 0; i < nodes.size() && budget_.spend(1); ++i) {
      const auto node = nodes.at(i);
      if (!node) return false;
      GraphOperator op;
      if (!names_of(*node, 3, op.inputs) || !names_of(*node, 4, op.outputs)) return false;
      node->text(0);
      if (const auto primitive = node->table(2)) describe(*primitive, op);
      if (op.name.empty()) op.name = "?";
      if (graph().operators.size() < kMaxGraphOperators) graph().operators.push_back(std::move(op));
    }
    return true;
  }

  bool names_of(const FlatTable& node, std::uint16_t field, std::vector<std::string>& out) {
    const auto numbers = node.vector<std::uint32_t>(field);
    for (std::size_t i = 0; i < numbers.size() && budget_.spend(1); ++i) {
      if (numbers[i] >= tensors_.size()) return false;
      out.push_back(tensors_[numbers[i]].name);
    }
    return true;
  }

  void describe(const FlatTable& primitive, GraphOperator& op) {
    const auto number = primitive.scalar<std::uint8_t>(0, 0);
    const FlatType* members = mslite_schema().find("PrimitiveType");
    const bool known =
        newest_ && members != nullptr && number > 0 && number <= members->members.size();
    if (!known) {
      op.name = "primitive " + std::to_string(number);
      return;
    }
    op.name = members->members[number - std::size_t{1}];
    if (const auto options = primitive.table(1)) op.detail = walker_.walk(*options, op.name).detail;
  }

  void read_borders(const FlatTable& root) {
    const auto add = [&](std::uint16_t field, std::vector<GraphTensor>& out) {
      const auto numbers = root.vector<std::uint32_t>(field);
      for (std::size_t i = 0; i < std::min(numbers.size(), kMaxGraphBorders); ++i) {
        if (numbers[i] < tensors_.size()) out.push_back(tensors_[numbers[i]]);
      }
    };
    add(3, graph().inputs);
    add(4, graph().outputs);
  }

  void read_rest(const FlatTable& root, char version) {
    const auto put = [&](const char* key, std::string value) {
      if (!value.empty()) graph().metadata.emplace_back(key, std::move(value));
    };
    put("format_version", std::string(1, version));
    put("name", printable(root.text(0)));
    put("version", printable(root.text(1)));
    root.vector<std::uint8_t>(10);
    const FlatTables subgraphs = root.tables(8);
    for (std::size_t i = 0; i < subgraphs.size() && budget_.spend(1); ++i) {
      const auto subgraph = subgraphs.at(i);
      if (!subgraph) continue;
      subgraph->text(0);
      for (std::uint16_t field = 1; field <= 4; ++field) subgraph->vector<std::uint32_t>(field);
    }
  }

  void finish() {
    if (walker_.exhausted()) budget_.exhaust();
    if (depth_ == ReadDepth::kAll) {
      weights_.finish(graph());
      set_graph_hash("mslite", graph());
    }
    graph().gaps = buffer_.gaps().list();
    model_.size = buffer_.filled_extent();
  }

  FlatBuffer buffer_;
  FlatWalker walker_;
  ReadDepth depth_;
  FlatBudget budget_;
  bool newest_ = false;
  ReadModel model_;
  WeightsDigest weights_;
  std::vector<GraphTensor> tensors_;
};

}  // namespace

std::optional<ReadModel> read_mslite(ByteSpan bytes, ReadDepth depth) {
  return MsliteReader(bytes, depth).read();
}

}  // namespace dl
