// SPDX-License-Identifier: Apache-2.0
// Answers the loader's questions.
#include "daylight/guest/libc/system_world.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace dl::guest {
namespace {

constexpr std::array<std::string_view, 24> kSystemLibraries = {
    "libc.so",           "libm.so",
    "libdl.so",          "liblog.so",
    "libz.so",           "libandroid.so",
    "libjnigraphics.so", "libstdc++.so",
    "libEGL.so",         "libGLESv1_CM.so",
    "libGLESv2.so",      "libGLESv3.so",
    "libOpenSLES.so",    "libmediandk.so",
    "libcamera2ndk.so",  "libvulkan.so",
    "libaaudio.so",      "libamidi.so",
    "libOpenMAXAL.so",   "libneuralnetworks.so",
    "libsync.so",        "libnativewindow.so",
    "libbinder_ndk.so",  "ld-android.so"};
// Data that stand for what nobody has.
constexpr std::uint64_t kMissingData = 256;

using Missing = std::pair<GuestMachine*, std::string>;

void call_missing(Missing& missing) {
  missing.first->events.lookup({GuestLookup::What::kImport, missing.second, false, "called"});
  missing.first->raise(GuestFault::Kind::kImport,
                       "calls " + missing.second + ", which nobody provides");
}

}  // namespace

bool is_system_library(const std::string& name) {
  return std::find(kSystemLibraries.begin(), kSystemLibraries.end(), name) !=
         kSystemLibraries.end();
}

std::optional<std::uint64_t> SystemWorld::import(const std::string& name) {
  return machine_ == nullptr ? std::nullopt : address_of(*machine_, name);
}

Result<std::uint64_t> SystemWorld::missing(const std::string& library, const std::string& name,
                                           bool data) {
  if (machine_ == nullptr) return fail(ErrorCode::kInvalidArgument, "no machine", library);
  machine_->events.lookup({GuestLookup::What::kImport, name, false, "needed by " + library});
  if (data) {
    const std::uint64_t zeros = machine_->heap.allocate(kMissingData, 16, true);
    if (zeros == 0) return fail(ErrorCode::kLimit, "no memory for a missing datum", name);
    return zeros;
  }
  HostFunction function = host_function(name, &call_missing);
  {
    const std::scoped_lock lock(mutex_);
    missing_.push_back(std::make_unique<Missing>(machine_, name));
    function.state = missing_.back().get();
  }
  return machine_->engine.bind(std::move(function));
}

}  // namespace dl::guest
