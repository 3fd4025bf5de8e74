// SPDX-License-Identifier: Apache-2.0
// Walks a PyTorch Mobile flatbuffer; field numbers are those of the published schema
// (torch/csrc/jit/serialization/mobile_bytecode.fbs).
#include "daylight/format/torch/ptmf.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "daylight/base/text.h"
#include "daylight/format/encoding/flat_budget.h"
#include "daylight/format/encoding/flatbuffer.h"
#include "daylight/format/torch/scalar_type.h"

namespace dl {
namespace {

constexpr std::string_view kIdentifier = "PTMF";
constexpr std::uint8_t kLastValueKind = 16;
constexpr std::size_t kMaxInstructions = 2000;
constexpr std::uint64_t kInstructionBytes = 8;

enum ValueKind : std::uint8_t {
  kInt = 1,
  kBool = 2,
  kDouble = 3,
  kComplex = 4,
  kTensor = 5,
  kString = 6,
  kList = 7,
  kTuple = 8,
  kDict = 9,
  kObject = 10,
  kIntList = 11,
  kDoubleList = 12,
  kBoolList = 13,
  kDevice = 14,
  kEnum = 15,
  kFunction = 16,
};

// The mobile interpreter's opcodes, in the order of its header.
constexpr std::array<std::string_view, 31> kOpcodes = {"OP",
                                                       "OPN",
                                                       "LOAD",
                                                       "MOVE",
                                                       "STOREN",
                                                       "STORE",
                                                       "DROP",
                                                       "DROPR",
                                                       "LOADC",
                                                       "JF",
                                                       "JMP",
                                                       "LOOP",
                                                       "RET",
                                                       "WAIT",
                                                       "CALL",
                                                       "GUARD",
                                                       "TYPECHECK",
                                                       "FAIL_GUARD",
                                                       "PROFILE_OP",
                                                       "TAIL_CALL",
                                                       "INTERFACE_CALL",
                                                       "GET_ATTR",
                                                       "SET_ATTR",
                                                       "LIST_UNPACK",
                                                       "TUPLE_CONSTRUCT",
                                                       "NAMED_TUPLE_CONSTRUCT",
                                                       "LIST_CONSTRUCT",
                                                       "DICT_CONSTRUCT",
                                                       "CREATE_OBJECT",
                                                       "ISINSTANCE",
                                                       "TUPLE_SLICE"};

std::uint64_t dtype_bytes(const std::string& name) {
  if (name.ends_with("64")) return 8;
  if (name.ends_with("32")) return 4;
  if (name.ends_with("16")) return 2;
  return 1;
}

class PtmfReader {
 public:
  PtmfReader(ByteSpan bytes, ReadDepth depth)
      : buffer_(bytes), depth_(depth), budget_(buffer_, kMaxPtmfElementsPerByte * bytes.size()) {}

  std::optional<ReadModel> read() {
    const auto identifier = subspan_checked(buffer_.bytes(), 4, kIdentifier.size());
    if (!identifier || as_text(*identifier) != kIdentifier) return std::nullopt;
    const auto root = FlatTable::root(buffer_);
    if (!root || root->scalar<std::uint32_t>(0, 0) == 0 || !read_values(*root)) return std::nullopt;
    touch_values();
    read_functions(*root);
    read_storages(*root);
    read_files(*root);
    put("bytecode_version", std::to_string(root->scalar<std::uint32_t>(0, 0)));
    put("operator_version", std::to_string(root->scalar<std::uint32_t>(10, 0)));
    finish();
    return std::move(model_);
  }

 private:
  ModelGraph& graph() { return model_.graph; }
  void put(const char* key, std::string value) {
    if (!value.empty()) graph().metadata.emplace_back(key, std::move(value));
  }
  // False unless every value is of a kind of the schema.
  bool read_values(const FlatTable& root) {
    const FlatTables values = root.tables(4);
    if (values.empty()) return false;
    for (std::size_t i = 0; i < values.size() && budget_.spend(1); ++i) {
      const auto value = values.at(i);
      if (!value || value->scalar<std::uint8_t>(0, 0) > kLastValueKind) return false;
      values_.push_back(*value);
    }
    return true;
  }

  std::uint8_t kind_of(const FlatTable& value) const { return value.scalar<std::uint8_t>(0, 0); }

  // Everything that values point to, so that the file's end is known.
  void touch_values() {
    for (const FlatTable& value : values_) {
      const std::uint8_t kind = kind_of(value);
      if (kind == kInt || kind == kDouble) {
        value.pointed_struct(1, 8);
      } else if (kind == kBool) {
        value.pointed_struct(1, 1);
      } else if (kind == kComplex) {
        value.pointed_struct(1, 16);
      } else if (const auto table = value.table(1)) {
        touch_table(kind, *table);
      }
    }
  }
  void touch_table(std::uint8_t kind, const FlatTable& table) {
    switch (kind) {
      case kTensor:
        touch_tensor(table);
        return;
      case kString:
      case kDevice:
      case kEnum:
        table.text(0);
        return;
      case kList:
        table.vector<std::uint32_t>(0);
        table.text(1);
        return;
      case kTuple:
        table.vector<std::uint32_t>(0);
        return;
      case kDict:
        table.vector<std::uint32_t>(0);
        table.vector<std::uint32_t>(1);
        table.text(2);
        return;
      case kObject:
        table.vector<std::uint32_t>(2);
        return;
      case kIntList:
      case kDoubleList:
        table.vector<std::uint64_t>(0);
        return;
      case kBoolList:
        table.vector<std::uint8_t>(0);
        return;
      default:
        return;
    }
  }
  void touch_tensor(const FlatTable& tensor) {
    tensor.vector<std::int32_t>(3);
    tensor.vector<std::int32_t>(4);
    note_tensor(tensor);
    if (const auto quantised = tensor.table(6)) {
      for (const std::uint16_t field : {std::uint16_t{3}, std::uint16_t{4}}) {
        const auto part = quantised->table(field);
        if (!part) continue;
        part->vector<std::int32_t>(3);
        part->vector<std::int32_t>(4);
      }
    }
  }
  // The widest type that names a storage tells how many numbers it holds.
  void note_tensor(const FlatTable& tensor) {
    const auto storage = std::size_t{tensor.scalar<std::uint32_t>(0, 0)};
    if (storage > kMaxStorages) return;
    if (storage >= widths_.size()) widths_.resize(storage + 1, 0);
    widths_[storage] = dtype_bytes(torch_scalar_type_name(tensor.scalar<std::int8_t>(1, 0)));
  }

  void read_functions(const FlatTable& root) {
    root.vector<std::uint32_t>(2);
    std::string names;
    std::size_t listed = 0;
    for (const FlatTable& value : values_) {
      if (kind_of(value) != kFunction) continue;
      const auto function = value.table(1);
      if (!function || !budget_.spend(1)) continue;
      const std::string name = printable(function->text(0));
      constexpr std::size_t kListed = 64;
      if (++listed <= kListed) names += (names.empty() ? "" : " ") + name;
      read_function(*function, name.ends_with(".forward") || name == "forward");
    }
    put("methods", names);
  }

  void read_function(const FlatTable& function, bool forward) {
    const FlatTables operators = function.tables(2);
    const auto constants = function.vector<std::uint32_t>(3);
    for (std::size_t i = 0; i < function.text_count(4) && budget_.spend(1); ++i)
      function.text_at(4, i);
    const ByteSpan instructions = function.structs(1, kInstructionBytes);
    std::string before;
    for (std::size_t at = 0; at + kInstructionBytes <= instructions.size() && budget_.spend(1);
         at += kInstructionBytes) {
      const std::uint8_t code = instructions[at];
      const auto n = load_le<std::uint16_t>(instructions, at + 2).value_or(0);
      const auto x = load_le<std::int32_t>(instructions, at + 4).value_or(0);
      if (code > 1) {
        if (before.size() <= kMaxInstructions) before += instruction_text(code, x, n, constants);
        continue;
      }
      if (graph().operators.size() >= kMaxGraphOperators) return;
      graph().operators.push_back({operator_name(operators, x), std::exchange(before, {}), {}, {}});
    }
    if (const auto debug = function.table(7)) debug->vector<std::uint64_t>(0);
    if (const auto schema = function.table(6)) read_schema(*schema, forward);
  }

  std::string operator_name(const FlatTables& operators, std::int32_t x) {
    const auto row = x < 0 ? std::nullopt : operators.at(static_cast<std::size_t>(x));
    if (!row) return "?";
    const std::string_view overload = row->text(1);
    return printable(row->text(0)) + (overload.empty() ? "" : "." + printable(overload));
  }

  std::string instruction_text(std::uint8_t code, std::int32_t x, std::uint16_t n,
                               const FlatVector<std::uint32_t>& constants) {
    std::string text =
        " " + (code < kOpcodes.size() ? std::string(kOpcodes[code]) : std::to_string(code)) + "=";
    constexpr std::uint8_t kLoadConstant = 8;
    const bool constant =
        code == kLoadConstant && x >= 0 && static_cast<std::size_t>(x) < constants.size();
    if (constant) return text + value_text(constants[static_cast<std::size_t>(x)]);
    return text + std::to_string(x) + (n == 0 ? "" : "," + std::to_string(n));
  }

  // Numbers, lists of numbers and tensors' shapes; other values by their kind.
  std::string value_text(std::uint32_t number) {
    if (number >= values_.size()) return "?";
    const FlatTable& value = values_[number];
    const std::uint8_t kind = kind_of(value);
    switch (kind) {
      case 0:
        return "None";
      case kInt:
        return std::to_string(load_le<std::int64_t>(value.pointed_struct(1, 8), 0).value_or(0));
      case kBool:
        return load_le<std::uint8_t>(value.pointed_struct(1, 1), 0).value_or(0) != 0 ? "True"
                                                                                     : "False";
      case kDouble:
        return format_double(load_le<double>(value.pointed_struct(1, 8), 0).value_or(0));
      default:
        break;
    }
    const auto table = value.table(1);
    if (!table) return "?";
    if (kind == kTensor) {
      return torch_scalar_type_name(table->scalar<std::int8_t>(1, 0)) +
             numbers_text(table->vector<std::int32_t>(3));
    }
    if (kind == kIntList) return numbers_text(table->vector<std::int64_t>(0));
    return "kind" + std::to_string(kind);
  }

  template <typename T>
  static std::string numbers_text(const FlatVector<T>& items) {
    constexpr std::size_t kShown = 16;
    std::string out = "[";
    for (std::size_t i = 0; i < std::min(items.size(), kShown); ++i)
      out += (i == 0 ? "" : ",") + std::to_string(items[i]);
    return out + (items.size() > kShown ? ",..." : "") + "]";
  }

  void read_schema(const FlatTable& schema, bool forward) {
    const auto add = [&](std::uint16_t field, std::vector<GraphTensor>& out, const char* prefix) {
      const FlatTables list = schema.tables(field);
      for (std::size_t i = 0; i < list.size() && budget_.spend(1); ++i) {
        const auto argument = list.at(i);
        if (!argument) continue;
        GraphTensor tensor;
        tensor.name = std::string(argument->text(0));
        tensor.dtype = argument->text(1) == "Tensor" ? "" : "other";
        if (tensor.name.empty()) tensor.name = prefix + std::to_string(i);
        if (forward && tensor.name != "self" && out.size() < kMaxGraphBorders)
          out.push_back(std::move(tensor));
      }
    };
    add(0, graph().inputs, "argument");
    add(1, graph().outputs, "result");
  }

  void read_storages(const FlatTable& root) {
    const FlatTables storages = root.tables(6);
    for (std::size_t i = 0; i < storages.size() && budget_.spend(1); ++i) {
      const auto storage = storages.at(i);
      if (!storage) continue;
      const ByteSpan data = storage->vector<std::uint8_t>(0).bytes();
      const std::uint64_t width = i < widths_.size() && widths_[i] != 0 ? widths_[i] : 1;
      if (!data.empty() && budget_.spend(data.size()) && depth_ == ReadDepth::kAll)
        weights_.add(data, data.size() / width);
    }
  }

  void read_files(const FlatTable& root) {
    std::string names;
    for (const std::uint16_t field : {std::uint16_t{1}, std::uint16_t{8}}) {
      const FlatTables files = root.tables(field);
      for (std::size_t i = 0; i < files.size() && budget_.spend(1); ++i) {
        const auto file = files.at(i);
        if (!file) continue;
        file->text(1);
        constexpr std::size_t kShown = 1000;
        if (field == 1 && names.size() < kShown)
          names += (names.empty() ? "" : " ") + printable(file->text(0));
      }
    }
    put("extra_files", names);
    const FlatTables types = root.tables(7);
    for (std::size_t i = 0; i < types.size() && budget_.spend(1); ++i) {
      const auto type = types.at(i);
      if (!type) continue;
      type->text(0);
      for (std::size_t k = 0; k < type->text_count(2) && budget_.spend(1); ++k) type->text_at(2, k);
    }
    root.vector<std::uint32_t>(9);
  }

  void finish() {
    if (depth_ == ReadDepth::kAll) {
      weights_.finish(graph());
      if (!graph().operators.empty()) set_graph_hash("ptmf", graph());
    }
    graph().gaps = buffer_.gaps().list();
    model_.size = buffer_.filled_extent();
  }

  static constexpr std::size_t kMaxStorages = 1000000;
  FlatBuffer buffer_;
  ReadDepth depth_;
  FlatBudget budget_;
  ReadModel model_;
  WeightsDigest weights_;
  std::vector<FlatTable> values_;
  std::vector<std::uint64_t> widths_;  // bytes of an element, by storage
};

}  // namespace

std::optional<ReadModel> read_ptmf(ByteSpan bytes, ReadDepth depth) {
  return PtmfReader(bytes, depth).read();
}

}  // namespace dl
