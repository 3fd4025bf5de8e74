// SPDX-License-Identifier: Apache-2.0
// Reads the pickles, storages and sources of a PyTorch archive.
#include "daylight/format/torch/torch_archive.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "daylight/base/text.h"
#include "daylight/format/encoding/pickle.h"
#include "daylight/format/torch/torch_source.h"
#include "daylight/format/torch/torch_tensor.h"

namespace dl {
namespace {

constexpr std::size_t kListedTensors = 64;
constexpr std::size_t kListedFiles = 32;
// Characters of the instructions before one operator.
constexpr std::size_t kMaxInstructions = 2000;

// "model/" of "model/data.pkl"; nothing if there is no such member.
std::optional<std::string> folder_of(const ZipArchive& archive) {
  constexpr std::string_view kData = "data.pkl";
  for (const ZipEntry& entry : archive.entries()) {
    if (!entry.name.ends_with(kData)) continue;
    const std::string_view folder = entry.name.substr(0, entry.name.size() - kData.size());
    // In the archive's top folder, and not "xdata.pkl".
    const bool top =
        folder.empty() || (folder.ends_with('/') && folder.find('/') == folder.size() - 1);
    if (top && archive.find(std::string(folder) + "version") != nullptr) return std::string(folder);
  }
  return std::nullopt;
}

std::optional<EntryBytes> read_member(const ZipArchive& archive, const std::string& name) {
  const ZipEntry* entry = archive.find(name);
  if (entry == nullptr) return std::nullopt;
  auto bytes = archive.read(*entry, {.limit = kMaxTorchMember});
  if (!bytes) return std::nullopt;
  return std::move(*bytes);
}

class TorchReader {
 public:
  TorchReader(const ZipArchive& archive, std::string folder, ReadDepth depth)
      : archive_(archive), folder_(std::move(folder)), depth_(depth) {}

  ReadModel read() {
    read_tensors("data.pkl");
    read_tensors("constants.pkl");
    const bool bytecode = archive_.find(folder_ + "bytecode.pkl") != nullptr;
    const bool script = archive_.find(folder_ + "constants.pkl") != nullptr;
    put("kind", bytecode ? "bytecode" : script ? "script" : "tensors");
    if (const auto version = read_member(archive_, folder_ + "version"))
      put("version", std::string(trim(as_text(version->bytes()))));
    if (bytecode) {
      read_bytecode();
    } else if (script) {
      read_sources();
    }
    list_files();
    list_tensors();
    finish();
    return std::move(model_);
  }

 private:
  ModelGraph& graph() { return model_.graph; }
  void put(std::string key, std::string value) {
    if (!value.empty()) graph().metadata.emplace_back(std::move(key), std::move(value));
  }
  void gap(const std::string& where, std::string why) {
    graph().gaps.push_back({where, std::move(why)});
  }

  // The pickle of a member; its views live as long as `holder`.
  std::optional<Pickle> pickle_of(const std::string& name, std::optional<EntryBytes>& holder) {
    holder = read_member(archive_, folder_ + name);
    if (!holder) {
      if (archive_.find(folder_ + name) != nullptr) gap(name, "cannot be unpacked");
      return std::nullopt;
    }
    auto pickle = read_pickle(holder->bytes());
    if (pickle) return std::move(*pickle);
    gap(name, pickle.error().what);
    return std::nullopt;
  }

  void read_tensors(const std::string& name) {
    std::optional<EntryBytes> holder;
    const auto pickle = pickle_of(name, holder);
    if (!pickle) return;
    add_tensors(*pickle);
    if (name == "data.pkl") {
      const PickleValue& root = pickle->at(pickle->root);
      const std::string type = std::string(pickle->callee(root));
      const std::size_t space = type.rfind(' ');
      put("class", printable(space == std::string::npos ? type : type.substr(space + 1)));
    }
  }

  void add_tensors(const Pickle& pickle) {
    for (TorchTensor& tensor : torch_tensors(pickle)) {
      auto [at, is_new] = storages_.emplace(tensor.storage, tensor.storage_elements);
      if (!is_new) at->second = std::max(at->second, tensor.storage_elements);
      if (is_new) tensors_.push_back(std::move(tensor));
    }
  }

  // (version, (method name, table)[, ...]).
  void read_bytecode() {
    std::optional<EntryBytes> holder;
    const auto pickle = pickle_of("bytecode.pkl", holder);
    if (!pickle) return;
    add_tensors(*pickle);
    const PickleValue& root = pickle->at(pickle->root);
    std::string methods;
    for (const PickleId id : root.items) {
      const PickleValue& part = pickle->at(id);
      if (part.kind == PickleKind::kInteger) {
        put("bytecode_version", std::to_string(part.integer));
      } else if (part.kind == PickleKind::kTuple && part.items.size() >= 2) {
        const std::string name(pickle->at(part.items[0]).text);
        methods += (methods.empty() ? "" : " ") + printable(name);
        read_method(*pickle, part, name);
      }
    }
    put("methods", methods);
  }

  // The value that stands behind a name in a tuple of (name, value) pairs.
  static const PickleValue* field(const Pickle& pickle, const PickleValue& table,
                                  std::string_view name) {
    for (const PickleId id : table.items) {
      const PickleValue& pair = pickle.at(id);
      if (pair.kind == PickleKind::kTuple && pair.items.size() == 2 &&
          pickle.at(pair.items[0]).text == name) {
        return &pickle.at(pair.items[1]);
      }
    }
    return nullptr;
  }

  void read_method(const Pickle& pickle, const PickleValue& method, const std::string& name) {
    const PickleValue& table = pickle.at(method.items[1]);
    const PickleValue* instructions = field(pickle, table, "instructions");
    const PickleValue* operators = field(pickle, table, "operators");
    const PickleValue* constants = field(pickle, table, "constants");
    if (instructions == nullptr || operators == nullptr)
      return gap("bytecode.pkl", "a method has no instructions");
    const std::vector<std::string> names = operator_names(pickle, *operators);
    std::string before;
    for (const PickleId id : instructions->items) {
      const PickleValue& instruction = pickle.at(id);
      constexpr std::size_t kParts = 3;
      if (instruction.items.size() != kParts) continue;
      const std::string_view code = pickle.at(instruction.items[0]).text;
      const std::int64_t x = pickle.at(instruction.items[1]).integer;
      const std::int64_t n = pickle.at(instruction.items[2]).integer;
      if (code != "OP" && code != "OPN") {
        if (before.size() <= kMaxInstructions)
          before += instruction_text(pickle, code, x, n, constants);
        continue;
      }
      if (graph().operators.size() >= kMaxGraphOperators)
        return gap("bytecode.pkl", "there are too many instructions");
      const bool known = x >= 0 && static_cast<std::size_t>(x) < names.size();
      graph().operators.push_back(
          {known ? names[static_cast<std::size_t>(x)] : "?", std::exchange(before, {}), {}, {}});
    }
    if (!before.empty() && !graph().operators.empty()) {
      GraphOperator& last = graph().operators.back();
      last.detail += " then" + before;
    }
    if (name.ends_with(".forward") || name == "forward") read_schema(pickle, method);
  }

  static std::vector<std::string> operator_names(const Pickle& pickle, const PickleValue& table) {
    std::vector<std::string> names;
    for (const PickleId id : table.items) {
      const PickleValue& row = pickle.at(id);
      std::string name;
      if (!row.items.empty()) name = std::string(pickle.at(row.items[0]).text);
      if (row.items.size() > 1 && !pickle.at(row.items[1]).text.empty())
        name += "." + std::string(pickle.at(row.items[1]).text);
      names.push_back(printable(name));
    }
    return names;
  }

  // " LOAD=2" or " LOADC=[1,1]"; the text of what is before one operator is bounded.
  static std::string instruction_text(const Pickle& pickle, std::string_view code, std::int64_t x,
                                      std::int64_t n, const PickleValue* constants) {
    std::string text = " " + printable(code, 20) + "=";
    const bool known = code == "LOADC" && constants != nullptr && x >= 0 &&
                       static_cast<std::size_t>(x) < constants->items.size();
    if (known) {
      return text +
             torch_constant_text(pickle, pickle.at(constants->items[static_cast<std::size_t>(x)]));
    }
    text += std::to_string(x);
    if (n != 0) text += "," + std::to_string(n);
    return text;
  }

  // The third part of a method: (("arguments", ((("name", ..), ("type", ..), ..), ..)), ..).
  void read_schema(const Pickle& pickle, const PickleValue& method) {
    if (method.items.size() < 3 || !graph().inputs.empty()) return;
    const PickleValue& schema = pickle.at(method.items[2]);
    const auto add = [&](const char* side, std::vector<GraphTensor>& out) {
      const PickleValue* list = field(pickle, schema, side);
      if (list == nullptr) return;
      for (const PickleId id : list->items) {
        const PickleValue* name = field(pickle, pickle.at(id), "name");
        const PickleValue* type = field(pickle, pickle.at(id), "type");
        if (name == nullptr || type == nullptr || name->text == "self") continue;
        GraphTensor tensor;
        tensor.name = std::string(name->text);
        tensor.dtype = type->text == "Tensor" ? "" : "other";
        if (out.size() < kMaxGraphBorders) out.push_back(std::move(tensor));
      }
    };
    add("arguments", graph().inputs);
    add("returns", graph().outputs);
    for (std::size_t i = 0; i < graph().outputs.size(); ++i) {
      if (graph().outputs[i].name.empty()) graph().outputs[i].name = "result" + std::to_string(i);
    }
  }

  void read_sources() {
    std::vector<std::string_view> names;
    for (const ZipEntry& entry : archive_.entries()) {
      const bool source = entry.name.starts_with(folder_ + "code/") && entry.name.ends_with(".py");
      if (source && names.size() < kMaxTorchSources) names.push_back(entry.name);
    }
    std::sort(names.begin(), names.end());
    for (const std::string_view name : names) {
      const auto source = read_member(archive_, std::string(name));
      if (source) add_torch_source(as_text(source->bytes()), graph());
    }
  }

  void list_files() {
    std::string extra;
    std::size_t count = 0;
    const std::string prefix = folder_ + "extra/";
    for (const ZipEntry& entry : archive_.entries()) {
      if (!entry.name.starts_with(prefix) || ++count > kListedFiles) continue;
      extra += (extra.empty() ? "" : " ") + printable(entry.name.substr(prefix.size()));
      if (entry.name.ends_with(".txt") || entry.name.ends_with("labels")) add_labels(entry);
    }
    put("extra_files", extra);
  }

  void add_labels(const ZipEntry& entry) {
    if (!graph().labels.empty() || to_lower(entry.name).find("label") == std::string::npos) return;
    const auto text = archive_.read(entry, {.limit = kMaxTorchMember});
    if (!text) return;
    for (const std::string& line : split(as_text(text->bytes()), '\n')) {
      const std::string_view label = trim(line);
      if (!label.empty() && graph().labels.size() < kMaxGraphLabels)
        graph().labels.emplace_back(label);
    }
  }

  void list_tensors() {
    for (std::size_t i = 0; i < std::min(tensors_.size(), kListedTensors); ++i) {
      const TorchTensor& tensor = tensors_[i];
      std::string text = tensor.dtype + "[";
      for (std::size_t k = 0; k < tensor.shape.size(); ++k)
        text += (k == 0 ? "" : ",") + std::to_string(tensor.shape[k]);
      put("tensor " + printable(tensor.storage, 60), text + "]");
    }
    if (tensors_.size() > kListedTensors) put("tensors", std::to_string(tensors_.size()));
  }

  // Storages in the archive's order: members that tensors name by key.
  void add_weights() {
    for (const ZipEntry& entry : archive_.entries()) {
      const std::size_t slash = entry.name.rfind('/');
      const std::string key(entry.name.substr(slash == std::string_view::npos ? 0 : slash + 1));
      const auto storage = storages_.find(key);
      const std::string_view inner = entry.name.substr(std::min(folder_.size(), entry.name.size()));
      const bool place = inner.starts_with("data/") || inner.starts_with("constants/") ||
                         inner.starts_with("tensors/");
      if (storage == storages_.end() || !place) continue;
      const auto bytes = archive_.read(entry, {.check_crc = false});
      if (bytes) weights_.add(bytes->bytes(), storage->second);
    }
  }

  void finish() {
    if (depth_ == ReadDepth::kAll) {
      add_weights();
      weights_.finish(graph());
      if (!graph().operators.empty()) set_graph_hash("torchscript", graph());
    }
  }

  const ZipArchive& archive_;
  std::string folder_;
  ReadDepth depth_;
  ReadModel model_;
  WeightsDigest weights_;
  std::unordered_map<std::string, std::uint64_t> storages_;
  std::vector<TorchTensor> tensors_;
};

}  // namespace

bool is_torch_archive(const ZipArchive& archive) {
  const auto folder = folder_of(archive);
  if (!folder) return false;
  const auto bytes = read_member(archive, *folder + "data.pkl");
  return bytes && read_pickle(bytes->bytes()).has_value();
}

ReadModel read_torch_archive(const ZipArchive& archive, ReadDepth depth) {
  const auto folder = folder_of(archive);
  return folder ? TorchReader(archive, *folder, depth).read() : ReadModel{};
}

}  // namespace dl
