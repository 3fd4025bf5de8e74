// SPDX-License-Identifier: Apache-2.0
// Runs the compiler, the linker and lipo in a temporary folder.
#include "support/apple_binary.h"

#include <fstream>
#include <sstream>

#include "support/shared_data.h"

namespace dl::testing {
namespace {

std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + ("'" + name + "'");
  return "[ " + out + " ]";
}

std::string interface_text(const AppleLibrary& library, const std::string& target) {
  std::string out = "--- !tapi-tbd\ntbd-version: 4\ntargets: [ " + target + " ]\ninstall-name: '" +
                    library.install_name + "'\ncurrent-version: 1.2.3\nexports:\n  - targets: [ " +
                    target + " ]\n";
  if (!library.symbols.empty()) out += "    symbols: " + listed(library.symbols) + "\n";
  if (!library.classes.empty()) out += "    objc-classes: " + listed(library.classes) + "\n";
  return out + "...\n";
}

std::string contents(const std::filesystem::path& path) {
  std::ostringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return bytes.str();
}

}  // namespace

bool can_build_apple_binaries() {
  return run_command("command -v clang-14").has_value() &&
         run_command("command -v ld64.lld-14").has_value();
}

std::optional<std::string> build_apple_binary(const std::string& text, AppleTarget target,
                                              const std::vector<AppleLibrary>& libraries,
                                              const std::string& linker) {
  if (!can_build_apple_binaries()) return std::nullopt;
  const bool phone = target == AppleTarget::kArm64Ios;
  const std::string arch = phone ? "arm64" : "x86_64";
  const TemporaryFolder folder;
  const std::string at = folder.path().string() + "/";
  std::ofstream(at + "a.m") << text;
  std::vector<AppleLibrary> all = libraries;
  all.push_back({"/usr/lib/libSystem.B.dylib",
                 {"_objc_msgSend", "__objc_empty_cache", "dyld_stub_binder",
                  "_objc_autoreleaseReturnValue", "_objc_retainAutoreleasedReturnValue"}});
  std::string inputs;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string name = at + "lib" + std::to_string(i) + ".tbd";
    std::ofstream(name) << interface_text(all[i], arch + (phone ? "-ios" : "-macos"));
    inputs += " '" + name + "'";
  }
  const auto done = run_command(
      "clang-14 -Os -c --target=" + arch + (phone ? "-apple-ios14.0" : "-apple-macos11.0") +
      " -fobjc-runtime=" + (phone ? "ios-14.0" : "macosx-11.0") + " -o '" + at + "a.o' '" + at +
      "a.m' && ld64.lld-14 -arch " + arch + " -platform_version " + (phone ? "ios" : "macos") +
      " 14.0 16.2 " + linker + " -o '" + at + "out' '" + at + "a.o'" + inputs);
  if (!done) return std::nullopt;
  return contents(folder.path() / "out");
}

std::optional<std::string> join_apple_binaries(const std::vector<std::string>& slices) {
  if (!run_command("command -v llvm-lipo-14")) return std::nullopt;
  const TemporaryFolder folder;
  std::string inputs;
  for (std::size_t i = 0; i < slices.size(); ++i) {
    const auto path = folder.path() / ("slice" + std::to_string(i));
    std::ofstream(path, std::ios::binary) << slices[i];
    inputs += " '" + path.string() + "'";
  }
  const auto out = folder.path() / "fat";
  if (!run_command("llvm-lipo-14 -create" + inputs + " -output '" + out.string() + "'"))
    return std::nullopt;
  return contents(out);
}

}  // namespace dl::testing
