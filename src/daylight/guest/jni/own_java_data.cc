// SPDX-License-Identifier: Apache-2.0
// Objects that hold data: texts, arrays, whose elements lie in the guest's memory, and buffers.
#include <cstring>
#include <utility>

#include "daylight/guest/jni/modified_utf8.h"
#include "daylight/guest/jni/own_java_object.h"

namespace dl::guest {
namespace {

std::uint64_t size_of_element(char type) {
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

JavaReference OwnJavaWorld::new_text(std::u16string_view text) {
  const EscapeLock lock(mutex_);
  auto object = std::make_shared<Object>();
  object->klass = "java/lang/String";
  object->text = text;
  return add(object);
}

JavaReference OwnJavaWorld::new_text(const std::string& modified_utf8) {
  return new_text(std::u16string_view(from_modified_utf8(modified_utf8)));
}

std::u16string OwnJavaWorld::text_of(JavaReference text) {
  const EscapeLock lock(mutex_);
  const ObjectPointer found = find(text);
  return found == nullptr ? std::u16string() : found->text;
}

std::string OwnJavaWorld::utf8_of(JavaReference text) { return to_modified_utf8(text_of(text)); }

// ---- arrays ----

JavaReference OwnJavaWorld::new_array(char type, JavaReference klass, std::uint64_t length) {
  const EscapeLock lock(mutex_);
  if (length > kMaxJavaArray) {
    raise_new("java/lang/OutOfMemoryError", std::to_string(length) + " elements");
    return 0;
  }
  auto object = std::make_shared<Object>();
  object->element = type;
  object->length = length;
  if (type == 'L') {
    const ObjectPointer of = klass == 0 ? nullptr : find(klass);
    object->klass = "[L" + (of == nullptr ? std::string(kJavaObject) : of->named) + ";";
    object->elements.resize(length);
    return add(object);
  }
  object->klass = std::string("[") + type;
  object->data = machine_.heap.allocate(size_of_element(type) * length, 16, true);
  if (object->data == 0) {
    raise_new("java/lang/OutOfMemoryError", std::to_string(length) + " elements");
    return 0;
  }
  // The elements go with the array.
  GuestHeap& heap = machine_.heap;
  const ObjectPointer owned(object.get(), [object, &heap](Object* array) mutable {
    heap.release(array->data);
    object.reset();
  });
  return add(owned);
}

std::uint64_t OwnJavaWorld::length_of(JavaReference array) {
  const EscapeLock lock(mutex_);
  const ObjectPointer found = find(array);
  return found == nullptr ? 0 : found->length;
}

std::uint64_t OwnJavaWorld::pin(JavaReference array) {
  const EscapeLock lock(mutex_);
  const ObjectPointer found = find(array);
  return found == nullptr ? 0 : found->data;
}

void OwnJavaWorld::unpin(JavaReference, std::uint64_t, bool) {}  // elements are never copied

std::uint64_t OwnJavaWorld::element_size(JavaReference array) {
  const EscapeLock lock(mutex_);
  const ObjectPointer found = find(array);
  return found == nullptr ? 0 : size_of_element(found->element);
}

JavaReference OwnJavaWorld::element(JavaReference array, std::uint64_t i) {
  const EscapeLock lock(mutex_);
  const ObjectPointer found = find(array);
  if (found == nullptr || i >= found->elements.size()) return 0;
  return add(found->elements[i]);
}

void OwnJavaWorld::set_element(JavaReference array, std::uint64_t i, JavaReference value) {
  const EscapeLock lock(mutex_);
  const ObjectPointer found = find(array);
  if (found != nullptr && i < found->elements.size())
    found->elements[i] = value == 0 ? nullptr : find(value);
}

JavaReference OwnJavaWorld::new_bytes(ByteSpan bytes) {
  const JavaReference array = new_array('B', 0, bytes.size());
  if (array != 0 && !bytes.empty())
    std::memcpy(reinterpret_cast<void*>(pin(array)), bytes.data(), bytes.size());
  return array;
}

JavaReference OwnJavaWorld::new_floats(std::span<const float> values) {
  const JavaReference array = new_array('F', 0, values.size());
  if (array != 0 && !values.empty())
    std::memcpy(reinterpret_cast<void*>(pin(array)), values.data(), values.size_bytes());
  return array;
}

std::vector<std::uint8_t> OwnJavaWorld::bytes_of(JavaReference array) {
  const std::uint64_t size = length_of(array) * element_size(array);
  const auto bytes = machine_.arena.bytes(pin(array), size);
  if (!bytes) return {};
  return {bytes->begin(), bytes->end()};
}

// ---- buffers ----

JavaReference OwnJavaWorld::new_buffer(std::uint64_t address, std::uint64_t capacity) {
  return new_buffer_of("java/nio/DirectByteBuffer", address, capacity);
}

JavaReference OwnJavaWorld::new_buffer_of(const std::string& klass, std::uint64_t address,
                                          std::uint64_t capacity) {
  const EscapeLock lock(mutex_);
  auto object = std::make_shared<Object>();
  object->klass = klass;
  object->address = address;
  object->capacity = capacity;
  return add(object);
}

std::pair<std::uint64_t, std::uint64_t> OwnJavaWorld::buffer_of(JavaReference buffer) {
  const EscapeLock lock(mutex_);
  const ObjectPointer found = find(buffer);
  if (found == nullptr) return {0, 0};
  return {found->address, found->capacity};
}

}  // namespace dl::guest
