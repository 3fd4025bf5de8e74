// SPDX-License-Identifier: Apache-2.0
// SHA-256 of bytes and files, as lower-case hexadecimal or as it is.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "daylight/base/bytes.h"

namespace dl {

// 64 lower-case hexadecimal digits.
std::string sha256_hex(ByteSpan bytes);
inline std::string sha256_hex(std::string_view text) { return sha256_hex(as_bytes(text)); }

using Sha256Bytes = std::array<std::uint8_t, 32>;
Sha256Bytes sha256_bytes(ByteSpan bytes);

// Raw digest bytes in lower-case hexadecimal.
std::string to_hex(ByteSpan bytes);

// SHA-256 of a stream of pieces. Not thread safe.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void update(ByteSpan bytes);
  // Ends the stream; the object may not be used afterwards.
  std::string finish_hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dl
