// SPDX-License-Identifier: Apache-2.0
// Models and containers under XOR with a key that repeats: found without the key, from the bytes
// alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daylight/base/bytes.h"
#include "daylight/format/model/model_format.h"

namespace dl {

// Longest key that is looked for.
inline constexpr std::size_t kMaxXorPeriod = 256;
// Whole decryptions that one file may cost.
inline constexpr int kMaxXorTrials = 160;
// Bytes that all trials of one file decrypt together: large files get fewer trials.
inline constexpr std::uint64_t kMaxXorWork = std::uint64_t{4} << 30;

struct XorFinding {
  std::vector<std::uint8_t> key;  // never all zero; its shortest form
  std::string_view format;        // the model's, or "" for a container
  std::string how;                // for people: how the key was found
};

// The key under which the bytes are a model (by its structure) or a container. The period comes
// from the autocorrelation of equal bytes; the key from the commonest byte of each phase (zero is
// by far the commonest byte of most models, above all in their tables), put right by the marks that
// formats have in fixed places. Keys of up to 128 bytes come out exactly; of longer ones a byte or
// two may be wrong where too few of the model's tables speak for it (docs/design/detect.md has the
// figures). Nothing for bytes that are uniform or are text. Thread safe.
std::optional<XorFinding> find_xor_key(ByteSpan bytes);

// The two halves of that search. From the marks of formats alone: short keys, and those of a
// formula; quick.
std::optional<XorFinding> find_marked_xor_key(ByteSpan bytes);
// From statistics: up to a second for a small file. Worth it only where may_repeat_key().
std::optional<XorFinding> find_repeating_xor_key(ByteSpan bytes);
// Whether bytes recur as they do under a key that repeats.
bool may_repeat_key(ByteSpan bytes);

}  // namespace dl
