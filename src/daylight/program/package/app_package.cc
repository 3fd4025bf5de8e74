// SPDX-License-Identifier: Apache-2.0
// Opens an APK and keeps its mapping, its parsed parts and a bounded cache of unpacked entries.
#include "daylight/program/package/app_package.h"

#include <algorithm>
#include <list>
#include <map>
#include <mutex>
#include <set>
#include <unordered_map>
#include <utility>

#include "daylight/base/digest.h"
#include "daylight/base/text.h"
#include "daylight/format/code/file_kind.h"
#include "daylight/format/package/axml.h"
#include "daylight/format/package/proto_xml.h"
#include "daylight/format/package/xml_text.h"

namespace dl::program {
namespace {

constexpr const char* kManifestName = "AndroidManifest.xml";
constexpr const char* kResourceName = "resources.arsc";
constexpr const char* kBundleResourceName = "resources.pb";

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
std::optional<NativeLibrary> native_library(const AppEntry& entry) {
  const auto parts = split(entry.name, '/');
  if (parts.size() != 3 || parts[0] != "lib" || !parts[2].ends_with(".so")) return std::nullopt;
  return NativeLibrary{&entry, parts[1], parts[2]};
}

// The folder in which a file stands, with its slash.
std::string_view folder_of(std::string_view name) {
  const std::size_t slash = name.rfind('/');
  return slash == std::string_view::npos ? std::string_view{} : name.substr(0, slash + 1);
}

// Files that may hold DEX code and are not among those that Android loads by itself.
bool may_carry_dex(std::string_view name) {
  const std::string lower = to_lower(name);
  return lower.ends_with(".dex") || lower.ends_with(".jar") || lower.ends_with(".apk");
}

// "ml_models/manifest/AndroidManifest.xml" → "ml_models"; "" for other names.
std::string_view manifest_module(std::string_view name) {
  constexpr std::string_view kSuffix = "/manifest/AndroidManifest.xml";
  if (!name.ends_with(kSuffix)) return {};
  name.remove_suffix(kSuffix.size());
  return name.find('/') == std::string_view::npos ? name : std::string_view{};
}

bool is_dex(ByteSpan bytes) { return as_text(bytes).starts_with("dex\n"); }

}  // namespace

struct AppPackage::State {
  AppLayout layout;
  std::unordered_map<std::string_view, const AppEntry*> by_name;
  std::optional<ManifestInfo> manifest;
  std::vector<std::string> manifest_chain;
  std::vector<AppModule> modules;
  std::vector<EntryContent> dex_contents;  // the bytes that dex_files view
  std::vector<DexFile> dex_files;
  std::vector<std::vector<std::string>> dex_chains;
  std::uint64_t dex_total = 0;
  std::vector<NativeLibrary> libraries;

  mutable std::mutex mutex;  // guards everything below
  mutable std::string sha256;
  mutable bool resources_read = false;
  mutable EntryContent resource_content;
  mutable std::optional<ResourceTable> resources;
  mutable EntryCache cache;
  mutable GapList gaps;

  const AppEntry* find(std::string_view name) const {
    const auto found = by_name.find(name);
    return found == by_name.end() ? nullptr : found->second;
  }
  Result<EntryContent> read(const AppEntry& entry) const;  // without the mutex
  void read_resources_locked() const;
  void index_names();
  bool is_manifest(const AppEntry& entry) const;
  Result<AxmlDocument> parse_manifest(ByteSpan bytes, const std::string& where) const;
  std::optional<ManifestInfo> read_manifest_of(const AppEntry& entry);
  void add_module(const AppEntry& entry, const AxmlDocument& document);
  void read_manifests();
  void add_dex(EntryContent content, std::vector<std::string> chain);
  void read_installed_dex();
  void read_carried_dex();
  void list_libraries();
};

Result<EntryContent> AppPackage::State::read(const AppEntry& entry) const {
  GapList found;
  auto content = layout.read(entry, &found);
  if (!found.empty()) {
    const std::lock_guard lock(mutex);
    gaps.append(found);
  }
  return content;
}

void AppPackage::State::read_resources_locked() const {
  if (resources_read) return;
  resources_read = true;
  const AppEntry* entry = find(kResourceName);
  if (entry == nullptr) return;
  auto content = layout.read(*entry, &gaps);
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

void AppPackage::State::index_names() {
  for (const AppEntry& entry : layout.entries()) {
    if (!entry.shadowed) by_name.emplace(entry.name, &entry);  // the base's, where splits repeat it
  }
}

bool AppPackage::State::is_manifest(const AppEntry& entry) const {
  if (entry.shadowed) return false;
  return entry.name == kManifestName ||
         (layout.shape() == AppShape::kBundle && !manifest_module(entry.name).empty());
}

// Binary XML of an installed app, a message of a bundle, text of a library.
Result<AxmlDocument> AppPackage::State::parse_manifest(ByteSpan bytes,
                                                       const std::string& where) const {
  if (looks_like_xml_text(bytes)) return parse_xml_text(bytes, where);
  const bool is_binary = file_kind(bytes) == FileKind::kResource;
  if (is_binary || !looks_like_proto_xml(bytes)) return parse_axml(bytes, where);
  AxmlDocument document = TRY(parse_proto_xml(bytes, where));
  for (const AppEntry& table : layout.entries()) {
    if (table.name != kBundleResourceName || table.shadowed) continue;
    const auto content = layout.read(table, nullptr);
    const auto strings =
        content ? ProtoStrings::parse(content->bytes, table.step) : tl::unexpected(content.error());
    if (!strings) {
      document.gaps.add(table.step, strings.error().what);
      continue;
    }
    document.gaps.append(strings->gaps());
    resolve_strings(*strings, document);
  }
  return document;
}

// Beside the base: of an app of one piece nothing is said.
void AppPackage::State::add_module(const AppEntry& entry, const AxmlDocument& document) {
  AppModule module = read_module(document);
  const std::string_view folder = manifest_module(entry.name);
  if (module.name.empty() && folder.empty() && module.kind == "base") return;
  if (module.name.empty()) module.name = folder;
  if (!folder.empty() && module.kind == "base") module.kind = "feature";
  if (!folder.empty()) module.folder = std::string(folder) + "/";
  module.chain = layout.chain_of(entry);
  module.part = layout.parts()[entry.part].prefix;
  modules.push_back(std::move(module));
}

std::optional<ManifestInfo> AppPackage::State::read_manifest_of(const AppEntry& entry) {
  const std::string where = join(layout.chain_of(entry), "!");
  const auto content = read(entry);
  if (!content) {
    gaps.add(where, content.error().what);
    return std::nullopt;
  }
  const auto document = parse_manifest(content->bytes, where);
  if (!document) {
    gaps.add(where, document.error().what);
    return std::nullopt;
  }
  add_module(entry, *document);
  // The table is needed for labels and meta-data given by reference.
  const bool has_references = std::any_of(
      document->elements.begin(), document->elements.end(), [](const AxmlElement& element) {
        return std::any_of(
            element.attributes.begin(), element.attributes.end(),
            [](const AxmlAttribute& attribute) { return attribute.value.is_reference(); });
      });
  if (has_references) read_resources_locked();
  auto info = read_manifest(*document, resources ? &*resources : nullptr, where);
  if (!info) {
    gaps.add(where, info.error().what);
    return std::nullopt;
  }
  gaps.append(info->gaps);
  return std::move(*info);
}

// The base's manifest describes the app; a feature's own one adds its components.
void AppPackage::State::read_manifests() {
  bool has_addition = false;  // what is taken for the app's manifest is that of a part of it
  for (const AppEntry& entry : layout.entries()) {
    if (!is_manifest(entry)) continue;
    auto info = read_manifest_of(entry);
    if (!info) continue;
    const bool is_addition = entry.name != kManifestName || !info->split.empty();
    if (!manifest || (has_addition && !is_addition)) {
      manifest_chain = layout.chain_of(entry);
      std::swap(manifest, info);
      has_addition = is_addition;
    }
    if (!info || info->package != manifest->package) continue;
    for (ManifestComponent& component : info->components) {
      const bool known =
          std::any_of(manifest->components.begin(), manifest->components.end(),
                      [&](const ManifestComponent& other) { return other.name == component.name; });
      if (!known) manifest->components.push_back(std::move(component));
    }
  }
  const AppShape shape = layout.shape();
  const bool is_android = shape == AppShape::kApk || shape == AppShape::kSplitSet ||
                          shape == AppShape::kBundle || find("classes.dex") != nullptr;
  if (!manifest && is_android && find(kManifestName) == nullptr) {
    gaps.add(layout.file_name(),
             std::string("there is no ") + kManifestName + ": entry points are unknown");
  }
}

void AppPackage::State::add_dex(EntryContent content, std::vector<std::string> chain) {
  const std::string name = join(chain, "!");
  if (dex_files.size() >= kMaxDexFiles || dex_total + content.bytes.size() > kMaxDexBytes) {
    gaps.add(name, "not read: the app has more DEX code than the limit");
    return;
  }
  dex_total += content.bytes.size();
  auto members = DexFile::open_all(content.bytes, name);
  if (!members) {
    gaps.add(name, members.error().what);
    return;
  }
  dex_contents.push_back(std::move(content));
  for (DexFile& dex : *members) {
    for (const FormatGap& gap : dex.gaps()) gaps.add(gap.where, gap.why);
    dex_files.push_back(std::move(dex));
    dex_chains.push_back(chain);
  }
}

// classes.dex, classes2.dex ... of each part (of each module of a bundle), by number.
void AppPackage::State::read_installed_dex() {
  std::map<std::pair<std::uint32_t, std::string_view>, std::map<long long, const AppEntry*>> groups;
  for (const AppEntry& entry : layout.entries()) {
    if (entry.shadowed) continue;
    const std::string_view folder = folder_of(entry.name);
    const bool is_module = layout.shape() == AppShape::kBundle && split(folder, '/').size() == 2;
    if (!folder.empty() && !is_module) continue;
    const auto number = dex_number(std::string_view(entry.name).substr(folder.size()));
    if (number) groups[{entry.part, folder}].emplace(*number, &entry);
  }
  for (const auto& [place, numbered] : groups) {
    long long expected = 1;
    for (const auto& [number, entry] : numbered) {
      if (number != expected) {
        gaps.add(join(layout.chain_of(*entry), "!"),
                 "Android does not load it: the numbers of the DEX files have a hole before it");
        break;
      }
      ++expected;
      if (dex_files.size() >= kMaxDexFiles || dex_total + entry->size > kMaxDexBytes) {
        gaps.add(entry->name, "not read: the app has more DEX code than the limit");
        continue;
      }
      auto content = read(*entry);
      if (!content) {
        gaps.add(join(layout.chain_of(*entry), "!"), content.error().what);
        continue;
      }
      add_dex(std::move(*content), layout.chain_of(*entry));
    }
  }
}

// Code that the app loads at run time: DEX files in assets or in its data, alone or in a jar.
void AppPackage::State::read_carried_dex() {
  for (const AppEntry& entry : layout.entries()) {
    if (entry.shadowed || !may_carry_dex(entry.name) || entry.size > kMaxDexBytes) continue;
    if (folder_of(entry.name).empty() && dex_number(entry.name)) continue;
    auto content = read(entry);
    if (!content) continue;  // the scan of all entries says so
    std::vector<std::string> chain = layout.chain_of(entry);
    if (is_dex(content->bytes)) {
      add_dex(std::move(*content), std::move(chain));
      continue;
    }
    if (container_kind(content->bytes, "") != ContainerKind::kZip) continue;
    for (long long number = 1; number <= static_cast<long long>(kMaxDexFiles); ++number) {
      const std::string name = "classes" + (number == 1 ? "" : std::to_string(number)) + ".dex";
      auto member = open_step(*content, name);
      if (!member) break;
      std::vector<std::string> inner = chain;
      inner.push_back(name);
      if (member->owner == nullptr) member->owner = content->owner;
      add_dex(std::move(*member), std::move(inner));
    }
  }
}

void AppPackage::State::list_libraries() {
  for (const AppEntry& entry : layout.entries()) {
    if (entry.shadowed) continue;
    if (auto library = native_library(entry)) libraries.push_back(std::move(*library));
  }
  std::stable_sort(
      libraries.begin(), libraries.end(),
      [](const NativeLibrary& a, const NativeLibrary& b) { return a.entry->name < b.entry->name; });
}

AppPackage::AppPackage(std::unique_ptr<State> state) : state_(std::move(state)) {}
AppPackage::AppPackage(AppPackage&&) noexcept = default;
AppPackage& AppPackage::operator=(AppPackage&&) noexcept = default;
AppPackage::~AppPackage() = default;

Result<AppPackage> AppPackage::open(const std::filesystem::path& path, LogSink& log,
                                    const std::filesystem::path& app_data) {
  auto state = std::make_unique<State>();
  state->layout = TRY(AppLayout::open(path, app_data));
  state->gaps.append(state->layout.gaps());
  state->index_names();
  state->read_manifests();
  state->read_installed_dex();
  state->read_carried_dex();
  state->list_libraries();
  log.message(LogLevel::kDebug, "read " + std::to_string(state->dex_files.size()) + " DEX files");
  return AppPackage(std::move(state));
}

const std::string& AppPackage::file_name() const { return state_->layout.file_name(); }
std::uint64_t AppPackage::size() const { return state_->layout.size(); }
AppShape AppPackage::shape() const { return state_->layout.shape(); }
const std::vector<AppEntry>& AppPackage::entries() const { return state_->layout.entries(); }
const std::vector<std::string>& AppPackage::splits() const { return state_->layout.splits(); }
const ZipArchive* AppPackage::base_archive() const {
  const auto& parts = state_->layout.parts();
  return parts.empty() ? nullptr : parts.front().archive.get();
}
const std::optional<ManifestInfo>& AppPackage::manifest() const { return state_->manifest; }
std::vector<std::string> AppPackage::manifest_chain() const {
  return state_->manifest_chain.empty() ? std::vector<std::string>{kManifestName}
                                        : state_->manifest_chain;
}
const std::vector<AppModule>& AppPackage::modules() const { return state_->modules; }
const AppModule* AppPackage::module_of(const AppEntry& entry) const {
  for (const AppModule& module : state_->modules) {
    const bool inside = module.folder.empty()
                            ? state_->layout.parts()[entry.part].prefix == module.part
                            : entry.step.starts_with(module.folder);
    if (inside) return &module;
  }
  return nullptr;
}
const std::vector<DexFile>& AppPackage::dex_files() const { return state_->dex_files; }
const std::vector<std::string>& AppPackage::dex_chain(std::size_t i) const {
  return state_->dex_chains[i];
}
const std::vector<NativeLibrary>& AppPackage::native_libraries() const { return state_->libraries; }

SigningReport AppPackage::signers(bool verify_content) const {
  const ZipArchive* const base = base_archive();
  if (base == nullptr) return {};
  SigningReport report = read_signers(*base, verify_content);
  const auto certificates = [](const SigningReport& of) {
    std::set<std::string> all;
    for (const ApkSigner& signer : of.signers) all.insert(signer.cert_sha256);
    return all;
  };
  for (const AppPart& part : state_->layout.parts()) {
    if (part.role != AppPart::Role::kSplit || part.archive == nullptr) continue;
    const SigningReport other = read_signers(*part.archive, false);
    if (certificates(other) != certificates(report))
      report.gaps.add(join(part.prefix, "!"), "is signed by others than the base APK");
  }
  return report;
}

const std::string& AppPackage::sha256() const {
  const std::lock_guard lock(state_->mutex);
  if (!state_->sha256.empty()) return state_->sha256;
  auto digest = state_->layout.digest();
  if (!digest) {
    state_->gaps.add(file_name(), "changed while it was read: " + digest.error().what);
    digest = sha256_hex(as_bytes(file_name()));
  }
  state_->sha256 = std::move(*digest);
  return state_->sha256;
}

const ResourceTable* AppPackage::resources() const {
  const std::lock_guard lock(state_->mutex);
  state_->read_resources_locked();
  return state_->resources ? &*state_->resources : nullptr;
}

std::vector<std::string> AppPackage::chain_of(const AppEntry& entry) const {
  return state_->layout.chain_of(entry);
}

Result<EntryContent> AppPackage::read_once(const AppEntry& entry) const {
  return state_->read(entry);
}

Result<EntryContent> AppPackage::entry_bytes(const AppEntry& entry) const {
  if (entry.zip == nullptr || !entry.zip->deflated()) return state_->read(entry);
  // An entry is named by its place among all: names may repeat.
  const auto key = static_cast<std::uint64_t>(&entry - state_->layout.entries().data());
  {
    const std::lock_guard lock(state_->mutex);
    if (auto cached = state_->cache.find(key)) return *cached;
  }
  auto content = TRY(state_->read(entry));
  const std::lock_guard lock(state_->mutex);
  state_->cache.insert(key, content);
  return content;
}

void AppPackage::release_pages() const { state_->layout.release_pages(); }

const AppEntry* AppPackage::find(std::string_view name) const { return state_->find(name); }

Result<EntryContent> AppPackage::entry_bytes(std::string_view name) const {
  const AppEntry* entry = state_->find(name);
  if (entry == nullptr) return fail(ErrorCode::kNotFound, "no such entry", std::string(name));
  return entry_bytes(*entry);
}

Result<EntryContent> AppPackage::asset_bytes(std::string_view path) const {
  return entry_bytes("assets/" + std::string(path));
}

Result<EntryContent> AppPackage::located_bytes(const std::vector<std::string>& entry_chain,
                                               std::uint64_t offset, std::uint64_t size) const {
  // The entry whose own chain is the longest beginning of this one.
  const AppEntry* entry = nullptr;
  std::size_t matched = 0;
  for (const AppEntry& candidate : state_->layout.entries()) {
    if (candidate.shadowed) continue;
    const auto chain = chain_of(candidate);
    if (chain.size() > entry_chain.size() || (entry != nullptr && chain.size() <= matched))
      continue;
    if (!std::equal(chain.begin(), chain.end(), entry_chain.begin())) continue;
    entry = &candidate;
    matched = chain.size();
  }
  const std::string where = entry_chain.empty() ? file_name() : join(entry_chain, "!");
  if (entry == nullptr) return fail(ErrorCode::kNotFound, "no such entry", where);
  auto content = TRY(entry_bytes(*entry));
  for (std::size_t i = matched; i < entry_chain.size(); ++i)
    content = TRY(open_step(content, entry_chain[i]));
  const auto part = subspan_checked(content.bytes, offset, size);
  if (!part) return fail(ErrorCode::kCorrupt, "the range does not lie inside the entry", where);
  content.bytes = *part;
  return content;
}

std::vector<FormatGap> AppPackage::gaps() const {
  const std::lock_guard lock(state_->mutex);
  return state_->gaps.list();
}

}  // namespace dl::program
