// SPDX-License-Identifier: Apache-2.0
// A real virtual machine as the guest's Java side: every question goes to HotSpot's JNIEnv.
#pragma once

#include <jni.h>

#include <functional>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <unordered_map>

#include "daylight/guest/jni/java_world.h"
#include "daylight/guest/machine/guest_machine.h"
#include "native/hotspot_env.h"

namespace dl::jvm {

using guest::JavaMember;
using guest::JavaReference;
using guest::JavaValue;

// References are HotSpot's own, and looked at before they are used: what is none ends the guest's
// call. So does a call of a method on an object of another class, and a pointer that pin() did not
// give. While an exception is pending, calls that JNI forbids then do nothing and answer zero.
// Arguments are not compared with the classes of the method's parameters: there HotSpot believes
// the guest. Primitive arrays are copied into the guest's heap and back, since Java's heap may lie
// where the guest's addresses do not reach; direct buffers are the same memory. System.loadLibrary
// of the guest's goes where that of the app's Java code does. Thread safe.
class HotspotWorld : public guest::JavaWorld {
 public:
  using Registrar = std::function<void(const guest::RegisteredNative&)>;
  // `registrar` binds what the guest registers. Machine must outlive it.
  HotspotWorld(guest::GuestMachine& machine, Registrar registrar);

  // The loader that classes are asked for from: a reference of the caller's.
  void set_loader(jobject loader);
  // The class by its name in any loader's sight, not initialised; 0 with an exception.
  jclass class_by_name(JNIEnv* env, const std::string& name);

  JavaReference find_class(const std::string& name) override;
  JavaReference class_of(JavaReference object) override;
  JavaReference superclass(JavaReference of) override;
  bool assignable(JavaReference from, JavaReference to) override;
  std::string name_of(JavaReference klass) override;
  bool has(const JavaMember& member) override;
  JavaReference allocate(JavaReference klass) override;
  JavaValue call(JavaReference receiver, const JavaMember& method,
                 std::span<const JavaValue> arguments) override;
  JavaValue call_nonvirtual(JavaReference receiver, const JavaMember& method,
                            std::span<const JavaValue> arguments) override;
  JavaValue get(JavaReference receiver, const JavaMember& field) override;
  void set(JavaReference receiver, const JavaMember& field, const JavaValue& value) override;
  JavaReference new_text(std::u16string_view text) override;
  std::u16string text_of(JavaReference text) override;
  JavaReference new_array(char type, JavaReference klass, std::uint64_t length) override;
  std::uint64_t length_of(JavaReference array) override;
  std::uint64_t pin(JavaReference array) override;
  void unpin(JavaReference array, std::uint64_t address, bool write_back) override;
  void commit(JavaReference array, std::uint64_t address) override;
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
  bool lock_monitor(JavaReference object) override;
  bool unlock_monitor(JavaReference object) override;
  void raise(JavaReference exception) override;
  void raise_new(const std::string& klass, const std::string& message) override;
  JavaReference pending() override;
  void clear() override;
  std::string describe(JavaReference exception) override;
  void register_native(const guest::RegisteredNative& native) override;

 private:
  // A member as HotSpot knows it.
  struct Resolved {
    jclass owner = nullptr;  // global
    jmethodID method = nullptr;
    jfieldID field = nullptr;
    std::string parameters;
    char result = 'V';  // of a field, its type
  };

  // The reference as HotSpot's; nothing for what is none: then the guest's call ends. Null is one.
  std::optional<jobject> checked(const InHotspot& jvm, JavaReference reference);
  // The same for what must be an object of that class (null is none).
  jobject checked_as(const InHotspot& jvm, JavaReference reference, jclass klass, const char* what);
  // Null with Java's own exception where there is no such member.
  const Resolved* resolve(const InHotspot& jvm, const JavaMember& member);
  const Resolved* resolved_before(const JavaMember& member);
  bool fill(const InHotspot& jvm, const JavaMember& member, Resolved& out);
  const Resolved* resolve_for_call(const InHotspot& jvm, const JavaMember& method);
  JavaValue call_version(JavaReference receiver, const JavaMember& method,
                         std::span<const JavaValue> arguments, bool of_class);
  // The pinned array's elements from the guest's copy, if it is still there.
  void copy_back(JavaReference array, std::uint64_t address, std::uint64_t bytes);
  // Null where the receiver does not fit; the guest's call ends then.
  jobject receiver_for(const InHotspot& jvm, JavaReference receiver, const Resolved& resolved,
                       const JavaMember& member);
  std::optional<std::vector<jvalue>> arguments_for(const InHotspot& jvm, const Resolved& resolved,
                                                   std::span<const JavaValue> arguments);
  // 'Z', 'B' ... of an array of primitives; 'L' of objects; 0 for what is no array.
  char element_type(const InHotspot& jvm, jobject array);
  void refuse(const std::string& what);

  guest::GuestMachine& machine_;
  Registrar registrar_;
  jclass class_class_;
  jclass string_class_;
  jclass throwable_class_;
  jclass objects_class_;  // Object[]
  jclass array_classes_[8];
  jclass buffer_class_;
  jmethodID for_name_;
  jmethodID get_name_;
  jmethodID to_string_;
  std::shared_mutex mutex_;  // guards what follows
  jobject loader_ = nullptr;
  std::unordered_map<std::string, std::unique_ptr<Resolved>> members_;
  std::unordered_map<const JavaMember*, const Resolved*> known_;
  std::unordered_map<std::uint64_t, std::uint64_t> pins_;  // address, bytes
};

}  // namespace dl::jvm
