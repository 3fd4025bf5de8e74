// SPDX-License-Identifier: Apache-2.0
// Decodes relocation tables: plain, relative (RELR) and Android's packed ones (APS2).
#include <array>
#include <utility>

#include "daylight/format/code/elf.h"
#include "daylight/format/code/elf_reader.h"

namespace dl {
namespace {

// Flags of a group in a packed table (Android's relocation packer).
constexpr std::uint64_t kGroupedByInfo = 1;
constexpr std::uint64_t kGroupedByOffsetDelta = 2;
constexpr std::uint64_t kGroupedByAddend = 4;
constexpr std::uint64_t kGroupHasAddend = 8;

std::uint32_t relative_type(ElfMachine machine) {
  switch (machine) {
    case ElfMachine::kArm:
      return 23;
    case ElfMachine::kArm64:
      return 1027;
    case ElfMachine::kX86:
    case ElfMachine::kX86_64:
      return 8;
    case ElfMachine::kOther:
      break;
  }
  return 0;
}

// A signed LEB128 number of 64 bits; nothing past the end or beyond ten bytes.
std::optional<std::int64_t> read_sleb128(ByteReader& reader) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    const std::uint64_t byte = reader.u8();
    if (!reader.ok()) return std::nullopt;
    if (shift < 64) value |= (byte & 0x7fU) << shift;
    if ((byte & 0x80U) != 0) continue;
    if (shift + 7 < 64 && (byte & 0x40U) != 0) value |= ~std::uint64_t{0} << (shift + 7);
    return static_cast<std::int64_t>(value);
  }
  return std::nullopt;
}

class RelocationDecoder {
 public:
  RelocationDecoder(const ElfFile& file, const std::string& where, GapList* gaps)
      : file_(file), where_(where), gaps_(gaps) {}

  std::vector<ElfRelocation> decode();

 private:
  void plain(std::uint64_t address_tag, std::uint64_t size_tag, bool with_addend);
  void relative(std::uint64_t address_tag, std::uint64_t size_tag);
  void packed(std::uint64_t address_tag, std::uint64_t size_tag, bool with_addend);
  bool packed_group(ByteReader& reader, std::uint64_t& left, ElfRelocation& current,
                    bool with_addend);
  std::optional<ByteSpan> table(std::uint64_t address_tag, std::uint64_t size_tag);
  void set_info(ElfRelocation& relocation, std::uint64_t info) const;
  bool add(const ElfRelocation& relocation);
  std::uint64_t word(ByteReader& reader) const {
    return file_.is_64bit() ? reader.u64() : reader.u32();
  }
  void gap(std::string why) {
    if (gaps_ != nullptr) gaps_->add(where_, std::move(why));
  }

  const ElfFile& file_;
  const std::string& where_;
  GapList* gaps_;
  std::vector<ElfRelocation> relocations_;
};

std::vector<ElfRelocation> RelocationDecoder::decode() {
  plain(kDtRel, kDtRelSize, false);
  plain(kDtRela, kDtRelaSize, true);
  plain(kDtJmpRel, kDtPltRelSize, file_.dynamic_value(kDtPltRel).value_or(kDtRel) == kDtRela);
  relative(kDtRelr, kDtRelrSize);
  relative(kDtAndroidRelr, kDtAndroidRelrSize);
  packed(kDtAndroidRel, kDtAndroidRelSize, false);
  packed(kDtAndroidRela, kDtAndroidRelaSize, true);
  return std::move(relocations_);
}

std::optional<ByteSpan> RelocationDecoder::table(std::uint64_t address_tag,
                                                 std::uint64_t size_tag) {
  const auto address = file_.dynamic_value(address_tag);
  const auto size = file_.dynamic_value(size_tag);
  if (!address || !size || *size == 0) return std::nullopt;
  const auto bytes = file_.at_address(*address, *size);
  if (!bytes)
    gap("the relocation table of dynamic tag " + std::to_string(address_tag) + " is not mapped");
  return bytes;
}

void RelocationDecoder::plain(std::uint64_t address_tag, std::uint64_t size_tag, bool with_addend) {
  const auto bytes = table(address_tag, size_tag);
  if (!bytes) return;
  ByteReader reader(*bytes);
  while (reader.remaining() > 0) {
    ElfRelocation relocation;
    relocation.address = word(reader);
    set_info(relocation, word(reader));
    if (with_addend) {
      const std::uint64_t addend = word(reader);
      relocation.addend = file_.is_64bit()
                              ? static_cast<std::int64_t>(addend)
                              : static_cast<std::int32_t>(static_cast<std::uint32_t>(addend));
      relocation.explicit_addend = true;
    }
    if (!reader.ok()) return gap("a relocation table ends inside an entry");
    if (!add(relocation)) return;
  }
}

// RELR: an even word is an address, an odd one a bit map of the words behind the last address.
void RelocationDecoder::relative(std::uint64_t address_tag, std::uint64_t size_tag) {
  const auto bytes = table(address_tag, size_tag);
  if (!bytes) return;
  const std::uint64_t word_size = file_.is_64bit() ? 8 : 4;
  const std::uint32_t type = relative_type(file_.machine());
  ByteReader reader(*bytes);
  std::uint64_t next = 0;
  while (reader.remaining() >= word_size) {
    const std::uint64_t entry = word(reader);
    if ((entry & 1U) == 0) {
      if (!add({entry, type, 0, 0, false})) return;
      next = entry + word_size;
      continue;
    }
    for (std::uint64_t bits = entry >> 1U, at = next; bits != 0; bits >>= 1U, at += word_size) {
      if ((bits & 1U) != 0 && !add({at, type, 0, 0, false})) return;
    }
    next += (word_size * 8 - 1) * word_size;
  }
}

void RelocationDecoder::packed(std::uint64_t address_tag, std::uint64_t size_tag,
                               bool with_addend) {
  const auto bytes = table(address_tag, size_tag);
  if (!bytes) return;
  ByteReader reader(*bytes);
  if (as_text(reader.take(4)) != "APS2") return gap("a packed relocation table has no APS2 mark");
  const auto count = read_sleb128(reader);
  const auto first = read_sleb128(reader);
  if (!count || !first || *count < 0) return gap("a packed relocation table is cut");
  auto left = static_cast<std::uint64_t>(*count);
  ElfRelocation current;
  current.address = static_cast<std::uint64_t>(*first);
  current.explicit_addend = with_addend;
  while (left > 0) {
    if (!packed_group(reader, left, current, with_addend)) {
      return gap("a packed relocation table is broken: " + std::to_string(left) +
                 " entries are missing");
    }
  }
}

// One group: what its entries share stands once, in front. False if it is cut or the limit is
// reached.
bool RelocationDecoder::packed_group(ByteReader& reader, std::uint64_t& left,
                                     ElfRelocation& current, bool with_addend) {
  const auto size = read_sleb128(reader);
  const auto flags_read = read_sleb128(reader);
  if (!size || !flags_read || *size <= 0 || static_cast<std::uint64_t>(*size) > left) return false;
  const auto flags = static_cast<std::uint64_t>(*flags_read);
  const bool has_addend = (flags & kGroupHasAddend) != 0;
  const auto next = [&reader](std::uint64_t& target) {
    const auto value = read_sleb128(reader);
    if (value) target = static_cast<std::uint64_t>(*value);
    return value.has_value();
  };
  std::uint64_t delta = 0;
  std::uint64_t info = 0;
  std::uint64_t addend = 0;
  if ((flags & kGroupedByOffsetDelta) != 0 && !next(delta)) return false;
  if ((flags & kGroupedByInfo) != 0 && !next(info)) return false;
  auto total = static_cast<std::uint64_t>(current.addend);
  if (!has_addend) total = 0;
  if (has_addend && (flags & kGroupedByAddend) != 0) {
    if (!next(addend)) return false;
    total += addend;
  }
  for (std::int64_t i = 0; i < *size; ++i) {
    if ((flags & kGroupedByOffsetDelta) == 0 && !next(delta)) return false;
    if ((flags & kGroupedByInfo) == 0 && !next(info)) return false;
    if (has_addend && (flags & kGroupedByAddend) == 0) {
      if (!next(addend)) return false;
      total += addend;
    }
    current.address += delta;
    set_info(current, info);
    current.addend = with_addend ? static_cast<std::int64_t>(total) : 0;
    if (!add(current)) return false;
    --left;
  }
  current.addend = static_cast<std::int64_t>(total);
  return true;
}

void RelocationDecoder::set_info(ElfRelocation& relocation, std::uint64_t info) const {
  relocation.symbol =
      static_cast<std::uint32_t>(file_.is_64bit() ? info >> 32U : (info >> 8U) & 0xffffffU);
  relocation.type =
      static_cast<std::uint32_t>(file_.is_64bit() ? info & 0xffffffffU : info & 0xffU);
}

bool RelocationDecoder::add(const ElfRelocation& relocation) {
  if (relocations_.size() >= kMaxElfRelocations) {
    gap("more than " + std::to_string(kMaxElfRelocations) + " relocations: the rest is not read");
    return false;
  }
  relocations_.push_back(relocation);
  return true;
}

}  // namespace

std::vector<ElfRelocation> ElfFile::relocations(GapList* gaps) const {
  return RelocationDecoder(*this, where_, gaps).decode();
}

}  // namespace dl
