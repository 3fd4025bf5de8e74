// SPDX-License-Identifier: Apache-2.0
// The symbols under which the runtime looks for the native code of a Java method.
//
// Source: JNI specification, chapter 2, "Resolving Native Method Names".
#pragma once

#include <string>
#include <string_view>

namespace dl::program {

// One piece of a name as symbols carry it: '/' becomes '_', '_' becomes "_1", ';' "_2", '[' "_3",
// every other character that is no ASCII letter or digit "_0xxxx" (lower-case UTF-16 code units).
// Takes modified UTF-8 as DEX files hold it; bytes that are none count as one character each.
std::string jni_mangled(std::string_view text);

// "Java_pkg_Class_method" of class "Lpkg/Class;": what is looked for first.
std::string jni_short_name(std::string_view class_descriptor, std::string_view method);
// "Java_pkg_Class_method__ILjava_lang_String_2" of descriptor "(ILjava/lang/String;)V": what is
// looked for next, and has to be used by overloaded natives.
std::string jni_long_name(std::string_view class_descriptor, std::string_view method,
                          std::string_view method_descriptor);

}  // namespace dl::program
