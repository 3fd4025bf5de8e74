// SPDX-License-Identifier: Apache-2.0
// Reads profiles.
#include "daylight/guest/device/device_profile.h"

#include <cassert>
#include <span>

#include "daylight/base/embedded.h"
#include "daylight/base/json.h"

namespace dl {
namespace embedded {
std::span<const File> device_profiles();
}  // namespace embedded

namespace guest {
namespace {

constexpr std::uint64_t kMaxClock = std::uint64_t{1} << 62U;  // nanoseconds: the year 2116

Result<std::map<std::string, std::string>> texts_of(const Json& json, const char* field,
                                                    const std::string& where) {
  std::map<std::string, std::string> out;
  const auto found = json.find(field);
  if (found == json.end()) return out;
  if (!found->is_object())
    return fail(ErrorCode::kCorrupt, std::string(field) + " is not an object", where);
  for (const auto& [key, item] : found->items()) {
    if (!item.is_string())
      return fail(ErrorCode::kCorrupt, std::string(field) + "." + key + " is not a text", where);
    out.emplace(key, item.get<std::string>());
  }
  return out;
}

Result<std::uint64_t> number_of(const Json& json, const char* field, std::uint64_t otherwise,
                                const std::string& where) {
  const auto found = json.find(field);
  if (found == json.end()) return otherwise;
  if (!found->is_number_unsigned())
    return fail(ErrorCode::kCorrupt, std::string(field) + " is not a number", where);
  return found->get<std::uint64_t>();
}

Result<std::string> text_of(const Json& json, const char* field, const std::string& otherwise,
                            const std::string& where) {
  const auto found = json.find(field);
  if (found == json.end()) return otherwise;
  if (!found->is_string())
    return fail(ErrorCode::kCorrupt, std::string(field) + " is not a text", where);
  return found->get<std::string>();
}

DeviceProfile builtin_named(std::string_view file) {
  for (const embedded::File& each : embedded::device_profiles()) {
    if (each.name != file) continue;
    auto parsed = DeviceProfile::parse(each.bytes, std::string(file));
    assert(parsed);
    if (parsed) return std::move(*parsed);
  }
  assert(false && "the build embeds the profiles");
  return {};
}

}  // namespace

Result<DeviceProfile> DeviceProfile::parse(std::string_view json, const std::string& where) {
  const Json parsed = TRY(parse_json(json, where));
  if (!parsed.is_object())
    return fail(ErrorCode::kCorrupt, "a device profile is a JSON object", where);
  if (parsed.value("schema", Json()) != "daylight/device-profile/1")
    return fail(ErrorCode::kUnsupported, "schema is not daylight/device-profile/1", where);
  DeviceProfile out;
  out.name = TRY(text_of(parsed, "name", "", where));
  const std::uint64_t api = TRY(number_of(parsed, "api_level", 30, where));
  const std::uint64_t cpus = TRY(number_of(parsed, "cpu_count", 1, where));
  if (api < 21 || api > 99) return fail(ErrorCode::kCorrupt, "api_level is none", where);
  if (cpus < 1 || cpus > 64)
    return fail(ErrorCode::kCorrupt, "cpu_count is not from 1 to 64", where);
  out.api_level = static_cast<int>(api);
  out.cpu_count = static_cast<int>(cpus);
  out.hwcap = TRY(number_of(parsed, "hwcap", 0, where));
  out.hwcap2 = TRY(number_of(parsed, "hwcap2", 0, where));
  out.locale = TRY(text_of(parsed, "locale", out.locale, where));
  out.timezone = TRY(text_of(parsed, "timezone", out.timezone, where));
  out.properties = TRY(texts_of(parsed, "properties", where));
  out.files = TRY(texts_of(parsed, "files", where));
  out.environment = TRY(texts_of(parsed, "environment", where));
  if (parsed.contains("seed")) out.seed = TRY(number_of(parsed, "seed", 0, where));
  if (parsed.contains("clock_start_ns")) {
    const std::uint64_t start = TRY(number_of(parsed, "clock_start_ns", 0, where));
    const std::uint64_t step = TRY(number_of(parsed, "clock_step_ns", 1'000, where));
    if (start > kMaxClock || step < 1 || step > kMaxClock)
      return fail(ErrorCode::kCorrupt, "clock_start_ns or clock_step_ns is too large", where);
    out.clock_start_ns = static_cast<std::int64_t>(start);
    out.clock_step_ns = static_cast<std::int64_t>(step);
  }
  return out;
}

const DeviceProfile& DeviceProfile::builtin(bool arm64) {
  static const DeviceProfile kArm64 = builtin_named("generic-arm64.json");
  static const DeviceProfile kX86 = builtin_named("generic-x86_64.json");
  return arm64 ? kArm64 : kX86;
}

}  // namespace guest
}  // namespace dl
