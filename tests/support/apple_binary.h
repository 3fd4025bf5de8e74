// SPDX-License-Identifier: Apache-2.0
// Programs and libraries of Apple's systems built at test time from text: clang, lld, no SDK.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace dl::testing {

// A library to link against, made from its interface alone.
struct AppleLibrary {
  std::string install_name;  // "/System/Library/Frameworks/CoreML.framework/CoreML"
  std::vector<std::string> symbols = {};
  std::vector<std::string> classes = {};  // of Objective-C
};

enum class AppleTarget { kArm64Ios, kX86_64Macos };

// The bytes of a Mach-O file of Objective-C text; nothing where clang-14 or ld64.lld-14 is absent
// or refuses. A program where `linker` does not say "-dylib". /usr/lib/libSystem.B.dylib with
// what Objective-C needs is always linked.
std::optional<std::string> build_apple_binary(const std::string& text, AppleTarget target,
                                              const std::vector<AppleLibrary>& libraries,
                                              const std::string& linker = "");

// One fat file of several; nothing where llvm-lipo-14 is absent.
std::optional<std::string> join_apple_binaries(const std::vector<std::string>& slices);

bool can_build_apple_binaries();

}  // namespace dl::testing
