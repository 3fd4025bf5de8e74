// SPDX-License-Identifier: Apache-2.0
// Texts, arrays, buffers, references and exceptions.
#include <algorithm>
#include <cstring>

#include "native/hotspot_world.h"

namespace dl::jvm {
namespace {

constexpr char kArrayTypes[] = {'Z', 'B', 'C', 'S', 'I', 'J', 'F', 'D'};
// Local references that a frame of the guest's has room for before it grows.
constexpr jint kFrameCapacity = 32;

JavaReference reference_of(jobject object) { return reinterpret_cast<JavaReference>(object); }
jobject object_of(JavaReference reference) { return reinterpret_cast<jobject>(reference); }

std::uint64_t size_of(char type) {
  switch (type) {
    case 'Z':
    case 'B':
      return 1;
    case 'C':
    case 'S':
      return 2;
    case 'I':
    case 'F':
      return 4;
    case 'J':
    case 'D':
      return 8;
    default:
      return 0;
  }
}

}  // namespace

// ---- texts ----

JavaReference HotspotWorld::new_text(std::u16string_view text) {
  const InHotspot jvm;
  if (jvm->ExceptionCheck() == JNI_TRUE) return 0;
  return reference_of(
      jvm->NewString(reinterpret_cast<const jchar*>(text.data()), static_cast<jsize>(text.size())));
}

std::u16string HotspotWorld::text_of(JavaReference text) {
  const InHotspot jvm;
  const jobject object = checked_as(jvm, text, string_class_, "text");
  if (object == nullptr) return {};
  const auto string = static_cast<jstring>(object);
  const jsize length = jvm->GetStringLength(string);
  std::u16string out(static_cast<std::size_t>(length), u'\0');
  jvm->GetStringRegion(string, 0, length, reinterpret_cast<jchar*>(out.data()));
  return out;
}

// ---- arrays ----

JavaReference HotspotWorld::new_array(char type, JavaReference klass, std::uint64_t length) {
  const InHotspot jvm;
  if (jvm->ExceptionCheck() == JNI_TRUE) return 0;
  const auto size = static_cast<jsize>(length);
  switch (type) {
    case 'Z':
      return reference_of(jvm->NewBooleanArray(size));
    case 'B':
      return reference_of(jvm->NewByteArray(size));
    case 'C':
      return reference_of(jvm->NewCharArray(size));
    case 'S':
      return reference_of(jvm->NewShortArray(size));
    case 'I':
      return reference_of(jvm->NewIntArray(size));
    case 'J':
      return reference_of(jvm->NewLongArray(size));
    case 'F':
      return reference_of(jvm->NewFloatArray(size));
    case 'D':
      return reference_of(jvm->NewDoubleArray(size));
    default: {
      const jobject of = checked_as(jvm, klass, class_class_, "class");
      if (of == nullptr) return 0;
      return reference_of(jvm->NewObjectArray(size, static_cast<jclass>(of), nullptr));
    }
  }
}

char HotspotWorld::element_type(const InHotspot& jvm, jobject array) {
  for (std::size_t i = 0; i < std::size(kArrayTypes); ++i)
    if (jvm->IsInstanceOf(array, array_classes_[i]) == JNI_TRUE) return kArrayTypes[i];
  return jvm->IsInstanceOf(array, objects_class_) == JNI_TRUE ? 'L' : '\0';
}

std::uint64_t HotspotWorld::length_of(JavaReference array) {
  const InHotspot jvm;
  const auto object = checked(jvm, array);
  if (!object) return 0;
  if (*object == nullptr || element_type(jvm, *object) == '\0') {
    refuse("asks what is no array for its length");
    return 0;
  }
  return static_cast<std::uint64_t>(jvm->GetArrayLength(static_cast<jarray>(*object)));
}

std::uint64_t HotspotWorld::element_size(JavaReference array) {
  const InHotspot jvm;
  const auto object = checked(jvm, array);
  return object && *object != nullptr ? size_of(element_type(jvm, *object)) : 0;
}

std::uint64_t HotspotWorld::pin(JavaReference array) {
  const InHotspot jvm;
  const auto object = checked(jvm, array);
  if (!object) return 0;
  const std::uint64_t each = *object == nullptr ? 0 : size_of(element_type(jvm, *object));
  if (each == 0) {
    refuse("wants the elements of what is no array of primitives");
    return 0;
  }
  const auto java = static_cast<jarray>(*object);
  const std::uint64_t bytes = each * static_cast<std::uint64_t>(jvm->GetArrayLength(java));
  const std::uint64_t at = machine_.heap.allocate(bytes);
  if (at == 0) return 0;
  void* const elements = jvm->GetPrimitiveArrayCritical(java, nullptr);
  if (elements == nullptr) {
    machine_.heap.release(at);
    return 0;
  }
  std::memcpy(reinterpret_cast<void*>(at), elements, bytes);
  jvm->ReleasePrimitiveArrayCritical(java, elements, JNI_ABORT);
  const std::unique_lock lock(mutex_);
  pins_[at] = bytes;
  return at;
}

void HotspotWorld::copy_back(JavaReference array, std::uint64_t address, std::uint64_t bytes) {
  const InHotspot jvm;
  const auto object = checked(jvm, array);
  const std::uint64_t each = object && *object != nullptr ? size_of(element_type(jvm, *object)) : 0;
  // The guest may have taken its own heap away.
  if (each == 0 || !machine_.arena.allows(address, bytes, guest::kPageRead)) return;
  const auto java = static_cast<jarray>(*object);
  const std::uint64_t there = each * static_cast<std::uint64_t>(jvm->GetArrayLength(java));
  void* const elements = jvm->GetPrimitiveArrayCritical(java, nullptr);
  if (elements == nullptr) return;
  std::memcpy(elements, reinterpret_cast<const void*>(address), std::min(bytes, there));
  jvm->ReleasePrimitiveArrayCritical(java, elements, 0);
}

void HotspotWorld::unpin(JavaReference array, std::uint64_t address, bool write_back) {
  std::uint64_t bytes = 0;
  {
    const std::unique_lock lock(mutex_);
    const auto pinned = pins_.find(address);
    if (pinned == pins_.end()) {
      refuse("gives back elements that it never got");
      return;
    }
    bytes = pinned->second;
    pins_.erase(pinned);
  }
  if (write_back) copy_back(array, address, bytes);
  machine_.heap.release(address);
}

void HotspotWorld::commit(JavaReference array, std::uint64_t address) {
  std::uint64_t bytes = 0;
  {
    const std::shared_lock lock(mutex_);
    const auto pinned = pins_.find(address);
    if (pinned == pins_.end()) {
      refuse("writes back elements that it never got");
      return;
    }
    bytes = pinned->second;
  }
  copy_back(array, address, bytes);
}

JavaReference HotspotWorld::element(JavaReference array, std::uint64_t i) {
  const InHotspot jvm;
  const jobject object = checked_as(jvm, array, objects_class_, "array of objects");
  if (object == nullptr || jvm->ExceptionCheck() == JNI_TRUE) return 0;
  return reference_of(
      jvm->GetObjectArrayElement(static_cast<jobjectArray>(object), static_cast<jsize>(i)));
}

void HotspotWorld::set_element(JavaReference array, std::uint64_t i, JavaReference value) {
  const InHotspot jvm;
  const jobject object = checked_as(jvm, array, objects_class_, "array of objects");
  const auto element = checked(jvm, value);
  if (object == nullptr || !element || jvm->ExceptionCheck() == JNI_TRUE) return;
  jvm->SetObjectArrayElement(static_cast<jobjectArray>(object), static_cast<jsize>(i), *element);
}

// ---- direct buffers ----

JavaReference HotspotWorld::new_buffer(std::uint64_t address, std::uint64_t capacity) {
  const InHotspot jvm;
  if (jvm->ExceptionCheck() == JNI_TRUE) return 0;
  // Java reads and writes it later, when no check stands before it: now every page must be there.
  if (!machine_.arena.contains(address) ||
      !machine_.arena.allows(address, capacity, guest::kPageRead)) {
    refuse("makes a Java buffer of memory that is not its own");
    return 0;
  }
  return reference_of(
      jvm->NewDirectByteBuffer(reinterpret_cast<void*>(address), static_cast<jlong>(capacity)));
}

std::pair<std::uint64_t, std::uint64_t> HotspotWorld::buffer_of(JavaReference buffer) {
  const InHotspot jvm;
  const auto object = checked(jvm, buffer);
  if (!object || *object == nullptr || jvm->IsInstanceOf(*object, buffer_class_) == JNI_FALSE)
    return {0, 0};
  const auto address = reinterpret_cast<std::uint64_t>(jvm->GetDirectBufferAddress(*object));
  const jlong capacity = jvm->GetDirectBufferCapacity(*object);
  if (address == 0 || capacity < 0) return {0, 0};
  return {address, static_cast<std::uint64_t>(capacity)};
}

// ---- references ----

JavaReference HotspotWorld::refer(JavaReference object, Strength strength) {
  const InHotspot jvm;
  const auto found = checked(jvm, object);
  if (!found || *found == nullptr) return 0;
  switch (strength) {
    case Strength::kGlobal:
      return reference_of(jvm->NewGlobalRef(*found));
    case Strength::kWeak:
      return reference_of(jvm->NewWeakGlobalRef(*found));
    case Strength::kLocal:
      break;
  }
  return reference_of(jvm->NewLocalRef(*found));
}

void HotspotWorld::forget(JavaReference reference) {
  const InHotspot jvm;
  const jobject object = object_of(reference);
  if (object == nullptr) return;
  switch (jvm->GetObjectRefType(object)) {
    case JNILocalRefType:
      return jvm->DeleteLocalRef(object);
    case JNIGlobalRefType:
      return jvm->DeleteGlobalRef(object);
    case JNIWeakGlobalRefType:
      return jvm->DeleteWeakGlobalRef(object);
    default:
      return;  // given back twice: Android only says so
  }
}

bool HotspotWorld::same(JavaReference a, JavaReference b) {
  const InHotspot jvm;
  const auto one = checked(jvm, a);
  const auto other = one ? checked(jvm, b) : std::nullopt;
  return one && other && jvm->IsSameObject(*one, *other) == JNI_TRUE;
}

guest::JavaWorld::Strength HotspotWorld::strength_of(JavaReference reference) {
  const InHotspot jvm;
  switch (jvm->GetObjectRefType(object_of(reference))) {
    case JNIGlobalRefType:
      return Strength::kGlobal;
    case JNIWeakGlobalRefType:
      return Strength::kWeak;
    default:
      return Strength::kLocal;
  }
}

void HotspotWorld::push_frame() {
  const InHotspot jvm;
  jvm->PushLocalFrame(kFrameCapacity);
}

JavaReference HotspotWorld::pop_frame(JavaReference kept) {
  const InHotspot jvm;
  const auto object = checked(jvm, kept);
  return reference_of(jvm->PopLocalFrame(object.value_or(nullptr)));
}

// ---- monitors ----

bool HotspotWorld::lock_monitor(JavaReference object) {
  const InHotspot jvm;
  const auto found = checked(jvm, object);
  return found && *found != nullptr && jvm->MonitorEnter(*found) == JNI_OK;
}

bool HotspotWorld::unlock_monitor(JavaReference object) {
  const InHotspot jvm;
  const auto found = checked(jvm, object);
  return found && *found != nullptr && jvm->MonitorExit(*found) == JNI_OK;
}

// ---- exceptions ----

void HotspotWorld::raise(JavaReference exception) {
  const InHotspot jvm;
  const jobject object = checked_as(jvm, exception, throwable_class_, "exception");
  if (object != nullptr) jvm->Throw(static_cast<jthrowable>(object));
}

void HotspotWorld::raise_new(const std::string& klass, const std::string& message) {
  const InHotspot jvm;
  jvm->ExceptionClear();
  const jclass found = class_by_name(jvm.get(), klass);
  if (found == nullptr) return;
  if (jvm->IsAssignableFrom(found, throwable_class_) == JNI_FALSE) {
    refuse("throws " + klass + ", which is no exception");
    return;
  }
  jvm->ThrowNew(found, message.c_str());
  jvm->DeleteLocalRef(found);
}

JavaReference HotspotWorld::pending() {
  const InHotspot jvm;
  return reference_of(jvm->ExceptionOccurred());
}

void HotspotWorld::clear() {
  const InHotspot jvm;
  jvm->ExceptionClear();
}

std::string HotspotWorld::describe(JavaReference exception) {
  const InHotspot jvm;
  const jobject object = checked_as(jvm, exception, throwable_class_, "exception");
  if (object == nullptr) return "";
  // Nothing of Java's may be called while one is pending.
  const jthrowable before = jvm->ExceptionOccurred();
  jvm->ExceptionClear();
  const auto text = static_cast<jstring>(jvm->CallObjectMethodA(object, to_string_, nullptr));
  std::string out =
      jvm->ExceptionCheck() == JNI_TRUE ? "an exception" : modified_utf8_of(jvm.get(), text);
  jvm->ExceptionClear();
  if (before != nullptr) jvm->Throw(before);
  return out;
}

}  // namespace dl::jvm
