// SPDX-License-Identifier: Apache-2.0
// JNIEnv and JavaVM in a guest's memory: the tables of the JNI specification, in front of a
// JavaWorld.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "daylight/base/result.h"
#include "daylight/guest/jni/java_world.h"
#include "daylight/guest/machine/guest_machine.h"

namespace dl::guest {

inline constexpr std::size_t kMaxJavaMembers = 1'000'000;
// Functions that one call of RegisterNatives binds.
inline constexpr std::uint32_t kMaxNativesOfCall = 65'536;

// Thread safe as the world is. Machine and world must outlive it.
class JniTable {
 public:
  // Puts the tables into the guest's memory. kLimit without memory.
  static Result<std::unique_ptr<JniTable>> create(GuestMachine& machine, JavaWorld& world);

  std::uint64_t env() const { return env_; }  // JNIEnv*
  std::uint64_t vm() const { return vm_; }    // JavaVM*
  JavaWorld& world() { return world_; }
  GuestMachine& machine() { return machine_; }

  // What stands for a member in the guest, and back; null for what is none.
  std::uint64_t id_of(const JavaMember& member);
  const JavaMember* member(std::uint64_t id) const;

  // "libx.so+0x1f40" of everything that was registered so far.
  std::vector<RegisteredNative> registered() const;
  void note_registered(const RegisteredNative& native);

 private:
  JniTable(GuestMachine& machine, JavaWorld& world) : machine_(machine), world_(world) {}

  GuestMachine& machine_;
  JavaWorld& world_;
  std::uint64_t env_ = 0;
  std::uint64_t vm_ = 0;
  mutable std::mutex mutex_;  // guards what follows
  std::vector<std::unique_ptr<JavaMember>> members_;
  std::unordered_map<std::string, std::uint64_t> ids_;  // by all that a member is
  std::vector<RegisteredNative> registered_;
};

// Slots of the table by number; the functions behind them are in jni_objects.cc, jni_calls.cc and
// jni_data.cc.
struct JniSlot {
  unsigned number = 0;
  HostFunction function;
};
inline constexpr unsigned kJniSlots = 233;
void add_jni_object_slots(std::vector<JniSlot>& slots);
void add_jni_call_slots(std::vector<JniSlot>& slots);
void add_jni_data_slots(std::vector<JniSlot>& slots);

}  // namespace dl::guest
