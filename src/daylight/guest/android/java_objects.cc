// SPDX-License-Identifier: Apache-2.0
// What every object has, boxed values, and what classes and throwables say of themselves.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include "daylight/guest/android/java_classes.h"
#include "daylight/guest/jni/modified_utf8.h"

namespace dl::guest {
namespace {

constexpr const char* kObject = "java/lang/Object";
constexpr const char* kString = "java/lang/String";
constexpr const char* kClass = "java/lang/Class";
constexpr const char* kThrowable = "java/lang/Throwable";

struct Boxed {
  char letter;
  const char* klass;
  const char* value_method;  // "intValue"
};
constexpr std::array<Boxed, 8> kBoxed = {{{'Z', "java/lang/Boolean", "booleanValue"},
                                          {'B', "java/lang/Byte", "byteValue"},
                                          {'C', "java/lang/Character", "charValue"},
                                          {'S', "java/lang/Short", "shortValue"},
                                          {'I', "java/lang/Integer", "intValue"},
                                          {'J', "java/lang/Long", "longValue"},
                                          {'F', "java/lang/Float", "floatValue"},
                                          {'D', "java/lang/Double", "doubleValue"}}};

float as_float(std::uint64_t bits) {
  const auto narrow = static_cast<std::uint32_t>(bits);
  float out = 0;
  std::memcpy(&out, &narrow, sizeof(out));
  return out;
}
double as_double(std::uint64_t bits) {
  double out = 0;
  std::memcpy(&out, &bits, sizeof(out));
  return out;
}
std::uint64_t float_bits(float value) {
  std::uint32_t out = 0;
  std::memcpy(&out, &value, sizeof(out));
  return out;
}
std::uint64_t double_bits(double value) {
  std::uint64_t out = 0;
  std::memcpy(&out, &value, sizeof(out));
  return out;
}

// As Java casts: towards zero, to the nearest end of the range, NaN to 0.
template <typename T>
T cast(double value) {
  if (std::isnan(value)) return 0;
  if (value >= static_cast<double>(std::numeric_limits<T>::max()))
    return std::numeric_limits<T>::max();
  if (value <= static_cast<double>(std::numeric_limits<T>::min()))
    return std::numeric_limits<T>::min();
  return static_cast<T>(value);
}

JavaValue converted(const JavaValue& from, char to) {
  const bool real = from.type == 'F' || from.type == 'D';
  const double wide = from.type == 'F' ? static_cast<double>(as_float(from.bits))
                      : from.type == 'D'
                          ? as_double(from.bits)
                          : static_cast<double>(static_cast<std::int64_t>(from.bits));
  if (to == 'D') return {'D', double_bits(wide)};
  if (to == 'F') {
    if (from.type == 'F') return from;
    return {'F', float_bits(real ? static_cast<float>(wide)
                                 : static_cast<float>(static_cast<std::int64_t>(from.bits)))};
  }
  std::int64_t whole = static_cast<std::int64_t>(from.bits);
  if (real) whole = to == 'J' ? cast<std::int64_t>(wide) : cast<std::int32_t>(wide);
  switch (to) {
    case 'B':
      return JavaValue::integer('B', static_cast<std::int8_t>(whole));
    case 'S':
      return JavaValue::integer('S', static_cast<std::int16_t>(whole));
    case 'I':
      return JavaValue::integer('I', static_cast<std::int32_t>(whole));
    default:
      return JavaValue::integer(to, whole);
  }
}

// Double.toString(): the shortest digits that read back, with a point, and an E beyond 10^-3 and
// 10^7.
template <typename T>
std::string real_text(T value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  if (value == 0) return std::signbit(value) ? "-0.0" : "0.0";
  std::array<char, 400> text{};
  const T size = std::fabs(value);
  if (size >= static_cast<T>(1e-3) && size < static_cast<T>(1e7)) {
    const auto end =
        std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed).ptr;
    std::string out(text.data(), end);
    return out.find('.') == std::string::npos ? out + ".0" : out;
  }
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific)
          .ptr;
  std::string out(text.data(), end);
  // "1.5e+09" is "1.5E9".
  const std::size_t e = out.find('e');
  std::string digits = out.substr(0, e);
  if (digits.find('.') == std::string::npos) digits += ".0";
  const int exponent = std::atoi(out.c_str() + e + 1);
  return digits + "E" + std::to_string(exponent);
}

std::u16string wide(const std::string& text) { return from_modified_utf8(text); }

std::u16string value_text(const JavaValue& value) {
  switch (value.type) {
    case 'Z':
      return value.bits != 0 ? u"true" : u"false";
    case 'C':
      return std::u16string(1, static_cast<char16_t>(value.bits));
    case 'F':
      return wide(real_text(as_float(value.bits)));
    case 'D':
      return wide(real_text(as_double(value.bits)));
    default:
      return wide(std::to_string(static_cast<std::int64_t>(value.bits)));
  }
}

std::string dotted(std::string name) {
  std::replace(name.begin(), name.end(), '/', '.');
  return name;
}
std::string slashed(std::string name) {
  std::replace(name.begin(), name.end(), '.', '/');
  return name;
}

// Whether the class may have methods of its own that nobody here knows.
bool of_the_app(const std::string& klass) {
  return !klass.empty() && klass.front() != '[' && !klass.starts_with("java/") &&
         !klass.starts_with("android/") && !klass.starts_with("dalvik/");
}

bool is_throwable(OwnJavaWorld& world, JavaReference object) {
  return world.assignable(world.class_of(object), world.find_class(kThrowable));
}

void note_override(const JavaCall& call) {
  const std::string klass = call.world.class_name(call.receiver);
  if (of_the_app(klass))
    call.world.note_gap(klass + "." + call.method.name + call.method.signature);
}

JavaReference message_of(OwnJavaWorld& world, JavaReference exception) {
  for (const char* const field : {"detailMessage", "<init>#0"}) {
    const JavaReference found = object_field(world, exception, field);
    if (found != 0 && world.class_name(found) == kString) return found;
  }
  return 0;
}

void add_objects(OwnJavaWorld& world) {
  handle_all(world, {kObject}, "getClass()Ljava/lang/Class;", [](const JavaCall& call) {
    return JavaValue::reference(call.world.class_of(call.receiver));
  });
  handle_all(world, {kObject}, "hashCode()I", [](const JavaCall& call) {
    note_override(call);
    return java_int(java_hash(call.world, call.receiver));
  });
  handle_all(
      world, {kObject, "java/util/Map$Entry", "java/util/List"}, "equals(Ljava/lang/Object;)Z",
      [](const JavaCall& call) {
        note_override(call);
        return java_boolean(java_equal(call.world, call.receiver, reference_argument(call, 0)));
      });
  handle_all(world, {kObject, "java/lang/CharSequence"}, "toString()Ljava/lang/String;",
             [](const JavaCall& call) {
               note_override(call);
               if (call.world.class_name(call.receiver) == kString)
                 return JavaValue::reference(call.receiver);
               return JavaValue::reference(call.world.new_text(
                   std::u16string_view(java_to_text(call.world, call.receiver))));
             });
}

// ---- boxed values ----

// Integer.parseInt() and the like; NumberFormatException for what is none.
std::optional<std::int64_t> parsed(const JavaCall& call, std::int64_t least, std::int64_t most) {
  const JavaReference object = reference_argument(call, 0);
  std::string text = object == 0 ? "null" : call.world.utf8_of(object);
  const std::string whole = text;
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.erase(0, 1);
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (!text.empty() && error == std::errc() && end == text.data() + text.size() && out >= least &&
      out <= most)
    return out;
  call.world.raise_new("java/lang/NumberFormatException", "For input string: \"" + whole + "\"");
  return std::nullopt;
}

void add_parsers(OwnJavaWorld& world) {
  handle_all(world, {"java/lang/Integer"}, "parseInt(Ljava/lang/String;)I",
             [](const JavaCall& call) {
               return java_int(parsed(call, std::numeric_limits<std::int32_t>::min(),
                                      std::numeric_limits<std::int32_t>::max())
                                   .value_or(0));
             });
  handle_all(world, {"java/lang/Long"}, "parseLong(Ljava/lang/String;)J", [](const JavaCall& call) {
    return JavaValue::integer('J', parsed(call, std::numeric_limits<std::int64_t>::min(),
                                          std::numeric_limits<std::int64_t>::max())
                                       .value_or(0));
  });
}

void add_boxes(OwnJavaWorld& world) {
  for (const Boxed& boxed : kBoxed) {
    const std::string type(1, boxed.letter);
    const std::string klass = boxed.klass;
    world.handle(joined({klass, ".valueOf(", type, ")L", klass, ";"}), [](const JavaCall& call) {
      return JavaValue::reference(new_boxed(call.world, call.arguments[0]));
    });
    world.handle(joined({klass, ".<init>(", type, ")V"}), [](const JavaCall& call) {
      return JavaValue::reference(new_boxed(call.world, call.arguments[0]));
    });
    world.handle(joined({klass, ".toString(", type, ")Ljava/lang/String;"}),
                 [](const JavaCall& call) {
                   return JavaValue::reference(
                       call.world.new_text(std::u16string_view(value_text(call.arguments[0]))));
                 });
    const char letter = boxed.letter;
    const JavaHandler value_of = [letter](const JavaCall& call) -> JavaValue {
      const auto value = unboxed(call.world, call.receiver);
      if (!value) {
        // A number that nobody made.
        call.world.note_gap(call.method.text());
        return {letter, 0};
      }
      return converted(*value, letter);
    };
    const std::string member = std::string(boxed.value_method) + "()" + type;
    if (letter == 'Z' || letter == 'C') {
      world.handle(joined({klass, ".", member}), value_of);
    } else {
      world.handle("java/lang/Number." + member, value_of);
    }
  }
  const JavaReference booleans = world.find_class("java/lang/Boolean");
  world.put_field(booleans, "TRUE", JavaValue::reference(new_boxed(world, java_boolean(true))));
  world.put_field(booleans, "FALSE", JavaValue::reference(new_boxed(world, java_boolean(false))));
}

// ---- classes ----

std::string simple_name(const std::string& name) {
  const std::size_t at = name.find_last_of("/.$");
  return at == std::string::npos ? name : name.substr(at + 1);
}

JavaReference class_loader(OwnJavaWorld& world) {
  const JavaReference holder = world.find_class("java/lang/ClassLoader");
  const JavaReference known = object_field(world, holder, "(the app's)");
  if (known != 0) return known;
  const JavaReference made = world.new_object("dalvik/system/PathClassLoader");
  world.put_field(holder, "(the app's)", JavaValue::reference(made));
  return made;
}

JavaValue named_class(const JavaCall& call) {
  if (null_argument(call, 0)) return java_null();
  return JavaValue::reference(
      call.world.find_class(slashed(call.world.utf8_of(reference_argument(call, 0)))));
}

void add_classes(OwnJavaWorld& world) {
  const auto name = [&](const char* member, std::string (*of)(const std::string&)) {
    handle_all(world, {kClass}, member, [of](const JavaCall& call) {
      return java_text(call.world, of(call.world.name_of(call.receiver)));
    });
  };
  const auto full = [](const std::string& n) { return dotted(n); };
  name("getName()Ljava/lang/String;", full);
  name("getTypeName()Ljava/lang/String;", full);
  name("getCanonicalName()Ljava/lang/String;", [](const std::string& n) {
    std::string out = dotted(n);
    std::replace(out.begin(), out.end(), '$', '.');
    return out;
  });
  name("getSimpleName()Ljava/lang/String;", [](const std::string& n) { return simple_name(n); });
  name("toString()Ljava/lang/String;", [](const std::string& n) { return "class " + dotted(n); });
  handle_all(world, {kClass}, "getSuperclass()Ljava/lang/Class;", [](const JavaCall& call) {
    return JavaValue::reference(call.world.superclass(call.receiver));
  });
  handle_all(world, {kClass}, "isInstance(Ljava/lang/Object;)Z", [](const JavaCall& call) {
    const JavaReference object = reference_argument(call, 0);
    return java_boolean(object != 0 &&
                        call.world.assignable(call.world.class_of(object), call.receiver));
  });
  handle_all(world, {kClass}, "isArray()Z", [](const JavaCall& call) {
    return java_boolean(call.world.name_of(call.receiver).starts_with("["));
  });
  for (const char* const member :
       {"forName(Ljava/lang/String;)Ljava/lang/Class;",
        "forName(Ljava/lang/String;ZLjava/lang/ClassLoader;)Ljava/lang/Class;"})
    handle_all(world, {kClass}, member, &named_class);
  handle_all(world, {kClass}, "getClassLoader()Ljava/lang/ClassLoader;",
             [](const JavaCall& call) { return JavaValue::reference(class_loader(call.world)); });
  const std::string_view loaders = "java/lang/ClassLoader";
  for (const char* const member : {"loadClass(Ljava/lang/String;)Ljava/lang/Class;",
                                   "findClass(Ljava/lang/String;)Ljava/lang/Class;",
                                   "loadClass(Ljava/lang/String;Z)Ljava/lang/Class;"})
    world.handle(std::string(loaders) + "." + member, &named_class);
  world.handle("java/lang/ClassLoader.getSystemClassLoader()Ljava/lang/ClassLoader;",
               [](const JavaCall& call) { return JavaValue::reference(class_loader(call.world)); });
  handle_all(world, {"java/lang/Thread"}, "getContextClassLoader()Ljava/lang/ClassLoader;",
             [](const JavaCall& call) { return JavaValue::reference(class_loader(call.world)); });
  handle_all(world, {"android/content/Context"}, "getClassLoader()Ljava/lang/ClassLoader;",
             [](const JavaCall& call) { return JavaValue::reference(class_loader(call.world)); });
}

// ---- throwables ----

void add_throwables(OwnJavaWorld& world) {
  for (const char* const member :
       {"getMessage()Ljava/lang/String;", "getLocalizedMessage()Ljava/lang/String;"})
    handle_all(world, {kThrowable}, member, [](const JavaCall& call) {
      return JavaValue::reference(message_of(call.world, call.receiver));
    });
  handle_all(world, {kThrowable}, "getCause()Ljava/lang/Throwable;", [](const JavaCall& call) {
    for (const char* const field : {"<init>#1", "<init>#0"}) {
      const JavaReference found = object_field(call.world, call.receiver, field);
      if (found != 0 && call.world.class_name(found) != kString) return JavaValue::reference(found);
    }
    return java_null();
  });
  handle_all(world, {kThrowable}, "getStackTrace()[Ljava/lang/StackTraceElement;",
             [](const JavaCall& call) {
               const JavaReference element = call.world.find_class("java/lang/StackTraceElement");
               return JavaValue::reference(call.world.new_array('L', element, 0));
             });
  handle_all(world, {kThrowable}, "printStackTrace()V", [](const JavaCall& call) {
    call.world.machine().events.log(5, "System.err", call.world.describe(call.receiver));
    return JavaValue{};
  });
}

}  // namespace

char boxed_letter(std::string_view klass) {
  for (const Boxed& boxed : kBoxed) {
    if (klass == boxed.klass) return boxed.letter;
  }
  return 0;
}

JavaReference new_boxed(OwnJavaWorld& world, const JavaValue& value) {
  for (const Boxed& boxed : kBoxed) {
    if (boxed.letter != value.type) continue;
    const JavaReference object = world.new_object(boxed.klass);
    world.put_field(object, "value", value);
    return object;
  }
  return 0;
}

std::optional<JavaValue> unboxed(OwnJavaWorld& world, JavaReference object) {
  if (object == 0 || boxed_letter(world.class_name(object)) == 0) return std::nullopt;
  return world.field(object, "value");
}

bool java_equal(OwnJavaWorld& world, JavaReference a, JavaReference b) {
  if (a == 0 || b == 0) return a == b;
  if (world.same(a, b)) return true;
  const std::string klass = world.class_name(a);
  if (klass != world.class_name(b)) return false;
  if (klass == kString) return world.text_of(a) == world.text_of(b);
  const auto value = unboxed(world, a);
  const auto other = unboxed(world, b);
  return value && other && value->bits == other->bits;
}

std::int32_t java_hash(OwnJavaWorld& world, JavaReference object) {
  if (object == 0) return 0;
  if (world.class_name(object) == kString) {
    std::uint32_t out = 0;
    for (const char16_t unit : world.text_of(object)) out = 31 * out + unit;
    return static_cast<std::int32_t>(out);
  }
  if (const auto value = unboxed(world, object)) {
    if (value->type == 'Z') return value->bits != 0 ? 1231 : 1237;
    if (value->type == 'J' || value->type == 'D')
      return static_cast<std::int32_t>(value->bits ^ (value->bits >> 32U));
    return static_cast<std::int32_t>(value->bits);
  }
  return static_cast<std::int32_t>(world.identity_of(object));
}

std::u16string java_to_text(OwnJavaWorld& world, JavaReference object) {
  if (object == 0) return u"null";
  const std::string klass = world.class_name(object);
  if (klass == kString) return world.text_of(object);
  if (const auto value = unboxed(world, object)) return value_text(*value);
  if (is_throwable(world, object)) return wide(world.describe(object));
  // Constants of enums and the like.
  const JavaReference name = object_field(world, object, "name");
  if (name != 0 && !of_the_app(klass) && world.class_name(name) == kString)
    return world.text_of(name);
  std::array<char, 16> hash{};
  const auto end = std::to_chars(hash.data(), hash.data() + hash.size(),
                                 static_cast<std::uint32_t>(java_hash(world, object)), 16)
                       .ptr;
  return wide(dotted(klass) + "@" + std::string(hash.data(), end));
}

void add_number_classes(OwnJavaWorld& world) {
  add_boxes(world);
  add_parsers(world);
}

void add_object_classes(OwnJavaWorld& world) {
  add_objects(world);
  add_classes(world);
  add_throwables(world);
}

}  // namespace dl::guest
