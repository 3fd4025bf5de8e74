// SPDX-License-Identifier: Apache-2.0
// The functions of a native library that an anchor points to: where a model is loaded, fed, run or
// read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/detect/native/name_filter.h"
#include "daylight/detect/native/native_anchors.h"
#include "daylight/format/format_gap.h"
#include "daylight/format/literal_scanner.h"
#include "daylight/program/native_code/native_code.h"

namespace dl {

// A literal that more functions use is no anchor, but common text.
inline constexpr std::size_t kMaxLiteralFunctions = 8;
// Functions that are kept of one anchor in one library; more are a gap.
inline constexpr std::size_t kMaxHitsOfAnchor = 64;
// Hits of all anchors together, and occurrences of their texts that are looked at, in one library;
// more are a gap.
inline constexpr std::size_t kMaxHitsOfLibrary = 256;
inline constexpr std::size_t kMaxTextsOfLibrary = 4'096;

struct NativeHit {
  enum class How { kCalls, kTakesAddress, kLooksUp, kUsesLiteral, kIsEntry };

  const NativeAnchor* anchor = nullptr;
  program::FunctionId function = program::kNoFunction;
  std::uint64_t at = 0;  // the instruction; of an entry its first
  How how = How::kCalls;
  std::string what;  // the symbol or the literal; hostile text
};

// Looks for all anchors at once. Immutable; const methods are thread safe; the anchors must outlive
// it.
class NativeHitFinder {
 public:
  explicit NativeHitFinder(const NativeAnchors& anchors);

  // Whether the library is worth reading: it imports, defines or is an anchor's symbol, or holds
  // one's text. Cheap: no code is read.
  bool is_of_interest(const ElfFile& elf) const;
  // By anchor, then function, then instruction; each function once per anchor and symbol. Calls
  // inside the functions of an anchor itself (one overload calls another) are left out.
  std::vector<NativeHit> find(const program::NativeCode& code, const std::string& where,
                              GapList& gaps) const;

 private:
  // A text to look for: a literal, or a symbol's whole name as dlsym takes it.
  struct Text {
    const NativeAnchor* anchor = nullptr;
    std::string_view text;
    bool whole = false;
  };
  struct Search;
  bool has_symbols(const ElfFile& elf) const;
  bool has_texts(const ElfFile& elf) const;
  // Where the constant begins that holds the text at `offset`; nothing if the text is a name and
  // does not stand alone.
  std::optional<std::uint64_t> constant_of(std::string_view data, const LiteralHit& hit) const;
  static std::vector<Text> texts_of(const NativeAnchors& anchors);
  static std::vector<std::string_view> views_of(const std::vector<Text>& texts);

  static NameFilter filter_of(const NativeAnchors& anchors);

  const NativeAnchors& anchors_;
  NameFilter names_;  // of all symbols and entries
  std::vector<Text> texts_;
  LiteralScanner scanner_;
};

}  // namespace dl
