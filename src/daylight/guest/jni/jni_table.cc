// SPDX-License-Identifier: Apache-2.0
// Fills the tables.
// Source: Java Native Interface Specification, chapter 4 (numbers of the slots) and chapter 5.
#include "daylight/guest/jni/jni_table.h"

#include <cstring>
#include <utility>

namespace dl::guest {
namespace {

constexpr unsigned kVmSlots = 8;
constexpr std::int32_t kOk = 0;
constexpr std::int32_t kVersionError = -3;
constexpr std::int32_t kNewestVersion = 0x00010006;
// Members are numbered; the numbers look like nothing else that a guest holds.
constexpr std::uint64_t kFirstMember = 0x4a00000000;

std::int32_t put_env(JniTable& table, std::uint64_t to) {
  if (!table.machine().arena.allows(to, 8, kPageWrite)) {
    table.machine().raise(GuestFault::Kind::kArgument, "the JNIEnv is wanted where nothing is");
    return kVersionError;
  }
  const std::uint64_t env = table.env();
  std::memcpy(reinterpret_cast<void*>(to), &env, 8);
  return kOk;
}
std::int32_t get_env(JniTable& table, std::uint64_t, std::uint64_t to, std::int32_t version) {
  if (version > kNewestVersion) return kVersionError;
  return put_env(table, to);
}
std::int32_t attach(JniTable& table, std::uint64_t, std::uint64_t to, std::uint64_t) {
  return put_env(table, to);
}
std::int32_t detach(std::uint64_t) { return kOk; }

// A slot that the specification reserves, or that nobody uses on Android.
void no_such_function(JniTable& table) {
  table.machine().raise(GuestFault::Kind::kImport, "calls a JNI function that is not provided");
}

}  // namespace

Result<std::unique_ptr<JniTable>> JniTable::create(GuestMachine& machine, JavaWorld& world) {
  std::unique_ptr<JniTable> out(new JniTable(machine, world));
  std::vector<JniSlot> slots;
  add_jni_object_slots(slots);
  add_jni_call_slots(slots);
  add_jni_data_slots(slots);
  const auto bind = [&](HostFunction function) {
    function.state = out.get();
    return machine.engine.bind(std::move(function));
  };
  const std::uint64_t nothing = TRY(bind(host_function("jni:reserved", &no_such_function)));
  std::vector<std::uint64_t> table(kJniSlots, nothing);
  for (JniSlot& slot : slots) table[slot.number] = TRY(bind(std::move(slot.function)));
  std::vector<std::uint64_t> vm(kVmSlots, nothing);
  vm[4] = TRY(bind(host_function("jni:AttachCurrentThread", &attach)));
  vm[5] = TRY(bind(host_function("jni:DetachCurrentThread", &detach)));
  vm[6] = TRY(bind(host_function("jni:GetEnv", &get_env)));
  vm[7] = TRY(bind(host_function("jni:AttachCurrentThreadAsDaemon", &attach)));
  // Both are pointers to pointers to tables; guests only read them.
  const std::uint64_t size = 16 + 8 * (kJniSlots + kVmSlots);
  const std::uint64_t at = TRY(machine.arena.map(size, kPageRead | kPageWrite));
  const std::uint64_t env_table = at + 16;
  const std::uint64_t vm_table = env_table + 8 * kJniSlots;
  std::memcpy(reinterpret_cast<void*>(env_table), table.data(), 8 * table.size());
  std::memcpy(reinterpret_cast<void*>(vm_table), vm.data(), 8 * vm.size());
  std::memcpy(reinterpret_cast<void*>(at), &env_table, 8);
  std::memcpy(reinterpret_cast<void*>(at + 8), &vm_table, 8);
  TRY_VOID(machine.arena.protect(at, size, kPageRead));
  out->env_ = at;
  out->vm_ = at + 8;
  return out;
}

std::uint64_t JniTable::id_of(const JavaMember& member) {
  const std::scoped_lock lock(mutex_);
  // No part has a zero in it but those between them.
  const std::string key = member.owner + '\0' + member.name + '\0' + member.signature + '\0' +
                          (member.is_static ? 's' : 'i') + (member.is_field ? 'f' : 'm');
  const auto known = ids_.find(key);
  if (known != ids_.end()) return known->second;
  if (members_.size() >= kMaxJavaMembers) return 0;
  members_.push_back(std::make_unique<JavaMember>(member));
  const std::uint64_t id = kFirstMember + 8 * (members_.size() - 1);
  ids_.emplace(key, id);
  return id;
}

const JavaMember* JniTable::member(std::uint64_t id) const {
  const std::scoped_lock lock(mutex_);
  if (id < kFirstMember || id % 8 != 0 || (id - kFirstMember) / 8 >= members_.size())
    return nullptr;
  return members_[(id - kFirstMember) / 8].get();
}

std::vector<RegisteredNative> JniTable::registered() const {
  const std::scoped_lock lock(mutex_);
  return registered_;
}

void JniTable::note_registered(const RegisteredNative& native) {
  const std::scoped_lock lock(mutex_);
  registered_.push_back(native);
}

}  // namespace dl::guest
