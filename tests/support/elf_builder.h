// SPDX-License-Identifier: Apache-2.0
// Writes small shared libraries for tests: names, symbols, constants, no code.
#pragma once

#include <string>
#include <vector>

namespace dl::testing {

struct ElfSpec {
  std::string soname = {};
  std::string build_id = {};  // hexadecimal
  std::vector<std::string> needed = {};
  std::vector<std::string> exports = {};
  std::vector<std::string> imports = {};
  std::vector<std::string> strings = {};  // in read-only data, each ended by a zero
};

// A 64-bit arm64 library with one loadable part; the zero before the first string is there.
std::string build_elf(const ElfSpec& spec);

}  // namespace dl::testing
