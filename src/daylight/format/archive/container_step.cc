// SPDX-License-Identifier: Apache-2.0
// Steps of a chain of containers: written and followed.
#include <algorithm>
#include <array>
#include <charconv>
#include <utility>
#include <vector>

#include "daylight/base/digest.h"
#include "daylight/base/text.h"
#include "daylight/format/archive/base64_run.h"
#include "daylight/format/archive/container.h"
#include "daylight/format/archive/tar_and_7z.h"
#include "daylight/format/archive/unity_bundle.h"
#include "daylight/format/archive/zip.h"

namespace dl {
namespace {

// A range "A+N", and what stands behind it.
struct Range {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::string_view rest;
};

std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

std::optional<Range> parse_range(std::string_view text) {
  Range range;
  const auto offset = take_number(text);
  if (!offset || !text.starts_with('+')) return std::nullopt;
  text.remove_prefix(1);
  const auto size = take_number(text);
  if (!size) return std::nullopt;
  range.offset = *offset;
  range.size = *size;
  range.rest = text;
  return range;
}

std::string range_text(std::uint64_t offset, std::uint64_t size) {
  return std::to_string(offset) + "+" + std::to_string(size);
}

std::optional<std::vector<std::uint8_t>> parse_hex(std::string_view text) {
  std::vector<std::uint8_t> out;
  if (text.empty() || text.size() % 2 != 0) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data() + i, text.data() + i + 2, value, 16);
    if (error != std::errc{} || end != text.data() + i + 2) return std::nullopt;
    out.push_back(static_cast<std::uint8_t>(value));
  }
  return out;
}

tl::unexpected<Error> no_member(std::string_view name) {
  return fail(ErrorCode::kNotFound, "the container has no such member", printable(name));
}
tl::unexpected<Error> malformed(std::string_view step) {
  return fail(ErrorCode::kInvalidArgument, "is no step of a chain of containers", printable(step));
}

Result<Content> open_zip_member(const Content& outer, std::string_view name) {
  const auto archive = ZipArchive::open(outer.bytes, std::string(name));
  if (!archive) return tl::unexpected(archive.error());
  const ZipEntry* const entry = archive->find(name);
  if (entry == nullptr) return no_member(name);
  auto content = TRY(archive->read(*entry, {kMaxMemberSize, false}));
  if (content.is_view()) return Content{content.bytes(), outer.owner};
  auto holder = std::make_shared<EntryBytes>(std::move(content));
  return Content{holder->bytes(), holder};
}

Result<Content> open_archive_member(const Content& outer, ArchiveKind kind, std::string_view name) {
  std::optional<Content> found;
  std::string why;
  TRY_VOID(visit_archive(
      kind, outer.bytes, kMaxMemberSize, [&](std::string_view other) { return other == name; },
      [&](const ArchiveMember& member) {
        found = Content::owned(std::vector<std::uint8_t>(member.bytes.begin(), member.bytes.end()));
        return false;
      },
      [&](const std::string&, const std::string& reason) { why = reason; }, std::string(name)));
  if (found) return *found;
  if (!why.empty()) return fail(ErrorCode::kCorrupt, why, printable(name));
  return no_member(name);
}

Result<Content> open_unity_member(const Content& outer, std::string_view name) {
  const auto bundle = read_unity_bundle(outer.bytes, kMaxMemberSize, std::string(name));
  if (!bundle) return tl::unexpected(bundle.error());
  for (const UnityFile& file : bundle->files) {
    if (file.path == name) return Content{*bundle->data, bundle->data}.part(file.offset, file.size);
  }
  return no_member(name);
}

Result<Content> open_member(const Content& outer, std::string_view name) {
  const auto kind = container_kind(outer.bytes, "");
  if (!kind) return no_member(name);
  switch (*kind) {
    case ContainerKind::kZip:
      return open_zip_member(outer, name);
    case ContainerKind::kTar:
      return open_archive_member(outer, ArchiveKind::kTar, name);
    case ContainerKind::kSevenZip:
      return open_archive_member(outer, ArchiveKind::kSevenZip, name);
    case ContainerKind::kUnityBundle:
      return open_unity_member(outer, name);
    case ContainerKind::kStream:
      break;
  }
  return no_member(name);
}

// What "aes-cbc" and ":KEY:IV" mean.
std::optional<CipherSpec> cipher_of(std::string_view verb, std::string_view rest) {
  if (!is_cipher_name(verb)) return std::nullopt;
  CipherSpec spec{std::string(verb)};
  if (rest.empty()) return spec;
  if (!rest.starts_with(':')) return std::nullopt;
  rest.remove_prefix(1);
  const std::size_t colon = rest.find(':');
  auto key = parse_hex(rest.substr(0, colon));
  if (!key) return std::nullopt;
  spec.key = std::move(*key);
  if (colon == std::string_view::npos) return spec;
  auto iv = parse_hex(rest.substr(colon + 1));
  if (!iv) return std::nullopt;
  spec.iv = std::move(*iv);
  return spec;
}

Result<Content> open_range(const Content& outer, std::string_view verb, std::string_view rest,
                           std::string_view step) {
  const auto range = parse_range(rest);
  if (!range) return malformed(step);
  if (!subspan_checked(outer.bytes, range->offset, range->size))
    return fail(ErrorCode::kCorrupt, "the range does not lie inside", printable(step));
  Content part = outer.part(range->offset, range->size);
  if (verb == "at" && range->rest.empty()) return part;
  if (verb == "base64" && range->rest.empty()) return Content::owned(decode_base64(part.bytes));
  if (verb == "xor" && range->rest.starts_with(':')) {
    const auto key = parse_hex(range->rest.substr(1));
    if (key) return Content::owned(xor_with_key(part.bytes, *key));
  }
  if (const auto spec = cipher_of(verb, range->rest))
    return Content::owned(TRY(decipher(*spec, part.bytes)));
  return malformed(step);
}

}  // namespace

Result<Content> open_step(const Content& outer, std::string_view step) {
  if (!step.starts_with('~')) return open_member(outer, step);
  if (step.starts_with("~/")) return open_member(outer, step.substr(2));
  const std::string_view word = step.substr(1);
  const std::size_t at = word.find('@');
  if (at != std::string_view::npos)
    return open_range(outer, word.substr(0, at), word.substr(at + 1), step);
  const auto kind = stream_named(word);
  if (!kind) return malformed(step);
  return Content::owned(TRY(unpack_stream(*kind, outer.bytes, kMaxMemberSize, printable(step))));
}

std::string member_step(std::string_view name) {
  return name.starts_with('~') ? "~/" + std::string(name) : std::string(name);
}
std::string part_step(std::uint64_t offset, std::uint64_t size) {
  return "~at@" + range_text(offset, size);
}
std::string base64_step(std::uint64_t offset, std::uint64_t size) {
  return "~base64@" + range_text(offset, size);
}
std::string xor_step(std::uint64_t offset, std::uint64_t size, ByteSpan key) {
  std::string out = "~xor@" + range_text(offset, size) + ":";
  out += to_hex(key);
  return out;
}
std::string cipher_step(const CipherSpec& spec, std::uint64_t offset, std::uint64_t size) {
  std::string out = "~" + spec.name + "@" + range_text(offset, size);
  if (spec.key.empty()) return out;
  out.push_back(':');
  out += to_hex(spec.key);
  if (spec.iv.empty()) return out;
  out.push_back(':');
  out += to_hex(spec.iv);
  return out;
}

std::vector<std::uint8_t> xor_with_key(ByteSpan bytes, ByteSpan key) {
  std::vector<std::uint8_t> out(bytes.begin(), bytes.end());
  std::size_t at = 0;
  for (std::uint8_t& byte : out) {
    byte ^= key[at];
    if (++at == key.size()) at = 0;
  }
  return out;
}

}  // namespace dl
