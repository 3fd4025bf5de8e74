// SPDX-License-Identifier: Apache-2.0
// Finds the bundle by its Info.plist and reads it.
#include "daylight/program/package/ios_bundle.h"

#include <algorithm>
#include <set>
#include <utility>

#include "daylight/base/text.h"
#include "daylight/format/code/macho.h"
#include "daylight/format/package/property_list.h"

namespace dl::program {
namespace {

constexpr std::string_view kInfoName = "Info.plist";

// Where an app's own Info.plist may stand: in "X.app/" at the top or in Payload/ (not in the
// frameworks and extensions below), or at the top of a folder that is the app.
bool is_app_info(std::string_view name) {
  if (!name.ends_with(kInfoName)) return false;
  const auto parts = split(name, '/');
  if (parts.size() == 1) return true;
  const bool in_app = parts[parts.size() - 2].ends_with(".app");
  return in_app && (parts.size() == 2 || (parts.size() == 3 && parts[0] == "Payload"));
}

std::string text_of(const Json& root, const char* key) {
  const auto found = root.find(key);
  if (found == root.end()) return {};
  if (found->is_string()) return found->get<std::string>();
  return found->is_number() ? dump_json_line(*found) : std::string();
}

// One list for the app; an extension's keys are those of its own Info.plist.
std::vector<std::string> usage_keys(const Json& root) {
  std::vector<std::string> out;
  for (const auto& [key, value] : root.items()) {
    if (key.starts_with("NS") && key.ends_with("UsageDescription")) out.push_back(key);
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<std::string> cpus_of(const AppPackage& app, const std::string& executable) {
  const auto content = app.entry_bytes(executable);
  if (!content) return {};
  const auto files = MachoFile::parse_all(content->bytes, executable);
  if (!files) return {};  // the scan of all entries says so
  std::set<std::string> cpus;
  for (const MachoFile& file : *files) cpus.insert(file.cpu());
  return {cpus.begin(), cpus.end()};
}

}  // namespace

std::optional<IosBundle> read_ios_bundle(const AppPackage& app, GapList& gaps) {
  for (const AppEntry& entry : app.entries()) {
    if (entry.shadowed || !is_app_info(entry.name)) continue;
    IosBundle out;
    out.chain = app.chain_of(entry);
    const std::string where = join(out.chain, "!");
    const auto content = app.entry_bytes(entry);
    if (!content) {
      gaps.add(where, content.error().what);
      continue;
    }
    const auto list = parse_property_list(content->bytes, where);
    if (!list) {
      gaps.add(where, list.error().what);
      continue;
    }
    gaps.append(list->gaps);
    const Json& root = list->root;
    if (!root.is_object() || text_of(root, "CFBundleIdentifier").empty()) {
      gaps.add(where, "names no app: CFBundleIdentifier is missing");
      continue;
    }
    out.root = entry.name.substr(0, entry.name.size() - kInfoName.size());
    out.identifier = text_of(root, "CFBundleIdentifier");
    out.name = text_of(root, "CFBundleDisplayName");
    if (out.name.empty()) out.name = text_of(root, "CFBundleName");
    out.version_name = text_of(root, "CFBundleShortVersionString");
    out.version_code = text_of(root, "CFBundleVersion");
    out.minimum_os = text_of(root, "MinimumOSVersion");
    out.usages = usage_keys(root);
    const std::string program = out.root + text_of(root, "CFBundleExecutable");
    if (app.find(program) != nullptr) {
      out.executable = program;
      out.cpus = cpus_of(app, program);
    } else {
      gaps.add(where, "the main program that it names is not there");
    }
    return out;
  }
  if (app.shape() == AppShape::kIpa)
    gaps.add(app.file_name(),
             "there is no Info.plist of the app: its name and version are unknown");
  return std::nullopt;
}

}  // namespace dl::program
