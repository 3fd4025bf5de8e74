// SPDX-License-Identifier: Apache-2.0
// Unpacks through the libraries of each kind, all with the same growing, bounded buffer.
#include "daylight/format/archive/compressed_stream.h"

#include <brotli/decode.h>
#include <lz4frame.h>
#include <lzma.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

namespace dl {
namespace {

constexpr std::uint64_t kFirstCapacity = std::uint64_t{64} << 10;

struct KindName {
  StreamKind kind;
  std::string_view name;
};
constexpr std::array<KindName, 7> kNames = {{{StreamKind::kGzip, "gzip"},
                                             {StreamKind::kZlib, "zlib"},
                                             {StreamKind::kXz, "xz"},
                                             {StreamKind::kLzma, "lzma"},
                                             {StreamKind::kZstd, "zstd"},
                                             {StreamKind::kLz4, "lz4"},
                                             {StreamKind::kBrotli, "brotli"}}};

// Memory that doubles as a decoder asks for room, up to the limit.
class Output {
 public:
  Output(std::uint64_t packed, std::uint64_t limit)
      : limit_(std::min(
            limit,
            std::max(kMinUnpackedAllowance,
                     multiply_checked(packed, kMaxStreamRatio).value_or(~std::uint64_t{0})))),
        first_(std::clamp<std::uint64_t>(packed * 3, 1, std::min(limit_, kFirstCapacity * 64))) {}

  // Room for at least one byte more, or false at the limit (or without memory).
  bool grow() {
    if (out_.size < capacity_) return true;
    if (capacity_ >= limit_ && capacity_ != 0) return false;
    const std::uint64_t wanted = capacity_ == 0 ? first_ : std::min(limit_, capacity_ * 2);
    auto bigger = std::unique_ptr<std::uint8_t[]>(new (
        std::nothrow) std::uint8_t[static_cast<std::size_t>(std::max<std::uint64_t>(wanted, 1))]);
    if (bigger == nullptr) return false;
    if (out_.size != 0) std::memcpy(bigger.get(), out_.data.get(), out_.size);
    out_.data = std::move(bigger);
    capacity_ = std::max<std::uint64_t>(wanted, 1);
    return true;
  }
  std::uint8_t* next() { return out_.data.get() + out_.size; }
  std::size_t room() const { return static_cast<std::size_t>(capacity_) - out_.size; }
  void advance(std::size_t count) { out_.size += count; }
  std::uint64_t limit() const { return limit_; }
  Inflated finish(std::size_t consumed) {
    if (out_.data == nullptr) out_.data = std::make_unique<std::uint8_t[]>(1);
    out_.consumed = consumed;
    return std::move(out_);
  }

 private:
  std::uint64_t limit_;
  std::uint64_t first_;
  std::uint64_t capacity_ = 0;
  Inflated out_;
};

tl::unexpected<Error> too_large(const Output& out, const std::string& where) {
  return fail(ErrorCode::kLimit, "unpacks to more than " + std::to_string(out.limit()) + " bytes",
              where);
}
tl::unexpected<Error> broken(StreamKind kind, const std::string& where) {
  return fail(ErrorCode::kCorrupt,
              "the " + std::string(stream_name(kind)) + " stream is broken or cut", where);
}

Result<Inflated> unpack_lzma(StreamKind kind, ByteSpan bytes, std::uint64_t limit,
                             const std::string& where) {
  lzma_stream stream = LZMA_STREAM_INIT;
  const lzma_ret begun = kind == StreamKind::kXz ? lzma_stream_decoder(&stream, kMaxDecoderMemory,
                                                                       LZMA_TELL_UNSUPPORTED_CHECK)
                                                 : lzma_alone_decoder(&stream, kMaxDecoderMemory);
  const std::unique_ptr<lzma_stream, decltype(&lzma_end)> owner(&stream, lzma_end);
  if (begun != LZMA_OK) return broken(kind, where);
  Output out(bytes.size(), limit);
  stream.next_in = bytes.data();
  stream.avail_in = bytes.size();
  for (;;) {
    if (!out.grow()) return too_large(out, where);
    stream.next_out = out.next();
    stream.avail_out = out.room();
    const std::size_t before = stream.avail_out;
    const lzma_ret step = lzma_code(&stream, LZMA_RUN);
    out.advance(before - stream.avail_out);
    if (step == LZMA_STREAM_END) return out.finish(bytes.size() - stream.avail_in);
    const bool goes_on = step == LZMA_OK || step == LZMA_UNSUPPORTED_CHECK;
    if (!goes_on || (stream.avail_in == 0 && stream.avail_out != 0)) return broken(kind, where);
  }
}

Result<Inflated> unpack_zstd(ByteSpan bytes, std::uint64_t limit, const std::string& where) {
  const std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream(ZSTD_createDStream(),
                                                                          ZSTD_freeDStream);
  if (stream == nullptr) return fail(ErrorCode::kLimit, "no memory for a decompressor", where);
  ZSTD_DCtx_setParameter(stream.get(), ZSTD_d_windowLogMax, 27);  // 128 MiB: kMaxDecoderMemory
  Output out(bytes.size(), limit);
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  for (;;) {
    if (!out.grow()) return too_large(out, where);
    ZSTD_outBuffer piece{out.next(), out.room(), 0};
    const std::size_t left = ZSTD_decompressStream(stream.get(), &piece, &in);
    out.advance(piece.pos);
    if (ZSTD_isError(left) != 0U) return broken(StreamKind::kZstd, where);
    if (left == 0) return out.finish(in.pos);
    if (in.pos == in.size && piece.pos < piece.size) return broken(StreamKind::kZstd, where);
  }
}

Result<Inflated> unpack_lz4(ByteSpan bytes, std::uint64_t limit, const std::string& where) {
  LZ4F_dctx* made = nullptr;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&made, LZ4F_VERSION)) != 0U)
    return fail(ErrorCode::kLimit, "no memory for a decompressor", where);
  const std::unique_ptr<LZ4F_dctx, decltype(&LZ4F_freeDecompressionContext)> context(
      made, LZ4F_freeDecompressionContext);
  Output out(bytes.size(), limit);
  std::size_t at = 0;
  for (;;) {
    if (!out.grow()) return too_large(out, where);
    std::size_t taken = bytes.size() - at;
    std::size_t made_bytes = out.room();
    const std::size_t left =
        LZ4F_decompress(context.get(), out.next(), &made_bytes, bytes.data() + at, &taken, nullptr);
    if (LZ4F_isError(left) != 0U) return broken(StreamKind::kLz4, where);
    out.advance(made_bytes);
    at += taken;
    if (left == 0) return out.finish(at);
    if (taken == 0 && made_bytes == 0) return broken(StreamKind::kLz4, where);
  }
}

Result<Inflated> unpack_brotli(ByteSpan bytes, std::uint64_t limit, const std::string& where) {
  const std::unique_ptr<BrotliDecoderState, decltype(&BrotliDecoderDestroyInstance)> state(
      BrotliDecoderCreateInstance(nullptr, nullptr, nullptr), BrotliDecoderDestroyInstance);
  if (state == nullptr) return fail(ErrorCode::kLimit, "no memory for a decompressor", where);
  Output out(bytes.size(), limit);
  const std::uint8_t* in = bytes.data();
  std::size_t available = bytes.size();
  for (;;) {
    if (!out.grow()) return too_large(out, where);
    std::uint8_t* next = out.next();
    std::size_t room = out.room();
    const std::size_t before = room;
    const BrotliDecoderResult step =
        BrotliDecoderDecompressStream(state.get(), &available, &in, &room, &next, nullptr);
    out.advance(before - room);
    if (step == BROTLI_DECODER_RESULT_SUCCESS) return out.finish(bytes.size() - available);
    if (step != BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) return broken(StreamKind::kBrotli, where);
  }
}

bool begins(ByteSpan bytes, std::string_view magic) { return as_text(bytes).starts_with(magic); }

// Properties, dictionary size and unpacked size of a .lzma header, all plausible: the rule by which
// `file` and xz know it.
bool is_lzma_header(ByteSpan bytes) {
  if (bytes.size() < 32 || bytes[0] != 0x5d || bytes[13] != 0) return false;
  const std::uint32_t dictionary = load_le<std::uint32_t>(bytes, 1).value_or(0);
  const std::uint64_t size = load_le<std::uint64_t>(bytes, 5).value_or(0);
  const bool round = dictionary >= 4096 && (dictionary & (dictionary - 1)) == 0;
  return round && (size == ~std::uint64_t{0} || size < (std::uint64_t{1} << 32));
}

bool is_zlib_header(ByteSpan bytes) {
  return bytes.size() > 8 && bytes[0] == 0x78 &&
         (bytes[1] == 0x01 || bytes[1] == 0x5e || bytes[1] == 0x9c || bytes[1] == 0xda);
}

}  // namespace

std::string_view stream_name(StreamKind kind) {
  for (const KindName& row : kNames) {
    if (row.kind == kind) return row.name;
  }
  return "";
}

std::optional<StreamKind> stream_named(std::string_view name) {
  for (const KindName& row : kNames) {
    if (row.name == name) return row.kind;
  }
  return std::nullopt;
}

std::optional<StreamKind> stream_kind(ByteSpan bytes, std::string_view name) {
  if (begins(bytes, "\x1f\x8b\x08")) return StreamKind::kGzip;
  if (begins(bytes, std::string_view("\xfd"
                                     "7zXZ\0",
                                     6)))
    return StreamKind::kXz;
  if (begins(bytes, "\x28\xb5\x2f\xfd")) return StreamKind::kZstd;
  if (begins(bytes, "\x04\x22\x4d\x18")) return StreamKind::kLz4;
  if (is_zlib_header(bytes)) return StreamKind::kZlib;
  if (is_lzma_header(bytes)) return StreamKind::kLzma;
  if (name.ends_with(".br") && !bytes.empty()) return StreamKind::kBrotli;
  return std::nullopt;
}

Result<Inflated> unpack_stream(StreamKind kind, ByteSpan bytes, std::uint64_t limit,
                               const std::string& where) {
  switch (kind) {
    case StreamKind::kGzip:
      return inflate(bytes, 0, limit, where, DeflateWrapper::kGzip);
    case StreamKind::kZlib:
      return inflate(bytes, 0, limit, where, DeflateWrapper::kZlib);
    case StreamKind::kXz:
    case StreamKind::kLzma:
      return unpack_lzma(kind, bytes, limit, where);
    case StreamKind::kZstd:
      return unpack_zstd(bytes, limit, where);
    case StreamKind::kLz4:
      return unpack_lz4(bytes, limit, where);
    case StreamKind::kBrotli:
      return unpack_brotli(bytes, limit, where);
  }
  return fail(ErrorCode::kUnsupported, "unknown kind of compression", where);
}

}  // namespace dl
