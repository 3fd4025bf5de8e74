// SPDX-License-Identifier: Apache-2.0
// java.lang.String and the charsets that it is written in.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "daylight/guest/android/java_classes.h"

namespace dl::guest {
namespace {

constexpr const char* kString = "java/lang/String";
constexpr const char* kCharset = "java/nio/charset/Charset";

enum class Charset { kUtf8, kLatin1, kAscii, kUtf16, kUtf16Big, kUtf16Little };
struct CharsetName {
  const char* name;
  Charset charset;
};
// The six of StandardCharsets first, by their own names.
constexpr CharsetName kCharsets[] = {
    {"UTF-8", Charset::kUtf8},        {"ISO-8859-1", Charset::kLatin1},
    {"US-ASCII", Charset::kAscii},    {"UTF-16", Charset::kUtf16},
    {"UTF-16BE", Charset::kUtf16Big}, {"UTF-16LE", Charset::kUtf16Little},
    {"UTF8", Charset::kUtf8},         {"LATIN1", Charset::kLatin1},
    {"ISO8859_1", Charset::kLatin1},  {"ASCII", Charset::kAscii}};
constexpr std::size_t kStandardCharsets = 6;

constexpr char32_t kReplacement = 0xfffd;

std::optional<CharsetName> charset_named(std::string name) {
  for (char& c : name) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  for (const CharsetName& each : kCharsets) {
    if (name == each.name) return each;
  }
  return std::nullopt;
}

// One character from two units, if they are such a pair.
char32_t character_at(std::u16string_view text, std::size_t& i) {
  const char16_t first = text[i++];
  if (first < 0xd800 || first > 0xdfff) return first;
  if (first < 0xdc00 && i < text.size() && text[i] >= 0xdc00 && text[i] <= 0xdfff)
    return 0x10000U + ((first - 0xd800U) << 10U) + (text[i++] - 0xdc00U);
  return U'?';  // half of a pair: as Java's encoders replace it
}

void put_utf8(std::vector<std::uint8_t>& out, char32_t c) {
  if (c < 0x80) {
    out.push_back(static_cast<std::uint8_t>(c));
    return;
  }
  const int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  constexpr std::uint8_t kLead[] = {0, 0xc0, 0xe0, 0xf0};
  out.push_back(static_cast<std::uint8_t>(kLead[more] | (c >> (6U * static_cast<unsigned>(more)))));
  for (int i = more - 1; i >= 0; --i)
    out.push_back(
        static_cast<std::uint8_t>(0x80U | ((c >> (6U * static_cast<unsigned>(i))) & 0x3fU)));
}

void put_units(std::vector<std::uint8_t>& out, std::u16string_view text, bool big_endian) {
  for (const char16_t unit : text) {
    const auto high = static_cast<std::uint8_t>(unit >> 8U);
    const auto low = static_cast<std::uint8_t>(unit);
    out.push_back(big_endian ? high : low);
    out.push_back(big_endian ? low : high);
  }
}

std::vector<std::uint8_t> encode(std::u16string_view text, Charset charset) {
  std::vector<std::uint8_t> out;
  switch (charset) {
    case Charset::kUtf8:
    case Charset::kLatin1:
    case Charset::kAscii:
      for (std::size_t i = 0; i < text.size();) {
        const char32_t c = character_at(text, i);
        const char32_t most = charset == Charset::kAscii ? 0x7f : 0xff;
        if (charset == Charset::kUtf8) {
          put_utf8(out, c);
        } else {
          out.push_back(static_cast<std::uint8_t>(c <= most ? c : U'?'));
        }
      }
      break;
    case Charset::kUtf16:
      put_units(out, u"\ufeff", true);
      put_units(out, text, true);
      break;
    case Charset::kUtf16Big:
    case Charset::kUtf16Little:
      put_units(out, text, charset == Charset::kUtf16Big);
      break;
  }
  return out;
}

void put_character(std::u16string& out, char32_t c) {
  if (c < 0x10000) {
    out.push_back(static_cast<char16_t>(c));
    return;
  }
  out.push_back(static_cast<char16_t>(0xd800U + ((c - 0x10000U) >> 10U)));
  out.push_back(static_cast<char16_t>(0xdc00U + ((c - 0x10000U) & 0x3ffU)));
}

std::u16string decode_utf8(ByteSpan bytes) {
  std::u16string out;
  for (std::size_t i = 0; i < bytes.size();) {
    const std::uint8_t first = bytes[i];
    const int more = first < 0x80                     ? 0
                     : first >= 0xc2 && first < 0xe0  ? 1
                     : first >= 0xe0 && first < 0xf0  ? 2
                     : first >= 0xf0 && first <= 0xf4 ? 3
                                                      : -1;
    char32_t c = more <= 0 ? first : first & (0x3fU >> static_cast<unsigned>(more));
    std::size_t used = 1;
    bool good = more >= 0;
    for (int k = 0; good && k < more; ++k) {
      good = i + used < bytes.size() && (bytes[i + used] & 0xc0U) == 0x80U;
      if (good) c = c << 6U | (bytes[i + used++] & 0x3fU);
    }
    constexpr char32_t kLeast[] = {0, 0x80, 0x800, 0x10000};
    if (good && (c < kLeast[more] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))) {
      good = false;
      used = 1;
    }
    put_character(out, good ? c : kReplacement);
    i += used;
  }
  return out;
}

std::u16string decode(ByteSpan bytes, Charset charset) {
  if (charset == Charset::kUtf8) return decode_utf8(bytes);
  std::u16string out;
  if (charset == Charset::kLatin1 || charset == Charset::kAscii) {
    for (const std::uint8_t byte : bytes)
      out.push_back(charset == Charset::kAscii && byte > 0x7f ? static_cast<char16_t>(kReplacement)
                                                              : static_cast<char16_t>(byte));
    return out;
  }
  bool big_endian = charset != Charset::kUtf16Little;
  std::size_t i = 0;
  if (charset == Charset::kUtf16 && bytes.size() >= 2) {
    const bool little_mark = bytes[0] == 0xff && bytes[1] == 0xfe;
    if (little_mark) big_endian = false;
    if (little_mark || (bytes[0] == 0xfe && bytes[1] == 0xff)) i = 2;
  }
  for (; i + 1 < bytes.size(); i += 2) {
    const unsigned high = bytes[big_endian ? i : i + 1];
    const unsigned low = bytes[big_endian ? i + 1 : i];
    out.push_back(static_cast<char16_t>(high << 8U | low));
  }
  if (i < bytes.size()) out.push_back(static_cast<char16_t>(kReplacement));
  return out;
}

// The charset of an argument: a name or a Charset. Nothing with an exception pending.
std::optional<Charset> charset_argument(const JavaCall& call, std::size_t i) {
  if (null_argument(call, i)) return std::nullopt;
  const JavaReference object = reference_argument(call, i);
  const bool named = call.world.class_name(object) == kString;
  const JavaReference text = named ? object : object_field(call.world, object, "name");
  const std::string name = text == 0 ? "" : call.world.utf8_of(text);
  if (const auto found = charset_named(name)) return found->charset;
  call.world.note_gap("charset " + name);
  call.world.raise_new("java/io/UnsupportedEncodingException", name);
  return std::nullopt;
}

JavaValue get_bytes(const JavaCall& call) {
  Charset charset = Charset::kUtf8;
  if (!call.arguments.empty()) {
    const auto asked = charset_argument(call, 0);
    if (!asked) return java_null();
    charset = *asked;
  }
  return JavaValue::reference(
      call.world.new_bytes(encode(call.world.text_of(call.receiver), charset)));
}

// String(byte[]), with offset and length, with a charset.
JavaValue from_bytes(const JavaCall& call) {
  if (null_argument(call, 0)) return java_null();
  std::size_t next = 1;
  const std::vector<std::uint8_t> bytes = call.world.bytes_of(reference_argument(call, 0));
  std::int64_t offset = 0;
  auto length = static_cast<std::int64_t>(bytes.size());
  if (call.arguments.size() >= 3) {
    offset = int_argument(call, 1);
    length = int_argument(call, 2);
    next = 3;
  }
  if (offset < 0 || length < 0 || offset + length > static_cast<std::int64_t>(bytes.size())) {
    call.world.raise_new("java/lang/StringIndexOutOfBoundsException", "");
    return java_null();
  }
  Charset charset = Charset::kUtf8;
  if (call.arguments.size() > next) {
    const auto asked = charset_argument(call, next);
    if (!asked) return java_null();
    charset = *asked;
  }
  const ByteSpan part =
      ByteSpan(bytes).subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(length));
  return JavaValue::reference(call.world.new_text(std::u16string_view(decode(part, charset))));
}

JavaValue text_value(const JavaCall& call, std::u16string_view text) {
  return JavaValue::reference(call.world.new_text(text));
}
std::u16string self(const JavaCall& call) { return call.world.text_of(call.receiver); }
std::u16string other(const JavaCall& call, std::size_t i) {
  return java_to_text(call.world, reference_argument(call, i));
}

bool outside(const JavaCall& call, std::int64_t begin, std::int64_t end, std::size_t size) {
  if (begin >= 0 && begin <= end && end <= static_cast<std::int64_t>(size)) return false;
  call.world.raise_new("java/lang/StringIndexOutOfBoundsException",
                       "begin " + std::to_string(begin) + ", end " + std::to_string(end) +
                           ", length " + std::to_string(size));
  return true;
}

char16_t lower(char16_t c) { return c >= u'A' && c <= u'Z' ? static_cast<char16_t>(c + 32) : c; }
char16_t upper(char16_t c) { return c >= u'a' && c <= u'z' ? static_cast<char16_t>(c - 32) : c; }
// Letters outside of ASCII stay as they are, which is told.
JavaValue with_case(const JavaCall& call, char16_t (*change)(char16_t)) {
  std::u16string text = self(call);
  if (std::any_of(text.begin(), text.end(), [](char16_t c) { return c > 0x7f; }))
    call.world.note_gap(call.method.text() + " outside of ASCII");
  std::transform(text.begin(), text.end(), text.begin(), change);
  return text_value(call, text);
}

JavaValue position(std::size_t found) {
  return java_int(found == std::u16string::npos ? -1 : static_cast<std::int64_t>(found));
}

void add_constructors(OwnJavaWorld& world) {
  for (const char* const member :
       {"<init>([B)V", "<init>([BLjava/lang/String;)V", "<init>([BLjava/nio/charset/Charset;)V",
        "<init>([BII)V", "<init>([BIILjava/lang/String;)V",
        "<init>([BIILjava/nio/charset/Charset;)V"})
    handle_all(world, {kString}, member, &from_bytes);
  handle_all(world, {kString}, "<init>()V",
             [](const JavaCall& call) { return text_value(call, {}); });
  handle_all(world, {kString}, "<init>(Ljava/lang/String;)V", [](const JavaCall& call) {
    if (null_argument(call, 0)) return java_null();
    return text_value(call, other(call, 0));
  });
  const JavaHandler from_chars = [](const JavaCall& call) {
    if (null_argument(call, 0)) return java_null();
    const std::vector<std::uint8_t> bytes = call.world.bytes_of(reference_argument(call, 0));
    std::u16string text(bytes.size() / 2, u'\0');
    std::copy_n(bytes.begin(), 2 * text.size(), reinterpret_cast<std::uint8_t*>(text.data()));
    return text_value(call, text);
  };
  handle_all(world, {kString}, "<init>([C)V", from_chars);
  handle_all(world, {kString}, "valueOf([C)Ljava/lang/String;", from_chars);
  handle_all(world, {kString}, "valueOf(Ljava/lang/Object;)Ljava/lang/String;",
             [](const JavaCall& call) {
               return text_value(call, reference_argument(call, 0) == 0 ? u"null" : other(call, 0));
             });
  for (const char letter : {'I', 'J', 'F', 'D', 'Z', 'C'})
    handle_all(world, {kString}, std::string("valueOf(") + letter + ")Ljava/lang/String;",
               [](const JavaCall& call) {
                 return text_value(
                     call, java_to_text(call.world, new_boxed(call.world, call.arguments[0])));
               });
}

void add_parts(OwnJavaWorld& world) {
  const auto on = [&](const char* member, const JavaHandler& handler) {
    handle_all(world, {kString, "java/lang/CharSequence"}, member, handler);
  };
  on("length()I",
     [](const JavaCall& call) { return java_int(static_cast<std::int64_t>(self(call).size())); });
  on("isEmpty()Z", [](const JavaCall& call) { return java_boolean(self(call).empty()); });
  on("charAt(I)C", [](const JavaCall& call) -> JavaValue {
    const std::u16string text = self(call);
    const std::int64_t i = int_argument(call, 0);
    if (outside(call, i, i + 1, text.size())) return {'C', 0};
    return {'C', text[static_cast<std::size_t>(i)]};
  });
  const JavaHandler substring = [](const JavaCall& call) {
    const std::u16string text = self(call);
    const std::int64_t begin = int_argument(call, 0);
    const std::int64_t end =
        call.arguments.size() > 1 ? int_argument(call, 1) : static_cast<std::int64_t>(text.size());
    if (outside(call, begin, end, text.size())) return java_null();
    return text_value(
        call, text.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)));
  };
  on("substring(I)Ljava/lang/String;", substring);
  on("substring(II)Ljava/lang/String;", substring);
  on("subSequence(II)Ljava/lang/CharSequence;", substring);
  on("trim()Ljava/lang/String;", [](const JavaCall& call) {
    const std::u16string text = self(call);
    std::size_t begin = 0;
    std::size_t end = text.size();
    while (begin < end && text[begin] <= u' ') ++begin;
    while (end > begin && text[end - 1] <= u' ') --end;
    return text_value(call, text.substr(begin, end - begin));
  });
  on("concat(Ljava/lang/String;)Ljava/lang/String;", [](const JavaCall& call) {
    if (null_argument(call, 0)) return java_null();
    return text_value(call, self(call) + other(call, 0));
  });
  on("replace(CC)Ljava/lang/String;", [](const JavaCall& call) {
    std::u16string text = self(call);
    std::replace(text.begin(), text.end(), static_cast<char16_t>(call.arguments[0].bits),
                 static_cast<char16_t>(call.arguments[1].bits));
    return text_value(call, text);
  });
  for (const std::string end : {"()", "(Ljava/util/Locale;)"}) {
    on(("toLowerCase" + end + "Ljava/lang/String;").c_str(),
       [](const JavaCall& call) { return with_case(call, &lower); });
    on(("toUpperCase" + end + "Ljava/lang/String;").c_str(),
       [](const JavaCall& call) { return with_case(call, &upper); });
  }
  on("intern()Ljava/lang/String;",
     [](const JavaCall& call) { return JavaValue::reference(call.receiver); });
  on("toCharArray()[C", [](const JavaCall& call) {
    const std::u16string text = self(call);
    const JavaReference array = call.world.new_array('C', 0, text.size());
    if (array != 0 && !text.empty())
      std::memcpy(reinterpret_cast<void*>(call.world.pin(array)), text.data(), 2 * text.size());
    return JavaValue::reference(array);
  });
}

void add_searches(OwnJavaWorld& world) {
  const auto on = [&](const char* member, const JavaHandler& handler) {
    handle_all(world, {kString}, member, [handler](const JavaCall& call) {
      if (call.arguments[0].type == 'L' && null_argument(call, 0)) return JavaValue{};
      return handler(call);
    });
  };
  on("indexOf(Ljava/lang/String;)I",
     [](const JavaCall& call) { return position(self(call).find(other(call, 0))); });
  on("lastIndexOf(Ljava/lang/String;)I",
     [](const JavaCall& call) { return position(self(call).rfind(other(call, 0))); });
  on("indexOf(I)I", [](const JavaCall& call) {
    return position(self(call).find(static_cast<char16_t>(int_argument(call, 0))));
  });
  on("lastIndexOf(I)I", [](const JavaCall& call) {
    return position(self(call).rfind(static_cast<char16_t>(int_argument(call, 0))));
  });
  on("contains(Ljava/lang/CharSequence;)Z", [](const JavaCall& call) {
    return java_boolean(self(call).find(other(call, 0)) != std::u16string::npos);
  });
  on("startsWith(Ljava/lang/String;)Z",
     [](const JavaCall& call) { return java_boolean(self(call).starts_with(other(call, 0))); });
  on("endsWith(Ljava/lang/String;)Z",
     [](const JavaCall& call) { return java_boolean(self(call).ends_with(other(call, 0))); });
  on("compareTo(Ljava/lang/String;)I", [](const JavaCall& call) {
    const std::u16string a = self(call);
    const std::u16string b = other(call, 0);
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
      if (a[i] != b[i]) return java_int(std::int64_t{a[i]} - std::int64_t{b[i]});
    }
    return java_int(static_cast<std::int64_t>(a.size()) - static_cast<std::int64_t>(b.size()));
  });
  handle_all(world, {kString}, "equalsIgnoreCase(Ljava/lang/String;)Z", [](const JavaCall& call) {
    if (reference_argument(call, 0) == 0) return java_boolean(false);
    std::u16string a = self(call);
    std::u16string b = other(call, 0);
    std::transform(a.begin(), a.end(), a.begin(), &lower);
    std::transform(b.begin(), b.end(), b.begin(), &lower);
    return java_boolean(a == b);
  });
}

void add_charsets(OwnJavaWorld& world) {
  const JavaReference standard = world.find_class("java/nio/charset/StandardCharsets");
  const auto make = [](OwnJavaWorld& in, const std::string& name) {
    const JavaReference object = in.new_object(kCharset);
    in.put_field(object, "name", java_text(in, name));
    return JavaValue::reference(object);
  };
  for (std::size_t i = 0; i < kStandardCharsets; ++i) {
    std::string field = kCharsets[i].name;
    std::replace(field.begin(), field.end(), '-', '_');
    world.put_field(standard, field, make(world, kCharsets[i].name));
  }
  handle_all(world, {kCharset}, "defaultCharset()Ljava/nio/charset/Charset;",
             [make](const JavaCall& call) { return make(call.world, "UTF-8"); });
  handle_all(world, {kCharset}, "forName(Ljava/lang/String;)Ljava/nio/charset/Charset;",
             [make](const JavaCall& call) {
               if (null_argument(call, 0)) return java_null();
               const std::string name = call.world.utf8_of(reference_argument(call, 0));
               const auto found = charset_named(name);
               if (!found) {
                 call.world.note_gap("charset " + name);
                 call.world.raise_new("java/nio/charset/UnsupportedCharsetException", name);
                 return java_null();
               }
               for (const CharsetName& each : kCharsets) {
                 if (each.charset == found->charset) return make(call.world, each.name);
               }
               return java_null();
             });
  for (const char* const member : {"name()Ljava/lang/String;", "displayName()Ljava/lang/String;",
                                   "toString()Ljava/lang/String;"})
    handle_all(world, {kCharset}, member, [](const JavaCall& call) {
      return JavaValue::reference(object_field(call.world, call.receiver, "name"));
    });
}

}  // namespace

void add_text_classes(OwnJavaWorld& world) {
  for (const char* const end : {"()", "(Ljava/lang/String;)", "(Ljava/nio/charset/Charset;)"})
    handle_all(world, {kString}, std::string("getBytes") + end + "[B", &get_bytes);
  add_constructors(world);
  add_parts(world);
  add_searches(world);
  add_charsets(world);
}

}  // namespace dl::guest
