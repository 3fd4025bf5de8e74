// SPDX-License-Identifier: Apache-2.0
// Lists the rules' texts.
#include "daylight/detect/rules/rule_literals.h"

namespace dl {
namespace {

// A type's name ends in a zero; a pattern stands for any type inside that namespace.
std::string rtti_text(std::string_view name) {
  if (name.ends_with('*')) return std::string(name.substr(0, name.size() - 1));
  return std::string(name).append(1, '\0');
}

}  // namespace

std::vector<RuleLiteral> binary_literals(const RuleSet& rules) {
  std::vector<RuleLiteral> out;
  for (std::size_t i = 0; i < rules.frameworks().size(); ++i) {
    const FrameworkRule& rule = rules.frameworks()[i];
    for (const std::string& text : rule.literals)
      out.push_back({RuleLiteral::Kind::kLiteral, i, 0, text});
    for (const std::string& name : rule.rtti)
      out.push_back({RuleLiteral::Kind::kRtti, i, 0, rtti_text(name)});
  }
  return out;
}

std::vector<RuleLiteral> script_literals(const RuleSet& rules) {
  std::vector<RuleLiteral> out;
  for (std::size_t i = 0; i < rules.frameworks().size(); ++i) {
    const auto& scripts = rules.frameworks()[i].scripts;
    for (std::size_t s = 0; s < scripts.size(); ++s) {
      for (const std::string& text : scripts[s].literals)
        out.push_back({RuleLiteral::Kind::kScript, i, s, text});
    }
  }
  return out;
}

}  // namespace dl
