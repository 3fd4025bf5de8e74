// SPDX-License-Identifier: Apache-2.0
// The app that a guest's libraries believe to be part of.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "daylight/format/archive/container.h"
#include "daylight/guest/machine/guest_machine.h"

namespace dl::guest {

class OwnJavaWorld;

// A file of an app's package.
struct AppEntry {
  Content content;          // as unpacked
  bool compressed = false;  // in the package
};

// What is known of the app. Whatever is empty is answered as a gap. Functions are thread safe.
struct AndroidApp {
  std::string package;  // "com.example.app"
  // The signers' certificates as DER, the first one's first.
  std::vector<std::vector<std::uint8_t>> certificates;
  // By its whole name in the package: "assets/model.tflite".
  std::function<std::optional<AppEntry>(const std::string& name)> entry;
  // The names of all entries.
  std::function<std::vector<std::string>()> entries;
};

// Where guests believe the package and what belongs to it to lie.
inline constexpr const char* kGuestPackagePath = "/data/app/app/base.apk";

// The part of a machine that Android's own libraries ask: set once, before guest code runs.
struct AndroidSystem {
  explicit AndroidSystem(GuestMachine&) {}
  OwnJavaWorld* java = nullptr;
  AndroidApp app;
};

}  // namespace dl::guest
