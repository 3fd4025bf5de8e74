// SPDX-License-Identifier: Apache-2.0
// libjnigraphics: the pixels of a Bitmap.
#include <cstring>

#include "daylight/guest/android/android_app.h"
#include "daylight/guest/android/android_functions.h"
#include "daylight/guest/android/java_bitmap.h"

namespace dl::guest {
namespace {

constexpr int kSuccess = 0;
constexpr int kBadParameter = -1;
constexpr int kJniException = -2;
constexpr int kAllocationFailed = -3;
// ADATASPACE_SRGB and ADATASPACE_UNKNOWN.
constexpr std::int32_t kSrgb = 142671872;
constexpr std::int32_t kUnknownSpace = 0;

// AndroidBitmapInfo.
struct BitmapInfo {
  std::uint32_t width;
  std::uint32_t height;
  std::uint32_t stride;
  std::int32_t format;
  std::uint32_t flags;  // 0: multiplied by alpha, 1: opaque
};

std::shared_ptr<JavaBitmap> find(GuestMachine& machine, JavaReference object) {
  OwnJavaWorld* const java = machine.part<AndroidSystem>().java;
  return java == nullptr || object == 0 ? nullptr : bitmap_of(*java, object);
}

int get_info(GuestMachine& machine, std::uint64_t env, JavaReference object, std::uint64_t to) {
  if (env == 0 || object == 0) return kBadParameter;
  const auto bitmap = find(machine, object);
  if (bitmap == nullptr) return kJniException;
  if (to == 0) return kSuccess;
  const BitmapInfo info = {bitmap->width, bitmap->height, bitmap->stride,
                           static_cast<std::int32_t>(bitmap->format), bitmap->opaque ? 1U : 0U};
  if (!machine.arena.allows(to, sizeof(info), kPageWrite)) {
    machine.raise(GuestFault::Kind::kMemory, "AndroidBitmap_getInfo: no place for the answer");
    return kBadParameter;
  }
  std::memcpy(reinterpret_cast<void*>(to), &info, sizeof(info));
  return kSuccess;
}

int lock_pixels(GuestMachine& machine, std::uint64_t env, JavaReference object, std::uint64_t to) {
  if (env == 0 || object == 0) return kBadParameter;
  const auto bitmap = find(machine, object);
  if (bitmap == nullptr) return kJniException;
  if (bitmap->pixels == 0) return kAllocationFailed;
  ++bitmap->locks;
  if (to == 0) return kSuccess;
  if (!machine.arena.allows(to, sizeof(bitmap->pixels), kPageWrite)) {
    machine.raise(GuestFault::Kind::kMemory, "AndroidBitmap_lockPixels: no place for the answer");
    return kBadParameter;
  }
  std::memcpy(reinterpret_cast<void*>(to), &bitmap->pixels, sizeof(bitmap->pixels));
  return kSuccess;
}

int unlock_pixels(GuestMachine& machine, std::uint64_t env, JavaReference object) {
  if (env == 0 || object == 0) return kBadParameter;
  const auto bitmap = find(machine, object);
  if (bitmap == nullptr) return kJniException;
  if (bitmap->locks > 0) --bitmap->locks;
  return kSuccess;
}

std::int32_t data_space(GuestMachine& machine, std::uint64_t env, JavaReference object) {
  return env == 0 || find(machine, object) == nullptr ? kUnknownSpace : kSrgb;
}

}  // namespace

void add_bitmap_functions(FunctionTable& table) {
  table.add("AndroidBitmap_getInfo", &get_info);
  table.add("AndroidBitmap_lockPixels", &lock_pixels);
  table.add("AndroidBitmap_unlockPixels", &unlock_pixels);
  table.add("AndroidBitmap_getDataSpace", &data_space);
}

}  // namespace dl::guest
