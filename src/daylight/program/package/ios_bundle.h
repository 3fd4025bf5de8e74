// SPDX-License-Identifier: Apache-2.0
// What an app of Apple's systems says of itself: its Info.plist and its main program.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daylight/format/format_gap.h"
#include "daylight/program/package/app_package.h"

namespace dl::program {

struct IosBundle {
  std::string root;                 // "Payload/Ager.app/", "" where the folder itself is the app
  std::vector<std::string> chain;   // of its Info.plist
  std::string identifier;           // CFBundleIdentifier
  std::string name;                 // CFBundleDisplayName, or CFBundleName
  std::string version_name;         // CFBundleShortVersionString
  std::string version_code;         // CFBundleVersion
  std::string minimum_os;           // MinimumOSVersion
  std::string executable;           // entry name of the main program; "" where it is not there
  std::vector<std::string> usages;  // NS...UsageDescription keys: what it asks people's leave for
  std::vector<std::string> cpus;    // of the main program, sorted: "arm64"
};

// The app's own bundle: of an IPA the one in Payload/, else the topmost Info.plist of an app.
// Nothing where there is none; what is damaged is added to `gaps`. Thread safe.
std::optional<IosBundle> read_ios_bundle(const AppPackage& app, GapList& gaps);

}  // namespace dl::program
