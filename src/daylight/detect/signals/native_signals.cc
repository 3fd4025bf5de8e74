// SPDX-License-Identifier: Apache-2.0
// Matches one library against the framework rules.
#include "daylight/detect/signals/native_signals.h"

#include <algorithm>
#include <optional>
#include <set>

#include "daylight/base/text.h"

namespace dl {
namespace {

// Bytes of a type's name that are shown.
constexpr std::size_t kMaxTypeName = 120;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "2.14.0" at the start of `text`: two or three numbers, as long as they go.
std::string leading_version(std::string_view text) {
  std::size_t dots = 0;
  std::size_t end = 0;
  while (end < text.size() && end < 24 && (is_digit(text[end]) || text[end] == '.')) {
    if (text[end] == '.') ++dots;
    ++end;
  }
  while (end > 0 && text[end - 1] == '.') {
    --end;
    --dots;
  }
  return dots >= 1 && dots <= 3 && is_digit(text.front()) ? std::string(text.substr(0, end))
                                                          : std::string();
}

// The only zero-ended string of the form 1.2.3 among the read-only data; "" if there is none or
// several.
std::string only_bare_version(const BinaryFacts& binary) {
  std::set<std::string> versions;
  for (const ElfRange& range : binary.data) {
    const std::string_view text = as_text(range.bytes);
    // A dot between digits is rare: start from those.
    for (std::size_t dot = text.find('.'); dot != std::string_view::npos;
         dot = text.find('.', dot + 1)) {
      if (dot == 0 || dot + 1 >= text.size() || !is_digit(text[dot - 1]) ||
          !is_digit(text[dot + 1]))
        continue;
      std::size_t start = dot;
      while (start > 0 && dot - start < 4 && is_digit(text[start - 1])) --start;
      if (start == 0 || text[start - 1] != '\0') continue;
      const std::string version = leading_version(text.substr(start, 24));
      const std::size_t end = start + version.size();
      const bool triple = std::count(version.begin(), version.end(), '.') == 2;
      if (triple && end < text.size() && text[end] == '\0') versions.insert(version);
    }
  }
  return versions.size() == 1 ? *versions.begin() : std::string();
}

Evidence with(const Evidence& base, const FrameworkRule& rule, const char* what,
              std::string_view excerpt) {
  Evidence out = base;
  out.rule = rule.id + "." + what;
  out.excerpt = printable(std::string(excerpt));
  return out;
}

BinaryFacts facts_of(const ElfFile& elf, const std::string& path) {
  BinaryFacts out;
  out.name = path.substr(path.rfind('/') + 1);
  out.soname = elf.soname();
  out.build_id = elf.build_id();
  out.links.assign(elf.needed().begin(), elf.needed().end());
  for (const ElfSymbol& symbol : elf.symbols()) {
    if (symbol.name.empty()) continue;
    (symbol.defined() ? out.exports : out.imports).push_back(symbol.name);
  }
  out.data = elf.data_ranges();
  return out;
}

// Where a type's name stands by itself, not as a part of a symbol: a zero lies before it.
std::optional<std::uint64_t> type_name_at(const ElfRange& range, const LiteralHit& hit,
                                          const std::string& name) {
  const std::string_view text = as_text(range.bytes);
  const std::size_t start = hit.offset == 0 ? 0 : static_cast<std::size_t>(hit.offset) - 1;
  const std::size_t at = text.find(std::string(1, '\0') + name, start);
  if (at == std::string_view::npos) return std::nullopt;
  return at + 1;
}

// One symbol is evidence enough for a pattern that hundreds match.
const std::string_view* first_match(const std::vector<std::string_view>& names,
                                    const std::string& pattern) {
  const auto found = std::find_if(names.begin(), names.end(), [&](std::string_view name) {
    return matches_pattern(name, pattern);
  });
  return found == names.end() ? nullptr : &*found;
}

}  // namespace

NativeSignals::NativeSignals(const RuleSet& rules)
    : rules_(rules),
      literals_(binary_literals(rules)),
      scanner_(make_rule_scanner(rules, literals_, kBinaryDatabase)) {}

void NativeSignals::match_names(const BinaryFacts& binary, const Evidence& base,
                                Found& found) const {
  for (const FrameworkRule& rule : rules_.frameworks()) {
    for (const std::string& pattern : rule.libraries) {
      const bool by_file = matches_pattern(binary.name, pattern);
      if (!by_file && !matches_pattern(binary.soname, pattern)) continue;
      Finding& finding = found[&rule];
      finding.shared = true;
      finding.evidence.push_back(
          with(base, rule, "library", by_file ? binary.name : "SONAME " + binary.soname));
      break;
    }
    for (const std::string& pattern : rule.links) {
      const std::string_view* const link = first_match(binary.links, pattern);
      if (link == nullptr) continue;
      found[&rule].evidence.push_back(with(base, rule, "link", *link));
    }
  }
}

void NativeSignals::match_symbols(const BinaryFacts& binary, const Evidence& base,
                                  Found& found) const {
  const auto match = [&](const FrameworkRule& rule, const std::vector<std::string>& patterns,
                         const std::vector<std::string_view>& names, const char* what) {
    for (const std::string& pattern : patterns) {
      const std::string_view* const name = first_match(names, pattern);
      if (name == nullptr) continue;
      Evidence evidence = with(base, rule, what, *name);
      evidence.method = evidence.excerpt;
      found[&rule].evidence.push_back(std::move(evidence));
    }
  };
  for (const FrameworkRule& rule : rules_.frameworks()) {
    match(rule, rule.exports, binary.exports, "export");
    match(rule, rule.imports, binary.imports, "import");
  }
}

// A build that is known leaves no doubt, whatever the file is called.
void NativeSignals::match_build(const BinaryFacts& binary, const Evidence& base,
                                Found& found) const {
  if (binary.build_id.empty()) return;
  for (const FrameworkRule& rule : rules_.frameworks()) {
    for (const BuildRule& build : rule.build_ids) {
      if (build.id != binary.build_id) continue;
      Finding& finding = found[&rule];
      finding.shared = true;
      finding.version = build.version;
      finding.evidence.push_back(with(base, rule, "build-id", binary.build_id));
    }
  }
}

void NativeSignals::match_literals(const BinaryFacts& binary, const Evidence& base,
                                   Found& found) const {
  std::map<const FrameworkRule*, std::vector<Evidence>> hits;
  std::set<std::size_t> seen;
  for (const ElfRange& range : binary.data) {
    for (const LiteralHit& hit : scanner_->scan(range.bytes)) {
      if (seen.contains(hit.literal)) continue;
      const RuleLiteral& literal = literals_[hit.literal];
      const FrameworkRule& rule = rules_.frameworks()[literal.framework];
      const bool rtti = literal.kind == RuleLiteral::Kind::kRtti;
      const auto offset =
          rtti ? type_name_at(range, hit, literal.text) : std::optional<std::uint64_t>(hit.offset);
      if (!offset) continue;
      seen.insert(hit.literal);
      const std::string_view text = as_text(range.bytes).substr(*offset, kMaxTypeName);
      Evidence evidence = rtti ? with(base, rule, "rtti", text.substr(0, text.find('\0')))
                               : with(base, rule, "literal", literal.text);
      evidence.offset = range.offset + *offset;
      (rtti ? found[&rule].evidence : hits[&rule]).push_back(std::move(evidence));
    }
  }
  for (auto& [rule, evidence] : hits) {
    if (evidence.size() < rule->need && !found.contains(rule)) continue;
    auto& list = found[rule].evidence;
    list.insert(list.end(), evidence.begin(), evidence.end());
  }
}

std::string NativeSignals::version_of(const FrameworkRule& rule, bool shared,
                                      const BinaryFacts& binary) const {
  // In somebody else's library a bare version may be that of anything that is linked in.
  if (rule.version_bare) return shared ? only_bare_version(binary) : std::string();
  if (rule.version_after.empty()) return {};
  for (const ElfRange& range : binary.data) {
    const std::string_view text = as_text(range.bytes);
    const std::size_t at = text.find(rule.version_after);
    if (at != std::string_view::npos)
      return leading_version(text.substr(at + rule.version_after.size(), 24));
  }
  return {};
}

NativeSignals::Library NativeSignals::inspect(const ElfFile& elf, const std::string& file,
                                              const std::vector<std::string>& chain,
                                              const std::string& name) const {
  return inspect(facts_of(elf, name), file, chain);
}

NativeSignals::Library NativeSignals::inspect(const BinaryFacts& binary, const std::string& file,
                                              const std::vector<std::string>& chain) const {
  Library out;
  const Evidence base{"native", file, chain};
  Found found;
  match_names(binary, base, found);
  match_symbols(binary, base, found);
  match_build(binary, base, found);
  match_literals(binary, base, found);
  for (const std::string_view name : binary.exports) {
    if (name.starts_with("Java_") && out.jni_exports.size() < kMaxJniExports)
      out.jni_exports.emplace_back(name);
  }
  const bool explained = std::any_of(
      found.begin(), found.end(), [](const auto& item) { return item.first->kind == "runtime"; });
  for (const FrameworkRule& rule : rules_.frameworks()) {
    const auto item = found.find(&rule);
    if (item == found.end() || (rule.kind == "engine" && explained)) continue;
    item->second.rule = &rule;
    if (item->second.version.empty())
      item->second.version = version_of(rule, item->second.shared, binary);
    out.findings.push_back(std::move(item->second));
  }
  return out;
}

}  // namespace dl
