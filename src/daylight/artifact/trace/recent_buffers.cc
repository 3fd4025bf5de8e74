// SPDX-License-Identifier: Apache-2.0
// A ring of copies, found by size and checksum, believed only if every byte is equal.
#include "daylight/artifact/trace/recent_buffers.h"

#include <cstring>

#include "daylight/artifact/trace/crc32c.h"

namespace dl {

std::uint64_t RecentBuffers::key_of(ByteSpan bytes) {
  return (static_cast<std::uint64_t>(bytes.size()) << 32U) ^ crc32c(bytes);
}

std::optional<Sha256Bytes> RecentBuffers::find(std::uint64_t key, ByteSpan bytes) {
  if (bytes.empty() || bytes.size() > room_ / 8) return std::nullopt;
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  if (found == entries_.end()) return std::nullopt;
  const Entry& entry = found->second;
  if (entry.size != bytes.size() ||
      std::memcmp(ring_.get() + entry.begin, bytes.data(), bytes.size()) != 0) {
    return std::nullopt;
  }
  return entry.digest;
}

void RecentBuffers::remember(std::uint64_t key, ByteSpan bytes, const Sha256Bytes& digest) {
  if (bytes.empty() || bytes.size() > room_ / 8) return;
  const std::lock_guard lock(mutex_);
  if (entries_.contains(key)) return;
  if (ring_ == nullptr) ring_ = std::make_unique_for_overwrite<std::uint8_t[]>(room_);
  if (next_ + bytes.size() > room_) {
    // What lies behind is the oldest there is, and would otherwise never be passed.
    while (!order_.empty() && entries_.at(order_.front()).begin >= next_) forget_oldest();
    next_ = 0;
  }
  const std::size_t end = next_ + bytes.size();
  while (!order_.empty() && entries_.at(order_.front()).begin >= next_ &&
         entries_.at(order_.front()).begin < end) {
    forget_oldest();
  }
  std::memcpy(ring_.get() + next_, bytes.data(), bytes.size());
  entries_.emplace(key, Entry{next_, bytes.size(), digest});
  order_.push_back(key);
  next_ = end;
}

void RecentBuffers::forget_oldest() {
  entries_.erase(order_.front());
  order_.pop_front();
}

}  // namespace dl
