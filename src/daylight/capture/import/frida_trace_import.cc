// SPDX-License-Identifier: Apache-2.0
// What frida-trace prints: a line for each call, indented by how deep it is in others.
#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include "daylight/artifact/selector.h"
#include "daylight/base/text.h"
#include "daylight/capture/import/import_source.h"

namespace dl::capture {
namespace {

constexpr const char* kWhere = "import:frida-trace";
constexpr std::string_view kIndent = "   | ";
constexpr std::string_view kIndentBetween = "|  ";  // as shown between levels
constexpr std::size_t kMaxDepth = 256;
constexpr std::size_t kMaxThreads = 4096;
constexpr std::size_t kMaxArguments = 64;
constexpr std::uint64_t kMsNs = 1'000'000;

// Without the colours of a terminal.
std::string without_colours(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b' && i + 1 < text.size() && text[i + 1] == '[') {
      while (i < text.size() && text[i] != 'm') ++i;
    } else {
      out += text[i];
    }
  }
  return out;
}

// "/* TID 0x1a2b */".
std::optional<std::uint32_t> thread_line(std::string_view text) {
  text = trim(text);
  constexpr std::string_view kBegin = "/* TID 0x";
  if (!text.starts_with(kBegin) || !text.ends_with(" */")) return std::nullopt;
  text = text.substr(kBegin.size(), text.size() - kBegin.size() - 3);
  std::uint32_t out = 0;
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), out, 16);
  if (error != std::errc{} || at != text.data() + text.size()) return std::nullopt;
  return out;
}

struct TraceLine {
  std::optional<std::uint64_t> ms;
  std::size_t depth = 0;
  std::string_view message;
};

// "  1234 ms     | read(fd=0x5)"; a log file has no times.
TraceLine parse_line(std::string_view line) {
  TraceLine out;
  std::string_view rest = line;
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  std::uint64_t ms = 0;
  const auto [at, error] = std::from_chars(rest.data(), rest.data() + rest.size(), ms);
  if (error == std::errc{}) {
    const std::string_view behind = rest.substr(static_cast<std::size_t>(at - rest.data()));
    if (behind.starts_with(" ms  ")) {
      out.ms = ms;
      line = behind.substr(5);
    }
  }
  while (true) {
    if (line.starts_with(kIndent)) {
      line.remove_prefix(kIndent.size());
    } else if (line.starts_with(kIndentBetween)) {
      line.remove_prefix(kIndentBetween.size());
    } else {
      break;
    }
    ++out.depth;
  }
  out.message = line;
  return out;
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 512 &&
         text.find_first_of("\t\"=,") == std::string_view::npos && !text.starts_with(' ');
}

// "0x1f", "-3", "12".
std::optional<std::uint64_t> number_of(std::string_view text) {
  const bool hex = text.starts_with("0x");
  if (hex) text.remove_prefix(2);
  if (!hex) {
    const auto value = parse_integer(text);
    return value ? std::optional(static_cast<std::uint64_t>(*value)) : std::nullopt;
  }
  std::uint64_t out = 0;
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), out, 16);
  if (error != std::errc{} || at != text.data() + text.size()) return std::nullopt;
  return out;
}

// At commas that stand in no text and in no bracket. A text may hold quotes that nothing escapes:
// it ends where a comma or the end follows.
std::vector<std::string_view> split_arguments(std::string_view text) {
  std::vector<std::string_view> out;
  std::size_t begin = 0;
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size() && out.size() < kMaxArguments; ++i) {
    const char c = text[i];
    if (c == '"') {
      const std::string_view behind = text.substr(i + 1);
      if (!quoted) {
        quoted = true;
      } else if (behind.empty() || behind.starts_with(", ") || behind.starts_with("]") ||
                 behind.starts_with(")") || behind.starts_with("}")) {
        quoted = false;
      }
    }
    if (quoted) continue;
    if (c == '(' || c == '[' || c == '{') ++depth;
    if (c == ')' || c == ']' || c == '}') --depth;
    if (c != ',' || depth > 0) continue;
    out.push_back(trim(text.substr(begin, i - begin)));
    begin = i + 1;
  }
  if (!trim(text.substr(begin)).empty()) out.push_back(trim(text.substr(begin)));
  return out;
}

struct OpenCall {
  std::size_t depth = 0;
  std::uint64_t call = 0;
  std::uint32_t method = 0;
};

// Of whichever library: frida-trace does not say.
std::string function_selector(std::string_view name) {
  Selector out = symbol_selector("", std::string(name));
  out.library = TextPattern::any();
  return print_selector(out);
}

class FridaTraceImport final : public LineSource {
 public:
  explicit FridaTraceImport(ImportEvents& events) : events_(events) {}

 private:
  void line(std::string_view text, bool cut) override;
  void end() override;
  bool call(const TraceLine& line);
  bool result(const TraceLine& line);
  void drop_pending(const std::string& why);
  void leave_down_to(std::size_t depth);
  void write_argument(std::uint64_t call, std::size_t index, std::string_view text);

  ImportEvents& events_;
  ImportStamp at_ = {};
  std::map<std::uint32_t, std::vector<OpenCall>> open_;
  std::optional<std::uint64_t> first_ms_;
  std::uint64_t untimed_ = 0;
  std::string pending_;  // a call whose text goes on in the next line
};

void FridaTraceImport::line(std::string_view raw, bool cut) {
  const std::string clean = without_colours(raw);
  if (const auto thread = thread_line(clean)) {
    drop_pending("another thread's lines follow");
    at_.tid = *thread;
    return;
  }
  // A time or a result stands at the beginning of no text's next line.
  if (const TraceLine next = parse_line(clean); next.ms || trim(next.message).starts_with("<="))
    drop_pending("the next line begins by itself");
  std::string text = clean;
  if (!pending_.empty()) text = std::exchange(pending_, {}) + "\n" + text;
  const TraceLine line = parse_line(text);
  if (line.ms) {
    if (!first_ms_) first_ms_ = line.ms;
    at_.time_ns = (*line.ms - std::min(*line.ms, *first_ms_)) * kMsNs;
  }
  if (result(line) || call(line)) {
    if (!line.ms) ++untimed_;
  } else if (const std::size_t open = line.message.find('(');
             open != std::string_view::npos && is_name(line.message.substr(0, open)) &&
             line.message.find('"') != std::string_view::npos && text.size() < kMaxTraceTextBytes) {
    pending_ = text;  // a text argument has a line break in it
  } else if (line.ms) {
    events_.see_process(0, "");
    ++events_.report().records;
    events_.add(at_, 0, TraceLog{TraceLevel::kInfo, "frida-trace", import_text(line.message)});
  } else if (!trim(text).empty()) {
    ++events_.report().foreign;
  }
  if (cut) events_.note(at_, 0, kWhere, "a line was cut");
}

// A call whose text did not end.
void FridaTraceImport::drop_pending(const std::string& why) {
  if (pending_.empty()) return;
  const std::string text = std::exchange(pending_, {});
  events_.see_process(0, "");
  ++events_.report().records;
  events_.note(at_, 0, kWhere,
               "a call is cut inside the text of an argument: " + why + ": " + text.substr(0, 200));
  events_.lose(at_, 1, 1, text.size(), "a call that is cut");
}

// Calls that were told at this depth or deeper are over.
void FridaTraceImport::leave_down_to(std::size_t depth) {
  auto& stack = open_[at_.tid];
  while (!stack.empty() && stack.back().depth >= depth) stack.pop_back();
}

bool FridaTraceImport::call(const TraceLine& line) {
  const std::string_view message = trim(line.message);
  const std::size_t open = message.find('(');
  if (open == std::string_view::npos || !message.ends_with(')')) return false;
  const std::string_view name = trim(message.substr(0, open));
  if (!is_name(name) || line.depth > kMaxDepth || open_.size() > kMaxThreads) return false;
  ++events_.report().records;
  leave_down_to(line.depth);
  // "Class.method" of Java is "$" or has dots; a function of a library is bare.
  const bool java =
      name.find('.') != std::string_view::npos && name.find("::") == std::string_view::npos;
  const std::size_t dot = name.rfind('.');
  const std::string selector =
      java ? print_selector(java_selector("L" + std::string(name.substr(0, dot)) + ";",
                                          name.substr(dot + 1), ""))
           : function_selector(name);
  const std::uint32_t id =
      events_.method(at_, java ? TraceMethodKind::kJava : TraceMethodKind::kExport, selector, "");
  if (id == 0) {
    events_.lose(at_, 1, 1, 0, "more methods than this program keeps");
    return true;
  }
  auto& stack = open_[at_.tid];
  const std::uint64_t call = events_.new_call();
  events_.add(at_, call, TraceEnter{id, 0, stack.empty() ? 0 : stack.back().call});
  std::size_t index = 0;
  for (const std::string_view each :
       split_arguments(message.substr(open + 1, message.size() - open - 2)))
    write_argument(call, index++, each);
  stack.push_back({line.depth, call, id});
  return true;
}

// "<= 0x3", "<= fd=0x3".
bool FridaTraceImport::result(const TraceLine& line) {
  std::string_view message = trim(line.message);
  if (!message.starts_with("<=")) return false;
  ++events_.report().records;
  message = trim(message.substr(2));
  leave_down_to(line.depth + 1);
  auto& stack = open_[at_.tid];
  if (stack.empty() || stack.back().depth != line.depth) {
    events_.note(at_, 0, kWhere, "a result of a call that is not in the log");
    events_.lose(at_, 1, 2, message.size(), "a call whose beginning is not in the log");
    return true;
  }
  const OpenCall open = stack.back();
  stack.pop_back();
  const std::size_t equals = message.find('=');
  const std::string_view value =
      equals != std::string_view::npos && is_name(message.substr(0, equals))
          ? trim(message.substr(equals + 1))
          : message;
  events_.add(at_, open.call,
              TraceLeave{open.method, TraceOutcome::kReturned, number_of(value).value_or(0),
                         number_of(value) ? "" : import_text(value)});
  return true;
}

void FridaTraceImport::write_argument(std::uint64_t call, std::size_t index,
                                      std::string_view text) {
  TraceArgument argument;
  argument.index = static_cast<std::int32_t>(index);
  const std::size_t equals = text.find('=');
  std::string_view value = text;
  if (equals != std::string_view::npos && is_name(text.substr(0, equals))) {
    argument.name = std::string(text.substr(0, equals));
    value = text.substr(equals + 1);
  }
  std::string bytes;
  if (const auto number = number_of(value)) {
    argument.address = *number;
    argument.type = "long";
  } else {
    if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"')) {
      argument.type = "const char*";
      value = value.substr(1, value.size() - 2);
    }
    bytes = std::string(value);
    argument.length = bytes.size();
  }
  events_.add_argument(at_, call, std::move(argument), std::move(bytes));
}

void FridaTraceImport::end() {
  drop_pending("the file ends");
  if (events_.report().calls > 0)
    events_.note(at_, 0, kWhere,
                 "frida-trace names no libraries and copies no buffers; ends of calls are those "
                 "that its handlers printed");
  if (untimed_ > 0) events_.note(at_, 0, kWhere, std::to_string(untimed_) + " lines have no time");
  events_.finish();
}

}  // namespace

std::unique_ptr<ImportSource> make_frida_trace_import(ImportEvents& events) {
  return std::make_unique<FridaTraceImport>(events);
}

}  // namespace dl::capture
