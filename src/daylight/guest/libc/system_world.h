// SPDX-License-Identifier: Apache-2.0
// Where a guest's libraries come from: the app's files, then the system that is made here.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "daylight/guest/image/library_loader.h"
#include "daylight/guest/machine/guest_machine.h"

namespace dl::guest {

// libc.so, libm.so and the others that every Android has.
bool is_system_library(const std::string& name);

// Thread safe as far as `open` is.
class SystemWorld : public LibraryWorld {
 public:
  using Open = std::function<std::optional<LibraryFile>(const std::string& name)>;
  // `machine` may be null while the world is not used yet (set_machine).
  explicit SystemWorld(Open open) : open_(std::move(open)) {}
  void set_machine(GuestMachine* machine) { machine_ = machine; }

  std::optional<LibraryFile> open(const std::string& name) override { return open_(name); }
  bool is_system(const std::string& name) const override { return is_system_library(name); }
  std::optional<std::uint64_t> import(const std::string& name) override;
  Result<std::uint64_t> missing(const std::string& library, const std::string& name,
                                bool data) override;

 private:
  Open open_;
  GuestMachine* machine_ = nullptr;
  std::mutex mutex_;
  std::vector<std::unique_ptr<std::pair<GuestMachine*, std::string>>> missing_;
};

}  // namespace dl::guest
