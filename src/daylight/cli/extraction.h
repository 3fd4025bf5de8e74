// SPDX-License-Identifier: Apache-2.0
// `detect --extract`: the bytes of every model of an inventory as files of a folder.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/artifact/inventory.h"
#include "daylight/base/bytes.h"
#include "daylight/base/result.h"
#include "daylight/program/package/app_package.h"

namespace dl::cli {

// Characters of a model's own name that its file keeps.
inline constexpr std::size_t kMaxExtractedName = 80;

struct Extraction {
  std::size_t written = 0;  // models
  std::vector<Gap> failed;  // models and companions that could not be written, and why
};

// Writes every model that lies in the app as <id>-<name><extension of its format>, its companions
// beside it, and index.json (schema daylight/extraction/1). A model that is hidden by XOR is
// written decrypted where its key is known. Names of the app lose every character but letters,
// digits, dot, dash and underscore, so nothing is written outside of `folder`. A file is only
// written when its bytes have the digest that the inventory says; else it stands in `failed`.
// Remote models are listed in the index without a file. The Error is for a folder that cannot be
// written.
Result<Extraction> extract_models(const program::AppPackage& app, const Inventory& inventory,
                                  const std::filesystem::path& folder);

// ".tflite" for the inventory's name of a format; ".bin" for those without an extension.
std::string format_extension(const std::string& format);
// "assets/../a b/model.tflite" -> "model.tflite"; "model" for a name of which nothing is left.
std::string file_name_part(std::string_view entry);
// Repeats the key (hexadecimal) from its first byte at the first byte; nothing for a bad key.
std::optional<std::string> decrypt_xor(ByteSpan bytes, std::string_view hex_key,
                                       std::size_t phase = 0);

}  // namespace dl::cli
