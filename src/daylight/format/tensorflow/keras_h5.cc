// SPDX-License-Identifier: Apache-2.0
// Finds Keras's attributes and weights in an HDF5 file.
#include "daylight/format/tensorflow/keras_h5.h"

#include <string>
#include <utility>

#include "daylight/base/text.h"
#include "daylight/format/encoding/hdf5.h"
#include "daylight/format/tensorflow/keras_config.h"

namespace dl {
namespace {

constexpr std::string_view kSignature = "\x89HDF";

const Hdf5Object* object_at(const Hdf5File& file, std::string_view path) {
  for (const Hdf5Object& object : file.objects) {
    if (object.path == path) return &object;
  }
  return nullptr;
}

// The object that lists the layers: the root of a file of weights, a group in a file of a model.
const Hdf5Object* layers_of(const Hdf5File& file) {
  for (const char* path : {"/model_weights", "/"}) {
    const Hdf5Object* object = object_at(file, path);
    if (object != nullptr && object->has("layer_names")) return object;
  }
  return nullptr;
}

// The weights-only file of Keras 3 has no attributes at all, but these groups.
bool is_keras3_weights(const Hdf5File& file) {
  return object_at(file, "/layers") != nullptr && object_at(file, "/vars") != nullptr;
}

class KerasReader {
 public:
  KerasReader(const Hdf5File& file, ReadDepth depth) : file_(file), depth_(depth) {}

  std::optional<ReadModel> read() {
    const Hdf5Object& root = file_.objects.front();
    const Hdf5Object* layers = layers_of(file_);
    const bool configured = root.has("model_config");
    const bool known = configured || layers != nullptr || is_keras3_weights(file_);
    if (!known) return std::nullopt;
    model_.size = file_.size;
    put("contents", configured ? "model" : "weights");
    for (const char* key : {"keras_version", "backend"}) {
      std::string value = root.text(key);
      if (value.empty() && layers != nullptr) value = layers->text(key);
      put(key, printable(value));
    }
    if (configured) add_keras_config(root.text("model_config"), model_.graph);
    if (model_.graph.operators.empty() && layers != nullptr) list_layers(*layers);
    add_weights();
    model_.graph.gaps.insert(model_.graph.gaps.begin(), file_.gaps.begin(), file_.gaps.end());
    return std::move(model_);
  }

 private:
  void put(const char* key, std::string value) {
    if (!value.empty()) model_.graph.metadata.emplace_back(key, std::move(value));
  }

  // Without a configuration the kind of a layer is not stored: its name has to do.
  void list_layers(const Hdf5Object& layers) {
    for (const Hdf5Attribute& attribute : layers.attributes) {
      if (attribute.name != "layer_names") continue;
      put("layers", std::to_string(attribute.texts.size()));
      std::string names;
      for (const std::string& name : attribute.texts) {
        constexpr std::size_t kShown = 2000;
        if (names.size() < kShown) names += (names.empty() ? "" : " ") + printable(name);
      }
      put("layer_names", names);
    }
  }

  void add_weights() {
    WeightsDigest weights;
    std::uint64_t hashed = 0;
    for (const Hdf5Object& object : file_.objects) {
      if (!object.is_dataset || object.dtype == "other" || object.dtype.empty() ||
          object.path.starts_with("/optimizer_weights")) {
        continue;
      }
      std::uint64_t elements = 1;
      for (const std::uint64_t side : object.shape)
        elements = multiply_checked(elements, side).value_or(0);
      hashed += object.data.size();
      const bool fits = hashed <= file_.size;
      weights.add(depth_ == ReadDepth::kAll && fits ? object.data : ByteSpan{}, elements);
    }
    if (depth_ != ReadDepth::kAll) return;
    weights.finish(model_.graph);
    if (!model_.graph.operators.empty()) set_graph_hash("keras", model_.graph);
  }

  const Hdf5File& file_;
  ReadDepth depth_;
  ReadModel model_;
};

}  // namespace

std::optional<ReadModel> read_keras_h5(ByteSpan bytes, ReadDepth depth) {
  if (!as_text(bytes).starts_with(kSignature)) return std::nullopt;
  const auto file = read_hdf5(bytes);
  if (!file) return std::nullopt;
  return KerasReader(*file, depth).read();
}

}  // namespace dl
