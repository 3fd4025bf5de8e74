// SPDX-License-Identifier: Apache-2.0
// What a capture source watches, in one language for all sources. Grammar:
// docs/formats/selectors.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daylight/artifact/length_expression.h"
#include "daylight/artifact/text_pattern.h"

namespace dl {

// Bytes of one selector with its policy.
inline constexpr std::size_t kMaxSelectorBytes = 16384;

enum class SelectorKind { kJava, kJni, kLibrary, kSignature, kImport };

// The very file that an offset was found in; both empty: any file of that name.
struct LibraryPin {
  std::string build_id;  // lower-case hexadecimal
  std::string sha256;

  bool empty() const { return build_id.empty() && sha256.empty(); }
  friend bool operator==(const LibraryPin&, const LibraryPin&) = default;
};

// "len==120000" of a value.
struct LengthCondition {
  enum class Compare { kEqual, kNotEqual, kLess, kAtMost, kMore, kAtLeast };
  Compare compare = Compare::kEqual;
  std::uint64_t length = 0;

  bool holds(std::uint64_t value) const;
  friend bool operator==(const LengthCondition&, const LengthCondition&) = default;
};

// A Java method, as an agent or an index knows it.
struct JavaMethodName {
  std::string_view klass;       // "pkg/Class", without L and ;
  std::string_view method;      // "run"
  std::string_view descriptor;  // "([B)V"
  bool native = false;
};

// A function of a library. `offset` is from where the library is loaded.
struct NativeFunctionName {
  std::string_view library;  // file name
  std::string_view build_id;
  std::string_view sha256;
  std::string_view symbol;  // "" if it has none
  std::optional<std::uint64_t> offset;
  bool imported = false;  // `symbol` is called by the library, not defined in it
};

// A value that goes into or comes out of a call. `type` as in Java source: "float[]".
struct PassedValue {
  std::string_view type;
  std::uint64_t length = 0;  // elements
  int argument = 0;          // -1: the result
};

// Which fields count depends on `kind`; the others have their defaults.
struct Selector {
  SelectorKind kind = SelectorKind::kJava;
  // kJava, kJni: a class (kJni: any() if not written), a method, "(...)..." or any().
  TextPattern klass = TextPattern::any();
  TextPattern method = TextPattern::any();
  TextPattern signature = TextPattern::any();
  // kLibrary, kImport.
  TextPattern library = TextPattern::any();
  TextPattern symbol = TextPattern::any();  // unless `offset` is there
  std::optional<std::uint64_t> offset = {};
  LibraryPin pin = {};
  // kSignature: -2 any place, -1 the result, else one argument (kAnyArgument: any of them).
  int place = 0;
  TextPattern type = TextPattern::any();
  std::optional<LengthCondition> length = {};

  friend bool operator==(const Selector&, const Selector&) = default;

  bool matches(const JavaMethodName& method_name) const;
  bool matches(const NativeFunctionName& function) const;
  bool matches(const PassedValue& value) const;
};
inline constexpr int kAnyPlace = -2;
inline constexpr int kResultPlace = -1;
inline constexpr int kAnyArgument = 1 << 20;

// A method of the app by its exact names; `descriptor` as in "Lpkg/Class;".
Selector java_selector(std::string_view class_descriptor, std::string_view method,
                       std::string_view descriptor, bool native = false);
Selector symbol_selector(std::string library, std::string symbol);
Selector import_selector(std::string library, std::string symbol);
Selector offset_selector(std::string library, std::uint64_t offset, LibraryPin pin);

// Also the forms of plans that older versions wrote: "Lpkg/Class;->method(D)R", "lib.so!symbol".
// kCorrupt for what is none of them.
Result<Selector> parse_selector(std::string_view text);
// parse_selector() of it gives the same selector.
std::string print_selector(const Selector& selector);

// What a source copies of each call that is selected.
struct CapturePolicy {
  bool in = false;
  bool out = false;
  bool result = false;  // "return"
  std::optional<LengthExpression> length = {};
  std::uint64_t limit = 0;  // bytes of one buffer; 0: the source's own limit
  std::uint64_t calls = 0;  // after which the source falls silent; 0: never
  std::uint64_t every = 1;  // sampling: each call, each second ...

  friend bool operator==(const CapturePolicy&, const CapturePolicy&) = default;
};

// A selector with its policy: `jni:*([B*)* {in,return,len=arg1*4,limit=65536,every=10}`.
struct CaptureRule {
  Selector selector;
  CapturePolicy policy;

  friend bool operator==(const CaptureRule&, const CaptureRule&) = default;
};
Result<CaptureRule> parse_capture_rule(std::string_view text);
std::string print_capture_rule(const CaptureRule& rule);

}  // namespace dl
