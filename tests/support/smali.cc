// SPDX-License-Identifier: Apache-2.0
// Runs smali in a temporary folder, one file for each class.
#include "support/smali.h"

#include <fstream>
#include <iterator>
#include <vector>

#include "support/shared_data.h"

namespace dl::testing {
namespace {

// smali wants one class in each file.
std::vector<std::string> split_classes(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t at = text.find(".class"); at != std::string::npos;) {
    const std::size_t next = text.find("\n.class", at + 1);
    out.push_back(text.substr(at, next == std::string::npos ? next : next + 1 - at));
    at = next == std::string::npos ? next : next + 1;
  }
  return out;
}

}  // namespace

std::optional<std::string> assemble_smali(const std::string& text, int api) {
  const TemporaryFolder folder;
  const std::string out = (folder.path() / "out.dex").string();
  std::string command = "smali assemble --jobs 1 --api " + std::to_string(api) + " --output " + out;
  int number = 0;
  for (const std::string& cls : split_classes(text)) {
    const auto path = folder.path() / ("c" + std::to_string(number++) + ".smali");
    std::ofstream(path) << cls;
    command += " " + path.string();
  }
  if (!run_command(command + " 2>&1")) return std::nullopt;
  std::ifstream file(out, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

}  // namespace dl::testing
