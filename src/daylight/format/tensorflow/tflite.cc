// SPDX-License-Identifier: Apache-2.0
// Walks a TensorFlow Lite flatbuffer table by table; field numbers are those of the published
// schema.
#include "daylight/format/tensorflow/tflite.h"

#include <algorithm>
#include <utility>

#include "daylight/format/encoding/flat_budget.h"
#include "daylight/format/encoding/flatbuffer.h"
#include "daylight/format/tensorflow/tflite_options.h"

namespace dl {
namespace {

constexpr std::string_view kIdentifier = "TFL3";
constexpr std::uint32_t kNewestVersion = 3;
constexpr std::uint8_t kCustomQuantization = 1;

bool has_identifier(ByteSpan bytes) {
  const auto part = subspan_checked(bytes, 4, 4);
  return part && as_text(*part) == kIdentifier;
}

std::string numbered(std::string_view what, std::size_t i) {
  return std::string(what) + " " + std::to_string(i);
}

// The versions of the schema that a model may state; without the identifier, only the one in use.
bool has_known_version(const FlatTable& root, bool with_identifier) {
  const std::uint32_t version = root.scalar<std::uint32_t>(0, 0);
  return version >= (with_identifier ? 1 : kNewestVersion) && version <= kNewestVersion;
}

// Whether one of the first subgraphs has tensors: what a model cannot be without.
bool has_tensors(const FlatTable& root) {
  constexpr std::size_t kLookedAt = 16;
  const FlatTables subgraphs = root.tables(2);
  for (std::size_t i = 0; i < std::min(subgraphs.size(), kLookedAt); ++i) {
    const auto subgraph = subgraphs.at(i);
    if (subgraph && !subgraph->tables(0).empty()) return true;
  }
  return false;
}

// The layout of one model, read in one walk.
class TfliteReader {
 public:
  explicit TfliteReader(ByteSpan bytes)
      : bytes_(bytes),
        buffer_(bytes),
        budget_(buffer_, std::min<std::uint64_t>(kMaxTfliteElementsPerByte * bytes.size(),
                                                 kMaxTfliteElements)) {}

  Result<TfliteModel> read() {
    model_.has_identifier = has_identifier(bytes_);
    const auto root = FlatTable::root(buffer_);
    if (!root) return no_model("no root table");
    model_.version = root->scalar<std::uint32_t>(0, 0);
    if (!has_known_version(*root, model_.has_identifier)) return no_model("no schema version");
    // Before any work: bytes that hold the identifier many times must cost little.
    if (!has_tensors(*root)) return no_model("no subgraph with tensors");
    model_.description = budget_.copy(root->text(3));
    read_buffers(*root);
    read_operator_codes(*root);
    read_subgraphs(*root);
    read_metadata(*root);
    read_signatures(*root);
    touch_external_buffers(*root);
    TRY_VOID(check_is_model());
    model_.size = end_of_model();
    model_.gaps = buffer_.gaps().list();
    return std::move(model_);
  }

 private:
  static tl::unexpected<Error> no_model(std::string why) {
    return fail(ErrorCode::kCorrupt, "not a TensorFlow Lite model: " + std::move(why));
  }

  void gap(const std::string& where, const std::string& why) {
    buffer_.damage(0, where + ": " + why);
  }

  std::vector<std::int32_t> copy_shape(const FlatTable& table, std::uint16_t field,
                                       const std::string& where) {
    const auto shape = table.vector<std::int32_t>(field);
    if (shape.size() <= kMaxTfliteRank) return budget_.copy(shape);
    gap(where, "has " + std::to_string(shape.size()) + " dimensions");
    return {};
  }

  void read_buffers(const FlatTable& root) {
    const FlatTables buffers = root.tables(4);
    for (std::size_t i = 0; i < buffers.size() && budget_.spend(1); ++i) {
      TfliteBuffer out;
      if (const auto table = buffers.at(i)) {
        const auto data = table->vector<std::uint8_t>(0).bytes();
        if (!data.empty()) {
          out = {data, static_cast<std::uint64_t>(data.data() - bytes_.data()), false};
        } else {
          out = external_data(table->scalar<std::uint64_t>(1, 0),
                              table->scalar<std::uint64_t>(2, 0), numbered("buffer", i));
        }
      }
      model_.buffers.push_back(out);
    }
  }

  // Data behind the flatbuffer, in models beyond 2 GB. Offsets 0 and 1 mean that there is none.
  TfliteBuffer external_data(std::uint64_t offset, std::uint64_t size, const std::string& where) {
    if (offset <= 1 || size == 0) return {};
    const auto data = subspan_checked(bytes_, offset, size);
    if (!data) {
      gap(where, "its data behind the flatbuffer does not fit");
      return {};
    }
    buffer_.touch(offset + size);
    return {*data, offset, true};
  }

  void read_operator_codes(const FlatTable& root) {
    const FlatTables codes = root.tables(1);
    for (std::size_t i = 0; i < codes.size() && budget_.spend(1); ++i) {
      TfliteOperatorCode out;
      if (const auto table = codes.at(i)) {
        // Old writers fill only the first field, which ends at 127; newer ones fill both.
        const auto old_code = std::int32_t{table->scalar<std::int8_t>(0, 0)};
        out.builtin = std::max(old_code, table->scalar<std::int32_t>(3, 0));
        out.custom = budget_.copy(table->text(1));
        out.version = table->scalar<std::int32_t>(2, 1);
      }
      model_.operator_codes.push_back(std::move(out));
    }
  }

  void read_subgraphs(const FlatTable& root) {
    const FlatTables subgraphs = root.tables(2);
    for (std::size_t i = 0; i < subgraphs.size() && budget_.spend(1); ++i) {
      const auto table = subgraphs.at(i);
      model_.subgraphs.push_back(table ? read_subgraph(*table, numbered("subgraph", i))
                                       : TfliteSubgraph{});
    }
  }

  TfliteSubgraph read_subgraph(const FlatTable& table, const std::string& where) {
    TfliteSubgraph out;
    out.name = budget_.copy(table.text(4));
    const FlatTables tensors = table.tables(0);
    for (std::size_t i = 0; i < tensors.size() && budget_.spend(1); ++i) {
      const auto tensor = tensors.at(i);
      out.tensors.push_back(tensor ? read_tensor(*tensor, where + " " + numbered("tensor", i))
                                   : TfliteTensor{});
    }
    out.inputs = read_ports(table, 1, out, where + " inputs");
    out.outputs = read_ports(table, 2, out, where + " outputs");
    const FlatTables operators = table.tables(3);
    for (std::size_t i = 0; i < operators.size() && budget_.spend(1); ++i) {
      const auto op = operators.at(i);
      if (op)
        out.operators.push_back(read_operator(*op, out, where + " " + numbered("operator", i)));
    }
    return out;
  }

  // Inputs or outputs of a subgraph, without those that are no tensors of it.
  std::vector<std::int32_t> read_ports(const FlatTable& table, std::uint16_t field,
                                       const TfliteSubgraph& subgraph, const std::string& where) {
    std::vector<std::int32_t> ports = budget_.copy(table.vector<std::int32_t>(field));
    const auto bad = [&](std::int32_t i) {
      return i < 0 || static_cast<std::size_t>(i) >= subgraph.tensors.size();
    };
    if (std::erase_if(ports, bad) != 0) gap(where, "name tensors that do not exist");
    return ports;
  }

  TfliteTensor read_tensor(const FlatTable& table, const std::string& where) {
    TfliteTensor out;
    out.has_shape = table.has(0);
    out.shape = copy_shape(table, 0, where);
    out.type = static_cast<TfliteType>(table.scalar<std::int8_t>(1, 0));
    out.buffer = table.scalar<std::uint32_t>(2, 0);
    out.name = budget_.copy(table.text(3));
    if (const auto quantization = table.table(4))
      out.quantization = read_quantization(*quantization);
    out.is_variable = table.scalar<std::uint8_t>(5, 0) != 0;
    if (const auto sparsity = table.table(6)) {
      out.is_sparse = true;
      touch_sparsity(*sparsity);
    }
    out.shape_signature = copy_shape(table, 7, where);
    touch_variants(table.tables(9));
    if (out.buffer >= model_.buffers.size() && out.buffer != 0) {
      gap(where, "its buffer does not exist");
      out.buffer = 0;
    }
    return out;
  }

  std::optional<TfliteQuantization> read_quantization(const FlatTable& table) {
    TfliteQuantization out;
    out.min = budget_.copy(table.vector<float>(0));
    out.max = budget_.copy(table.vector<float>(1));
    out.scale = budget_.copy(table.vector<float>(2));
    out.zero_point = budget_.copy(table.vector<std::int64_t>(3));
    out.details = table.scalar<std::uint8_t>(4, 0);
    out.dimension = table.scalar<std::int32_t>(6, 0);
    if (const auto details = table.table(5)) {
      if (out.details == kCustomQuantization) {
        details->vector<std::uint8_t>(0);
      } else {
        details->vector<std::int32_t>(3);  // block shape, or the dimensions
      }
    }
    // Many writers put an empty table on tensors that are not quantised.
    const bool empty = out.scale.empty() && out.min.empty() && out.max.empty() && out.details == 0;
    return empty ? std::nullopt : std::optional(std::move(out));
  }

  // Dimension metadata may hold vectors of 8, 16 or 32-bit numbers (union types 3, 2, 1).
  void touch_sparsity(const FlatTable& table) {
    table.vector<std::int32_t>(0);
    table.vector<std::int32_t>(1);
    const FlatTables dimensions = table.tables(2);
    for (std::size_t i = 0; i < dimensions.size() && budget_.spend(1); ++i) {
      const auto dimension = dimensions.at(i);
      if (!dimension) continue;
      for (const std::uint16_t type_field : {std::uint16_t{2}, std::uint16_t{4}}) {
        const auto values = dimension->table(static_cast<std::uint16_t>(type_field + 1));
        if (!values) continue;
        switch (dimension->scalar<std::uint8_t>(type_field, 0)) {
          case 1:
            values->vector<std::int32_t>(0);
            break;
          case 2:
            values->vector<std::uint16_t>(0);
            break;
          case 3:
            values->vector<std::uint8_t>(0);
            break;
          default:
            break;
        }
      }
    }
  }

  void touch_variants(const FlatTables& variants) {
    for (std::size_t i = 0; i < variants.size() && budget_.spend(1); ++i) {
      if (const auto variant = variants.at(i)) variant->vector<std::int32_t>(0);
    }
  }

  TfliteOperator read_operator(const FlatTable& table, const TfliteSubgraph& subgraph,
                               const std::string& where) {
    TfliteOperator out;
    out.code = table.scalar<std::uint32_t>(0, 0);
    if (out.code >= model_.operator_codes.size()) gap(where, "its operator code does not exist");
    out.inputs = read_operands(table, 1, subgraph, where);
    out.outputs = read_operands(table, 2, subgraph, where);
    out.options_type = table.scalar<std::uint8_t>(3, 0);
    if (const auto options = table.table(4)) {
      out.activation = tflite_fused_activation(out.options_type, *options);
      touch_tflite_options(out.options_type, *options);
    }
    out.custom_options_size = table.vector<std::uint8_t>(5).size();
    table.vector<std::uint8_t>(7);  // mutating_variable_inputs
    out.intermediates = read_operands(table, 8, subgraph, where);
    const auto large =
        external_data(table.scalar<std::uint64_t>(9, 0), table.scalar<std::uint64_t>(10, 0), where);
    if (!large.data.empty()) out.custom_options_size = large.data.size();
    out.options2_type = table.scalar<std::uint8_t>(11, 0);
    if (const auto options = table.table(12)) touch_tflite_options2(out.options2_type, *options);
    return out;
  }

  // Tensor indices; those that do not exist become "left out", so that positions keep their
  // meaning.
  std::vector<std::int32_t> read_operands(const FlatTable& table, std::uint16_t field,
                                          const TfliteSubgraph& subgraph,
                                          const std::string& where) {
    std::vector<std::int32_t> operands = budget_.copy(table.vector<std::int32_t>(field));
    for (std::int32_t& operand : operands) {
      if (operand >= -1 && operand < static_cast<std::int64_t>(subgraph.tensors.size())) continue;
      gap(where, "names a tensor that does not exist");
      operand = -1;
    }
    return operands;
  }

  void read_metadata(const FlatTable& root) {
    root.vector<std::int32_t>(5);
    const FlatTables entries = root.tables(6);
    for (std::size_t i = 0; i < entries.size() && budget_.spend(1); ++i) {
      const auto table = entries.at(i);
      if (!table) continue;
      TfliteMetadataEntry out{budget_.copy(table->text(0)), table->scalar<std::uint32_t>(1, 0)};
      if (out.buffer >= model_.buffers.size())
        gap(numbered("metadata", i), "its buffer does not exist");
      model_.metadata.push_back(std::move(out));
    }
  }

  void read_signatures(const FlatTable& root) {
    const FlatTables signatures = root.tables(7);
    for (std::size_t i = 0; i < signatures.size() && budget_.spend(1); ++i) {
      const auto table = signatures.at(i);
      if (!table) continue;
      TfliteSignature out;
      out.key = budget_.copy(table->text(2));
      out.subgraph = table->scalar<std::uint32_t>(4, 0);
      out.inputs = read_named_tensors(table->tables(0));
      out.outputs = read_named_tensors(table->tables(1));
      check_signature(out, numbered("signature", i));
      model_.signatures.push_back(std::move(out));
    }
  }

  std::vector<TfliteNamedTensor> read_named_tensors(const FlatTables& tables) {
    std::vector<TfliteNamedTensor> out;
    for (std::size_t i = 0; i < tables.size() && budget_.spend(1); ++i) {
      if (const auto table = tables.at(i))
        out.push_back({budget_.copy(table->text(0)), table->scalar<std::uint32_t>(1, 0)});
    }
    return out;
  }

  void check_signature(TfliteSignature& signature, const std::string& where) {
    const std::size_t tensors = signature.subgraph < model_.subgraphs.size()
                                    ? model_.subgraphs[signature.subgraph].tensors.size()
                                    : 0;
    const auto bad = [&](const TfliteNamedTensor& named) { return named.tensor >= tensors; };
    if (std::erase_if(signature.inputs, bad) + std::erase_if(signature.outputs, bad) != 0) {
      gap(where, "names tensors that do not exist");
    }
  }

  // Weights in files of their own.
  void touch_external_buffers(const FlatTable& root) {
    const FlatTables groups = root.tables(8);
    for (std::size_t i = 0; i < groups.size() && budget_.spend(1); ++i) {
      if (const auto group = groups.at(i))
        gap("external buffers", "weights lie in another file: " + budget_.copy(group->text(0)));
    }
    const FlatTables buffers = root.tables(9);
    for (std::size_t i = 0; i < buffers.size() && budget_.spend(1); ++i) {
      if (const auto table = buffers.at(i)) table->text(4);
    }
  }

  // The identifier excuses damage: four given bytes do not stand by chance before a valid root with
  // tensors.
  Result<void> check_is_model() const {
    if (model_.has_identifier) return {};
    const auto has_operators = [](const TfliteSubgraph& subgraph) {
      return !subgraph.operators.empty();
    };
    const bool computes =
        std::any_of(model_.subgraphs.begin(), model_.subgraphs.end(), has_operators);
    if (!computes || buffer_.damaged()) return no_model("no identifier, and no valid graph");
    return {};
  }

  // Writers pad the end to the largest alignment that they use, 4 to 16 bytes.
  std::uint64_t end_of_model() const {
    const std::uint64_t end = buffer_.filled_extent();
    constexpr std::uint64_t kLargeAlignment = 16;
    const std::uint64_t rounded = (end + kLargeAlignment - 1) / kLargeAlignment * kLargeAlignment;
    const auto padding = subspan_checked(bytes_, end, rounded - end);
    const auto is_zero = [](std::uint8_t byte) { return byte == 0; };
    const bool padded = padding && std::all_of(padding->begin(), padding->end(), is_zero);
    return padded ? rounded : end;
  }

  ByteSpan bytes_;
  FlatBuffer buffer_;
  FlatBudget budget_;
  TfliteModel model_;
};

}  // namespace

Result<TfliteModel> read_tflite(ByteSpan bytes) { return TfliteReader(bytes).read(); }

bool may_be_tflite(ByteSpan bytes) {
  FlatBuffer buffer(bytes);
  const auto root = FlatTable::root(buffer);
  return root && has_known_version(*root, has_identifier(bytes)) && has_tensors(*root);
}

ByteSpan TfliteModel::metadata_bytes(std::string_view name) const {
  for (const TfliteMetadataEntry& entry : metadata) {
    if (entry.name == name && entry.buffer < buffers.size()) return buffers[entry.buffer].data;
  }
  return {};
}

std::string TfliteModel::operator_name(const TfliteOperator& op) const {
  return op.code < operator_codes.size() ? operator_codes[op.code].name() : "?";
}

}  // namespace dl
