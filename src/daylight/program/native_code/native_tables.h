// SPDX-License-Identifier: Apache-2.0
// Tables of pointers to functions in a library's data: virtual tables with their class, and the
// rows that are handed to JNI's RegisterNatives.
//
// Source: Itanium C++ ABI, 2.5 (virtual tables) and 2.9 (run-time type information); JNI
// specification, chapter 4 (RegisterNatives) and 3 (type signatures).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/format/code/elf.h"
#include "daylight/program/native_code/native_functions.h"
#include "daylight/program/native_code/native_pointers.h"

namespace dl::program {

// Rows of RegisterNatives tables that are kept of one library.
inline constexpr std::size_t kMaxRegisteredNatives = 16'384;
// A name or signature in such a row.
inline constexpr std::size_t kMaxJniTextSize = 4'096;

// A run of words that all point to functions.
struct NativeTable {
  std::uint64_t begin =
      0;  // of the header where there is one (then 16 bytes before the first word)
  std::uint64_t first = 0;  // the first pointer
  std::uint64_t end = 0;
  std::string class_name;  // of a virtual table: "MNN::Session", mangled where it is a template
};

// One row {name, signature, function} of a table for RegisterNatives.
struct RegisteredNative {
  std::uint64_t row = 0;  // address of the row; of one that code builds the first instruction
  std::string_view name;
  std::string_view signature;
  FunctionId function = kNoFunction;
  FunctionId registrar = kNoFunction;  // the function that builds the row, where code does
};

// The runs, by address. Only pointers to starts of functions count.
std::vector<NativeTable> read_native_tables(const ElfFile& elf, const NativePointers& pointers,
                                            const NativeFunctions& functions);

// The rows, by address: three words that follow each other and point to an identifier, to a
// method's signature, and to code. Which class they belong to stands in code, not here.
std::vector<RegisteredNative> read_registered_natives(const ElfFile& elf,
                                                      const NativePointers& pointers,
                                                      const NativeFunctions& functions,
                                                      const std::string& where, GapList& gaps);

// The zero-ended string mapped at `address`, without its zero, if it has at most `limit` bytes;
// looks at no more.
std::optional<std::string_view> short_string_at(const ElfFile& elf, std::uint64_t address,
                                                std::size_t limit);
// Whether the text is a method's signature: "(I[Ljava/lang/String;)V".
bool is_jni_signature(std::string_view text);
// Whether it is an identifier as Java allows them.
bool is_java_name(std::string_view text);

}  // namespace dl::program
