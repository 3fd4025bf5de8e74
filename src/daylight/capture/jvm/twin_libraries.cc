// SPDX-License-Identifier: Apache-2.0
// Compares digests and build-ids, never names alone.
#include "daylight/capture/jvm/twin_libraries.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "daylight/base/digest.h"
#include "daylight/base/file.h"
#include "daylight/base/text.h"
#include "daylight/format/archive/zip.h"
#include "daylight/format/code/elf.h"

namespace dl::capture {
namespace {

namespace fs = std::filesystem;

constexpr const char* kAppLibraries = "lib/arm64-v8a/";
constexpr const char* kArchiveLibraries = "jni/arm64-v8a/";
constexpr const char* kTwins = "jni/x86_64/";

// What makes two libraries the same.
struct Identity {
  std::string sha256;
  std::string build_id;  // "" without one
};

Identity identity_of(ByteSpan bytes) {
  Identity out;
  out.sha256 = sha256_hex(bytes);
  if (const auto elf = ElfFile::parse(bytes, "library")) out.build_id = elf->build_id();
  return out;
}

// "" where they differ.
std::string proof_of(const Identity& one, const Identity& other) {
  if (one.sha256 == other.sha256) return "SHA-256";
  return !one.build_id.empty() && one.build_id == other.build_id ? "build-id" : "";
}

// The last part of an entry directly below `folder`; "" for others.
std::string name_below(std::string_view entry, std::string_view folder) {
  if (!entry.starts_with(folder)) return "";
  const std::string_view name = entry.substr(folder.size());
  const bool plain = name.starts_with("lib") && name.ends_with(".so") &&
                     name.find_first_of(std::string_view("/\\\0", 3)) == std::string_view::npos &&
                     name.size() <= 200;
  return plain ? std::string(name) : "";
}

class Search {
 public:
  explicit Search(fs::path out) : out_folder_(std::move(out)) {}

  Result<void> read_app(const fs::path& apk) {
    const auto file = MappedFile::open(apk);
    if (!file) return tl::unexpected<Error>(file.error());
    const auto archive = ZipArchive::open(file->bytes(), apk.string());
    if (!archive) return tl::unexpected<Error>(archive.error());
    for (const ZipEntry& entry : archive->entries()) {
      const std::string name = name_below(entry.name, kAppLibraries);
      if (name.empty() || entry.shadowed) continue;
      const auto bytes = archive->read(entry, {kMaxTwinLibrary});
      if (bytes) {
        wanted_[name] = identity_of(bytes->bytes());
      } else {
        result_.gaps.push_back({name, "could not be compared: " + describe(bytes.error())});
      }
    }
    return {};
  }

  void read_archive(const fs::path& aar) {
    const auto file = MappedFile::open(aar);
    const auto archive = file ? ZipArchive::open(file->bytes(), aar.string())
                              : Result<ZipArchive>(tl::unexpected<Error>(file.error()));
    if (!archive) {
      result_.gaps.push_back({printable(aar.filename().string(), 200),
                              "could not be read as an AAR: " + describe(archive.error())});
      return;
    }
    for (const ZipEntry& entry : archive->entries()) {
      const std::string name = name_below(entry.name, kArchiveLibraries);
      const auto wanted = wanted_.find(name);
      if (wanted == wanted_.end() || entry.shadowed) continue;
      const auto bytes = archive->read(entry, {kMaxTwinLibrary});
      const std::string proof =
          bytes ? proof_of(wanted->second, identity_of(bytes->bytes())) : std::string();
      if (!proof.empty()) offer(name, proof, aar, *archive);
    }
  }

  TwinLibraries finish() && {
    for (auto& [name, twin] : best_) result_.found.push_back(std::move(twin));
    for (const auto& [name, identity] : wanted_) {
      if (!best_.contains(name))
        result_.gaps.push_back({name, "no AAR of the folder has its twin for x86-64"});
    }
    return std::move(result_);
  }

 private:
  void offer(const std::string& name, const std::string& proof, const fs::path& aar,
             const ZipArchive& archive) {
    const auto known = best_.find(name);
    if (known != best_.end() && (known->second.proof == "SHA-256" || proof != "SHA-256")) return;
    const ZipEntry* const entry = archive.find(kTwins + name);
    if (entry == nullptr) return;
    const auto bytes = archive.read(*entry, {kMaxTwinLibrary});
    if (!bytes) return;
    const std::string text(reinterpret_cast<const char*>(bytes->bytes().data()),
                           bytes->bytes().size());
    if (!write_file_atomic(out_folder_ / name, text)) return;
    best_[name] = {name, aar.filename().string(), proof, sha256_hex(bytes->bytes())};
  }

  fs::path out_folder_;
  std::map<std::string, Identity> wanted_;
  std::map<std::string, TwinLibrary> best_;
  TwinLibraries result_;
};

std::vector<fs::path> archives_in(const fs::path& folder) {
  std::vector<fs::path> out;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".aar" && out.size() < kMaxTwinArchives)
      out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

Result<TwinLibraries> find_twins(const fs::path& apk, const fs::path& folder, const fs::path& out) {
  Search search(out);
  TRY_VOID(search.read_app(apk));
  for (const fs::path& aar : archives_in(folder)) search.read_archive(aar);
  TwinLibraries done = std::move(search).finish();
  if (!done.found.empty()) return done;
  return fail(ErrorCode::kNotFound, "no AAR there has a twin of one of the app's arm64 libraries",
              folder.string(), "fill it with tools/get-twins.sh, or leave --twins out");
}

}  // namespace dl::capture
