// SPDX-License-Identifier: Apache-2.0
// What a user of `daylight capture` can choose.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace dl::cli {

struct CaptureFlags {
  std::filesystem::path app;
  std::filesystem::path samples;
  std::filesystem::path case_folder;  // or `out`
  std::filesystem::path out;
  std::filesystem::path plan;        // empty: the case's
  std::vector<std::string> entries;  // CLASS.METHOD, with or without a descriptor
  std::string libs = "arm64";        // arm64|host
  std::filesystem::path twins;       // folder of AARs; empty: the app's own libraries
  std::filesystem::path harness;     // a harness file; empty: entries or the plan
  std::uint64_t limit = 0;           // pictures; 0: all
  // --frida: a process that Frida gets into instead; `app` is a program, or a package of a phone.
  bool frida = false;
  std::vector<std::string> arguments;  // of the program
  std::uint32_t pid = 0;               // attach to this one
  std::string device;                  // of adb
  std::vector<std::string> watch;      // rules, docs/formats/selectors.md
  std::filesystem::path frida_plan;    // docs/formats/frida_plan.md
  double seconds = 0;
  bool unsafe_no_sandbox = false;
  bool json = false;
};

}  // namespace dl::cli
