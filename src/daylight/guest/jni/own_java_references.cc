// SPDX-License-Identifier: Apache-2.0
// References, their frames, and the exception that is on its way: what each thread has of the
// objects.
#include <algorithm>
#include <utility>

#include "daylight/guest/jni/modified_utf8.h"
#include "daylight/guest/jni/own_java_object.h"

namespace dl::guest {
namespace {

constexpr std::uint64_t kReferenceBase = 0x7a0000000000;

std::string dotted(std::string name) {
  std::replace(name.begin(), name.end(), '/', '.');
  return name;
}

// What belongs to one host thread.
struct ThreadState {
  JavaReference pending = 0;  // a global reference
  std::vector<std::vector<JavaReference>> frames = {{}};
};

ThreadState& thread_state() {
  thread_local ThreadState state;
  return state;
}

}  // namespace

OwnJavaWorld::~OwnJavaWorld() { thread_state() = {}; }

// ---- references ----

OwnJavaWorld::ObjectPointer OwnJavaWorld::find(JavaReference reference) {
  if (reference == 0) return nullptr;
  const auto found = references_.find(reference);
  if (found != references_.end()) return found->second.first;
  machine_.raise(GuestFault::Kind::kArgument, "uses a Java reference that is none");
  return nullptr;
}

JavaReference OwnJavaWorld::add(const ObjectPointer& object, Strength strength) {
  if (object == nullptr) return 0;
  if (references_.size() >= kMaxJavaReferences) {
    machine_.raise(GuestFault::Kind::kAbort, "holds more Java references than the limit");
    return 0;
  }
  const JavaReference reference = kReferenceBase + 16 * next_reference_++;
  references_.emplace(reference, std::pair(object, strength));
  if (strength == Strength::kLocal) thread_state().frames.back().push_back(reference);
  return reference;
}

JavaReference OwnJavaWorld::refer(JavaReference object, Strength strength) {
  const EscapeLock lock(mutex_);
  return add(find(object), strength);
}

void OwnJavaWorld::forget(JavaReference reference) {
  const EscapeLock lock(mutex_);
  references_.erase(reference);
}

bool OwnJavaWorld::same(JavaReference a, JavaReference b) {
  const EscapeLock lock(mutex_);
  return find(a) == find(b);
}

JavaWorld::Strength OwnJavaWorld::strength_of(JavaReference reference) {
  const EscapeLock lock(mutex_);
  const auto found = references_.find(reference);
  return found == references_.end() ? Strength::kLocal : found->second.second;
}

void OwnJavaWorld::push_frame() { thread_state().frames.emplace_back(); }

JavaReference OwnJavaWorld::pop_frame(JavaReference kept) {
  const EscapeLock lock(mutex_);
  ThreadState& state = thread_state();
  const ObjectPointer object = kept == 0 ? nullptr : find(kept);
  if (state.frames.size() > 1) {
    for (const JavaReference reference : state.frames.back()) references_.erase(reference);
    state.frames.pop_back();
  }
  return add(object);
}

JavaHeld OwnJavaWorld::hold(JavaReference object) {
  const EscapeLock lock(mutex_);
  return object == 0 ? nullptr : find(object);
}

JavaReference OwnJavaWorld::refer(const JavaHeld& held) {
  const EscapeLock lock(mutex_);
  return add(std::static_pointer_cast<Object>(held));
}

// ---- exceptions ----

void OwnJavaWorld::raise(JavaReference exception) {
  const EscapeLock lock(mutex_);
  ThreadState& state = thread_state();
  if (state.pending != 0) references_.erase(state.pending);
  state.pending = add(find(exception), Strength::kGlobal);
}

void OwnJavaWorld::raise_new(const std::string& klass, const std::string& message) {
  const EscapeLock lock(mutex_);
  const JavaReference exception = new_object(klass);
  put_field(exception, "detailMessage", JavaValue::reference(new_text(message)));
  raise(exception);
}

JavaReference OwnJavaWorld::pending() {
  const EscapeLock lock(mutex_);
  const JavaReference held = thread_state().pending;
  return held == 0 ? 0 : add(find(held));
}

void OwnJavaWorld::clear() {
  const EscapeLock lock(mutex_);
  ThreadState& state = thread_state();
  if (state.pending != 0) references_.erase(state.pending);
  state.pending = 0;
}

std::string OwnJavaWorld::describe(JavaReference exception) {
  const EscapeLock lock(mutex_);
  const ObjectPointer found = find(exception);
  if (found == nullptr) return "";
  std::string out = dotted(found->klass);
  for (const char* const field : {"detailMessage", "<init>#0"}) {
    const auto message = found->objects.find(field);
    if (message == found->objects.end() || message->second == nullptr) continue;
    return out + ": " + to_modified_utf8(message->second->text);
  }
  return out;
}

}  // namespace dl::guest
