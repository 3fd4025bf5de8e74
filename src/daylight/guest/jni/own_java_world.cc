// SPDX-License-Identifier: Apache-2.0
// Objects, their fields and methods, and what native code wanted.
#include "daylight/guest/jni/own_java_world.h"

#include <utility>

#include "daylight/guest/jni/own_java_object.h"

namespace dl::guest {
namespace {

constexpr int kMaxHierarchy = 64;

}  // namespace

OwnJavaWorld::OwnJavaWorld(GuestMachine& machine, const ClassHierarchy* hierarchy)
    : machine_(machine), hierarchy_(hierarchy) {}

// ---- objects ----

JavaReference OwnJavaWorld::new_object(const std::string& klass) {
  const EscapeLock lock(mutex_);
  auto object = std::make_shared<Object>();
  object->klass = klass;
  return add(object);
}

JavaReference OwnJavaWorld::allocate(JavaReference klass) {
  const std::string name = name_of(klass);
  return name.empty() ? 0 : new_object(name);
}

std::string OwnJavaWorld::class_name(JavaReference object) {
  const EscapeLock lock(mutex_);
  const ObjectPointer found = find(object);
  return found == nullptr ? std::string() : found->klass;
}

void OwnJavaWorld::handle(const std::string& method, JavaHandler handler) {
  const EscapeLock lock(mutex_);
  handlers_.insert_or_assign(method, std::move(handler));
}

const JavaHandler* OwnJavaWorld::handler_for(const JavaMember& method) const {
  JavaMember asked = method;
  for (int i = 0; i < kMaxHierarchy && !asked.owner.empty(); ++i) {
    const auto found = handlers_.find(asked.text());
    if (found != handlers_.end()) return &found->second;
    if (method.name == "<init>") return nullptr;
    asked.owner = super_of(asked.owner);
  }
  return nullptr;
}

// As Java chooses: what the receiver's own class answers goes before the class that was named.
const JavaHandler* OwnJavaWorld::virtual_handler(JavaReference receiver, const JavaMember& method) {
  if (!method.is_static && method.name != "<init>") {
    const ObjectPointer object = find(receiver);
    if (object != nullptr && object->klass != method.owner) {
      JavaMember own = method;
      own.owner = object->klass;
      if (const JavaHandler* const handler = handler_for(own)) return handler;
    }
  }
  return handler_for(method);
}

std::optional<JavaValue> OwnJavaWorld::field(JavaReference object, const std::string& name) {
  const EscapeLock lock(mutex_);
  const ObjectPointer found = find(object);
  if (found == nullptr) return std::nullopt;
  const auto value = found->fields.find(name);
  if (value == found->fields.end()) return std::nullopt;
  if (value->second.type != 'L') return value->second;
  return JavaValue::reference(add(found->objects[name]));
}

std::shared_ptr<JavaState> OwnJavaWorld::state_of(JavaReference object) {
  const EscapeLock lock(mutex_);
  const ObjectPointer found = find(object);
  return found == nullptr ? nullptr : found->state;
}

void OwnJavaWorld::set_state(JavaReference object, std::shared_ptr<JavaState> state) {
  const EscapeLock lock(mutex_);
  if (const ObjectPointer found = find(object)) found->state = std::move(state);
}

std::uint32_t OwnJavaWorld::identity_of(JavaReference object) {
  const EscapeLock lock(mutex_);
  const ObjectPointer found = find(object);
  if (found == nullptr) return 0;
  if (found->identity == 0) found->identity = next_identity_++;
  return found->identity;
}

void OwnJavaWorld::note_gap(const std::string& what) {
  const EscapeLock lock(mutex_);
  note(what);
}

void OwnJavaWorld::note(const std::string& what) { ++gaps_[what]; }

// Zero, or an object that nobody made.
JavaValue OwnJavaWorld::made_up(const std::string& type, const std::string& why) {
  note(why);
  const char letter = type.empty() ? 'V' : type.front();
  if (letter == '[') {
    const char element = type.size() > 1 ? type[1] : 'B';
    return JavaValue::reference(new_array(element == '[' ? 'L' : element, 0, 0));
  }
  if (letter != 'L') return {letter, 0};
  const std::string name = type.substr(1, type.size() - 2);
  if (name == "java/lang/String") return JavaValue::reference(new_text(std::u16string_view()));
  return JavaValue::reference(new_object(name));
}

JavaValue OwnJavaWorld::call(JavaReference receiver, const JavaMember& method,
                             std::span<const JavaValue> arguments) {
  const EscapeLock lock(mutex_);
  const auto signature = parse_signature(method.signature);
  if (!signature) return {};
  if (const JavaHandler* const handler = virtual_handler(receiver, method)) {
    // What it answers is a reference of its own, also where it answers its receiver: callers give
    // it back.
    push_frame();
    JavaValue answer = (*handler)({*this, receiver, method, arguments});
    const bool reference = answer.type == 'L';
    const JavaReference kept = pop_frame(reference ? answer.bits : 0);
    return reference ? JavaValue::reference(kept) : answer;
  }
  if (method.name == "<init>") {
    // On a class: a new object; on an object: the constructor of a class above.
    const ObjectPointer found = find(receiver);
    const bool fresh = found != nullptr && !found->named.empty();
    const JavaReference object = fresh ? new_object(found->named) : receiver;
    const ObjectPointer made = find(object);
    if (made != nullptr) {
      for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string field = "<init>#" + std::to_string(i);
        made->fields[field] = arguments[i];
        if (arguments[i].type == 'L') made->objects[field] = find(arguments[i].bits);
      }
    }
    return JavaValue::reference(object);
  }
  return made_up(signature->result_type, method.text());
}

JavaValue OwnJavaWorld::get(JavaReference receiver, const JavaMember& field) {
  const EscapeLock lock(mutex_);
  const ObjectPointer found = find(receiver);
  if (found == nullptr) return {};
  const auto value = found->fields.find(field.name);
  if (value != found->fields.end()) {
    if (value->second.type != 'L') return value->second;
    return JavaValue::reference(add(found->objects[field.name]));
  }
  const JavaValue made = made_up(field.signature, field.text());
  found->fields[field.name] = made;
  if (made.type == 'L') found->objects[field.name] = find(made.bits);
  return made;
}

void OwnJavaWorld::set(JavaReference receiver, const JavaMember& field, const JavaValue& value) {
  put_field(receiver, field.name, value);
}

void OwnJavaWorld::put_field(JavaReference object, const std::string& field,
                             const JavaValue& value) {
  const EscapeLock lock(mutex_);
  const ObjectPointer found = find(object);
  if (found == nullptr) return;
  found->fields[field] = value;
  if (value.type == 'L') found->objects[field] = find(value.bits);
}

// ---- what it was told and asked ----

void OwnJavaWorld::register_native(const RegisteredNative& native) {
  const EscapeLock lock(mutex_);
  natives_.push_back(native);
}

std::vector<JavaGap> OwnJavaWorld::gaps() const {
  const EscapeLock lock(mutex_);
  std::vector<JavaGap> out;
  for (const auto& [what, times] : gaps_) out.push_back({what, times});
  return out;
}

std::vector<RegisteredNative> OwnJavaWorld::natives() const {
  const EscapeLock lock(mutex_);
  return natives_;
}

}  // namespace dl::guest
