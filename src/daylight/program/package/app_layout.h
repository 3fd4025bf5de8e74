// SPDX-License-Identifier: Apache-2.0
// How an app comes: an APK, a set of splits, a bundle, an AAR, an IPA, a folder, a single file; its
// parts, and the entries of all parts under the names that the installed app knows.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/base/file.h"
#include "daylight/base/result.h"
#include "daylight/format/archive/container.h"
#include "daylight/format/archive/zip.h"
#include "daylight/format/format_gap.h"

namespace dl::program {

// Files of a folder that are listed; more become a gap.
inline constexpr std::size_t kMaxFolderFiles = 200000;
// APKs of one set.
inline constexpr std::size_t kMaxAppParts = 512;
// The step under which everything from --app-data stands in a chain of containers.
inline constexpr const char* kAppDataStep = "~app-data";

enum class AppShape { kApk, kSplitSet, kBundle, kLibrary, kIpa, kArchive, kFolder, kFile };
// "apk", "split set" ...
std::string_view shape_name(AppShape shape);

// One archive or folder that the app is made of.
struct AppPart {
  enum class Role { kBase, kSplit, kAppData };
  Role role = Role::kBase;
  std::vector<std::string> prefix;            // steps from the app's file to this part
  Content content;                            // of an archive
  std::shared_ptr<const ZipArchive> archive;  // null: a folder or a file of its own
};

// One file of the app. Immutable.
struct AppEntry {
  std::string name;  // as the installed app knows it: "assets/m.tflite", "lib/arm64-v8a/libx.so"
  std::string step;  // in the chain of containers, after the part's prefix; "" for the whole file
  std::uint32_t part = 0;
  std::uint64_t size = 0;         // unpacked, as the archive says
  const ZipEntry* zip = nullptr;  // in parts()[part].archive, or null:
  std::filesystem::path path;     // a file on disk
  bool shadowed = false;          // an earlier entry of the same part has the same name
};

// Everything that the given path holds, opened but not read. Owns what its entries point to;
// move-only. const methods are thread safe.
class AppLayout {
 public:
  // `path` is a file or a folder; `app_data`, where not empty, a folder or an archive (tar, zip) of
  // what an installed app downloaded or unpacked. Fails for a missing, empty or cut-off file and
  // for a folder without files.
  static Result<AppLayout> open(const std::filesystem::path& path,
                                const std::filesystem::path& app_data);

  AppShape shape() const { return shape_; }
  const std::string& file_name() const { return file_name_; }
  const std::vector<AppPart>& parts() const { return parts_; }  // the base first
  // Part by part, each in the order of its directory.
  const std::vector<AppEntry>& entries() const { return entries_; }
  const std::vector<std::string>& splits() const { return splits_; }  // file names of split APKs
  const GapList& gaps() const { return gaps_; }

  // The given file, mapped; empty for a folder.
  ByteSpan bytes() const { return file_ ? file_->bytes() : ByteSpan{}; }
  std::uint64_t size() const { return size_; }  // of all files together
  // SHA-256: of the given file, or of the sorted list of names and digests of a folder's files
  // (and of --app-data's); reads everything.
  Result<std::string> digest() const;

  // Gives back the memory of files that were read; they can be read again.
  void release_pages() const;

  // The chain of containers from the app's file to the entry.
  std::vector<std::string> chain_of(const AppEntry& entry) const;
  // Unpacked. A gap (a wrong checksum ...) is handed to `gaps`, which may be null.
  Result<Content> read(const AppEntry& entry, GapList* gaps) const;

 private:
  friend class AppLayoutReader;
  AppShape shape_ = AppShape::kFile;
  std::string file_name_;
  std::uint64_t size_ = 0;
  void release(ByteSpan packed) const;

  std::shared_ptr<const MappedFile> file_;
  std::vector<std::shared_ptr<const MappedFile>> mapped_;  // it, and every other archive
  std::vector<std::filesystem::path> digest_files_;        // folders' files, sorted
  std::vector<std::string> digest_names_;
  std::vector<AppPart> parts_;
  std::vector<AppEntry> entries_;
  std::vector<std::string> splits_;
  GapList gaps_;
};

}  // namespace dl::program
