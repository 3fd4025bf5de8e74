// SPDX-License-Identifier: Apache-2.0
// The user's own adb program: commands to a phone that the user named, with limits on time and
// size.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/base/result.h"

namespace dl::capture {

// What a command of adb said. Hostile: the phone wrote it.
struct AdbAnswer {
  int exit_code = 0;
  std::string out;
  std::string err;
};

inline constexpr std::size_t kMaxAdbAnswerBytes = std::size_t{8} << 20;

// Thread safe. Errors: kNotFound (no adb), kIo (it cannot be started or was killed), kLimit (too
// long, too much).
class Adb {
 public:
  // The file `named`, or the first `adb` in PATH.
  static Result<Adb> find(const std::filesystem::path& named);

  // `words` behind "adb": none of them is read by a shell of this machine; those behind "shell" and
  // "exec-out" are read by the phone's.
  Result<AdbAnswer> run(const std::vector<std::string>& words) const;
  // Its output into a new file, which is removed unless the command ends with code 0.
  Result<AdbAnswer> run_to_file(const std::vector<std::string>& words,
                                const std::filesystem::path& file, std::uint64_t max_bytes) const;

  // Of one command; whole packages take their time.
  static constexpr std::chrono::seconds kTimeLimit{1800};

 private:
  explicit Adb(std::filesystem::path program) : program_(std::move(program)) {}

  std::filesystem::path program_;
};

// A package's name as Android has it; anything else never reaches a command.
bool is_package_name(std::string_view text);
// A text between single quotes for the phone's shell.
std::string quoted_for_shell(std::string_view text);

}  // namespace dl::capture
