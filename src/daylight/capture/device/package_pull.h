// SPDX-License-Identifier: Apache-2.0
// An installed app, taken from a phone: all its splits, who signed and installed it, and its data
// where the phone permits.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "daylight/base/json.h"
#include "daylight/capture/device/device_facts.h"

namespace dl::capture {

inline constexpr std::size_t kMaxSplits = 512;
inline constexpr std::uint64_t kMaxPulledBytes = std::uint64_t{8} << 30;  // of each file

// What the phone's package manager says; hostile. Empty or 0 where it says nothing.
struct InstalledPackage {
  std::string name;
  std::string version_name;
  std::string version_code;
  std::string installer;  // the package that installed it: a store, a browser, nobody
  bool debuggable = false;
  std::vector<std::string> paths;  // of its APKs, on the phone; the base first
};
// Of the answers of `pm path` and `dumpsys package`.
std::vector<std::string> read_package_paths(std::string_view text);
void read_package_dump(std::string_view text, InstalledPackage& package);
Result<InstalledPackage> installed_package(const Adb& adb, const DeviceFacts& facts,
                                           const std::string& name);

struct PulledFile {
  std::string name;    // under apks/
  std::string source;  // on the phone
  std::string sha256;
};
struct PulledPackage {
  InstalledPackage package;
  std::vector<PulledFile> files;
  std::vector<std::string> certificates;   // SHA-256 of who signed the base; only signatures that
                                           // verify count
  std::optional<std::string> data_sha256;  // of app-data.tar
  std::string data_by;                     // how its data was reached: run-as, root
  std::vector<std::string> gaps;           // what could not be had, and why
};

// Fills `folder` (new, or empty): apks/*.apk, app-data.tar, device.json (docs/formats/device.md).
// `daylight detect FOLDER/apks --app-data FOLDER/app-data.tar` reads it. Without `with_data` the
// app's data is not asked for.
Result<PulledPackage> pull_package(const Adb& adb, const DeviceFacts& facts,
                                   const std::string& name, const std::filesystem::path& folder,
                                   bool with_data);

// device.json.
Json to_json(const DeviceFacts& facts, const PulledPackage& pulled);

}  // namespace dl::capture
