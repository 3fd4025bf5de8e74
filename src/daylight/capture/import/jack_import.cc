// SPDX-License-Identifier: Apache-2.0
// The log of the instrumented Android runtime: messages of each thread, then calls out of them.
#include <algorithm>
#include <bit>
#include <map>
#include <utility>

#include "daylight/base/text.h"
#include "daylight/capture/import/import_source.h"
#include "daylight/capture/import/jack_message.h"
#include "daylight/capture/import/jack_record.h"
#include "daylight/capture/import/logcat_line.h"

namespace dl::capture {
namespace {

constexpr const char* kWhere = "import:jack";
// Messages that wait for their next chunk, and native calls that wait for their end.
constexpr std::size_t kMaxOpenMessages = 64;
constexpr std::size_t kMaxThreads = std::size_t{1} << 16;
constexpr std::size_t kMaxDepth = 1024;
// The log splits nothing that is shorter.
constexpr std::size_t kShortestSplitLine = 1024;

using ThreadId = std::pair<std::uint32_t, std::uint32_t>;

struct OpenMessage {
  JackMessage message;
  ImportStamp at;
  std::string method;         // as printed, to know its chunks
  std::size_t last_line = 0;  // bytes of the line that came last
  std::uint64_t touched = 0;
};

struct NativeCall {
  std::uint64_t call = 0;
  std::uint32_t method_id = 0;
  std::string method;
};

// Of one thread. A call beyond kMaxDepth is counted alone: as many ends belong to such calls.
struct NativeStack {
  std::vector<NativeCall> calls;
  std::uint64_t above = 0;
};

// The name of the method in a text that begins a record; "" if it is cut.
std::string method_in(std::string_view text) {
  const auto record = parse_jack_record(text, false);
  return record ? record->method : std::string();
}

// Whether a line without a head of its own can be a part of a dump: bytes in hexadecimal, or the
// tabs of the grammar.
bool goes_on(std::string_view text) {
  if (text.find("\tARG ") != std::string_view::npos ||
      text.find("\tRet:") != std::string_view::npos)
    return true;
  const std::string_view beginning = text.substr(0, 24);
  return !beginning.empty() &&
         beginning.find_first_not_of("0123456789abcdef \t") == std::string_view::npos;
}

class JackImport final : public LineSource {
 public:
  explicit JackImport(ImportEvents& events) : events_(events) {}

 private:
  void line(std::string_view text, bool cut) override;
  void end() override;

  void headed(const LogcatLine& line, bool cut);
  bool extend(const ThreadId& thread, std::string_view text);
  void begin(const ThreadId& thread, const ImportStamp& at, std::string_view text);
  void go_on(const ThreadId& thread, const ImportStamp& at, const JackContinuation& chunk);
  void close(const ThreadId& thread);
  void close_oldest();

  void record(const ImportStamp& at, JackMessage& message);
  void write_call(const ImportStamp& at, JackRecord& record);
  void write_end(const ImportStamp& at, JackRecord& record);
  std::optional<bool> receiver(std::uint32_t method_id, const JackRecord& record);
  void write_arguments(const ImportStamp& at, std::uint64_t call, const JackRecord& record,
                       bool has_receiver);
  void open_call(const ImportStamp& at, NativeCall call);
  void discard_end(const ImportStamp& at, const JackRecord& record);
  bool is_unfollowed_end(const ThreadId& thread);
  void write_untyped(const ImportStamp& at, std::uint64_t call, const JackRecord& record);
  void write_value(const ImportStamp& at, std::uint64_t call, TraceArgument argument,
                   const JackValue& value, bool is_wrong_double);
  void say_limits(const ImportStamp& at);

  ImportEvents& events_;
  LogcatClock clock_;
  std::map<ThreadId, OpenMessage> open_;
  std::map<ThreadId, NativeStack> native_calls_;  // of threads that have any
  std::uint64_t unfollowed_ = 0;  // calls of threads beyond kMaxThreads whose end did not come
  std::map<std::uint32_t, bool> receivers_;  // by method: whether it has one
  std::optional<ThreadId> last_thread_;
  std::uint64_t lines_ = 0;
  bool said_limits_ = false;
};

void JackImport::line(std::string_view text, bool cut) {
  ++lines_;
  if (const auto line = parse_logcat_line(text)) return headed(*line, cut);
  if (text.empty() || text.starts_with("--------- ")) return;  // the beginning of a log buffer
  if (!last_thread_ || !extend(*last_thread_, text)) ++events_.report().foreign;
}

void JackImport::headed(const LogcatLine& line, bool cut) {
  const ImportStamp at{clock_.ns(line), line.pid, line.tid};
  const ThreadId thread(line.pid, line.tid);
  last_thread_ = thread;
  if (begins_jack_record(line.text)) {
    close(thread);
    events_.see_process(line.pid, line.tag);
    begin(thread, at, line.text);
  } else if (const auto chunk = jack_continuation(line.text)) {
    go_on(thread, at, *chunk);
  } else if (!extend(thread, line.text)) {
    close(thread);
    events_.see_process(line.pid, "");
    events_.add(at, 0, TraceLog{line.level, import_text(line.tag), import_text(line.text)});
  }
  if (cut) events_.note(at, 0, kWhere, "line " + std::to_string(lines_) + " was cut");
}

bool JackImport::extend(const ThreadId& thread, std::string_view text) {
  const auto found = open_.find(thread);
  if (found == open_.end() || found->second.last_line < kShortestSplitLine || !goes_on(text))
    return false;
  found->second.message.extend(text);
  found->second.last_line = text.size();
  found->second.touched = lines_;
  return true;
}

void JackImport::begin(const ThreadId& thread, const ImportStamp& at, std::string_view text) {
  if (open_.size() >= kMaxOpenMessages) close_oldest();
  OpenMessage& open = open_[thread];
  open.message.begin(text);
  open.at = at;
  open.method = method_in(text);
  open.last_line = text.size();
  open.touched = lines_;
}

void JackImport::go_on(const ThreadId& thread, const ImportStamp& at,
                       const JackContinuation& chunk) {
  const auto found = open_.find(thread);
  if (found == open_.end() || found->second.method != chunk.method) {
    events_.note(at, 0, kWhere,
                 "line " + std::to_string(lines_) + " goes on with a message of " +
                     std::string(chunk.method) + " whose beginning is not in the log");
    events_.lose(at, 0, 0, chunk.text.size(), "a chunk without its beginning");
    return;
  }
  found->second.message.next_chunk(chunk.text);
  found->second.last_line = chunk.text.size();
  found->second.touched = lines_;
}

void JackImport::close(const ThreadId& thread) {
  const auto found = open_.find(thread);
  if (found == open_.end()) return;
  OpenMessage open = std::move(found->second);
  open_.erase(found);
  record(open.at, open.message);
}

void JackImport::close_oldest() {
  const auto oldest = std::min_element(
      open_.begin(), open_.end(),
      [](const auto& a, const auto& b) { return a.second.touched < b.second.touched; });
  if (oldest != open_.end()) close(ThreadId(oldest->first));
}

void JackImport::end() {
  while (!open_.empty()) close(ThreadId(open_.begin()->first));
  std::uint64_t unended = unfollowed_;
  for (const auto& [thread, stack] : native_calls_) unended += stack.calls.size() + stack.above;
  if (unended > 0)
    events_.note({}, 0, kWhere,
                 "the end of " + std::to_string(unended) + " native calls is not in the log");
  events_.finish();
}

void JackImport::say_limits(const ImportStamp& at) {
  if (std::exchange(said_limits_, true)) return;
  events_.note(at, 0, kWhere,
               "this runtime copies 488 bytes of an array at the most, never looks at one again "
               "after a native call, and does not see calls between compiled methods");
}

void JackImport::record(const ImportStamp& at, JackMessage& message) {
  const std::string& text = message.text();
  // Each value is followed by a tab or a space; a line that lost its end has none.
  const bool whole = message.whole() && (text.ends_with('\t') || text.ends_with(' '));
  auto record = parse_jack_record(text, whole);
  ++events_.report().records;
  say_limits(at);
  if (!record) {
    events_.lose(at, 1, 1, text.size(), "a message that ends before the name of its method does");
    return;
  }
  if (record->tap == JackTap::kNativeEnd) {
    write_end(at, *record);
  } else {
    write_call(at, *record);
  }
  if (!message.whole()) {
    events_.note(at, 0, kWhere, "the message of " + record->method + " " + message.gap());
    events_.lose(at, 0, 0, message.left_out(), "chunks behind a hole");
  }
  if (message.unchecked())
    events_.note(at, 0, kWhere,
                 "the last chunk of the message of " + record->method +
                     " shares nothing with the one before: that nothing is missing is not shown");
  if (!record->strange.empty())
    events_.note(at, 0, kWhere,
                 "no rule has \"" + record->strange + "\" in the message of " + record->method);
}

void JackImport::write_call(const ImportStamp& at, JackRecord& record) {
  const bool native = record.tap == JackTap::kNativeCall;
  const std::string name = record.parts ? record.parts->selector(native) : "java:" + record.method;
  const std::uint32_t id =
      events_.method(at, native ? TraceMethodKind::kJni : TraceMethodKind::kJava, name,
                     record.parts ? record.parts->descriptor() : record.shorty);
  if (id == 0) return events_.lose(at, 1, 1, 0, "more methods than this program keeps");
  const auto stack = native_calls_.find(ThreadId(at.pid, at.tid));
  const std::uint64_t parent = stack == native_calls_.end() ? 0 : stack->second.calls.back().call;
  const std::uint64_t call = events_.new_call();
  events_.add(at, call, TraceEnter{id, 0, parent});
  const auto has_receiver = receiver(id, record);
  strip_jack_headers(record, has_receiver);
  if (has_receiver) {
    write_arguments(at, call, record, *has_receiver);
  } else {
    write_untyped(at, call, record);
  }
  if (native) return open_call(at, {call, id, record.method});
  if (record.tap == JackTap::kNotCaught) return;  // nothing says how it ended
  if (record.result) {
    TraceArgument result;
    result.index = kTraceReturnValue;
    result.direction = TraceDirection::kOut;
    if (record.parts) result.type = record.parts->result;
    write_value(at, call, std::move(result), *record.result, false);
  }
  const std::uint64_t value = record.result ? record.result->address.value_or(0) : 0;
  events_.add(at, call, TraceLeave{id, TraceOutcome::kReturned, value, ""});
}

// Waits for the end of the call. A thread stays only while it has such calls: what a log of many
// threads takes is bounded, and ends alone take nothing.
void JackImport::open_call(const ImportStamp& at, NativeCall call) {
  const ThreadId thread(at.pid, at.tid);
  const std::uint64_t id = call.call;
  auto found = native_calls_.find(thread);
  const bool new_thread = found == native_calls_.end();
  if (new_thread && native_calls_.size() < kMaxThreads) {
    native_calls_[thread].calls.push_back(std::move(call));
    return;
  }
  if (!new_thread && found->second.calls.size() < kMaxDepth && found->second.above == 0) {
    found->second.calls.push_back(std::move(call));
    return;
  }
  const std::uint64_t before = new_thread ? unfollowed_++ : found->second.above++;
  if (before == 0)
    events_.note(at, id, kWhere,
                 new_thread ? "more threads have open calls than this program follows: from here "
                              "on calls of others have no end"
                            : "more calls are open in this thread than this program follows: "
                              "from here on deeper ones have no end");
  events_.lose(at, 0, 1, 0, "the end of a call that is not followed");
}

// The end was lost when its call was not followed; its result comes on top.
void JackImport::discard_end(const ImportStamp& at, const JackRecord& record) {
  if (record.result) events_.lose(at, 0, 1, 0, "the result of a call that is not followed");
}

// Whether an end may be that of a call which was refused with its thread.
bool JackImport::is_unfollowed_end(const ThreadId& thread) {
  if (unfollowed_ == 0 || native_calls_.contains(thread)) return false;
  --unfollowed_;
  return true;
}

void JackImport::write_end(const ImportStamp& at, JackRecord& record) {
  strip_jack_headers(record, std::nullopt);
  const ThreadId thread(at.pid, at.tid);
  if (is_unfollowed_end(thread)) return discard_end(at, record);
  const auto found = native_calls_.find(thread);
  if (found != native_calls_.end() && found->second.above > 0) {
    --found->second.above;
    return discard_end(at, record);
  }
  std::vector<NativeCall> none;
  auto& stack = found == native_calls_.end() ? none : found->second.calls;
  const auto begun = std::find_if(stack.rbegin(), stack.rend(), [&](const NativeCall& each) {
    return each.method == record.method;
  });
  if (begun == stack.rend()) {
    events_.note(at, 0, kWhere,
                 "the end of " + record.method + " stands there, its beginning does not");
    events_.lose(at, 1, record.result ? 3 : 2, 0,
                 "a native call whose beginning is not in the log");
    return;
  }
  // Calls above it ended without a word: by an exception, or their lines were dropped.
  for (auto it = stack.rbegin(); it != begun; ++it)
    events_.note(at, it->call, kWhere, "the end of " + it->method + " is not in the log");
  const NativeCall call = *begun;
  stack.erase(std::prev(begun.base()), stack.end());
  if (stack.empty()) native_calls_.erase(found);
  if (record.result) {
    TraceArgument result;
    result.index = kTraceReturnValue;
    result.direction = TraceDirection::kOut;
    if (record.parts) result.type = record.parts->result;
    write_value(at, call.call, std::move(result), *record.result, false);
  }
  const std::uint64_t value = record.result ? record.result->address.value_or(0) : 0;
  events_.add(at, call.call, TraceLeave{call.method_id, TraceOutcome::kReturned, value, ""});
}

// What a whole record shows holds for the method, and helps with those that are cut.
std::optional<bool> JackImport::receiver(std::uint32_t method_id, const JackRecord& record) {
  if (record.tap == JackTap::kNotCaught) return false;  // it has no values at all
  const auto found = receivers_.find(method_id);
  const auto known = found == receivers_.end() ? std::nullopt : std::optional(found->second);
  const auto out = jack_receiver(record, known);
  const bool shown = record.arguments.size() >= record.declared() && record.whole && !record.torn;
  if (out && (*out || shown)) receivers_[method_id] = *out;
  return out;
}

// The values in their order: which parameters they are does not show.
void JackImport::write_untyped(const ImportStamp& at, std::uint64_t call,
                               const JackRecord& record) {
  std::int32_t index = 0;
  for (JackValue value : record.arguments) {
    TraceArgument argument;
    argument.index = index++;
    if (value.number)
      events_.note(at, call, kWhere, "a number of no known type: " + format_double(*value.number));
    value.number.reset();
    write_value(at, call, std::move(argument), value, false);
  }
  const std::size_t seen = record.arguments.size();
  const std::size_t declared = record.declared();
  if (seen > 0)
    events_.note(at, call, kWhere,
                 "the message of " + record.method +
                     " is cut, and does not show whether its first value is the receiver: "
                     "arguments stand in their order, without types");
  if (std::max(seen, declared) == 0) return;  // nothing shows that there was a receiver to lose
  events_.lose(at, 0, std::max<std::size_t>(declared - std::min(declared, seen), 1), 0,
               "arguments that did not come through");
}

// All are called "ARG 1" by the native tap: their order says which they are.
void JackImport::write_arguments(const ImportStamp& at, std::uint64_t call,
                                 const JackRecord& record, bool has_receiver) {
  const std::size_t declared = record.declared();
  std::int32_t index = has_receiver ? kTraceThis : 0;
  for (const JackValue& value : record.arguments) {
    TraceArgument argument;
    argument.index = index;
    const auto place = static_cast<std::size_t>(index);
    if (index >= 0 && record.parts && place < record.parts->parameters.size())
      argument.type = record.parts->parameters[place];
    const bool is_double =
        argument.type == "double" ||
        (index >= 0 && place + 1 < record.shorty.size() && record.shorty[place + 1] == 'D');
    write_value(at, call, std::move(argument), value,
                is_double && record.tap == JackTap::kNativeCall);
    index = index == kTraceThis ? 0 : index + 1;
  }
  // The receiver is lost like a parameter, if it must have been there.
  const std::size_t expected = declared + (has_receiver ? 1 : 0);
  const std::size_t seen = record.arguments.size();
  if (record.tap != JackTap::kNotCaught && seen < expected) {
    events_.lose(at, 0, expected - seen, 0, "arguments that did not come through");
  } else if (record.tap == JackTap::kNotCaught && declared > 0) {
    events_.lose(at, 0, declared, 0, "arguments that the runtime did not copy");
  }
}

void JackImport::write_value(const ImportStamp& at, std::uint64_t call, TraceArgument argument,
                             const JackValue& value, bool is_wrong_double) {
  argument.address = value.address.value_or(0);
  argument.dtype = dtype_of_array(argument.type);
  if (is_wrong_double) {
    argument.address = 0;  // what is printed is the bits taken for a whole number
    events_.note(at, call, kWhere, "this runtime prints no double of a native call rightly");
  } else if (value.number) {
    argument.address = argument.type == "double"
                           ? std::bit_cast<std::uint64_t>(*value.number)
                           : std::bit_cast<std::uint32_t>(static_cast<float>(*value.number));
  }
  if (value.elements) {
    argument.length = *value.elements * element_bytes(argument.type);
    argument.shape = {*value.elements};
  } else if (value.has_bytes) {
    argument.length = value.bytes.size();
  }
  if (value.has_bytes && value.bytes.empty()) argument.buffer.held = TraceHeld::kDropped;
  if (value.unread == "Address NULL" || value.unread.starts_with("EXECUTABLE"))
    argument.buffer.held = TraceHeld::kUnreadable;
  std::string bytes = value.bytes;
  // What stands behind the array in memory is none of it.
  if (value.elements && bytes.size() > argument.length)
    bytes.resize(static_cast<std::size_t>(argument.length));
  if (value.torn)
    events_.note(at, call, kWhere, "the bytes of an argument end before those that were written");
  events_.add_argument(at, call, std::move(argument), std::move(bytes));
}

}  // namespace

std::unique_ptr<ImportSource> make_jack_import(ImportEvents& events) {
  return std::make_unique<JackImport>(events);
}

}  // namespace dl::capture
