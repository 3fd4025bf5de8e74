// SPDX-License-Identifier: Apache-2.0
// AConfiguration: the device profile, as resources are chosen by it.
#include <charconv>
#include <cstring>
#include <mutex>
#include <string>
#include <unordered_map>

#include "daylight/guest/android/android_functions.h"
#include "daylight/guest/machine/guest_machine.h"

namespace dl::guest {
namespace {

constexpr std::uint64_t kConfigurationSize = 64;
// ACONFIGURATION_DENSITY_MEDIUM: what a phone has whose ro.sf.lcd_density nobody set.
constexpr std::int32_t kDefaultDensity = 160;

// What a guest holds: a block with these in front.
struct Configuration {
  std::int32_t set = 0;
  std::int32_t density = 0;
  std::int32_t sdk = 0;
  char language[2] = {};
  char country[2] = {};
};

std::uint64_t new_configuration(GuestMachine& machine) {
  return machine.heap.allocate(kConfigurationSize, 16, true);
}
void delete_configuration(GuestMachine& machine, std::uint64_t at) {
  if (at != 0) machine.heap.release(at);
}

Configuration read(GuestMachine& machine, std::uint64_t at) {
  Configuration out;
  const auto bytes = machine.arena.bytes(at, sizeof(out));
  if (bytes) {
    std::memcpy(&out, bytes->data(), sizeof(out));
  } else {
    machine.raise(GuestFault::Kind::kMemory, "uses an AConfiguration that is none");
  }
  return out;
}

void from_asset_manager(GuestMachine& machine, std::uint64_t to, std::uint64_t) {
  Configuration out;
  if (!machine.arena.allows(to, sizeof(out), kPageWrite)) {
    machine.raise(GuestFault::Kind::kMemory, "uses an AConfiguration that is none");
    return;
  }
  const DeviceProfile& profile = machine.profile;
  out.set = 1;
  out.sdk = profile.api_level;
  out.density = kDefaultDensity;
  const auto density = profile.properties.find("ro.sf.lcd_density");
  if (density != profile.properties.end()) {
    const std::string& text = density->second;
    std::from_chars(text.data(), text.data() + text.size(), out.density);
  }
  // "en_US".
  const std::string& locale = profile.locale;
  if (locale.size() >= 2) std::memcpy(out.language, locale.data(), 2);
  if (locale.size() >= 5) std::memcpy(out.country, locale.data() + 3, 2);
  std::memcpy(reinterpret_cast<void*>(to), &out, sizeof(out));
}

void copy_configuration(GuestMachine& machine, std::uint64_t to, std::uint64_t from) {
  const Configuration all = read(machine, from);
  if (machine.arena.allows(to, sizeof(all), kPageWrite))
    std::memcpy(reinterpret_cast<void*>(to), &all, sizeof(all));
}

void put_letters(GuestMachine& machine, std::uint64_t to, const char (&letters)[2]) {
  if (machine.arena.allows(to, 2, kPageWrite)) std::memcpy(reinterpret_cast<void*>(to), letters, 2);
}
void get_language(GuestMachine& machine, std::uint64_t at, std::uint64_t to) {
  put_letters(machine, to, read(machine, at).language);
}
void get_country(GuestMachine& machine, std::uint64_t at, std::uint64_t to) {
  put_letters(machine, to, read(machine, at).country);
}
std::int32_t get_density(GuestMachine& machine, std::uint64_t at) {
  return read(machine, at).density;
}
std::int32_t get_sdk(GuestMachine& machine, std::uint64_t at) { return read(machine, at).sdk; }

// An upright phone with a finger's screen and no keys; 0, "any", before it was filled.
template <std::int32_t kValue>
std::int32_t plain(GuestMachine& machine, std::uint64_t at) {
  // NOLINTNEXTLINE(bugprone-branch-clone): where kValue is 0, too
  return read(machine, at).set != 0 ? kValue : 0;
}

}  // namespace

void add_configuration_functions(FunctionTable& table) {
  table.add("AConfiguration_new", &new_configuration);
  table.add("AConfiguration_delete", &delete_configuration);
  table.add("AConfiguration_fromAssetManager", &from_asset_manager);
  table.add("AConfiguration_copy", &copy_configuration);
  table.add("AConfiguration_getLanguage", &get_language);
  table.add("AConfiguration_getCountry", &get_country);
  table.add("AConfiguration_getDensity", &get_density);
  table.add("AConfiguration_getSdkVersion", &get_sdk);
  table.add("AConfiguration_getMcc", &plain<0>);
  table.add("AConfiguration_getMnc", &plain<0>);
  table.add("AConfiguration_getOrientation", &plain<1>);
  table.add("AConfiguration_getTouchscreen", &plain<3>);
  table.add("AConfiguration_getKeyboard", &plain<1>);
  table.add("AConfiguration_getNavigation", &plain<1>);
  table.add("AConfiguration_getKeysHidden", &plain<1>);
  table.add("AConfiguration_getNavHidden", &plain<2>);
  table.add("AConfiguration_getScreenSize", &plain<2>);
  table.add("AConfiguration_getScreenLong", &plain<1>);
  table.add("AConfiguration_getUiModeType", &plain<1>);
  table.add("AConfiguration_getUiModeNight", &plain<1>);
  table.add("AConfiguration_getLayoutDirection", &plain<1>);
}

}  // namespace dl::guest
