// SPDX-License-Identifier: Apache-2.0
// Machine learning as Java class files show it: libraries (AAR, jar), where no DEX code is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daylight/artifact/inventory.h"
#include "daylight/base/bytes.h"
#include "daylight/detect/rules/rules.h"

namespace dl {

// What one class file says that rules ask for.
struct JavaClassFindings {
  std::vector<std::string> chain;
  std::string name;                  // dotted
  std::vector<std::string> natives;  // names of its native methods
  // Classes of frameworks that its constant pool names, dotted.
  std::vector<std::string> used;
};

// Immutable; const methods are thread safe; `rules` must outlive it.
class JavaLibrarySignals {
 public:
  explicit JavaLibrarySignals(const RuleSet& rules) : rules_(rules) {}

  // Adds what the class says; a class that cannot be read is a gap.
  void inspect(ByteSpan bytes, const std::vector<std::string>& chain,
               std::vector<JavaClassFindings>& out, std::vector<Gap>& gaps) const;

  // Frameworks of layer java, in the order of the rules: "static" where their classes are here,
  // "unbundled" where others name them only. One gap says that calls are not read.
  std::vector<FrameworkRecord> frameworks(const std::string& file,
                                          const std::vector<JavaClassFindings>& classes,
                                          std::vector<Gap>& gaps) const;

 private:
  // The framework whose class this is by its full name; null if it is nobody's.
  const FrameworkRule* owner_of(const std::string& name) const;

  const RuleSet& rules_;
};

}  // namespace dl
