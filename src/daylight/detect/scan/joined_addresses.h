// SPDX-License-Identifier: Apache-2.0
// Addresses of models that code puts together from constants: base + folder + name.
#pragma once

#include <vector>

#include "daylight/artifact/inventory.h"
#include "daylight/detect/signals/signals.h"

namespace dl {

// Addresses of one app that are listed, and elements of an array that are kept.
inline constexpr std::size_t kMaxJoinedAddresses = 10000;
inline constexpr std::size_t kMaxJoinedElements = 64;
// Addresses that one method puts together; the rest is not looked at.
inline constexpr std::size_t kMaxJoinedOfMethod = 1024;

// Follows constant texts, numbers and static fields through the registers of every method, in the
// order of the code and up to where code jumps to, into StringBuilder, String.concat, String.format
// and Kotlin's stringPlus. What comes out and leads to a model by RemoteModelRules becomes a record
// with the `url`, the method as evidence and format and rule as for a whole address; a part that is
// not constant reads "{}". The scheme and the begin of the host must be constant. Models that
// `models` has already get the evidence instead of a second record. Order of methods; nothing is
// ever fetched. What is beyond `limit` is counted in a gap.
void add_joined_addresses(const CodeContext& context, std::vector<ModelRecord>& models,
                          std::vector<Gap>& gaps, std::size_t limit = kMaxJoinedAddresses);

}  // namespace dl
