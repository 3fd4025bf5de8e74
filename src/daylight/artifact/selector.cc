// SPDX-License-Identifier: Apache-2.0
// Selectors: one reader for each form, and what each form means.
#include "daylight/artifact/selector.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "daylight/base/text.h"

namespace dl {
namespace {

constexpr std::string_view kClassSpecial = ";({@";
constexpr std::string_view kSignatureSpecial = "{@";
constexpr std::string_view kLibrarySpecial = "!{@";
constexpr std::string_view kSymbolSpecial = "{@";
constexpr std::string_view kBuildIdMark = "@build-id:";
constexpr std::string_view kSha256Mark = "@sha256:";

struct CompareSign {
  std::string_view text;
  LengthCondition::Compare compare;
};
// Longer signs first: "<=" begins with "<".
constexpr std::array<CompareSign, 6> kCompareSigns = {{
    {"==", LengthCondition::Compare::kEqual},
    {"!=", LengthCondition::Compare::kNotEqual},
    {"<=", LengthCondition::Compare::kAtMost},
    {">=", LengthCondition::Compare::kAtLeast},
    {"<", LengthCondition::Compare::kLess},
    {">", LengthCondition::Compare::kMore},
}};

tl::unexpected<Error> bad(const std::string& what) {
  return fail(ErrorCode::kCorrupt, what, {}, "docs/formats/selectors.md has the forms");
}

// The first place of `wanted` that no backslash takes; npos if there is none.
std::size_t find_unescaped(std::string_view text, std::string_view wanted, std::size_t from = 0) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i >= from && text.substr(i).starts_with(wanted)) return i;
    if (text[i] == '\\') ++i;
  }
  return std::string_view::npos;
}

std::optional<std::uint64_t> number_of(std::string_view text, int base) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, base);
  if (error != std::errc() || stop != end || text.empty()) return std::nullopt;
  return value;
}

bool is_hex(std::string_view text) {
  return !text.empty() && text.size() <= 128 &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<TextPattern> named(std::string_view text, const char* what) {
  if (text.empty()) return bad(std::string("a selector has an empty ") + what);
  if (find_unescaped(text, " ") != std::string_view::npos)
    return bad(std::string("a selector has a space in its ") + what);
  return TextPattern::parse(text);
}

// "method(params)result" or "method"; a signature is whatever begins with a parenthesis.
Result<void> read_method(std::string_view text, Selector& out) {
  const std::size_t paren = find_unescaped(text, "(");
  out.method = TRY(named(text.substr(0, paren), "method"));
  if (paren != std::string_view::npos) out.signature = TRY(named(text.substr(paren), "signature"));
  return {};
}

Result<Selector> read_java(std::string_view body, SelectorKind kind) {
  Selector out;
  out.kind = kind;
  const std::size_t paren = find_unescaped(body, "(");
  const std::size_t owner = find_unescaped(body.substr(0, paren), ";.");
  if (owner == std::string_view::npos) {
    if (kind == SelectorKind::kJava)
      return bad("a java: selector has no class: java:pkg/Class;.method");
    TRY_VOID(read_method(body, out));
    return out;
  }
  out.klass = TRY(named(body.substr(0, owner), "class"));
  TRY_VOID(read_method(body.substr(owner + 2), out));
  return out;
}

Result<LibraryPin> read_pin(std::string_view text) {
  LibraryPin pin;
  while (!text.empty()) {
    const bool build_id = text.starts_with(kBuildIdMark);
    if (!build_id && !text.starts_with(kSha256Mark))
      return bad("after @ a library's build-id: or sha256: must follow");
    text.remove_prefix(build_id ? kBuildIdMark.size() : kSha256Mark.size());
    const std::string_view value = text.substr(0, text.find('@'));
    std::string& target = build_id ? pin.build_id : pin.sha256;
    if (!is_hex(value) || !target.empty() || (!build_id && value.size() != 64))
      return bad("a library's digest is lower-case hexadecimal, and stands once");
    target = value;
    text.remove_prefix(value.size());
  }
  return pin;
}

Result<Selector> read_library(std::string_view body, SelectorKind kind) {
  Selector out;
  out.kind = kind;
  const std::size_t mark = find_unescaped(body, "@");
  if (mark != std::string_view::npos) out.pin = TRY(read_pin(body.substr(mark)));
  body = body.substr(0, mark);
  const std::size_t bang = find_unescaped(body, "!");
  if (bang != std::string_view::npos) {
    out.library = TRY(named(body.substr(0, bang), "library"));
    out.symbol = TRY(named(body.substr(bang + 1), "symbol"));
    return out;
  }
  const std::size_t plus = body.rfind("+0x");
  if (plus == std::string_view::npos || kind == SelectorKind::kImport)
    return bad("a library's selector has neither !symbol nor +0xOFFSET");
  out.library = TRY(named(body.substr(0, plus), "library"));
  out.offset = number_of(body.substr(plus + 3), 16);
  if (!out.offset) return bad("an offset is not a hexadecimal number");
  return out;
}

// "arg", "arg3", "return", "any".
Result<int> read_place(std::string_view text) {
  if (text == "any") return kAnyPlace;
  if (text == "return") return kResultPlace;
  if (text == "arg") return kAnyArgument;
  const auto index = text.starts_with("arg") ? number_of(text.substr(3), 10) : std::nullopt;
  if (!index || *index > kMaxArgument) return bad("a value stands in arg, arg0 ..., return or any");
  return static_cast<int>(*index);
}

Result<LengthCondition> read_condition(std::string_view text) {
  LengthCondition out;
  for (const CompareSign& sign : kCompareSigns) {
    if (!text.starts_with(sign.text)) continue;
    const auto length = number_of(trim(text.substr(sign.text.size())), 10);
    if (!length) break;
    out.compare = sign.compare;
    out.length = *length;
    return out;
  }
  return bad("a length is compared with a number: len==120000");
}

Result<Selector> read_signature(std::string_view body) {
  Selector out;
  out.kind = SelectorKind::kSignature;
  const std::size_t space = body.find(' ');
  if (space == std::string_view::npos)
    return bad("a sig: selector has a place and a type: sig:arg float[]");
  out.place = TRY(read_place(body.substr(0, space)));
  body = trim(body.substr(space + 1));
  const std::size_t end = find_unescaped(body, " ");
  out.type = TRY(named(body.substr(0, end), "type"));
  if (end == std::string_view::npos) return out;
  const std::string_view rest = trim(body.substr(end));
  if (!rest.starts_with("len")) return bad("after the type only a length may stand: len==120000");
  out.length = TRY(read_condition(trim(rest.substr(3))));
  return out;
}

// As plans wrote them before they had kinds.
Result<Selector> read_older(std::string_view text) {
  const std::size_t arrow = text.find(";->");
  const std::size_t paren = text.find('(');
  if (text.starts_with('L') && arrow != std::string_view::npos && paren > arrow &&
      paren != std::string_view::npos) {
    if (arrow == 1 || paren == arrow + 3) return bad("a selector has an empty class or method");
    return java_selector(text.substr(0, arrow + 1), text.substr(arrow + 3, paren - arrow - 3),
                         text.substr(paren));
  }
  const std::size_t bang = text.find('!');
  if (bang != std::string_view::npos && bang > 0 && bang + 1 < text.size())
    return symbol_selector(std::string(text.substr(0, bang)), std::string(text.substr(bang + 1)));
  return bad("a selector begins with java:, jni:, so:, sig: or import:");
}

std::string place_text(int place) {
  if (place == kAnyPlace) return "any";
  if (place == kResultPlace) return "return";
  if (place == kAnyArgument) return "arg";
  return "arg" + std::to_string(place);
}

std::string hexadecimal(std::uint64_t value) {
  std::array<char, 17> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr;
  return std::string(digits.data(), end);
}

Result<void> read_policy_item(std::string_view item, CapturePolicy& out) {
  if (item == "in") out.in = true;
  if (item == "out") out.out = true;
  if (item == "return") out.result = true;
  if (item == "in" || item == "out" || item == "return") return {};
  const std::size_t equal = item.find('=');
  const std::string_view name = item.substr(0, equal);
  const std::string_view value =
      equal == std::string_view::npos ? std::string_view() : item.substr(equal + 1);
  if (name == "len") {
    out.length = TRY(LengthExpression::parse(value));
    return {};
  }
  const auto number = number_of(value, 10);
  std::uint64_t* target = name == "limit"   ? &out.limit
                          : name == "calls" ? &out.calls
                          : name == "every" ? &out.every
                                            : nullptr;
  if (target == nullptr || !number || *number == 0)
    return bad("a policy is in, out, return, len=, limit=, calls= or every=, not " +
               printable(item, 60));
  *target = *number;
  return {};
}

}  // namespace

bool LengthCondition::holds(std::uint64_t value) const {
  switch (compare) {
    case Compare::kEqual:
      return value == length;
    case Compare::kNotEqual:
      return value != length;
    case Compare::kLess:
      return value < length;
    case Compare::kAtMost:
      return value <= length;
    case Compare::kMore:
      return value > length;
    case Compare::kAtLeast:
      return value >= length;
  }
  return false;
}

bool Selector::matches(const JavaMethodName& name) const {
  if (kind != SelectorKind::kJava && kind != SelectorKind::kJni) return false;
  if (kind == SelectorKind::kJni && !name.native) return false;
  return klass.matches(name.klass) && method.matches(name.method) &&
         signature.matches(name.descriptor);
}

bool Selector::matches(const NativeFunctionName& function) const {
  if (kind != (function.imported ? SelectorKind::kImport : SelectorKind::kLibrary)) return false;
  if (!library.matches(function.library)) return false;
  if (!pin.build_id.empty() && pin.build_id != function.build_id) return false;
  if (!pin.sha256.empty() && pin.sha256 != function.sha256) return false;
  if (offset) return function.offset == offset;
  return !function.symbol.empty() && symbol.matches(function.symbol);
}

bool Selector::matches(const PassedValue& value) const {
  if (kind != SelectorKind::kSignature) return false;
  const bool here = place == kAnyPlace || place == value.argument ||
                    (place == kAnyArgument && value.argument >= 0);
  return here && type.matches(value.type) && (!length || length->holds(value.length));
}

Selector java_selector(std::string_view class_descriptor, std::string_view method,
                       std::string_view descriptor, bool native) {
  if (class_descriptor.starts_with('L') && class_descriptor.ends_with(';'))
    class_descriptor = class_descriptor.substr(1, class_descriptor.size() - 2);
  Selector out;
  out.kind = native ? SelectorKind::kJni : SelectorKind::kJava;
  out.klass = TextPattern::literal(std::string(class_descriptor));
  out.method = TextPattern::literal(std::string(method));
  if (descriptor.starts_with('(')) out.signature = TextPattern::literal(std::string(descriptor));
  return out;
}

Selector symbol_selector(std::string library, std::string symbol) {
  Selector out;
  out.kind = SelectorKind::kLibrary;
  out.library = TextPattern::literal(std::move(library));
  out.symbol = TextPattern::literal(std::move(symbol));
  return out;
}

Selector import_selector(std::string library, std::string symbol) {
  Selector out = symbol_selector(std::move(library), std::move(symbol));
  out.kind = SelectorKind::kImport;
  return out;
}

Selector offset_selector(std::string library, std::uint64_t offset, LibraryPin pin) {
  Selector out;
  out.kind = SelectorKind::kLibrary;
  out.library = TextPattern::literal(std::move(library));
  out.offset = offset;
  out.pin = std::move(pin);
  return out;
}

Result<Selector> parse_selector(std::string_view text) {
  if (text.size() > kMaxSelectorBytes)
    return fail(ErrorCode::kLimit,
                "a selector is longer than " + std::to_string(kMaxSelectorBytes));
  text = trim(text);
  const auto body = [&](std::string_view kind) { return text.substr(kind.size()); };
  if (text.starts_with("java:")) return read_java(body("java:"), SelectorKind::kJava);
  if (text.starts_with("jni:")) return read_java(body("jni:"), SelectorKind::kJni);
  if (text.starts_with("so:")) return read_library(body("so:"), SelectorKind::kLibrary);
  if (text.starts_with("import:")) return read_library(body("import:"), SelectorKind::kImport);
  if (text.starts_with("sig:")) return read_signature(body("sig:"));
  return read_older(text);
}

std::string print_selector(const Selector& selector) {
  const auto method = [&] {
    std::string out = selector.method.write(kClassSpecial);
    if (!selector.signature.is_any()) out += selector.signature.write(kSignatureSpecial);
    return out;
  };
  const auto library = [&] {
    std::string out = selector.library.write(kLibrarySpecial);
    out += selector.offset ? "+0x" + hexadecimal(*selector.offset)
                           : "!" + selector.symbol.write(kSymbolSpecial);
    if (!selector.pin.build_id.empty()) out += std::string(kBuildIdMark) + selector.pin.build_id;
    if (!selector.pin.sha256.empty()) out += std::string(kSha256Mark) + selector.pin.sha256;
    return out;
  };
  switch (selector.kind) {
    case SelectorKind::kJava:
      return "java:" + selector.klass.write(kClassSpecial) + ";." + method();
    case SelectorKind::kJni:
      if (selector.klass.is_any()) return "jni:" + method();
      return "jni:" + selector.klass.write(kClassSpecial) + ";." + method();
    case SelectorKind::kLibrary:
      return "so:" + library();
    case SelectorKind::kImport:
      return "import:" + library();
    case SelectorKind::kSignature:
      break;
  }
  std::string out = "sig:" + place_text(selector.place) + " " + selector.type.write("{");
  if (selector.length) {
    for (const CompareSign& sign : kCompareSigns) {
      if (sign.compare == selector.length->compare)
        out += " len" + std::string(sign.text) + std::to_string(selector.length->length);
    }
  }
  return out;
}

Result<CaptureRule> parse_capture_rule(std::string_view text) {
  if (text.size() > kMaxSelectorBytes)
    return fail(ErrorCode::kLimit,
                "a selector is longer than " + std::to_string(kMaxSelectorBytes));
  CaptureRule rule;
  const std::size_t brace = find_unescaped(text, "{");
  rule.selector = TRY(parse_selector(text.substr(0, brace)));
  if (brace == std::string_view::npos) return rule;
  const std::string_view body = trim(text.substr(brace));
  if (!body.ends_with('}')) return bad("a policy has no closing brace");
  const std::string_view items = trim(body.substr(1, body.size() - 2));
  if (items.empty()) return rule;
  for (const std::string& item : split(items, ','))
    TRY_VOID(read_policy_item(trim(item), rule.policy));
  return rule;
}

std::string print_capture_rule(const CaptureRule& rule) {
  const CapturePolicy& policy = rule.policy;
  std::vector<std::string> items;
  if (policy.in) items.emplace_back("in");
  if (policy.out) items.emplace_back("out");
  if (policy.result) items.emplace_back("return");
  if (policy.length) items.push_back("len=" + policy.length->text());
  if (policy.limit != 0) items.push_back("limit=" + std::to_string(policy.limit));
  if (policy.calls != 0) items.push_back("calls=" + std::to_string(policy.calls));
  if (policy.every != 1) items.push_back("every=" + std::to_string(policy.every));
  const std::string selector = print_selector(rule.selector);
  return items.empty() ? selector : selector + " {" + join(items, ",") + "}";
}

}  // namespace dl
