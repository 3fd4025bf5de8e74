// SPDX-License-Identifier: Apache-2.0
// Containers that begin somewhere inside other bytes: appended to a library, in its data, behind a
// vendor's header.
#pragma once

#include <cstdint>
#include <vector>

#include "daylight/base/bytes.h"
#include "daylight/format/archive/container.h"

namespace dl {

// Candidates of one file that are tried.
inline constexpr std::size_t kMaxCarveTrials = 256;
// A stream that unpacks to less is nobody's model.
inline constexpr std::uint64_t kMinCarvedSize = 512;

struct InnerContainer {
  ContainerKind kind = ContainerKind::kZip;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;  // to the end of the stream; of a zip: to the end of the bytes
};

// Zip archives with a directory, Unity bundles, and gzip, xz, zstd and lz4 streams that unpack, by
// offset; none that lies inside another. `limit` of them at the most. Not those at offset 0.
// What is unpacked to prove a stream is charged to the budget, and a failed proof by what it may
// have cost: the search ends when the budget is spent. Thread safe.
std::vector<InnerContainer> find_containers_inside(ByteSpan bytes, std::size_t limit,
                                                   UnpackBudget& budget);

}  // namespace dl
