// SPDX-License-Identifier: Apache-2.0
// Opens an APK and keeps its mapping, its parsed parts and a bounded cache of unpacked entries.
#include "daylight/program/app_package.h"

#include <algorithm>
#include <list>
#include <map>
#include <mutex>
#include <utility>

#include "daylight/base/digest.h"
#include "daylight/base/file.h"
#include "daylight/base/text.h"
#include "daylight/format/axml.h"

namespace dl::program {
namespace {

constexpr const char* kManifestName = "AndroidManifest.xml";
constexpr const char* kResourceName = "resources.arsc";

// Unpacked entries, the one used last in front.
class EntryCache {
 public:
  std::optional<EntryContent> find(std::uint64_t key) {
    for (auto it = items_.begin(); it != items_.end(); ++it) {
      if (it->first != key) continue;
      items_.splice(items_.begin(), items_, it);
      return items_.front().second;
    }
    return std::nullopt;
  }

  void insert(std::uint64_t key, const EntryContent& content) {
    if (content.bytes.size() > kMaxCachedEntryBytes) return;
    items_.emplace_front(key, content);
    size_ += content.bytes.size();
    while (size_ > kMaxCachedEntryBytes) {
      size_ -= items_.back().second.bytes.size();
      items_.pop_back();
    }
  }

 private:
  std::list<std::pair<std::uint64_t, EntryContent>> items_;
  std::uint64_t size_ = 0;
};

// "classes.dex" → 1, "classes12.dex" → 12, anything else → nothing.
std::optional<long long> dex_number(std::string_view name) {
  constexpr std::string_view kPrefix = "classes";
  constexpr std::string_view kSuffix = ".dex";
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  name.remove_suffix(kSuffix.size());
  if (name.empty()) return 1;
  if (name.front() < '1' || name.front() > '9') return std::nullopt;
  const auto number = parse_integer(name);
  if (!number || *number < 2) return std::nullopt;
  return number;
}

// lib/<abi>/<name>.so, as the installer looks for it.
std::optional<NativeLibrary> native_library(const ZipEntry& entry) {
  const auto parts = split(entry.name, '/');
  if (parts.size() != 3 || parts[0] != "lib" || !parts[2].ends_with(".so")) return std::nullopt;
  return NativeLibrary{&entry, parts[1], parts[2]};
}

}  // namespace

struct AppPackage::State {
  std::string file_name;
  MappedFile file;
  std::optional<ZipArchive> archive;
  std::optional<ManifestInfo> manifest;
  std::vector<EntryContent> dex_contents;  // the bytes that dex_files view
  std::vector<DexFile> dex_files;
  std::vector<NativeLibrary> libraries;

  mutable std::mutex mutex;  // guards everything below
  mutable std::string sha256;
  mutable bool resources_read = false;
  mutable EntryContent resource_content;
  mutable std::optional<ResourceTable> resources;
  mutable EntryCache cache;
  mutable GapList gaps;

  Result<EntryContent> read(const ZipEntry& entry) const;
  void read_resources_locked() const;
  void read_manifest_entry();
  void read_dex_files(LogSink& log);
  void list_libraries();
};

Result<EntryContent> AppPackage::State::read(const ZipEntry& entry) const {
  auto content = archive->read(entry);
  if (!content) return tl::unexpected(content.error());
  if (content->gap) gaps.add(content->gap->where, content->gap->why);
  auto holder = std::make_shared<EntryBytes>(std::move(*content));
  EntryContent out;
  out.bytes = holder->bytes();
  // A view of the mapped file needs no owner beyond the package itself.
  if (!holder->is_view()) out.owner = std::move(holder);
  return out;
}

void AppPackage::State::read_resources_locked() const {
  if (resources_read) return;
  resources_read = true;
  const ZipEntry* entry = archive->find(kResourceName);
  if (entry == nullptr) return;
  auto content = read(*entry);
  if (!content) {
    gaps.add(kResourceName, content.error().what);
    return;
  }
  resource_content = std::move(*content);
  auto table = ResourceTable::parse(resource_content.bytes, kResourceName);
  if (!table) {
    gaps.add(kResourceName, table.error().what);
    return;
  }
  gaps.append(table->gaps());
  resources = std::move(*table);
}

void AppPackage::State::read_manifest_entry() {
  const ZipEntry* entry = archive->find(kManifestName);
  if (entry == nullptr) {
    gaps.add(file_name, std::string("there is no ") + kManifestName + ": entry points are unknown");
    return;
  }
  const auto content = read(*entry);
  if (!content) {
    gaps.add(kManifestName, content.error().what);
    return;
  }
  const auto document = parse_axml(content->bytes, kManifestName);
  if (!document) {
    gaps.add(kManifestName, document.error().what);
    return;
  }
  gaps.append(document->gaps);
  // The table is needed for labels and meta-data given by reference.
  const bool has_references = std::any_of(
      document->elements.begin(), document->elements.end(), [](const AxmlElement& element) {
        return std::any_of(
            element.attributes.begin(), element.attributes.end(),
            [](const AxmlAttribute& attribute) { return attribute.value.is_reference(); });
      });
  if (has_references) read_resources_locked();
  auto info = read_manifest(*document, resources ? &*resources : nullptr, kManifestName);
  if (!info) {
    gaps.add(kManifestName, info.error().what);
    return;
  }
  gaps.append(info->gaps);
  manifest = std::move(*info);
}

void AppPackage::State::read_dex_files(LogSink& log) {
  std::map<long long, const ZipEntry*> numbered;
  for (const ZipEntry& entry : archive->entries()) {
    if (entry.shadowed) continue;
    if (const auto number = dex_number(entry.name)) numbered.emplace(*number, &entry);
  }
  std::uint64_t total = 0;
  long long expected = 1;
  for (const auto& [number, entry] : numbered) {
    const std::string name(entry->name);
    if (number != expected) {
      gaps.add(name,
               "Android does not load it: the numbers of the DEX files have a hole before it");
      break;
    }
    ++expected;
    if (dex_files.size() >= kMaxDexFiles || total + entry->uncompressed_size > kMaxDexBytes) {
      gaps.add(name, "not read: the app has more DEX code than the limit");
      continue;
    }
    auto content = read(*entry);
    if (!content) {
      gaps.add(name, content.error().what);
      continue;
    }
    total += content->bytes.size();
    auto members = DexFile::open_all(content->bytes, name);
    if (!members) {
      gaps.add(name, members.error().what);
      continue;
    }
    dex_contents.push_back(std::move(*content));
    for (DexFile& dex : *members) {
      for (const FormatGap& gap : dex.gaps()) gaps.add(gap.where, gap.why);
      dex_files.push_back(std::move(dex));
    }
  }
  log.message(LogLevel::kDebug, "read " + std::to_string(dex_files.size()) + " DEX files");
}

void AppPackage::State::list_libraries() {
  for (const ZipEntry& entry : archive->entries()) {
    if (entry.shadowed) continue;
    if (auto library = native_library(entry)) libraries.push_back(std::move(*library));
  }
  std::sort(libraries.begin(), libraries.end(), [](const NativeLibrary& a, const NativeLibrary& b) {
    return a.entry->name < b.entry->name;
  });
}

AppPackage::AppPackage(std::unique_ptr<State> state) : state_(std::move(state)) {}
AppPackage::AppPackage(AppPackage&&) noexcept = default;
AppPackage& AppPackage::operator=(AppPackage&&) noexcept = default;
AppPackage::~AppPackage() = default;

Result<AppPackage> AppPackage::open(const std::filesystem::path& path, LogSink& log) {
  const std::string where = path.string();
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    return fail(ErrorCode::kInvalidArgument, "is a folder, not an app", where,
                "give the path of an .apk file");
  }
  auto state = std::make_unique<State>();
  state->file_name = path.filename().string();
  state->file = TRY(MappedFile::open(path));
  if (state->file.bytes().empty()) {
    return fail(ErrorCode::kCorrupt, "the file is empty", where, "fetch the app again");
  }
  auto archive = ZipArchive::open(state->file.bytes(), state->file_name);
  if (!archive) {
    return fail(ErrorCode::kCorrupt, "not an APK: " + archive.error().what, where,
                "give the path of an .apk file");
  }
  if (archive->recovered()) {
    return fail(ErrorCode::kCorrupt, "the archive's directory is missing: the file is cut off",
                where, "fetch the app again; Android would not install this file either");
  }
  state->archive = std::move(*archive);
  if (state->archive->find(kManifestName) == nullptr &&
      state->archive->find("classes.dex") == nullptr) {
    return fail(ErrorCode::kUnsupported,
                "not an APK: it holds neither AndroidManifest.xml nor classes.dex", where,
                "unpack a bundle (.xapk, .apks, .aab) first and give its base APK");
  }
  state->gaps.append(state->archive->gaps());
  state->read_manifest_entry();
  state->read_dex_files(log);
  state->list_libraries();
  return AppPackage(std::move(state));
}

const std::string& AppPackage::file_name() const { return state_->file_name; }
std::uint64_t AppPackage::size() const { return state_->file.bytes().size(); }
ByteSpan AppPackage::bytes() const { return state_->file.bytes(); }
const ZipArchive& AppPackage::archive() const { return *state_->archive; }
const std::optional<ManifestInfo>& AppPackage::manifest() const { return state_->manifest; }
const std::vector<DexFile>& AppPackage::dex_files() const { return state_->dex_files; }
const std::vector<NativeLibrary>& AppPackage::native_libraries() const { return state_->libraries; }
SigningReport AppPackage::signers() const { return read_signers(*state_->archive); }

const std::string& AppPackage::sha256() const {
  const std::lock_guard lock(state_->mutex);
  if (state_->sha256.empty()) state_->sha256 = sha256_hex(state_->file.bytes());
  return state_->sha256;
}

const ResourceTable* AppPackage::resources() const {
  const std::lock_guard lock(state_->mutex);
  state_->read_resources_locked();
  return state_->resources ? &*state_->resources : nullptr;
}

Result<EntryContent> AppPackage::entry_bytes(const ZipEntry& entry) const {
  const std::lock_guard lock(state_->mutex);
  if (!entry.deflated()) return state_->read(entry);
  // The place in the file names an entry: names may repeat.
  if (auto cached = state_->cache.find(entry.local_offset)) return *cached;
  auto content = TRY(state_->read(entry));
  state_->cache.insert(entry.local_offset, content);
  return content;
}

Result<EntryContent> AppPackage::entry_bytes(std::string_view name) const {
  const ZipEntry* entry = state_->archive->find(name);
  if (entry == nullptr) return fail(ErrorCode::kNotFound, "no such entry", std::string(name));
  return entry_bytes(*entry);
}

Result<EntryContent> AppPackage::asset_bytes(std::string_view path) const {
  return entry_bytes("assets/" + std::string(path));
}

Result<EntryContent> AppPackage::located_bytes(const std::vector<std::string>& entry_chain,
                                               std::uint64_t offset, std::uint64_t size) const {
  if (entry_chain.size() != 1) {
    return fail(ErrorCode::kUnsupported,
                "only entries of the app itself can be read, not containers inside them",
                entry_chain.empty() ? state_->file_name : join(entry_chain, "!"));
  }
  auto content = TRY(entry_bytes(entry_chain.front()));
  const auto part = subspan_checked(content.bytes, offset, size);
  if (!part)
    return fail(ErrorCode::kCorrupt, "the range does not lie inside the entry",
                entry_chain.front());
  content.bytes = *part;
  return content;
}

std::vector<FormatGap> AppPackage::gaps() const {
  const std::lock_guard lock(state_->mutex);
  return state_->gaps.list();
}

}  // namespace dl::program
