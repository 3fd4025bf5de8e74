// SPDX-License-Identifier: Apache-2.0
// What one native library says about machine learning: its name, its symbols, its read-only
// literals.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "daylight/artifact/inventory.h"
#include "daylight/detect/rules.h"
#include "daylight/format/elf.h"
#include "daylight/format/literal_scanner.h"

namespace dl {

// JNI exports that are kept of one library.
inline constexpr std::size_t kMaxJniExports = 4096;

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

 private:
  void match_literals(const ElfFile& elf, const Evidence& base,
                      std::map<const FrameworkRule*, Finding>& found) const;
  std::string version_of(const FrameworkRule& rule, bool shared, const ElfFile& elf) const;

  const RuleSet& rules_;
  std::vector<const FrameworkRule*> literal_owner_;  // of each literal of the scanner
  LiteralScanner scanner_;
};

}  // namespace dl
