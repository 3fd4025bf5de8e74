// SPDX-License-Identifier: Apache-2.0
// Lines of adb's and of the phone's programs.
#include "daylight/capture/device/device_facts.h"

#include <algorithm>

#include "daylight/base/text.h"

namespace dl::capture {
namespace {

constexpr std::size_t kMaxDevices = 64;
constexpr std::size_t kMaxProperties = 8192;

// Whether a command of the phone's says that its user is root.
bool is_root(const Adb& adb, const std::string& serial, const std::string& command) {
  const auto answer = adb.run(shell_words(serial, command));
  return answer && answer->exit_code == 0 && trim(answer->out) == "0";
}

DeviceRoot root_of(const Adb& adb, const std::string& serial) {
  if (is_root(adb, serial, "id -u")) return DeviceRoot::kAdbd;
  if (is_root(adb, serial, "su -c 'id -u'")) return DeviceRoot::kSu;
  if (is_root(adb, serial, "su 0 id -u")) return DeviceRoot::kSuUserId;
  return DeviceRoot::kNone;
}

}  // namespace

std::string_view word(DeviceRoot root) {
  switch (root) {
    case DeviceRoot::kNone:
      return "no";
    case DeviceRoot::kAdbd:
      return "adbd";
    case DeviceRoot::kSu:
    case DeviceRoot::kSuUserId:
      return "su";
  }
  return "no";
}

std::string DeviceFacts::property(const std::string& name) const {
  const auto found = properties.find(name);
  return found == properties.end() ? "" : found->second;
}

std::vector<ConnectedDevice> read_device_list(std::string_view text) {
  std::vector<ConnectedDevice> out;
  for (const std::string& line : split(text, '\n')) {
    std::vector<std::string> words;
    for (const std::string& each : split(line, ' ')) {
      if (const auto word = trim(each); !word.empty()) words.emplace_back(word);
    }
    if (words.size() < 2 || words[0] == "List" || words[0].front() == '*') continue;
    ConnectedDevice device{words[0], words[1], ""};
    for (const std::string& each : words) {
      if (each.starts_with("model:")) device.model = each.substr(6);
    }
    if (out.size() < kMaxDevices) out.push_back(std::move(device));
  }
  return out;
}

std::map<std::string, std::string> read_properties(std::string_view text) {
  std::map<std::string, std::string> out;
  for (const std::string& raw : split(text, '\n')) {
    const std::string_view line = trim(raw);
    const auto between = line.find("]: [");
    if (!line.starts_with("[") || !line.ends_with("]") || between == std::string_view::npos)
      continue;
    if (out.size() >= kMaxProperties) break;
    out.emplace(line.substr(1, between - 1), line.substr(between + 4, line.size() - between - 5));
  }
  return out;
}

Result<std::vector<ConnectedDevice>> connected_devices(const Adb& adb) {
  const AdbAnswer answer = TRY(adb.run({"devices", "-l"}));
  if (answer.exit_code != 0)
    return fail(ErrorCode::kIo, "does not answer: " + printable(trim(answer.err)), "adb devices");
  return read_device_list(answer.out);
}

Result<ConnectedDevice> choose_device(const Adb& adb, const std::string& serial) {
  std::vector<ConnectedDevice> all = TRY(connected_devices(adb));
  if (!serial.empty()) {
    std::erase_if(all, [&](const ConnectedDevice& each) { return each.serial != serial; });
    if (all.empty())
      return fail(ErrorCode::kNotFound, "is not connected", "device " + serial,
                  "daylight device list");
    if (all[0].state != "device")
      return fail(ErrorCode::kUnsupported, "is not ready: " + all[0].state, "device " + serial,
                  "allow this computer on its screen");
    return all[0];
  }
  std::erase_if(all, [](const ConnectedDevice& each) { return each.state != "device"; });
  if (all.empty())
    return fail(ErrorCode::kNotFound, "no phone is connected and ready", "adb",
                "daylight device list shows those that are not ready");
  if (all.size() > 1)
    return fail(ErrorCode::kInvalidArgument, std::to_string(all.size()) + " phones are connected",
                "adb", "choose one with --serial");
  return all[0];
}

Result<DeviceFacts> facts_of(const Adb& adb, const ConnectedDevice& device) {
  DeviceFacts facts;
  facts.device = device;
  const AdbAnswer answer = TRY(adb.run(shell_words(device.serial, "getprop")));
  if (answer.exit_code != 0)
    return fail(ErrorCode::kIo, "does not answer: " + printable(trim(answer.err)),
                "device " + device.serial);
  facts.properties = read_properties(answer.out);
  facts.root = root_of(adb, device.serial);
  return facts;
}

std::vector<std::string> shell_words(const std::string& serial, const std::string& command) {
  return {"-s", serial, "shell", command};
}

std::vector<std::string> root_words(const DeviceFacts& facts, const std::string& command,
                                    const std::string& how) {
  std::string whole = command;
  if (facts.root == DeviceRoot::kSu) whole = "su -c " + quoted_for_shell(command);
  if (facts.root == DeviceRoot::kSuUserId) whole = "su 0 sh -c " + quoted_for_shell(command);
  return {"-s", facts.device.serial, how, whole};
}

}  // namespace dl::capture
