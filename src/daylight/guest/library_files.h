// SPDX-License-Identifier: Apache-2.0
// The native libraries of one app or folder, by name, for a guest.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/base/file.h"
#include "daylight/base/result.h"
#include "daylight/format/archive/zip.h"
#include "daylight/format/code/elf.h"
#include "daylight/guest/android/android_app.h"
#include "daylight/guest/image/library_loader.h"

namespace dl::guest {

// Where guests believe an app's libraries to lie.
std::string guest_library_path(std::string_view name, ElfMachine machine);

// Libraries of one folder that are opened.
inline constexpr std::size_t kMaxFolderLibraries = 4'096;

// A library, and where those that it needs come from: beside it in its folder or archive, for the
// same processor, then in a further folder. All of them are open from the beginning: a jail in
// which they are used needs to show no folder. Const methods are thread safe.
class LibraryFiles {
 public:
  // `library` is the path of a library, or of an APK or AAR with the entry's name, or only its last
  // part, behind a "!": "app.apk!libx.so". Without one, the archive must hold just one library for
  // its processor. Of several processors `machine` is taken, or arm64 if none is asked for.
  // Of folders only regular files named "lib*.so" are opened, links only where they stay in the
  // folder, and `library` itself whatever its name is.
  // kNotFound, kUnsupported (only libraries for 32 bits, or not for `machine`), kInvalidArgument
  // (several; `deps` is no folder) and kLimit (kMaxFolderLibraries) say what there is.
  static Result<LibraryFiles> open(const std::string& library, const std::filesystem::path& deps,
                                   std::optional<ElfMachine> machine = std::nullopt);

  const std::string& name() const { return name_; }  // of the library itself
  ElfMachine machine() const { return machine_; }
  // By file name; nothing if there is none.
  std::optional<LibraryFile> find(const std::string& name) const;
  // An entry of the archive by its whole name ("assets/labels.txt"), and the names of all; nothing
  // without an archive.
  std::optional<AppEntry> entry(const std::string& name) const;
  std::vector<std::string> entries() const;

 private:
  Result<void> open_archive(const std::string& path, const std::string& entry,
                            std::optional<ElfMachine> machine);
  // Adds what is not known yet.
  Result<void> open_folder(const std::filesystem::path& given);

  std::string name_;
  ElfMachine machine_ = ElfMachine::kOther;
  std::map<std::string, std::shared_ptr<MappedFile>> beside_;  // in folders, by name
  std::string archive_name_;
  std::shared_ptr<MappedFile> file_;
  std::shared_ptr<ZipArchive> archive_;
  std::string prefix_;  // of the entries for the same processor
};

}  // namespace dl::guest
