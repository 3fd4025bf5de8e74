// SPDX-License-Identifier: Apache-2.0
// Where tests find data that may not enter the project, temporary folders, and other people's
// programs as oracles.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

namespace dl::testing {

// A file of the shared data folder (DAYLIGHT_SHARED, or ../shared beside the project), or nothing
// where it is absent.
std::optional<std::filesystem::path> shared_data(const std::string& relative);

// A file of the project's tree.
std::filesystem::path project_file(const std::string& relative);

// A new empty folder that is removed with the object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Output of a shell command; nothing if it did not exit with 0.
std::optional<std::string> run_command(const std::string& command);

// The python of the test environment (third/venv) where it exists, else python3.
std::string test_python();

}  // namespace dl::testing

// In a TEST: a path of the shared data, or a skip that says what is absent.
#define DAYLIGHT_SHARED_OR_SKIP(variable, relative)                                    \
  const auto variable##_found = ::dl::testing::shared_data(relative);                  \
  if (!variable##_found) GTEST_SKIP() << "shared data is absent here: " << (relative); \
  const std::filesystem::path variable = *variable##_found
