// SPDX-License-Identifier: Apache-2.0
// Classes and fields of Java and Android that values are read by.
#pragma once

#include <jni.h>
#include <jvmti.h>

#include <array>
#include <string>

#include "call_journal.h"

namespace dl::jvmti {

// One of the classes of java.nio's buffers. `array`: of its elements, where it lies in Java's heap;
// nullptr where this machine has no such field.
struct BufferClass {
  jclass klass = nullptr;
  char element = 0;
  jfieldID array = nullptr;
  const ValueType* type = nullptr;
};

// A boxed value and its field.
struct BoxedClass {
  jclass klass = nullptr;
  char letter = 0;
  jfieldID value = nullptr;
  const ValueType* type = nullptr;
};

// One of the platform's views of another collection, and the field with that one.
struct ViewClass {
  jclass klass = nullptr;
  jfieldID inside = nullptr;
};

// What this virtual machine has of them; a class that it lacks is nullptr. Immutable.
struct PlatformClasses {
  std::array<BufferClass, 7> buffers;
  std::array<BoxedClass, 8> boxed;
  std::array<ViewClass, 2> views;
  jclass buffer = nullptr;
  jclass string = nullptr;
  jclass collection = nullptr;
  jclass map = nullptr;
  jclass enumeration = nullptr;
  jclass klass = nullptr;
  jmethodID to_array = nullptr;   // Collection
  jmethodID entry_set = nullptr;  // Map
  jmethodID entry_key = nullptr;
  jmethodID entry_value = nullptr;
  jfieldID enumeration_name = nullptr;
  jfieldID message = nullptr;  // Throwable

  const BufferClass* buffer_class(JNIEnv* env, jobject object) const;
};

// Looked up at the first call, in the live phase, without a pending exception. Thread safe.
const PlatformClasses& platform_classes(JNIEnv* env);

// "Lpkg/Class;" or "[F"; "" if the virtual machine does not say.
std::string class_signature(jclass klass);
// Whether the class is of the virtual machine or of Android, not of the app.
bool is_platform_class(jclass klass);
// Whether a collection or map of exactly this class of the platform lists its elements without a
// call of anything else: it holds them itself, and takes no lock.
bool holds_own_elements(const std::string& signature);

}  // namespace dl::jvmti
