// SPDX-License-Identifier: Apache-2.0
// JNI functions on texts, arrays and direct buffers.
#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "daylight/guest/jni/jni_table.h"
#include "daylight/guest/jni/modified_utf8.h"

namespace dl::guest {
namespace {

using Env = std::uint64_t;
using Ref = JavaReference;

constexpr std::int32_t kCommit = 1;  // JNI_COMMIT: write back, keep
constexpr std::int32_t kAbort = 2;   // JNI_ABORT: do not write back

void put_copy_flag(JniTable& table, std::uint64_t to, bool copy) {
  if (to != 0 && table.machine().arena.allows(to, 1, kPageWrite))
    *reinterpret_cast<std::uint8_t*>(to) = copy ? 1 : 0;
}

void out_of_bounds(JniTable& table, const char* klass, std::int64_t start, std::int64_t length) {
  table.world().raise_new(klass,
                          "start " + std::to_string(start) + ", length " + std::to_string(length));
}

// ---- texts ----

Ref new_string(JniTable& table, Env, std::uint64_t units, std::int32_t length) {
  const auto size = static_cast<std::uint64_t>(std::max(length, 0));
  const auto bytes = table.machine().arena.bytes(units, 2 * size);
  if (!bytes) {
    table.machine().raise(GuestFault::Kind::kArgument, "NewString: the text is not readable");
    return 0;
  }
  std::u16string text(size, u'\0');
  std::memcpy(text.data(), bytes->data(), 2 * size);
  return table.world().new_text(text);
}
std::int32_t get_string_length(JniTable& table, Env, Ref text) {
  return static_cast<std::int32_t>(table.world().text_of(text).size());
}
// A copy in the guest's memory, with a zero behind it.
std::uint64_t get_string_chars(JniTable& table, Env, Ref text, std::uint64_t is_copy) {
  const std::u16string units = table.world().text_of(text);
  const std::uint64_t at = table.machine().heap.allocate(2 * units.size() + 2);
  if (at == 0) return 0;
  std::memcpy(reinterpret_cast<void*>(at), units.c_str(), 2 * units.size() + 2);
  put_copy_flag(table, is_copy, true);
  return at;
}
void release_chars(JniTable& table, Env, Ref, std::uint64_t chars) {
  if (chars != 0 && !table.machine().heap.release(chars))
    table.machine().raise(GuestFault::Kind::kArgument, "releases the characters of no text");
}
Ref new_string_utf(JniTable& table, Env, const char* text) {
  return text == nullptr ? 0 : table.world().new_text(from_modified_utf8(text));
}
std::int32_t get_string_utf_length(JniTable& table, Env, Ref text) {
  return static_cast<std::int32_t>(to_modified_utf8(table.world().text_of(text)).size());
}
std::uint64_t get_string_utf_chars(JniTable& table, Env, Ref text, std::uint64_t is_copy) {
  if (text == 0) {
    table.machine().raise(GuestFault::Kind::kArgument, "GetStringUTFChars of null");
    return 0;
  }
  put_copy_flag(table, is_copy, true);
  return table.machine().new_text(to_modified_utf8(table.world().text_of(text)));
}
void get_string_region(JniTable& table, Env, Ref text, std::int32_t start, std::int32_t length,
                       std::uint64_t to) {
  const std::u16string units = table.world().text_of(text);
  if (start < 0 || length < 0 ||
      static_cast<std::uint64_t>(start) + static_cast<std::uint64_t>(length) > units.size()) {
    out_of_bounds(table, "java/lang/StringIndexOutOfBoundsException", start, length);
    return;
  }
  const auto size = 2 * static_cast<std::uint64_t>(length);
  if (!table.machine().arena.allows(to, size, kPageWrite)) {
    table.machine().raise(GuestFault::Kind::kMemory, "GetStringRegion: the buffer is not writable");
    return;
  }
  std::memcpy(reinterpret_cast<void*>(to), units.data() + start, size);
}
void get_string_utf_region(JniTable& table, Env, Ref text, std::int32_t start, std::int32_t length,
                           std::uint64_t to) {
  const std::u16string units = table.world().text_of(text);
  if (start < 0 || length < 0 ||
      static_cast<std::uint64_t>(start) + static_cast<std::uint64_t>(length) > units.size()) {
    out_of_bounds(table, "java/lang/StringIndexOutOfBoundsException", start, length);
    return;
  }
  const std::string bytes = to_modified_utf8(std::u16string_view(units).substr(
      static_cast<std::size_t>(start), static_cast<std::size_t>(length)));
  if (!table.machine().arena.allows(to, bytes.size() + 1, kPageWrite)) {
    table.machine().raise(GuestFault::Kind::kMemory,
                          "GetStringUTFRegion: the buffer is not writable");
    return;
  }
  std::memcpy(reinterpret_cast<void*>(to), bytes.c_str(), bytes.size() + 1);
}

// ---- arrays ----

std::int32_t get_array_length(JniTable& table, Env, Ref array) {
  if (array == 0) {
    table.machine().raise(GuestFault::Kind::kArgument, "GetArrayLength of null");
    return 0;
  }
  return static_cast<std::int32_t>(table.world().length_of(array));
}
Ref new_array(JniTable& table, char type, Ref klass, std::int32_t length) {
  if (length < 0) {
    table.world().raise_new("java/lang/NegativeArraySizeException", std::to_string(length));
    return 0;
  }
  return table.world().new_array(type, klass, static_cast<std::uint64_t>(length));
}
Ref new_object_array(JniTable& table, Env, std::int32_t length, Ref klass, Ref first) {
  const Ref made = new_array(table, 'L', klass, length);
  if (made == 0 || first == 0) return made;
  for (std::int32_t i = 0; i < length; ++i)
    table.world().set_element(made, static_cast<std::uint64_t>(i), first);
  return made;
}
template <char kType>
Ref new_primitive_array(JniTable& table, Env, std::int32_t length) {
  return new_array(table, kType, 0, length);
}
bool inside(JniTable& table, Ref array, std::int64_t start, std::int64_t length) {
  const std::uint64_t size = table.world().length_of(array);
  if (start >= 0 && length >= 0 && static_cast<std::uint64_t>(start + length) <= size) return true;
  out_of_bounds(table, "java/lang/ArrayIndexOutOfBoundsException", start, length);
  return false;
}
Ref get_object_array_element(JniTable& table, Env, Ref array, std::int32_t i) {
  return inside(table, array, i, 1) ? table.world().element(array, static_cast<std::uint64_t>(i))
                                    : 0;
}
void set_object_array_element(JniTable& table, Env, Ref array, std::int32_t i, Ref value) {
  if (inside(table, array, i, 1))
    table.world().set_element(array, static_cast<std::uint64_t>(i), value);
}
std::uint64_t get_array_elements(JniTable& table, Env, Ref array, std::uint64_t is_copy) {
  if (array == 0) {
    table.machine().raise(GuestFault::Kind::kArgument, "uses the elements of a null array");
    return 0;
  }
  put_copy_flag(table, is_copy, false);
  return table.world().pin(array);
}
void release_array_elements(JniTable& table, Env, Ref array, std::uint64_t elements,
                            std::int32_t mode) {
  if (array == 0) return;
  if (mode == kCommit) return table.world().commit(array, elements);
  table.world().unpin(array, elements, mode != kAbort);
}
void copy_region(JniTable& table, Ref array, std::int32_t start, std::int32_t length,
                 std::uint64_t buffer, bool to_guest) {
  if (array == 0) {
    table.machine().raise(GuestFault::Kind::kArgument, "copies a region of a null array");
    return;
  }
  if (!inside(table, array, start, length)) return;
  const std::uint64_t each = table.world().element_size(array);
  const std::uint64_t size = each * static_cast<std::uint64_t>(length);
  const std::uint64_t elements = table.world().pin(array);
  const std::uint64_t from = elements + each * static_cast<std::uint64_t>(start);
  if (!table.machine().arena.allows(buffer, size, to_guest ? kPageWrite : kPageRead)) {
    table.machine().raise(GuestFault::Kind::kMemory,
                          "copies a region of an array from or to where nothing is");
  } else if (to_guest) {
    std::memcpy(reinterpret_cast<void*>(buffer), reinterpret_cast<const void*>(from), size);
  } else {
    std::memcpy(reinterpret_cast<void*>(from), reinterpret_cast<const void*>(buffer), size);
  }
  table.world().unpin(array, elements, !to_guest);
}
void get_array_region(JniTable& table, Env, Ref array, std::int32_t start, std::int32_t length,
                      std::uint64_t to) {
  copy_region(table, array, start, length, to, true);
}
void set_array_region(JniTable& table, Env, Ref array, std::int32_t start, std::int32_t length,
                      std::uint64_t from) {
  copy_region(table, array, start, length, from, false);
}

// ---- direct buffers ----

Ref new_direct_byte_buffer(JniTable& table, Env, std::uint64_t address, std::int64_t capacity) {
  if (capacity < 0) {
    table.world().raise_new("java/lang/IllegalArgumentException", "negative capacity");
    return 0;
  }
  return table.world().new_buffer(address, static_cast<std::uint64_t>(capacity));
}
std::uint64_t get_direct_buffer_address(JniTable& table, Env, Ref buffer) {
  return table.world().buffer_of(buffer).first;
}
std::int64_t get_direct_buffer_capacity(JniTable& table, Env, Ref buffer) {
  const auto [address, capacity] = table.world().buffer_of(buffer);
  return address == 0 && capacity == 0 ? -1 : static_cast<std::int64_t>(capacity);
}

}  // namespace

void add_jni_data_slots(std::vector<JniSlot>& slots) {
  const auto add = [&](unsigned number, const std::string& name, auto function) {
    slots.push_back({number, host_function("jni:" + name, function)});
  };
  add(163, "NewString", &new_string);
  add(164, "GetStringLength", &get_string_length);
  add(165, "GetStringChars", &get_string_chars);
  add(166, "ReleaseStringChars", &release_chars);
  add(167, "NewStringUTF", &new_string_utf);
  add(168, "GetStringUTFLength", &get_string_utf_length);
  add(169, "GetStringUTFChars", &get_string_utf_chars);
  add(170, "ReleaseStringUTFChars", &release_chars);
  add(171, "GetArrayLength", &get_array_length);
  add(172, "NewObjectArray", &new_object_array);
  add(173, "GetObjectArrayElement", &get_object_array_element);
  add(174, "SetObjectArrayElement", &set_object_array_element);
  add(175, "NewBooleanArray", &new_primitive_array<'Z'>);
  add(176, "NewByteArray", &new_primitive_array<'B'>);
  add(177, "NewCharArray", &new_primitive_array<'C'>);
  add(178, "NewShortArray", &new_primitive_array<'S'>);
  add(179, "NewIntArray", &new_primitive_array<'I'>);
  add(180, "NewLongArray", &new_primitive_array<'J'>);
  add(181, "NewFloatArray", &new_primitive_array<'F'>);
  add(182, "NewDoubleArray", &new_primitive_array<'D'>);
  const char* const types[] = {"Boolean", "Byte", "Char",  "Short",
                               "Int",     "Long", "Float", "Double"};
  for (unsigned i = 0; i < 8; ++i) {
    const std::string of = types[i];
    add(183 + i, "Get" + of + "ArrayElements", &get_array_elements);
    add(191 + i, "Release" + of + "ArrayElements", &release_array_elements);
    add(199 + i, "Get" + of + "ArrayRegion", &get_array_region);
    add(207 + i, "Set" + of + "ArrayRegion", &set_array_region);
  }
  add(220, "GetStringRegion", &get_string_region);
  add(221, "GetStringUTFRegion", &get_string_utf_region);
  add(222, "GetPrimitiveArrayCritical", &get_array_elements);
  add(223, "ReleasePrimitiveArrayCritical", &release_array_elements);
  add(224, "GetStringCritical", &get_string_chars);
  add(225, "ReleaseStringCritical", &release_chars);
  add(229, "NewDirectByteBuffer", &new_direct_byte_buffer);
  add(230, "GetDirectBufferAddress", &get_direct_buffer_address);
  add(231, "GetDirectBufferCapacity", &get_direct_buffer_capacity);
}

}  // namespace dl::guest
