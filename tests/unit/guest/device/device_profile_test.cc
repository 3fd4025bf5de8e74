// SPDX-License-Identifier: Apache-2.0
// The phone as data: the built-in ones, a user's, and files that are none.
#include "daylight/guest/device/device_profile.h"

#include <gmock/gmock.h>

namespace dl::guest {
namespace {

using ::testing::HasSubstr;

TEST(DeviceProfile, BuiltInOnesAgreeWithThemselves) {
  for (const bool arm64 : {true, false}) {
    const DeviceProfile& profile = DeviceProfile::builtin(arm64);
    EXPECT_EQ(profile.properties.at("ro.build.version.sdk"), std::to_string(profile.api_level));
    EXPECT_EQ(profile.properties.at("ro.product.cpu.abi"), arm64 ? "arm64-v8a" : "x86_64");
    EXPECT_TRUE(profile.files.contains("/proc/cpuinfo"));
    EXPECT_EQ(profile.files.at("/sys/devices/system/cpu/present"),
              profile.cpu_count == 1 ? "0\n" : "?");
  }
  // No half-precision arithmetic, no atomics of Armv8.1: the engine does not run them.
  constexpr std::uint64_t kAtomics = 1U << 8U;
  constexpr std::uint64_t kHalfPrecision = (1U << 9U) | (1U << 10U);
  EXPECT_EQ(DeviceProfile::builtin(true).hwcap & (kAtomics | kHalfPrecision), 0U);
}

TEST(DeviceProfile, ReadsEveryField) {
  const auto profile = DeviceProfile::parse(
      R"({"schema": "daylight/device-profile/1", "name": "n", "api_level": 28, "cpu_count": 8, "hwcap": 3,
          "hwcap2": 4, "locale": "de_DE", "timezone": "Europe/Berlin", "properties": {"a": "b"},
          "files": {"/f": "text"}, "environment": {"E": "1"}, "note": "ignored"})",
      "p.json");
  ASSERT_TRUE(profile) << profile.error().what;
  EXPECT_EQ(profile->name, "n");
  EXPECT_EQ(profile->api_level, 28);
  EXPECT_EQ(profile->cpu_count, 8);
  EXPECT_EQ(profile->hwcap, 3U);
  EXPECT_EQ(profile->hwcap2, 4U);
  EXPECT_EQ(profile->locale, "de_DE");
  EXPECT_EQ(profile->timezone, "Europe/Berlin");
  EXPECT_EQ(profile->properties.at("a"), "b");
  EXPECT_EQ(profile->files.at("/f"), "text");
  EXPECT_EQ(profile->environment.at("E"), "1");
}

TEST(DeviceProfile, WrongFieldsAreNamed) {
  const auto error = [](const std::string& fields) {
    const auto profile =
        DeviceProfile::parse(R"({"schema": "daylight/device-profile/1")" + fields + "}", "p.json");
    return profile ? std::string("read") : profile.error().what;
  };
  EXPECT_EQ(error(""), "read");
  EXPECT_THAT(error(R"(, "api_level": 5)"), HasSubstr("api_level"));
  EXPECT_THAT(error(R"(, "api_level": -30)"), HasSubstr("api_level"));
  EXPECT_THAT(error(R"(, "cpu_count": 0)"), HasSubstr("cpu_count"));
  EXPECT_THAT(error(R"(, "hwcap": "fp")"), HasSubstr("hwcap"));
  EXPECT_THAT(error(R"(, "properties": [])"), HasSubstr("properties"));
  EXPECT_THAT(error(R"(, "files": {"/f": 1})"), HasSubstr("files./f"));
  EXPECT_THAT(error(R"(, "locale": 1)"), HasSubstr("locale"));
  EXPECT_FALSE(DeviceProfile::parse("[]", "p.json"));
  EXPECT_FALSE(DeviceProfile::parse("{}", "p.json"));
  EXPECT_FALSE(DeviceProfile::parse("{", "p.json"));
}

}  // namespace
}  // namespace dl::guest
