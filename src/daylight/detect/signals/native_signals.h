// SPDX-License-Identifier: Apache-2.0
// What one native library says about machine learning: its name, its symbols, its build id, its
// read-only literals and type names.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/artifact/inventory.h"
#include "daylight/detect/rules/rule_literals.h"
#include "daylight/detect/rules/rules.h"
#include "daylight/format/code/elf.h"
#include "daylight/format/literal_scanner.h"

namespace dl {

// JNI exports that are kept of one library.
inline constexpr std::size_t kMaxJniExports = 4096;

// The parts of a binary that rules speak of, whatever its format. Views outlive their use.
struct BinaryFacts {
  std::string name;                       // the file's own, without folders
  std::string soname;                     // or install name; "" if none
  std::string build_id;                   // lower-case hexadecimal; "" if none
  std::vector<std::string_view> links;    // libraries that it needs, as it names them
  std::vector<std::string_view> exports;  // symbols that it defines
  std::vector<std::string_view> imports;  // symbols that it needs
  std::vector<ElfRange> data;             // where constants lie
};

// Immutable; const methods are thread safe; `rules` must outlive it.
class NativeSignals {
 public:
  explicit NativeSignals(const RuleSet& rules);

  struct Finding {
    const FrameworkRule* rule = nullptr;
    bool shared = false;  // the library is the framework's own; else it is linked into another
    std::string version;  // "" where it cannot be read
    std::vector<Evidence> evidence;
  };
  struct Library {
    std::vector<Finding> findings;         // in the order of the rules
    std::vector<std::string> jni_exports;  // Java_* symbols, in the order of the table
  };
  // `chain` leads to the library inside the app's file `file`; `name` is the library's own, with or
  // without folders.
  Library inspect(const ElfFile& elf, const std::string& file,
                  const std::vector<std::string>& chain, const std::string& name) const;
  // The same of any binary.
  Library inspect(const BinaryFacts& binary, const std::string& file,
                  const std::vector<std::string>& chain) const;

 private:
  using Found = std::map<const FrameworkRule*, Finding>;

  void match_names(const BinaryFacts& binary, const Evidence& base, Found& found) const;
  void match_symbols(const BinaryFacts& binary, const Evidence& base, Found& found) const;
  void match_build(const BinaryFacts& binary, const Evidence& base, Found& found) const;
  void match_literals(const BinaryFacts& binary, const Evidence& base, Found& found) const;
  std::string version_of(const FrameworkRule& rule, bool shared, const BinaryFacts& binary) const;

  const RuleSet& rules_;
  std::vector<RuleLiteral> literals_;
  std::unique_ptr<LiteralScanner> scanner_;
};

}  // namespace dl
