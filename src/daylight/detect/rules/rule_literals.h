// SPDX-License-Identifier: Apache-2.0
// The texts that framework rules look for in binaries and scripts, and the scanners that find them:
// compiled with the program, not at every start.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "daylight/detect/rules/rules.h"
#include "daylight/format/literal_scanner.h"

namespace dl {

// One text, and which rule wants it.
struct RuleLiteral {
  enum class Kind {
    kLiteral,  // FrameworkRule::literals
    kRtti,     // FrameworkRule::rtti, with the zero behind it if it is no pattern
    kScript,   // FrameworkRule::scripts
  };
  Kind kind = Kind::kLiteral;
  std::size_t framework = 0;  // index into RuleSet::frameworks()
  std::size_t script = 0;     // index into FrameworkRule::scripts, of kScript
  std::string text;
};

// In the order of the rules.
std::vector<RuleLiteral> binary_literals(const RuleSet& rules);
std::vector<RuleLiteral> script_literals(const RuleSet& rules);

// Names of the databases that the build embeds.
inline constexpr std::string_view kBinaryDatabase = "binary_literals.hsdb";
inline constexpr std::string_view kScriptDatabase = "script_literals.hsdb";

// A scanner for the first occurrence of each text. `database`: which embedded database holds these
// texts; it is used if `rules` are the build's own and the processor is like the one that built it.
std::unique_ptr<LiteralScanner> make_rule_scanner(const RuleSet& rules,
                                                  const std::vector<RuleLiteral>& literals,
                                                  std::string_view database);

}  // namespace dl
