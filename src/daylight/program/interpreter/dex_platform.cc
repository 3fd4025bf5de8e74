// SPDX-License-Identifier: Apache-2.0
// Java's arrays, numbers, texts and random numbers, as the closed box knows them.
#include "daylight/program/interpreter/dex_platform.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>

#include "daylight/base/text.h"
#include "daylight/program/interpreter/java_text.h"

namespace dl::program {
namespace {

constexpr std::int64_t kRandomMask = (std::int64_t{1} << 48) - 1;

// java.util.Random's documented generator: state * 0x5DEECE66D + 0xB modulo 2^48, its upper bits.
std::int32_t next_random(std::int64_t& state, unsigned bits) {
  const std::uint64_t next = static_cast<std::uint64_t>(state) * 0x5DEECE66DULL + 0xBULL;
  state = static_cast<std::int64_t>(next) & kRandomMask;
  return static_cast<std::int32_t>(state >> (48U - bits));
}

bool is_latin(std::string_view charset) {
  const std::string lower = to_lower(charset);
  return lower.find("8859") != std::string::npos || lower.find("ascii") != std::string::npos;
}

std::int64_t parsed(const std::string& text, int radix) {
  return std::strtoll(text.c_str(), nullptr, radix >= 2 && radix <= 36 ? radix : 10);
}

std::string in_radix(std::uint64_t value, unsigned radix) {
  std::string out;
  do {
    out.push_back("0123456789abcdefghijklmnopqrstuvwxyz"[value % radix]);
    value /= radix;
  } while (value != 0);
  std::reverse(out.begin(), out.end());
  return out;
}

std::int64_t digit_of(std::int64_t c, std::int64_t radix) {
  std::int64_t value = -1;
  if (c >= '0' && c <= '9') value = c - '0';
  if (c >= 'a' && c <= 'z') value = c - 'a' + 10;
  if (c >= 'A' && c <= 'Z') value = c - 'A' + 10;
  return value < radix ? value : -1;
}

}  // namespace

PlatformCall::PlatformCall(DexInterpreter& machine, MethodId named,
                           const std::vector<std::int64_t>& words, bool is_static)
    : machine_(machine),
      named_(named),
      name_(machine.index_.method_name(named)),
      owner_(machine.index_.method_owner(named)),
      descriptor_(machine.index_.method_descriptor(named)),
      static_(is_static) {
  owner_.remove_prefix(std::min(owner_.size(), owner_.rfind('/') + 1));
  if (owner_.ends_with(';')) owner_.remove_suffix(1);
  std::size_t word = 0;
  if (!is_static && !words.empty()) {
    arguments_.push_back(words[word++]);
    types_.emplace_back();
  }
  for (const ClassId parameter : machine.index_.proto(named).parameters) {
    if (word >= words.size()) break;
    const std::string_view type = machine.index_.descriptor(parameter);
    // What no verifier accepts may hand a wide value on as a narrow one.
    const bool narrow = type.size() == 1 && type != "J" && type != "D";
    arguments_.push_back(narrow ? static_cast<std::int32_t>(words[word]) : words[word]);
    ++word;
    types_.push_back(type);
    if (type == "J" || type == "D") ++word;
  }
}

bool DexInterpreter::call_platform(MethodId named, const std::vector<std::int64_t>& words,
                                   bool is_static, std::int64_t& result) {
  spend(4);
  PlatformCall call(*this, named, words, is_static);
  const bool good = call.run();
  result = call.result();
  return good;
}

bool PlatformCall::run() {
  const bool known = static_ ? statics() || ciphers() || keys() || digests() || buffers() || files()
                             : texts() || arrays() || numbers() || random() || ciphers() ||
                                   keys() || digests() || streams() || buffers() || files();
  if (threw_) return false;
  if (known) return true;
  // Unknown: setters of builders give themselves back so often that it is worth assuming.
  const ClassId type = machine_.index_.proto(named_).result;
  const RunObject* const receiver = static_ ? nullptr : object(0);
  const bool fluent = receiver != nullptr && receiver->kind != RunKind::kOpaque && type != kNoId &&
                      type == machine_.index_.method_info(named_).owner;
  result_ = fluent ? number(0) : machine_.unknown_of(type);
  return true;
}

RunObject* PlatformCall::of_kind(std::size_t i, RunKind kind) const {
  RunObject* const found = object(i);
  return found != nullptr && found->kind == kind ? found : nullptr;
}

std::optional<ByteSpan> PlatformCall::range(std::size_t i, std::int64_t offset,
                                            std::int64_t size) const {
  const RunObject* const array = of_kind(i, RunKind::kArray);
  if (array == nullptr || array->width != 1 || offset < 0 || size < 0) return std::nullopt;
  return subspan_checked(array->bytes, static_cast<std::uint64_t>(offset),
                         static_cast<std::uint64_t>(size));
}

std::optional<ByteSpan> PlatformCall::span(std::size_t i) const {
  const RunObject* const array = of_kind(i, RunKind::kArray);
  if (array == nullptr || array->width != 1) return std::nullopt;
  if (i + 2 < types_.size() && types_[i + 1] == "I" && types_[i + 2] == "I")
    return range(i, number(i + 1), number(i + 2));
  return ByteSpan(array->bytes);
}

std::string PlatformCall::text(std::size_t i) const {
  const RunObject* const object = this->object(i);
  return object == nullptr ? std::string() : utf8_of(object->text);
}

bool PlatformCall::give_text(std::u16string value) {
  RunObject out;
  out.kind = RunKind::kText;
  out.text = std::move(value);
  return give(machine_.add(std::move(out)));
}

RunObject* PlatformCall::become(RunKind kind) {
  RunObject* const self = object(0);
  if (self == nullptr || self->kind != RunKind::kOpaque) return nullptr;
  self->kind = kind;
  self->lenient = false;
  self->writer = machine_.current_;
  return self;
}

bool PlatformCall::statics() {
  if (owner_ == "System" || owner_ == "Arrays") return arrays();
  if (is("Charset", "forName") || is("String", "valueOf") || is("String", "copyValueOf") ||
      is("StringsKt", "decodeToString"))
    return text_of_object();
  if (owner_ == "Math" || owner_ == "StrictMath") {
    const bool wide = count() > 0 && types_[0] == "J";
    if (!wide && (types_.empty() || types_[0] != "I")) return false;
    if (name_ == "min") return give(std::min(number(0), number(1)));
    if (name_ == "max") return give(std::max(number(0), number(1)));
    if (wide) return false;
    if (name_ == "abs") return give(number(0) < 0 ? 0 - number(0) : number(0));
    if ((name_ == "floorMod" || name_ == "floorDiv") && number(1) > 0) {
      const std::int64_t rest = ((number(0) % number(1)) + number(1)) % number(1);
      return give(name_ == "floorMod" ? rest : (number(0) - rest) / number(1));
    }
    return false;
  }
  return numbers();
}

bool PlatformCall::arrays() {
  RunObject* const first = object(0);
  if (is("System", "arraycopy")) {
    RunObject* const to = of_kind(2, RunKind::kArray);
    if (first == nullptr || first->kind != RunKind::kArray || to == nullptr ||
        first->width != to->width)
      return throw_now();
    const std::uint64_t width = to->width;
    const auto fits = [&](const RunObject& array, std::int64_t at) {
      return at >= 0 && number(4) >= 0 &&
             (static_cast<std::uint64_t>(at) + static_cast<std::uint64_t>(number(4))) * width <=
                 array.bytes.size();
    };
    if (!fits(*first, number(1)) || !fits(*to, number(3))) return throw_now();
    const std::uint64_t size = static_cast<std::uint64_t>(number(4)) * width;
    if (size == 0) return true;
    std::memmove(to->bytes.data() + static_cast<std::uint64_t>(number(3)) * width,
                 first->bytes.data() + static_cast<std::uint64_t>(number(1)) * width, size);
    machine_.spend(size / 16);
    return true;
  }
  if (first == nullptr || first->kind != RunKind::kArray) return false;
  if (name_ == "clone" && count() == 1) return give(machine_.add(RunObject(*first)));
  if (name_ == "getClass" || name_ == "hashCode") return false;
  if (owner_ != "Arrays") return false;
  const auto width = static_cast<std::int64_t>(first->width);
  const auto length = static_cast<std::int64_t>(first->bytes.size()) / width;
  if (name_ == "copyOf" || name_ == "copyOfRange") {
    const std::int64_t from = name_ == "copyOf" ? 0 : number(1);
    const std::int64_t to = name_ == "copyOf" ? number(1) : number(2);
    if (from < 0 || from > length || to < from) return throw_now();
    if (static_cast<std::uint64_t>((to - from) * width) > machine_.limits_.memory)
      return throw_now();
    RunObject copy = *first;
    const auto begin = first->bytes.begin() + from * width;
    copy.bytes.assign(begin, first->bytes.begin() + std::min(to, length) * width);
    copy.bytes.resize(static_cast<std::size_t>((to - from) * width));
    return give(machine_.add(std::move(copy)));
  }
  if (name_ == "fill" && count() == 2) {
    const std::int64_t value = number(1);
    for (std::size_t at = 0; at + first->width <= first->bytes.size(); at += first->width)
      std::memcpy(first->bytes.data() + at, &value, first->width);
    machine_.spend(first->bytes.size() / 16);
    return true;
  }
  if (name_ == "equals" && of_kind(1, RunKind::kArray) != nullptr)
    return give(first->bytes == object(1)->bytes);
  return false;
}

// Boxes, and what the boxes' classes can do without one.
bool PlatformCall::numbers() {
  const bool box = owner_ == "Integer" || owner_ == "Byte" || owner_ == "Long" ||
                   owner_ == "Short" || owner_ == "Character" || owner_ == "Boolean" ||
                   owner_ == "Number";
  if (!box) return false;
  if (name_ == "valueOf" && count() > 0 && types_[0].size() == 1) {
    RunObject made;
    made.kind = RunKind::kNumber;
    made.number = number(0);
    return give(machine_.add(std::move(made)));
  }
  if (const RunObject* const held = of_kind(0, RunKind::kNumber); held != nullptr && !static_) {
    if (!name_.ends_with("Value")) return false;
    if (name_ == "byteValue") return give(static_cast<std::int8_t>(held->number));
    if (name_ == "intValue") return give(static_cast<std::int32_t>(held->number));
    return give(held->number);
  }
  if (!static_ || count() == 0) return false;
  const int radix = count() > 1 ? static_cast<int>(number(1)) : 10;
  if (name_.starts_with("parse") && of_kind(0, RunKind::kText) != nullptr) {
    const std::int64_t value = parsed(text(0), radix);
    if (name_ == "parseByte") return give(static_cast<std::int8_t>(value));
    return give(name_ == "parseInt" ? static_cast<std::int32_t>(value) : value);
  }
  if (name_ == "valueOf" || name_ == "decode") {
    RunObject made;
    made.kind = RunKind::kNumber;
    made.number = parsed(text(0), name_ == "decode" ? 0 : radix);
    return give(machine_.add(std::move(made)));
  }
  if (name_ == "toUnsignedInt") return give(number(0) & (owner_ == "Byte" ? 0xff : 0xffff));
  if (name_ == "toUnsignedLong") return give(number(0) & (owner_ == "Byte" ? 0xff : 0xffffffff));
  if (name_ == "digit") return give(digit_of(number(0), number(1)));
  if (name_ == "getNumericValue") return give(digit_of(number(0), 36));
  const auto bits = static_cast<std::uint32_t>(number(0));
  const auto turn = static_cast<int>(number(1) & 31);
  if (owner_ == "Integer" && name_ == "rotateLeft")
    return give(static_cast<std::int32_t>(std::rotl(bits, turn)));
  if (owner_ == "Integer" && name_ == "rotateRight")
    return give(static_cast<std::int32_t>(std::rotr(bits, turn)));
  if (owner_ == "Integer" && name_ == "toHexString") return give_text(utf16_of(in_radix(bits, 16)));
  if (name_ == "toString" && radix == 10) return give_text(utf16_of(std::to_string(number(0))));
  return false;
}

bool PlatformCall::texts() {
  RunObject* const self = object(0);
  if (owner_ == "String" && name_ == "<init>") {
    const RunObject* const source = object(1);
    RunObject* const made = become(RunKind::kText);
    if (made == nullptr) return false;
    if (source != nullptr && source->kind == RunKind::kArray) {
      const std::int64_t value = number(0);
      arguments_.erase(arguments_.begin());
      types_.erase(types_.begin());
      text_of_object();
      if (const RunObject* const text = machine_.object(result_)) made->text = text->text;
      result_ = 0;
      return value != 0;
    }
    if (source != nullptr) made->text = source->text;
    return true;
  }
  if (owner_ == "StringBuilder" || owner_ == "StringBuffer") return builder();
  if (self == nullptr || self->kind != RunKind::kText) return false;
  const std::u16string& held = self->text;
  const auto size = static_cast<std::int64_t>(held.size());
  if (name_ == "length") return give(size);
  if (name_ == "charAt") {
    if (number(1) < 0 || number(1) >= size) return throw_now();
    return give(held[static_cast<std::size_t>(number(1))]);
  }
  if (name_ == "getBytes") {
    const std::string charset = count() > 1 ? text(1) : "utf-8";
    std::string bytes = utf8_of(held);
    if (is_latin(charset)) bytes.assign(held.begin(), held.end());
    return give_bytes(as_bytes(bytes));
  }
  if (name_ == "toCharArray") {
    RunObject chars;
    chars.kind = RunKind::kArray;
    chars.width = 2;
    chars.bytes.resize(held.size() * 2);
    if (!held.empty()) std::memcpy(chars.bytes.data(), held.data(), chars.bytes.size());
    return give(machine_.add(std::move(chars)));
  }
  if (name_ == "substring" || name_ == "subSequence") {
    const std::int64_t end = count() > 2 ? number(2) : size;
    if (number(1) < 0 || end > size || number(1) > end) return throw_now();
    return give_text(held.substr(static_cast<std::size_t>(number(1)),
                                 static_cast<std::size_t>(end - number(1))));
  }
  if (name_ == "equals" || name_ == "contentEquals")
    return give(of_kind(1, RunKind::kText) != nullptr && object(1)->text == held);
  if (name_ == "isEmpty") return give(held.empty());
  if (name_ == "toString" || name_ == "intern" || name_ == "name") return give(number(0));
  if (name_ == "concat" && object(1) != nullptr) return give_text(held + object(1)->text);
  if (name_ == "toLowerCase" || name_ == "toUpperCase") {
    std::u16string out = held;
    for (char16_t& c : out) {
      if (name_ == "toLowerCase" && c >= u'A' && c <= u'Z') c = static_cast<char16_t>(c + 32);
      if (name_ == "toUpperCase" && c >= u'a' && c <= u'z') c = static_cast<char16_t>(c - 32);
    }
    return give_text(std::move(out));
  }
  if (name_ == "trim") return give_text(utf16_of(trim(utf8_of(held))));
  if (name_ == "hashCode") {
    std::uint32_t hash = 0;
    for (const char16_t c : held) hash = hash * 31 + c;
    return give(static_cast<std::int32_t>(hash));
  }
  if (name_ == "endsWith") return give(object(1) != nullptr && held.ends_with(object(1)->text));
  if (name_ == "startsWith" && count() == 2)
    return give(object(1) != nullptr && held.starts_with(object(1)->text));
  return false;
}

// String.valueOf(x), new String(x): what argument 0 says.
bool PlatformCall::text_of_object() {
  const std::string_view type = types_.empty() ? std::string_view() : types_[0];
  if (type == "C") return give_text(std::u16string(1, static_cast<char16_t>(number(0))));
  if (type == "I" || type == "J") return give_text(utf16_of(std::to_string(number(0))));
  if (type == "Z") return give_text(number(0) != 0 ? u"true" : u"false");
  const RunObject* const held = object(0);
  if (held == nullptr) return give_text(u"null");
  if (held->kind != RunKind::kArray) {
    if (held->kind == RunKind::kNumber) return give_text(utf16_of(std::to_string(held->number)));
    return give_text(held->text);
  }
  if (held->width == 2) {
    std::u16string out(held->bytes.size() / 2, u' ');
    if (!out.empty()) std::memcpy(out.data(), held->bytes.data(), out.size() * 2);
    return give_text(std::move(out));
  }
  const auto content = span(0);
  if (!content) return throw_now();
  const std::string charset =
      count() > 1 && types_.back().starts_with('L') ? text(count() - 1) : "utf-8";
  if (is_latin(charset)) return give_text(std::u16string(content->begin(), content->end()));
  return give_text(utf16_of(as_text(*content)));
}

bool PlatformCall::builder() {
  if (name_ == "<init>") {
    RunObject* const made = become(RunKind::kText);
    if (made == nullptr) return false;
    if (count() > 1 && types_[1] != "I" && object(1) != nullptr) made->text = object(1)->text;
    return true;
  }
  RunObject* const self = of_kind(0, RunKind::kText);
  if (self == nullptr) return false;
  if (name_ == "append" && count() == 2) {
    const std::int64_t receiver = number(0);
    arguments_.erase(arguments_.begin());
    types_.erase(types_.begin());
    text_of_object();
    if (const RunObject* const more = machine_.object(result_)) {
      if (!machine_.spend_memory(more->text.size() * 2)) return throw_now();
      self->text += more->text;
    }
    return give(receiver);
  }
  if (name_ == "reverse") {
    std::reverse(self->text.begin(), self->text.end());
    return give(number(0));
  }
  if (name_ == "toString") return give_text(self->text);
  if (name_ == "length") return give(static_cast<std::int64_t>(self->text.size()));
  if (name_ == "charAt" || name_ == "setCharAt") {
    if (number(1) < 0 || number(1) >= static_cast<std::int64_t>(self->text.size()))
      return throw_now();
    char16_t& place = self->text[static_cast<std::size_t>(number(1))];
    if (name_ == "setCharAt") place = static_cast<char16_t>(number(2));
    return give(place);
  }
  return false;
}

bool PlatformCall::random() {
  if (is("Random", "<init>") && count() == 2) {
    RunObject* const made = become(RunKind::kRandom);
    if (made == nullptr) return false;
    made->number = (number(1) ^ 0x5DEECE66DLL) & kRandomMask;
    return true;
  }
  RunObject* const self = of_kind(0, RunKind::kRandom);
  if (self == nullptr) return false;
  if (name_ == "setSeed") {
    self->number = (number(1) ^ 0x5DEECE66DLL) & kRandomMask;
    return true;
  }
  if (name_ == "nextInt" && count() == 1) return give(next_random(self->number, 32));
  if (name_ == "nextInt" && count() == 2) {
    const auto bound = static_cast<std::int32_t>(number(1));
    if (bound <= 0) return throw_now();
    if ((bound & (bound - 1)) == 0)
      return give((std::int64_t{bound} * next_random(self->number, 31)) >> 31U);
    for (int round = 0; round < 64; ++round) {
      const std::int64_t drawn = next_random(self->number, 31);
      if (drawn - drawn % bound + (bound - 1) <= 0x7fffffff) return give(drawn % bound);
    }
    return throw_now();
  }
  if (name_ == "nextBytes" && of_kind(1, RunKind::kArray) != nullptr) {
    std::vector<std::uint8_t>& out = object(1)->bytes;
    machine_.spend(out.size());
    for (std::size_t i = 0; i < out.size(); i += 4) {
      auto drawn = static_cast<std::uint32_t>(next_random(self->number, 32));
      for (std::size_t k = i; k < std::min(i + 4, out.size()); ++k, drawn >>= 8U)
        out[k] = static_cast<std::uint8_t>(drawn);
    }
    return true;
  }
  return false;
}

}  // namespace dl::program
