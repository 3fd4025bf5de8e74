// SPDX-License-Identifier: Apache-2.0
// Walks an MNN flatbuffer; field numbers are those of the published schema.
#include "daylight/format/engines/mnn.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "daylight/format/encoding/flatbuffer.h"
#include "daylight/format/engines/mnn_schema.h"

namespace dl {
namespace {

constexpr std::int32_t kInputType = 34;
constexpr std::uint8_t kInputOptions = 21;
constexpr std::uint8_t kConvolutionOptions = 9;
constexpr std::int8_t kLastUsage = 2;
constexpr std::int8_t kLastSource = 7;
constexpr std::int8_t kLastForward = 15;

// The numbers are TensorFlow's.
std::string dtype_name(std::int32_t type) {
  switch (type) {
    case 1:
      return "float32";
    case 2:
      return "float64";
    case 3:
      return "int32";
    case 4:
      return "uint8";
    case 5:
      return "int16";
    case 6:
      return "int8";
    case 7:
      return "string";
    case 9:
      return "int64";
    case 10:
      return "bool";
    case 19:
      return "float16";
    default:
      return "other";
  }
}

constexpr std::string_view kSources[] = {"Caffe", "TensorFlow", "TFLite", "ONNX", "Torch"};

// Cheap: root and the scalars and vectors that a Net has.
bool may_be_net(const FlatTable& root) {
  const auto within = [](std::int8_t value, std::int8_t last) {
    return value >= 0 && value <= last;
  };
  return root.has(3) && root.has(7) && within(root.scalar<std::int8_t>(5, 0), kLastForward) &&
         within(root.scalar<std::int8_t>(6, 0), kLastSource) &&
         within(root.scalar<std::int8_t>(9, 0), kLastUsage) && !root.tables(3).empty() &&
         root.text_count(7) > 0;
}

class MnnReader {
 public:
  MnnReader(ByteSpan bytes, ReadDepth depth)
      : buffer_(bytes),
        walker_(mnn_schema(), kMaxMnnElementsPerByte * bytes.size()),
        depth_(depth) {}

  std::optional<ReadModel> read() {
    const auto root = FlatTable::root(buffer_);
    if (!root || !may_be_net(*root)) return std::nullopt;
    if (!read_operators(*root) || !read_names(*root)) return std::nullopt;
    // What a hostile or a foreign file may still get wrong is options and descriptions.
    if (buffer_.damaged()) return std::nullopt;
    read_describes(*root);
    describe_operators();
    read_borders(*root);
    read_metadata(*root);
    read_subgraphs(*root);
    finish();
    return std::move(model_);
  }

 private:
  struct Op {
    FlatTable table;
    std::int32_t type;
    std::vector<std::int32_t> inputs;
    std::vector<std::int32_t> outputs;
  };
  struct Quantisation {
    std::int32_t tensor;
    float scale;
    float zero;
  };

  ModelGraph& graph() { return model_.graph; }

  static std::vector<std::int32_t> copy(const FlatVector<std::int32_t>& items) {
    std::vector<std::int32_t> out;
    out.reserve(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) out.push_back(items[i]);
    return out;
  }

  // False unless every operator is one.
  bool read_operators(const FlatTable& root) {
    const FlatTables list = root.tables(3);
    tensor_count_ = root.text_count(7);
    std::uint64_t operands = 0;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto table = list.at(i);
      if (!table || i >= kMaxGraphOperators) return false;
      Op op{*table, table->scalar<std::int32_t>(5, 0), copy(table->vector<std::int32_t>(0)),
            copy(table->vector<std::int32_t>(4))};
      operands += op.inputs.size() + op.outputs.size();
      if (operands > buffer_.bytes().size() || !is_operator(op)) return false;
      operators_.push_back(std::move(op));
    }
    return true;
  }

  bool is_operator(const Op& op) const {
    const auto number = op.table.scalar<std::uint8_t>(1, 0);
    const auto exists = [&](std::int32_t tensor) {
      return tensor >= -1 && tensor < static_cast<std::int64_t>(tensor_count_);
    };
    return !mnn_operator_name(op.type).empty() && number <= kMnnOptionTypes &&
           (number == 0 || op.table.has(2)) &&
           std::all_of(op.inputs.begin(), op.inputs.end(), exists) &&
           std::all_of(op.outputs.begin(), op.outputs.end(), exists) &&
           (op.outputs.size() + op.inputs.size() > 0);
  }

  // False unless the names are strings that do not run over each other.
  bool read_names(const FlatTable& root) {
    std::uint64_t characters = 0;
    for (std::size_t i = 0; i < tensor_count_; ++i) {
      const std::string_view name = root.text_at(7, i);
      characters += name.size();
      if (buffer_.damaged() || characters > buffer_.bytes().size()) return false;
      names_.emplace_back(name);
      numbers_.emplace(name, static_cast<std::int32_t>(i));
    }
    return true;
  }

  std::string name_of(std::int32_t tensor) const {
    if (tensor < 0 || static_cast<std::size_t>(tensor) >= names_.size()) return {};
    // Names may be empty; numbers are not.
    const std::string& name = names_[static_cast<std::size_t>(tensor)];
    const bool shown = !name.empty() && name.size() <= kMaxGraphName;
    return shown ? name : "#" + std::to_string(tensor);
  }
  std::vector<std::string> names_of(const std::vector<std::int32_t>& tensors) const {
    std::vector<std::string> out;
    out.reserve(tensors.size());
    for (const std::int32_t tensor : tensors) out.push_back(name_of(tensor));
    return out;
  }

  // Shapes and scales that the converter knew.
  void read_describes(const FlatTable& root) {
    const FlatTables describes = root.tables(1);
    for (std::size_t i = 0; i < describes.size() && !walker_.exhausted(); ++i) {
      const auto table = describes.at(i);
      if (!table) continue;
      walker_.walk(*table, "TensorDescribe");
      const auto info = table->table(4);
      if (info) {
        quantisations_.push_back({table->scalar<std::int32_t>(1, 0), info->scalar<float>(0, 0),
                                  info->scalar<float>(1, 0)});
      }
    }
    std::stable_sort(
        quantisations_.begin(), quantisations_.end(),
        [](const Quantisation& a, const Quantisation& b) { return a.tensor < b.tensor; });
  }

  void describe_operators() {
    for (const Op& op : operators_) {
      const FlatSummary summary = options_of(op);
      add_weights(op, summary);
      op.table.text(3);
      if (op.type == kInputType) continue;  // a border, see add_input
      graph().operators.push_back(
          {mnn_operator_name(op.type), summary.detail, names_of(op.inputs), names_of(op.outputs)});
    }
  }

  FlatSummary options_of(const Op& op) {
    const FlatType* members = mnn_schema().find("OpParameter");
    const auto number = op.table.scalar<std::uint8_t>(1, 0);
    if (number == 0 || members == nullptr) return {};
    const auto options = op.table.table(2);
    if (!options || number > members->members.size()) return {};
    return walker_.walk(*options, members->members[number - std::size_t{1}]);
  }

  void add_weights(const Op& op, const FlatSummary& summary) {
    for (const FlatConstant& constant : summary.constants) {
      const bool packed = constant.bytes.data() == packed_weights(op);
      const std::uint64_t elements = packed ? packed_elements(op, constant) : constant.elements;
      if (depth_ == ReadDepth::kAll) {
        weights_.add(constant.bytes, elements);
      }
    }
  }

  // A convolution's weights may be packed by a code of their own: their bytes are not their number.
  static const std::uint8_t* packed_weights(const Op& op) {
    if (op.table.scalar<std::uint8_t>(1, 0) != kConvolutionOptions) return nullptr;
    const auto options = op.table.table(2);
    const auto quantised = options ? options->table(3) : std::nullopt;
    const ByteSpan bytes = quantised ? quantised->vector<std::uint8_t>(0).bytes() : ByteSpan{};
    return bytes.empty() ? nullptr : bytes.data();
  }
  static std::uint64_t packed_elements(const Op& op, const FlatConstant& constant) {
    const auto options = op.table.table(2);
    const auto common = options ? options->table(0) : std::nullopt;
    if (!common) return constant.elements;
    const auto field = [&](std::uint16_t number, std::int32_t absent) {
      return static_cast<std::uint64_t>(std::max(common->scalar<std::int32_t>(number, absent), 0));
    };
    const std::uint64_t groups = std::max<std::uint64_t>(field(9, 1), 1);
    std::uint64_t elements = field(10, 0);
    for (const std::uint64_t factor :
         {std::max<std::uint64_t>(field(11, 0) / groups, 1), field(2, 1), field(3, 1)}) {
      elements = multiply_checked(elements, factor).value_or(0);
    }
    return elements == 0 ? constant.elements : elements;
  }

  void read_borders(const FlatTable& root) {
    std::vector<char> consumed(tensor_count_, 0);
    for (const Op& op : operators_) {
      for (const std::int32_t tensor : op.inputs) {
        if (tensor >= 0) consumed[static_cast<std::size_t>(tensor)] = 1;
      }
      if (op.type == kInputType) add_input(op);
    }
    const std::size_t named = root.text_count(4);
    for (std::size_t i = 0; i < named && graph().outputs.size() < kMaxGraphBorders; ++i)
      graph().outputs.push_back(output_tensor(std::string(root.text_at(4, i))));
    if (named > 0) return;
    for (const Op& op : operators_) {
      for (const std::int32_t tensor : op.outputs) {
        if (tensor < 0 || consumed[static_cast<std::size_t>(tensor)] != 0) continue;
        if (op.type != kInputType && graph().outputs.size() < kMaxGraphBorders)
          graph().outputs.push_back(output_tensor(name_of(tensor)));
      }
    }
  }

  void add_input(const Op& op) {
    if (op.outputs.empty() || graph().inputs.size() >= kMaxGraphBorders) return;
    GraphTensor tensor;
    tensor.name = name_of(op.outputs.front());
    tensor.dtype = "float32";
    const auto options =
        op.table.scalar<std::uint8_t>(1, 0) == kInputOptions ? op.table.table(2) : std::nullopt;
    if (options) {
      const auto sides = options->vector<std::int32_t>(0);
      for (std::size_t i = 0; i < std::min(sides.size(), kMaxBorderRank); ++i)
        tensor.shape.push_back(std::max(sides[i], -1));
      tensor.dtype = dtype_name(options->scalar<std::int32_t>(1, 1));
    }
    quantise(op.outputs.front(), tensor);
    graph().inputs.push_back(std::move(tensor));
  }

  GraphTensor output_tensor(std::string name) {
    GraphTensor tensor;
    tensor.name = std::move(name);
    if (const auto at = numbers_.find(tensor.name); at != numbers_.end())
      quantise(at->second, tensor);
    return tensor;
  }

  void quantise(std::int32_t number, GraphTensor& tensor) const {
    const auto at = std::lower_bound(
        quantisations_.begin(), quantisations_.end(), number,
        [](const Quantisation& row, std::int32_t key) { return row.tensor < key; });
    if (at == quantisations_.end() || at->tensor != number || !(at->scale > 0)) return;
    tensor.quant_scale = {at->scale};
    // A float in the file, though it holds a whole number.
    const bool whole = at->zero >= -32768.0F && at->zero <= 32767.0F;
    tensor.quant_zero_point = {whole ? static_cast<std::int64_t>(at->zero) : 0};
  }

  void read_metadata(const FlatTable& root) {
    const auto put = [&](const char* key, std::string_view value) {
      if (!value.empty()) graph().metadata.emplace_back(key, value);
    };
    put("biz_code", root.text(0));
    const auto source = static_cast<std::uint8_t>(root.scalar<std::int8_t>(6, 0));
    if (source < std::size(kSources)) put("converted_from", kSources[source]);
    put("uuid", root.text(11));
    if (const auto extra = root.table(12)) extra->text(0);
  }

  // Bodies of loops and branches: their operators follow those of the main graph.
  void read_subgraphs(const FlatTable& root) {
    const FlatTables subgraphs = root.tables(10);
    for (std::size_t i = 0; i < subgraphs.size() && !walker_.exhausted(); ++i) {
      const auto subgraph = subgraphs.at(i);
      if (!subgraph) continue;
      subgraph->text(0);
      const FlatTables nodes = subgraph->tables(4);
      for (std::size_t k = 0; k < nodes.size() && !walker_.exhausted(); ++k) {
        const auto node = nodes.at(k);
        if (!node || graph().operators.size() >= kMaxGraphOperators) break;
        const FlatSummary summary = walker_.walk(*node, "Op");
        for (const FlatConstant& constant : summary.constants) {
          if (depth_ == ReadDepth::kAll) weights_.add(constant.bytes, constant.elements);
        }
        const std::string name = mnn_operator_name(node->scalar<std::int32_t>(5, 0));
        graph().operators.push_back({name.empty() ? "?" : name,
                                     "subgraph=" + std::to_string(i) + " " + summary.detail,
                                     {},
                                     {}});
      }
    }
  }

  void finish() {
    if (walker_.exhausted()) buffer_.damage(0, "parts are shared so often that some were left out");
    if (depth_ == ReadDepth::kAll) {
      weights_.finish(graph());
      set_graph_hash("mnn", graph());
    }
    graph().gaps = buffer_.gaps().list();
    model_.size = buffer_.filled_extent();
  }

  FlatBuffer buffer_;
  FlatWalker walker_;
  ReadDepth depth_;
  ReadModel model_;
  WeightsDigest weights_;
  std::vector<Op> operators_;
  std::vector<std::string> names_;
  std::unordered_map<std::string_view, std::int32_t> numbers_;  // of the first of each name
  std::vector<Quantisation> quantisations_;
  std::size_t tensor_count_ = 0;
};

}  // namespace

std::optional<ReadModel> read_mnn(ByteSpan bytes, ReadDepth depth) {
  return MnnReader(bytes, depth).read();
}

}  // namespace dl
