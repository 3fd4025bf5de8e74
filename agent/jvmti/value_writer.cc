// SPDX-License-Identifier: Apache-2.0
// Source: Java Native Interface Specification, chapter 4, "Array Operations", "NIO Support".
#include "value_writer.h"

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "object_writer.h"
#include "platform_classes.h"
#include "value_types.h"

namespace dl::jvmti {
namespace {

const ValueType* null_type() {
  static const ValueType* const type = value_type("null", "");
  return type;
}

template <typename T>
T reference_of(std::uint64_t bits) {
  return reinterpret_cast<T>(static_cast<std::uintptr_t>(bits));
}

// Straight into the record: no pinning, no collection of garbage that waits for us.
void copy_elements(JNIEnv* env, jarray array, char element, jsize first, jsize count,
                   std::uint8_t* to) {
  const jniNativeInterface& jni = java_access().jni;
  switch (element) {
    case 'Z':
      return jni.GetBooleanArrayRegion(env, static_cast<jbooleanArray>(array), first, count,
                                       reinterpret_cast<jboolean*>(to));
    case 'B':
      return jni.GetByteArrayRegion(env, static_cast<jbyteArray>(array), first, count,
                                    reinterpret_cast<jbyte*>(to));
    case 'C':
      return jni.GetCharArrayRegion(env, static_cast<jcharArray>(array), first, count,
                                    reinterpret_cast<jchar*>(to));
    case 'S':
      return jni.GetShortArrayRegion(env, static_cast<jshortArray>(array), first, count,
                                     reinterpret_cast<jshort*>(to));
    case 'I':
      return jni.GetIntArrayRegion(env, static_cast<jintArray>(array), first, count,
                                   reinterpret_cast<jint*>(to));
    case 'J':
      return jni.GetLongArrayRegion(env, static_cast<jlongArray>(array), first, count,
                                    reinterpret_cast<jlong*>(to));
    case 'F':
      return jni.GetFloatArrayRegion(env, static_cast<jfloatArray>(array), first, count,
                                     reinterpret_cast<jfloat*>(to));
    case 'D':
      return jni.GetDoubleArrayRegion(env, static_cast<jdoubleArray>(array), first, count,
                                      reinterpret_cast<jdouble*>(to));
    default:
      return;
  }
}

// Nothing where the sides say another number of elements.
std::span<const std::uint64_t> shape_of(std::span<const std::uint64_t> shape,
                                        std::uint64_t elements) {
  std::uint64_t product = 1;
  for (const std::uint64_t side : shape) {
    if (__builtin_mul_overflow(product, side, &product)) return {};
  }
  return product == elements ? shape : std::span<const std::uint64_t>();
}

// Memory that may be gone: the kernel says how much of it is there, instead of a signal.
std::uint64_t copy_memory(std::uint64_t address, std::uint64_t length, std::uint8_t* to) {
  iovec ours{to, length};
  iovec theirs{reference_of<void*>(address), length};
  const ssize_t copied = ::process_vm_readv(::getpid(), &ours, 1, &theirs, 1, 0);
  return copied < 0 ? 0 : static_cast<std::uint64_t>(copied);
}

}  // namespace

JavaAccess& java_access() {
  static JavaAccess access;
  return access;
}

void ValueWriter::value(std::int32_t index, const JavaParameter& parameter, const ValueType* type,
                        std::uint64_t bits) {
  if (parameter.shape == ValueShape::kScalar) {
    scalar(index, type, bits_of(parameter.letter, bits));
  } else if (parameter.shape != ValueShape::kVoid) {
    reference(index, parameter, type, reference_of<jobject>(bits));
  }
}

void ValueWriter::changed_value(std::int32_t index, const JavaParameter& parameter,
                                const ValueType* type, std::uint64_t bits) {
  const bool may_change =
      parameter.shape == ValueShape::kArray || parameter.shape == ValueShape::kObject;
  if (!may_change || bits == 0) return;
  jobject object = reference_of<jobject>(bits);
  if (parameter.shape == ValueShape::kObject && !ObjectWriter::is_mutable(env_, object)) return;
  reference(index, parameter, type, object);
}

void ValueWriter::reference(std::int32_t index, const JavaParameter& parameter,
                            const ValueType* type, jobject object) {
  if (object == nullptr) {
    scalar(index, null_type(), 0);
  } else if (parameter.shape == ValueShape::kArray) {
    array(index, type, static_cast<jarray>(object), parameter.element);
  } else if (parameter.shape == ValueShape::kString) {
    string(index, type, static_cast<jstring>(object));
  } else {
    ObjectWriter(*this).write(index, object);
  }
}

std::uint8_t* ValueWriter::put(std::int32_t index, const ValueType* type, TraceHeld held,
                               std::uint64_t address, std::uint64_t length, std::uint64_t captured,
                               std::span<const std::uint64_t> shape, std::string_view name) {
  const std::size_t name_room = (name.size() + 7) & ~std::size_t{7};
  const std::uint64_t size = sizeof(ValueRecord) + shape.size_bytes() + name_room +
                             (held == TraceHeld::kInline ? captured : 0);
  std::uint8_t* const at = thread_.reserve(size, held != TraceHeld::kInline);
  if (at == nullptr) return nullptr;
  auto* const record = new (at) ValueRecord;
  record->bytes = static_cast<std::uint32_t>((size + 7) & ~std::uint64_t{7});
  record->kind = RecordKind::kValue;
  record->flag = static_cast<std::uint8_t>(call_.direction);
  record->held = held;
  record->call = call_.id;
  record->time_ns = call_.time_ns;
  record->index = index;
  record->rank = static_cast<std::uint16_t>(shape.size());
  record->name_bytes = static_cast<std::uint16_t>(name.size());
  record->type = type;
  record->address = address;
  record->length = length;
  record->captured = captured;
  std::uint8_t* out = at + sizeof(ValueRecord);
  if (!shape.empty()) std::memcpy(out, shape.data(), shape.size_bytes());
  out += shape.size_bytes();
  if (!name.empty()) std::memcpy(out, name.data(), name.size());
  return out + name_room;
}

std::uint8_t* ValueWriter::room(std::int32_t index, const ValueType* type, std::uint64_t address,
                                std::uint64_t length, std::uint64_t captured,
                                std::span<const std::uint64_t> shape, std::string_view name) {
  if (shape.size() > kMaxTraceRank) shape = {};
  name = name.substr(0, 4096);
  if (captured > 0 || length == 0) {
    std::uint8_t* const at =
        put(index, type, TraceHeld::kInline, address, length, captured, shape, name);
    if (at != nullptr) return at;
  }
  journal_.lose({0, 0, captured});
  if (put(index, type, TraceHeld::kDropped, address, length, 0, shape, name) != nullptr) commit();
  return nullptr;
}

void ValueWriter::unreadable(std::int32_t index, const ValueType* type, std::uint64_t address,
                             std::uint64_t length, std::string_view name) {
  if (put(index, type, TraceHeld::kUnreadable, address, length, 0, {}, name) != nullptr) commit();
}

void ValueWriter::scalar(std::int32_t index, const ValueType* type, std::uint64_t bits) {
  if (put(index, type, TraceHeld::kNothing, bits, 0, 0, {}, {}) != nullptr) commit();
}

void ValueWriter::bytes(std::int32_t index, const ValueType* type, std::string_view bytes,
                        std::uint64_t length, std::span<const std::uint64_t> shape,
                        std::string_view name) {
  const std::uint64_t captured = std::min<std::uint64_t>(bytes.size(), call_.limit);
  std::uint8_t* const at = room(index, type, 0, length, captured, shape, name);
  if (at == nullptr) return;
  std::memcpy(at, bytes.data(), captured);
  commit();
}

void ValueWriter::array(std::int32_t index, const ValueType* type, jarray array, char element,
                        std::string_view name, std::span<const std::uint64_t> shape) {
  const std::size_t size = element_bytes(element);
  const jsize count = java_access().jni.GetArrayLength(env_, array);
  const std::uint64_t length = static_cast<std::uint64_t>(count) * size;
  const auto taken = static_cast<jsize>(
      std::min<std::uint64_t>(call_.limit / size, static_cast<std::uint64_t>(count)));
  std::uint8_t* const at = room(index, type, 0, length, static_cast<std::uint64_t>(taken) * size,
                                shape_of(shape, static_cast<std::uint64_t>(count)), name);
  if (at == nullptr) return;
  if (taken > 0) copy_elements(env_, array, element, 0, taken, at);
  commit();
}

void ValueWriter::string(std::int32_t index, const ValueType* type, jstring text) {
  const jniNativeInterface& jni = java_access().jni;
  const jsize count = jni.GetStringLength(env_, text);
  // One more than fits, so that what is cut is seen to be.
  const auto taken = static_cast<jsize>(
      std::min<std::uint64_t>(call_.limit + 1, static_cast<std::uint64_t>(count)));
  std::vector<jchar> units(static_cast<std::size_t>(taken));
  jni.GetStringRegion(env_, text, 0, taken, units.data());
  const std::string utf8 = utf8_of(units);
  const std::uint64_t unseen = static_cast<std::uint64_t>(count - taken);
  bytes(index, type, utf8, utf8.size() + unseen);
}

void ValueWriter::memory(std::int32_t index, const ValueType* type, std::uint64_t address,
                         std::uint64_t length) {
  const std::uint64_t taken = std::min(length, call_.limit);
  std::uint8_t probe = 0;
  if (taken > 0 && copy_memory(address, 1, &probe) != 1)
    return unreadable(index, type, address, length, {});
  std::uint8_t* const at = room(index, type, address, length, taken);
  if (at == nullptr) return;
  const std::uint64_t copied = copy_memory(address, taken, at);
  // The record is as long as it was promised to be; what was not there is not shown.
  reinterpret_cast<ValueRecord*>(at - sizeof(ValueRecord))->captured = copied;
  commit();
}

bool ValueWriter::buffer(std::int32_t index, jobject buffer, std::string_view name,
                         std::span<const std::uint64_t> shape) {
  const jniNativeInterface& jni = java_access().jni;
  const BufferClass* const kind = platform_classes(env_).buffer_class(env_, buffer);
  if (kind == nullptr) return false;
  const std::size_t size = element_bytes(kind->element);
  void* const address = jni.GetDirectBufferAddress(env_, buffer);
  if (address == nullptr) {
    jobject array =
        kind->array != nullptr ? jni.GetObjectField(env_, buffer, kind->array) : nullptr;
    if (array == nullptr) return false;
    this->array(index, kind->type, static_cast<jarray>(array), kind->element, name, shape);
    jni.DeleteLocalRef(env_, array);
    return true;
  }
  const jlong capacity = jni.GetDirectBufferCapacity(env_, buffer);
  if (capacity < 0) return false;
  const auto at = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(address));
  const std::uint64_t length = static_cast<std::uint64_t>(capacity) * size;
  const std::uint64_t taken = std::min(length, call_.limit / size * size);
  std::uint8_t* const to = room(index, kind->type, at, length, taken,
                                shape_of(shape, static_cast<std::uint64_t>(capacity)), name);
  if (to == nullptr) return true;
  if (copy_memory(at, taken, to) == taken) {
    commit();
  } else {
    // The same room again, for a record without bytes.
    unreadable(index, kind->type, at, length, name);
  }
  return true;
}

std::string utf8_of(std::span<const jchar> text) {
  std::string out;
  out.reserve(text.size());
  const auto put = [&out](std::uint32_t point) {
    const auto tail = [&](int shift) {
      out += static_cast<char>(0x80 | ((point >> shift) & 0x3f));
    };
    if (point < 0x80) {
      out += static_cast<char>(point);
    } else if (point < 0x800) {
      out += static_cast<char>(0xc0 | (point >> 6));
      tail(0);
    } else if (point < 0x10000) {
      out += static_cast<char>(0xe0 | (point >> 12));
      tail(6);
      tail(0);
    } else {
      out += static_cast<char>(0xf0 | (point >> 18));
      tail(12);
      tail(6);
      tail(0);
    }
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::uint32_t unit = text[i];
    const bool high = unit >= 0xd800 && unit < 0xdc00;
    if (high && i + 1 < text.size() && text[i + 1] >= 0xdc00 && text[i + 1] < 0xe000) {
      put(0x10000 + ((unit - 0xd800) << 10) + (text[++i] - 0xdc00U));
    } else {
      put(unit >= 0xd800 && unit < 0xe000 ? 0xfffd : unit);
    }
  }
  return out;
}

}  // namespace dl::jvmti
