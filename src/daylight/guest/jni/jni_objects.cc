// SPDX-License-Identifier: Apache-2.0
// JNI functions on classes, references, exceptions and native methods.
#include <cstring>

#include "daylight/guest/jni/jni_table.h"

namespace dl::guest {
namespace {

using Env = std::uint64_t;  // the guest's JNIEnv*, which is not needed
using Ref = JavaReference;

constexpr std::int32_t kOk = 0;
constexpr std::int32_t kError = -1;

std::int32_t get_version(Env) { return 0x00010006; }

Ref find_class(JniTable& table, Env, const char* name) {
  if (name == nullptr) {
    table.world().raise_new("java/lang/NoClassDefFoundError", "null");
    return 0;
  }
  return table.world().find_class(name);
}
Ref define_class(JniTable& table, Env, const char* name, Ref, std::uint64_t, std::int32_t) {
  table.world().raise_new(
      "java/lang/UnsupportedOperationException",
      std::string("can't load this type of class file: ") + (name == nullptr ? "" : name));
  return 0;
}
Ref get_superclass(JniTable& table, Env, Ref klass) { return table.world().superclass(klass); }
std::uint8_t is_assignable_from(JniTable& table, Env, Ref from, Ref to) {
  return table.world().assignable(from, to) ? 1 : 0;
}
Ref get_object_class(JniTable& table, Env, Ref object) { return table.world().class_of(object); }
std::uint8_t is_instance_of(JniTable& table, Env, Ref object, Ref klass) {
  if (object == 0) return 1;
  return table.world().assignable(table.world().class_of(object), klass) ? 1 : 0;
}
Ref alloc_object(JniTable& table, Env, Ref klass) { return table.world().allocate(klass); }

// ---- members ----

std::uint64_t find_member(JniTable& table, Ref klass, const char* name, const char* signature,
                          bool is_static, bool is_field) {
  if (klass == 0 || name == nullptr || signature == nullptr) {
    table.machine().raise(GuestFault::Kind::kArgument, "asks a null class for a member");
    return 0;
  }
  const JavaMember member{table.world().name_of(klass), name, signature, is_static, is_field};
  const bool there = table.world().has(member);
  table.machine().events.lookup({GuestLookup::What::kSymbol, "java " + member.text(), there, ""});
  return there ? table.id_of(member) : 0;
}
std::uint64_t get_method_id(JniTable& table, Env, Ref klass, const char* name, const char* sig) {
  return find_member(table, klass, name, sig, false, false);
}
std::uint64_t get_static_method_id(JniTable& table, Env, Ref klass, const char* name,
                                   const char* sig) {
  return find_member(table, klass, name, sig, true, false);
}
std::uint64_t get_field_id(JniTable& table, Env, Ref klass, const char* name, const char* sig) {
  return find_member(table, klass, name, sig, false, true);
}
std::uint64_t get_static_field_id(JniTable& table, Env, Ref klass, const char* name,
                                  const char* sig) {
  return find_member(table, klass, name, sig, true, true);
}
// Reflected objects and ids are not the same thing here.
Ref no_reflection(JniTable& table, Env) {
  table.world().raise_new("java/lang/UnsupportedOperationException", "reflection from native code");
  return 0;
}

// ---- exceptions ----

std::int32_t throw_(JniTable& table, Env, Ref exception) {
  if (exception == 0) return kError;
  table.world().raise(exception);
  return kOk;
}
std::int32_t throw_new(JniTable& table, Env, Ref klass, const char* message) {
  if (klass == 0) return kError;
  table.world().raise_new(table.world().name_of(klass), message == nullptr ? "" : message);
  return kOk;
}
Ref exception_occurred(JniTable& table, Env) { return table.world().pending(); }
std::uint8_t exception_check(JniTable& table, Env) {
  const Ref pending = table.world().pending();
  if (pending != 0) table.world().forget(pending);
  return pending != 0 ? 1 : 0;
}
void exception_describe(JniTable& table, Env) {
  const Ref pending = table.world().pending();
  if (pending == 0) return;
  table.machine().events.log(5, "System.err", table.world().describe(pending));
  table.world().forget(pending);
}
void exception_clear(JniTable& table, Env) { table.world().clear(); }
void fatal_error(JniTable& table, Env, const char* message) {
  table.machine().raise(GuestFault::Kind::kAbort,
                        std::string("JNI FatalError: ") + (message == nullptr ? "" : message));
}

// ---- references ----

Ref new_global_ref(JniTable& table, Env, Ref object) {
  return table.world().refer(object, JavaWorld::Strength::kGlobal);
}
Ref new_local_ref(JniTable& table, Env, Ref object) {
  return table.world().refer(object, JavaWorld::Strength::kLocal);
}
Ref new_weak_ref(JniTable& table, Env, Ref object) {
  return table.world().refer(object, JavaWorld::Strength::kWeak);
}
void delete_ref(JniTable& table, Env, Ref object) { table.world().forget(object); }
std::uint8_t is_same_object(JniTable& table, Env, Ref a, Ref b) {
  return table.world().same(a, b) ? 1 : 0;
}
std::int32_t get_ref_type(JniTable& table, Env, Ref object) {
  if (object == 0) return 0;
  switch (table.world().strength_of(object)) {
    case JavaWorld::Strength::kLocal:
      return 1;
    case JavaWorld::Strength::kGlobal:
      return 2;
    case JavaWorld::Strength::kWeak:
      return 3;
  }
  return 0;
}
std::int32_t push_local_frame(JniTable& table, Env, std::int32_t) {
  table.world().push_frame();
  return kOk;
}
Ref pop_local_frame(JniTable& table, Env, Ref kept) { return table.world().pop_frame(kept); }
std::int32_t ensure_local_capacity(Env, std::int32_t) { return kOk; }
std::int32_t monitor_enter(JniTable& table, Env, Ref object) {
  return object != 0 && table.world().lock_monitor(object) ? kOk : kError;
}
std::int32_t monitor_exit(JniTable& table, Env, Ref object) {
  return object != 0 && table.world().unlock_monitor(object) ? kOk : kError;
}

// ---- native methods ----

// struct { const char* name; const char* signature; void* function; }
std::int32_t register_natives(JniTable& table, Env, Ref klass, std::uint64_t methods,
                              std::uint32_t count) {
  constexpr std::uint64_t kEntry = 24;
  if (count > kMaxNativesOfCall) {
    table.machine().raise(GuestFault::Kind::kArgument,
                          "RegisterNatives of more than any class has");
    return kError;
  }
  const GuestArena& arena = table.machine().arena;
  const std::string owner = table.world().name_of(klass);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto bytes = arena.bytes(methods + kEntry * i, kEntry);
    if (!bytes) {
      table.machine().raise(GuestFault::Kind::kArgument,
                            "RegisterNatives: the table is not readable");
      return kError;
    }
    std::uint64_t words[3];
    std::memcpy(words, bytes->data(), sizeof(words));
    const auto name = arena.text(words[0]);
    const auto signature = arena.text(words[1]);
    if (!name || !signature) {
      table.machine().raise(GuestFault::Kind::kArgument, "RegisterNatives: a name is not readable");
      return kError;
    }
    const RegisteredNative native{owner, std::string(*name), std::string(*signature), words[2]};
    table.note_registered(native);
    table.world().register_native(native);
  }
  return kOk;
}
std::int32_t unregister_natives(Env, Ref) { return kOk; }
std::int32_t get_java_vm(JniTable& table, Env, std::uint64_t to) {
  if (!table.machine().arena.allows(to, 8, kPageWrite)) return kError;
  const std::uint64_t vm = table.vm();
  std::memcpy(reinterpret_cast<void*>(to), &vm, 8);
  return kOk;
}

}  // namespace

void add_jni_object_slots(std::vector<JniSlot>& slots) {
  const auto add = [&](unsigned number, const char* name, auto function) {
    slots.push_back({number, host_function(std::string("jni:") + name, function)});
  };
  add(4, "GetVersion", &get_version);
  add(5, "DefineClass", &define_class);
  add(6, "FindClass", &find_class);
  add(7, "FromReflectedMethod", &no_reflection);
  add(8, "FromReflectedField", &no_reflection);
  add(9, "ToReflectedMethod", &no_reflection);
  add(10, "GetSuperclass", &get_superclass);
  add(11, "IsAssignableFrom", &is_assignable_from);
  add(12, "ToReflectedField", &no_reflection);
  add(13, "Throw", &throw_);
  add(14, "ThrowNew", &throw_new);
  add(15, "ExceptionOccurred", &exception_occurred);
  add(16, "ExceptionDescribe", &exception_describe);
  add(17, "ExceptionClear", &exception_clear);
  add(18, "FatalError", &fatal_error);
  add(19, "PushLocalFrame", &push_local_frame);
  add(20, "PopLocalFrame", &pop_local_frame);
  add(21, "NewGlobalRef", &new_global_ref);
  add(22, "DeleteGlobalRef", &delete_ref);
  add(23, "DeleteLocalRef", &delete_ref);
  add(24, "IsSameObject", &is_same_object);
  add(25, "NewLocalRef", &new_local_ref);
  add(26, "EnsureLocalCapacity", &ensure_local_capacity);
  add(27, "AllocObject", &alloc_object);
  add(31, "GetObjectClass", &get_object_class);
  add(32, "IsInstanceOf", &is_instance_of);
  add(33, "GetMethodID", &get_method_id);
  add(94, "GetFieldID", &get_field_id);
  add(113, "GetStaticMethodID", &get_static_method_id);
  add(144, "GetStaticFieldID", &get_static_field_id);
  add(215, "RegisterNatives", &register_natives);
  add(216, "UnregisterNatives", &unregister_natives);
  add(217, "MonitorEnter", &monitor_enter);
  add(218, "MonitorExit", &monitor_exit);
  add(219, "GetJavaVM", &get_java_vm);
  add(226, "NewWeakGlobalRef", &new_weak_ref);
  add(227, "DeleteWeakGlobalRef", &delete_ref);
  add(228, "ExceptionCheck", &exception_check);
  add(232, "GetObjectRefType", &get_ref_type);
}

}  // namespace dl::guest
