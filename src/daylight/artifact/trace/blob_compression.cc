// SPDX-License-Identifier: Apache-2.0
// zstd by its C library; a sample decides whether the whole is worth it.
#include "daylight/artifact/trace/blob_compression.h"

#include <zstd.h>

#include <algorithm>
#include <new>
#include <utility>

namespace dl {
namespace {

// Two pieces, since pictures often have an even margin before something else begins.
constexpr std::size_t kSampleBytes = 4096;
// A blob is compressed if a sample keeps at most this much of its size.
constexpr double kWorthwhile = 0.9;
// A slot that has seen a large blob does not hold on to its memory.
constexpr std::size_t kKeptScratchBytes = std::size_t{4} << 20;

}  // namespace

struct BlobCompressor::Slot {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  std::unique_ptr<char[]> scratch;
  std::size_t room = 0;

  Slot() = default;
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;
  ~Slot() { ZSTD_freeCCtx(context); }

  bool make_room(std::size_t size) {
    if (room >= size) return true;
    room = 0;
    scratch.reset(new (std::nothrow) char[size]);
    if (scratch == nullptr) return false;
    room = size;
    return true;
  }
  void let_go() {
    if (room <= kKeptScratchBytes) return;
    scratch.reset();
    room = 0;
  }
  // Size of the compressed form in `scratch`, or 0.
  std::size_t compress(ByteSpan bytes, int level) {
    const std::size_t size =
        ZSTD_compressCCtx(context, scratch.get(), room, bytes.data(), bytes.size(), level);
    return ZSTD_isError(size) != 0 ? 0 : size;
  }
  bool shrinks(ByteSpan sample, int level) {
    const std::size_t size = compress(sample, level);
    return size != 0 &&
           static_cast<double>(size) <= kWorthwhile * static_cast<double>(sample.size());
  }
};

BlobCompressor::BlobCompressor(std::size_t most, int level)
    : most_(std::max<std::size_t>(most, 1)), level_(level) {}

BlobCompressor::~BlobCompressor() = default;

BlobCompressor::Slot* BlobCompressor::take() {
  std::unique_lock lock(mutex_);
  free_again_.wait(lock, [&] { return !free_.empty() || slots_.size() < most_; });
  if (free_.empty()) {
    slots_.push_back(std::make_unique<Slot>());
    return slots_.back().get();
  }
  Slot* const slot = free_.back();
  free_.pop_back();
  return slot;
}

void BlobCompressor::give_back(Slot* slot) {
  slot->let_go();
  {
    const std::lock_guard lock(mutex_);
    free_.push_back(slot);
  }
  free_again_.notify_one();
}

std::optional<BlobCompressor::Compressed> BlobCompressor::compress(ByteSpan bytes) {
  if (bytes.size() < kMinCompressedBlobBytes || bytes.size() > kMaxCompressedBlobBytes)
    return std::nullopt;
  Slot* const slot = take();
  Compressed compressed(*this, slot);
  if (slot->context == nullptr || !slot->make_room(ZSTD_compressBound(bytes.size())))
    return std::nullopt;
  if (bytes.size() > 4 * kSampleBytes && !slot->shrinks(bytes.first(kSampleBytes), level_) &&
      !slot->shrinks(bytes.subspan(bytes.size() / 2, kSampleBytes), level_)) {
    return std::nullopt;
  }
  const std::size_t size = slot->compress(bytes, level_);
  if (size == 0 || size >= bytes.size()) return std::nullopt;
  compressed.bytes_ = ByteSpan(reinterpret_cast<const std::uint8_t*>(slot->scratch.get()), size);
  return compressed;
}

BlobCompressor::Compressed::Compressed(Compressed&& other) noexcept
    : owner_(other.owner_), slot_(std::exchange(other.slot_, nullptr)), bytes_(other.bytes_) {}

BlobCompressor::Compressed::~Compressed() {
  if (slot_ != nullptr) owner_.give_back(slot_);
}

Result<std::string> decompress_blob(ByteSpan stored, BlobCodec codec, std::uint64_t raw_size) {
  if (codec == BlobCodec::kRaw) return std::string(as_text(stored));
  constexpr std::size_t kFirstPiece = std::size_t{1} << 20;
  constexpr int kMaxWindowLog = 26;  // kMaxCompressedBlobBytes
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(),
                                                                     &ZSTD_freeDCtx);
  if (context == nullptr || ZSTD_isError(ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax,
                                                                kMaxWindowLog)) != 0) {
    return fail(ErrorCode::kLimit, "no memory to decompress", "blob");
  }
  // The stated size is a claim: memory grows with what is really there. One byte more shows that
  // there is too much.
  const std::uint64_t most = raw_size + 1;
  std::string raw;
  ZSTD_inBuffer in{stored.data(), stored.size(), 0};
  std::size_t written = 0;
  while (true) {
    const auto room = std::min<std::uint64_t>(most, std::max(kFirstPiece, 2 * written));
    raw.resize(static_cast<std::size_t>(room));
    ZSTD_outBuffer out{raw.data(), raw.size(), written};
    const std::size_t state = ZSTD_decompressStream(context.get(), &out, &in);
    written = out.pos;
    if (ZSTD_isError(state) != 0) {
      return fail(ErrorCode::kCorrupt, std::string("zstd says: ") + ZSTD_getErrorName(state),
                  "blob");
    }
    if (state == 0 || written > raw_size) break;
    if (written < out.size && in.pos == in.size) break;
  }
  if (written != raw_size || in.pos != in.size) {
    return fail(ErrorCode::kCorrupt, "unpacks to another size than it states", "blob");
  }
  raw.resize(written);
  return raw;
}

}  // namespace dl
