// SPDX-License-Identifier: Apache-2.0
// By what a native function that loads, feeds, runs or reads a model gives itself away
// (rules/native_anchors.json, checked).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daylight/base/result.h"
#include "daylight/detect/rules/rules.h"

namespace dl {

// In patterns of names "*" stands for any text.
struct NativeAnchor {
  std::string id;         // "tflite.run"
  std::string framework;  // id in frameworks.json
  std::string role;       // model-load|input|run|output
  // Functions of the framework: whoever calls one, or looks it up under this name, has the role.
  std::vector<std::string> symbols;
  // JNI functions of the framework's own binding: they have the role themselves.
  std::vector<std::string> entries;
  // Text that stands at the start of a constant: the function that uses it has the role.
  std::vector<std::string> literals;
};

// Immutable; const methods are thread safe.
class NativeAnchors {
 public:
  // From the text of the file. An error names rule and key; also for a framework that `rules` does
  // not know.
  static Result<NativeAnchors> parse(std::string_view text, const RuleSet& rules);
  // The anchors that the build carries. A test checks that they parse.
  static const NativeAnchors& builtin();
  // Their text, for the digest of all rules.
  static std::string_view builtin_text();

  const std::vector<NativeAnchor>& all() const { return anchors_; }

 private:
  std::vector<NativeAnchor> anchors_;
};

// Whether `text` is what the pattern says; "*" stands for any text, also none.
bool matches_glob(std::string_view text, std::string_view pattern);

}  // namespace dl
