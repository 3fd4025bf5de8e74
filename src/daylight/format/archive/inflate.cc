// SPDX-License-Identifier: Apache-2.0
// libdeflate with one decompressor for each thread, and a buffer that grows only where a declared
// size was wrong.
#include "daylight/format/archive/inflate.h"

#include <libdeflate.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <new>

namespace dl {
namespace {

struct DecompressorDeleter {
  void operator()(libdeflate_decompressor* decompressor) const {
    libdeflate_free_decompressor(decompressor);
  }
};

// Its tables take 30 kB and are the same for every stream: one for each thread saves an allocation
// for each entry.
libdeflate_decompressor* thread_decompressor() {
  thread_local const std::unique_ptr<libdeflate_decompressor, DecompressorDeleter> decompressor(
      libdeflate_alloc_decompressor());
  return decompressor.get();
}

libdeflate_result decompress(DeflateWrapper wrapper, ByteSpan in, Inflated& out,
                             std::size_t capacity) {
  libdeflate_decompressor* const decompressor = thread_decompressor();
  switch (wrapper) {
    case DeflateWrapper::kZlib:
      return libdeflate_zlib_decompress_ex(decompressor, in.data(), in.size(), out.data.get(),
                                           capacity, &out.consumed, &out.size);
    case DeflateWrapper::kGzip:
      return libdeflate_gzip_decompress_ex(decompressor, in.data(), in.size(), out.data.get(),
                                           capacity, &out.consumed, &out.size);
    case DeflateWrapper::kRaw:
      break;
  }
  return libdeflate_deflate_decompress_ex(decompressor, in.data(), in.size(), out.data.get(),
                                          capacity, &out.consumed, &out.size);
}

// A library unpacks to a hundred megabytes, and a fault for each of its pages would cost as much as
// unpacking it. Of what is never written nothing becomes resident.
void prefer_huge_pages(std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kWorthwhile = std::size_t{4} << 20;
  if (size < kWorthwhile) return;
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = (reinterpret_cast<std::uintptr_t>(data) + page - 1) / page * page;
  const auto end = (reinterpret_cast<std::uintptr_t>(data) + size) / page * page;
  ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
}

// The most that `compressed_size` bytes can unpack to, with room for the last block's header.
std::uint64_t possible_size(std::uint64_t compressed_size) {
  return multiply_checked(compressed_size, kMaxInflateRatio).value_or(~std::uint64_t{0} >> 1U) + 64;
}

}  // namespace

Result<Inflated> inflate(ByteSpan compressed, std::uint64_t expected, std::uint64_t limit,
                         const std::string& where, DeflateWrapper wrapper) {
  if (thread_decompressor() == nullptr) {
    return fail(ErrorCode::kLimit, "no memory for a decompressor", where);
  }
  const std::uint64_t ceiling = std::min(possible_size(compressed.size()), limit);
  std::uint64_t capacity = expected != 0 ? expected : compressed.size() * std::uint64_t{4} + 64;
  capacity = std::min(capacity, ceiling);
  for (;;) {
    Inflated out;
    // One byte more than nothing: the pointer must not be null.
    const auto size = static_cast<std::size_t>(std::max<std::uint64_t>(capacity, 1));
    out.data.reset(new (std::nothrow) std::uint8_t[size]);
    if (out.data == nullptr) {
      return fail(ErrorCode::kLimit, "no memory for " + std::to_string(size) + " bytes", where);
    }
    prefer_huge_pages(out.data.get(), size);
    switch (decompress(wrapper, compressed, out, static_cast<std::size_t>(capacity))) {
      case LIBDEFLATE_SUCCESS:
        return out;
      case LIBDEFLATE_INSUFFICIENT_SPACE:
        if (capacity < ceiling) {
          capacity = std::min(ceiling, capacity * 2 + 4096);
          continue;
        }
        return fail(ErrorCode::kLimit, "unpacks to more than " + std::to_string(ceiling) + " bytes",
                    where);
      default:
        return fail(ErrorCode::kCorrupt, "the compressed data is broken or cut", where);
    }
  }
}

std::uint32_t crc32_of(ByteSpan bytes) { return libdeflate_crc32(0, bytes.data(), bytes.size()); }

}  // namespace dl
