// SPDX-License-Identifier: Apache-2.0
// Finds runs of code pointers, the classes they belong to, and rows of native methods.
#include "daylight/program/native_code/native_tables.h"

#include <algorithm>

#include "daylight/program/native_code/native_names.h"

namespace dl::program {
namespace {

constexpr std::uint64_t kWord = 8;
constexpr std::size_t kMaxRttiName = 1'024;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_identifier_byte(char c) {
  // Java allows letters of any script; their bytes in modified UTF-8 are all above 0x7f.
  return is_digit(c) || is_letter(c) || c == '_' || c == '$' ||
         (static_cast<unsigned char>(c) & 0x80U) != 0;
}

// The length of the field type at the start of `text`; 0 if there is none.
std::size_t field_type(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size() && text[at] == '[') ++at;
  if (at == text.size()) return 0;
  if (text[at] != 'L')
    return std::string_view("ZBCSIJFD").find(text[at]) == std::string_view::npos ? 0 : at + 1;
  const std::size_t end = text.find(';', at);
  if (end == std::string_view::npos || end == at + 1) return 0;
  const bool name = std::all_of(text.begin() + static_cast<std::ptrdiff_t>(at + 1),
                                text.begin() + static_cast<std::ptrdiff_t>(end), [](char c) {
                                  return is_identifier_byte(c) || c == '/' || c == '-';
                                });
  return name ? end + 1 : 0;
}

// What the pointer at `slot` points to, if it lies in this library; 0 otherwise.
std::uint64_t target_at(const NativePointers& pointers, std::uint64_t slot) {
  const NativePointer* pointer = pointers.at(slot);
  return pointer == nullptr || pointer->imported ? 0 : pointer->target;
}

// The name in the type information to which the word before a virtual table points.
std::string rtti_class(const ElfFile& elf, const NativePointers& pointers, std::uint64_t slot) {
  const std::uint64_t info = target_at(pointers, slot);
  if (info == 0 || info + kWord < info) return {};
  const std::uint64_t text = target_at(pointers, info + kWord);
  if (text == 0) return {};
  const auto name = short_string_at(elf, text, kMaxRttiName);
  if (!name || name->empty()) return {};
  const bool plain = std::all_of(name->begin(), name->end(),
                                 [](char c) { return is_identifier_byte(c) || c == '.'; });
  const char first = name->front();
  const bool typed = is_digit(first) || first == 'N' || first == 'S' || first == 'Z';
  return plain && typed ? class_name_of_rtti(*name) : std::string();
}

}  // namespace

std::optional<std::string_view> short_string_at(const ElfFile& elf, std::uint64_t address,
                                                std::size_t limit) {
  const auto offset = elf.offset_of(address);
  if (!offset) return std::nullopt;
  const std::string_view rest =
      as_text(elf.bytes().subspan(static_cast<std::size_t>(*offset))).substr(0, limit + 1);
  const std::size_t end = rest.find('\0');
  if (end == std::string_view::npos) return std::nullopt;
  return rest.substr(0, end);
}

bool is_java_name(std::string_view text) {
  if (text.empty() || text.size() > kMaxJniTextSize || is_digit(text.front())) return false;
  return std::all_of(text.begin(), text.end(), is_identifier_byte);
}

bool is_jni_signature(std::string_view text) {
  if (text.size() < 3 || text.size() > kMaxJniTextSize || text.front() != '(') return false;
  std::size_t at = 1;
  while (at < text.size() && text[at] != ')') {
    const std::size_t size = field_type(text.substr(at));
    if (size == 0) return false;
    at += size;
  }
  if (at + 1 >= text.size()) return false;
  const std::string_view result = text.substr(at + 1);
  return result == "V" || field_type(result) == result.size();
}

std::vector<NativeTable> read_native_tables(const ElfFile& elf, const NativePointers& pointers,
                                            const NativeFunctions& functions) {
  std::vector<NativeTable> out;
  for (const NativePointer& pointer : pointers.all()) {
    if (pointer.jump_slot) continue;
    // A pure virtual function is an import of the C++ runtime, and must not end the run.
    const bool continues = !out.empty() && out.back().end == pointer.slot;
    const bool code = !pointer.imported && functions.at(pointer.target) != kNoFunction;
    if (!code && !(continues && pointer.imported && !out.back().class_name.empty())) continue;
    const auto end = add_checked(pointer.slot, kWord);
    if (!end) continue;
    if (continues) {
      out.back().end = *end;
      continue;
    }
    NativeTable table{pointer.slot, pointer.slot, *end, {}};
    if (pointer.slot >= 2 * kWord) {
      table.class_name = rtti_class(elf, pointers, pointer.slot - kWord);
      if (!table.class_name.empty()) table.begin = pointer.slot - 2 * kWord;
    }
    out.push_back(std::move(table));
  }
  return out;
}

std::vector<RegisteredNative> read_registered_natives(const ElfFile& elf,
                                                      const NativePointers& pointers,
                                                      const NativeFunctions& functions,
                                                      const std::string& where, GapList& gaps) {
  std::vector<RegisteredNative> out;
  const auto all = pointers.all();
  for (std::size_t i = 2; i < all.size(); ++i) {
    const NativePointer& name = all[i - 2];
    const NativePointer& signature = all[i - 1];
    const NativePointer& function = all[i];
    if (name.imported || signature.imported || function.imported) continue;
    if (signature.slot - name.slot != kWord || function.slot - signature.slot != kWord) continue;
    const FunctionId id = functions.at(function.target);
    if (id == kNoFunction) continue;
    const auto name_text = short_string_at(elf, name.target, kMaxJniTextSize);
    const auto signature_text = short_string_at(elf, signature.target, kMaxJniTextSize);
    if (!name_text || !signature_text || !is_java_name(*name_text)) continue;
    // Old code writes "!(I)V" for a native that skips some bookkeeping.
    std::string_view plain = *signature_text;
    if (plain.starts_with('!')) plain.remove_prefix(1);
    if (!is_jni_signature(plain)) continue;
    if (out.size() >= kMaxRegisteredNatives) {
      gaps.add(where, "more than " + std::to_string(kMaxRegisteredNatives) +
                          " rows of native methods: the rest is not read");
      break;
    }
    out.push_back({name.slot, *name_text, plain, id, kNoFunction});
  }
  return out;
}

}  // namespace dl::program
