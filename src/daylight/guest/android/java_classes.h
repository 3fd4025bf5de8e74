// SPDX-License-Identifier: Apache-2.0
// The classes of Java and Android that native code calls most, as far as it does.
#pragma once

#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "daylight/guest/android/android_app.h"
#include "daylight/guest/jni/own_java_world.h"

namespace dl::guest {

// Gives the world all that follow.
void add_java_classes(OwnJavaWorld& world, const AndroidApp& app);

// One topic each.
void add_text_classes(OwnJavaWorld& world);        // String, Charset
void add_number_classes(OwnJavaWorld& world);      // Integer, Boolean ...
void add_object_classes(OwnJavaWorld& world);      // Object, Class, ClassLoader, Throwable
void add_collection_classes(OwnJavaWorld& world);  // List, Map, Set, Iterator
void add_buffer_classes(OwnJavaWorld& world);      // java.nio
void add_system_classes(OwnJavaWorld& world);      // System, Thread, Locale, File
void add_library_classes(OwnJavaWorld& world);     // System.load, Runtime
void add_android_classes(OwnJavaWorld& world, const AndroidApp& app);

// ---- for those who write handlers ----

// The name of a method, of its pieces.
inline std::string joined(std::initializer_list<std::string_view> parts) {
  std::string out;
  for (const std::string_view part : parts) out += part;
  return out;
}

// The same method of several classes: `member` is "size()I".
inline void handle_all(OwnJavaWorld& world, std::initializer_list<const char*> owners,
                       const std::string& member, const JavaHandler& handler) {
  for (const char* const owner : owners) world.handle(std::string(owner) + "." + member, handler);
}

inline JavaValue java_int(std::int64_t value) {
  return JavaValue::integer('I', static_cast<std::int32_t>(value));
}
inline JavaValue java_boolean(bool value) { return JavaValue::integer('Z', value ? 1 : 0); }
inline JavaValue java_text(OwnJavaWorld& world, const std::string& text) {
  return JavaValue::reference(world.new_text(text));
}
inline JavaValue java_null() { return JavaValue::reference(0); }
inline std::int32_t int_argument(const JavaCall& call, std::size_t i) {
  return static_cast<std::int32_t>(call.arguments[i].bits);
}
inline JavaReference reference_argument(const JavaCall& call, std::size_t i) {
  return call.arguments[i].bits;
}
// An object of a field, 0 if nothing has set it.
inline JavaReference object_field(OwnJavaWorld& world, JavaReference object,
                                  const std::string& name) {
  const auto value = world.field(object, name);
  return value && value->type == 'L' ? value->bits : 0;
}
// NullPointerException for a null argument; true if it was one.
inline bool null_argument(const JavaCall& call, std::size_t i) {
  if (call.arguments[i].bits != 0) return false;
  call.world.raise_new("java/lang/NullPointerException", call.method.text());
  return true;
}

// What Java's equals() and hashCode() are of two objects: by value for texts, boxed values and
// enums, by identity for all others. Both may be 0.
bool java_equal(OwnJavaWorld& world, JavaReference a, JavaReference b);
std::int32_t java_hash(OwnJavaWorld& world, JavaReference object);
// As toString(): texts, boxed values, classes, throwables; "a.b.C@1f" for all others.
std::u16string java_to_text(OwnJavaWorld& world, JavaReference object);

// The letter of a boxed type and its class: 'I' of "java/lang/Integer"; 0 for others.
char boxed_letter(std::string_view klass);
// A boxed value.
JavaReference new_boxed(OwnJavaWorld& world, const JavaValue& value);
// The value of a boxed object; nothing for others.
std::optional<JavaValue> unboxed(OwnJavaWorld& world, JavaReference object);

// A list or the rows of one, in order. Null references are null.
JavaReference new_list(OwnJavaWorld& world, std::vector<JavaHeld> items);
// A file by its path.
JavaReference new_file(OwnJavaWorld& world, const std::string& path);

}  // namespace dl::guest
