// SPDX-License-Identifier: Apache-2.0
// jnitrace's JSON: an array of calls of the JNI function table, read one record at a time.
#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "daylight/artifact/selector.h"
#include "daylight/base/json.h"
#include "daylight/base/text.h"
#include "daylight/capture/import/import_source.h"

namespace dl::capture {
namespace {

constexpr const char* kWhere = "import:jnitrace";
constexpr std::size_t kMaxArguments = 512;
constexpr double kLongestMs = 1e12;  // 31 years

// "0x7b0c", "-3", "12". Nothing for what does not fit into 64 bits: it would stand there as
// another number.
std::optional<std::uint64_t> bits_of_text(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const bool hex = text.starts_with("0x");
  if (hex) text.remove_prefix(2);
  std::uint64_t out = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, out, hex ? 16 : 10);
  if (error != std::errc{} || at != end) return std::nullopt;
  if (negative && out > std::uint64_t{1} << 63) return std::nullopt;
  return negative ? 0 - out : out;
}

// "0x7b0c", 12, true: what jnitrace writes as a value.
std::optional<std::uint64_t> bits_of(const Json& value) {
  if (value.is_boolean()) return value.get<bool>() ? 1 : 0;
  if (value.is_number_unsigned()) return value.get<std::uint64_t>();
  if (value.is_number_integer()) return static_cast<std::uint64_t>(value.get<std::int64_t>());
  if (value.is_string()) return bits_of_text(value.get_ref<const std::string&>());
  return std::nullopt;
}

bool is_float(std::string_view type) { return type == "jfloat" || type == "float"; }
bool is_double(std::string_view type) { return type == "jdouble" || type == "double"; }

// A value as it lies in memory, by its type: JavaScript writes 1.0 as 1, so that a number of a
// floating type is never bits. A hexadecimal text is.
std::optional<std::uint64_t> bits_of_type(std::string_view type, const Json& value) {
  if (!is_float(type) && !is_double(type)) return bits_of(value);
  std::optional<double> number;
  if (value.is_number()) number = value.get<double>();
  if (value.is_string()) {
    const std::string& text = value.get_ref<const std::string&>();
    if (text.starts_with("0x")) return bits_of_text(text);
    number = parse_double(text);
  }
  if (!number) return std::nullopt;
  if (is_double(type)) return std::bit_cast<std::uint64_t>(*number);
  if (std::abs(*number) > std::numeric_limits<float>::max()) return std::nullopt;
  return std::bit_cast<std::uint32_t>(static_cast<float>(*number));
}

// The buffers travel as hexadecimal text.
std::optional<std::string> bytes_of(const std::string& text) {
  if (text.empty() || text.size() % 2 != 0) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const std::size_t high = std::string_view("0123456789abcdef").find(text[i]);
    const std::size_t low = std::string_view("0123456789abcdef").find(text[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
  }
  return out;
}

// Types of arguments whose `data` is the text itself, not a buffer in hexadecimal.
bool is_text(const std::string& type) {
  return type == "char*" || type == "const char*" || type == "jstring";
}

std::string text_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

class JnitraceImport final : public ImportSource {
 public:
  explicit JnitraceImport(ImportEvents& events) : events_(events) {}
  void feed(std::string_view piece) override;
  void finish() override;

 private:
  void take(char c);
  void end_record();
  void record(const Json& json);
  // Returns the bits of the value, 0 where they cannot be read.
  std::uint64_t write_value(const ImportStamp& at, std::uint64_t call, TraceArgument argument,
                            const Json& value);
  std::uint64_t read_bits(const ImportStamp& at, std::uint64_t call, const TraceArgument& argument,
                          const Json& value);
  void unread(const std::string& why);

  ImportEvents& events_;
  // Where the reader stands in the array.
  bool in_array_ = false;
  bool ended_ = false;
  bool quoted_ = false;
  bool escaped_ = false;
  int depth_ = 0;
  bool too_long_ = false;
  std::string text_;  // of the record
  ImportStamp last_ = {};
  std::optional<std::uint64_t> first_ns_;
  std::uint64_t numbers_ = 0;
};

void JnitraceImport::unread(const std::string& why) {
  events_.note(last_, 0, kWhere, "record " + std::to_string(numbers_) + " " + why);
  events_.lose(last_, 1, 1, text_.size(), "a record that cannot be read");
}

void JnitraceImport::feed(std::string_view piece) {
  for (const char c : piece) take(c);
}

// Finds the ends of records by brackets alone; what stands in one is read afterwards.
void JnitraceImport::take(char c) {
  if (depth_ == 0) {
    if (c == '[' && !in_array_ && !ended_) {
      in_array_ = true;
    } else if (c == ']' && in_array_) {
      in_array_ = false;
      ended_ = true;
    } else if (c == '{' && !ended_) {  // also one record in each line, without an array
      depth_ = 1;
      text_ = "{";
      too_long_ = false;
    }
    return;
  }
  if (text_.size() < kMaxImportLine) {
    text_ += c;
  } else {
    too_long_ = true;
  }
  if (quoted_) {
    if (!escaped_ && c == '"') quoted_ = false;
    escaped_ = !escaped_ && c == '\\';
  } else if (c == '"') {
    quoted_ = true;
  } else if (c == '{' || c == '[') {
    ++depth_;
  } else if ((c == '}' || c == ']') && --depth_ == 0) {
    end_record();
  }
}

void JnitraceImport::end_record() {
  ++numbers_;
  if (too_long_) return unread("is longer than this program keeps");
  const auto json = parse_json(text_, kWhere);
  if (!json) return unread("is no JSON: " + json.error().what);
  record(*json);
}

void JnitraceImport::record(const Json& json) {
  const auto method = json.find("method");
  const std::string name = method == json.end() ? "" : text_at(*method, "name");
  const auto arguments = json.find("args");
  if (name.empty() || arguments == json.end() || !arguments->is_array())
    return unread("is no call: it has no method with a name, or no arguments");
  ++events_.report().records;
  const auto time = json.find("timestamp");
  if (time != json.end() && time->is_number()) {
    const double ms = time->get<double>();
    if (std::isfinite(ms) && ms >= 0 && ms < kLongestMs) {
      const auto ns = static_cast<std::uint64_t>(ms) * 1'000'000;
      if (!first_ns_) first_ns_ = ns;
      last_.time_ns = ns - std::min(ns, *first_ns_);
    }
  }
  const auto thread = json.find("thread_id");
  last_.tid = thread == json.end() ? 0 : static_cast<std::uint32_t>(bits_of(*thread).value_or(0));
  const ImportStamp at = last_;

  const std::string table = text_at(json, "struct");
  const std::string library = table.empty() ? "JNIEnv" : table;
  std::vector<std::string> types;
  if (const auto list = method->find("args"); list != method->end() && list->is_array())
    for (const Json& each : *list) types.push_back(each.is_string() ? each.get<std::string>() : "");
  const std::string result_type = text_at(*method, "ret");
  std::string signature = result_type + " (";
  for (const std::string& each : types) signature += (&each == types.data() ? "" : ", ") + each;
  // The functions of the tables are what libraries import, though by address.
  const std::uint32_t id =
      events_.method(at, TraceMethodKind::kImport, print_selector(import_selector(library, name)),
                     signature + ")");
  if (id == 0) return events_.lose(at, 1, 1, 0, "more methods than this program keeps");

  // Java's own arguments stand behind those of the table's function.
  const bool open_list = !types.empty() && types.back() == "...";
  if (open_list) types.pop_back();
  if (const auto list = json.find("java_params"); list != json.end() && list->is_array())
    for (const Json& each : *list) types.push_back(each.is_string() ? each.get<std::string>() : "");
  std::uint64_t caller = 0;
  if (const auto trace = json.find("backtrace");
      trace != json.end() && trace->is_array() && !trace->empty() && trace->front().is_object()) {
    if (const auto address = trace->front().find("address"); address != trace->front().end())
      caller = bits_of(*address).value_or(0);
  }
  const std::uint64_t call = events_.new_call();
  events_.add(at, call, TraceEnter{id, caller, 0});
  std::size_t index = 0;
  for (const Json& value : *arguments) {
    if (index >= kMaxArguments) {
      events_.lose(at, 0, arguments->size() - index, 0, "more arguments than this program keeps");
      break;
    }
    TraceArgument argument;
    argument.index = static_cast<std::int32_t>(index);
    if (index < types.size()) argument.type = types[index];
    write_value(at, call, std::move(argument), value);
    ++index;
  }
  std::uint64_t bits = 0;
  if (const auto result = json.find("ret"); result != json.end() && result->is_object()) {
    const auto value = result->find("value");
    // JSON has no NaN: one of a floating type stands there as null.
    const bool floating = is_float(result_type) || is_double(result_type);
    if (value != result->end() && (floating || !value->is_null())) {
      TraceArgument argument;
      argument.index = kTraceReturnValue;
      argument.direction = TraceDirection::kOut;
      argument.type = result_type;
      bits = write_value(at, call, std::move(argument), *result);
    }
  }
  // A record is written when the call has returned.
  events_.add(at, call, TraceLeave{id, TraceOutcome::kReturned, bits, ""});
}

std::uint64_t JnitraceImport::read_bits(const ImportStamp& at, std::uint64_t call,
                                        const TraceArgument& argument, const Json& value) {
  const auto bits = bits_of_type(argument.type, value);
  if (bits) return *bits;
  const std::string place = argument.index == kTraceReturnValue
                                ? "the result"
                                : "argument " + std::to_string(argument.index);
  events_.note(at, call, kWhere,
               "the value of " + place + " cannot be read: " + dump_json_line(value).substr(0, 80) +
                   (argument.type.empty() ? "" : " as " + argument.type));
  events_.lose(at, 0, 1, 0, "a value that cannot be read");
  return 0;
}

std::uint64_t JnitraceImport::write_value(const ImportStamp& at, std::uint64_t call,
                                          TraceArgument argument, const Json& value) {
  if (!value.is_object()) {
    events_.note(at, call, kWhere, "an argument is no object");
    events_.add(at, call, std::move(argument));
    return 0;
  }
  const auto found = value.find("value");
  if (found != value.end()) argument.address = read_bits(at, call, argument, *found);
  const std::uint64_t bits = argument.address;
  argument.name = text_at(value, "metadata");
  std::string bytes;
  const auto data = value.find("data");
  if (data != value.end() && data->is_string()) {
    const std::string text = data->get<std::string>();
    const auto buffer = is_text(argument.type) ? std::nullopt : bytes_of(text);
    bytes = buffer ? *buffer : text;
    argument.length = bytes.size();
  } else if (data != value.end() && !data->is_null()) {
    bytes = dump_json_line(*data);  // the table of RegisterNatives
    argument.length = bytes.size();
  }
  events_.add_argument(at, call, std::move(argument), std::move(bytes));
  return bits;
}

void JnitraceImport::finish() {
  if (depth_ > 0) {
    ++numbers_;
    unread("is cut: the file ends in it");
  } else if (!ended_ && in_array_) {
    events_.note(last_, 0, kWhere, "the array of records does not end: the file is cut");
  }
  events_.finish();
}

}  // namespace

std::unique_ptr<ImportSource> make_jnitrace_import(ImportEvents& events) {
  return std::make_unique<JnitraceImport>(events);
}

}  // namespace dl::capture
