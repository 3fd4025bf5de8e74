// SPDX-License-Identifier: Apache-2.0
// A Mach-O file (program, library or object of Apple's systems; one processor or several in one
// file) as the dynamic linker sees it.
//
// Source: Apple's public headers mach-o/loader.h, nlist.h, fat.h and fixup-chains.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/base/bytes.h"
#include "daylight/base/result.h"
#include "daylight/format/format_gap.h"

namespace dl {

// Processors in one file. A Java class file begins like a fat file, but with a number that is
// larger: its version.
inline constexpr std::uint32_t kMaxMachoSlices = 40;
inline constexpr std::size_t kMaxMachoCommands = 16'384;
inline constexpr std::size_t kMaxMachoSections = 65'536;
inline constexpr std::size_t kMaxMachoSymbols = 1'000'000;  // of each table
inline constexpr std::size_t kMaxMachoNameSize = 16'384;    // longer names are cut
inline constexpr std::size_t kMaxMachoClasses = 200'000;    // of one class list
inline constexpr std::size_t kMaxMachoTrieDepth = 256;
inline constexpr std::size_t kMaxMachoTrieNodes = 2'000'000;
inline constexpr std::uint64_t kMaxMachoTrieText = std::uint64_t{64} << 20;

// A library that the linker loads with this one.
struct MachoDylib {
  std::string name;             // as written: "@rpath/X.framework/X", "/usr/lib/libc++.1.dylib"
  std::string current_version;  // "1.2.3"
  bool weak = false;            // may be absent
  bool reexported = false;
};

struct MachoSegment {
  std::string_view name;
  std::uint64_t address = 0;
  std::uint64_t memory_size = 0;
  std::uint64_t offset = 0;  // in the slice
  std::uint64_t file_size = 0;
  std::uint32_t protection = 0;  // 1 read, 2 write, 4 execute
};

struct MachoSection {
  std::string_view segment;
  std::string_view name;
  std::uint64_t address = 0;
  std::uint64_t size = 0;
  std::uint64_t offset = 0;  // in the slice
  std::uint32_t flags = 0;   // the type in the lowest 8 bits

  bool has_code() const { return (flags & 0x80000400U) != 0; }
  // Nothing of it lies in the file (zero-filled).
  bool is_empty_on_disk() const;
};

struct MachoSymbol {
  std::string_view name;  // with its leading underscore
  std::uint8_t type = 0;  // n_type
  std::uint8_t section = 0;
  std::uint16_t description = 0;
  std::uint64_t value = 0;

  bool debugging() const { return (type & 0xe0U) != 0; }
  bool external() const { return (type & 0x01U) != 0; }
  bool defined() const { return (type & 0x0eU) != 0; }
};

struct MachoExport {
  std::string name;
  std::uint64_t address = 0;  // from the start of the image; 0 where it is another library's
  bool reexported = false;
};

// A part of the file that is mapped and holds no code.
struct MachoRange {
  std::uint64_t address = 0;
  std::uint64_t offset = 0;  // in the slice
  ByteSpan bytes;
};

// One processor's image over bytes that outlive it (views point into them). const methods are
// thread safe.
class MachoFile {
 public:
  // Every slice of a fat file, in its order, or the one image of a thin one. Tables that reach
  // beyond the file are cut (gaps). kCorrupt without the magic or with a cut header, kUnsupported
  // for big-endian images. A fat file fails only where none of its slices can be read.
  static Result<std::vector<MachoFile>> parse_all(ByteSpan bytes, const std::string& where);

  // "arm64", "arm64e", "arm64_32", "armv7", "armv7s", "x86_64", "i386" or "other".
  const std::string& cpu() const { return cpu_; }
  bool is_64bit() const { return is_64bit_; }
  std::uint32_t type() const { return type_; }  // 1 object, 2 program, 6 library, 8 bundle, 10 dSYM
  std::uint64_t slice_offset() const { return slice_offset_; }  // in the file

  const std::string& install_name() const { return install_name_; }  // of a library
  const std::string& install_version() const { return install_version_; }
  const std::vector<MachoDylib>& dylibs() const { return dylibs_; }
  const std::vector<std::string>& rpaths() const { return rpaths_; }
  const std::string& uuid() const { return uuid_; }          // lower-case hexadecimal; "" if none
  const std::string& platform() const { return platform_; }  // "ios", "macos" ...; "" if none
  const std::string& minimum_os() const { return minimum_os_; }  // "14.0"
  const std::string& sdk() const { return sdk_; }
  std::optional<std::uint64_t> entry_offset() const { return entry_offset_; }
  // Pages of the code are encrypted: the store does so with programs that it delivers.
  bool encrypted() const { return encrypted_; }
  bool is_signed() const { return signed_; }

  const std::vector<MachoSegment>& segments() const { return segments_; }
  const std::vector<MachoSection>& sections() const { return sections_; }
  const MachoSection* section(std::string_view segment, std::string_view name) const;

  // The symbol table without debugging entries.
  const std::vector<MachoSymbol>& symbols() const { return symbols_; }
  // The exports trie, in its order; empty where there is none.
  const std::vector<MachoExport>& exports() const { return exports_; }
  // Names (with their underscore) that other libraries must give: of the symbol table, of chained
  // fixups and of binding opcodes; sorted, each once.
  const std::vector<std::string>& imports() const { return imports_; }
  // Names (with their underscore) that this image gives others: the trie's, and external defined
  // symbols; sorted, each once.
  std::vector<std::string> exported_names() const;

  // Names of Objective-C classes, without "_OBJC_CLASS_$_", that other libraries must give. Sorted,
  // each once.
  std::vector<std::string> objc_imported_classes() const;
  // Those that this image defines: by its class list and its exported symbols; where neither says
  // anything, the texts of __objc_classname (which also names categories and protocols). Sorted,
  // each once.
  std::vector<std::string> objc_defined_classes() const;

  // File bytes mapped at [address, address + size); nothing if not wholly inside one segment's file
  // part, or if they are encrypted.
  std::optional<ByteSpan> at_address(std::uint64_t address, std::uint64_t size) const;

  // Sections that lie in the file and hold no code, in file order; encrypted ones are left out.
  std::vector<MachoRange> data_ranges() const;
  // The zero-ended strings of one section; none where it is absent.
  std::vector<std::string_view> strings_of(const MachoSection& section) const;

  ByteSpan bytes() const { return bytes_; }  // of the slice
  const GapList& gaps() const { return gaps_; }

 private:
  friend class MachoReader;

  bool hides(std::uint64_t offset, std::uint64_t size) const;  // behind the store's encryption
  std::vector<std::string> listed_classes() const;
  std::optional<std::uint64_t> pointer_at(std::uint64_t address) const;
  std::string class_name_at(std::uint64_t address) const;

  ByteSpan bytes_;
  std::uint64_t slice_offset_ = 0;
  std::string cpu_;
  bool is_64bit_ = false;
  std::uint32_t type_ = 0;
  std::string install_name_;
  std::string install_version_;
  std::vector<MachoDylib> dylibs_;
  std::vector<std::string> rpaths_;
  std::string uuid_;
  std::string platform_;
  std::string minimum_os_;
  std::string sdk_;
  std::optional<std::uint64_t> entry_offset_;
  bool encrypted_ = false;
  std::uint64_t encrypted_offset_ = 0;
  std::uint64_t encrypted_size_ = 0;
  bool signed_ = false;
  std::vector<MachoSegment> segments_;
  std::vector<MachoSection> sections_;
  std::vector<MachoSymbol> symbols_;
  std::vector<MachoExport> exports_;
  std::vector<std::string> imports_;
  GapList gaps_;
};

// Whether the bytes begin like a Mach-O image or a fat file of such (and not like a Java class).
bool looks_like_macho(ByteSpan bytes);

}  // namespace dl
