// SPDX-License-Identifier: Apache-2.0
// How the arguments of known C functions are read: runtimes' APIs, and what opens model files.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "daylight/artifact/decode_rule.h"

namespace dl {

struct NativeSignature {
  std::string_view symbol;
  std::string_view role;    // model-load|model-run|input|output
  std::string_view decode;  // decode rules, separated by ";"
};

// The C API of a runtime that has exactly this symbol; null if its arguments are not known here.
const NativeSignature* runtime_signature(std::string_view symbol);
// Functions of the platform by which libraries get at model files; sorted by symbol.
std::span<const NativeSignature> file_imports();

std::vector<std::string> decode_of(const NativeSignature& signature);

}  // namespace dl
