// SPDX-License-Identifier: Apache-2.0
// The phone that a guest believes to run on: what it can ask about it, as data.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "daylight/base/result.h"

namespace dl::guest {

struct DeviceProfile {
  std::string name;
  int api_level = 30;
  int cpu_count = 1;
  std::uint64_t hwcap = 0;   // AT_HWCAP
  std::uint64_t hwcap2 = 0;  // AT_HWCAP2
  std::string locale = "en_US";
  std::string timezone = "UTC";
  std::map<std::string, std::string> properties;  // __system_property_get
  std::map<std::string, std::string> files;       // path and whole content: /proc/cpuinfo ...
  std::map<std::string, std::string> environment;
  // For runs that repeat: all random bytes come from this seed, and clocks begin at a time
  // (nanoseconds since 1970) and go on by a step with each look. Absent: this machine's own.
  std::optional<std::uint64_t> seed;
  std::optional<std::int64_t> clock_start_ns;
  std::int64_t clock_step_ns = 1'000;

  // From JSON (docs/formats/device_profile.md). kCorrupt says which field.
  static Result<DeviceProfile> parse(std::string_view json, const std::string& where);
  // An arm64 or x86-64 phone with the instructions that all of its kind have, so that every engine
  // can run what libraries choose for it.
  static const DeviceProfile& builtin(bool arm64);
};

}  // namespace dl::guest
