// SPDX-License-Identifier: Apache-2.0
// Looks at each signature that code refers to, and at the references beside it.
#include "daylight/program/native_code/native_built_tables.h"

#include <algorithm>
#include <optional>

namespace dl::program {
namespace {

constexpr std::size_t kRowWords = 3;

// One address that a function computes, or loads from a word that the linker fills.
struct Used {
  std::uint64_t from = 0;
  std::uint64_t target = 0;
};

class RowFinder {
 public:
  RowFinder(const ElfFile& elf, const NativePointers& pointers, const NativeFunctions& functions)
      : elf_(elf), pointers_(pointers), functions_(functions) {}

  std::optional<Used> used(const NativeReference& reference) const {
    if (reference.kind == NativeReferenceKind::kAddress) return Used{reference.from, reference.to};
    if (reference.kind != NativeReferenceKind::kLoad) return std::nullopt;
    const NativePointer* const pointer = pointers_.at(reference.to);
    if (pointer == nullptr || pointer->imported) return std::nullopt;
    return Used{reference.from, pointer->target};
  }

  bool may_be_signature(std::uint64_t address) const {
    const auto byte = elf_.at_address(address, 1);
    return byte && (byte->front() == '(' || byte->front() == '!');
  }

  // The row that three addresses are, whatever their order.
  std::optional<RegisteredNative> row(const Used* words) const {
    RegisteredNative out;
    // Cheap to see, and false of nearly every three words.
    if (std::none_of(words, words + kRowWords,
                     [this](const Used& word) { return may_be_signature(word.target); }))
      return std::nullopt;
    for (std::size_t i = 0; i < kRowWords; ++i) {
      const FunctionId id = functions_.at(words[i].target);
      if (id != kNoFunction) {
        if (out.function != kNoFunction) return std::nullopt;
        out.function = id;
        continue;
      }
      const auto text = short_string_at(elf_, words[i].target, kMaxJniTextSize);
      if (!text) return std::nullopt;
      std::string_view plain = *text;
      if (plain.starts_with('!')) plain.remove_prefix(1);
      if (is_jni_signature(plain)) {
        if (!out.signature.empty()) return std::nullopt;
        out.signature = plain;
      } else if (is_java_name(*text)) {
        if (!out.name.empty()) return std::nullopt;
        out.name = *text;
      } else {
        return std::nullopt;
      }
    }
    out.row = words[0].from;
    out.registrar = functions_.holding(words[0].from);
    return out;
  }

 private:
  const ElfFile& elf_;
  const NativePointers& pointers_;
  const NativeFunctions& functions_;
};

}  // namespace

std::vector<RegisteredNative> read_built_natives(const ElfFile& elf, const NativePointers& pointers,
                                                 const NativeFunctions& functions,
                                                 const NativeReferences& references) {
  std::vector<RegisteredNative> out;
  const RowFinder finder(elf, pointers, functions);
  FunctionId last = kNoFunction;
  for (const NativeReference reference : references.all()) {
    if (out.size() >= kMaxRegisteredNatives) break;
    if (reference.kind != NativeReferenceKind::kAddress &&
        reference.kind != NativeReferenceKind::kLoad)
      continue;
    const auto text = finder.used(reference);
    if (!text || !finder.may_be_signature(text->target)) continue;
    const FunctionId id = functions.holding(reference.from);
    if (id == kNoFunction || id == last) continue;
    last = id;
    std::vector<Used> words;
    for (const NativeReference each : references.made_by(functions[id])) {
      const auto used = finder.used(each);
      // One address that is computed twice in a row is one word.
      if (used && (words.empty() || words.back().target != used->target)) words.push_back(*used);
    }
    for (std::size_t i = 0; i + kRowWords <= words.size();) {
      const auto row = finder.row(&words[i]);
      if (row && out.size() < kMaxRegisteredNatives) out.push_back(*row);
      i += row ? kRowWords : 1;
    }
  }
  return out;
}

}  // namespace dl::program
