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

// The pictures of a Java side that is not our own world. Thread safe.
class JavaBitmaps {
 public:
  struct Facts {
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    std::uint32_t stride = 0;  // bytes from row to row
    std::int32_t format = 0;   // as libjnigraphics numbers them
    bool opaque = false;
  };
  virtual ~JavaBitmaps() = default;
  // Nothing for what is no bitmap.
  virtual std::optional<Facts> facts(std::uint64_t object) = 0;
  // Where its pixels lie in the guest's memory until unlock(); 0 where there are none.
  virtual std::uint64_t lock(std::uint64_t object) = 0;
  // What the guest changed is the bitmap's again. False for what is not locked.
  virtual bool unlock(std::uint64_t object) = 0;
};

// Where guests believe the package and what belongs to it to lie.
inline constexpr const char* kGuestPackagePath = "/data/app/app/base.apk";

// The part of a machine that Android's own libraries ask: set once, before guest code runs.
struct AndroidSystem {
  explicit AndroidSystem(GuestMachine&) {}
  OwnJavaWorld* java = nullptr;
  JavaBitmaps* bitmaps = nullptr;  // where `java` is null
  AndroidApp app;
};

}  // namespace dl::guest
