// SPDX-License-Identifier: Apache-2.0
// Rows for JNI's RegisterNatives that code puts together at run time: on the stack, or as arguments
// of a helper that makes one row.
#pragma once

#include <vector>

#include "daylight/format/code/elf.h"
#include "daylight/program/native_code/native_functions.h"
#include "daylight/program/native_code/native_pointers.h"
#include "daylight/program/native_code/native_references.h"
#include "daylight/program/native_code/native_tables.h"

namespace dl::program {

// Where three addresses that follow each other in one function are a method's name, its signature
// and a function of this library, in any order: one row each, by instruction, with `registrar` set.
// Rows whose instructions the compiler mixed with those of others are not seen.
std::vector<RegisteredNative> read_built_natives(const ElfFile& elf, const NativePointers& pointers,
                                                 const NativeFunctions& functions,
                                                 const NativeReferences& references);

}  // namespace dl::program
