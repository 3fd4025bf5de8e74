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

// Those of our own world.
class OwnBitmaps : public JavaBitmaps {
 public:
  explicit OwnBitmaps(OwnJavaWorld& java) : java_(java) {}

  std::optional<Facts> facts(std::uint64_t object) override {
    const auto bitmap = bitmap_of(java_, object);
    if (bitmap == nullptr) return std::nullopt;
    return Facts{bitmap->width, bitmap->height, bitmap->stride,
                 static_cast<std::int32_t>(bitmap->format), bitmap->opaque};
  }
  std::uint64_t lock(std::uint64_t object) override {
    const auto bitmap = bitmap_of(java_, object);
    if (bitmap == nullptr || bitmap->pixels == 0) return 0;
    ++bitmap->locks;
    return bitmap->pixels;
  }
  bool unlock(std::uint64_t object) override {
    const auto bitmap = bitmap_of(java_, object);
    if (bitmap == nullptr) return false;
    if (bitmap->locks > 0) --bitmap->locks;
    return true;
  }

 private:
  OwnJavaWorld& java_;
};

// Calls use(bitmaps) with the Java side's; `otherwise` where it has none.
template <typename R, typename Use>
R with_bitmaps(GuestMachine& machine, R otherwise, Use&& use) {
  const AndroidSystem& android = machine.part<AndroidSystem>();
  if (android.java != nullptr) {
    OwnBitmaps own(*android.java);
    return use(own);
  }
  return android.bitmaps == nullptr ? otherwise : use(*android.bitmaps);
}

std::optional<JavaBitmaps::Facts> facts_of(GuestMachine& machine, JavaReference object) {
  using Facts = std::optional<JavaBitmaps::Facts>;
  if (object == 0) return std::nullopt;
  return with_bitmaps(machine, Facts(),
                      [&](JavaBitmaps& bitmaps) { return bitmaps.facts(object); });
}

int get_info(GuestMachine& machine, std::uint64_t env, JavaReference object, std::uint64_t to) {
  if (env == 0 || object == 0) return kBadParameter;
  const auto bitmap = facts_of(machine, object);
  if (!bitmap) return kJniException;
  if (to == 0) return kSuccess;
  const BitmapInfo info = {bitmap->width, bitmap->height, bitmap->stride, bitmap->format,
                           bitmap->opaque ? 1U : 0U};
  if (!machine.arena.allows(to, sizeof(info), kPageWrite)) {
    machine.raise(GuestFault::Kind::kMemory, "AndroidBitmap_getInfo: no place for the answer");
    return kBadParameter;
  }
  std::memcpy(reinterpret_cast<void*>(to), &info, sizeof(info));
  return kSuccess;
}

int lock_pixels(GuestMachine& machine, std::uint64_t env, JavaReference object, std::uint64_t to) {
  if (env == 0 || object == 0) return kBadParameter;
  if (!facts_of(machine, object)) return kJniException;
  const std::uint64_t pixels = with_bitmaps(
      machine, std::uint64_t{0}, [&](JavaBitmaps& bitmaps) { return bitmaps.lock(object); });
  if (pixels == 0) return kAllocationFailed;
  if (to == 0) return kSuccess;
  if (!machine.arena.allows(to, sizeof(pixels), kPageWrite)) {
    machine.raise(GuestFault::Kind::kMemory, "AndroidBitmap_lockPixels: no place for the answer");
    return kBadParameter;
  }
  std::memcpy(reinterpret_cast<void*>(to), &pixels, sizeof(pixels));
  return kSuccess;
}

int unlock_pixels(GuestMachine& machine, std::uint64_t env, JavaReference object) {
  if (env == 0 || object == 0) return kBadParameter;
  const bool unlocked =
      with_bitmaps(machine, false, [&](JavaBitmaps& bitmaps) { return bitmaps.unlock(object); });
  return unlocked ? kSuccess : kJniException;
}

std::int32_t data_space(GuestMachine& machine, std::uint64_t env, JavaReference object) {
  return env == 0 || !facts_of(machine, object) ? kUnknownSpace : kSrgb;
}

}  // namespace

void add_bitmap_functions(FunctionTable& table) {
  table.add("AndroidBitmap_getInfo", &get_info);
  table.add("AndroidBitmap_lockPixels", &lock_pixels);
  table.add("AndroidBitmap_unlockPixels", &unlock_pixels);
  table.add("AndroidBitmap_getDataSpace", &data_space);
}

}  // namespace dl::guest
