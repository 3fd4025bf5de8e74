// SPDX-License-Identifier: Apache-2.0
// Names of C++ classes and functions as people write them, from the simple forms of mangled names.
//
// Source: Itanium C++ ABI, 5.1 (nested names of plain identifiers).
#pragma once

#include <string>
#include <string_view>

namespace dl::program {

// "N3MNN7SessionE" -> "MNN::Session", "6Engine" -> "Engine"; the text itself where it is more
// complicated.
std::string class_name_of_rtti(std::string_view mangled);

// "_ZN3MNN11Interpreter14createFromFileEPKc" -> "MNN::Interpreter::createFromFile"; the symbol
// itself where it is not mangled or its name is more complicated. Parameters are left out.
std::string readable_symbol(std::string_view symbol);

}  // namespace dl::program
