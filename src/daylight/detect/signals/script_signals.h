// SPDX-License-Identifier: Apache-2.0
// Machine learning in code that is neither DEX nor machine code: bundles of JavaScript, Dart
// snapshots, Unity's metadata, .NET assemblies.
//
// Sources: the magic numbers of Hermes bytecode (0x1F1903C103BC1FC6), of IL2CPP metadata
// (0xFAB11BAF) and of Dart kernel files (0x90ABCDEF); ECMA-335 II.25 for assemblies.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/base/bytes.h"
#include "daylight/detect/rules/rule_literals.h"
#include "daylight/detect/rules/rules.h"
#include "daylight/detect/signals/native_signals.h"

namespace dl {

// Bytes at the start of a library in which the names of a Dart snapshot's symbols are looked for.
inline constexpr std::size_t kMaxDartSymbolSearch = 65536;

// "dart", "javascript", "unity" or "dotnet", by name and first bytes; "" for any other file. `name`
// may have folders.
std::string_view script_kind(std::string_view name, ByteSpan bytes);

// Whether rules may name this kind.
bool is_script_kind(std::string_view kind);

// Immutable; const methods are thread safe; `rules` must outlive it.
class ScriptSignals {
 public:
  explicit ScriptSignals(const RuleSet& rules);

  // In the order of the rules; empty for files that are no scripts. `chain` leads to the file
  // inside the app's file `file`.
  std::vector<NativeSignals::Finding> inspect(ByteSpan bytes, const std::string& file,
                                              const std::vector<std::string>& chain,
                                              const std::string& name) const;

 private:
  const RuleSet& rules_;
  std::vector<RuleLiteral> literals_;
  std::unique_ptr<LiteralScanner> scanner_;
};

}  // namespace dl
