// SPDX-License-Identifier: Apache-2.0
// Puts a message together again that its writer had cut into overlapping chunks, and the log into
// further lines.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dl::capture {

// Bytes of one message that are kept.
inline constexpr std::size_t kMaxJackMessage = std::size_t{1} << 20;

// The writer's chunk number i begins at i*N of the message and has (i+1)*N bytes, where N is the
// length of the first one: it gives the end of a part for its length. So chunks overlap from the
// second one on, and what overlaps shows whether anything between them is missing.
class JackMessage {
 public:
  void begin(std::string_view text);
  // A further line of the chunk that came last: the log had split it.
  void extend(std::string_view text);
  // The next chunk.
  void next_chunk(std::string_view text);

  // What is known without a hole, from the beginning.
  const std::string& text();
  bool whole();
  // Why it is not; "" if it is.
  const std::string& gap();
  // Whether it was joined somewhere where neither shared bytes nor lengths show that nothing is
  // missing.
  bool unchecked();
  // Bytes of chunks that stand behind a hole and were left out.
  std::uint64_t left_out();

 private:
  void join();
  void stop(const std::string& why);

  std::string text_;
  std::string chunk_;  // the last one, while the log may still bring a part of it
  std::uint64_t number_ = 0;
  std::uint64_t first_bytes_ = 0;
  std::uint64_t left_out_ = 0;
  bool unchecked_ = false;
  std::string gap_;
};

}  // namespace dl::capture
