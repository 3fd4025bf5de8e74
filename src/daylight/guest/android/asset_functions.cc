// SPDX-License-Identifier: Apache-2.0
// The files of the app's package, as libandroid hands them out.

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <set>
#include <unordered_map>

#include "daylight/guest/android/android_app.h"
#include "daylight/guest/android/android_functions.h"
#include "daylight/guest/libc/guest_files.h"

namespace dl::guest {
namespace {

constexpr std::size_t kMaxOpenAssets = 4'096;
constexpr std::uint64_t kHandleSize = 16;
constexpr const char* kAssetFolder = "assets/";
constexpr int kModeBuffer = 3;  // AASSET_MODE_BUFFER

struct Asset {
  Content content;
  bool compressed = false;
  std::uint64_t position = 0;
  std::uint64_t buffer = 0;  // a copy in the guest's memory, once it was asked for
  bool allocated = false;
};

// The files of one folder.
struct AssetFolder {
  std::vector<std::string> names;
  std::size_t next = 0;
};

// What the guest holds are blocks of its own heap.
class Assets {
 public:
  explicit Assets(GuestMachine& machine) : machine_(machine) {}

  std::uint64_t manager() {
    const EscapeLock lock(mutex_);
    if (manager_ == 0) manager_ = machine_.heap.allocate(kHandleSize, 16, true);
    return manager_;
  }
  std::uint64_t open(const std::string& name, int mode) {
    const AndroidApp& app = machine_.part<AndroidSystem>().app;
    auto entry = app.entry ? app.entry(kAssetFolder + name) : std::nullopt;
    machine_.events.lookup(
        {GuestLookup::What::kFile, kAssetFolder + name, entry.has_value(),
         entry ? std::to_string(entry->content.bytes.size()) + " bytes" : std::string()});
    if (!entry) return 0;
    const EscapeLock lock(mutex_);
    if (assets_.size() >= kMaxOpenAssets) return 0;
    const std::uint64_t handle = machine_.heap.allocate(kHandleSize, 16, true);
    if (handle == 0) return 0;
    Asset asset{std::move(entry->content), entry->compressed, 0, 0, false};
    asset.allocated = asset.compressed || mode == kModeBuffer;
    assets_.emplace(handle, std::move(asset));
    return handle;
  }
  // Runs `use` on the asset; one that is none ends the guest's call, as it would on a phone.
  template <typename R, typename F>
  R with(std::uint64_t handle, R otherwise, F use) {
    const EscapeLock lock(mutex_);
    const auto found = assets_.find(handle);
    if (found != assets_.end()) return use(found->second);
    machine_.raise(GuestFault::Kind::kArgument, "uses an asset that is none");
    return otherwise;
  }
  void close(std::uint64_t handle) {
    const EscapeLock lock(mutex_);
    const auto found = assets_.find(handle);
    if (found == assets_.end()) return;
    if (found->second.buffer != 0) machine_.heap.release(found->second.buffer);
    assets_.erase(found);
    machine_.heap.release(handle);
  }

  std::uint64_t open_folder(const std::string& name) {
    std::string prefix = kAssetFolder + name;
    if (prefix.back() != '/') prefix += '/';
    std::set<std::string> names;
    const AndroidApp& app = machine_.part<AndroidSystem>().app;
    if (app.entries) {
      for (const std::string& entry : app.entries()) {
        // Only files, not folders in it.
        if (entry.size() > prefix.size() && entry.starts_with(prefix) &&
            entry.find('/', prefix.size()) == std::string::npos)
          names.insert(entry.substr(prefix.size()));
      }
    }
    machine_.events.lookup({GuestLookup::What::kFile, prefix, !names.empty(),
                            std::to_string(names.size()) + " files"});
    const EscapeLock lock(mutex_);
    if (folders_.size() >= kMaxOpenAssets) return 0;
    const std::uint64_t handle = machine_.heap.allocate(kHandleSize, 16, true);
    if (handle != 0) folders_.emplace(handle, AssetFolder{{names.begin(), names.end()}, 0});
    return handle;
  }
  std::uint64_t next_name(std::uint64_t handle) {
    const EscapeLock lock(mutex_);
    const auto found = folders_.find(handle);
    if (found == folders_.end() || found->second.next >= found->second.names.size()) return 0;
    return machine_.constant_text(found->second.names[found->second.next++]);
  }
  void rewind_folder(std::uint64_t handle) {
    const EscapeLock lock(mutex_);
    const auto found = folders_.find(handle);
    if (found != folders_.end()) found->second.next = 0;
  }
  void close_folder(std::uint64_t handle) {
    const EscapeLock lock(mutex_);
    if (folders_.erase(handle) != 0) machine_.heap.release(handle);
  }

 private:
  GuestMachine& machine_;
  std::mutex mutex_;  // guards what follows; by EscapeLock, for it is held over the guest's memory
  std::uint64_t manager_ = 0;
  std::unordered_map<std::uint64_t, Asset> assets_;
  std::unordered_map<std::uint64_t, AssetFolder> folders_;
};

Assets& assets(GuestMachine& machine) { return machine.part<Assets>(); }

std::uint64_t manager_from_java(GuestMachine& machine, std::uint64_t, std::uint64_t object) {
  return object == 0 ? 0 : assets(machine).manager();
}
std::uint64_t open_asset(GuestMachine& machine, std::uint64_t manager, const char* name, int mode) {
  return manager == 0 || name == nullptr ? 0 : assets(machine).open(name, mode);
}
void close_asset(GuestMachine& machine, std::uint64_t asset) { assets(machine).close(asset); }

int read_asset(GuestMachine& machine, std::uint64_t handle, std::uint64_t to, std::uint64_t count) {
  return assets(machine).with(handle, -1, [&](Asset& asset) {
    const ByteSpan bytes = asset.content.bytes;
    const std::uint64_t left = bytes.size() - asset.position;
    const std::uint64_t size = std::min<std::uint64_t>({left, count, 0x7fffffff});
    if (!machine.arena.allows(to, size, kPageWrite)) {
      machine.raise(GuestFault::Kind::kMemory, "AAsset_read: the buffer is not in its memory");
      return -1;
    }
    if (size != 0) std::memcpy(reinterpret_cast<void*>(to), bytes.data() + asset.position, size);
    asset.position += size;
    return static_cast<int>(size);
  });
}
std::int64_t seek_asset(GuestMachine& machine, std::uint64_t handle, std::int64_t offset,
                        int whence) {
  return assets(machine).with(handle, std::int64_t{-1}, [&](Asset& asset) -> std::int64_t {
    const auto size = static_cast<std::int64_t>(asset.content.bytes.size());
    std::int64_t from = 0;
    if (whence == SEEK_CUR) from = static_cast<std::int64_t>(asset.position);
    if (whence == SEEK_END) from = size;
    std::int64_t to = 0;
    if (whence < SEEK_SET || whence > SEEK_END || __builtin_add_overflow(from, offset, &to) ||
        to < 0 || to > size)
      return -1;
    asset.position = static_cast<std::uint64_t>(to);
    return to;
  });
}
std::uint64_t asset_buffer(GuestMachine& machine, std::uint64_t handle) {
  return assets(machine).with(handle, std::uint64_t{0}, [&](Asset& asset) {
    if (asset.buffer == 0) {
      const ByteSpan bytes = asset.content.bytes;
      asset.buffer = machine.heap.allocate(bytes.size(), kGuestPage);
      if (asset.buffer != 0 && !bytes.empty())
        std::memcpy(reinterpret_cast<void*>(asset.buffer), bytes.data(), bytes.size());
    }
    return asset.buffer;
  });
}
std::int64_t asset_length(GuestMachine& machine, std::uint64_t handle) {
  return assets(machine).with(handle, std::int64_t{-1}, [](Asset& asset) {
    return static_cast<std::int64_t>(asset.content.bytes.size());
  });
}
std::int64_t remaining_length(GuestMachine& machine, std::uint64_t handle) {
  return assets(machine).with(handle, std::int64_t{-1}, [](Asset& asset) {
    return static_cast<std::int64_t>(asset.content.bytes.size() - asset.position);
  });
}
int is_allocated(GuestMachine& machine, std::uint64_t handle) {
  return assets(machine).with(handle, 0, [](Asset& asset) { return asset.allocated ? 1 : 0; });
}

// A file of the entry alone: it begins at 0, where in a package it would begin further on.
int open_descriptor(GuestMachine& machine, std::uint64_t handle, std::uint64_t start,
                    std::uint64_t length) {
  return assets(machine).with(handle, -1, [&](Asset& asset) {
    if (asset.compressed) return -1;  // not as it lies in the package
    if (!machine.arena.allows(start, 8, kPageWrite) || !machine.arena.allows(length, 8, kPageWrite))
      return -1;
    const ByteSpan bytes = asset.content.bytes;
    const std::int64_t begin = 0;
    const auto size = static_cast<std::int64_t>(bytes.size());
    std::memcpy(reinterpret_cast<void*>(start), &begin, sizeof(begin));
    std::memcpy(reinterpret_cast<void*>(length), &size, sizeof(size));
    return machine.part<GuestFiles>().add_text(std::string(as_text(bytes)));
  });
}

std::uint64_t open_folder(GuestMachine& machine, std::uint64_t manager, const char* name) {
  return manager == 0 || name == nullptr ? 0 : assets(machine).open_folder(name);
}
std::uint64_t next_name(GuestMachine& machine, std::uint64_t folder) {
  return assets(machine).next_name(folder);
}
void rewind_folder(GuestMachine& machine, std::uint64_t folder) {
  assets(machine).rewind_folder(folder);
}
void close_folder(GuestMachine& machine, std::uint64_t folder) {
  assets(machine).close_folder(folder);
}

}  // namespace

void add_asset_functions(FunctionTable& table) {
  table.add("AAssetManager_fromJava", &manager_from_java);
  table.add("AAssetManager_open", &open_asset);
  table.add("AAssetManager_openDir", &open_folder);
  table.add("AAssetDir_getNextFileName", &next_name);
  table.add("AAssetDir_rewind", &rewind_folder);
  table.add("AAssetDir_close", &close_folder);
  table.add("AAsset_close", &close_asset);
  table.add("AAsset_read", &read_asset);
  table.add("AAsset_seek", &seek_asset);
  table.alias("AAsset_seek64", "AAsset_seek");
  table.add("AAsset_getBuffer", &asset_buffer);
  table.add("AAsset_getLength", &asset_length);
  table.alias("AAsset_getLength64", "AAsset_getLength");
  table.add("AAsset_getRemainingLength", &remaining_length);
  table.alias("AAsset_getRemainingLength64", "AAsset_getRemainingLength");
  table.add("AAsset_openFileDescriptor", &open_descriptor);
  table.alias("AAsset_openFileDescriptor64", "AAsset_openFileDescriptor");
  table.add("AAsset_isAllocated", &is_allocated);
}

}  // namespace dl::guest
