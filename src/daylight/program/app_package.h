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
#include "daylight/format/android_manifest.h"
#include "daylight/format/arsc.h"
#include "daylight/format/dex.h"
#include "daylight/format/format_gap.h"
#include "daylight/format/signing.h"
#include "daylight/format/zip.h"

namespace dl::program {

// Unpacked entries that entry_bytes() keeps at hand; beyond this the one used longest ago is given
// up.
inline constexpr std::uint64_t kMaxCachedEntryBytes = std::uint64_t{48} << 20;
// DEX bytes of one app, unpacked. More become a gap.
inline constexpr std::uint64_t kMaxDexBytes = std::uint64_t{512} << 20;
inline constexpr std::size_t kMaxDexFiles = 512;

// The content of one entry. Holds what it points to: a view of the mapped app for stored entries,
// shared memory for unpacked ones. Copying is cheap.
struct EntryContent {
  ByteSpan bytes;
  std::shared_ptr<const void> owner;
};

// A native library of the app, not yet unpacked.
struct NativeLibrary {
  const ZipEntry* entry = nullptr;
  std::string abi;   // the folder under lib/, as it stands
  std::string name;  // file name
};

// One APK. Owns the mapping and everything that views it; move-only. const methods are thread safe.
class AppPackage {
 public:
  // Maps the file and reads its directory, manifest, resource table (only if the manifest refers to
  // it or it is asked for) and DEX files. What is damaged but readable becomes a gap. Fails with
  // one clear error for a folder, a missing, empty or truncated file, and for a file that is no APK
  // (no manifest and no DEX); the hint says what to do.
  static Result<AppPackage> open(const std::filesystem::path& path, LogSink& log);

  AppPackage(AppPackage&&) noexcept;
  AppPackage& operator=(AppPackage&&) noexcept;
  ~AppPackage();

  const std::string& file_name() const;  // without folders
  std::uint64_t size() const;
  const std::string& sha256() const;  // of the whole file; computed at the first call
  ByteSpan bytes() const;
  const ZipArchive& archive() const;

  // Absent where AndroidManifest.xml is missing or unreadable (then gaps() says so).
  const std::optional<ManifestInfo>& manifest() const;
  // The resource table, read at the first call; null where there is none or it is unreadable.
  const ResourceTable* resources() const;
  // Who signed the app; read and verified at each call (reads the whole file).
  SigningReport signers() const;

  // In the order in which Android loads them: classes.dex, classes2.dex ...
  const std::vector<DexFile>& dex_files() const;
  // Sorted by entry name.
  const std::vector<NativeLibrary>& native_libraries() const;

  // The content of an entry, unpacked at most once while it stays in the cache.
  Result<EntryContent> entry_bytes(const ZipEntry& entry) const;
  // kNotFound if there is no entry of that name.
  Result<EntryContent> entry_bytes(std::string_view name) const;
  // The content of an asset as AssetManager.open(path) finds it ("model.tflite" ->
  // assets/model.tflite).
  Result<EntryContent> asset_bytes(std::string_view path) const;
  // [offset, offset + size) of the innermost container of `entry_chain` (an inventory's
  // ModelLocation). A chain of one entry is a file of the APK. kUnsupported for deeper chains,
  // kCorrupt if the range does not lie inside.
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
