// SPDX-License-Identifier: Apache-2.0
// Recognises how an app comes, and lists its parts and entries.
#include "daylight/program/package/app_layout.h"

#include <algorithm>
#include <set>
#include <utility>

#include "daylight/base/digest.h"
#include "daylight/base/text.h"
#include "daylight/format/archive/tar_and_7z.h"
#include "daylight/format/probe/zip_bundle.h"

namespace dl::program {

// Packed entries of this size are given back once they are unpacked.
constexpr std::size_t kLargePacked = std::size_t{1} << 20;

namespace {

namespace fs = std::filesystem;

constexpr const char* kManifest = "AndroidManifest.xml";

// "base/dex/classes.dex" of a bundle → "classes.dex": where the installer puts it.
std::string bundle_name(std::string_view name) {
  const std::size_t slash = name.find('/');
  if (slash == std::string_view::npos) return std::string(name);
  const std::string_view inside = name.substr(slash + 1);
  const bool is_base = name.substr(0, slash) == "base";
  if (inside.starts_with("dex/"))
    return (is_base ? "" : std::string(name.substr(0, slash + 1))) + std::string(inside.substr(4));
  if (inside == "manifest/AndroidManifest.xml") return is_base ? kManifest : std::string(name);
  if (inside.starts_with("root/")) return std::string(inside.substr(5));
  return std::string(inside);
}

// "jni/arm64-v8a/libx.so" of a library → "lib/arm64-v8a/libx.so".
std::string library_name(std::string_view name) {
  if (name.starts_with("jni/")) return "lib/" + std::string(name.substr(4));
  return std::string(name);
}

bool has_entry(const ZipArchive& archive, std::string_view name) {
  return archive.find(name) != nullptr;
}

template <typename Predicate>
bool any_name(const ZipArchive& archive, Predicate fits) {
  return std::any_of(archive.entries().begin(), archive.entries().end(),
                     [&](const ZipEntry& entry) { return fits(entry.name); });
}

AppShape shape_of(const ZipArchive& archive) {
  if (has_entry(archive, "BundleConfig.pb") ||
      has_entry(archive, "base/manifest/AndroidManifest.xml"))
    return AppShape::kBundle;
  if (has_entry(archive, "classes.dex")) return AppShape::kApk;
  if (has_entry(archive, kManifest) &&
      (has_entry(archive, "classes.jar") || has_entry(archive, "R.txt")))
    return AppShape::kLibrary;
  if (has_entry(archive, kManifest)) return AppShape::kApk;
  const auto is_apk = [](std::string_view name) { return to_lower(name).ends_with(".apk"); };
  if (any_name(archive, is_apk)) return AppShape::kSplitSet;
  const auto is_ios = [](std::string_view name) {
    return name.starts_with("Payload/") && name.find(".app/") != std::string_view::npos;
  };
  if (any_name(archive, is_ios)) return AppShape::kIpa;
  return AppShape::kArchive;
}

// A split has "split=" in its manifest; the name says it nearly always, and the order of parts is
// all that depends on it.
bool is_base_name(std::string_view name) {
  const std::string lower = to_lower(name.substr(name.rfind('/') + 1));
  return lower == "base.apk" || lower.starts_with("base-master") || lower == "standalone.apk";
}
bool is_split_name(std::string_view name) {
  const std::string lower = to_lower(name.substr(name.rfind('/') + 1));
  return lower.starts_with("split_") || lower.starts_with("config.") ||
         lower.find("split_config") != std::string::npos || lower.starts_with("base-");
}

// Base first, then others by name.
void order_apks(std::vector<std::string>& names) {
  const auto rank = [](const std::string& name) {
    if (is_base_name(name)) return 0;
    return is_split_name(name) ? 2 : 1;
  };
  std::sort(names.begin(), names.end(), [&](const std::string& a, const std::string& b) {
    return rank(a) != rank(b) ? rank(a) < rank(b) : a < b;
  });
}

// What a device would install of a set that bundletool made: its splits/, not the copies for other
// devices beside them.
void drop_other_devices(std::vector<std::string>& names, GapList& gaps) {
  const auto in = [](std::string_view folder) {
    return [folder](const std::string& name) { return name.starts_with(folder); };
  };
  if (std::none_of(names.begin(), names.end(), in("splits/"))) return;
  const std::size_t dropped = std::erase_if(names, in("standalones/"));
  if (dropped != 0)
    gaps.add("standalones/", std::to_string(dropped) +
                                 " APKs for old devices were left aside: they repeat the splits");
}

}  // namespace

std::string_view shape_name(AppShape shape) {
  switch (shape) {
    case AppShape::kApk:
      return "apk";
    case AppShape::kSplitSet:
      return "split set";
    case AppShape::kBundle:
      return "app bundle";
    case AppShape::kLibrary:
      return "aar";
    case AppShape::kIpa:
      return "ipa";
    case AppShape::kArchive:
      return "archive";
    case AppShape::kFolder:
      return "folder";
    case AppShape::kFile:
      return "file";
  }
  return "";
}

// Fills an AppLayout. Used once, by AppLayout::open.
class AppLayoutReader {
 public:
  AppLayoutReader(AppLayout& out, const fs::path& path) : out_(out), path_(path) {}

  Result<void> read_given();
  Result<void> read_app_data(const fs::path& path);

 private:
  Result<void> read_file();
  Result<void> read_folder();
  Result<std::vector<fs::path>> list_folder(const fs::path& folder);
  void add_folder(const std::vector<fs::path>& files, const fs::path& folder, AppPart::Role role,
                  const std::vector<std::string>& prefix);
  void add_whole_file(const Content& content);
  void add_archive(std::vector<std::string> prefix, AppPart::Role role, Content content,
                   std::shared_ptr<const ZipArchive> archive, AppShape shape);
  void add_split_set(const std::shared_ptr<const ZipArchive>& outer);
  void add_apk(const std::string& step, const std::vector<std::string>& prefix, Content content,
               AppPart::Role role);

  AppLayout& out_;
  fs::path path_;
};

Result<void> AppLayoutReader::read_given() {
  out_.file_name_ = fs::absolute(path_).lexically_normal().filename().string();
  if (out_.file_name_.empty())  // a folder with a slash at its end
    out_.file_name_ = fs::absolute(path_).lexically_normal().parent_path().filename().string();
  std::error_code ignored;
  return fs::is_directory(path_, ignored) ? read_folder() : read_file();
}

// A file that is no app: one entry of its own name.
void AppLayoutReader::add_whole_file(const Content& content) {
  out_.shape_ = AppShape::kFile;
  out_.parts_.push_back({AppPart::Role::kBase, {}, content, nullptr});
  AppEntry entry;
  entry.name = out_.file_name_;
  entry.size = content.bytes.size();
  entry.path = path_;
  out_.entries_.push_back(std::move(entry));
}

Result<void> AppLayoutReader::read_file() {
  const std::string where = path_.string();
  auto file = TRY(MappedFile::open(path_));
  out_.file_ = std::make_shared<const MappedFile>(std::move(file));
  out_.mapped_.push_back(out_.file_);
  out_.size_ = out_.file_->bytes().size();
  const Content content{out_.file_->bytes(), out_.file_};
  if (content.bytes.empty())
    return fail(ErrorCode::kCorrupt, "the file is empty", where, "fetch the app again");
  const std::string extension = to_lower(path_.extension().string());
  const bool is_zip = container_kind(content.bytes, "") == ContainerKind::kZip;
  if (!is_zip && (extension == ".apk" || extension == ".aab" || extension == ".ipa"))
    return fail(ErrorCode::kCorrupt, "not an APK: it is no ZIP archive", where,
                "give the path of an app");
  if (!is_zip) {
    add_whole_file(content);
    return {};
  }
  auto opened = ZipArchive::open(content.bytes, out_.file_name_);
  if (!opened)
    return fail(ErrorCode::kCorrupt, "not an APK: " + opened.error().what, where,
                "give the path of an app");
  if (opened->recovered()) {
    return fail(ErrorCode::kCorrupt, "the archive's directory is missing: the file is cut off",
                where, "fetch the app again; Android would not install this file either");
  }
  if (opened->entries().empty())
    return fail(ErrorCode::kCorrupt, "not an APK: the archive is empty", where,
                "give the path of an app");
  const auto archive = std::make_shared<const ZipArchive>(std::move(*opened));
  out_.shape_ = shape_of(*archive);
  if (out_.shape_ == AppShape::kArchive && is_model_bundle(*archive)) {
    add_whole_file(content);
    return {};
  }
  if (out_.shape_ == AppShape::kSplitSet) add_split_set(archive);
  add_archive({}, AppPart::Role::kBase, content, archive, out_.shape_);
  // The outer archive of a set holds what is no APK (expansion files, listings): behind the APKs.
  return {};
}

Result<std::vector<fs::path>> AppLayoutReader::list_folder(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  auto walk = fs::recursive_directory_iterator(
      folder, fs::directory_options::skip_permission_denied, error);
  if (error)
    return fail(ErrorCode::kIo, "the folder cannot be read: " + error.message(), folder.string());
  for (const auto end = fs::recursive_directory_iterator(); walk != end; walk.increment(error)) {
    if (error) {
      out_.gaps_.add(folder.filename().string(),
                     "the folder was not read to its end: " + error.message());
      break;
    }
    std::error_code ignored;
    const auto status = walk->symlink_status(ignored);
    if (status.type() == fs::file_type::symlink) {
      out_.gaps_.add(walk->path().lexically_relative(folder).generic_string(),
                     "a symbolic link: not followed");
      continue;
    }
    if (status.type() != fs::file_type::regular) continue;
    if (files.size() == kMaxFolderFiles) {
      out_.gaps_.add(folder.filename().string(), "more files than are read");
      break;
    }
    files.push_back(walk->path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

Result<void> AppLayoutReader::read_folder() {
  const auto files = TRY(list_folder(path_));
  if (files.empty())
    return fail(ErrorCode::kInvalidArgument, "the folder holds no files", path_.string(),
                "give the path of an app");
  out_.shape_ = AppShape::kFolder;
  std::vector<std::string> apks;
  std::vector<fs::path> others;
  for (const fs::path& file : files) {
    if (file.parent_path() == path_ && to_lower(file.extension().string()) == ".apk") {
      apks.push_back(file.filename().string());
    } else {
      others.push_back(file);
    }
  }
  order_apks(apks);
  for (const std::string& name : apks) {
    auto file = MappedFile::open(path_ / name);
    if (!file) {
      out_.gaps_.add(name, file.error().what);
      continue;
    }
    const auto mapped = std::make_shared<const MappedFile>(std::move(*file));
    out_.mapped_.push_back(mapped);
    out_.digest_files_.push_back(path_ / name);
    out_.digest_names_.push_back(name);
    out_.size_ += mapped->bytes().size();
    add_apk(member_step(name), {}, {mapped->bytes(), mapped},
            out_.parts_.empty() ? AppPart::Role::kBase : AppPart::Role::kSplit);
  }
  if (!out_.parts_.empty()) out_.shape_ = AppShape::kSplitSet;
  add_folder(others, path_, AppPart::Role::kBase, {});
  return {};
}

void AppLayoutReader::add_folder(const std::vector<fs::path>& files, const fs::path& folder,
                                 AppPart::Role role, const std::vector<std::string>& prefix) {
  if (files.empty()) return;
  const auto part = static_cast<std::uint32_t>(out_.parts_.size());
  out_.parts_.push_back({role, prefix, {}, nullptr});
  for (const fs::path& file : files) {
    AppEntry entry;
    entry.name = file.lexically_relative(folder).generic_string();
    entry.step = member_step(entry.name);
    entry.part = part;
    std::error_code error;
    entry.size = fs::file_size(file, error);
    if (error) {
      out_.gaps_.add(entry.name, "its size cannot be read: " + error.message());
      continue;
    }
    entry.path = file;
    out_.size_ += entry.size;
    out_.digest_files_.push_back(file);
    out_.digest_names_.push_back((prefix.empty() ? "" : prefix.front() + "/") + entry.name);
    out_.entries_.push_back(std::move(entry));
  }
}

void AppLayoutReader::add_archive(std::vector<std::string> prefix, AppPart::Role role,
                                  Content content, std::shared_ptr<const ZipArchive> archive,
                                  AppShape shape) {
  const auto part = static_cast<std::uint32_t>(out_.parts_.size());
  out_.gaps_.append(archive->gaps());
  for (const ZipEntry& zip : archive->entries()) {
    if (zip.name.ends_with('/')) continue;
    AppEntry entry;
    entry.step = member_step(zip.name);
    // An APK of a set is a part of its own.
    if (shape == AppShape::kSplitSet &&
        std::any_of(out_.parts_.begin(), out_.parts_.end(), [&](const AppPart& other) {
          return !other.prefix.empty() && other.prefix.back() == entry.step;
        }))
      continue;
    entry.name = shape == AppShape::kBundle    ? bundle_name(zip.name)
                 : shape == AppShape::kLibrary ? library_name(zip.name)
                                               : std::string(zip.name);
    entry.part = part;
    entry.size = zip.uncompressed_size;
    entry.zip = &zip;
    entry.shadowed = zip.shadowed;
    out_.entries_.push_back(std::move(entry));
  }
  out_.parts_.push_back({role, std::move(prefix), std::move(content), std::move(archive)});
}

void AppLayoutReader::add_split_set(const std::shared_ptr<const ZipArchive>& outer) {
  std::vector<std::string> apks;
  for (const ZipEntry& entry : outer->entries()) {
    if (!entry.shadowed && to_lower(entry.name).ends_with(".apk")) apks.emplace_back(entry.name);
  }
  drop_other_devices(apks, out_.gaps_);
  order_apks(apks);
  for (const std::string& name : apks) {
    if (out_.parts_.size() == kMaxAppParts) {
      out_.gaps_.add(name, "not read: the set has more APKs than the limit");
      break;
    }
    auto content = outer->read(*outer->find(name));
    if (!content) {
      out_.gaps_.add(name, content.error().what);
      continue;
    }
    if (content->gap) out_.gaps_.add(name, content->gap->why);
    Content bytes{content->bytes(), out_.file_};
    if (!content->is_view()) {
      auto holder = std::make_shared<EntryBytes>(std::move(*content));
      bytes = {holder->bytes(), holder};
    }
    add_apk(member_step(name), {}, std::move(bytes),
            out_.parts_.empty() ? AppPart::Role::kBase : AppPart::Role::kSplit);
  }
}

void AppLayoutReader::add_apk(const std::string& step, const std::vector<std::string>& prefix,
                              Content content, AppPart::Role role) {
  auto archive = ZipArchive::open(content.bytes, step);
  if (!archive) {
    out_.gaps_.add(step, "not an APK: " + archive.error().what);
    return;
  }
  if (archive->recovered())
    out_.gaps_.add(step, "the archive's directory is missing: the APK is cut off");
  std::vector<std::string> chain = prefix;
  chain.push_back(step);
  out_.splits_.push_back(step);
  add_archive(std::move(chain), role, std::move(content),
              std::make_shared<const ZipArchive>(std::move(*archive)), AppShape::kApk);
}

Result<void> AppLayoutReader::read_app_data(const fs::path& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    const auto files = TRY(list_folder(path));
    std::vector<fs::path> plain;
    for (const fs::path& file : files) {
      if (to_lower(file.extension().string()) != ".apk") {
        plain.push_back(file);
        continue;
      }
      // A feature module that was installed or unpacked later.
      auto mapped = MappedFile::open(file);
      const std::string name = file.lexically_relative(path).generic_string();
      if (!mapped) {
        out_.gaps_.add(name, mapped.error().what);
        continue;
      }
      const auto owner = std::make_shared<const MappedFile>(std::move(*mapped));
      out_.mapped_.push_back(owner);
      out_.digest_files_.push_back(file);
      out_.digest_names_.push_back(std::string(kAppDataStep) + "/" + name);
      out_.size_ += owner->bytes().size();
      add_apk(member_step(name), {kAppDataStep}, {owner->bytes(), owner}, AppPart::Role::kAppData);
    }
    add_folder(plain, path, AppPart::Role::kAppData, {kAppDataStep});
    return {};
  }
  // One archive: its members are found by walking into it.
  AppEntry entry;
  entry.name = path.filename().string();
  entry.step = member_step(entry.name);
  entry.part = static_cast<std::uint32_t>(out_.parts_.size());
  const auto mapped = TRY(MappedFile::open(path));
  if (!container_kind(mapped.bytes(), entry.name))
    return fail(ErrorCode::kInvalidArgument, "is neither a folder nor an archive", path.string(),
                "give the app's data as a folder, a tar or a zip");
  entry.size = mapped.bytes().size();
  entry.path = path;
  out_.size_ += entry.size;
  out_.digest_files_.push_back(path);
  out_.digest_names_.push_back(std::string(kAppDataStep) + "/" + entry.name);
  out_.parts_.push_back({AppPart::Role::kAppData, {kAppDataStep}, {}, nullptr});
  out_.entries_.push_back(std::move(entry));
  return {};
}

Result<AppLayout> AppLayout::open(const fs::path& path, const fs::path& app_data) {
  AppLayout layout;
  AppLayoutReader reader(layout, path);
  TRY_VOID(reader.read_given());
  if (!app_data.empty()) TRY_VOID(reader.read_app_data(app_data));
  return layout;
}

Result<std::string> AppLayout::digest() const {
  if (file_ && digest_files_.empty()) return sha256_of_mapped(*file_);
  Sha256 all;
  if (file_) all.update(as_bytes(sha256_of_mapped(*file_) + "  " + file_name_ + "\n"));
  for (std::size_t i = 0; i < digest_files_.size(); ++i) {
    const std::string one = TRY(sha256_of_file(digest_files_[i]));
    all.update(as_bytes(one + "  " + digest_names_[i] + "\n"));
  }
  return all.finish_hex();
}

std::vector<std::string> AppLayout::chain_of(const AppEntry& entry) const {
  std::vector<std::string> chain = parts_[entry.part].prefix;
  if (!entry.step.empty()) chain.push_back(entry.step);
  return chain;
}

void AppLayout::release(ByteSpan packed) const {
  for (const auto& mapped : mapped_) mapped->release(packed);
}

void AppLayout::release_pages() const {
  for (const auto& mapped : mapped_) mapped->release(mapped->bytes());
}

Result<Content> AppLayout::read(const AppEntry& entry, GapList* gaps) const {
  const AppPart& part = parts_[entry.part];
  if (entry.zip == nullptr) {
    if (part.content.owner != nullptr) return part.content;
    auto mapped = std::make_shared<const MappedFile>(TRY(MappedFile::open(entry.path)));
    return Content{mapped->bytes(), mapped};
  }
  auto content = part.archive->read(*entry.zip);
  if (!content) return tl::unexpected(content.error());
  if (content->gap && gaps != nullptr) gaps->add(content->gap->where, content->gap->why);
  if (content->is_view()) return Content{content->bytes(), part.content.owner};
  if (entry.zip->data.size() >= kLargePacked) release(entry.zip->data);
  auto holder = std::make_shared<EntryBytes>(std::move(*content));
  return Content{holder->bytes(), holder};
}

}  // namespace dl::program
