// SPDX-License-Identifier: Apache-2.0
// Finds libraries in folders and archives, and opens them before anything of theirs runs.
#include "daylight/guest/library_files.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "daylight/base/text.h"

namespace dl::guest {
namespace {

namespace fs = std::filesystem;

constexpr ElfMachine kMachines[] = {ElfMachine::kArm64, ElfMachine::kX86_64};

std::string_view last_part(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

// "lib/arm64-v8a/" of "lib/arm64-v8a/libx.so".
std::string folder_of(std::string_view entry) {
  return std::string(entry.substr(0, entry.size() - last_part(entry).size()));
}

// Libraries under a folder for the processor that is asked for, or of the first that has some.
std::vector<std::string> libraries_of(const ZipArchive& archive, std::optional<ElfMachine> asked) {
  for (const ElfMachine machine : kMachines) {
    if (asked && *asked != machine) continue;
    std::vector<std::string> out;
    for (const ZipEntry& entry : archive.entries()) {
      if (!entry.name.ends_with(".so") || entry.shadowed) continue;
      // "lib/" of apps, "jni/" of AARs; also below the modules of bundles. Other folders hold
      // copies for compilers.
      const std::string folder = folder_of(entry.name);
      for (const std::string_view parent : {"lib/", "jni/"}) {
        const std::string wanted = std::string(parent) + std::string(abi_of(machine)) + "/";
        if (folder == wanted || folder.ends_with("/" + wanted)) out.emplace_back(entry.name);
      }
    }
    if (!out.empty()) return out;
  }
  return {};
}

// Whether the archive has that library, or any if no name is given, for such a processor.
bool has_for(const ZipArchive& archive, const std::string& name,
             std::initializer_list<std::string_view> abis) {
  return std::any_of(archive.entries().begin(), archive.entries().end(), [&](const ZipEntry& each) {
    if (!each.name.ends_with(".so") || (!name.empty() && last_part(each.name) != name))
      return false;
    const std::string folder = folder_of(each.name);
    return std::any_of(abis.begin(), abis.end(), [&](std::string_view abi) {
      return folder.ends_with("/" + std::string(abi) + "/");
    });
  });
}

bool has_only_for_32_bits(const ZipArchive& archive, const std::string& name) {
  return has_for(archive, name, {"armeabi", "armeabi-v7a", "x86"}) &&
         !has_for(archive, name, {abi_of(ElfMachine::kArm64), abi_of(ElfMachine::kX86_64)});
}

std::optional<Content> content_of(const ZipArchive& archive, std::string_view name,
                                  const std::shared_ptr<MappedFile>& owner) {
  const ZipEntry* const entry = archive.find(name);
  if (entry == nullptr) return std::nullopt;
  const auto bytes = archive.read(*entry);
  if (!bytes) return std::nullopt;
  if (bytes->is_view()) return Content{bytes->bytes(), owner};
  return Content::owned(std::vector<std::uint8_t>(bytes->bytes().begin(), bytes->bytes().end()));
}

// "libx.so": what Android's installer takes for a library.
bool is_library_name(const std::string& name) {
  return name.starts_with("lib") && name.ends_with(".so");
}

// Whether it is a file of that folder itself: a link in the folder of a stranger's app may lead
// anywhere.
bool lies_in(const fs::path& file, const fs::path& folder) {
  std::error_code error;
  const fs::path whole = fs::canonical(file, error);
  return !error && fs::is_regular_file(whole, error) && whole.parent_path() == folder;
}

Result<fs::path> whole_folder(const fs::path& given) {
  std::error_code error;
  fs::path whole = fs::canonical(given, error);
  if (error)
    return fail(ErrorCode::kNotFound, "cannot be read: " + error.message(), given.string());
  if (!fs::is_directory(whole, error))
    return fail(ErrorCode::kInvalidArgument, "is no folder", given.string());
  return whole;
}

}  // namespace

std::string guest_library_path(std::string_view name, ElfMachine machine) {
  return "/data/app/app/lib/" + std::string(machine == ElfMachine::kArm64 ? "arm64" : "x86_64") +
         "/" + std::string(name);
}

Result<void> LibraryFiles::open_archive(const std::string& path, const std::string& entry,
                                        std::optional<ElfMachine> machine) {
  file_ = std::make_shared<MappedFile>(TRY(MappedFile::open(path)));
  archive_ = std::make_shared<ZipArchive>(TRY(ZipArchive::open(file_->bytes(), path)));
  archive_name_ = std::string(last_part(path));
  std::vector<std::string> found;
  if (archive_->find(entry) != nullptr && !entry.empty()) {
    found = {entry};
  } else {
    for (std::string& each : libraries_of(*archive_, machine)) {
      if (entry.empty() || last_part(each) == entry) found.push_back(std::move(each));
    }
  }
  if (found.empty()) {
    const bool narrow = has_only_for_32_bits(*archive_, entry);
    const std::string what = entry.empty() ? "libraries" : "this library";
    return fail(narrow ? ErrorCode::kUnsupported : ErrorCode::kNotFound,
                narrow ? "has " + what + " only for 32 bits, which no engine runs"
                       : "has no such library for " +
                             (machine ? std::string(abi_of(*machine)) : "arm64 or x86-64"),
                path + (entry.empty() ? "" : "!" + entry));
  }
  if (found.size() > 1) {
    std::vector<std::string> names;
    names.reserve(found.size());
    for (const std::string& each : found) names.push_back(printable(last_part(each), 80));
    return fail(ErrorCode::kInvalidArgument, "has several libraries", path,
                "name one behind a \"!\": " + join(names, ", "));
  }
  name_ = std::string(last_part(found.front()));
  prefix_ = folder_of(found.front());
  return {};
}

Result<void> LibraryFiles::open_folder(const fs::path& given) {
  const fs::path folder = TRY(whole_folder(given));
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator each(folder, error), end; !error && each != end;
       each.increment(error)) {
    std::string name = each->path().filename().string();
    if (is_library_name(name) && !beside_.contains(name) && lies_in(each->path(), folder))
      names.push_back(std::move(name));
  }
  if (error) return fail(ErrorCode::kIo, "cannot be listed: " + error.message(), folder.string());
  if (names.size() > kMaxFolderLibraries)
    return fail(
        ErrorCode::kLimit, "has more than " + std::to_string(kMaxFolderLibraries) + " libraries",
        folder.string(), "put the library and those that it needs into a folder of their own");
  for (const std::string& name : names) {
    // One that cannot be read is absent, as it would be for the app.
    if (auto file = MappedFile::open(folder / name))
      beside_.emplace(name, std::make_shared<MappedFile>(std::move(*file)));
  }
  return {};
}

Result<LibraryFiles> LibraryFiles::open(const std::string& library, const fs::path& deps,
                                        std::optional<ElfMachine> machine) {
  LibraryFiles out;
  const std::size_t mark = library.find('!');
  const std::string path = library.substr(0, mark);
  if (mark == std::string::npos) {
    out.name_ = fs::path(path).filename().string();
    auto file = std::make_shared<MappedFile>(TRY(MappedFile::open(path)));
    if (looks_like_elf(file->bytes())) {
      // The user named this file: whatever it is called, and where a link leads.
      out.beside_.emplace(out.name_, std::move(file));
      TRY_VOID(out.open_folder(fs::absolute(path).parent_path()));
    } else {
      TRY_VOID(out.open_archive(path, "", machine));
    }
  } else {
    TRY_VOID(out.open_archive(path, library.substr(mark + 1), machine));
  }
  if (!deps.empty()) TRY_VOID(out.open_folder(deps));
  const auto found = out.find(out.name_);
  if (!found) return fail(ErrorCode::kNotFound, "cannot be read", library);
  const ElfFile elf = TRY(ElfFile::parse(found->content.bytes, library));
  out.machine_ = elf.machine();
  if (!elf.is_64bit())
    return fail(ErrorCode::kUnsupported,
                "is for " + std::string(abi_of(elf.machine())) + ", which no engine runs", library);
  if (machine && *machine != out.machine_)
    return fail(ErrorCode::kUnsupported,
                "is for " + std::string(abi_of(elf.machine())) + ", not for " +
                    std::string(abi_of(*machine)),
                library);
  return out;
}

std::optional<LibraryFile> LibraryFiles::find(const std::string& name) const {
  // A name, never a path: "../x" could be an entry of the archive.
  if (name.empty() || name.find('/') != std::string::npos) return std::nullopt;
  if (archive_ != nullptr) {
    if (auto content = content_of(*archive_, prefix_ + name, file_))
      return LibraryFile{
          *content, {archive_name_, prefix_ + name}, guest_library_path(name, machine_)};
  }
  const auto found = beside_.find(name);
  if (found == beside_.end()) return std::nullopt;
  return LibraryFile{
      Content{found->second->bytes(), found->second}, {name}, guest_library_path(name, machine_)};
}

std::optional<AppEntry> LibraryFiles::entry(const std::string& name) const {
  const ZipEntry* const found = archive_ == nullptr ? nullptr : archive_->find(name);
  auto content = found == nullptr ? std::nullopt : content_of(*archive_, name, file_);
  if (!content) return std::nullopt;
  return AppEntry{std::move(*content), found->deflated()};
}

std::vector<std::string> LibraryFiles::entries() const {
  std::vector<std::string> out;
  if (archive_ == nullptr) return out;
  for (const ZipEntry& each : archive_->entries()) out.emplace_back(each.name);
  return out;
}

}  // namespace dl::guest
