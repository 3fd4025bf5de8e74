// SPDX-License-Identifier: Apache-2.0
// Fields of a line from the left, each checked.
#include "daylight/capture/import/logcat_line.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace dl::capture {
namespace {

// Days before each month, in a year with a 29th of February: the log names no year.
constexpr std::array<std::uint32_t, 12> kDaysBefore = {0,   31,  60,  91,  121, 152,
                                                       182, 213, 244, 274, 305, 335};
constexpr std::uint64_t kDayMs = 86'400'000;
constexpr std::uint64_t kYearMs = 366 * kDayMs;
// A step back by more than this is a new year, a smaller one a line that came late.
constexpr std::uint64_t kHalfYearMs = kYearMs / 2;

class Fields {
 public:
  explicit Fields(std::string_view text) : text_(text) {}

  bool literal(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  void spaces() { text_.remove_prefix(std::min(text_.find_first_not_of(' '), text_.size())); }
  std::optional<std::uint32_t> number(std::size_t most_digits = 9) {
    std::uint32_t value = 0;
    const char* const end = text_.data() + std::min(text_.size(), most_digits);
    const auto [at, error] = std::from_chars(text_.data(), end, value);
    if (error != std::errc{}) return std::nullopt;
    text_.remove_prefix(static_cast<std::size_t>(at - text_.data()));
    return value;
  }
  std::string_view word() {
    const auto out = text_.substr(0, std::min(text_.find(' '), text_.size()));
    text_.remove_prefix(out.size());
    return out;
  }
  std::string_view rest() const { return text_; }
  void skip(std::size_t bytes) { text_.remove_prefix(std::min(bytes, text_.size())); }

 private:
  std::string_view text_;
};

std::optional<TraceLevel> level_of(char letter) {
  constexpr std::string_view kLetters = "VDIWEF";
  const std::size_t at = kLetters.find(letter);
  if (at == std::string_view::npos) return std::nullopt;
  return static_cast<TraceLevel>(at);
}

// "06-01 13:17:07.703", "2024-06-01 13:17:07.703"; a zone may follow.
std::optional<std::uint64_t> time_of(Fields& in) {
  auto month = in.number(4);
  if (!month || !in.literal('-')) return std::nullopt;
  auto day = in.number(2);
  if (day && *month > 12 && in.literal('-')) {
    month = day;
    day = in.number(2);
  }
  if (!day || *month < 1 || *month > 12 || *day < 1 || *day > 31 || !in.literal(' '))
    return std::nullopt;
  std::array<std::uint32_t, 3> clock{};
  for (std::size_t i = 0; i < clock.size(); ++i) {
    if (i > 0 && !in.literal(':')) return std::nullopt;
    const auto part = in.number(2);
    if (!part || *part > 60) return std::nullopt;
    clock[i] = *part;
  }
  std::uint64_t ms = 0;
  if (in.literal('.')) {
    const std::size_t before = in.rest().size();
    std::uint64_t fraction = in.number(9).value_or(0);
    for (std::size_t digits = before - in.rest().size(); digits > 3; --digits) fraction /= 10;
    ms = fraction;
  }
  in.spaces();
  if (in.rest().starts_with("+") || in.rest().starts_with("-")) in.word();
  return (kDaysBefore[*month - 1] + *day - 1) * kDayMs + clock[0] * std::uint64_t{3'600'000} +
         clock[1] * std::uint64_t{60'000} + clock[2] * std::uint64_t{1000} + ms;
}

// " 4321  4390 I tag: text", perhaps behind the name or number of a user.
bool threadtime(Fields in, LogcatLine& out) {
  in.spaces();
  auto pid = in.number();
  if (!pid) {
    in.word();
    in.spaces();
    pid = in.number();
  }
  in.spaces();
  auto tid = in.number();
  in.spaces();
  if (const auto third = in.number()) {
    pid = tid;
    tid = third;
    in.spaces();
  }
  const auto level = in.rest().empty() ? std::nullopt : level_of(in.rest().front());
  if (!pid || !tid || !level) return false;
  in.skip(1);
  if (!in.literal(' ')) return false;
  in.spaces();
  const std::size_t colon = in.rest().find(':');
  if (colon == std::string_view::npos) return false;
  out.pid = *pid;
  out.tid = *tid;
  out.level = *level;
  out.tag = in.rest().substr(0, colon);
  while (out.tag.ends_with(' ')) out.tag.remove_suffix(1);
  in.skip(colon + 1);
  in.literal(' ');
  out.text = in.rest();
  return true;
}

// "I/tag( 4321): text".
bool brief(Fields in, LogcatLine& out) {
  in.spaces();
  const auto level = in.rest().size() < 2 ? std::nullopt : level_of(in.rest().front());
  if (!level || in.rest()[1] != '/') return false;
  in.skip(2);
  const std::string_view rest = in.rest();
  for (std::size_t open = rest.find('('); open != std::string_view::npos;
       open = rest.find('(', open + 1)) {
    Fields number(rest.substr(open + 1));
    number.spaces();
    const auto pid = number.number();
    if (!pid || !number.literal(')') || !number.literal(':')) continue;
    number.literal(' ');
    out.pid = out.tid = *pid;
    out.level = *level;
    out.tag = rest.substr(0, open);
    while (out.tag.ends_with(' ')) out.tag.remove_suffix(1);
    out.text = number.rest();
    return true;
  }
  return false;
}

}  // namespace

std::optional<LogcatLine> parse_logcat_line(std::string_view line) {
  LogcatLine out;
  Fields in(line);
  out.time_ms = time_of(in);
  if (!out.time_ms) in = Fields(line);
  if (brief(in, out) || (out.time_ms && threadtime(in, out))) return out;
  return std::nullopt;
}

std::uint64_t LogcatClock::ns(const LogcatLine& line) {
  if (line.time_ms) {
    if (!first_ms_) {
      first_ms_ = line.time_ms;
    } else if (*line.time_ms + years_ms_ + kHalfYearMs < last_ms_) {
      years_ms_ += kYearMs;
    }
    last_ms_ = std::max(*line.time_ms + years_ms_, *first_ms_);
  }
  return (last_ms_ - first_ms_.value_or(0)) * 1'000'000;
}

}  // namespace dl::capture
