// SPDX-License-Identifier: Apache-2.0
// Header, list of blocks, blocks, list of files.
#include "daylight/format/archive/unity_bundle.h"

#include <lz4.h>
#include <lzma.h>

#include <algorithm>
#include <limits>

#include "daylight/format/archive/compressed_stream.h"

namespace dl {
namespace {

constexpr std::string_view kMagic{"UnityFS\0", 8};
constexpr std::uint32_t kCompressionMask = 0x3f;
constexpr std::uint32_t kListAtEnd = 0x80;
constexpr std::uint32_t kPaddingAfterList = 0x200;
constexpr std::size_t kMaxTextSize = 256;
constexpr std::uint64_t kLzmaMemory = std::uint64_t{128} << 20;

// Big-endian numbers and zero-terminated texts, with the sticky failure of ByteReader.
class BigReader {
 public:
  explicit BigReader(ByteSpan bytes, std::uint64_t offset = 0) : reader_(bytes, offset) {}
  std::uint16_t u16() { return __builtin_bswap16(reader_.u16()); }
  std::uint32_t u32() { return __builtin_bswap32(reader_.u32()); }
  std::uint64_t u64() { return __builtin_bswap64(reader_.u64()); }
  void skip(std::uint64_t size) { reader_.skip(size); }
  void align(std::uint64_t step) { skip((step - reader_.offset() % step) % step); }
  std::string text() {
    std::string out;
    for (char c = static_cast<char>(reader_.u8()); reader_.ok() && c != 0;
         c = static_cast<char>(reader_.u8())) {
      if (out.size() < kMaxTextSize) out.push_back(c);
    }
    return out;
  }
  bool ok() const { return reader_.ok(); }
  std::uint64_t offset() const { return reader_.offset(); }

 private:
  ByteReader reader_;
};

struct Header {
  std::uint32_t version = 0;
  std::string engine;
  std::uint32_t packed_list = 0;
  std::uint32_t list = 0;
  std::uint32_t flags = 0;
  std::uint64_t end = 0;
};

struct Block {
  std::uint32_t size = 0;
  std::uint32_t packed = 0;
  std::uint32_t compression = 0;
};

// Unity's LZMA: five bytes of properties, then the raw stream without a size.
bool unpack_lzma_block(ByteSpan in, std::span<std::uint8_t> out) {
  if (in.size() < 5) return false;
  lzma_filter filters[2] = {{LZMA_FILTER_LZMA1, nullptr}, {LZMA_VLI_UNKNOWN, nullptr}};
  if (lzma_properties_decode(&filters[0], nullptr, in.data(), 5) != LZMA_OK) return false;
  const std::unique_ptr<void, decltype(&free)> owner(filters[0].options, free);
  if (lzma_raw_decoder_memusage(filters) > kLzmaMemory) return false;
  lzma_stream stream = LZMA_STREAM_INIT;
  const std::unique_ptr<lzma_stream, decltype(&lzma_end)> closer(&stream, lzma_end);
  if (lzma_raw_decoder(&stream, filters) != LZMA_OK) return false;
  stream.next_in = in.data() + 5;
  stream.avail_in = in.size() - 5;
  stream.next_out = out.data();
  stream.avail_out = out.size();
  const lzma_ret end = lzma_code(&stream, LZMA_RUN);
  return (end == LZMA_OK || end == LZMA_STREAM_END) && stream.avail_out == 0;
}

bool unpack_block(std::uint32_t compression, ByteSpan in, std::span<std::uint8_t> out) {
  constexpr std::size_t kMaxInt = std::numeric_limits<int>::max();
  switch (compression) {
    case 0:
      if (in.size() != out.size()) return false;
      std::copy(in.begin(), in.end(), out.begin());
      return true;
    case 1:
      return unpack_lzma_block(in, out);
    case 2:
    case 3:
      if (in.size() > kMaxInt || out.size() > kMaxInt) return false;
      return LZ4_decompress_safe(reinterpret_cast<const char*>(in.data()),
                                 reinterpret_cast<char*>(out.data()), static_cast<int>(in.size()),
                                 static_cast<int>(out.size())) == static_cast<int>(out.size());
    default:
      return false;
  }
}

Result<Header> read_header(ByteSpan bytes, const std::string& where) {
  BigReader reader(bytes, kMagic.size());
  Header header;
  header.version = reader.u32();
  reader.text();
  header.engine = reader.text();
  reader.u64();  // the size of the whole bundle
  header.packed_list = reader.u32();
  header.list = reader.u32();
  header.flags = reader.u32();
  if (header.version >= 7) reader.align(16);
  header.end = reader.offset();
  if (!reader.ok() || header.version < 6 || header.version > 8)
    return fail(ErrorCode::kCorrupt, "no UnityFS header of a version that is known", where);
  return header;
}

Result<std::vector<std::uint8_t>> read_list(ByteSpan bytes, const Header& header,
                                            std::uint64_t limit, const std::string& where) {
  const bool at_end = (header.flags & kListAtEnd) != 0;
  const std::uint64_t at =
      at_end ? bytes.size() - std::min<std::uint64_t>(bytes.size(), header.packed_list)
             : header.end;
  const auto packed = subspan_checked(bytes, at, header.packed_list);
  // LZ4 grows a stream at most 255-fold.
  if (!packed || header.list > limit || header.list / 256 > header.packed_list + 64)
    return fail(ErrorCode::kCorrupt, "the list of blocks does not lie inside", where);
  std::vector<std::uint8_t> list(header.list);
  if (!unpack_block(header.flags & kCompressionMask, *packed, list))
    return fail(ErrorCode::kCorrupt, "the list of blocks is broken", where);
  return list;
}

}  // namespace

bool looks_like_unity_bundle(ByteSpan bytes) { return as_text(bytes).starts_with(kMagic); }

Result<UnityBundle> read_unity_bundle(ByteSpan bytes, std::uint64_t limit,
                                      const std::string& where) {
  const Header header = TRY(read_header(bytes, where));
  const auto list = TRY(read_list(bytes, header, limit, where));
  BigReader reader(list, 16);  // behind the list's own digest
  std::vector<Block> blocks;
  std::uint64_t total = 0;
  const std::uint32_t block_count = reader.u32();
  for (std::uint32_t i = 0; i < block_count && i < kMaxUnityBlocks && reader.ok(); ++i) {
    Block block{reader.u32(), reader.u32(), 0};
    block.compression = reader.u16() & kCompressionMask;
    if (!reader.ok()) break;
    total += block.size;
    blocks.push_back(block);
  }
  if (!reader.ok()) return fail(ErrorCode::kCorrupt, "the list of blocks is cut", where);
  const std::uint64_t possible = std::max(kMinUnpackedAllowance, bytes.size() * kMaxStreamRatio);
  if (total > std::min(limit, possible))
    return fail(ErrorCode::kLimit, "unpacks to more than " + std::to_string(limit) + " bytes",
                where);

  UnityBundle bundle;
  bundle.engine_version = header.engine;
  auto data = std::make_shared<std::vector<std::uint8_t>>(static_cast<std::size_t>(total));
  std::uint64_t at = header.end;
  if ((header.flags & kListAtEnd) == 0) at += header.packed_list;
  if ((header.flags & kPaddingAfterList) != 0) at += (16 - at % 16) % 16;
  std::uint64_t to = 0;
  for (const Block& block : blocks) {
    const auto packed = subspan_checked(bytes, at, block.packed);
    const std::span<std::uint8_t> out(data->data() + to, block.size);
    if (!packed || !unpack_block(block.compression, *packed, out)) {
      std::fill(out.begin(), out.end(), std::uint8_t{0});
      bundle.gaps.add(where, "a block of the bundle at byte " + std::to_string(at) + " is broken");
    }
    at += block.packed;
    to += block.size;
  }
  const std::uint32_t file_count = reader.u32();
  for (std::uint32_t i = 0; i < file_count && i < kMaxUnityFiles && reader.ok(); ++i) {
    UnityFile file;
    file.offset = reader.u64();
    file.size = reader.u64();
    reader.u32();
    file.path = reader.text();
    if (!reader.ok()) break;
    if (file.offset > total || file.size > total - file.offset) {
      bundle.gaps.add(where, "the file " + file.path + " does not lie inside the bundle");
      continue;
    }
    bundle.files.push_back(std::move(file));
  }
  if (!reader.ok()) bundle.gaps.add(where, "the list of files is cut");
  bundle.data = std::move(data);
  return bundle;
}

}  // namespace dl
