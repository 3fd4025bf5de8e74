// SPDX-License-Identifier: Apache-2.0
// Asks adb, and shows what it found.
#include "daylight/cli/device_verb.h"

#include <fmt/format.h>

#include <cstdio>
#include <vector>

#include "daylight/base/json.h"
#include "daylight/base/text.h"
#include "daylight/capture/device/package_pull.h"
#include "daylight/report/text_layout.h"

namespace dl::cli {
namespace {

using capture::Adb;
using capture::ConnectedDevice;
using capture::DeviceFacts;

// What an agent or a script could see of apps there, in a few words.
std::string sight_of(const DeviceFacts& facts) {
  if (facts.debuggable_build()) return "every app (a debuggable build)";
  if (facts.root != capture::DeviceRoot::kNone) return "every app (root)";
  return "apps that are debuggable";
}

Json json_of(const DeviceFacts& facts) {
  return {{"serial", facts.device.serial},
          {"state", facts.device.state},
          {"model", facts.property("ro.product.model")},
          {"sdk", facts.property("ro.build.version.sdk")},
          {"abis", facts.property("ro.product.cpu.abilist")},
          {"build", facts.property("ro.build.type")},
          {"debuggable_build", facts.debuggable_build()},
          {"root", capture::word(facts.root)}};
}

// Of those that are ready their facts, of the others what adb says.
Result<std::vector<DeviceFacts>> all_facts(const Adb& adb) {
  std::vector<DeviceFacts> out;
  for (const ConnectedDevice& device : TRY(capture::connected_devices(adb))) {
    DeviceFacts facts;
    facts.device = device;
    if (device.state == "device") facts = TRY(capture::facts_of(adb, device));
    out.push_back(std::move(facts));
  }
  return out;
}

Result<ExitCode> list(const Adb& adb, const DeviceFlags& flags, Terminal& terminal) {
  const std::vector<DeviceFacts> all = TRY(all_facts(adb));
  if (flags.json) {
    Json devices = Json::array();
    for (const DeviceFacts& facts : all) devices.push_back(json_of(facts));
    fmt::print("{}", dump_json({{"devices", std::move(devices)}}));
    return kDone;
  }
  if (all.empty()) terminal.message(LogLevel::kWarning, "no phone is connected");
  std::vector<std::vector<std::string>> rows;
  for (const DeviceFacts& facts : all) {
    const bool ready = facts.device.state == "device";
    rows.push_back({printable(facts.device.serial), printable(facts.device.state),
                    printable(ready ? facts.property("ro.product.model") : facts.device.model),
                    printable(facts.property("ro.build.version.sdk")),
                    printable(facts.property("ro.product.cpu.abilist")),
                    ready ? sight_of(facts) : ""});
  }
  if (!rows.empty())
    fmt::print("{}", text_table({{"serial", 24},
                                 {"state", 14},
                                 {"model", 24},
                                 {"SDK", 4},
                                 {"processors", 32},
                                 {"agents can see", 32}},
                                rows, 0));
  return kDone;
}

Result<ExitCode> pull(const Adb& adb, const DeviceFlags& flags, Terminal& terminal) {
  const ConnectedDevice device = TRY(capture::choose_device(adb, flags.serial));
  const DeviceFacts facts = TRY(capture::facts_of(adb, device));
  const auto pulled =
      TRY(capture::pull_package(adb, facts, flags.package, flags.out, !flags.no_data));
  for (const std::string& gap : pulled.gaps) terminal.message(LogLevel::kWarning, gap);
  if (flags.json) {
    fmt::print("{}", dump_json(capture::to_json(facts, pulled)));
    return kDone;
  }
  const auto& package = pulled.package;
  fmt::print("{} {} ({}), {} of {} splits, installed by {}\n", package.name,
             printable(package.version_name), printable(package.version_code), pulled.files.size(),
             package.paths.size(),
             package.installer.empty() ? "nobody that it names" : printable(package.installer));
  for (const std::string& certificate : pulled.certificates)
    fmt::print("signed by {}\n", certificate);
  const std::string folder = flags.out.string();
  fmt::print("next: daylight detect {0}/apks{1}\n", folder,
             pulled.data_sha256 ? " --app-data " + folder + "/app-data.tar" : "");
  return kDone;
}

}  // namespace

Result<ExitCode> run_device_verb(const std::string& verb, const DeviceFlags& flags,
                                 Terminal& terminal) {
  const Adb adb = TRY(Adb::find(flags.adb));
  if (verb == "device list") return list(adb, flags, terminal);
  return pull(adb, flags, terminal);
}

}  // namespace dl::cli
