// SPDX-License-Identifier: Apache-2.0
// Asks daylight.host.Pixels, which knows Android's classes.
#include "native/hotspot_bitmaps.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace dl::jvm {
namespace {

constexpr jsize kFacts = 5;  // width, height, stride, format, opaque
// As new_bitmap() of the guest's own world has it.
constexpr std::uint64_t kMaxPixelBytes = std::uint64_t{1} << 30;

}  // namespace

HotspotBitmaps::HotspotBitmaps(guest::GuestMachine& machine, HotspotWorld& world, Warning warn)
    : machine_(machine), world_(world), warn_(std::move(warn)) {}

bool HotspotBitmaps::begin() {
  if (pixels_ != nullptr) return true;
  const InHotspot jvm;
  const jclass found = world_.class_by_name(jvm.get(), "daylight/host/Pixels");
  if (found == nullptr) {
    jvm->ExceptionClear();
    return false;
  }
  facts_ = jvm->GetStaticMethodID(found, "facts", "(Ljava/lang/Object;)[I");
  read_ = jvm->GetStaticMethodID(found, "read", "(Ljava/lang/Object;Ljava/nio/ByteBuffer;)V");
  write_ = jvm->GetStaticMethodID(found, "write", "(Ljava/lang/Object;Ljava/nio/ByteBuffer;)V");
  pixels_ = static_cast<jclass>(jvm->NewGlobalRef(found));
  jvm->DeleteLocalRef(found);
  return true;
}

std::optional<guest::JavaBitmaps::Facts> HotspotBitmaps::facts(std::uint64_t object) {
  const std::scoped_lock lock(mutex_);
  return facts_locked(object);
}

std::optional<guest::JavaBitmaps::Facts> HotspotBitmaps::facts_locked(std::uint64_t object) {
  const InHotspot jvm;
  const auto bitmap = reinterpret_cast<jobject>(object);
  if (jvm->ExceptionCheck() == JNI_TRUE || jvm->GetObjectRefType(bitmap) == JNIInvalidRefType ||
      !begin())
    return std::nullopt;
  jvalue argument{};
  argument.l = bitmap;
  const auto answer =
      static_cast<jintArray>(jvm->CallStaticObjectMethodA(pixels_, facts_, &argument));
  if (jvm->ExceptionCheck() == JNI_TRUE) jvm->ExceptionClear();
  if (answer == nullptr || jvm->GetArrayLength(answer) != kFacts) return std::nullopt;
  jint numbers[kFacts] = {};
  jvm->GetIntArrayRegion(answer, 0, kFacts, numbers);
  jvm->DeleteLocalRef(answer);
  return Facts{static_cast<std::uint32_t>(numbers[0]), static_cast<std::uint32_t>(numbers[1]),
               static_cast<std::uint32_t>(numbers[2]), numbers[3], numbers[4] != 0};
}

std::vector<HotspotBitmaps::Locked>::iterator HotspotBitmaps::find(jobject bitmap) {
  const InHotspot jvm;
  return std::find_if(locked_.begin(), locked_.end(), [&](const Locked& each) {
    return jvm->IsSameObject(each.bitmap, bitmap) == JNI_TRUE;
  });
}

bool HotspotBitmaps::move(const char* what, jmethodID method, jobject bitmap, std::uint64_t address,
                          std::uint64_t bytes) {
  const InHotspot jvm;
  const jobject buffer =
      jvm->NewDirectByteBuffer(reinterpret_cast<void*>(address), static_cast<jlong>(bytes));
  if (buffer == nullptr) return false;
  jvalue arguments[2] = {};
  arguments[0].l = bitmap;
  arguments[1].l = buffer;
  jvm->CallStaticVoidMethodA(pixels_, method, arguments);
  jvm->DeleteLocalRef(buffer);
  if (jvm->ExceptionCheck() == JNI_FALSE) return true;
  jvm->ExceptionClear();
  warn_(std::string("a Bitmap's pixels could not be ") + what);
  return false;
}

std::uint64_t HotspotBitmaps::lock(std::uint64_t object) {
  const std::scoped_lock lock(mutex_);
  const auto facts = facts_locked(object);
  if (!facts) return 0;
  const auto bitmap = reinterpret_cast<jobject>(object);
  if (const auto known = find(bitmap); known != locked_.end()) {
    ++known->count;
    return known->address;
  }
  const std::uint64_t bytes = std::uint64_t{facts->stride} * facts->height;
  if (bytes == 0 || bytes > kMaxPixelBytes) return 0;
  const std::uint64_t at = machine_.heap.allocate(bytes);
  if (at == 0) return 0;
  if (!move("read", read_, bitmap, at, bytes)) {
    machine_.heap.release(at);
    return 0;
  }
  const InHotspot jvm;
  const auto* const pixels = reinterpret_cast<const std::uint8_t*>(at);
  locked_.push_back({jvm->NewGlobalRef(bitmap), at, {pixels, pixels + bytes}, 1});
  return at;
}

bool HotspotBitmaps::unlock(std::uint64_t object) {
  const std::scoped_lock lock(mutex_);
  const InHotspot jvm;
  const auto bitmap = reinterpret_cast<jobject>(object);
  if (jvm->GetObjectRefType(bitmap) == JNIInvalidRefType) return false;
  const auto known = find(bitmap);
  if (known == locked_.end()) return false;
  if (--known->count > 0) return true;
  const Locked done = std::move(*known);
  locked_.erase(known);
  // The guest may have taken its own heap away.
  if (machine_.arena.allows(done.address, done.before.size(), guest::kPageRead) &&
      std::memcmp(reinterpret_cast<const void*>(done.address), done.before.data(),
                  done.before.size()) != 0)
    move("written", write_, done.bitmap, done.address, done.before.size());
  jvm->DeleteGlobalRef(done.bitmap);
  machine_.heap.release(done.address);
  return true;
}

}  // namespace dl::jvm
