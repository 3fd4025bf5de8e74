// SPDX-License-Identifier: Apache-2.0
// ZIP archives that are one model: which kind, by the members that only that kind has.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "daylight/base/bytes.h"
#include "daylight/format/archive/zip.h"

namespace dl {

// Members of an archive that may be a bundle; more are an app or a folder, but PyTorch archives.
inline constexpr std::size_t kMaxBundleMembers = 256;
// An array of a bundle beyond this size is not looked at.
inline constexpr std::uint64_t kMaxBundleArray = std::uint64_t{256} << 20;
// A text member (JSON) of a bundle beyond this size is left out.
inline constexpr std::uint64_t kMaxBundleText = std::uint64_t{16} << 20;

enum class BundleKind : std::uint8_t {
  kTorch,      // <folder>/data.pkl and a version
  kMediaPipe,  // stored TensorFlow Lite models and MediaPipe's own members
  kKeras,      // config.json, metadata.json that names Keras, model.weights.h5
  kDlc,        // model, model.params, dlc.metadata
  kNumpy,      // nothing but .npy members, among them matrices of floats with their biases
};

// Whether a central directory that ends the bytes names `member`: cheap enough to ask before the
// archive is opened. False for bytes that begin with no local header.
bool names_member(ByteSpan bytes, std::string_view member);

// Whether the archive is a bundle of this kind, by its members' names and by their first bytes.
bool is_bundle(const ZipArchive& archive, BundleKind kind);

// Whether it is a bundle of any kind: one model, and no folder that was packed.
bool is_model_bundle(const ZipArchive& archive);

// The end of the archive: behind the comment of its end record.
std::uint64_t archive_size(const ZipArchive& archive);

}  // namespace dl
