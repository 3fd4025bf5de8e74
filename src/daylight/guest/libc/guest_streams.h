// SPDX-License-Identifier: Apache-2.0
// FILE: the guest holds an address of its own memory, the stream itself is the host's.
#pragma once

#include <cstdint>
#include <cstdio>
#include <mutex>
#include <string_view>
#include <unordered_map>

#include "daylight/guest/machine/guest_machine.h"

namespace dl::guest {

// sizeof(FILE) of bionic before it became opaque: __sF is an array of three of these.
inline constexpr std::uint64_t kStreamSize = 152;
inline constexpr std::size_t kMaxStreams = 512;

// Thread safe. Functions that fail set errno.
class Streams {
 public:
  explicit Streams(GuestMachine& machine);
  ~Streams();
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;

  std::uint64_t standard() const { return standard_; }
  // 0, 1, 2 for the standard ones, else -1.
  int standard_number(std::uint64_t address) const;
  // Null for what is no open stream.
  std::FILE* find(std::uint64_t address);
  int number(std::uint64_t address);
  // A stream on the guest's file `number`, which is closed with it; 0 for none.
  std::uint64_t attach(int number, const char* mode);
  // Another file behind the same address.
  bool reattach(std::uint64_t address, int number, const char* mode);
  int close(std::uint64_t address);
  // Writes to a stream; standard ones go to the log, line by line as they come.
  std::size_t write(std::uint64_t address, std::string_view bytes);
  // As fread(3) with items of one byte. Streams have locks of their own, which are not held while
  // the guest's memory, here and in write(), is touched.
  std::size_t read(std::uint64_t address, void* to, std::uint64_t size);

 private:
  struct Stream {
    std::FILE* file = nullptr;
    int number = -1;  // the guest's
  };

  GuestMachine& machine_;
  std::uint64_t standard_;
  std::mutex mutex_;  // guards what follows
  std::unordered_map<std::uint64_t, Stream> streams_;
};

}  // namespace dl::guest
