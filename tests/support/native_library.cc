// SPDX-License-Identifier: Apache-2.0
// Runs the compiler in a temporary folder.
#include "support/native_library.h"

#include <fstream>
#include <sstream>

#include "support/shared_data.h"

namespace dl::testing {

bool can_build_native_libraries() {
  return run_command("command -v clang-14").has_value() &&
         run_command("command -v ld.lld-14").has_value();
}

std::optional<std::string> build_native_library(const std::string& text, const std::string& target,
                                                const std::string& options) {
  if (!can_build_native_libraries()) return std::nullopt;
  const TemporaryFolder folder;
  const std::string source = (folder.path() / "a.cc").string();
  const std::string library = (folder.path() / "liba.so").string();
  std::ofstream(source) << text;
  const auto done = run_command(
      "clang-14 -x c++ -std=c++17 --target=" + target +
      " -nostdlib -nostdinc -shared -fPIC -O1 -fno-exceptions -fuse-ld=/usr/bin/ld.lld-14 "
      "-Wl,-soname,liba.so -Wl,--build-id=sha1 " +
      options + " -o '" + library + "' '" + source + "'");
  if (!done) return std::nullopt;
  std::ostringstream bytes;
  bytes << std::ifstream(library, std::ios::binary).rdbuf();
  return bytes.str();
}

}  // namespace dl::testing
