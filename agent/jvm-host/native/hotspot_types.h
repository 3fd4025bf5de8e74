// SPDX-License-Identifier: Apache-2.0
// JNI's functions of one type under one name, chosen by the letter of a descriptor.
#pragma once

#include <jni.h>

#include <cstdint>
#include <cstring>
#include <utility>

namespace dl::jvm {

struct ObjectType {
  using Value = jobject;
  static constexpr auto kCall = &JNIEnv::CallObjectMethodA;
  static constexpr auto kCallNonvirtual = &JNIEnv::CallNonvirtualObjectMethodA;
  static constexpr auto kCallStatic = &JNIEnv::CallStaticObjectMethodA;
  static constexpr auto kGet = &JNIEnv::GetObjectField;
  static constexpr auto kGetStatic = &JNIEnv::GetStaticObjectField;
  static constexpr auto kSet = &JNIEnv::SetObjectField;
  static constexpr auto kSetStatic = &JNIEnv::SetStaticObjectField;
};
struct BooleanType {
  using Value = jboolean;
  static constexpr auto kCall = &JNIEnv::CallBooleanMethodA;
  static constexpr auto kCallNonvirtual = &JNIEnv::CallNonvirtualBooleanMethodA;
  static constexpr auto kCallStatic = &JNIEnv::CallStaticBooleanMethodA;
  static constexpr auto kGet = &JNIEnv::GetBooleanField;
  static constexpr auto kGetStatic = &JNIEnv::GetStaticBooleanField;
  static constexpr auto kSet = &JNIEnv::SetBooleanField;
  static constexpr auto kSetStatic = &JNIEnv::SetStaticBooleanField;
};
struct ByteType {
  using Value = jbyte;
  static constexpr auto kCall = &JNIEnv::CallByteMethodA;
  static constexpr auto kCallNonvirtual = &JNIEnv::CallNonvirtualByteMethodA;
  static constexpr auto kCallStatic = &JNIEnv::CallStaticByteMethodA;
  static constexpr auto kGet = &JNIEnv::GetByteField;
  static constexpr auto kGetStatic = &JNIEnv::GetStaticByteField;
  static constexpr auto kSet = &JNIEnv::SetByteField;
  static constexpr auto kSetStatic = &JNIEnv::SetStaticByteField;
};
struct CharType {
  using Value = jchar;
  static constexpr auto kCall = &JNIEnv::CallCharMethodA;
  static constexpr auto kCallNonvirtual = &JNIEnv::CallNonvirtualCharMethodA;
  static constexpr auto kCallStatic = &JNIEnv::CallStaticCharMethodA;
  static constexpr auto kGet = &JNIEnv::GetCharField;
  static constexpr auto kGetStatic = &JNIEnv::GetStaticCharField;
  static constexpr auto kSet = &JNIEnv::SetCharField;
  static constexpr auto kSetStatic = &JNIEnv::SetStaticCharField;
};
struct ShortType {
  using Value = jshort;
  static constexpr auto kCall = &JNIEnv::CallShortMethodA;
  static constexpr auto kCallNonvirtual = &JNIEnv::CallNonvirtualShortMethodA;
  static constexpr auto kCallStatic = &JNIEnv::CallStaticShortMethodA;
  static constexpr auto kGet = &JNIEnv::GetShortField;
  static constexpr auto kGetStatic = &JNIEnv::GetStaticShortField;
  static constexpr auto kSet = &JNIEnv::SetShortField;
  static constexpr auto kSetStatic = &JNIEnv::SetStaticShortField;
};
struct IntType {
  using Value = jint;
  static constexpr auto kCall = &JNIEnv::CallIntMethodA;
  static constexpr auto kCallNonvirtual = &JNIEnv::CallNonvirtualIntMethodA;
  static constexpr auto kCallStatic = &JNIEnv::CallStaticIntMethodA;
  static constexpr auto kGet = &JNIEnv::GetIntField;
  static constexpr auto kGetStatic = &JNIEnv::GetStaticIntField;
  static constexpr auto kSet = &JNIEnv::SetIntField;
  static constexpr auto kSetStatic = &JNIEnv::SetStaticIntField;
};
struct LongType {
  using Value = jlong;
  static constexpr auto kCall = &JNIEnv::CallLongMethodA;
  static constexpr auto kCallNonvirtual = &JNIEnv::CallNonvirtualLongMethodA;
  static constexpr auto kCallStatic = &JNIEnv::CallStaticLongMethodA;
  static constexpr auto kGet = &JNIEnv::GetLongField;
  static constexpr auto kGetStatic = &JNIEnv::GetStaticLongField;
  static constexpr auto kSet = &JNIEnv::SetLongField;
  static constexpr auto kSetStatic = &JNIEnv::SetStaticLongField;
};
struct FloatType {
  using Value = jfloat;
  static constexpr auto kCall = &JNIEnv::CallFloatMethodA;
  static constexpr auto kCallNonvirtual = &JNIEnv::CallNonvirtualFloatMethodA;
  static constexpr auto kCallStatic = &JNIEnv::CallStaticFloatMethodA;
  static constexpr auto kGet = &JNIEnv::GetFloatField;
  static constexpr auto kGetStatic = &JNIEnv::GetStaticFloatField;
  static constexpr auto kSet = &JNIEnv::SetFloatField;
  static constexpr auto kSetStatic = &JNIEnv::SetStaticFloatField;
};
struct DoubleType {
  using Value = jdouble;
  static constexpr auto kCall = &JNIEnv::CallDoubleMethodA;
  static constexpr auto kCallNonvirtual = &JNIEnv::CallNonvirtualDoubleMethodA;
  static constexpr auto kCallStatic = &JNIEnv::CallStaticDoubleMethodA;
  static constexpr auto kGet = &JNIEnv::GetDoubleField;
  static constexpr auto kGetStatic = &JNIEnv::GetStaticDoubleField;
  static constexpr auto kSet = &JNIEnv::SetDoubleField;
  static constexpr auto kSetStatic = &JNIEnv::SetStaticDoubleField;
};

// Calls use(Type()) with the type of the letter; what is no letter of a primitive is an object.
template <typename Use>
auto with_type(char letter, Use&& use) {
  switch (letter) {
    case 'Z':
      return use(BooleanType());
    case 'B':
      return use(ByteType());
    case 'C':
      return use(CharType());
    case 'S':
      return use(ShortType());
    case 'I':
      return use(IntType());
    case 'J':
      return use(LongType());
    case 'F':
      return use(FloatType());
    case 'D':
      return use(DoubleType());
    default:
      return use(ObjectType());
  }
}

// A value as JavaValue holds it: integers sign-extended, floats as their bits.
template <typename T>
std::uint64_t bits_of(T value) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(value));
  } else {
    std::uint64_t out = 0;
    std::memcpy(&out, &value, sizeof(value));
    return out;
  }
}
// Back; both machines keep the low end first.
template <typename T>
T from_bits(std::uint64_t bits) {
  T out{};
  std::memcpy(&out, &bits, sizeof(out));
  return out;
}

}  // namespace dl::jvm
