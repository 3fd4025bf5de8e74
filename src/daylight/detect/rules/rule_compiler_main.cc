// SPDX-License-Identifier: Apache-2.0
// Compiles the texts of the rules to databases that the build embeds: rule_compiler FOLDER writes
// one file for each.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "daylight/detect/rules/rule_literals.h"

namespace {

bool write_database(const std::filesystem::path& path,
                    const std::vector<dl::RuleLiteral>& literals) {
  std::vector<std::string_view> texts;
  texts.reserve(literals.size());
  for (const dl::RuleLiteral& literal : literals) texts.push_back(literal.text);
  const dl::LiteralScanner scanner(texts, dl::LiteralScanner::Report::kFirst);
  const auto bytes = scanner.serialized();
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()),
            static_cast<std::streamsize>(bytes.size()));
  return out.good();  // no texts, no bytes
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: rule_compiler FOLDER\n", stderr);
    return 2;
  }
  const dl::RuleSet& rules = dl::RuleSet::builtin();
  if (rules.frameworks().empty()) {
    std::fputs("rule_compiler: the rules do not parse; rules_test says why\n", stderr);
    return 2;
  }
  const std::filesystem::path folder(argv[1]);
  const bool written = write_database(folder / dl::kBinaryDatabase, dl::binary_literals(rules)) &&
                       write_database(folder / dl::kScriptDatabase, dl::script_literals(rules));
  if (!written) std::fputs("rule_compiler: cannot write\n", stderr);
  return written ? 0 : 2;
}
