// SPDX-License-Identifier: Apache-2.0
// The methods of java.nio's buffers.
#include "daylight/guest/android/java_buffer.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "daylight/guest/android/java_classes.h"

namespace dl::guest {
namespace {

constexpr const char* kByteOrder = "java/nio/ByteOrder";

struct BufferKind {
  const char* klass;
  const char* name;  // as in asFloatBuffer, getFloat
  char letter;
  std::int64_t width;
};
constexpr std::array<BufferKind, 7> kKinds = {{{"java/nio/ByteBuffer", "Byte", 'B', 1},
                                               {"java/nio/CharBuffer", "Char", 'C', 2},
                                               {"java/nio/ShortBuffer", "Short", 'S', 2},
                                               {"java/nio/IntBuffer", "Int", 'I', 4},
                                               {"java/nio/LongBuffer", "Long", 'J', 8},
                                               {"java/nio/FloatBuffer", "Float", 'F', 4},
                                               {"java/nio/DoubleBuffer", "Double", 'D', 8}}};

const BufferKind& kind_of(char letter) {
  for (const BufferKind& kind : kKinds) {
    if (kind.letter == letter) return kind;
  }
  return kKinds.front();
}

std::string type_of(const char* klass) { return std::string("L") + klass + ";"; }

// As JNI hands over a value of a small type.
std::uint64_t extended(char letter, std::uint64_t bits) {
  switch (letter) {
    case 'B':
      return static_cast<std::uint64_t>(std::int64_t{static_cast<std::int8_t>(bits)});
    case 'S':
      return static_cast<std::uint64_t>(std::int64_t{static_cast<std::int16_t>(bits)});
    case 'I':
      return static_cast<std::uint64_t>(std::int64_t{static_cast<std::int32_t>(bits)});
    default:
      return bits;
  }
}

bool usable(const JavaCall& call, std::uint64_t address, std::int64_t size, std::uint8_t access) {
  GuestMachine& machine = call.world.machine();
  if (machine.arena.allows(address, static_cast<std::uint64_t>(size), access)) return true;
  machine.raise(GuestFault::Kind::kMemory, "the bytes of a direct buffer are not in its memory");
  return false;
}

std::uint64_t turned(std::uint64_t bits, std::int64_t width, bool big_endian) {
  if (!big_endian || width == 1) return bits;
  return __builtin_bswap64(bits) >> (64 - 8 * static_cast<unsigned>(width));
}

JavaValue load(const JavaCall& call, const JavaBuffer& buffer, std::uint64_t address, char letter,
               std::int64_t width) {
  JavaValue out{letter, 0};
  if (!usable(call, address, width, kPageRead)) return out;
  std::memcpy(&out.bits, reinterpret_cast<const void*>(address), static_cast<std::size_t>(width));
  out.bits = extended(letter, turned(out.bits, width, buffer.big_endian));
  return out;
}

void store(const JavaCall& call, const JavaBuffer& buffer, std::uint64_t address,
           std::int64_t width, std::uint64_t bits) {
  if (!usable(call, address, width, kPageWrite)) return;
  bits = turned(bits, width, buffer.big_endian);
  std::memcpy(reinterpret_cast<void*>(address), &bits, static_cast<std::size_t>(width));
}

void raise(const JavaCall& call, const char* klass) { call.world.raise_new(klass, ""); }

// The buffer that is called; null with an exception pending where it is none.
std::shared_ptr<JavaBuffer> receiver(const JavaCall& call) {
  auto out = buffer_state(call.world, call.receiver);
  if (out == nullptr)
    call.world.raise_new("java/lang/UnsupportedOperationException", call.method.text());
  return out;
}

JavaReference add_buffer(OwnJavaWorld& world, const std::string& klass,
                         std::shared_ptr<JavaBuffer> buffer) {
  const JavaReference object =
      world.new_buffer_of(klass, buffer->direct ? buffer->address : 0,
                          buffer->direct ? static_cast<std::uint64_t>(buffer->capacity) : 0);
  world.set_state(object, std::move(buffer));
  return object;
}

const char* class_of_kind(char letter, bool direct) {
  if (letter != 'B') return kind_of(letter).klass;
  return direct ? "java/nio/DirectByteBuffer" : "java/nio/HeapByteBuffer";
}

// What remains of a buffer, as elements of another width.
JavaReference view(OwnJavaWorld& world, const JavaBuffer& from, char letter, std::int64_t width) {
  auto out = std::make_shared<JavaBuffer>(from);
  out->address = from.address_at_position();
  out->letter = letter;
  out->width = width;
  out->capacity = static_cast<std::int64_t>(from.remaining_bytes()) / width;
  out->limit = out->capacity;
  out->position = 0;
  out->mark = -1;
  out->array_offset = from.array_offset + from.position;
  if (letter != from.letter) out->array = nullptr;
  // A further view of bytes is big-endian again, as every new ByteBuffer.
  if (letter == 'B') out->big_endian = true;
  return add_buffer(world, class_of_kind(letter, from.direct), std::move(out));
}

// ---- what all have ----

JavaValue itself(const JavaCall& call) { return JavaValue::reference(call.receiver); }

JavaValue set_position(const JavaCall& call) {
  const auto buffer = receiver(call);
  if (buffer == nullptr) return java_null();
  const std::int64_t to = int_argument(call, 0);
  if (to < 0 || to > buffer->limit) {
    raise(call, "java/lang/IllegalArgumentException");
    return java_null();
  }
  buffer->position = to;
  if (buffer->mark > to) buffer->mark = -1;
  return itself(call);
}

JavaValue set_limit(const JavaCall& call) {
  const auto buffer = receiver(call);
  if (buffer == nullptr) return java_null();
  const std::int64_t to = int_argument(call, 0);
  if (to < 0 || to > buffer->capacity) {
    raise(call, "java/lang/IllegalArgumentException");
    return java_null();
  }
  buffer->limit = to;
  buffer->position = std::min(buffer->position, to);
  if (buffer->mark > to) buffer->mark = -1;
  return itself(call);
}

void change(JavaBuffer& buffer, const std::string& how) {
  if (how == "flip") buffer.limit = buffer.position;
  if (how == "clear") buffer.limit = buffer.capacity;
  if (how == "mark") {
    buffer.mark = buffer.position;
    return;
  }
  buffer.position = 0;
  buffer.mark = -1;
}

JavaValue reset(const JavaCall& call) {
  const auto buffer = receiver(call);
  if (buffer == nullptr) return java_null();
  if (buffer->mark < 0) {
    raise(call, "java/nio/InvalidMarkException");
    return java_null();
  }
  buffer->position = buffer->mark;
  return itself(call);
}

JavaValue array_of(const JavaCall& call) {
  const auto buffer = receiver(call);
  if (buffer == nullptr) return java_null();
  if (buffer->array == nullptr) {
    raise(call, "java/lang/UnsupportedOperationException");
    return java_null();
  }
  return JavaValue::reference(call.world.refer(buffer->array));
}

void add_common(OwnJavaWorld& world) {
  const auto number = [&](const char* member, std::int64_t (*of)(const JavaBuffer&)) {
    world.handle(std::string("java/nio/Buffer.") + member, [of](const JavaCall& call) {
      const auto buffer = receiver(call);
      const JavaValue out = java_int(buffer == nullptr ? 0 : of(*buffer));
      return call.method.signature.back() == 'Z' ? java_boolean(out.bits != 0) : out;
    });
  };
  number("capacity()I", [](const JavaBuffer& b) { return b.capacity; });
  number("position()I", [](const JavaBuffer& b) { return b.position; });
  number("limit()I", [](const JavaBuffer& b) { return b.limit; });
  number("remaining()I", [](const JavaBuffer& b) { return b.remaining(); });
  number("arrayOffset()I", [](const JavaBuffer& b) { return b.array_offset; });
  number("hasRemaining()Z", [](const JavaBuffer& b) { return std::int64_t{b.remaining() > 0}; });
  number("isDirect()Z", [](const JavaBuffer& b) { return std::int64_t{b.direct}; });
  number("isReadOnly()Z", [](const JavaBuffer&) { return std::int64_t{0}; });
  number("hasArray()Z", [](const JavaBuffer& b) { return std::int64_t{b.array != nullptr}; });
  world.handle("java/nio/Buffer.array()Ljava/lang/Object;", &array_of);
}

// Methods that give the buffer itself, whose type stands in the descriptor.
void add_chained(OwnJavaWorld& world, const std::string& klass) {
  const std::string end = ")L" + klass + ";";
  world.handle(klass + ".position(I" + end, &set_position);
  world.handle(klass + ".limit(I" + end, &set_limit);
  world.handle(klass + ".reset(" + end, &reset);
  for (const char* const how : {"flip", "clear", "rewind", "mark"}) {
    world.handle(joined({klass, ".", how, "(", end}), [](const JavaCall& call) {
      const auto buffer = receiver(call);
      if (buffer != nullptr) change(*buffer, call.method.name);
      return itself(call);
    });
  }
}

// ---- elements ----

// [pixels], or with offset and length: where in the array, and how many.
struct Part {
  std::uint64_t address = 0;
  std::int64_t length = 0;
};
std::optional<Part> part_of(const JavaCall& call, std::int64_t width) {
  if (null_argument(call, 0)) return std::nullopt;
  const JavaReference array = reference_argument(call, 0);
  const auto size = static_cast<std::int64_t>(call.world.length_of(array));
  const bool whole = call.arguments.size() == 1;
  const std::int64_t offset = whole ? 0 : int_argument(call, 1);
  const std::int64_t length = whole ? size : int_argument(call, 2);
  if (offset < 0 || length < 0 || offset + length > size) {
    raise(call, "java/lang/IndexOutOfBoundsException");
    return std::nullopt;
  }
  return Part{call.world.pin(array) + static_cast<std::uint64_t>(offset * width), length};
}

// A block between the array and the buffer's position.
template <bool kPut>
JavaValue move_block(const JavaCall& call) {
  const auto buffer = receiver(call);
  if (buffer == nullptr) return java_null();
  const auto part = part_of(call, buffer->width);
  if (!part) return java_null();
  if (part->length > buffer->remaining()) {
    raise(call, kPut ? "java/nio/BufferOverflowException" : "java/nio/BufferUnderflowException");
    return java_null();
  }
  const auto width = static_cast<std::uint64_t>(buffer->width);
  for (std::int64_t i = 0; i < part->length; ++i) {
    const std::uint64_t in_array = part->address + static_cast<std::uint64_t>(i) * width;
    const std::uint64_t in_buffer = buffer->address_at(buffer->position + i);
    std::uint64_t bits = 0;
    if constexpr (kPut) {
      std::memcpy(&bits, reinterpret_cast<const void*>(in_array), width);
      store(call, *buffer, in_buffer, buffer->width, bits);
    } else {
      bits = load(call, *buffer, in_buffer, buffer->letter, buffer->width).bits;
      std::memcpy(reinterpret_cast<void*>(in_array), &bits, width);
    }
    if (call.world.machine().engine.faulted()) return java_null();
  }
  buffer->position += part->length;
  return itself(call);
}

// One value of `width` bytes, at an index or at the position. `unit` is the buffer's own width.
std::optional<std::uint64_t> place_of(const JavaCall& call, JavaBuffer& buffer, std::int64_t width,
                                      bool indexed, bool put) {
  const std::int64_t count = width / buffer.width;
  const std::int64_t at = indexed ? int_argument(call, 0) : buffer.position;
  if (at < 0 || at + count > buffer.limit) {
    raise(call, indexed ? "java/lang/IndexOutOfBoundsException"
                : put   ? "java/nio/BufferOverflowException"
                        : "java/nio/BufferUnderflowException");
    return std::nullopt;
  }
  if (!indexed) buffer.position += count;
  return buffer.address_at(at);
}

void add_value(OwnJavaWorld& world, const std::string& klass, const std::string& suffix,
               char letter, std::int64_t width) {
  const std::string type(1, letter);
  const std::string self = ")L" + klass + ";";
  for (const bool indexed : {false, true}) {
    const std::string index = indexed ? "I" : "";
    world.handle(joined({klass, ".get", suffix, "(", index, ")", type}),
                 [letter, width, indexed](const JavaCall& call) -> JavaValue {
                   const auto buffer = receiver(call);
                   if (buffer == nullptr) return {letter, 0};
                   const auto place = place_of(call, *buffer, width, indexed, false);
                   return place ? load(call, *buffer, *place, letter, width) : JavaValue{letter, 0};
                 });
    world.handle(joined({klass, ".put", suffix, "(", index, type, self}),
                 [width, indexed](const JavaCall& call) {
                   const auto buffer = receiver(call);
                   if (buffer == nullptr) return java_null();
                   const auto place = place_of(call, *buffer, width, indexed, true);
                   if (place) store(call, *buffer, *place, width, call.arguments.back().bits);
                   return itself(call);
                 });
  }
}

// ---- makers ----

JavaReference wrapped(OwnJavaWorld& world, const BufferKind& kind, JavaReference array,
                      std::int64_t offset, std::int64_t length) {
  auto buffer = std::make_shared<JavaBuffer>();
  buffer->address = world.pin(array);
  buffer->letter = kind.letter;
  buffer->width = kind.width;
  buffer->capacity = static_cast<std::int64_t>(world.length_of(array));
  buffer->position = offset;
  buffer->limit = offset + length;
  // Buffers of whole elements have the processor's order; bytes begin as big-endian.
  buffer->big_endian = kind.letter == 'B';
  buffer->direct = false;
  buffer->array = world.hold(array);
  return add_buffer(world, class_of_kind(kind.letter, false), std::move(buffer));
}

void add_makers(OwnJavaWorld& world, const BufferKind& kind) {
  const std::string klass = kind.klass;
  const std::string self = ")L" + klass + ";";
  const std::string array = {'[', kind.letter};
  world.handle(klass + ".allocate(I" + self, [&kind](const JavaCall& call) {
    if (int_argument(call, 0) < 0) {
      raise(call, "java/lang/IllegalArgumentException");
      return java_null();
    }
    const auto length = static_cast<std::uint64_t>(int_argument(call, 0));
    const JavaReference made = call.world.new_array(kind.letter, 0, length);
    if (made == 0) return java_null();
    return JavaValue::reference(
        wrapped(call.world, kind, made, 0, static_cast<std::int64_t>(length)));
  });
  const JavaHandler wrap = [&kind](const JavaCall& call) {
    const auto part = part_of(call, kind.width);
    if (!part) return java_null();
    const std::int64_t offset = call.arguments.size() == 1 ? 0 : int_argument(call, 1);
    return JavaValue::reference(
        wrapped(call.world, kind, reference_argument(call, 0), offset, part->length));
  };
  world.handle(klass + ".wrap(" + array + self, wrap);
  world.handle(klass + ".wrap(" + array + "II" + self, wrap);
  world.handle(klass + ".slice(" + self, [](const JavaCall& call) {
    const auto buffer = receiver(call);
    if (buffer == nullptr) return java_null();
    return JavaValue::reference(view(call.world, *buffer, buffer->letter, buffer->width));
  });
  world.handle(klass + ".duplicate(" + self, [](const JavaCall& call) {
    const auto buffer = receiver(call);
    if (buffer == nullptr) return java_null();
    auto out = std::make_shared<JavaBuffer>(*buffer);
    if (out->letter == 'B') out->big_endian = true;
    const char* const made = class_of_kind(out->letter, out->direct);  // before `out` moves
    return JavaValue::reference(add_buffer(call.world, made, std::move(out)));
  });
}

// ---- order of bytes ----

JavaReference order_object(OwnJavaWorld& world, bool big_endian) {
  return object_field(world, world.find_class(kByteOrder),
                      big_endian ? "BIG_ENDIAN" : "LITTLE_ENDIAN");
}

void add_orders(OwnJavaWorld& world) {
  const JavaReference klass = world.find_class(kByteOrder);
  for (const char* const name : {"BIG_ENDIAN", "LITTLE_ENDIAN"}) {
    const JavaReference order = world.new_object(kByteOrder);
    world.put_field(order, "name", java_text(world, name));
    world.put_field(klass, name, JavaValue::reference(order));
  }
  world.handle("java/nio/ByteOrder.nativeOrder()Ljava/nio/ByteOrder;", [](const JavaCall& call) {
    return JavaValue::reference(order_object(call.world, false));
  });
  for (const BufferKind& kind : kKinds) {
    world.handle(std::string(kind.klass) + ".order()Ljava/nio/ByteOrder;",
                 [](const JavaCall& call) {
                   const auto buffer = receiver(call);
                   return JavaValue::reference(
                       order_object(call.world, buffer == nullptr || buffer->big_endian));
                 });
  }
  world.handle("java/nio/ByteBuffer.order(Ljava/nio/ByteOrder;)Ljava/nio/ByteBuffer;",
               [](const JavaCall& call) {
                 const auto buffer = receiver(call);
                 if (buffer != nullptr) {
                   const JavaReference little = order_object(call.world, false);
                   // Null counts as little-endian, as in Java.
                   const JavaReference to = reference_argument(call, 0);
                   buffer->big_endian = to != 0 && !call.world.same(to, little);
                 }
                 return itself(call);
               });
}

}  // namespace

std::shared_ptr<JavaBuffer> buffer_state(OwnJavaWorld& world, JavaReference buffer) {
  auto known = std::dynamic_pointer_cast<JavaBuffer>(world.state_of(buffer));
  if (known != nullptr) return known;
  const auto [address, capacity] = world.buffer_of(buffer);
  if (address == 0) return nullptr;
  known = std::make_shared<JavaBuffer>();
  known->address = address;
  known->capacity = static_cast<std::int64_t>(std::min<std::uint64_t>(capacity, 0x7fffffff));
  known->limit = known->capacity;
  world.set_state(buffer, known);
  return known;
}

JavaReference new_direct_buffer(OwnJavaWorld& world, std::uint64_t capacity) {
  GuestHeap& heap = world.machine().heap;
  const std::uint64_t address = heap.allocate(capacity, 16, true);
  if (address == 0) {
    world.raise_new("java/lang/OutOfMemoryError", "no memory for a direct buffer");
    return 0;
  }
  auto buffer = std::make_shared<JavaBuffer>();
  buffer->memory = std::shared_ptr<void>(reinterpret_cast<void*>(address),
                                         [&heap, address](void*) { heap.release(address); });
  buffer->address = address;
  buffer->capacity = static_cast<std::int64_t>(capacity);
  buffer->limit = buffer->capacity;
  return add_buffer(world, "java/nio/DirectByteBuffer", std::move(buffer));
}

void add_buffer_classes(OwnJavaWorld& world) {
  add_common(world);
  add_chained(world, "java/nio/Buffer");
  add_orders(world);
  world.handle(
      "java/nio/ByteBuffer.allocateDirect(I)Ljava/nio/ByteBuffer;", [](const JavaCall& call) {
        if (int_argument(call, 0) < 0) {
          raise(call, "java/lang/IllegalArgumentException");
          return java_null();
        }
        return JavaValue::reference(
            new_direct_buffer(call.world, static_cast<std::uint64_t>(int_argument(call, 0))));
      });
  for (const BufferKind& kind : kKinds) {
    const std::string klass = kind.klass;
    const std::string self = ")" + type_of(kind.klass);
    const std::string array = {'[', kind.letter};
    add_chained(world, klass);
    add_makers(world, kind);
    add_value(world, klass, "", kind.letter, kind.width);
    world.handle(joined({klass, ".array()", array}), &array_of);
    for (const std::string& end : {self, "II" + self}) {
      world.handle(joined({klass, ".get(", array, end}), &move_block<false>);
      world.handle(joined({klass, ".put(", array, end}), &move_block<true>);
    }
    if (kind.letter == 'B') continue;
    add_value(world, "java/nio/ByteBuffer", kind.name, kind.letter, kind.width);
    world.handle(
        "java/nio/ByteBuffer.as" + std::string(kind.name) + "Buffer()" + type_of(kind.klass),
        [&kind](const JavaCall& call) {
          const auto buffer = receiver(call);
          if (buffer == nullptr) return java_null();
          return JavaValue::reference(view(call.world, *buffer, kind.letter, kind.width));
        });
  }
}

}  // namespace dl::guest
