// SPDX-License-Identifier: Apache-2.0
// Libraries as Java knows them: each has its JNI_OnLoad run once, whoever asks first.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "daylight/guest/machine/guest_machine.h"

namespace dl::guest {

// A part of a machine. Thread safe.
class JavaLibraries {
 public:
  explicit JavaLibraries(GuestMachine& machine) : machine_(machine) {}

  // What JNI_OnLoad gets; before the first library is started.
  void set_vm(std::uint64_t vm) { vm_ = vm; }

  // What JNI_OnLoad answers, or did before; nothing without one, and from inside of it. Waits where
  // another thread is in it. An exception that it leaves is pending.
  GuestResult<std::optional<std::int32_t>> start(const GuestLibrary& library);

 private:
  struct Start {
    std::thread::id by;
    bool ended = false;
    GuestResult<std::optional<std::int32_t>> answer{};
  };
  GuestResult<std::optional<std::int32_t>> known(std::unique_lock<std::mutex>& lock,
                                                 const Start& start);

  GuestMachine& machine_;
  std::uint64_t vm_ = 0;
  std::mutex mutex_;  // guards what follows
  std::condition_variable ended_;
  std::map<const GuestLibrary*, Start> starts_;
};

// Why ART refuses a library whose JNI_OnLoad answers this; nothing for versions that it takes.
std::optional<std::string> refused_version(std::int32_t version, const std::string& path);

}  // namespace dl::guest
