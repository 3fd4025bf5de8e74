// SPDX-License-Identifier: Apache-2.0
// The stack machine of Python's pickle format, protocols 0 to 5, without its dangerous half.
#include "daylight/format/encoding/pickle.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "daylight/base/text.h"

namespace dl {
namespace {

// Big-endian, as BINFLOAT stores it.
double big_endian_double(ByteSpan bytes) {
  std::uint64_t bits = 0;
  for (const std::uint8_t byte : bytes) bits = bits << 8U | byte;
  double value = 0;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

class PickleMachine {
 public:
  explicit PickleMachine(ByteSpan bytes) : bytes_(bytes), reader_(bytes) {}

  Result<Pickle> run() {
    while (!stopped_) {
      const auto opcode = static_cast<char>(reader_.u8());
      if (!reader_.ok()) return broken("ends before its end instruction");
      step(opcode);
      if (!error_.empty()) return broken(error_);
      if (!reader_.ok()) return broken("an instruction ends outside");
      if (out_.values.size() > kMaxPickleValues || memo_.size() > kMaxPickleMemo)
        return fail(ErrorCode::kLimit, "the pickle has too many values");
    }
    out_.size = reader_.offset();
    return std::move(out_);
  }
  // After run() failed.
  std::vector<std::string> take_globals() { return std::move(out_.globals); }

 private:
  static constexpr PickleId kMark = 0xffffffff;

  tl::unexpected<Error> broken(const std::string& why) const {
    return fail(ErrorCode::kCorrupt, "not a pickle: " + why,
                "offset " + std::to_string(reader_.offset()));
  }
  void error(const char* why) {
    if (error_.empty()) error_ = why;
  }

  // The stack.
  PickleId add(PickleValue value) {
    const auto id = static_cast<PickleId>(out_.values.size());
    value.state = id;
    out_.values.push_back(std::move(value));
    return id;
  }
  void push(PickleValue value) { stack_.push_back(add(std::move(value))); }
  void push_kind(PickleKind kind) { push({.kind = kind}); }
  void push_text(PickleKind kind, ByteSpan text) { push({.kind = kind, .text = as_text(text)}); }
  void push_integer(std::int64_t value) { push({.kind = PickleKind::kInteger, .integer = value}); }
  PickleId pop() {
    if (stack_.empty() || stack_.back() == kMark) {
      error("an instruction lacks its operands");
      return none();
    }
    const PickleId id = stack_.back();
    stack_.pop_back();
    return id;
  }
  PickleId none() {
    if (out_.values.empty()) add({});
    return 0;
  }
  // Everything above the last mark, which goes too.
  std::vector<PickleId> pop_mark() {
    const auto mark = std::find(stack_.rbegin(), stack_.rend(), kMark);
    if (mark == stack_.rend()) {
      error("there is no mark");
      return {};
    }
    std::vector<PickleId> items(mark.base(), stack_.end());
    stack_.erase(mark.base() - 1, stack_.end());
    return items;
  }
  void push_items(PickleKind kind, std::vector<PickleId> items) {
    push({.kind = kind, .items = std::move(items)});
  }
  void push_tuple(std::size_t count) {
    std::vector<PickleId> items(count);
    for (std::size_t i = count; i-- > 0;) items[i] = pop();
    push_items(PickleKind::kTuple, std::move(items));
  }
  // The container that the items below were put on.
  PickleValue* top() {
    if (stack_.empty() || stack_.back() == kMark) {
      error("an instruction lacks its operands");
      return nullptr;
    }
    return &out_.values[stack_.back()];
  }
  // Lists, dictionaries and sets take items; so may objects that only Python would know.
  void extend(const std::vector<PickleId>& items) {
    if (PickleValue* value = top()) {
      const bool holds = value->kind == PickleKind::kList || value->kind == PickleKind::kDict ||
                         value->kind == PickleKind::kSet;
      if (holds) value->items.insert(value->items.end(), items.begin(), items.end());
    }
  }

  // Lines of protocol 0, without their end.
  ByteSpan line() {
    const std::size_t end = as_text(bytes_).find('\n', static_cast<std::size_t>(reader_.offset()));
    if (end == std::string_view::npos) {
      error("a line has no end");
      return {};
    }
    const ByteSpan text = reader_.take(end - reader_.offset());
    reader_.skip(1);
    return text;
  }
  void push_line_number() {
    std::string_view text = as_text(line());
    if (text == "00" || text == "01") {
      push({.kind = PickleKind::kBool, .integer = text == "01" ? 1 : 0});
      return;
    }
    if (text.ends_with('L')) text.remove_suffix(1);
    const auto value = parse_integer(text);
    if (!value && (text.empty() || text.find_first_not_of("-0123456789") != std::string_view::npos))
      error("no number where one is due");
    push({.kind = PickleKind::kInteger,
          .integer = value ? *value : 0,
          .text = value ? std::string_view() : text});
  }
  void push_line_float() {
    const auto value = parse_double(as_text(line()));
    if (!value) error("no number where one is due");
    push({.kind = PickleKind::kFloat, .real = value.value_or(0)});
  }
  // Little-endian two's complement of any width.
  void push_long(std::uint64_t width) {
    const ByteSpan digits = reader_.take(width);
    if (digits.size() > sizeof(std::int64_t)) {
      push({.kind = PickleKind::kInteger, .text = as_text(digits)});
      return;
    }
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < digits.size(); ++i) value |= std::uint64_t{digits[i]} << (8 * i);
    const std::size_t bits = digits.size() * 8;
    if (bits != 0 && bits < 64 && (digits.back() & 0x80U) != 0) value |= ~std::uint64_t{0} << bits;
    push_integer(static_cast<std::int64_t>(value));
  }

  // Names.
  void push_global(std::string_view module, std::string_view name) {
    if (module.size() > kMaxPickleName || name.size() > kMaxPickleName)
      return error("a name is too long");
    std::string text = std::string(module) + " " + std::string(name);
    const auto [at, is_new] = numbers_.emplace(text, static_cast<std::int64_t>(numbers_.size()));
    if (is_new) out_.globals.push_back(std::move(text));
    push({.kind = PickleKind::kGlobal, .integer = at->second});
  }
  void push_global_lines() {
    const std::string_view module = as_text(line());
    push_global(module, as_text(line()));
  }
  void push_stack_global() {
    const PickleId name = pop();
    const PickleId module = pop();
    if (!error_.empty()) return;
    push_global(out_.at(module).text, out_.at(name).text);
  }

  void push_call(PickleKind kind, std::vector<PickleId> parts) {
    push_items(kind, std::move(parts));
  }
  void reduce(PickleKind kind) {
    const PickleId arguments = pop();
    const PickleId callee = pop();
    push_call(kind, {callee, arguments});
  }
  void instance() {
    const std::string_view module = as_text(line());
    const std::string_view name = as_text(line());
    std::vector<PickleId> arguments = pop_mark();
    push_global(module, name);
    const PickleId callee = pop();
    const PickleId tuple = add({.kind = PickleKind::kTuple, .items = std::move(arguments)});
    push_call(PickleKind::kObject, {callee, tuple});
  }
  void object() {
    std::vector<PickleId> parts = pop_mark();
    if (parts.empty()) return error("an object has no class");
    const PickleId callee = parts.front();
    parts.erase(parts.begin());
    const PickleId tuple = add({.kind = PickleKind::kTuple, .items = std::move(parts)});
    push_call(PickleKind::kObject, {callee, tuple});
  }
  void new_object_keywords() {
    const PickleId keywords = pop();
    const PickleId arguments = pop();
    const PickleId callee = pop();
    push_call(PickleKind::kObject, {callee, arguments, keywords});
  }
  void build() {
    const PickleId state = pop();
    if (PickleValue* value = top()) value->state = state;
  }

  // The memo.
  void memoize(std::uint64_t key) {
    if (stack_.empty() || stack_.back() == kMark) return error("nothing to remember");
    memo_[key] = stack_.back();
  }
  void recall(std::uint64_t key) {
    const auto at = memo_.find(key);
    if (at == memo_.end()) return error("remembers what was never there");
    stack_.push_back(at->second);
    if (stack_.size() > kMaxPickleValues) error("the stack is too deep");
  }
  std::uint64_t line_key() {
    const auto key = parse_integer(as_text(line()));
    if (!key || *key < 0) error("no number where one is due");
    return key && *key >= 0 ? static_cast<std::uint64_t>(*key) : 0;
  }

  void step(char opcode) {
    if (step_value(opcode) || step_container(opcode) || step_name(opcode)) return;
    error("an instruction is unknown");
  }

  bool step_value(char opcode) {
    switch (opcode) {
      case 'N':
        push_kind(PickleKind::kNone);
        return true;
      case '\x88':
      case '\x89':
        push({.kind = PickleKind::kBool, .integer = opcode == '\x88' ? 1 : 0});
        return true;
      case 'I':
      case 'L':
        push_line_number();
        return true;
      case 'F':
        push_line_float();
        return true;
      case 'J':
        push_integer(reader_.i32());
        return true;
      case 'K':
        push_integer(reader_.u8());
        return true;
      case 'M':
        push_integer(reader_.u16());
        return true;
      case '\x8a':
        push_long(reader_.u8());
        return true;
      case '\x8b':
        push_long(reader_.u32());
        return true;
      case 'G':
        push({.kind = PickleKind::kFloat, .real = big_endian_double(reader_.take(8))});
        return true;
      case 'S':
      case 'V':
        push_text(PickleKind::kText, line());
        return true;
      case 'T':
      case 'X':
        push_text(PickleKind::kText, reader_.take(reader_.u32()));
        return true;
      case 'U':
      case '\x8c':
        push_text(PickleKind::kText, reader_.take(reader_.u8()));
        return true;
      case '\x8d':
        push_text(PickleKind::kText, reader_.take(reader_.u64()));
        return true;
      case 'B':
        push_text(PickleKind::kBytes, reader_.take(reader_.u32()));
        return true;
      case 'C':
        push_text(PickleKind::kBytes, reader_.take(reader_.u8()));
        return true;
      case '\x8e':
      case '\x96':
        push_text(PickleKind::kBytes, reader_.take(reader_.u64()));
        return true;
      case '\x97':
        push_kind(PickleKind::kOther);
        return true;
      default:
        return false;
    }
  }

  bool step_container(char opcode) {
    switch (opcode) {
      case '(':
        stack_.push_back(kMark);
        if (stack_.size() > kMaxPickleValues) error("the stack is too deep");
        return true;
      case '0':
        if (!stack_.empty()) stack_.pop_back();
        return true;
      case '1':
        pop_mark();
        return true;
      case '2':
        if (top() != nullptr) stack_.push_back(stack_.back());
        if (stack_.size() > kMaxPickleValues) error("the stack is too deep");
        return true;
      case '.':
        out_.root = pop();
        stopped_ = true;
        return true;
      case ')':
        push_kind(PickleKind::kTuple);
        return true;
      case ']':
        push_kind(PickleKind::kList);
        return true;
      case '}':
        push_kind(PickleKind::kDict);
        return true;
      case '\x8f':
        push_kind(PickleKind::kSet);
        return true;
      case 't':
        push_items(PickleKind::kTuple, pop_mark());
        return true;
      case '\x85':
      case '\x86':
      case '\x87':
        push_tuple(static_cast<std::size_t>(opcode - '\x84'));
        return true;
      case 'l':
        push_items(PickleKind::kList, pop_mark());
        return true;
      case 'd':
        push_items(PickleKind::kDict, pop_mark());
        return true;
      case '\x91':
        push_items(PickleKind::kSet, pop_mark());
        return true;
      case 'a':
        extend({pop()});
        return true;
      case 's': {
        const PickleId value = pop();
        const PickleId key = pop();
        extend({key, value});
        return true;
      }
      case 'e':
      case 'u':
      case '\x90':
        extend(pop_mark());
        return true;
      case '\x98':  // a read-only buffer stays what it is
        top();
        return true;
      default:
        return false;
    }
  }

  bool step_name(char opcode) {
    switch (opcode) {
      case '\x80':
        out_.protocol = reader_.u8();
        if (out_.protocol > kMaxPickleProtocol) error("the protocol is unknown");
        return true;
      case '\x95':  // a frame; its length says nothing that the instructions do not
        reader_.u64();
        return true;
      case 'c':
        push_global_lines();
        return true;
      case '\x93':
        push_stack_global();
        return true;
      case '\x82':
        push_extension(reader_.u8());
        return true;
      case '\x83':
        push_extension(reader_.u16());
        return true;
      case '\x84':
        push_extension(reader_.u32());
        return true;
      case 'R':
        reduce(PickleKind::kCall);
        return true;
      case '\x81':
        reduce(PickleKind::kObject);
        return true;
      case '\x92':
        new_object_keywords();
        return true;
      case 'i':
        instance();
        return true;
      case 'o':
        object();
        return true;
      case 'b':
        build();
        return true;
      case 'P':
        push_text(PickleKind::kText, line());
        push_items(PickleKind::kPersistent, {pop()});
        return true;
      case 'Q':
        push_items(PickleKind::kPersistent, {pop()});
        return true;
      case 'p':
        memoize(line_key());
        return true;
      case 'q':
        memoize(reader_.u8());
        return true;
      case 'r':
        memoize(reader_.u32());
        return true;
      case '\x94':
        memoize(memo_.size());
        return true;
      case 'g':
        recall(line_key());
        return true;
      case 'h':
        recall(reader_.u8());
        return true;
      case 'j':
        recall(reader_.u32());
        return true;
      default:
        return false;
    }
  }

  void push_extension(std::uint32_t code) {
    push_global("copyreg extension", std::to_string(code));
  }

  ByteSpan bytes_;
  ByteReader reader_;
  Pickle out_;
  std::vector<PickleId> stack_;
  std::unordered_map<std::uint64_t, PickleId> memo_;
  std::unordered_map<std::string, std::int64_t> numbers_;  // of globals
  std::string error_;
  bool stopped_ = false;
};

}  // namespace

std::string_view Pickle::callee(const PickleValue& value) const {
  if (value.kind != PickleKind::kCall && value.kind != PickleKind::kObject) return {};
  const PickleValue& what = at(value.items.front());
  return what.kind == PickleKind::kGlobal ? globals[static_cast<std::size_t>(what.integer)]
                                          : std::string_view{};
}

const PickleValue* Pickle::find(const PickleValue& dict, std::string_view key) const {
  if (dict.kind != PickleKind::kDict) return nullptr;
  for (std::size_t i = 0; i + 1 < dict.items.size(); i += 2) {
    const PickleValue& name = at(dict.items[i]);
    if (name.kind == PickleKind::kText && name.text == key) return &at(dict.items[i + 1]);
  }
  return nullptr;
}

Result<Pickle> read_pickle(ByteSpan bytes) { return PickleMachine(bytes).run(); }

PickleNames read_pickle_names(ByteSpan bytes) {
  PickleMachine machine(bytes);
  PickleNames out;
  if (auto pickle = machine.run()) {
    out.globals = std::move(pickle->globals);
    out.size = pickle->size;
    out.complete = true;
  } else {
    out.globals = machine.take_globals();
    out.why = pickle.error().what;
  }
  return out;
}

}  // namespace dl
