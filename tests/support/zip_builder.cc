// SPDX-License-Identifier: Apache-2.0
// Records as PKWARE's APPNOTE lays them out, with whatever lies the test asked for.
#include "support/zip_builder.h"

#include <libdeflate.h>

#include <memory>

namespace dl::testing {

void put16(std::string& out, std::uint64_t value) {
  for (unsigned i = 0; i < 2; ++i) out.push_back(static_cast<char>((value >> (8 * i)) & 0xffU));
}
void put32(std::string& out, std::uint64_t value) {
  for (unsigned i = 0; i < 4; ++i) out.push_back(static_cast<char>((value >> (8 * i)) & 0xffU));
}
void put64(std::string& out, std::uint64_t value) {
  for (unsigned i = 0; i < 8; ++i) out.push_back(static_cast<char>((value >> (8 * i)) & 0xffU));
}

void poke32(std::string& bytes, std::size_t at, std::uint32_t value) {
  std::string four;
  put32(four, value);
  bytes.replace(at, 4, four);
}

std::string deflated(const std::string& text) {
  const std::unique_ptr<libdeflate_compressor, decltype(&libdeflate_free_compressor)> compressor(
      libdeflate_alloc_compressor(6), &libdeflate_free_compressor);
  std::string out(libdeflate_deflate_compress_bound(compressor.get(), text.size()), '\0');
  out.resize(libdeflate_deflate_compress(compressor.get(), text.data(), text.size(), out.data(),
                                         out.size()));
  return out;
}

namespace {

struct Sizes {
  std::uint32_t crc32 = 0;
  std::uint64_t compressed = 0;
  std::uint64_t uncompressed = 0;
  std::uint16_t method = 0;
  std::uint16_t flags = 0;
};

Sizes sizes_of(const ZipItem& item, const std::string& data) {
  Sizes sizes;
  sizes.crc32 = item.crc32.value_or(libdeflate_crc32(0, item.content.data(), item.content.size()));
  sizes.compressed = item.compressed_size.value_or(static_cast<std::uint32_t>(data.size()));
  sizes.uncompressed =
      item.uncompressed_size.value_or(static_cast<std::uint32_t>(item.content.size()));
  sizes.method = item.method.value_or(static_cast<std::uint16_t>(item.deflate ? 8 : 0));
  sizes.flags = static_cast<std::uint16_t>(item.flags | (item.descriptor ? 8U : 0U));
  return sizes;
}

void put_local(std::string& out, const ZipItem& item, const Sizes& sizes) {
  const std::string name = item.local_name.value_or(item.name);
  put32(out, 0x04034b50);
  put16(out, 20);
  put16(out, sizes.flags);
  put16(out, sizes.method);
  put32(out, 0);
  put32(out, item.descriptor ? 0 : sizes.crc32);
  put32(out, item.zip64 ? 0xffffffffU : item.descriptor ? 0 : sizes.compressed);
  put32(out, item.zip64 ? 0xffffffffU : item.descriptor ? 0 : sizes.uncompressed);
  put16(out, name.size());
  put16(out, item.zip64 ? 20 : 0);
  out += name;
  if (!item.zip64) return;
  put16(out, 1);
  put16(out, 16);
  put64(out, sizes.uncompressed);
  put64(out, sizes.compressed);
}

void put_central(std::string& out, const ZipItem& item, const Sizes& sizes,
                 std::size_t local_offset) {
  put32(out, 0x02014b50);
  put16(out, 20);
  put16(out, 20);
  put16(out, sizes.flags);
  put16(out, sizes.method);
  put32(out, 0);
  put32(out, sizes.crc32);
  put32(out, item.zip64 ? 0xffffffffU : sizes.compressed);
  put32(out, item.zip64 ? 0xffffffffU : sizes.uncompressed);
  put16(out, item.name.size());
  put16(out, item.zip64 ? 28 : 0);
  put16(out, 0);
  put16(out, 0);
  put16(out, 0);
  put32(out, 0);
  put32(out, item.zip64 ? 0xffffffffU : local_offset);
  out += item.name;
  if (!item.zip64) return;
  put16(out, 1);
  put16(out, 24);
  put64(out, sizes.uncompressed);
  put64(out, sizes.compressed);
  put64(out, local_offset);
}

void put_zip64_end(std::string& out, std::size_t count, std::size_t size, std::size_t offset,
                   std::size_t end_offset) {
  put32(out, 0x06064b50);
  put64(out, 44);
  put16(out, 45);
  put16(out, 45);
  put32(out, 0);
  put32(out, 0);
  put64(out, count);
  put64(out, count);
  put64(out, size);
  put64(out, offset);
  put32(out, 0x07064b50);
  put32(out, 0);
  put64(out, end_offset);
  put32(out, 1);
}

}  // namespace

BuiltZip build_zip(const std::vector<ZipItem>& items, const std::string& prefix,
                   const std::string& comment, bool zip64_end) {
  BuiltZip zip;
  zip.bytes = prefix;
  std::vector<Sizes> all;
  for (const ZipItem& item : items) {
    const std::string data = item.deflate ? deflated(item.content) : item.content;
    all.push_back(sizes_of(item, data));
    zip.local_offsets.push_back(zip.bytes.size());
    put_local(zip.bytes, item, all.back());
    zip.bytes += data;
    if (!item.descriptor) continue;
    put32(zip.bytes, 0x08074b50);
    put32(zip.bytes, all.back().crc32);
    put32(zip.bytes, all.back().compressed);
    put32(zip.bytes, all.back().uncompressed);
  }
  zip.directory_offset = zip.bytes.size();
  for (std::size_t i = 0; i < items.size(); ++i) {
    zip.central_offsets.push_back(zip.bytes.size());
    put_central(zip.bytes, items[i], all[i], zip.local_offsets[i] - prefix.size());
  }
  const std::size_t size = zip.bytes.size() - zip.directory_offset;
  const std::size_t offset = zip.directory_offset - prefix.size();
  if (zip64_end)
    put_zip64_end(zip.bytes, items.size(), size, offset, zip.bytes.size() - prefix.size());
  zip.end_offset = zip.bytes.size();
  put32(zip.bytes, 0x06054b50);
  put32(zip.bytes, 0);
  put16(zip.bytes, zip64_end ? 0xffffU : items.size());
  put16(zip.bytes, zip64_end ? 0xffffU : items.size());
  put32(zip.bytes, zip64_end ? 0xffffffffU : size);
  put32(zip.bytes, zip64_end ? 0xffffffffU : offset);
  put16(zip.bytes, comment.size());
  zip.bytes += comment;
  return zip;
}

}  // namespace dl::testing
