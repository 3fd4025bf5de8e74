// SPDX-License-Identifier: Apache-2.0
// A Java side without a virtual machine: objects that exist as far as native code looks at them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "daylight/guest/jni/java_world.h"
#include "daylight/guest/machine/guest_machine.h"

namespace dl::guest {

inline constexpr std::size_t kMaxJavaReferences = 1'000'000;
inline constexpr std::uint64_t kMaxJavaArray = std::uint64_t{1} << 31;

// What the world knows of a class that is not made up here.
class ClassHierarchy {
 public:
  virtual ~ClassHierarchy() = default;
  // "java/lang/Object" of "a/b/C"; nothing for classes that it does not know.
  virtual std::optional<std::string> superclass(const std::string& name) const = 0;
  virtual std::vector<std::string> interfaces(const std::string& name) const = 0;
  // Whether the class or one above declares it; nothing for classes that it does not know.
  virtual std::optional<bool> declares(const JavaMember& member) const = 0;
};

// A Java method that is answered here.
class OwnJavaWorld;
struct JavaCall {
  OwnJavaWorld& world;
  JavaReference receiver = 0;
  const JavaMember& method;
  std::span<const JavaValue> arguments;
};
using JavaHandler = std::function<JavaValue(const JavaCall&)>;

// What a class that is answered here keeps with one of its objects.
class JavaState {
 public:
  virtual ~JavaState() = default;
};
// An object that stays while it is held; null for Java's null.
using JavaHeld = std::shared_ptr<void>;

// Something that native code wanted from Java and did not get.
struct JavaGap {
  std::string what;  // the exact signature
  std::uint64_t times = 0;
};

// Every class that is looked for exists, with every member that is asked for, unless the hierarchy
// knows better; a method without a handler answers zero, or an object of the type that it returns
// and that nobody made, and is noted as a gap. Thread safe.
class OwnJavaWorld : public JavaWorld {
 public:
  // `hierarchy` may be null. Machine and hierarchy must outlive it.
  OwnJavaWorld(GuestMachine& machine, const ClassHierarchy* hierarchy);
  ~OwnJavaWorld() override;

  // For "java/lang/String.getBytes(Ljava/lang/String;)[B"; also on classes below the named one,
  // except for constructors. The class of the receiver goes before the one that is named.
  void handle(const std::string& method, JavaHandler handler);
  // The value that a field of an object has from now on.
  void put_field(JavaReference object, const std::string& field, const JavaValue& value);
  // Objects for callers of the guest.
  JavaReference new_object(const std::string& klass);
  JavaReference new_bytes(ByteSpan bytes);
  JavaReference new_floats(std::span<const float> values);
  std::vector<std::uint8_t> bytes_of(JavaReference array);
  JavaReference new_text(const std::string& modified_utf8);
  std::string utf8_of(JavaReference text);
  std::string class_name(JavaReference object);

  // ---- for handlers ----
  GuestMachine& machine() { return machine_; }
  // The value of a field, if anything has set it.
  std::optional<JavaValue> field(JavaReference object, const std::string& name);
  // Null before set_state().
  std::shared_ptr<JavaState> state_of(JavaReference object);
  void set_state(JavaReference object, std::shared_ptr<JavaState> state);
  JavaHeld hold(JavaReference object);
  // A new local reference; 0 for null.
  JavaReference refer(const JavaHeld& held);
  // The same number for the same object, as System.identityHashCode: by order of asking.
  std::uint32_t identity_of(JavaReference object);
  // A buffer of another class than DirectByteBuffer; `capacity` in its elements.
  JavaReference new_buffer_of(const std::string& klass, std::uint64_t address,
                              std::uint64_t capacity);
  // Something that was answered, but not as the app's own code would have.
  void note_gap(const std::string& what);

  std::vector<JavaGap> gaps() const;
  std::vector<RegisteredNative> natives() const;

  JavaReference find_class(const std::string& name) override;
  JavaReference class_of(JavaReference object) override;
  JavaReference superclass(JavaReference of) override;
  bool assignable(JavaReference from, JavaReference to) override;
  std::string name_of(JavaReference klass) override;
  bool has(const JavaMember& member) override;
  JavaReference allocate(JavaReference klass) override;
  JavaValue call(JavaReference receiver, const JavaMember& method,
                 std::span<const JavaValue> arguments) override;
  JavaValue get(JavaReference receiver, const JavaMember& field) override;
  void set(JavaReference receiver, const JavaMember& field, const JavaValue& value) override;
  JavaReference new_text(std::u16string_view text) override;
  std::u16string text_of(JavaReference text) override;
  JavaReference new_array(char type, JavaReference klass, std::uint64_t length) override;
  std::uint64_t length_of(JavaReference array) override;
  std::uint64_t pin(JavaReference array) override;
  void unpin(JavaReference array, std::uint64_t address, bool write_back) override;
  std::uint64_t element_size(JavaReference array) override;
  JavaReference element(JavaReference array, std::uint64_t i) override;
  void set_element(JavaReference array, std::uint64_t i, JavaReference value) override;
  JavaReference new_buffer(std::uint64_t address, std::uint64_t capacity) override;
  std::pair<std::uint64_t, std::uint64_t> buffer_of(JavaReference buffer) override;
  JavaReference refer(JavaReference object, Strength strength) override;
  void forget(JavaReference reference) override;
  bool same(JavaReference a, JavaReference b) override;
  Strength strength_of(JavaReference reference) override;
  void push_frame() override;
  JavaReference pop_frame(JavaReference kept) override;
  void raise(JavaReference exception) override;
  void raise_new(const std::string& klass, const std::string& message) override;
  JavaReference pending() override;
  void clear() override;
  std::string describe(JavaReference exception) override;
  void register_native(const RegisteredNative& native) override;

 private:
  struct Object;
  using ObjectPointer = std::shared_ptr<Object>;

  ObjectPointer find(JavaReference reference);
  JavaReference add(const ObjectPointer& object, Strength strength = Strength::kLocal);
  ObjectPointer class_object(const std::string& name);
  std::string super_of(const std::string& name) const;
  bool is_below(const std::string& name, const std::string& above) const;
  const JavaHandler* handler_for(const JavaMember& method) const;
  const JavaHandler* virtual_handler(JavaReference receiver, const JavaMember& method);
  JavaValue made_up(const std::string& type, const std::string& why);
  void note(const std::string& what);

  GuestMachine& machine_;
  const ClassHierarchy* hierarchy_;
  // Guards what follows. Held while handlers run, which touch the guest's memory: by EscapeLock
  // only.
  mutable std::recursive_mutex mutex_;
  std::unordered_map<JavaReference, std::pair<ObjectPointer, Strength>> references_;
  std::uint64_t next_reference_ = 1;
  std::uint32_t next_identity_ = 1;
  std::map<std::string, ObjectPointer> classes_;
  std::unordered_map<std::string, JavaHandler> handlers_;
  std::map<std::string, std::uint64_t> gaps_;
  std::vector<RegisteredNative> natives_;
};

}  // namespace dl::guest
