// SPDX-License-Identifier: Apache-2.0
// Tells model bundles from other archives.
#include "daylight/format/probe/zip_bundle.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daylight/base/json.h"
#include "daylight/base/text.h"
#include "daylight/format/tensorflow/tflite.h"
#include "daylight/format/torch/safetensors.h"
#include "daylight/format/torch/torch_archive.h"

namespace dl {
namespace {

constexpr std::uint64_t kEndRecordSize = 22;

// Members that MediaPipe's tasks look up by name.
constexpr std::array<std::string_view, 15> kTaskMembers = {
    "face_detector.tflite",    "face_landmarks_detector.tflite",
    "face_blendshapes.tflite", "geometry_pipeline_metadata_landmarks.binarypb",
    "hand_detector.tflite",    "hand_landmarks_detector.tflite",
    "hand_landmarker.task",    "hand_gesture_recognizer.task",
    "gesture_embedder.tflite", "canned_gesture_classifier.tflite",
    "pose_detector.tflite",    "pose_landmarks_detector.tflite",
    "face_landmarker.task",    "pose_landmarker.task",
    "TF_LITE_PREFILL_DECODE"};

bool has(const ZipArchive& archive, std::string_view name) { return archive.find(name) != nullptr; }

bool is_task(const ZipArchive& archive) {
  if (archive.entries().size() > kMaxBundleMembers || has(archive, "AndroidManifest.xml"))
    return false;
  bool known = false;
  bool model = false;
  for (const ZipEntry& entry : archive.entries()) {
    // The runtime maps members in place.
    if (entry.deflated()) return false;
    known = known ||
            std::find(kTaskMembers.begin(), kTaskMembers.end(), entry.name) != kTaskMembers.end();
    model = model || may_be_tflite(entry.data) || entry.name.ends_with(".task");
  }
  return known && model;
}

bool is_keras(const ZipArchive& archive) {
  const ZipEntry* metadata = archive.find("metadata.json");
  if (metadata == nullptr || !has(archive, "config.json")) return false;
  const auto bytes = archive.read(*metadata, {.limit = kMaxBundleText});
  if (!bytes) return false;
  const auto json = parse_json(as_text(bytes->bytes()), "metadata.json");
  return json && json->is_object() && json->contains("keras_version");
}

bool is_dlc(const ZipArchive& archive) {
  return has(archive, "model") && has(archive, "model.params") && has(archive, "dlc.metadata");
}

// Sides of an array of floats; empty for other arrays.
std::vector<std::int64_t> float_shape(ByteSpan bytes) {
  std::vector<std::int64_t> shape;
  const auto probe = probe_numpy(bytes);
  if (!probe || probe->facts.size() != 2) return shape;
  const std::string& dtype = probe->facts[0].second;
  if (dtype != "<f4" && dtype != "<f2" && dtype != "<f8") return shape;
  for (const std::string& side : split(probe->facts[1].second, ',')) {
    if (const auto number = parse_integer(trim(side))) shape.push_back(*number);
  }
  return shape;
}

// Arrays may be data of any kind. Layers show themselves by matrices of which one side, but not the
// other, is as long as a vector: the bias. Where both are, the vectors may be the axes of a grid.
bool is_numpy(const ZipArchive& archive) {
  constexpr std::size_t kFewestLayers = 2;
  std::set<std::int64_t> vectors;
  std::vector<std::pair<std::int64_t, std::int64_t>> matrices;
  if (archive.entries().size() > kMaxBundleMembers) return false;
  for (const ZipEntry& entry : archive.entries()) {
    if (!entry.name.ends_with(".npy")) return false;
    const auto bytes = archive.read(entry, {.limit = kMaxBundleArray, .check_crc = false});
    if (!bytes) continue;
    const std::vector<std::int64_t> shape = float_shape(bytes->bytes());
    if (shape.size() == 1) vectors.insert(shape[0]);
    if (shape.size() >= 2) matrices.emplace_back(shape.front(), shape.back());
  }
  return matrices.size() >= kFewestLayers &&
         std::any_of(matrices.begin(), matrices.end(), [&](const auto& sides) {
           return vectors.contains(sides.first) != vectors.contains(sides.second);
         });
}

}  // namespace

bool names_member(ByteSpan bytes, std::string_view member) {
  const std::string_view text = as_text(bytes);
  if (!text.starts_with("PK\x03\x04")) return false;
  const std::size_t tail =
      text.size() - std::min<std::size_t>(text.size(), kEndRecordSize + kMaxZipCommentSize);
  const std::size_t end = text.rfind("PK\x05\x06");
  if (end == std::string_view::npos || end < tail) return false;
  // The directory stands right before its end, but for zip64 records.
  constexpr std::uint64_t kZip64Records = 76 + 64;
  const std::uint64_t size = load_le<std::uint32_t>(bytes, end + 12).value_or(0);
  const std::uint64_t reach = std::min<std::uint64_t>(end, size + kZip64Records);
  return text.substr(static_cast<std::size_t>(end - reach), static_cast<std::size_t>(reach))
             .find(member) != std::string_view::npos;
}

bool is_bundle(const ZipArchive& archive, BundleKind kind) {
  switch (kind) {
    case BundleKind::kTorch:
      return is_torch_archive(archive);
    case BundleKind::kMediaPipe:
      return is_task(archive);
    case BundleKind::kKeras:
      return is_keras(archive);
    case BundleKind::kDlc:
      return is_dlc(archive);
    case BundleKind::kNumpy:
      return is_numpy(archive);
  }
  return false;
}

bool is_model_bundle(const ZipArchive& archive) {
  constexpr std::array kKinds = {BundleKind::kTorch, BundleKind::kMediaPipe, BundleKind::kKeras,
                                 BundleKind::kDlc, BundleKind::kNumpy};
  return std::any_of(kKinds.begin(), kKinds.end(),
                     [&](BundleKind kind) { return is_bundle(archive, kind); });
}

std::uint64_t archive_size(const ZipArchive& archive) {
  const ByteSpan bytes = archive.bytes();
  const std::uint64_t end = archive.end_record_offset();
  const std::uint64_t comment = load_le<std::uint16_t>(bytes, end + 20).value_or(0);
  return std::min<std::uint64_t>(end + kEndRecordSize + comment, bytes.size());
}

}  // namespace dl
