// SPDX-License-Identifier: Apache-2.0
// One tree for an app's own data, one for the shared storage.
#include "daylight/guest/libc/app_folders.h"

#include <memory>

#include "daylight/guest/libc/guest_files.h"

namespace dl::guest {
namespace {

// Also the names of the folders that changes go to.
constexpr const char* kAppData = "app-data";
constexpr const char* kShared = "sdcard";
// Where phones with one user have it.
constexpr const char* kSharedPath = "/storage/emulated/0";

std::string upper_of(const AppFolders& folders, const char* name) {
  return folders.changes.empty() ? std::string() : (folders.changes / name).string();
}

}  // namespace

std::string guest_package_name(const std::string& package) {
  return package.empty() ? "com.example.app" : package;
}

std::string guest_shared_folder() { return kSharedPath; }

void mount_app_folders(GuestMachine& machine, const AppFolders& folders,
                       const std::string& package) {
  const auto budget = std::make_shared<ChangeBudget>();
  GuestFiles& files = machine.part<GuestFiles>();
  const std::string name = guest_package_name(package);
  const bool shared_with_java = !folders.java_data.empty();
  const auto own = std::make_shared<OverlayTree>(
      kAppData, shared_with_java ? std::string() : folders.app_data.string(),
      shared_with_java ? folders.java_data.string() : upper_of(folders, kAppData), budget,
      std::set<std::string>{"files", "cache", "code_cache"});
  if (shared_with_java) files.mount(folders.java_data.string(), own);
  files.mount("/data/user/0/" + name, own);
  files.mount("/data/data/" + name, own);
  if (folders.sdcard.empty()) return;
  const auto shared = std::make_shared<OverlayTree>(kShared, folders.sdcard.string(),
                                                    upper_of(folders, kShared), budget);
  for (const char* const path : {kSharedPath, "/sdcard", "/storage/self/primary", "/mnt/sdcard"})
    files.mount(path, shared, kSharedPath);
}

FileChanges file_changes(GuestMachine& machine) {
  FileChanges out;
  for (const auto& tree : machine.part<GuestFiles>().trees()) {
    for (const auto& [path, size] : tree->written())
      out.written.emplace_back(tree->name() + "/" + path, size);
    for (const std::string& path : tree->removed())
      out.removed.push_back(tree->name() + "/" + path);
    if (out.gaps.empty()) out.gaps = tree->budget()->gaps();  // one for all
  }
  return out;
}

}  // namespace dl::guest
