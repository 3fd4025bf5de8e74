// SPDX-License-Identifier: Apache-2.0
// Fills a MachoFile from the bytes of one slice.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "daylight/format/code/macho.h"

namespace dl {

// Used once, by MachoFile::parse_all.
class MachoReader {
 public:
  MachoReader(ByteSpan bytes, std::uint64_t slice_offset, std::string where);

  Result<MachoFile> read();

 private:
  struct Range {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
  };

  Result<void> read_header();
  void read_commands();
  void read_command(std::uint32_t command, ByteSpan bytes);
  void read_segment(ByteSpan command, bool wide);
  void read_sections(ByteSpan command, std::uint64_t first, std::uint32_t count, bool wide);
  void read_dylib(std::uint32_t command, ByteSpan bytes);
  void read_version_min(std::uint32_t command, ByteSpan bytes);
  void read_build_version(ByteSpan bytes);
  void read_encryption(ByteSpan bytes);
  void read_symbols();
  void read_chained_imports();
  void read_bindings(Range opcodes);
  void read_exports();
  void gap(std::string why) { file_.gaps_.add(where_, std::move(why)); }
  // The bytes of a table, cut to the file with a gap.
  ByteSpan table(Range range, const char* name);

  ByteSpan bytes_;
  std::string where_;
  MachoFile file_;
  std::uint32_t command_count_ = 0;
  std::uint32_t command_size_ = 0;
  std::uint64_t header_size_ = 0;
  Range symbol_table_;  // `size` counts symbols
  Range strings_;
  Range chained_;
  Range trie_;
  Range bindings_[3];  // plain, weak, lazy
  std::set<std::string, std::less<>> imports_;
};

// The zero-ended text at `offset`, without its zero, cut at kMaxMachoNameSize and at the end of
// `bytes`; "" behind it.
std::string_view macho_text_at(ByteSpan bytes, std::uint64_t offset);

// The exports trie of an image: names with their addresses, in the trie's order. What cannot be
// read is added to `gaps`.
std::vector<MachoExport> read_macho_exports(ByteSpan trie, const std::string& where, GapList& gaps);

}  // namespace dl
