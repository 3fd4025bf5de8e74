// SPDX-License-Identifier: Apache-2.0
// The folders of a phone in which an app keeps its files: which of this machine's stand for them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "daylight/guest/machine/guest_machine.h"

namespace dl::guest {

// The name of the package that a guest's folders have: where it is not known, one that phones would
// take.
std::string guest_package_name(const std::string& package);
// "/storage/emulated/0"
std::string guest_shared_folder();

// None of them is written but `changes` and `java_data`. Whatever is empty is not there.
struct AppFolders {
  // What /data/user/0/PACKAGE shows, by its other name /data/data/PACKAGE. That folder is there in
  // any case, with files/ and cache/ in it.
  std::filesystem::path app_data;
  // The data folder of a Java side that runs in this process: shown in its place and by its own
  // path, and changed as it is. Then `app_data` and `changes` do not count for it.
  std::filesystem::path java_data;
  // What /storage/emulated/0 shows, with /sdcard, /storage/self/primary and /mnt/sdcard leading
  // there.
  std::filesystem::path sdcard;
  // Where the guest's own files go: in app-data/ and sdcard/ below it, made when they are needed.
  // Empty: the guest writes nothing.
  std::filesystem::path changes;
};

// Shows them to the guest; before its code runs.
void mount_app_folders(GuestMachine& machine, const AppFolders& folders,
                       const std::string& package);

// What a guest has done to its folders.
struct FileChanges {
  // Below AppFolders::changes ("app-data/cache/x"), with their sizes.
  std::vector<std::pair<std::string, std::uint64_t>> written;
  std::vector<std::string> removed;  // or moved away: of the user's folders
  std::vector<std::string> gaps;     // what could not be written, in words
};
FileChanges file_changes(GuestMachine& machine);

}  // namespace dl::guest
