// SPDX-License-Identifier: Apache-2.0
// Words that are functions, strings of C and of libc++.
// Sources: Linux Standard Base 5.0 Core, 10.6.2 (.eh_frame_hdr); libc++'s std::string (its layout
// for Android).
#include "daylight/guest/image/registration_reader.h"

#include <algorithm>
#include <cstring>
#include <optional>

namespace dl::guest {
namespace {

constexpr std::uint32_t kUnwindTable = 0x6474e550;  // PT_GNU_EH_FRAME
constexpr std::uint64_t kLibcxxString = 24;
constexpr std::size_t kShortestText = 2;

std::optional<std::uint64_t> word_at(ByteSpan bytes, std::size_t at) {
  if (at + 8 > bytes.size()) return std::nullopt;
  std::uint64_t out = 0;
  std::memcpy(&out, bytes.data() + at, 8);
  return out;
}

std::int32_t int_at(ByteSpan bytes, std::size_t at) {
  std::int32_t out = 0;
  std::memcpy(&out, bytes.data() + at, 4);
  return out;
}

// What is readable there, up to `size` bytes.
std::vector<std::uint8_t> bytes_at(const GuestArena& arena, std::uint64_t address,
                                   std::uint64_t size) {
  if (!arena.contains(address)) return {};
  if (auto all = arena.copy(address, size)) return std::move(*all);
  const std::uint64_t to_page_end = kGuestPage - address % kGuestPage;
  if (to_page_end >= size) return {};
  return arena.copy(address, to_page_end).value_or(std::vector<std::uint8_t>());
}

// The sorted table of functions' beginnings, as linkers write it.
struct UnwindTable {
  ByteSpan rows;              // eight bytes each: distance of the function, of its entry
  std::uint64_t address = 0;  // in the file, that distances count from
};
std::optional<UnwindTable> unwind_table(const ElfFile& elf) {
  for (const ElfSegment& segment : elf.segments()) {
    if (segment.type != kUnwindTable) continue;
    const auto bytes = elf.at_address(segment.address, segment.file_size);
    // Version 1; a place of four bytes, a count, a table of pairs relative to the beginning.
    constexpr std::uint8_t kUsual[] = {1, 0x1b, 0x03, 0x3b};
    if (!bytes || bytes->size() < 12 || std::memcmp(bytes->data(), kUsual, 4) != 0)
      return std::nullopt;
    const auto count = static_cast<std::uint32_t>(int_at(*bytes, 8));
    if (count == 0 || count > (bytes->size() - 12) / 8) return std::nullopt;
    return UnwindTable{bytes->subspan(12, std::size_t{count} * 8), segment.address};
  }
  return std::nullopt;
}

bool has_entry(const UnwindTable& table, std::uint64_t address) {
  std::size_t low = 0;
  std::size_t high = table.rows.size() / 8;
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    const std::uint64_t begin =
        table.address + static_cast<std::uint64_t>(std::int64_t{int_at(table.rows, middle * 8)});
    if (begin == address) return true;
    if (begin < address) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return false;
}

bool is_symbol(const GuestLibrary& library, std::uint64_t address) {
  return std::any_of(library.elf.symbols().begin(), library.elf.symbols().end(),
                     [&](const ElfSymbol& symbol) {
                       return symbol.defined() && symbol.type == 2 && symbol.value == address;
                     });
}

// Whether a call instruction ends there: such addresses lie in old stack frames.
bool behind_call(const GuestArena& arena, const GuestLibrary& library, std::uint64_t address) {
  const auto before = arena.copy(address - 8, 8);
  if (!before) return false;
  if (library.elf.machine() == ElfMachine::kArm64) {
    const auto word = static_cast<std::uint32_t>(int_at(*before, 4));
    return (word & 0xfc000000U) == 0x94000000U ||  // bl
           (word & 0xfffffc1fU) == 0xd63f0000U;    // blr
  }
  return (*before)[3] == 0xe8 || (*before)[2] == 0xff || (*before)[5] == 0xff ||
         (*before)[6] == 0xff;
}

bool printable(std::string_view text) {
  return text.size() >= kShortestText &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

std::optional<std::string> text_at(const GuestArena& arena, std::uint64_t address) {
  const auto bytes = bytes_at(arena, address, kMaxRegistrationText + 1);
  const auto end = std::find(bytes.begin(), bytes.end(), std::uint8_t{0});
  if (end == bytes.end()) return std::nullopt;
  std::string out(bytes.begin(), end);
  if (!printable(out)) return std::nullopt;
  return out;
}

// A std::string of libc++: short ones lie in the object, behind twice their length; long ones have
// an odd capacity, a length and a place.
std::optional<std::string> libcxx_text(const GuestArena& arena, ByteSpan object) {
  if (object.size() < kLibcxxString) return std::nullopt;
  std::string out;
  if ((object[0] & 1U) == 0) {
    const std::size_t length = object[0] / 2;
    if (length > kLibcxxString - 2 || object[1 + length] != 0) return std::nullopt;
    out.assign(object.begin() + 1, object.begin() + 1 + static_cast<std::ptrdiff_t>(length));
  } else {
    const std::uint64_t capacity = *word_at(object, 0);
    const std::uint64_t length = *word_at(object, 8);
    if (length < kShortestText || length >= capacity || length > kMaxRegistrationText)
      return std::nullopt;
    const auto bytes = arena.copy(*word_at(object, 16), length);
    if (!bytes) return std::nullopt;
    out.assign(bytes->begin(), bytes->end());
  }
  if (!printable(out)) return std::nullopt;
  return out;
}

// Where the parameters of a demangled function begin: its last parenthesis that is in none.
std::optional<std::size_t> parameters_of(std::string_view demangled) {
  int depth = 0;
  for (std::size_t i = demangled.rfind(')') + 1; i-- > 0;) {
    const char c = demangled[i];
    if (c == ')' || c == '>' || c == ']' || c == '}') ++depth;
    if (c == '(' || c == '<' || c == '[' || c == '{') --depth;
    if (c == '(' && depth == 0) return i;
  }
  return std::nullopt;
}

// What a parameter of this type adds.
void add_parameter(std::string_view type, ArgumentRegisters& out) {
  while (type.starts_with(' ')) type.remove_prefix(1);
  constexpr std::string_view kIntegers[] = {"bool",  "char",   "int",      "long",
                                            "short", "signed", "unsigned", "wchar_t"};
  if (type.empty() || type == "double" || type == "float" || type == "void") return;
  ++out.certain;
  const bool whole = type.ends_with('*') || type.ends_with('&') ||
                     type.find("(*)") != std::string_view::npos ||
                     std::any_of(std::begin(kIntegers), std::end(kIntegers),
                                 [&](std::string_view word) { return type.starts_with(word); });
  if (!whole) ++out.possible;  // a structure of two words
}

class Reader {
 public:
  Reader(const GuestArena& arena, const GuestLibrary& library, std::size_t most)
      : arena_(arena), library_(library), most_(most) {}

  // An argument: a function, a text, or the address of something that holds some.
  void argument(std::uint64_t value) {
    if (function(value)) return;
    const auto object = bytes_at(arena_, value, kRegistrationReach);
    const auto text = libcxx_text(arena_, object);
    if (const auto plain = text ? std::nullopt : text_at(arena_, value)) return keep_text(*plain);
    for (std::size_t at = 0; at + 8 <= object.size(); at += 8) member(object, at);
  }
  RegistrationParts take() { return std::move(parts_); }

 private:
  void member(ByteSpan object, std::size_t at) {
    const std::uint64_t value = *word_at(object, at);
    if (function(value)) return;
    if (const auto text = libcxx_text(arena_, object.subspan(at))) return keep_text(*text);
    if (!arena_.contains(value)) return;
    if (const auto text = text_at(arena_, value)) return keep_text(*text);
    const auto behind = bytes_at(arena_, value, kRegistrationReach);
    for (std::size_t i = 0; i + 8 <= behind.size(); i += 8) function(*word_at(behind, i));
  }
  bool function(std::uint64_t value) {
    if (!begins_function(arena_, library_, value)) return false;
    const std::uint64_t place = value - library_.bias;
    auto& all = parts_.functions;
    if (all.size() < most_ && std::find(all.begin(), all.end(), place) == all.end())
      all.push_back(place);
    return true;
  }
  void keep_text(const std::string& text) {
    auto& all = parts_.texts;
    if (all.size() < most_ && std::find(all.begin(), all.end(), text) == all.end())
      all.push_back(text);
  }

  const GuestArena& arena_;
  const GuestLibrary& library_;
  std::size_t most_;
  RegistrationParts parts_;
};

}  // namespace

bool begins_function(const GuestArena& arena, const GuestLibrary& library, std::uint64_t address) {
  if (!library.holds(address) || (arena.access_at(address) & kPageExecute) == 0) return false;
  if (library.elf.machine() == ElfMachine::kArm64 && address % 4 != 0) return false;
  const std::uint64_t place = address - library.bias;
  if (const auto table = unwind_table(library.elf))
    return has_entry(*table, place) || is_symbol(library, place);
  return !behind_call(arena, library, address);
}

ArgumentRegisters argument_registers(std::string_view demangled, std::size_t registers) {
  const auto open = parameters_of(demangled);
  if (!open) return {registers, registers};
  ArgumentRegisters out;
  // "a::b" may be a method, "b" is none.
  if (demangled.substr(0, *open).find("::") != std::string_view::npos) out.possible = 1;
  std::size_t begin = *open + 1;
  int depth = 0;
  for (std::size_t i = begin; i < demangled.size() && depth >= 0; ++i) {
    const char c = demangled[i];
    if (c == '(' || c == '<' || c == '[' || c == '{') ++depth;
    if (c == ')' || c == '>' || c == ']' || c == '}') --depth;
    if ((c != ',' || depth != 0) && depth >= 0) continue;
    add_parameter(demangled.substr(begin, i - begin), out);
    begin = i + 1;
  }
  return {std::min(out.certain, registers), std::min(out.certain + out.possible, registers)};
}

RegistrationParts read_registration(const GuestArena& arena, const GuestLibrary& library,
                                    std::span<const std::uint64_t> arguments, std::size_t most) {
  Reader reader(arena, library, most);
  for (const std::uint64_t argument : arguments) reader.argument(argument);
  return reader.take();
}

}  // namespace dl::guest
