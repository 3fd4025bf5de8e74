// SPDX-License-Identifier: Apache-2.0
// Recognises models among pickles by what they would import.
#include "daylight/format/torch/pickled_model.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>

#include "daylight/base/text.h"
#include "daylight/format/encoding/pickle.h"
#include "daylight/format/torch/torch_tensor.h"

namespace dl {
namespace {

constexpr std::size_t kListedTensors = 64;
constexpr std::size_t kListedClasses = 64;

// A number of ten bytes that no other program writes.
constexpr std::string_view kTorchMagic =
    "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";

std::uint64_t dtype_bytes(const std::string& dtype) {
  if (dtype.ends_with("64")) return 8;
  if (dtype.ends_with("32")) return 4;
  if (dtype.ends_with("16")) return 2;
  return 1;
}

class LegacyReader {
 public:
  LegacyReader(ByteSpan bytes, ReadDepth depth) : bytes_(bytes), depth_(depth) {}

  std::optional<ReadModel> read() {
    if (!as_text(bytes_).starts_with(kTorchMagic)) return std::nullopt;
    at_ = kTorchMagic.size();
    const auto version = next();
    const auto system = next();
    const auto object = next();
    if (!version || !system || !object) return std::nullopt;
    put("protocol", std::to_string(version->at(version->root).integer));
    for (TorchTensor& tensor : torch_tensors(*object)) add_tensor(std::move(tensor));
    const auto keys = next();
    if (keys) read_storages(*keys);
    list_tensors();
    model_.size = std::min<std::uint64_t>(at_, bytes_.size());
    if (depth_ == ReadDepth::kAll) weights_.finish(model_.graph);
    return std::move(model_);
  }

 private:
  void put(const std::string& key, std::string value) {
    model_.graph.metadata.emplace_back(key, std::move(value));
  }

  // The next pickle of the file.
  std::optional<Pickle> next() {
    if (at_ >= bytes_.size()) return std::nullopt;
    auto pickle = read_pickle(bytes_.subspan(static_cast<std::size_t>(at_)));
    if (!pickle) return std::nullopt;
    at_ += pickle->size;
    return std::move(*pickle);
  }

  void add_tensor(TorchTensor tensor) {
    const std::uint64_t width = dtype_bytes(tensor.dtype);
    if (widths_.emplace(tensor.storage, width).second && tensors_.size() < kListedTensors)
      tensors_.push_back(std::move(tensor));
  }

  // For each key a count of elements and their bytes.
  void read_storages(const Pickle& keys) {
    for (const PickleId id : keys.at(keys.root).items) {
      const auto elements = load_le<std::uint64_t>(bytes_, at_);
      const auto width = widths_.find(std::string(keys.at(id).text));
      const auto size = elements && width != widths_.end()
                            ? multiply_checked(*elements, width->second)
                            : std::nullopt;
      const auto data = size ? subspan_checked(bytes_, at_ + 8, *size) : std::nullopt;
      if (!data) {
        model_.graph.gaps.push_back({"storages", "one does not fit"});
        at_ = bytes_.size();
        return;
      }
      at_ += 8 + *size;
      weights_.add(depth_ == ReadDepth::kAll ? *data : ByteSpan{}, *elements);
    }
  }

  void list_tensors() {
    for (const TorchTensor& tensor : tensors_) {
      std::string text = tensor.dtype + "[";
      for (std::size_t i = 0; i < tensor.shape.size(); ++i)
        text += (i == 0 ? "" : ",") + std::to_string(tensor.shape[i]);
      put("tensor " + printable(tensor.storage, 60), text + "]");
    }
  }

  ByteSpan bytes_;
  ReadDepth depth_;
  std::uint64_t at_ = 0;
  ReadModel model_;
  WeightsDigest weights_;
  std::unordered_map<std::string, std::uint64_t> widths_;
  std::vector<TorchTensor> tensors_;
};

// Modules of estimators; what only reads data (numpy, pandas) proves nothing.
constexpr std::string_view kEstimators[] = {"sklearn.",  "xgboost.", "lightgbm.", "catboost ",
                                            "catboost.", "keras.",   "torch.nn.", "tensorflow.",
                                            "hmmlearn.", "imblearn."};

bool is_estimator(std::string_view name) {
  return std::any_of(std::begin(kEstimators), std::end(kEstimators),
                     [&](std::string_view module) { return name.starts_with(module); });
}

std::string list_of(const std::vector<std::string>& globals) {
  std::string out;
  for (std::size_t i = 0; i < std::min(globals.size(), kListedClasses); ++i) {
    std::string name = printable(globals[i]);
    std::replace(name.begin(), name.end(), ' ', '.');
    out += (i == 0 ? "" : " ") + name;
  }
  return out;
}

}  // namespace

std::optional<ReadModel> read_torch_legacy(ByteSpan bytes, ReadDepth depth) {
  return LegacyReader(bytes, depth).read();
}

std::optional<ModelProbe> probe_pickled_model(ByteSpan bytes) {
  constexpr std::uint8_t kProtocolMark = 0x80;
  if (bytes.size() < 16 || bytes[0] != kProtocolMark || bytes[1] < 2 ||
      bytes[1] > kMaxPickleProtocol) {
    return std::nullopt;
  }
  const PickleNames names = read_pickle_names(bytes);
  if (!std::any_of(names.globals.begin(), names.globals.end(), is_estimator)) return std::nullopt;
  ModelProbe out{"pickle_model", names.complete ? names.size : bytes.size(), {}};
  const bool joblib = std::any_of(names.globals.begin(), names.globals.end(),
                                  [](const auto& name) { return name.starts_with("joblib."); });
  if (!names.complete) {
    out.gaps = {
        {"pickle", joblib ? "read up to the first array that joblib put into it" : names.why}};
  }
  out.facts = {{"protocol", std::to_string(bytes[1])}, {"classes", list_of(names.globals)}};
  return out;
}

}  // namespace dl
