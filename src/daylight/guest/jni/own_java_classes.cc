// SPDX-License-Identifier: Apache-2.0
// Which class is above which: as the app's own files say, else as the platform has it.
#include <map>
#include <set>
#include <utility>

#include "daylight/guest/jni/own_java_object.h"

namespace dl::guest {
namespace {

constexpr int kMaxHierarchy = 64;

// What is known of the platform's classes, as far as native code asks.
std::string platform_superclass(const std::string& name) {
  static const std::map<std::string, std::string, std::less<>> kKnown = {
      {"java/lang/Exception", "java/lang/Throwable"},
      {"java/lang/Error", "java/lang/Throwable"},
      {"java/lang/RuntimeException", "java/lang/Exception"},
      {"java/lang/IllegalArgumentException", "java/lang/RuntimeException"},
      {"java/lang/IllegalStateException", "java/lang/RuntimeException"},
      {"java/lang/NullPointerException", "java/lang/RuntimeException"},
      {"java/lang/UnsupportedOperationException", "java/lang/RuntimeException"},
      {"java/lang/IndexOutOfBoundsException", "java/lang/RuntimeException"},
      {"java/lang/ArrayIndexOutOfBoundsException", "java/lang/IndexOutOfBoundsException"},
      {"java/lang/StringIndexOutOfBoundsException", "java/lang/IndexOutOfBoundsException"},
      {"java/lang/NegativeArraySizeException", "java/lang/RuntimeException"},
      {"java/lang/OutOfMemoryError", "java/lang/Error"},
      {"java/lang/NoClassDefFoundError", "java/lang/Error"},
      {"java/lang/NoSuchMethodError", "java/lang/Error"},
      {"java/lang/NoSuchFieldError", "java/lang/Error"},
      {"java/io/IOException", "java/lang/Exception"},
      {"java/nio/DirectByteBuffer", "java/nio/ByteBuffer"},
      {"java/nio/ByteBuffer", "java/nio/Buffer"},
      {"java/nio/HeapByteBuffer", "java/nio/ByteBuffer"},
      {"java/nio/CharBuffer", "java/nio/Buffer"},
      {"java/nio/ShortBuffer", "java/nio/Buffer"},
      {"java/nio/IntBuffer", "java/nio/Buffer"},
      {"java/nio/LongBuffer", "java/nio/Buffer"},
      {"java/nio/FloatBuffer", "java/nio/Buffer"},
      {"java/nio/DoubleBuffer", "java/nio/Buffer"},
      {"java/util/LinkedHashMap", "java/util/HashMap"},
      {"android/app/Application", "android/content/ContextWrapper"},
      {"android/app/Activity", "android/content/ContextWrapper"},
      {"android/app/Service", "android/content/ContextWrapper"},
      {"android/content/ContextWrapper", "android/content/Context"},
      {"dalvik/system/PathClassLoader", "dalvik/system/BaseDexClassLoader"},
      {"dalvik/system/BaseDexClassLoader", "java/lang/ClassLoader"},
      {"java/lang/Short", "java/lang/Number"},
      {"java/lang/Byte", "java/lang/Number"},
      {"java/lang/Integer", "java/lang/Number"},
      {"java/lang/Long", "java/lang/Number"},
      {"java/lang/Float", "java/lang/Number"},
      {"java/lang/Double", "java/lang/Number"}};
  const auto found = kKnown.find(name);
  return found == kKnown.end() ? std::string(kJavaObject) : found->second;
}

}  // namespace

OwnJavaWorld::ObjectPointer OwnJavaWorld::class_object(const std::string& name) {
  ObjectPointer& slot = classes_[name];
  if (slot == nullptr) {
    slot = std::make_shared<Object>();
    slot->klass = "java/lang/Class";
    slot->named = name;
  }
  return slot;
}

JavaReference OwnJavaWorld::find_class(const std::string& name) {
  const EscapeLock lock(mutex_);
  return add(class_object(name));
}

JavaReference OwnJavaWorld::class_of(JavaReference object) {
  const EscapeLock lock(mutex_);
  const ObjectPointer found = find(object);
  return found == nullptr ? 0 : add(class_object(found->klass));
}

std::string OwnJavaWorld::super_of(const std::string& name) const {
  if (name == kJavaObject) return "";
  if (hierarchy_ != nullptr) {
    if (const auto known = hierarchy_->superclass(name)) return *known;
  }
  return platform_superclass(name);
}

JavaReference OwnJavaWorld::superclass(JavaReference of) {
  const EscapeLock lock(mutex_);
  const ObjectPointer found = find(of);
  if (found == nullptr) return 0;
  const std::string name = super_of(found->named);
  return name.empty() ? 0 : add(class_object(name));
}

bool OwnJavaWorld::is_below(const std::string& name, const std::string& above) const {
  std::vector<std::string> todo = {name};
  std::set<std::string> seen;
  while (!todo.empty() && seen.size() < kMaxHierarchy) {
    const std::string at = todo.back();
    todo.pop_back();
    if (at == above) return true;
    if (at.empty() || !seen.insert(at).second) continue;
    todo.push_back(super_of(at));
    if (hierarchy_ == nullptr) continue;
    for (std::string& each : hierarchy_->interfaces(at)) todo.push_back(std::move(each));
  }
  return false;
}

bool OwnJavaWorld::assignable(JavaReference from, JavaReference to) {
  const EscapeLock lock(mutex_);
  const ObjectPointer a = find(from);
  const ObjectPointer b = find(to);
  return a != nullptr && b != nullptr && is_below(a->named, b->named);
}

std::string OwnJavaWorld::name_of(JavaReference klass) {
  const EscapeLock lock(mutex_);
  const ObjectPointer found = find(klass);
  return found == nullptr ? std::string() : found->named;
}

bool OwnJavaWorld::has(const JavaMember& member) {
  if (hierarchy_ == nullptr) return true;
  const auto known = hierarchy_->declares(member);
  if (!known || *known) return true;
  raise_new(member.is_field ? "java/lang/NoSuchFieldError" : "java/lang/NoSuchMethodError",
            member.text());
  return false;
}

}  // namespace dl::guest
