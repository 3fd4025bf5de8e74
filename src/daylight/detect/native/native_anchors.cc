// SPDX-License-Identifier: Apache-2.0
// Reads and checks the anchors.
#include "daylight/detect/native/native_anchors.h"

#include <algorithm>
#include <array>
#include <set>
#include <span>

#include "daylight/artifact/json_fields.h"
#include "daylight/base/embedded.h"
#include "daylight/base/json.h"

namespace dl {

namespace embedded {
std::span<const File> detect_rules();
}  // namespace embedded

namespace {

constexpr std::array<std::string_view, 4> kRoles = {"model-load", "input", "run", "output"};
constexpr std::array<std::string_view, 7> kKeys = {"id",      "framework", "role",  "symbols",
                                                   "entries", "literals",  "source"};
// Shorter text stands in too many libraries.
constexpr std::size_t kMinLiteral = 8;

Result<NativeAnchor> read_anchor(const Json& json, const std::string& where) {
  if (json.is_object()) {
    for (const auto& [key, value] : json.items()) {
      if (std::find(kKeys.begin(), kKeys.end(), key) == kKeys.end())
        return fail(ErrorCode::kInvalidArgument, "unknown key \"" + key + "\"", where);
    }
  }
  FieldReader reader(json, where);
  NativeAnchor out;
  reader.required_text("id", out.id);
  reader.required_text("framework", out.framework);
  reader.required_text("role", out.role);
  reader.text_list("symbols", out.symbols);
  reader.text_list("entries", out.entries);
  reader.text_list("literals", out.literals);
  TRY_VOID(reader.finish());
  if (std::find(kRoles.begin(), kRoles.end(), out.role) == kRoles.end())
    return fail(ErrorCode::kInvalidArgument, "unknown role \"" + out.role + "\"", where);
  if (out.symbols.empty() && out.entries.empty() && out.literals.empty())
    return fail(ErrorCode::kInvalidArgument, "an anchor has no symbol, entry or literal", where);
  for (const std::string& literal : out.literals) {
    if (literal.size() < kMinLiteral)
      return fail(ErrorCode::kInvalidArgument, "the literal \"" + literal + "\" is too short",
                  where);
  }
  return out;
}

}  // namespace

Result<NativeAnchors> NativeAnchors::parse(std::string_view text, const RuleSet& rules) {
  constexpr const char* kFile = "native_anchors.json";
  const Json json = TRY(parse_json(text, kFile));
  if (!json.is_object() || json.value("schema", "") != "daylight/native-anchor-rules/1")
    return fail(ErrorCode::kInvalidArgument, "the schema is not daylight/native-anchor-rules/1",
                kFile);
  FieldReader reader(json, kFile);
  NativeAnchors out;
  reader.list("anchors", out.anchors_, read_anchor);
  TRY_VOID(reader.finish());
  std::set<std::string> ids;
  for (const NativeAnchor& anchor : out.anchors_) {
    const std::string where = std::string(kFile) + ": anchor " + anchor.id;
    if (!ids.insert(anchor.id).second)
      return fail(ErrorCode::kInvalidArgument, "the id is taken twice", where);
    if (rules.framework(anchor.framework) == nullptr)
      return fail(ErrorCode::kInvalidArgument, "unknown framework \"" + anchor.framework + "\"",
                  where);
  }
  return out;
}

std::string_view NativeAnchors::builtin_text() {
  for (const embedded::File& file : embedded::detect_rules()) {
    if (file.name == "native_anchors.json") return file.bytes;
  }
  return {};
}

const NativeAnchors& NativeAnchors::builtin() {
  static const NativeAnchors anchors = [] {
    auto parsed = parse(builtin_text(), RuleSet::builtin());
    return parsed ? std::move(*parsed) : NativeAnchors{};
  }();
  return anchors;
}

bool matches_glob(std::string_view text, std::string_view pattern) {
  // Backtracks to the last "*" only: a later one can take over whatever an earlier one could.
  std::size_t at = 0;
  std::size_t p = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (at < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = at;
    } else if (p < pattern.size() && pattern[p] == text[at]) {
      ++p;
      ++at;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      at = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace dl
