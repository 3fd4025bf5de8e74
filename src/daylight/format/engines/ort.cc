// SPDX-License-Identifier: Apache-2.0
// Walks an ORT flatbuffer; field numbers are those of the published schema
// (core/flatbuffers/schema/ort.fbs).
#include "daylight/format/engines/ort.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "daylight/base/text.h"
#include "daylight/format/encoding/flat_budget.h"
#include "daylight/format/encoding/flatbuffer.h"
#include "daylight/format/engines/onnx_types.h"

namespace dl {
namespace {

constexpr std::string_view kIdentifier = "ORTM";
constexpr std::size_t kShownNumbers = 32;

bool has_identifier(ByteSpan bytes) {
  const auto part = subspan_checked(bytes, 4, 4);
  return part && as_text(*part) == kIdentifier;
}

// Shapes, axes and switches are 64-bit integers and booleans: no training sets them.
bool is_trained(std::int32_t type) {
  constexpr std::int32_t kInt64 = 7;
  constexpr std::int32_t kString = 8;
  constexpr std::int32_t kBool = 9;
  return type != kInt64 && type != kString && type != kBool;
}

// "1.15.1", or "5": what the writer of the format puts there.
bool is_version(std::string_view text) {
  constexpr std::size_t kLongest = 32;
  return !text.empty() && text.size() <= kLongest && text.front() >= '0' && text.front() <= '9';
}

std::string one_word(std::string_view text) {
  constexpr std::size_t kShown = 100;
  std::string out = printable(text, kShown);
  std::replace(out.begin(), out.end(), ' ', '_');
  return out;
}

class OrtReader {
 public:
  OrtReader(ByteSpan bytes, ReadDepth depth)
      : buffer_(bytes), depth_(depth), budget_(buffer_, kMaxOrtElementsPerByte * bytes.size()) {}

  std::optional<ReadModel> read() {
    if (!has_identifier(buffer_.bytes())) return std::nullopt;
    const auto root = FlatTable::root(buffer_);
    if (!root || !is_version(root->text(0))) return std::nullopt;
    const auto model = root->table(1);
    const auto main = model ? model->table(7) : std::nullopt;
    if (!main || (main->tables(2).empty() && main->text_count(6) == 0)) return std::nullopt;
    read_graph(*main, {}, 0);
    read_borders(*main);
    read_metadata(*root, *model);
    touch_resolver(*root);
    finish();
    return std::move(model_);
  }

 private:
  ModelGraph& graph() { return model_.graph; }

  // Nodes and constants; `inside` names the node whose body this is.
  void read_graph(const FlatTable& table, const std::string& inside, int level) {
    const FlatTables constants = table.tables(0);
    for (std::size_t i = 0; i < constants.size() && budget_.spend(1); ++i) {
      const auto tensor = constants.at(i);
      if (!tensor) continue;
      add_constant(*tensor);
      if (level == 0) constant_names_.insert(budget_.copy(tensor->text(0)));
    }
    const FlatTables sparse = table.tables(7);
    for (std::size_t i = 0; i < sparse.size() && budget_.spend(1); ++i) {
      if (const auto tensor = sparse.at(i)) add_sparse(*tensor);
    }
    const FlatTables nodes = table.tables(2);
    for (std::size_t i = 0; i < nodes.size() && budget_.spend(1); ++i) {
      if (const auto node = nodes.at(i)) read_node(*node, inside, level);
    }
    touch_edges(table);
  }

  void read_node(const FlatTable& node, const std::string& inside, int level) {
    if (graph().operators.size() >= kMaxGraphOperators) {
      budget_.exhaust();
      return;
    }
    GraphOperator op;
    const std::string domain = budget_.copy(node.text(2));
    op.name = (domain.empty() ? "" : domain + ".") + budget_.copy(node.text(5));
    op.inputs = budget_.copy_texts(node, 8);
    op.outputs = budget_.copy_texts(node, 9);
    const std::string name = budget_.copy(node.text(0));
    op.detail = "since=" + std::to_string(node.scalar<std::int32_t>(3, 0));
    if (!inside.empty()) op.detail += " in=" + inside;
    for (const std::uint16_t field : {std::uint16_t{1}, std::uint16_t{7}}) node.text(field);
    node.vector<std::int32_t>(11);
    budget_.copy_texts(node, 12);
    const std::size_t at = graph().operators.size();
    graph().operators.push_back(std::move(op));
    const FlatTables attributes = node.tables(10);
    std::string detail;
    for (std::size_t i = 0; i < attributes.size() && budget_.spend(1); ++i) {
      if (const auto attribute = attributes.at(i))
        detail += read_attribute(*attribute, "op" + std::to_string(at), level);
    }
    graph().operators[at].detail += detail;
  }

  // " name=value".
  std::string read_attribute(const FlatTable& attribute, const std::string& owner, int level) {
    attribute.text(1);
    std::string head = " " + one_word(budget_.copy(attribute.text(0))) + "=";
    switch (attribute.scalar<std::int32_t>(2, 0)) {
      case 1:
        return head + format_double(static_cast<double>(attribute.scalar<float>(3, 0)));
      case 2:
        return head + std::to_string(attribute.scalar<std::int64_t>(4, 0));
      case 3:
        return head + one_word(budget_.copy(attribute.text(5)));
      case 4: {
        const auto tensor = attribute.table(6);
        return tensor ? head + add_constant(*tensor) : head;
      }
      case 5:
        if (const auto body = attribute.table(7)) read_body(*body, owner, level);
        return head + "graph";
      case 6:
        return head + numbers(attribute.vector<float>(8));
      case 7:
        return head + numbers(attribute.vector<std::int64_t>(9));
      case 8: {
        std::string out = head;
        for (const std::string& text : budget_.copy_texts(attribute, 10))
          out += one_word(text) + ",";
        return out;
      }
      case 9: {
        const FlatTables tensors = attribute.tables(11);
        for (std::size_t i = 0; i < tensors.size() && budget_.spend(1); ++i) {
          if (const auto tensor = tensors.at(i)) add_constant(*tensor);
        }
        return head + "tensors";
      }
      case 10: {
        const FlatTables bodies = attribute.tables(12);
        for (std::size_t i = 0; i < bodies.size() && budget_.spend(1); ++i) {
          if (const auto body = bodies.at(i)) read_body(*body, owner, level);
        }
        return head + "graphs";
      }
      default:
        return head;
    }
  }

  void read_body(const FlatTable& body, const std::string& owner, int level) {
    if (level + 1 >= kMaxOrtDepth) {
      buffer_.damage(body.position(), "graphs inside of graphs are too deep");
      return;
    }
    touch_values(body);
    budget_.copy_texts(body, 5);
    budget_.copy_texts(body, 6);
    read_graph(body, owner, level + 1);
  }

  template <typename T>
  std::string numbers(const FlatVector<T>& items) {
    if (!budget_.spend(items.size())) return {};
    if (items.size() > kShownNumbers) return "[" + std::to_string(items.size()) + "]";
    std::string out;
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i != 0) out += ",";
      if constexpr (std::is_floating_point_v<T>) {
        out += format_double(static_cast<double>(items[i]));
      } else {
        out += std::to_string(items[i]);
      }
    }
    return out;
  }

  // A constant's type and shape as text; its numbers go into the weights.
  std::string add_constant(const FlatTable& tensor) {
    tensor.text(0);
    tensor.text(1);
    const auto dims = tensor.vector<std::int64_t>(2);
    const ByteSpan data = tensor.vector<std::uint8_t>(4).bytes();
    std::uint64_t elements = 1;
    for (std::size_t i = 0; i < dims.size(); ++i) {
      elements =
          multiply_checked(elements, static_cast<std::uint64_t>(std::max<std::int64_t>(dims[i], 0)))
              .value_or(0);
    }
    budget_.copy_texts(tensor, 5);
    // No more numbers than there are bits.
    constexpr std::uint64_t kMostPerByte = 8;
    elements = std::min<std::uint64_t>(elements, data.size() * kMostPerByte);
    const std::int32_t type = tensor.scalar<std::int32_t>(3, 0);
    if (depth_ == ReadDepth::kAll && !data.empty() && budget_.spend(data.size()))
      weights_.add(data, is_trained(type) ? elements : 0);
    return onnx_type_name(type) + "[" + numbers(dims) + "]";
  }

  void add_sparse(const FlatTable& tensor) {
    tensor.vector<std::int64_t>(2);
    for (const std::uint16_t part : {std::uint16_t{0}, std::uint16_t{1}}) {
      if (const auto inner = tensor.table(part)) add_constant(*inner);
    }
  }

  void touch_edges(const FlatTable& table) {
    constexpr std::uint64_t kEdgeBytes = 12;
    const FlatTables edges = table.tables(4);
    for (std::size_t i = 0; i < edges.size() && budget_.spend(1); ++i) {
      const auto edge = edges.at(i);
      if (!edge) continue;
      edge->structs(1, kEdgeBytes);
      edge->structs(2, kEdgeBytes);
    }
  }

  void touch_values(const FlatTable& table) {
    const FlatTables values = table.tables(1);
    for (std::size_t i = 0; i < values.size() && budget_.spend(1); ++i) {
      if (const auto value = values.at(i)) read_value(*value);
    }
  }

  // A named value with its type, where that is a tensor.
  GraphTensor read_value(const FlatTable& value) {
    GraphTensor out;
    out.name = budget_.copy(value.text(0));
    value.text(1);
    const auto info = value.table(2);
    if (!info) return out;
    info->text(0);
    const auto tensor = info->table(2);
    if (!tensor) return out;
    if (info->scalar<std::uint8_t>(1, 0) != 1) {
      out.dtype = "other";  // a sequence or a map
      return out;
    }
    out.dtype = onnx_type_name(tensor->scalar<std::int32_t>(0, 0));
    const auto shape = tensor->table(1);
    const FlatTables dims = shape ? shape->tables(0) : FlatTables();
    for (std::size_t i = 0; i < std::min(dims.size(), kMaxBorderRank) && budget_.spend(1); ++i) {
      const auto dim = dims.at(i);
      if (dim) dim->text(1);
      const auto side = dim ? dim->table(0) : std::nullopt;
      const bool known = side && side->scalar<std::int8_t>(0, 0) == 1;
      if (side) side->text(2);
      out.shape.push_back(known ? std::max<std::int64_t>(side->scalar<std::int64_t>(1, -1), -1)
                                : -1);
    }
    return out;
  }

  // Inputs and outputs by name; their types stand among the values of the graph.
  void read_borders(const FlatTable& main) {
    std::unordered_map<std::string, GraphTensor> values;
    const FlatTables all = main.tables(1);
    for (std::size_t i = 0; i < all.size() && budget_.spend(1); ++i) {
      if (const auto value = all.at(i)) {
        GraphTensor tensor = read_value(*value);
        values.emplace(tensor.name, tensor);
      }
    }
    const auto fill = [&](std::uint16_t field, std::vector<GraphTensor>& out) {
      for (const std::string& name : budget_.copy_texts(main, field)) {
        const auto known = values.find(name);
        GraphTensor tensor;
        tensor.name = name;
        // Old writers list constants among the inputs.
        if (constant_names_.contains(name)) continue;
        if (out.size() < kMaxGraphBorders)
          out.push_back(known == values.end() ? tensor : known->second);
      }
    };
    fill(5, graph().inputs);
    fill(6, graph().outputs);
  }

  void read_metadata(const FlatTable& root, const FlatTable& model) {
    const auto put = [&](std::string key, std::string value) {
      if (!value.empty()) graph().metadata.emplace_back(std::move(key), std::move(value));
    };
    put("producer", budget_.copy(model.text(2)));
    put("producer_version", budget_.copy(model.text(3)));
    put("domain", budget_.copy(model.text(4)));
    put("description", budget_.copy(model.text(6)));
    put("graph_description", budget_.copy(model.text(8)));
    put("ort_format_version", budget_.copy(root.text(0)));
    const FlatTables opsets = model.tables(1);
    for (std::size_t i = 0; i < opsets.size() && budget_.spend(1); ++i) {
      const auto opset = opsets.at(i);
      if (!opset) continue;
      const std::string domain = budget_.copy(opset->text(0));
      put("opset " + (domain.empty() ? "ai.onnx" : domain),
          std::to_string(opset->scalar<std::int64_t>(1, 0)));
    }
    const FlatTables properties = model.tables(9);
    for (std::size_t i = 0; i < properties.size() && budget_.spend(1); ++i) {
      if (const auto entry = properties.at(i))
        put(budget_.copy(entry->text(0)), budget_.copy(entry->text(1)));
    }
  }

  // Which kernels a node may use: it says nothing about the model, but lies at the file's end.
  void touch_resolver(const FlatTable& root) {
    const auto resolver = root.table(3);
    if (!resolver) return;
    const FlatTables entries = resolver->tables(0);
    for (std::size_t i = 0; i < entries.size() && budget_.spend(1); ++i) {
      const auto entry = entries.at(i);
      if (!entry) continue;
      entry->text(0);
      const FlatTables kinds = entry->tables(1);
      for (std::size_t k = 0; k < kinds.size() && budget_.spend(1); ++k) {
        const auto kind = kinds.at(k);
        if (!kind) continue;
        kind->text(0);
        const FlatTables args = kind->tables(1);
        for (std::size_t n = 0; n < args.size() && budget_.spend(1); ++n) args.at(n);
      }
    }
  }

  void finish() {
    if (depth_ == ReadDepth::kAll) {
      weights_.finish(graph());
      set_graph_hash("ort", graph());
    }
    graph().gaps = buffer_.gaps().list();
    model_.size = buffer_.filled_extent();
  }

  FlatBuffer buffer_;
  ReadDepth depth_;
  FlatBudget budget_;
  ReadModel model_;
  WeightsDigest weights_;
  std::unordered_set<std::string> constant_names_;
};

}  // namespace

std::optional<ReadModel> read_ort(ByteSpan bytes, ReadDepth depth) {
  return OrtReader(bytes, depth).read();
}

}  // namespace dl
