// SPDX-License-Identifier: Apache-2.0
// Buffers that were stored lately, to know them again faster than a SHA-256 would.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "daylight/base/bytes.h"
#include "daylight/base/digest.h"

namespace dl {

// Copies of the last buffers, compared byte by byte: an app cannot forge a match. Thread safe.
class RecentBuffers {
 public:
  // `room` bytes in all, taken as they are needed; 0 remembers nothing.
  explicit RecentBuffers(std::size_t room) : room_(room) {}

  // For the functions below: of the bytes' size and checksum.
  static std::uint64_t key_of(ByteSpan bytes);

  std::optional<Sha256Bytes> find(std::uint64_t key, ByteSpan bytes);
  // Forgets the oldest where there is no room. Buffers of more than an eighth of the room are not
  // remembered.
  void remember(std::uint64_t key, ByteSpan bytes, const Sha256Bytes& digest);

 private:
  struct Entry {
    std::size_t begin;
    std::size_t size;
    Sha256Bytes digest;
  };
  void forget_oldest();

  const std::size_t room_;
  std::mutex mutex_;
  std::unique_ptr<std::uint8_t[]> ring_;
  std::size_t next_ = 0;
  std::unordered_map<std::uint64_t, Entry> entries_;
  std::deque<std::uint64_t> order_;  // keys, the oldest first: the ring's order
};

}  // namespace dl
