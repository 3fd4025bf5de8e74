// SPDX-License-Identifier: Apache-2.0
// Takes the scanners of the rules from the build where it has them.
#include <algorithm>
#include <span>

#include "daylight/base/embedded.h"
#include "daylight/detect/rules/rule_literals.h"

namespace dl {

namespace embedded {
std::span<const File> rule_databases();
}  // namespace embedded

std::unique_ptr<LiteralScanner> make_rule_scanner(const RuleSet& rules,
                                                  const std::vector<RuleLiteral>& literals,
                                                  std::string_view database) {
  std::vector<std::string_view> texts;
  texts.reserve(literals.size());
  for (const RuleLiteral& literal : literals) texts.push_back(literal.text);
  ByteSpan serialized;
  // Other rules than the build's own have other texts.
  if (&rules == &RuleSet::builtin() || rules.digest() == RuleSet::builtin().digest()) {
    const auto files = embedded::rule_databases();
    const auto found = std::find_if(files.begin(), files.end(), [&](const embedded::File& file) {
      return file.name == database;
    });
    if (found != files.end()) serialized = as_bytes(found->bytes);
  }
  return std::make_unique<LiteralScanner>(texts, LiteralScanner::Report::kFirst, serialized);
}

}  // namespace dl
