// SPDX-License-Identifier: Apache-2.0
// Where Java enters a native library: JNI exports, registered natives, what runs when it is loaded.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "daylight/program/code/app_code.h"
#include "daylight/program/native_code/native_code.h"

namespace dl {

// The native methods of an app's classes, by the names under which libraries implement them, and
// the calls that load libraries. Immutable; const methods are thread safe; the code must outlive
// it.
class JavaNatives {
 public:
  explicit JavaNatives(const program::AppCode& code);

  // Methods that a symbol implements: "Java_pkg_Class_method" all overloads of that name, the long
  // form one. In id order.
  std::vector<program::MethodId> of_symbol(std::string_view symbol) const;
  // Methods of this name and descriptor, in id order.
  std::vector<program::MethodId> of_name(std::string_view name, std::string_view descriptor) const;
  // Call sites of loadLibrary("x") where the caller mentions "x"; `library` is a file name
  // ("libx.so").
  std::vector<program::CallerSite> loads(std::string_view library) const;

  const program::AppCode& code() const { return code_; }

 private:
  void add_methods();
  void add_loads();

  const program::AppCode& code_;
  std::unordered_map<std::string, std::vector<program::MethodId>> by_symbol_;
  std::map<std::pair<std::string_view, std::string_view>, std::vector<program::MethodId>> by_name_;
  std::map<std::string, std::vector<program::CallerSite>, std::less<>> loads_;
};

// One function that Java code, or the loading of the library, enters.
struct NativeEntry {
  enum class How { kExport, kRegistered, kOnLoad, kInitialiser };

  program::FunctionId function = program::kNoFunction;
  How how = How::kExport;
  std::string name;                        // the symbol, "run(I)I", "JNI_OnLoad"
  std::vector<program::MethodId> methods;  // that it implements, or that load the library
  std::string why;                         // how the methods are known; "" for exports
};

// All entries of a library, by function, then kind. A row of RegisterNatives belongs to the class
// that the function which refers to its table names, where the app has such a native method; else
// to the only native method of that name and type; else to none.
std::vector<NativeEntry> native_entries(const program::NativeCode& code, const JavaNatives& natives,
                                        std::string_view library);

}  // namespace dl
