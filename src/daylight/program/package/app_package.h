// SPDX-License-Identifier: Apache-2.0
// One app on disk, opened once: entries, manifest, resources, DEX files, native libraries, and what
// could not be read.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/base/bytes.h"
#include "daylight/base/log.h"
#include "daylight/base/result.h"
#include "daylight/format/archive/zip.h"
#include "daylight/format/code/dex.h"
#include "daylight/format/format_gap.h"
#include "daylight/format/package/android_manifest.h"
#include "daylight/format/package/arsc.h"
#include "daylight/format/package/signing.h"
#include "daylight/program/package/app_layout.h"
#include "daylight/program/package/app_modules.h"

namespace dl::program {

// Unpacked entries that entry_bytes() keeps at hand; beyond this the one used longest ago is given
// up.
inline constexpr std::uint64_t kMaxCachedEntryBytes = std::uint64_t{48} << 20;
// DEX bytes of one app, unpacked. More become a gap.
inline constexpr std::uint64_t kMaxDexBytes = std::uint64_t{512} << 20;
inline constexpr std::size_t kMaxDexFiles = 512;

// The content of one entry.
using EntryContent = Content;

// A native library of the app, not yet unpacked.
struct NativeLibrary {
  const AppEntry* entry = nullptr;
  std::string abi;   // the folder under lib/, as it stands
  std::string name;  // file name
};

// One app, however it comes (app_layout.h). Owns the mapping and everything that views it;
// move-only. const methods are thread safe.
class AppPackage {
 public:
  // Maps the file or lists the folder and reads the directory, manifest, resource table (only if
  // the manifest refers to it or it is asked for) and DEX files, also those that the app carries to
  // load at run time. `app_data`, where not empty, is a folder or an archive of what an installed
  // app downloaded or unpacked: further containers of the same app. What is damaged but readable
  // becomes a gap. Fails with one clear error for a missing, empty or cut-off file and for one
  // named like an app that is none; the hint says what to do.
  static Result<AppPackage> open(const std::filesystem::path& path, LogSink& log,
                                 const std::filesystem::path& app_data = {});

  AppPackage(AppPackage&&) noexcept;
  AppPackage& operator=(AppPackage&&) noexcept;
  ~AppPackage();

  const std::string& file_name() const;  // without folders
  std::uint64_t size() const;
  // Of the whole file, or of everything that was given (AppLayout::digest); computed at the first
  // call.
  const std::string& sha256() const;
  // Gives back the memory of files that were read; they can be read again.
  void release_pages() const;
  AppShape shape() const;
  // Every file of every part.
  const std::vector<AppEntry>& entries() const;
  const std::vector<std::string>& splits() const;
  // The archive of the base APK; null where the app comes as a folder or a plain file.
  const ZipArchive* base_archive() const;

  // Absent where AndroidManifest.xml is missing or unreadable (then gaps() says so). Components of
  // splits' own manifests are included.
  const std::optional<ManifestInfo>& manifest() const;
  // Modules and splits, each by its own manifest, in the order of their entries; empty for an app
  // of one piece.
  const std::vector<AppModule>& modules() const;
  // The module in which an entry lies, or null for one of the base.
  const AppModule* module_of(const AppEntry& entry) const;
  // The chain of the manifest's entry, for evidence.
  std::vector<std::string> manifest_chain() const;
  // The resource table, read at the first call; null where there is none or it is unreadable.
  const ResourceTable* resources() const;
  // Who signed the app; read and verified at each call (reads the whole file). Of a set of splits:
  // the base, with a gap where a split has other signers.
  SigningReport signers(bool verify_content = true) const;

  // In the order in which Android loads them: classes.dex, classes2.dex ... of the base, of each
  // split, then those that lie elsewhere in the app.
  const std::vector<DexFile>& dex_files() const;
  // The chain of containers to dex_files()[i].
  const std::vector<std::string>& dex_chain(std::size_t i) const;
  // Sorted by entry name.
  const std::vector<NativeLibrary>& native_libraries() const;

  // The chain of containers from the app's file to an entry.
  std::vector<std::string> chain_of(const AppEntry& entry) const;
  // The content of an entry, unpacked at most once while it stays in the cache.
  Result<EntryContent> entry_bytes(const AppEntry& entry) const;
  // The same, past the cache: for passes that look at everything once.
  Result<EntryContent> read_once(const AppEntry& entry) const;
  // kNotFound if there is no entry of that name.
  Result<EntryContent> entry_bytes(std::string_view name) const;
  const AppEntry* find(std::string_view name) const;
  // The content of an asset as AssetManager.open(path) finds it ("model.tflite" ->
  // assets/model.tflite).
  Result<EntryContent> asset_bytes(std::string_view path) const;
  // [offset, offset + size) of the innermost container of `entry_chain` (an inventory's
  // ModelLocation; the steps are those of format/container.h). kCorrupt if the range does not lie
  // inside.
  Result<EntryContent> located_bytes(const std::vector<std::string>& entry_chain,
                                     std::uint64_t offset, std::uint64_t size) const;

  // What open() and the lazy readers could not read.
  std::vector<FormatGap> gaps() const;

 private:
  struct State;
  explicit AppPackage(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace dl::program
