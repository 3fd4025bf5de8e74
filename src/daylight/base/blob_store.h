// SPDX-License-Identifier: Apache-2.0
// A folder of byte strings named by their SHA-256: models and buffers are stored once.
#pragma once

#include <filesystem>
#include <string>

#include "daylight/base/file.h"

namespace dl {

// Blobs lie at <folder>/<first two digits>/<64 digits>. Writing is atomic, so several processes may
// share a store.
class BlobStore {
 public:
  explicit BlobStore(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // Stores the bytes unless they are there; gives their digest.
  Result<std::string> put(ByteSpan bytes) const;
  // kNotFound if absent, kInvalidArgument if `sha256` is not 64 lower-case hexadecimal digits,
  // kCorrupt if what lies there has another digest.
  Result<MappedFile> get(const std::string& sha256) const;
  bool contains(const std::string& sha256) const;
  std::filesystem::path path_of(const std::string& sha256) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace dl
