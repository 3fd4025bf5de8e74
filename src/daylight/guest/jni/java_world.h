// SPDX-License-Identifier: Apache-2.0
// The Java side of a guest, as JNI sees it: the seam behind which a small world of our own stands,
// or a real virtual machine.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dl::guest {

// A reference as the guest holds it: no address. 0 is null.
using JavaReference = std::uint64_t;

// One value, by the letter of its type in a descriptor: integers sign-extended, floats as their
// bits, references as they are.
struct JavaValue {
  char type = 'V';  // Z B C S I J F D L V
  std::uint64_t bits = 0;

  static JavaValue integer(char type, std::int64_t value) {
    return {type, static_cast<std::uint64_t>(value)};
  }
  static JavaValue reference(JavaReference value) { return {'L', value}; }
};

// A method or field that the guest asked for.
struct JavaMember {
  std::string owner;      // "java/lang/String"
  std::string name;       // "getBytes", "<init>"
  std::string signature;  // "(Ljava/lang/String;)[B" or a field's "I"
  bool is_static = false;
  bool is_field = false;

  // "java/lang/String.getBytes(Ljava/lang/String;)[B"
  std::string text() const { return owner + "." + name + (is_field ? ":" : "") + signature; }
};

// The letters of a method's parameters and of its result; arrays and classes are 'L'. Nothing for
// what is no descriptor.
struct JavaSignature {
  std::string parameters;
  char result = 'V';
  std::string result_type;  // the descriptor: "[B"
};
std::optional<JavaSignature> parse_signature(std::string_view descriptor);

// A function that the guest registered for a native method.
struct RegisteredNative {
  std::string owner;
  std::string name;
  std::string signature;
  std::uint64_t function = 0;
};

// Implementations are thread safe. Calls that fail leave an exception pending where Java would;
// callers check pending(). Texts are modified UTF-8 as JNI has it.
class JavaWorld {
 public:
  virtual ~JavaWorld() = default;

  // ---- classes ----
  virtual JavaReference find_class(const std::string& name) = 0;
  virtual JavaReference class_of(JavaReference object) = 0;
  virtual JavaReference superclass(JavaReference of) = 0;
  virtual bool assignable(JavaReference from, JavaReference to) = 0;
  // "java/lang/String", "[I".
  virtual std::string name_of(JavaReference klass) = 0;
  // Whether the class has it; false leaves NoSuchMethodError or NoSuchFieldError.
  virtual bool has(const JavaMember& member) = 0;

  // ---- objects ----
  virtual JavaReference allocate(JavaReference klass) = 0;
  // `receiver` is a class for static methods and constructors of new objects: those give the
  // object.
  virtual JavaValue call(JavaReference receiver, const JavaMember& method,
                         std::span<const JavaValue> arguments) = 0;
  // The method of the class that it was asked for in, also where the object's class has another.
  virtual JavaValue call_nonvirtual(JavaReference receiver, const JavaMember& method,
                                    std::span<const JavaValue> arguments) {
    return call(receiver, method, arguments);
  }
  virtual JavaValue get(JavaReference receiver, const JavaMember& field) = 0;
  virtual void set(JavaReference receiver, const JavaMember& field, const JavaValue& value) = 0;

  // ---- texts, arrays, buffers ----
  virtual JavaReference new_text(std::u16string_view text) = 0;
  virtual std::u16string text_of(JavaReference text) = 0;
  // `type` is the element's letter, 'L' with its class.
  virtual JavaReference new_array(char type, JavaReference klass, std::uint64_t length) = 0;
  virtual std::uint64_t length_of(JavaReference array) = 0;
  // Where the elements of an array of primitives lie in the guest's memory, until released.
  virtual std::uint64_t pin(JavaReference array) = 0;
  virtual void unpin(JavaReference array, std::uint64_t address, bool write_back) = 0;
  // The elements at `address` become the array's, and stay pinned. Nothing where they are it.
  virtual void commit(JavaReference /*array*/, std::uint64_t /*address*/) {}
  // Size of an element of an array of primitives; 0 for others.
  virtual std::uint64_t element_size(JavaReference array) = 0;
  virtual JavaReference element(JavaReference array, std::uint64_t i) = 0;
  virtual void set_element(JavaReference array, std::uint64_t i, JavaReference value) = 0;
  virtual JavaReference new_buffer(std::uint64_t address, std::uint64_t capacity) = 0;
  // Address and capacity of a direct buffer; {0, 0} for others.
  virtual std::pair<std::uint64_t, std::uint64_t> buffer_of(JavaReference buffer) = 0;

  // ---- references ----
  enum class Strength { kLocal, kGlobal, kWeak };
  virtual JavaReference refer(JavaReference object, Strength strength) = 0;
  virtual void forget(JavaReference reference) = 0;
  virtual bool same(JavaReference a, JavaReference b) = 0;
  virtual Strength strength_of(JavaReference reference) = 0;  // kLocal for unknown ones
  virtual void push_frame() = 0;
  // Forgets the local references since; `kept` comes over into the frame before.
  virtual JavaReference pop_frame(JavaReference kept) = 0;

  // Takes or gives back the object's monitor, for this thread; whether that worked. Without other
  // threads of Java's there is nothing to wait for.
  virtual bool lock_monitor(JavaReference /*object*/) { return true; }
  virtual bool unlock_monitor(JavaReference /*object*/) { return true; }

  // ---- exceptions ----
  virtual void raise(JavaReference exception) = 0;
  virtual void raise_new(const std::string& klass, const std::string& message) = 0;
  virtual JavaReference pending() = 0;  // a new local reference; 0 if none
  virtual void clear() = 0;
  // "java.lang.Error: why", for people.
  virtual std::string describe(JavaReference exception) = 0;

  virtual void register_native(const RegisteredNative& native) = 0;
};

}  // namespace dl::guest
