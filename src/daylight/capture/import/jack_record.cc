// SPDX-License-Identifier: Apache-2.0
// The grammar of docs/formats/imports.md, read from the left until it no longer holds.
#include "daylight/capture/import/jack_record.h"

#include <algorithm>
#include <charconv>

#include "daylight/base/bytes.h"
#include "daylight/base/text.h"

namespace dl::capture {
namespace {

constexpr std::string_view kMark = "JACK LOG: ";
constexpr std::string_view kInvoke = "INVOKING";
constexpr std::string_view kTrampoline = " JNI TRAMPOLINE ";
constexpr std::string_view kEnd = "JNIGENERIC END";
constexpr std::string_view kNotCaught = "NON CAUGHT METHOD";
constexpr std::string_view kContinued = " CONT.\t";
// Class, lock word, length.
constexpr std::size_t kArrayHeaderBytes = 12;
constexpr std::size_t kMaxArguments = 256;

std::string_view without_tabs(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of('\t'), text.size()));
  return text;
}

std::optional<std::uint64_t> hexadecimal(std::string_view text) {
  if (text.starts_with("0x")) text.remove_prefix(2);
  std::uint64_t value = 0;
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc{} || at != text.data() + text.size()) return std::nullopt;
  return value;
}

// Cells between tabs; several tabs are one.
class Cells {
 public:
  explicit Cells(std::string_view text) : text_(text) {}

  bool done() const { return text_.empty(); }
  // The next cell, without taking it.
  std::string_view peek() {
    text_ = without_tabs(text_);
    return text_.substr(0, std::min(text_.find('\t'), text_.size()));
  }
  // Whether the cell that is next ends with the text: no tab behind it.
  bool next_is_last() { return peek().size() == text_.size(); }
  std::string_view take() {
    const std::string_view out = peek();
    text_.remove_prefix(out.size());
    return out;
  }

 private:
  std::string_view text_;
};

bool takes_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// "78 56 4 0 ffffffd8 ": a byte each, not padded, of a signed char where it has eight digits. The
// last one of a message that was torn may have lost a digit, and is left out.
void add_bytes(std::string_view text, bool torn, JackValue& out) {
  while (true) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    if (text.empty()) return;
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end == text.size() && torn) {
      out.torn = true;
      return;
    }
    const std::string_view word = text.substr(0, end);
    const auto value = hexadecimal(word);
    const bool is_byte = value && (word.size() <= 2 || (word.size() == 8 && *value >= 0xffffff00));
    if (!is_byte || word.starts_with("0x")) {
      out.torn = true;  // bytes behind it would stand at the wrong place
      return;
    }
    out.bytes += static_cast<char>(*value & 0xff);
    text.remove_prefix(end);
  }
}

// "Bytes at 0x13f4c20: 78 56 ...", "Data at Ret: ...", " LONG IS HEAP REFERENCE 78 ...".
bool read_dump(std::string_view cell, bool torn, JackValue& out) {
  if (takes_prefix(cell, "Bytes at ") || takes_prefix(cell, "Data at ")) {
    const std::size_t colon = cell.find(':');
    out.has_bytes = true;
    if (colon == std::string_view::npos) {
      out.torn = true;
    } else {
      add_bytes(cell.substr(colon + 1), torn, out);
    }
    return true;
  }
  if (takes_prefix(cell, " LONG IS HEAP REFERENCE") ||
      takes_prefix(cell, "LONG IS HEAP REFERENCE")) {
    out.has_bytes = true;
    add_bytes(cell, torn, out);
    return true;
  }
  for (const std::string_view reason : {std::string_view("NULL"), std::string_view("Address NULL"),
                                        std::string_view("EXECUTABLE ONLY(THIS IS WEIRD)")}) {
    if (cell != reason) continue;
    out.unread = reason;
    return true;
  }
  return false;
}

JackValue value_of(std::string_view text, bool decimal) {
  JackValue out;
  if (text.find('.') != std::string_view::npos) {
    out.number = parse_double(text);
  } else if (decimal && !text.starts_with("0x")) {
    const auto value = parse_integer(text);
    if (value) out.address = static_cast<std::uint64_t>(*value);
    if (!value) out.address = hexadecimal(text);  // %lx
  } else {
    out.address = hexadecimal(text);
  }
  return out;
}

// The dumps that follow a value.
void read_dumps(Cells& cells, bool whole, JackValue& out) {
  while (!cells.done()) {
    const bool torn = !whole && cells.next_is_last();
    if (!read_dump(cells.peek(), torn, out)) return;
    cells.take();
  }
}

void read_values(Cells& cells, bool whole, JackRecord& out) {
  while (!cells.done() && !cells.peek().empty()) {
    const bool torn = !whole && cells.next_is_last();
    std::string_view cell = cells.take();
    const bool is_argument = takes_prefix(cell, "ARG ");
    const bool is_result = !is_argument && (takes_prefix(cell, "Ret:"));
    const std::size_t colon = is_argument ? cell.find(':') : 0;
    if ((!is_argument && !is_result) || colon == std::string_view::npos ||
        out.arguments.size() >= kMaxArguments) {
      if (!torn) out.strange = std::string(cell.substr(0, 80));
      out.torn = true;
      return;
    }
    if (is_argument) cell.remove_prefix(colon + 1);
    if (torn) {  // the number may have lost digits
      out.torn = true;
      return;
    }
    JackValue value = value_of(trim(cell), is_result);
    read_dumps(cells, whole, value);
    out.torn = out.torn || value.torn;
    if (is_argument) out.arguments.push_back(std::move(value));
    if (is_result) out.result = std::move(value);
  }
}

void read_args_size(Cells& cells, bool whole, JackRecord& out) {
  std::string_view cell = cells.peek();
  if (!takes_prefix(cell, "Args size: ")) return;
  const bool torn = !whole && cells.next_is_last();  // it may have lost digits
  cells.take();
  const auto size = parse_integer(cell);
  if (size && *size >= 0 && !torn) out.args_size = static_cast<std::uint64_t>(*size);
}

// The result of a native call has no "Ret:" where the runtime prints it bare.
void read_end(Cells& cells, bool whole, JackRecord& out) {
  if (cells.peek().starts_with("Ret:")) return read_values(cells, whole, out);
  const bool torn = !whole && cells.next_is_last();
  if (cells.peek().empty() || torn) {
    out.torn = out.torn || torn;
    return;
  }
  JackValue value = value_of(trim(cells.take()), true);
  read_dumps(cells, whole, value);
  out.torn = out.torn || value.torn;
  out.result = std::move(value);
}

// Bytes of an array of numbers begin behind its header, whose length is kept.
void strip_header(std::string_view type, JackValue& value) {
  if (element_bytes(type) == 0 || !value.has_bytes) return;
  const auto elements = load_le<std::uint32_t>(as_bytes(value.bytes), 8);
  if (elements) value.elements = *elements;
  value.bytes.erase(0, kArrayHeaderBytes);
}

// What each parameter is, in a letter of the shorty.
std::string kinds_of(const JackRecord& record) {
  if (!record.parts) return record.shorty.substr(std::min<std::size_t>(record.shorty.size(), 1));
  std::string out;
  for (const std::string& type : record.parts->parameters) {
    const std::string descriptor = descriptor_of_type(type);
    out += descriptor.empty() || descriptor[0] == '[' ? 'L' : descriptor[0];
  }
  return out;
}

// Whether the writer could have printed such a value of this kind. It dumps memory at references
// and at longs that look like one, and prints a fraction of floating numbers alone.
bool can_be(char kind, const JackValue& value) {
  const bool dumped = value.has_bytes || !value.unread.empty();
  if (dumped && kind != 'L' && kind != 'J') return false;
  return !value.number || kind == 'F' || kind == 'D';
}

bool can_begin_with(bool receiver, const std::string& kinds, const JackRecord& record) {
  const std::string all = (receiver ? "L" : "") + kinds;
  if (record.arguments.size() > all.size()) return false;
  for (std::size_t i = 0; i < record.arguments.size(); ++i)
    if (!can_be(all[i], record.arguments[i])) return false;
  return true;
}

std::uint64_t bytes_of_parameters(const std::string& kinds) {
  std::uint64_t out = 0;
  for (const char kind : kinds) out += kind == 'J' || kind == 'D' ? 8 : 4;
  return out;
}

std::optional<JackTap> tap_of(std::string_view& text) {
  text = without_tabs(text);
  if (!takes_prefix(text, kMark)) return std::nullopt;
  if (takes_prefix(text, kEnd)) return JackTap::kNativeEnd;
  if (takes_prefix(text, kNotCaught)) return JackTap::kNotCaught;
  if (!takes_prefix(text, kInvoke)) return std::nullopt;
  return takes_prefix(text, kTrampoline) ? JackTap::kNativeCall : JackTap::kInvoke;
}

}  // namespace

bool begins_jack_record(std::string_view text) { return tap_of(text).has_value(); }

std::optional<JackContinuation> jack_continuation(std::string_view text) {
  if (begins_jack_record(text)) return std::nullopt;
  text = without_tabs(text);
  if (!takes_prefix(text, kMark)) return std::nullopt;
  const std::size_t at = text.find(kContinued);
  if (at == std::string_view::npos) return std::nullopt;
  return JackContinuation{text.substr(0, at), text.substr(at + kContinued.size())};
}

std::optional<JackRecord> parse_jack_record(std::string_view text, bool whole) {
  const auto tap = tap_of(text);
  if (!tap) return std::nullopt;
  JackRecord out;
  out.tap = *tap;
  out.whole = whole;
  Cells cells(text);
  if (!whole && cells.next_is_last()) return std::nullopt;  // the name itself was cut
  out.method = std::string(trim(cells.take()));
  if (out.method.empty()) return std::nullopt;
  out.parts = parse_pretty_method(out.method);
  if (out.tap == JackTap::kNativeEnd) {
    read_end(cells, whole, out);
  } else {
    std::string_view shorty = cells.peek();
    if (takes_prefix(shorty, "SHORTY: ")) {
      out.shorty = std::string(shorty);
      cells.take();
    }
    read_args_size(cells, whole, out);
    read_values(cells, whole, out);
  }
  return out;
}

std::size_t JackRecord::declared() const {
  return parts ? parts->parameters.size() : std::max<std::size_t>(shorty.size(), 1) - 1;
}

std::optional<bool> jack_receiver(const JackRecord& record, std::optional<bool> known) {
  const std::size_t declared = record.declared();
  if (record.arguments.size() > declared) return record.arguments.size() == declared + 1;
  const std::string kinds = kinds_of(record);
  const bool with = can_begin_with(true, kinds, record);
  const bool without = can_begin_with(false, kinds, record);
  if (with != without) return with;
  if (known) return known;
  if (record.tap == JackTap::kInvoke && record.args_size == bytes_of_parameters(kinds))
    return false;  // a static method
  // A record that is not whole has as many values with a receiver as without one, only other ones.
  const bool all_came = record.result || (record.whole && !record.torn);
  if (all_came && record.arguments.size() == declared) return false;
  return std::nullopt;
}

void strip_jack_headers(JackRecord& record, std::optional<bool> receiver) {
  if (!record.parts) return;
  const auto& parameters = record.parts->parameters;
  const std::size_t first = receiver.value_or(false) ? 1 : 0;
  for (std::size_t i = first; receiver && i < record.arguments.size(); ++i) {
    if (i - first < parameters.size()) strip_header(parameters[i - first], record.arguments[i]);
  }
  if (record.result) strip_header(record.parts->result, *record.result);
}

}  // namespace dl::capture
