// SPDX-License-Identifier: Apache-2.0
// Finds tensors among the calls of a pickle by the names of PyTorch's own rebuild functions.
#include "daylight/format/torch/torch_tensor.h"

#include <algorithm>
#include <utility>

#include "daylight/base/text.h"

namespace dl {
namespace {

constexpr std::size_t kMaxRank = 64;
constexpr std::size_t kMaxConstantText = 200;
constexpr int kMaxConstantDepth = 6;

struct StorageName {
  std::string_view storage;
  std::string_view dtype;
};
constexpr StorageName kStorages[] = {
    {"FloatStorage", "float32"},     {"DoubleStorage", "float64"}, {"HalfStorage", "float16"},
    {"BFloat16Storage", "bfloat16"}, {"ByteStorage", "uint8"},     {"CharStorage", "int8"},
    {"ShortStorage", "int16"},       {"IntStorage", "int32"},      {"LongStorage", "int64"},
    {"BoolStorage", "bool"},         {"QInt8Storage", "int8"},     {"QUInt8Storage", "uint8"},
    {"QInt32Storage", "int32"},
};

// ("storage", storage class, key, device, elements[, view]).
bool read_storage(const Pickle& pickle, const PickleValue& value, TorchTensor& out) {
  if (value.kind != PickleKind::kPersistent || value.items.empty()) return false;
  const PickleValue& id = pickle.at(value.items.front());
  constexpr std::size_t kParts = 5;
  if (id.kind != PickleKind::kTuple || id.items.size() < kParts) return false;
  const PickleValue& kind = pickle.at(id.items[1]);
  const PickleValue& elements = pickle.at(id.items[4]);
  if (kind.kind != PickleKind::kGlobal || elements.kind != PickleKind::kInteger) return false;
  out.dtype = torch_storage_dtype(pickle.globals[static_cast<std::size_t>(kind.integer)]);
  out.storage = std::string(pickle.at(id.items[2]).text);
  out.storage_elements = static_cast<std::uint64_t>(std::max<std::int64_t>(elements.integer, 0));
  return true;
}

bool is_rebuild(std::string_view name) {
  const std::size_t space = name.find(' ');
  if (space == std::string_view::npos) return false;
  const std::string_view function = name.substr(space + 1);
  return name.starts_with("torch.") && function.starts_with("_rebuild_") &&
         function.find("tensor") != std::string_view::npos;
}

void append_constant(const Pickle& pickle, const PickleValue& value, int depth, std::string& out);

void append_items(const Pickle& pickle, const PickleValue& value, int depth, std::string& out) {
  out += value.kind == PickleKind::kTuple ? "(" : "[";
  for (std::size_t i = 0; i < value.items.size() && out.size() <= kMaxConstantText; ++i) {
    if (i != 0) out += ",";
    append_constant(pickle, pickle.at(value.items[i]), depth + 1, out);
  }
  out += value.kind == PickleKind::kTuple ? ")" : "]";
}

void append_call(const Pickle& pickle, const PickleValue& value, int depth, std::string& out) {
  TorchTensor tensor;
  if (read_torch_tensor(pickle, value, tensor)) {
    out += tensor.dtype + "[";
    for (std::size_t i = 0; i < tensor.shape.size(); ++i)
      out += (i == 0 ? "" : ",") + std::to_string(tensor.shape[i]);
    out += "]";
    return;
  }
  const std::string_view name = pickle.callee(value);
  const std::size_t space = name.find(' ');
  out += printable(space == std::string_view::npos ? name : name.substr(space + 1), 60);
  for (std::size_t i = 1; i < value.items.size() && out.size() <= kMaxConstantText; ++i)
    append_constant(pickle, pickle.at(value.items[i]), depth + 1, out);
  const PickleValue& state = pickle.at(value.state);
  if (&state != &value) append_constant(pickle, state, depth + 1, out);
}

void append_constant(const Pickle& pickle, const PickleValue& value, int depth, std::string& out) {
  if (depth > kMaxConstantDepth || out.size() > kMaxConstantText) {
    out += "...";
    return;
  }
  switch (value.kind) {
    case PickleKind::kNone:
      out += "None";
      return;
    case PickleKind::kBool:
      out += value.integer != 0 ? "True" : "False";
      return;
    case PickleKind::kInteger:
      out += value.text.empty() ? std::to_string(value.integer) : "big";
      return;
    case PickleKind::kFloat:
      out += format_double(value.real);
      return;
    case PickleKind::kText:
    case PickleKind::kBytes: {
      std::string text = printable(value.text, 60);
      std::replace(text.begin(), text.end(), ' ', '_');
      out += text;
      return;
    }
    case PickleKind::kTuple:
    case PickleKind::kList:
    case PickleKind::kDict:
    case PickleKind::kSet:
      append_items(pickle, value, depth, out);
      return;
    case PickleKind::kCall:
    case PickleKind::kObject:
      append_call(pickle, value, depth, out);
      return;
    case PickleKind::kGlobal:
    case PickleKind::kPersistent:
    case PickleKind::kOther:
      out += "?";
      return;
  }
}

}  // namespace

std::string torch_storage_dtype(std::string_view storage_class) {
  const std::size_t space = storage_class.rfind(' ');
  const std::string_view name =
      space == std::string_view::npos ? storage_class : storage_class.substr(space + 1);
  for (const StorageName& row : kStorages) {
    if (row.storage == name) return std::string(row.dtype);
  }
  return "other";
}

bool read_torch_tensor(const Pickle& pickle, const PickleValue& value, TorchTensor& out) {
  if (value.kind != PickleKind::kCall || !is_rebuild(pickle.callee(value))) return false;
  const PickleValue& arguments = pickle.at(value.items[1]);
  // Storage, offset, shape ...
  constexpr std::size_t kNeeded = 3;
  if (arguments.kind != PickleKind::kTuple || arguments.items.size() < kNeeded) return false;
  if (!read_storage(pickle, pickle.at(arguments.items[0]), out)) return false;
  const PickleValue& shape = pickle.at(arguments.items[2]);
  for (const PickleId side : shape.items) {
    if (out.shape.size() < kMaxRank) out.shape.push_back(pickle.at(side).integer);
  }
  out.quantised = pickle.callee(value).find("qtensor") != std::string_view::npos;
  return true;
}

std::vector<TorchTensor> torch_tensors(const Pickle& pickle) {
  std::vector<TorchTensor> out;
  for (const PickleValue& value : pickle.values) {
    TorchTensor tensor;
    if (read_torch_tensor(pickle, value, tensor)) out.push_back(std::move(tensor));
  }
  return out;
}

std::string torch_constant_text(const Pickle& pickle, const PickleValue& value) {
  std::string out;
  append_constant(pickle, value, 0, out);
  return out;
}

}  // namespace dl
