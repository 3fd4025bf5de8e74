// SPDX-License-Identifier: Apache-2.0
// Finds libraries in folders and archives.
#include "daylight/guest/library_files.h"

#include <algorithm>
#include <utility>

#include "daylight/base/text.h"

namespace dl::guest {
namespace {

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

std::optional<Content> content_of(const ZipArchive& archive, std::string_view name,
                                  const std::shared_ptr<MappedFile>& owner) {
  const ZipEntry* const entry = archive.find(name);
  if (entry == nullptr) return std::nullopt;
  const auto bytes = archive.read(*entry);
  if (!bytes) return std::nullopt;
  if (bytes->is_view()) return Content{bytes->bytes(), owner};
  return Content::owned(std::vector<std::uint8_t>(bytes->bytes().begin(), bytes->bytes().end()));
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
    const bool narrow = std::any_of(archive_->entries().begin(), archive_->entries().end(),
                                    [](const ZipEntry& each) {
                                      return each.name.find("armeabi") != std::string_view::npos ||
                                             each.name.find("/x86/") != std::string_view::npos;
                                    });
    return fail(narrow ? ErrorCode::kUnsupported : ErrorCode::kNotFound,
                narrow ? "has this library only for 32 bits, which no engine runs"
                       : "has no such library for " +
                             (machine ? std::string(abi_of(*machine)) : "arm64 or x86-64"),
                path + (entry.empty() ? "" : "!" + entry));
  }
  if (found.size() > 1) {
    std::vector<std::string> names;
    for (const std::string& each : found) names.push_back(printable(last_part(each), 80));
    return fail(ErrorCode::kInvalidArgument, "has several libraries", path,
                "name one behind a \"!\": " + join(names, ", "));
  }
  name_ = std::string(last_part(found.front()));
  prefix_ = folder_of(found.front());
  return {};
}

Result<LibraryFiles> LibraryFiles::open(const std::string& library,
                                        const std::filesystem::path& deps,
                                        std::optional<ElfMachine> machine) {
  LibraryFiles out;
  if (!deps.empty()) out.deps_ = std::filesystem::absolute(deps);
  const std::size_t mark = library.find('!');
  const std::string path = library.substr(0, mark);
  if (mark == std::string::npos) {
    // A jail has folders under their whole names only.
    out.folder_ = std::filesystem::absolute(path).parent_path();
    out.name_ = std::filesystem::path(path).filename().string();
    const MappedFile file = TRY(MappedFile::open(path));
    if (!looks_like_elf(file.bytes())) {
      out.folder_.clear();
      TRY_VOID(out.open_archive(path, "", machine));
    }
  } else {
    TRY_VOID(out.open_archive(path, library.substr(mark + 1), machine));
  }
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
  // A name, never a path: nothing outside of the two folders is read.
  if (name.empty() || name.find('/') != std::string::npos || name == "..") return std::nullopt;
  if (archive_ != nullptr) {
    if (auto content = content_of(*archive_, prefix_ + name, file_))
      return LibraryFile{
          *content, {archive_name_, prefix_ + name}, guest_library_path(name, machine_)};
  }
  for (const std::filesystem::path& folder : {folder_, deps_}) {
    if (folder.empty()) continue;
    auto file = MappedFile::open(folder / name);
    if (!file) continue;
    auto owner = std::make_shared<MappedFile>(std::move(*file));
    const ByteSpan bytes = owner->bytes();
    return LibraryFile{Content{bytes, owner}, {name}, guest_library_path(name, machine_)};
  }
  return std::nullopt;
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
