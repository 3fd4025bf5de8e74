// SPDX-License-Identifier: Apache-2.0
// Assembles smali text into DEX bytes with the smali program, where it is installed.
#pragma once

#include <optional>
#include <string>

namespace dl::testing {

// The DEX file of one or more classes in smali (each begins with ".class"); nothing where the
// program is absent or refuses the text. `api` decides the DEX version: 15 → 035, 26 → 038, 28 →
// 039.
std::optional<std::string> assemble_smali(const std::string& text, int api = 15);

}  // namespace dl::testing
