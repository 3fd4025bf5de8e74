// SPDX-License-Identifier: Apache-2.0
// Chunks by their place where it fits, by what they share otherwise.
#include "daylight/capture/import/jack_message.h"

#include <algorithm>

namespace dl::capture {
namespace {

// So many equal bytes are no accident.
constexpr std::size_t kSharedBytes = 48;
// Chunks of one message; the writer's are longer the later they come.
constexpr std::uint64_t kMaxChunks = 256;

}  // namespace

void JackMessage::begin(std::string_view text) {
  *this = JackMessage();
  chunk_ = std::string(text.substr(0, kMaxJackMessage));
}

void JackMessage::extend(std::string_view text) {
  if (chunk_.size() + text.size() > kMaxJackMessage) {
    stop("is longer than this program keeps");
    return;
  }
  chunk_ += text;
}

void JackMessage::next_chunk(std::string_view text) {
  join();
  ++number_;
  chunk_ = std::string(text.substr(0, kMaxJackMessage));
}

void JackMessage::stop(const std::string& why) {
  if (gap_.empty()) gap_ = why;
}

void JackMessage::join() {
  if (chunk_.empty()) return;
  const std::string chunk = std::move(chunk_);
  chunk_.clear();
  if (number_ == 0) {
    text_ = chunk;
    first_bytes_ = chunk.size();
    return;
  }
  if (!gap_.empty()) {
    left_out_ += chunk.size();
    return;
  }
  const std::uint64_t place = number_ * first_bytes_;
  std::size_t begin = text_.size();
  bool fits = false;
  // A longer one than its number allows is a later one, or the first had lost its end.
  if (number_ <= kMaxChunks && place <= text_.size() &&
      chunk.size() <= (number_ + 1) * first_bytes_) {
    begin = static_cast<std::size_t>(place);
    const std::size_t shared = std::min(text_.size() - begin, chunk.size());
    fits = text_.compare(begin, shared, chunk, 0, shared) == 0;
  }
  // The first chunk did not come whole, or the writer cut otherwise: look where this one was.
  if (!fits && number_ <= kMaxChunks && chunk.size() >= kSharedBytes) {
    begin = text_.rfind(chunk.substr(0, kSharedBytes));
    if (begin != std::string::npos) {
      const std::size_t shared = std::min(text_.size() - begin, chunk.size());
      fits = text_.compare(begin, shared, chunk, 0, shared) == 0;
    }
  }
  if (!fits) {
    stop("chunk " + std::to_string(number_) + " does not go on where the one before ended");
    left_out_ += chunk.size();
    return;
  }
  // The second chunk shares nothing with the first. Its length shows that it is the second, unless
  // it is the last.
  if (begin == text_.size() && chunk.size() < (number_ + 1) * first_bytes_) unchecked_ = true;
  if (begin + chunk.size() > kMaxJackMessage) {
    stop("is longer than this program keeps");
    left_out_ += chunk.size();
    return;
  }
  if (begin + chunk.size() > text_.size()) text_.replace(begin, std::string::npos, chunk);
}

const std::string& JackMessage::text() {
  join();
  return text_;
}
bool JackMessage::whole() { return gap().empty(); }
const std::string& JackMessage::gap() {
  join();
  return gap_;
}
bool JackMessage::unchecked() {
  join();
  return unchecked_;
}
std::uint64_t JackMessage::left_out() {
  join();
  return left_out_;
}

}  // namespace dl::capture
