// SPDX-License-Identifier: Apache-2.0
// What stands behind a reference of the world without a virtual machine: only for its own sources.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/guest/jni/own_java_world.h"

namespace dl::guest {

inline constexpr std::string_view kJavaObject = "java/lang/Object";

struct OwnJavaWorld::Object {
  std::string klass;  // "java/lang/String"
  // Of a class: what it stands for.
  std::string named;
  // Of a text.
  std::u16string text;
  // Of an array: letter of the elements, their number, where primitives lie.
  char element = 0;
  std::uint64_t length = 0;
  std::uint64_t data = 0;
  std::vector<ObjectPointer> elements;
  // Of a direct buffer.
  std::uint64_t address = 0;
  std::uint64_t capacity = 0;
  // Fields by name; those that hold objects.
  std::map<std::string, JavaValue> fields;
  std::map<std::string, ObjectPointer> objects;
  std::uint32_t identity = 0;  // 0: nobody asked
  std::shared_ptr<JavaState> state;
};

}  // namespace dl::guest
