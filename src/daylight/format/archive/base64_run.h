// SPDX-License-Identifier: Apache-2.0
// Long runs of base64 text inside other bytes.
//
// Source: RFC 4648, both alphabets; line breaks between characters are allowed.
#pragma once

#include <cstdint>
#include <vector>

#include "daylight/base/bytes.h"

namespace dl {

// Shorter runs are names, hashes and keys.
inline constexpr std::uint64_t kMinBase64Run = 4096;
// Runs of one file that are listed.
inline constexpr std::size_t kMaxBase64Runs = 64;

struct Base64Run {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;  // characters, padding and line breaks included
};

// Runs of at least kMinBase64Run characters that have the variety of base64 (not a run of one
// letter, hex digits or words), by offset. Costs a look at one byte in kMinBase64Run / 2. Thread
// safe.
std::vector<Base64Run> find_base64_runs(ByteSpan bytes);

// What the characters stand for; characters outside of the alphabet are skipped, a cut group at the
// end is dropped.
std::vector<std::uint8_t> decode_base64(ByteSpan text);

}  // namespace dl
