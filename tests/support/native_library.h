// SPDX-License-Identifier: Apache-2.0
// Native libraries built at test time from text, as the NDK would: clang, lld, no C library.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace dl::testing {

// The targets whose code is read: one test runs on each.
inline constexpr const char* kArm64Android = "aarch64-linux-android29";
inline constexpr const char* kX86_64Android = "x86_64-linux-android29";

// The bytes of a shared library of C++ text; nothing where clang-14 or lld-14 is absent or refuses.
// `options` go to the compiler driver ("-Wl,-s" for a stripped one).
std::optional<std::string> build_native_library(const std::string& text, const std::string& target,
                                                const std::string& options = "");

// Whether the compiler is here at all.
bool can_build_native_libraries();

}  // namespace dl::testing
