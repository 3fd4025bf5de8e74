// SPDX-License-Identifier: Apache-2.0
// Checks the table of parts at the start of a Tesseract file.
#include "daylight/format/classic/traineddata.h"

#include <array>
#include <cctype>
#include <string>
#include <vector>

#include "daylight/base/text.h"

namespace dl {
namespace {

// By number, as tessdatamanager.h of that project has them.
constexpr std::array<std::string_view, 24> kParts = {
    "config",          "unicharset",         "unicharambigs",
    "inttemp",         "pffmtable",          "normproto",
    "punc-dawg",       "word-dawg",          "number-dawg",
    "freq-dawg",       "fixed-length-dawgs", "cube-unicharset",
    "cube-word-dawg",  "shapetable",         "bigram-dawg",
    "unambig-dawg",    "params-model",       "lstm",
    "lstm-punc-dawg",  "lstm-word-dawg",     "lstm-number-dawg",
    "lstm-unicharset", "lstm-recoder",       "version"};
constexpr std::size_t kUnicharset = 1;
constexpr std::size_t kLstm = 17;
constexpr std::size_t kLstmUnicharset = 21;
constexpr std::size_t kVersion = 23;

struct Part {
  std::size_t number = 0;
  ByteSpan bytes;
};

std::optional<std::vector<Part>> read_parts(ByteSpan bytes) {
  const auto count = load_le<std::int32_t>(bytes, 0);
  if (!count || *count < 1 || static_cast<std::size_t>(*count) > kParts.size()) return std::nullopt;
  const auto entries = static_cast<std::uint64_t>(*count);
  std::vector<std::pair<std::size_t, std::uint64_t>> starts;
  for (std::size_t i = 0; i < entries; ++i) {
    const auto offset = load_le<std::int64_t>(bytes, 4 + 8 * std::uint64_t{i});
    if (!offset || *offset < -1) return std::nullopt;
    if (*offset == -1) continue;
    const auto start = static_cast<std::uint64_t>(*offset);
    // The first part lies right behind the table; the others in order.
    const std::uint64_t least = starts.empty() ? 4 + 8 * entries : starts.back().second;
    if (start < least || start > bytes.size() || (starts.empty() && start != least))
      return std::nullopt;
    starts.emplace_back(i, start);
  }
  std::vector<Part> parts;
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const std::uint64_t end = i + 1 < starts.size() ? starts[i + 1].second : bytes.size();
    parts.push_back(
        {starts[i].first, bytes.subspan(static_cast<std::size_t>(starts[i].second),
                                        static_cast<std::size_t>(end - starts[i].second))});
  }
  return parts;
}

// "112\nNULL 0 ...": the number of characters, then one each line.
bool is_character_set(ByteSpan bytes) {
  const std::string_view text = as_text(bytes).substr(0, 8);
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos || end == 0) return false;
  for (const char c : text.substr(0, end)) {
    if (std::isdigit(static_cast<unsigned char>(c)) == 0) return false;
  }
  return true;
}

// A serialised network begins with its type's number and name: 0x00 0x06 "Series" and the like; the
// name's length stands before it.
bool is_network(ByteSpan bytes) {
  constexpr std::string_view kNames[] = {"Series", "Input", "Parallel", "Replicated"};
  constexpr std::size_t kLookedAt = 64;
  const std::string_view head = as_text(bytes).substr(0, kLookedAt);
  for (const std::string_view name : kNames) {
    if (head.find(name) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace

std::optional<ModelProbe> probe_traineddata(ByteSpan bytes) {
  const auto parts = read_parts(bytes);
  if (!parts || parts->empty()) return std::nullopt;
  bool proven = false;
  std::string names;
  std::string version;
  for (const Part& part : *parts) {
    names += (names.empty() ? "" : " ") + std::string(kParts[part.number]);
    if (part.number == kUnicharset || part.number == kLstmUnicharset) {
      if (!is_character_set(part.bytes)) return std::nullopt;
      proven = true;
    }
    if (part.number == kLstm) {
      if (!is_network(part.bytes)) return std::nullopt;
      proven = true;
    }
    if (part.number == kVersion) version = printable(trim(as_text(part.bytes)));
  }
  if (!proven) return std::nullopt;
  ModelProbe out{"tesseract", bytes.size(), {}};
  out.facts = {{"components", names}};
  if (!version.empty()) out.facts.emplace_back("version", version);
  return out;
}

}  // namespace dl
