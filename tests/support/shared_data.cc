// SPDX-License-Identifier: Apache-2.0
// Test support: data folders, temporary folders, outside programs.
#include "shared_data.h"

#include <sys/wait.h>

#include <array>
#include <cstdio>

namespace dl::testing {

std::optional<std::filesystem::path> shared_data(const std::string& relative) {
  const char* given = std::getenv("DAYLIGHT_SHARED");
  const std::filesystem::path root =
      given != nullptr ? std::filesystem::path(given) : project_file("../shared");
  const auto path = root / "data" / relative;
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return std::nullopt;
  return std::filesystem::weakly_canonical(path);
}

std::filesystem::path project_file(const std::string& relative) {
  return std::filesystem::path(DAYLIGHT_PROJECT_DIR) / relative;
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "daylight-test-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) std::abort();
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

std::optional<std::string> run_command(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return std::nullopt;
  std::string output;
  std::array<char, 4096> buffer{};
  std::size_t size = 0;
  while ((size = fread(buffer.data(), 1, buffer.size(), pipe)) > 0)
    output.append(buffer.data(), size);
  const int status = pclose(pipe);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return std::nullopt;
  return output;
}

std::string test_python() {
  const auto venv = project_file("third/venv/bin/python");
  std::error_code error;
  return std::filesystem::exists(venv, error) ? venv.string() : "python3";
}

}  // namespace dl::testing
