// SPDX-License-Identifier: Apache-2.0
// Matches one library against the framework rules.
#include "daylight/detect/native_signals.h"

#include <algorithm>
#include <set>

#include "daylight/base/text.h"

namespace dl {
namespace {

std::vector<std::string_view> all_literals(const RuleSet& rules) {
  std::vector<std::string_view> out;
  for (const FrameworkRule& rule : rules.frameworks()) {
    out.insert(out.end(), rule.literals.begin(), rule.literals.end());
  }
  return out;
}

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
std::string only_bare_version(const ElfFile& elf) {
  std::set<std::string> versions;
  for (const ElfRange& range : elf.data_ranges()) {
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

}  // namespace

NativeSignals::NativeSignals(const RuleSet& rules)
    : rules_(rules), scanner_(all_literals(rules), LiteralScanner::Report::kFirst) {
  for (const FrameworkRule& rule : rules.frameworks()) {
    literal_owner_.insert(literal_owner_.end(), rule.literals.size(), &rule);
  }
}

void NativeSignals::match_literals(const ElfFile& elf, const Evidence& base,
                                   std::map<const FrameworkRule*, Finding>& found) const {
  const std::vector<std::string_view> literals = all_literals(rules_);
  std::map<const FrameworkRule*, std::vector<Evidence>> hits;
  std::set<std::size_t> seen;
  for (const ElfRange& range : elf.data_ranges()) {
    for (const LiteralHit& hit : scanner_.scan(range.bytes)) {
      if (!seen.insert(hit.literal).second) continue;
      Evidence evidence = base;
      evidence.offset = range.offset + hit.offset;
      evidence.rule = literal_owner_[hit.literal]->id + ".literal";
      evidence.excerpt = printable(literals[hit.literal]);
      hits[literal_owner_[hit.literal]].push_back(std::move(evidence));
    }
  }
  for (auto& [rule, evidence] : hits) {
    if (evidence.size() < rule->need) continue;
    auto& list = found[rule].evidence;
    list.insert(list.end(), evidence.begin(), evidence.end());
  }
}

std::string NativeSignals::version_of(const FrameworkRule& rule, bool shared,
                                      const ElfFile& elf) const {
  // In somebody else's library a bare version may be that of anything that is linked in.
  if (rule.version_bare) return shared ? only_bare_version(elf) : std::string();
  if (rule.version_after.empty()) return {};
  for (const ElfRange& range : elf.data_ranges()) {
    const std::string_view text = as_text(range.bytes);
    const std::size_t at = text.find(rule.version_after);
    if (at != std::string_view::npos)
      return leading_version(text.substr(at + rule.version_after.size(), 24));
  }
  return {};
}

NativeSignals::Library NativeSignals::inspect(const ElfFile& elf, const std::string& file,
                                              const std::vector<std::string>& chain,
                                              const std::string& path) const {
  Library out;
  const std::string name = path.substr(path.rfind('/') + 1);
  const Evidence base{"native", file, chain};
  std::map<const FrameworkRule*, Finding> found;
  for (const FrameworkRule& rule : rules_.frameworks()) {
    for (const std::string& pattern : rule.libraries) {
      const bool by_file = matches_pattern(name, pattern);
      if (!by_file && !matches_pattern(elf.soname(), pattern)) continue;
      Finding& finding = found[&rule];
      finding.shared = true;
      Evidence evidence = base;
      evidence.rule = rule.id + ".library";
      evidence.excerpt = printable(by_file ? name : "SONAME " + elf.soname());
      finding.evidence.push_back(std::move(evidence));
      break;
    }
  }
  std::set<std::pair<const FrameworkRule*, std::string_view>> matched;
  for (const ElfSymbol& symbol : elf.symbols()) {
    if (!symbol.defined()) continue;
    if (symbol.name.starts_with("Java_") && out.jni_exports.size() < kMaxJniExports) {
      out.jni_exports.emplace_back(symbol.name);
    }
    for (const FrameworkRule& rule : rules_.frameworks()) {
      for (const std::string& pattern : rule.exports) {
        // One symbol is evidence enough for a pattern that hundreds match.
        if (!matches_pattern(symbol.name, pattern) || !matched.emplace(&rule, pattern).second)
          continue;
        Evidence evidence = base;
        evidence.method = printable(symbol.name);
        evidence.rule = rule.id + ".export";
        evidence.excerpt = printable(symbol.name);
        found[&rule].evidence.push_back(std::move(evidence));
      }
    }
  }
  match_literals(elf, base, found);
  const bool explained = std::any_of(
      found.begin(), found.end(), [](const auto& item) { return item.first->kind == "runtime"; });
  for (const FrameworkRule& rule : rules_.frameworks()) {
    const auto item = found.find(&rule);
    if (item == found.end() || (rule.kind == "engine" && explained)) continue;
    item->second.rule = &rule;
    item->second.version = version_of(rule, item->second.shared, elf);
    out.findings.push_back(std::move(item->second));
  }
  return out;
}

}  // namespace dl
