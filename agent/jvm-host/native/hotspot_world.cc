// SPDX-License-Identifier: Apache-2.0
// Classes, members, calls and fields.
#include "native/hotspot_world.h"

#include <algorithm>
#include <utility>

#include "native/hotspot_types.h"

namespace dl::jvm {
namespace {

constexpr const char* kArrayClasses[] = {"[Z", "[B", "[C", "[S", "[I", "[J", "[F", "[D"};

JavaReference reference_of(jobject object) { return reinterpret_cast<JavaReference>(object); }

// What native code's System.load, System.loadLibrary and those of Runtime come to: as NativeWrapper
// has it for Java code. Null for other methods.
const JavaMember* library_loading(const JavaMember& method) {
  static const JavaMember kLoad = {"daylight/host/Libraries", "load", "(Ljava/lang/String;)V", true,
                                   false};
  static const JavaMember kLoadLibrary = {"daylight/host/Libraries", "loadLibrary",
                                          "(Ljava/lang/String;)V", true, false};
  if (method.is_field || method.signature != kLoad.signature ||
      (method.owner != "java/lang/System" && method.owner != "java/lang/Runtime"))
    return nullptr;
  if (method.name == kLoad.name) return &kLoad;
  return method.name == kLoadLibrary.name ? &kLoadLibrary : nullptr;
}

}  // namespace

HotspotWorld::HotspotWorld(guest::GuestMachine& machine, Registrar registrar)
    : machine_(machine), registrar_(std::move(registrar)) {
  const InHotspot jvm;
  class_class_ = library_class(jvm.get(), "java/lang/Class");
  string_class_ = library_class(jvm.get(), "java/lang/String");
  throwable_class_ = library_class(jvm.get(), "java/lang/Throwable");
  objects_class_ = library_class(jvm.get(), "[Ljava/lang/Object;");
  buffer_class_ = library_class(jvm.get(), "java/nio/Buffer");
  for (std::size_t i = 0; i < std::size(kArrayClasses); ++i)
    array_classes_[i] = library_class(jvm.get(), kArrayClasses[i]);
  for_name_ = jvm->GetStaticMethodID(
      class_class_, "forName", "(Ljava/lang/String;ZLjava/lang/ClassLoader;)Ljava/lang/Class;");
  get_name_ = jvm->GetMethodID(class_class_, "getName", "()Ljava/lang/String;");
  const jclass object = library_class(jvm.get(), "java/lang/Object");
  to_string_ = jvm->GetMethodID(object, "toString", "()Ljava/lang/String;");
}

void HotspotWorld::set_loader(jobject loader) {
  const InHotspot jvm;
  const std::unique_lock lock(mutex_);
  if (loader_ != nullptr) jvm->DeleteGlobalRef(loader_);
  loader_ = jvm->NewGlobalRef(loader);
}

void HotspotWorld::refuse(const std::string& what) {
  machine_.raise(guest::GuestFault::Kind::kArgument, what);
}

// ---- references that the guest gives ----

std::optional<jobject> HotspotWorld::checked(const InHotspot& jvm, JavaReference reference) {
  const auto object = reinterpret_cast<jobject>(reference);
  if (object == nullptr) return object;
  if (jvm->GetObjectRefType(object) != JNIInvalidRefType) return object;
  refuse("uses a Java reference that is none");
  return std::nullopt;
}

jobject HotspotWorld::checked_as(const InHotspot& jvm, JavaReference reference, jclass klass,
                                 const char* what) {
  const auto object = checked(jvm, reference);
  if (!object) return nullptr;
  // A weak reference whose object is gone is null, too.
  if (*object != nullptr && jvm->IsSameObject(*object, nullptr) == JNI_FALSE &&
      jvm->IsInstanceOf(*object, klass) == JNI_TRUE)
    return *object;
  refuse(std::string("uses what is no ") + what + " as one");
  return nullptr;
}

// ---- classes ----

jclass HotspotWorld::class_by_name(JNIEnv* env, const std::string& name) {
  std::string dotted = name;
  std::replace(dotted.begin(), dotted.end(), '/', '.');
  const jstring text = env->NewStringUTF(dotted.c_str());
  if (text == nullptr) return nullptr;
  jvalue arguments[3] = {};
  arguments[0].l = text;
  arguments[1].z = JNI_FALSE;  // Android does not initialise what is only found
  {
    const std::shared_lock lock(mutex_);
    arguments[2].l = loader_;
  }
  const auto found =
      static_cast<jclass>(env->CallStaticObjectMethodA(class_class_, for_name_, arguments));
  env->DeleteLocalRef(text);
  if (env->ExceptionCheck() == JNI_FALSE) return found;
  env->ExceptionClear();
  throw_new(env, "java/lang/NoClassDefFoundError", name);
  return nullptr;
}

JavaReference HotspotWorld::find_class(const std::string& name) {
  const InHotspot jvm;
  if (jvm->ExceptionCheck() == JNI_TRUE) return 0;
  return reference_of(class_by_name(jvm.get(), name));
}

JavaReference HotspotWorld::class_of(JavaReference object) {
  const InHotspot jvm;
  const auto found = checked(jvm, object);
  if (!found) return 0;
  if (*found == nullptr) {
    refuse("asks null for its class");
    return 0;
  }
  return reference_of(jvm->GetObjectClass(*found));
}

JavaReference HotspotWorld::superclass(JavaReference of) {
  const InHotspot jvm;
  const jobject klass = checked_as(jvm, of, class_class_, "class");
  return klass == nullptr ? 0 : reference_of(jvm->GetSuperclass(static_cast<jclass>(klass)));
}

bool HotspotWorld::assignable(JavaReference from, JavaReference to) {
  const InHotspot jvm;
  const jobject a = checked_as(jvm, from, class_class_, "class");
  const jobject b = a == nullptr ? nullptr : checked_as(jvm, to, class_class_, "class");
  return b != nullptr &&
         jvm->IsAssignableFrom(static_cast<jclass>(a), static_cast<jclass>(b)) == JNI_TRUE;
}

std::string HotspotWorld::name_of(JavaReference klass) {
  const InHotspot jvm;
  const jobject object = checked_as(jvm, klass, class_class_, "class");
  if (object == nullptr || jvm->ExceptionCheck() == JNI_TRUE) return "";
  const auto name = static_cast<jstring>(jvm->CallObjectMethodA(object, get_name_, nullptr));
  std::string out = modified_utf8_of(jvm.get(), name);
  jvm->DeleteLocalRef(name);
  std::replace(out.begin(), out.end(), '.', '/');
  return out;
}

JavaReference HotspotWorld::allocate(JavaReference klass) {
  const InHotspot jvm;
  const jobject object = checked_as(jvm, klass, class_class_, "class");
  if (object == nullptr || jvm->ExceptionCheck() == JNI_TRUE) return 0;
  return reference_of(jvm->AllocObject(static_cast<jclass>(object)));
}

// ---- members ----

bool HotspotWorld::fill(const InHotspot& jvm, const JavaMember& member, Resolved& out) {
  const jclass klass = class_by_name(jvm.get(), member.owner);
  if (klass == nullptr) return false;
  const char* const name = member.name.c_str();
  const char* const signature = member.signature.c_str();
  if (member.is_field) {
    out.field = member.is_static ? jvm->GetStaticFieldID(klass, name, signature)
                                 : jvm->GetFieldID(klass, name, signature);
    out.result = member.signature.empty() ? 'V' : member.signature.front();
    if (out.result == '[') out.result = 'L';
  } else {
    out.method = member.is_static ? jvm->GetStaticMethodID(klass, name, signature)
                                  : jvm->GetMethodID(klass, name, signature);
    if (const auto parsed = guest::parse_signature(member.signature)) {
      out.parameters = parsed->parameters;
      out.result = parsed->result;
    }
  }
  if (out.method != nullptr || out.field != nullptr)
    out.owner = static_cast<jclass>(jvm->NewGlobalRef(klass));
  jvm->DeleteLocalRef(klass);
  return out.owner != nullptr;
}

const HotspotWorld::Resolved* HotspotWorld::resolve(const InHotspot& jvm,
                                                    const JavaMember& member) {
  const std::string key = member.text() + (member.is_static ? " static" : "");
  {
    const std::shared_lock lock(mutex_);
    const auto known = members_.find(key);
    if (known != members_.end()) return known->second.get();
  }
  if (jvm->ExceptionCheck() == JNI_TRUE) return nullptr;
  auto fresh = std::make_unique<Resolved>();
  if (!fill(jvm, member, *fresh)) return nullptr;
  const std::unique_lock lock(mutex_);
  return members_.emplace(key, std::move(fresh)).first->second.get();
}

// The members of calls are the table's, which keeps them where they are.
const HotspotWorld::Resolved* HotspotWorld::resolved_before(const JavaMember& member) {
  const std::shared_lock lock(mutex_);
  const auto known = known_.find(&member);
  return known == known_.end() ? nullptr : known->second;
}

bool HotspotWorld::has(const JavaMember& member) {
  const InHotspot jvm;
  return resolve(jvm, member) != nullptr;
}

jobject HotspotWorld::receiver_for(const InHotspot& jvm, JavaReference receiver,
                                   const Resolved& resolved, const JavaMember& member) {
  const auto object = checked(jvm, receiver);
  if (!object) return nullptr;
  if (*object != nullptr && jvm->IsInstanceOf(*object, resolved.owner) == JNI_TRUE) return *object;
  refuse("uses " + member.text() + " of an object that has none");
  return nullptr;
}

std::optional<std::vector<jvalue>> HotspotWorld::arguments_for(
    const InHotspot& jvm, const Resolved& resolved, std::span<const JavaValue> arguments) {
  if (arguments.size() != resolved.parameters.size()) {
    refuse("calls a Java method with a number of arguments that is not its own");
    return std::nullopt;
  }
  std::vector<jvalue> out(arguments.size() + 1);
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].type == 'L' && !checked(jvm, arguments[i].bits)) return std::nullopt;
    out[i].j = static_cast<jlong>(arguments[i].bits);
  }
  return out;
}

// ---- calls and fields ----

const HotspotWorld::Resolved* HotspotWorld::resolve_for_call(const InHotspot& jvm,
                                                             const JavaMember& method) {
  const Resolved* resolved = resolved_before(method);
  if (resolved != nullptr) return resolved;
  resolved = resolve(jvm, method);
  if (resolved == nullptr) return nullptr;
  const std::unique_lock lock(mutex_);
  known_[&method] = resolved;
  return resolved;
}

JavaValue HotspotWorld::call(JavaReference receiver, const JavaMember& method,
                             std::span<const JavaValue> arguments) {
  if (const JavaMember* const ours = library_loading(method))
    return call_version(receiver, *ours, arguments, false);
  return call_version(receiver, method, arguments, false);
}

JavaValue HotspotWorld::call_nonvirtual(JavaReference receiver, const JavaMember& method,
                                        std::span<const JavaValue> arguments) {
  return call_version(receiver, method, arguments, true);
}

JavaValue HotspotWorld::call_version(JavaReference receiver, const JavaMember& method,
                                     std::span<const JavaValue> arguments, bool of_class) {
  const InHotspot jvm;
  if (jvm->ExceptionCheck() == JNI_TRUE) return {};
  const Resolved* const resolved = resolve_for_call(jvm, method);
  if (resolved == nullptr) return {};
  const auto values = arguments_for(jvm, *resolved, arguments);
  if (!values) return {};
  const bool constructor = method.name == "<init>";
  if (constructor && !of_class && checked(jvm, receiver) &&
      jvm->IsSameObject(reinterpret_cast<jobject>(receiver), resolved->owner) == JNI_TRUE)
    return JavaValue::reference(
        reference_of(jvm->NewObjectA(resolved->owner, resolved->method, values->data())));
  jobject object = nullptr;
  if (!method.is_static) {
    object = receiver_for(jvm, receiver, *resolved, method);
    if (object == nullptr) return {};
  }
  return with_type(resolved->result, [&](auto type) -> JavaValue {
    using Type = decltype(type);
    const jvalue* const all = values->data();
    if (resolved->result == 'V') {
      if (method.is_static) {
        jvm->CallStaticVoidMethodA(resolved->owner, resolved->method, all);
      } else if (of_class || constructor) {
        jvm->CallNonvirtualVoidMethodA(object, resolved->owner, resolved->method, all);
      } else {
        jvm->CallVoidMethodA(object, resolved->method, all);
      }
      return {};
    }
    if (method.is_static)
      return {resolved->result,
              bits_of((jvm.get()->*Type::kCallStatic)(resolved->owner, resolved->method, all))};
    if (of_class)
      return {resolved->result, bits_of((jvm.get()->*Type::kCallNonvirtual)(
                                    object, resolved->owner, resolved->method, all))};
    return {resolved->result, bits_of((jvm.get()->*Type::kCall)(object, resolved->method, all))};
  });
}

JavaValue HotspotWorld::get(JavaReference receiver, const JavaMember& field) {
  const InHotspot jvm;
  const Resolved* const resolved = resolve(jvm, field);
  if (resolved == nullptr) return {};
  jobject object = nullptr;
  if (!field.is_static) {
    object = receiver_for(jvm, receiver, *resolved, field);
    if (object == nullptr) return {};
  }
  return with_type(resolved->result, [&](auto type) -> JavaValue {
    using Type = decltype(type);
    const auto value = field.is_static
                           ? (jvm.get()->*Type::kGetStatic)(resolved->owner, resolved->field)
                           : (jvm.get()->*Type::kGet)(object, resolved->field);
    return {resolved->result, bits_of(value)};
  });
}

void HotspotWorld::set(JavaReference receiver, const JavaMember& field, const JavaValue& value) {
  const InHotspot jvm;
  const Resolved* const resolved = resolve(jvm, field);
  if (resolved == nullptr || (resolved->result == 'L' && !checked(jvm, value.bits))) return;
  jobject object = nullptr;
  if (!field.is_static) {
    object = receiver_for(jvm, receiver, *resolved, field);
    if (object == nullptr) return;
  }
  with_type(resolved->result, [&](auto type) {
    using Type = decltype(type);
    const auto bits = from_bits<typename Type::Value>(value.bits);
    if (field.is_static) {
      (jvm.get()->*Type::kSetStatic)(resolved->owner, resolved->field, bits);
    } else {
      (jvm.get()->*Type::kSet)(object, resolved->field, bits);
    }
    return 0;
  });
}

void HotspotWorld::register_native(const guest::RegisteredNative& native) {
  const guest::OthersRun others;
  registrar_(native);
}

}  // namespace dl::jvm
