// SPDX-License-Identifier: Apache-2.0
// java.nio buffers: a window of the guest's memory, or of an array.
#pragma once

#include <cstdint>
#include <memory>

#include "daylight/guest/jni/own_java_world.h"

namespace dl::guest {

// What a buffer keeps. Positions count elements.
class JavaBuffer : public JavaState {
 public:
  std::uint64_t address = 0;  // of element 0
  char letter = 'B';          // of the elements
  std::int64_t width = 1;     // bytes of one
  std::int64_t capacity = 0;
  std::int64_t position = 0;
  std::int64_t limit = 0;
  std::int64_t mark = -1;
  bool big_endian = true;
  bool direct = true;
  // The array behind it, or null; and what keeps the memory.
  JavaHeld array;
  std::int64_t array_offset = 0;
  std::shared_ptr<void> memory;

  std::int64_t remaining() const { return limit - position; }
  std::uint64_t remaining_bytes() const {
    return static_cast<std::uint64_t>(remaining()) * static_cast<std::uint64_t>(width);
  }
  std::uint64_t address_at(std::int64_t i) const {
    return address + static_cast<std::uint64_t>(i) * static_cast<std::uint64_t>(width);
  }
  std::uint64_t address_at_position() const { return address_at(position); }
};

// Of a buffer that was made here or by NewDirectByteBuffer; null for what is none.
std::shared_ptr<JavaBuffer> buffer_state(OwnJavaWorld& world, JavaReference buffer);

// A direct ByteBuffer with zeroed memory of its own. 0 with OutOfMemoryError pending.
JavaReference new_direct_buffer(OwnJavaWorld& world, std::uint64_t capacity);

}  // namespace dl::guest
