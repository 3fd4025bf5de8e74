// SPDX-License-Identifier: Apache-2.0
// Knows scripts by their first bytes and matches them against the framework rules.
#include "daylight/detect/signals/script_signals.h"

#include <algorithm>
#include <array>
#include <map>

#include "daylight/base/text.h"
#include "daylight/format/code/file_kind.h"

namespace dl {
namespace {

constexpr std::string_view kHermesMagic = "\xc6\x1f\xbc\x03\xc1\x03\x19\x1f";
constexpr std::string_view kIl2CppMagic = "\xaf\x1b\xb1\xfa";
constexpr std::string_view kDartKernelMagic = "\x90\xab\xcd\xef";
constexpr std::string_view kDartSymbol = "_kDartIsolateSnapshotData";
constexpr std::array<std::string_view, 4> kKinds = {"dart", "javascript", "unity", "dotnet"};
constexpr std::array<std::string_view, 4> kScriptSuffixes = {".bundle", ".jsbundle", ".hbc", ".js"};

bool is_javascript_name(const std::string& name) {
  return std::any_of(kScriptSuffixes.begin(), kScriptSuffixes.end(),
                     [&](std::string_view suffix) { return name.ends_with(suffix); });
}

}  // namespace

bool is_script_kind(std::string_view kind) {
  return std::find(kKinds.begin(), kKinds.end(), kind) != kKinds.end();
}

std::string_view script_kind(std::string_view name, ByteSpan bytes) {
  const std::string_view text = as_text(bytes);
  if (text.starts_with(kHermesMagic)) return "javascript";
  if (text.starts_with(kIl2CppMagic)) return "unity";
  if (text.starts_with(kDartKernelMagic)) return "dart";
  const std::string lower = to_lower(name.substr(name.rfind('/') + 1));
  switch (file_kind(bytes)) {
    case FileKind::kElf: {
      const bool snapshot =
          lower == "libapp.so" ||
          text.substr(0, kMaxDartSymbolSearch).find(kDartSymbol) != std::string_view::npos;
      return snapshot ? "dart" : "";
    }
    case FileKind::kText:
      return is_javascript_name(lower) ? "javascript" : "";
    default:
      return text.starts_with("MZ") && lower.ends_with(".dll") ? "dotnet" : "";
  }
}

ScriptSignals::ScriptSignals(const RuleSet& rules)
    : rules_(rules),
      literals_(script_literals(rules)),
      scanner_(make_rule_scanner(rules, literals_, kScriptDatabase)) {}

std::vector<NativeSignals::Finding> ScriptSignals::inspect(ByteSpan bytes, const std::string& file,
                                                           const std::vector<std::string>& chain,
                                                           const std::string& name) const {
  std::vector<NativeSignals::Finding> out;
  const std::string_view kind = script_kind(name, bytes);
  if (kind.empty()) return out;
  std::map<std::pair<std::size_t, std::size_t>, std::vector<Evidence>> hits;
  for (const LiteralHit& hit : scanner_->scan(bytes)) {
    const RuleLiteral& literal = literals_[hit.literal];
    const FrameworkRule& rule = rules_.frameworks()[literal.framework];
    if (rule.scripts[literal.script].kind != kind) continue;
    Evidence evidence{"asset", file, chain};
    evidence.offset = hit.offset;
    evidence.rule = rule.id + ".script";
    evidence.excerpt = printable(literal.text);
    hits[{literal.framework, literal.script}].push_back(std::move(evidence));
  }
  for (auto& [where, evidence] : hits) {
    const FrameworkRule& rule = rules_.frameworks()[where.first];
    if (evidence.size() < rule.scripts[where.second].need) continue;
    if (out.empty() || out.back().rule != &rule) out.push_back({&rule, false, "", {}});
    auto& list = out.back().evidence;
    list.insert(list.end(), evidence.begin(), evidence.end());
  }
  return out;
}

}  // namespace dl
