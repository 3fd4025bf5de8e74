// SPDX-License-Identifier: Apache-2.0
// Lays out an ELF file: header, program headers, tables, constants, dynamic section.
#include "support/elf_builder.h"

#include <cstdint>

namespace dl::testing {
namespace {

constexpr std::uint64_t kHeaders = 64 + 3 * 56;

void put(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
}

void align(std::string& out) {
  while (out.size() % 8 != 0) out += '\0';
}

std::string bytes_of_hex(const std::string& hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return out;
}

struct Part {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

std::string program_header(std::uint32_t type, const Part& part) {
  std::string out;
  put(out, type, 4);
  put(out, 4, 4);  // readable
  for (int i = 0; i < 3; ++i) put(out, part.offset, 8);
  for (int i = 0; i < 2; ++i) put(out, part.size, 8);
  put(out, 8, 8);
  return out;
}

}  // namespace

std::string build_elf(const ElfSpec& spec) {
  std::string names(1, '\0');
  const auto name_of = [&](const std::string& text) {
    const std::uint64_t at = names.size();
    names += text + '\0';
    return at;
  };
  std::string symbols(24, '\0');
  std::uint64_t count = 1;
  const auto add_symbol = [&](const std::string& text, bool defined) {
    put(symbols, name_of(text), 4);
    put(symbols, 0x12, 1);  // global function
    put(symbols, 0, 1);
    put(symbols, defined ? 1 : 0, 2);
    put(symbols, defined ? 64 : 0, 8);
    put(symbols, 0, 8);
    ++count;
  };
  for (const std::string& text : spec.exports) add_symbol(text, true);
  for (const std::string& text : spec.imports) add_symbol(text, false);
  std::string dynamic;
  const auto entry = [&](std::uint64_t tag, std::uint64_t value) {
    put(dynamic, tag, 8);
    put(dynamic, value, 8);
  };
  for (const std::string& text : spec.needed) entry(1, name_of(text));
  if (!spec.soname.empty()) entry(14, name_of(spec.soname));

  std::string body(kHeaders, '\0');
  const auto place = [&](const std::string& bytes) {
    align(body);
    const Part part{body.size(), bytes.size()};
    body += bytes;
    return part;
  };
  std::string hash;
  for (const std::uint64_t word : {std::uint64_t{1}, count, std::uint64_t{0}}) put(hash, word, 4);
  hash.append(count * 4, '\0');
  const Part hash_part = place(hash);
  const Part symbol_part = place(symbols);
  const Part name_part = place(names);
  std::string note;
  if (!spec.build_id.empty()) {
    const std::string id = bytes_of_hex(spec.build_id);
    put(note, 4, 4);
    put(note, id.size(), 4);
    put(note, 3, 4);  // NT_GNU_BUILD_ID
    note += std::string("GNU\0", 4) + id;
  }
  const Part note_part = place(note);
  std::string constants(1, '\0');
  for (const std::string& text : spec.strings) constants += text + '\0';
  place(constants);
  entry(4, hash_part.offset);
  entry(5, name_part.offset);
  entry(6, symbol_part.offset);
  entry(10, name_part.size);
  entry(11, 24);
  entry(0, 0);
  const Part dynamic_part = place(dynamic);

  std::string head =
      "\x7f"
      "ELF\x02\x01\x01";
  head.resize(16, '\0');
  put(head, 3, 2);    // shared object
  put(head, 183, 2);  // arm64
  put(head, 1, 4);
  put(head, 0, 8);
  put(head, 64, 8);
  put(head, 0, 8);
  put(head, 0, 4);
  for (const std::uint64_t word : {64U, 56U, 3U, 64U, 0U, 0U}) put(head, word, 2);
  head += program_header(1, {0, body.size()});
  head += program_header(2, dynamic_part);
  head += program_header(4, note_part);
  return head + body.substr(kHeaders);
}

}  // namespace dl::testing
