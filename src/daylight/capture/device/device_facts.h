// SPDX-License-Identifier: Apache-2.0
// What a phone is, and what it lets us see of an app: asked of it by adb.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/capture/device/adb.h"

namespace dl::capture {

// All texts are the phone's: hostile.
struct ConnectedDevice {
  std::string serial;
  std::string state;  // device, unauthorized, offline ...
  std::string model;
};

enum class DeviceRoot {
  kNone,
  kAdbd,      // adb's own shell is root
  kSu,        // su -c COMMAND
  kSuUserId,  // su 0 COMMAND, as emulators have it
};
std::string_view word(DeviceRoot root);

struct DeviceFacts {
  ConnectedDevice device;
  std::map<std::string, std::string> properties;
  DeviceRoot root = DeviceRoot::kNone;

  // "" where the phone does not say.
  std::string property(const std::string& name) const;
  // Every app can be debugged: ro.debuggable is 1.
  bool debuggable_build() const { return property("ro.debuggable") == "1"; }
};

// What stands in the answers of `adb devices -l` and `getprop`; lines of another form are ignored.
std::vector<ConnectedDevice> read_device_list(std::string_view text);
std::map<std::string, std::string> read_properties(std::string_view text);

Result<std::vector<ConnectedDevice>> connected_devices(const Adb& adb);
// The only one that is ready, or the one with this serial. kNotFound, or kInvalidArgument where
// there are several to choose from.
Result<ConnectedDevice> choose_device(const Adb& adb, const std::string& serial);
Result<DeviceFacts> facts_of(const Adb& adb, const ConnectedDevice& device);

// The words for a command in the phone's shell, with the rights of root where there are some.
std::vector<std::string> shell_words(const std::string& serial, const std::string& command);
std::vector<std::string> root_words(const DeviceFacts& facts, const std::string& command,
                                    const std::string& how = "shell");

}  // namespace dl::capture
