// SPDX-License-Identifier: Apache-2.0
// Reads .eh_frame_hdr and the frame descriptions it points to.
#include "daylight/program/native_code/native_unwind.h"

#include <algorithm>
#include <optional>

namespace dl::program {
namespace {

constexpr std::uint32_t kPtGnuEhFrame = 0x6474e550;
constexpr std::uint8_t kOmitted = 0xff;
// Bytes of one record that are looked at: headers and augmentations are short.
constexpr std::uint64_t kMaxRecordHead = 512;

// The bytes mapped from `address` on, at most `limit`, fewer at the end of a segment.
ByteSpan bytes_from(const ElfFile& elf, std::uint64_t address, std::uint64_t limit) {
  for (const ElfSegment& segment : elf.segments()) {
    if (segment.type != ElfSegment::kLoad || address < segment.address) continue;
    const std::uint64_t distance = address - segment.address;
    if (distance >= segment.file_size) continue;
    const std::uint64_t size = std::min(limit, segment.file_size - distance);
    if (const auto bytes = elf.at_address(address, size)) return *bytes;
  }
  return {};
}

// A LEB128 number of at most 64 bits; its sign does not matter here.
void skip_leb128(ByteReader& reader) {
  for (int i = 0; i < 10; ++i) {
    if ((reader.u8() & 0x80U) == 0) return;
  }
}

// A value in one of the encodings DW_EH_PE_*: the low half says the size, 0x10 relative to its own
// place, 0x30 to the header. Nothing for indirect and unknown ones.
std::optional<std::uint64_t> read_encoded(ByteReader& reader, std::uint8_t encoding,
                                          std::uint64_t place, std::uint64_t header) {
  std::uint64_t value = 0;
  switch (encoding & 0x0fU) {
    case 0x00:
    case 0x04:
    case 0x0c:
      value = reader.u64();
      break;
    case 0x02:
      value = reader.u16();
      break;
    case 0x03:
      value = reader.u32();
      break;
    case 0x0a:
      value = static_cast<std::uint64_t>(static_cast<std::int16_t>(reader.u16()));
      break;
    case 0x0b:
      value = static_cast<std::uint64_t>(static_cast<std::int64_t>(reader.i32()));
      break;
    default:
      return std::nullopt;
  }
  if (!reader.ok()) return std::nullopt;
  switch (encoding & 0xf0U) {
    case 0x00:
      return value;
    case 0x10:
      return place + value;
    case 0x30:
      return header + value;
    default:
      return std::nullopt;
  }
}

class UnwindReader {
 public:
  UnwindReader(const ElfFile& elf, const std::string& where, GapList& gaps)
      : elf_(elf), where_(where), gaps_(gaps) {}

  std::vector<UnwindRange> read();

 private:
  bool read_search_table();
  void walk_frames(std::uint64_t address, std::uint64_t size);
  std::optional<UnwindRange> frame_at(std::uint64_t address);
  std::uint8_t encoding_of_cie(std::uint64_t address);
  std::uint8_t parse_cie(std::uint64_t address) const;
  bool add(const UnwindRange& range);

  const ElfFile& elf_;
  const std::string& where_;
  GapList& gaps_;
  std::vector<UnwindRange> ranges_;
  std::uint64_t cie_ = 0;  // the last one that was read, and its encoding
  std::uint8_t cie_encoding_ = kOmitted;
};

bool UnwindReader::add(const UnwindRange& range) {
  if (ranges_.size() >= kMaxUnwindFrames) {
    gaps_.add(where_, "more than " + std::to_string(kMaxUnwindFrames) + " frame descriptions");
    return false;
  }
  ranges_.push_back(range);
  return true;
}

// How the descriptions of a common entry write addresses: its augmentation "R".
std::uint8_t UnwindReader::parse_cie(std::uint64_t address) const {
  ByteReader reader(bytes_from(elf_, address, kMaxRecordHead));
  if (reader.u32() == 0xffffffffU || reader.u32() != 0) return kOmitted;
  const std::uint8_t version = reader.u8();
  std::string augmentation;
  for (char c = static_cast<char>(reader.u8()); reader.ok() && c != '\0';
       c = static_cast<char>(reader.u8())) {
    augmentation += c;
  }
  skip_leb128(reader);  // code alignment
  skip_leb128(reader);  // data alignment
  if (version == 1) {
    reader.u8();
  } else {
    skip_leb128(reader);
  }
  if (!reader.ok()) return kOmitted;
  if (augmentation.empty()) return 0;
  if (augmentation.front() != 'z') return kOmitted;
  skip_leb128(reader);  // length of the augmentation
  for (const char c : augmentation.substr(1)) {
    if (c == 'R') {
      const std::uint8_t encoding = reader.u8();
      return reader.ok() ? encoding : kOmitted;
    }
    if (c == 'L') {
      reader.u8();
    } else if (c == 'P') {
      const std::uint8_t encoding = reader.u8() & 0x0fU;
      if (!read_encoded(reader, encoding, 0, 0)) return kOmitted;
    } else if (c != 'S' && c != 'B' && c != 'G') {
      return kOmitted;
    }
  }
  return 0;
}

std::uint8_t UnwindReader::encoding_of_cie(std::uint64_t address) {
  if (address != cie_ || cie_ == 0) {
    cie_ = address;
    cie_encoding_ = parse_cie(address);
  }
  return cie_encoding_;
}

// The range of the description at `address`; nothing if it is none or unreadable.
std::optional<UnwindRange> UnwindReader::frame_at(std::uint64_t address) {
  ByteReader reader(bytes_from(elf_, address, 64));
  const std::uint32_t length = reader.u32();
  if (!reader.ok() || length == 0 || length == 0xffffffffU) return std::nullopt;
  const std::uint32_t back = reader.u32();
  if (!reader.ok() || back == 0) return std::nullopt;
  const std::uint8_t encoding = encoding_of_cie(address + 4 - back);
  if (encoding == kOmitted) return std::nullopt;
  const auto begin = read_encoded(reader, encoding, address + 8, 0);
  const auto size = read_encoded(reader, encoding & 0x0fU, 0, 0);
  if (!begin || !size) return std::nullopt;
  return UnwindRange{*begin, *size};
}

// False where there is no usable table.
bool UnwindReader::read_search_table() {
  const auto segment =
      std::find_if(elf_.segments().begin(), elf_.segments().end(),
                   [](const ElfSegment& candidate) { return candidate.type == kPtGnuEhFrame; });
  if (segment == elf_.segments().end()) return false;
  const std::uint64_t header = segment->address;
  const ByteSpan bytes = bytes_from(elf_, header, segment->memory_size);
  ByteReader reader(bytes);
  const std::uint8_t version = reader.u8();
  const std::uint8_t pointer_encoding = reader.u8();
  const std::uint8_t count_encoding = reader.u8();
  const std::uint8_t table_encoding = reader.u8();
  if (!reader.ok() || version != 1) {
    gaps_.add(where_, ".eh_frame_hdr is not of version 1");
    return false;
  }
  if (count_encoding == kOmitted || table_encoding == kOmitted) return false;
  const auto frames = read_encoded(reader, pointer_encoding, header + reader.offset(), header);
  const auto count = read_encoded(reader, count_encoding, header + reader.offset(), header);
  if (!frames || !count || *count == 0) return false;
  for (std::uint64_t i = 0; i < *count; ++i) {
    const auto start = read_encoded(reader, table_encoding, header + reader.offset(), header);
    const auto description = read_encoded(reader, table_encoding, header + reader.offset(), header);
    if (!start || !description) {
      gaps_.add(where_, ".eh_frame_hdr says " + std::to_string(*count) +
                            " entries but ends after " + std::to_string(i));
      break;
    }
    const auto frame = frame_at(*description);
    const bool agrees = frame && frame->address == *start;
    if (!add({*start, agrees ? frame->size : 0})) break;
  }
  return !ranges_.empty();
}

void UnwindReader::walk_frames(std::uint64_t address, std::uint64_t size) {
  std::uint64_t left = size;
  while (left >= 4) {
    ByteReader reader(bytes_from(elf_, address, 4));
    const std::uint64_t length = reader.u32();
    if (!reader.ok() || length == 0 || length + 4 > left) return;
    if (const auto frame = frame_at(address); frame && !add(*frame)) return;
    address += length + 4;
    left -= length + 4;
  }
}

std::vector<UnwindRange> UnwindReader::read() {
  if (!read_search_table()) {
    if (const ElfSection* section = elf_.section(".eh_frame"))
      walk_frames(section->address, section->size);
  }
  std::stable_sort(ranges_.begin(), ranges_.end(), [](const UnwindRange& a, const UnwindRange& b) {
    return a.address < b.address;
  });
  const auto last = std::unique(
      ranges_.begin(), ranges_.end(),
      [](const UnwindRange& a, const UnwindRange& b) { return a.address == b.address; });
  ranges_.erase(last, ranges_.end());
  return std::move(ranges_);
}

}  // namespace

std::vector<UnwindRange> read_unwind_ranges(const ElfFile& elf, const std::string& where,
                                            GapList& gaps) {
  return UnwindReader(elf, where, gaps).read();
}

}  // namespace dl::program
