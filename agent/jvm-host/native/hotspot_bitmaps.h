// SPDX-License-Identifier: Apache-2.0
// Bitmaps of the app's Java side as its native code sees them: their pixels in the guest's memory.
#pragma once

#include <jni.h>

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "daylight/guest/android/android_app.h"
#include "daylight/guest/machine/guest_machine.h"
#include "native/hotspot_world.h"

namespace dl::jvm {

// Pixels are copied out when the first lock is taken, and back at the last unlock where the guest
// changed them: until then Java's own code does not see it. A Bitmap that may not be changed keeps
// its pixels, which `warn` is told. Thread safe.
class HotspotBitmaps : public guest::JavaBitmaps {
 public:
  using Warning = std::function<void(const std::string& text)>;
  // Both must outlive it.
  HotspotBitmaps(guest::GuestMachine& machine, HotspotWorld& world, Warning warn);

  std::optional<Facts> facts(std::uint64_t object) override;
  std::uint64_t lock(std::uint64_t object) override;
  bool unlock(std::uint64_t object) override;

 private:
  struct Locked {
    jobject bitmap = nullptr;  // global
    std::uint64_t address = 0;
    std::vector<std::uint8_t> before;
    int count = 0;
  };
  bool begin();
  // False after an exception of Java's, which is gone then.
  bool move(const char* what, jmethodID method, jobject bitmap, std::uint64_t address,
            std::uint64_t bytes);
  std::vector<Locked>::iterator find(jobject bitmap);
  std::optional<Facts> facts_locked(std::uint64_t object);

  guest::GuestMachine& machine_;
  HotspotWorld& world_;
  Warning warn_;
  std::mutex mutex_;  // guards what follows
  jclass pixels_ = nullptr;
  jmethodID facts_ = nullptr;
  jmethodID read_ = nullptr;
  jmethodID write_ = nullptr;
  std::vector<Locked> locked_;
};

}  // namespace dl::jvm
