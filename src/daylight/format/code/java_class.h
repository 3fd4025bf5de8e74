// SPDX-License-Identifier: Apache-2.0
// A Java class file: its name, its members, and what its constant pool refers to.
//
// Source: The Java Virtual Machine Specification, chapter 4.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/base/bytes.h"
#include "daylight/base/result.h"
#include "daylight/format/format_gap.h"

namespace dl {

// Classes of one library (a jar) that are listed.
inline constexpr std::size_t kMaxJavaClasses = 100'000;

struct JavaMethod {
  std::string_view name;
  std::string_view descriptor;  // "(I)Ljava/lang/String;"
  std::uint16_t access = 0;

  bool native() const { return (access & 0x0100U) != 0; }
};

// A method or a field of some class that the code names.
struct JavaReference {
  std::string_view owner;  // "org/tensorflow/lite/Interpreter"
  std::string_view name;
  std::string_view descriptor;
};

// Views point into the bytes, which outlive it.
struct JavaClass {
  std::uint16_t major_version = 0;
  std::uint16_t access = 0;
  std::string_view name;  // "org/example/Ager", as are the next two
  std::string_view superclass;
  std::vector<std::string_view> interfaces;
  std::vector<JavaMethod> fields;  // the descriptor is a type
  std::vector<JavaMethod> methods;
  // Of the constant pool, in its order: classes that are named, methods and fields that are used,
  // texts.
  std::vector<std::string_view> classes;
  std::vector<JavaReference> method_references;
  std::vector<JavaReference> field_references;
  std::vector<std::string_view> strings;
  GapList gaps;
};

// Whether the bytes begin like one (and not like a fat Mach-O file).
bool looks_like_java_class(ByteSpan bytes);

// kCorrupt where the bytes are none or the constant pool is cut; members that are cut are gaps, as
// are constants that lead nowhere. Code is not read. Texts are UTF-8 (of the format's own variant:
// a zero is two bytes there). Thread safe.
Result<JavaClass> parse_java_class(ByteSpan bytes, const std::string& where);

}  // namespace dl
