// SPDX-License-Identifier: Apache-2.0
// Visits the members of each kind of container.
#include "daylight/format/archive/container.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "daylight/format/archive/tar_and_7z.h"
#include "daylight/format/archive/unity_bundle.h"
#include "daylight/format/archive/zip.h"

namespace dl {
namespace {

constexpr const char* kOverBudget =
    "not unpacked: the containers of this file unpack to more than the limit";

// A local header whose fields make sense: the four letters alone stand in many files.
bool is_zip_header(ByteSpan bytes) {
  if (!as_text(bytes).starts_with("PK\x03\x04") || bytes.size() < 31) return false;
  const std::uint16_t version = load_le<std::uint16_t>(bytes, 4).value_or(0xffff) & 0xffU;
  const std::uint16_t name_size = load_le<std::uint16_t>(bytes, 26).value_or(0);
  return version <= 63 && name_size > 0 && name_size <= 4096;
}

bool is_empty_or_ended_zip(ByteSpan bytes) {
  constexpr std::size_t kEndRecordSize = 22;
  if (bytes.size() < kEndRecordSize) return false;
  return as_text(bytes.subspan(bytes.size() - kEndRecordSize)).starts_with("PK\x05\x06");
}

class MemberVisitor {
 public:
  MemberVisitor(const Content& container, std::string_view name, UnpackBudget& budget,
                const MemberVisit& visit)
      : container_(container), name_(name), budget_(budget), visit_(visit) {}

  void zip();
  void archive(ArchiveKind kind);
  void unity();
  void stream();

 private:
  std::uint64_t limit() const { return std::min(kMaxMemberSize, budget_.left()); }
  void deliver(const std::string& step, const Content& content) {
    if (!budget_.take(content.bytes.size())) {
      visit_.gap(step, kOverBudget);
    } else if (!content.bytes.empty()) {
      visit_.member(step, content);
    }
  }
  std::string why(const Error& error) const {
    return error.code == ErrorCode::kLimit && budget_.left() < kMaxMemberSize ? kOverBudget
                                                                              : error.what;
  }

  const Content& container_;
  const std::string name_;
  UnpackBudget& budget_;
  const MemberVisit& visit_;
};

void MemberVisitor::zip() {
  const auto archive = ZipArchive::open(container_.bytes, name_);
  if (!archive) {
    visit_.gap("", archive.error().what);
    return;
  }
  for (const FormatGap& gap : archive->gaps().list()) visit_.gap("", gap.why);
  for (const ZipEntry& entry : archive->entries()) {
    if (entry.shadowed || entry.name.ends_with('/')) continue;
    const std::string step = member_step(entry.name);
    auto content = archive->read(entry, {limit(), true});
    if (!content) {
      visit_.gap(step, why(content.error()));
      continue;
    }
    if (content->gap) visit_.gap(step, content->gap->why);
    Content out{content->bytes(), container_.owner};
    if (!content->is_view()) {
      auto holder = std::make_shared<EntryBytes>(std::move(*content));
      out = {holder->bytes(), holder};
    }
    deliver(step, out);
  }
}

void MemberVisitor::archive(ArchiveKind kind) {
  const auto visit = [&](const ArchiveMember& member) {
    deliver(member_step(member.name), {member.bytes, nullptr});
    return true;
  };
  const auto skipped = [&](const std::string& name, const std::string& reason) {
    visit_.gap(name.empty() ? "" : member_step(name), reason);
  };
  const auto result = visit_archive(kind, container_.bytes, limit(), {}, visit, skipped, name_);
  if (!result) visit_.gap("", result.error().what);
}

void MemberVisitor::unity() {
  const auto bundle = read_unity_bundle(container_.bytes, limit(), name_);
  if (!bundle) {
    visit_.gap("", why(bundle.error()));
    return;
  }
  for (const FormatGap& gap : bundle->gaps.list()) visit_.gap("", gap.why);
  const Content all{*bundle->data, bundle->data};
  for (const UnityFile& file : bundle->files)
    deliver(member_step(file.path), all.part(file.offset, file.size));
}

void MemberVisitor::stream() {
  const auto kind = stream_kind(container_.bytes, name_);
  if (!kind) return;
  auto content = unpack_stream(*kind, container_.bytes, limit(), name_);
  const std::string step = "~" + std::string(stream_name(*kind));
  if (!content) {
    visit_.gap(step, why(content.error()));
    return;
  }
  deliver(step, Content::owned(std::move(*content)));
}

}  // namespace

Content Content::owned(std::vector<std::uint8_t> data) {
  auto holder = std::make_shared<const std::vector<std::uint8_t>>(std::move(data));
  return {*holder, holder};
}

Content Content::owned(Inflated data) {
  auto holder = std::make_shared<const Inflated>(std::move(data));
  return {holder->bytes(), holder};
}

Content Content::part(std::uint64_t offset, std::uint64_t size) const {
  return {bytes.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(size)), owner};
}

UnpackBudget::UnpackBudget(std::uint64_t outer_size, std::uint64_t allowance)
    : left_(std::max(allowance,
                     multiply_checked(outer_size, kMaxUnpackRatio).value_or(~std::uint64_t{0}))) {}

bool UnpackBudget::take(std::uint64_t size) {
  std::uint64_t left = left_.load(std::memory_order_relaxed);
  do {
    if (size > left) return false;
  } while (!left_.compare_exchange_weak(left, left - size, std::memory_order_relaxed));
  return true;
}

std::string_view container_name(ContainerKind kind) {
  switch (kind) {
    case ContainerKind::kZip:
      return "zip";
    case ContainerKind::kTar:
      return "tar";
    case ContainerKind::kSevenZip:
      return "7z";
    case ContainerKind::kUnityBundle:
      return "UnityFS";
    case ContainerKind::kStream:
      return "compressed stream";
  }
  return "";
}

std::optional<ContainerKind> container_kind(ByteSpan bytes, std::string_view name) {
  if (is_zip_header(bytes) || is_empty_or_ended_zip(bytes)) return ContainerKind::kZip;
  if (looks_like_unity_bundle(bytes)) return ContainerKind::kUnityBundle;
  if (const auto kind = archive_kind(bytes))
    return *kind == ArchiveKind::kTar ? ContainerKind::kTar : ContainerKind::kSevenZip;
  if (stream_kind(bytes, name)) return ContainerKind::kStream;
  return std::nullopt;
}

void visit_members(ContainerKind kind, const Content& container, std::string_view name,
                   UnpackBudget& budget, const MemberVisit& visit) {
  MemberVisitor visitor(container, name, budget, visit);
  switch (kind) {
    case ContainerKind::kZip:
      visitor.zip();
      break;
    case ContainerKind::kTar:
      visitor.archive(ArchiveKind::kTar);
      break;
    case ContainerKind::kSevenZip:
      visitor.archive(ArchiveKind::kSevenZip);
      break;
    case ContainerKind::kUnityBundle:
      visitor.unity();
      break;
    case ContainerKind::kStream:
      visitor.stream();
      break;
  }
}

}  // namespace dl
