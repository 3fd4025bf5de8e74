// SPDX-License-Identifier: Apache-2.0
// Model formats that are archives: rows of the table.
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "daylight/base/json.h"
#include "daylight/base/text.h"
#include "daylight/format/probe/model_probe.h"
#include "daylight/format/probe/zip_bundle.h"
#include "daylight/format/tensorflow/keras_config.h"
#include "daylight/format/tensorflow/keras_h5.h"
#include "daylight/format/torch/torch_archive.h"

namespace dl {
namespace {

// Members that a bundle's description lists.
constexpr std::size_t kListedMembers = 64;

constexpr char kTorchId[] = "torchscript";
constexpr char kTaskId[] = "mediapipe_task";
constexpr char kKerasId[] = "keras_zip";
constexpr char kDlcId[] = "dlc_zip";
constexpr char kNumpyId[] = "numpy_zip";
// A part of the name of one member that each bundle of the kind has.
constexpr char kTorchMember[] = "data.pkl";
constexpr char kTaskMember[] = "";
constexpr char kKerasMember[] = "metadata.json";
constexpr char kDlcMember[] = "dlc.metadata";
constexpr char kNumpyMember[] = ".npy";

template <const char* id, BundleKind kind, const char* member>
std::optional<ModelProbe> probe(ByteSpan bytes) {
  if (!names_member(bytes, member)) return std::nullopt;
  // MediaPipe bundles have no one member in common, but members of few kinds.
  if (kind == BundleKind::kMediaPipe && !names_member(bytes, ".tflite") &&
      !names_member(bytes, ".task") && !names_member(bytes, "TF_LITE_")) {
    return std::nullopt;
  }
  const auto archive = ZipArchive::open(bytes, "");
  if (!archive || archive->recovered() || !is_bundle(*archive, kind)) return std::nullopt;
  return ModelProbe{id, archive_size(*archive), archive->gaps().list()};
}

template <typename Read>
ModelGraph with_archive(ByteSpan bytes, const Read& read) {
  const auto archive = ZipArchive::open(bytes, "");
  if (archive) return read(*archive);
  ModelGraph graph;
  graph.gaps.push_back({"archive", archive.error().what});
  return graph;
}

ModelGraph describe_torch(ByteSpan bytes, const ModelProbe& /*probe*/) {
  return with_archive(bytes, [](const ZipArchive& archive) {
    return std::move(read_torch_archive(archive, ReadDepth::kAll).graph);
  });
}

void list_members(const ZipArchive& archive, ModelGraph& graph) {
  std::string names;
  for (std::size_t i = 0; i < std::min(archive.entries().size(), kListedMembers); ++i)
    names += (i == 0 ? "" : " ") + printable(archive.entries()[i].name);
  graph.metadata.emplace_back("members", names);
}

// The members are models of their own; the bundle only lists them.
ModelGraph describe_members(ByteSpan bytes, const ModelProbe& /*probe*/) {
  return with_archive(bytes, [](const ZipArchive& archive) {
    ModelGraph graph;
    list_members(archive, graph);
    return graph;
  });
}

// "key=value" lines.
void add_dlc_metadata(const ZipArchive& archive, ModelGraph& graph) {
  const ZipEntry* entry = archive.find("dlc.metadata");
  const auto text = archive.read(*entry, {.limit = kMaxBundleText});
  if (!text) return;
  constexpr std::size_t kMostLines = 64;
  for (const std::string& line : split(as_text(text->bytes()), '\n')) {
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos || graph.metadata.size() >= kMostLines) continue;
    graph.metadata.emplace_back(printable(line.substr(0, equals)),
                                printable(trim(std::string_view(line).substr(equals + 1))));
  }
}

ModelGraph describe_dlc(ByteSpan bytes, const ModelProbe& /*probe*/) {
  return with_archive(bytes, [](const ZipArchive& archive) {
    ModelGraph graph;
    list_members(archive, graph);
    add_dlc_metadata(archive, graph);
    return graph;
  });
}

// Parameters and their digest: the weights are an HDF5 file of their own inside.
void add_keras_weights(const ZipArchive& archive, ModelGraph& graph) {
  constexpr const char* kMember = "model.weights.h5";
  const ZipEntry* entry = archive.find(kMember);
  if (entry == nullptr) return;
  const auto bytes = archive.read(*entry, {.limit = kMaxBundleArray});
  if (!bytes) {
    graph.gaps.push_back({kMember, bytes.error().what});
    return;
  }
  auto weights = read_keras_h5(bytes->bytes(), ReadDepth::kAll);
  if (!weights) {
    graph.gaps.push_back({kMember, "it is no file of weights that Keras writes"});
    return;
  }
  graph.parameters = weights->graph.parameters;
  graph.weights_hash = std::move(weights->graph.weights_hash);
  for (FormatGap& gap : weights->graph.gaps) graph.gaps.push_back(std::move(gap));
}

ModelGraph describe_keras(ByteSpan bytes, const ModelProbe& /*probe*/) {
  return with_archive(bytes, [](const ZipArchive& archive) {
    ModelGraph graph;
    list_members(archive, graph);
    for (const char* name : {"metadata.json", "config.json"}) {
      const auto text = archive.read(*archive.find(name), {.limit = kMaxBundleText});
      if (!text) {
        graph.gaps.push_back({name, text.error().what});
        continue;
      }
      if (std::string_view(name) == "config.json") {
        add_keras_config(as_text(text->bytes()), graph);
        continue;
      }
      const auto json = parse_json(as_text(text->bytes()), name);
      const auto version = json ? json->find("keras_version") : Json::const_iterator();
      if (json && version->is_string())
        graph.metadata.emplace_back("keras_version", printable(version->get<std::string>()));
    }
    add_keras_weights(archive, graph);
    if (!graph.operators.empty()) set_graph_hash("keras", graph);
    return graph;
  });
}

// An archive is opened as one by whoever walks the file, so none of them is carved.
constexpr std::array<ModelFormat, 5> kFormats = {{
    {kTorchId, {}, false, probe<kTorchId, BundleKind::kTorch, kTorchMember>, describe_torch},
    {kKerasId, {}, false, probe<kKerasId, BundleKind::kKeras, kKerasMember>, describe_keras},
    {kDlcId, {}, false, probe<kDlcId, BundleKind::kDlc, kDlcMember>, describe_dlc},
    {kNumpyId, {}, false, probe<kNumpyId, BundleKind::kNumpy, kNumpyMember>, describe_members},
    {kTaskId, {}, false, probe<kTaskId, BundleKind::kMediaPipe, kTaskMember>, describe_members},
}};

}  // namespace

std::span<const ModelFormat> archive_model_formats() { return kFormats; }

}  // namespace dl
