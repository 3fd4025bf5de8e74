// SPDX-License-Identifier: Apache-2.0
// From mark to mark, each proved by opening it.
#include "daylight/format/archive/container_carve.h"

#include <algorithm>
#include <array>
#include <optional>

#include "daylight/format/archive/unity_bundle.h"
#include "daylight/format/archive/zip.h"
#include "daylight/format/literal_scanner.h"

namespace dl {
namespace {

constexpr std::array<std::string_view, 6> kMarks = {std::string_view("PK\x03\x04"),
                                                    std::string_view("\x1f\x8b\x08"),
                                                    std::string_view("\xfd"
                                                                     "7zXZ\0",
                                                                     6),
                                                    std::string_view("\x28\xb5\x2f\xfd"),
                                                    std::string_view("\x04\x22\x4d\x18"),
                                                    std::string_view("UnityFS\0", 8)};

// What a stream that does not unpack whole is charged, times the bytes that it had.
constexpr std::uint64_t kFailedTrialRatio = 64;

const LiteralScanner& mark_scanner() {
  static const LiteralScanner kScanner({kMarks.begin(), kMarks.end()},
                                       LiteralScanner::Report::kEvery);
  return kScanner;
}

// Bytes that the container takes from the start, or nothing if it is none.
std::optional<std::uint64_t> proved_size(ContainerKind kind, ByteSpan bytes, UnpackBudget& budget) {
  const std::uint64_t limit = std::min(kMaxMemberSize, budget.left());
  if (kind == ContainerKind::kZip) {
    const auto archive = ZipArchive::open(bytes, "");
    if (!archive || archive->recovered() || archive->entries().empty()) return std::nullopt;
    return bytes.size();
  }
  if (kind == ContainerKind::kUnityBundle) {
    if (!read_unity_bundle(bytes, limit, "")) return std::nullopt;
    return bytes.size();
  }
  const auto stream = stream_kind(bytes, "");
  if (!stream) return std::nullopt;
  const auto content = unpack_stream(*stream, bytes, limit, "");
  // How far a broken stream came is not known: it is taken for a dense one.
  const std::uint64_t cost =
      content ? content->size : std::min<std::uint64_t>(limit, bytes.size() * kFailedTrialRatio);
  if (!budget.take(cost)) budget.take(budget.left());
  if (!content || content->size < kMinCarvedSize) return std::nullopt;
  return content->consumed;
}

}  // namespace

std::vector<InnerContainer> find_containers_inside(ByteSpan bytes, std::size_t limit,
                                                   UnpackBudget& budget) {
  std::vector<InnerContainer> out;
  std::uint64_t end = 1;  // the first byte is the file's own
  std::size_t trials = 0;
  for (const LiteralHit& hit : mark_scanner().scan(bytes)) {
    if (hit.offset < end || out.size() == limit) continue;
    const ByteSpan rest = bytes.subspan(static_cast<std::size_t>(hit.offset));
    const auto kind = container_kind(rest, "");
    if (!kind || *kind == ContainerKind::kTar || *kind == ContainerKind::kSevenZip) continue;
    if (++trials > kMaxCarveTrials || budget.left() == 0) break;
    const auto size = proved_size(*kind, rest, budget);
    if (!size) continue;
    out.push_back({*kind, hit.offset, *size});
    end = hit.offset + *size;
  }
  return out;
}

}  // namespace dl
