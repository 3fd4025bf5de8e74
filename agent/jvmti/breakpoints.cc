// SPDX-License-Identifier: Apache-2.0
// Calls under way are a list of the thread; the depth of the stack says which of them ends.
#include "breakpoints.h"

#include <cstring>
#include <mutex>
#include <vector>

#include "call_recorder.h"
#include "platform_classes.h"

namespace dl::jvmti {
namespace {

constexpr jint kStaticModifier = 0x8;

// A call under way, recorded or not: its end is told in any case.
struct OpenCall {
  jmethodID method = nullptr;
  jint depth = 0;
  std::vector<std::uint64_t> arguments;
  std::vector<jobject> kept;  // global references among them
  std::unique_ptr<RecordedCall> call;
};
thread_local std::vector<OpenCall> open_calls;

template <typename T>
std::uint64_t bits_as(T value) {
  std::uint64_t out = 0;
  std::memcpy(&out, &value, sizeof value);
  return out;
}

std::uint64_t reference_bits(jobject object) {
  return static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(object));
}

// The parameter in this slot of the topmost frame; 0 where it cannot be had.
std::uint64_t local(jthread thread, char letter, jint slot) {
  jvmtiEnv* const tools = java_access().tools;
  switch (letter) {
    case 'L': {
      jobject out = nullptr;
      tools->GetLocalObject(thread, 0, slot, &out);
      return reference_bits(out);
    }
    case 'J': {
      jlong out = 0;
      tools->GetLocalLong(thread, 0, slot, &out);
      return bits_as(out);
    }
    case 'F': {
      jfloat out = 0;
      tools->GetLocalFloat(thread, 0, slot, &out);
      return bits_as(out);
    }
    case 'D': {
      jdouble out = 0;
      tools->GetLocalDouble(thread, 0, slot, &out);
      return bits_as(out);
    }
    default: {
      jint out = 0;
      tools->GetLocalInt(thread, 0, slot, &out);
      return static_cast<std::uint64_t>(static_cast<std::int64_t>(out));
    }
  }
}

std::vector<std::uint64_t> arguments_of(jthread thread, jmethodID method,
                                        const JavaSignature& signature) {
  jint modifiers = 0;
  java_access().tools->GetMethodModifiers(method, &modifiers);
  jint slot = (modifiers & kStaticModifier) != 0 ? 0 : 1;
  std::vector<std::uint64_t> out;
  for (const JavaParameter& parameter : signature.parameters) {
    out.push_back(local(thread, parameter.letter, slot));
    slot += parameter.letter == 'J' || parameter.letter == 'D' ? 2 : 1;
  }
  return out;
}

std::uint64_t result_bits(char letter, jvalue value) {
  switch (letter) {
    case 'L':
      return reference_bits(value.l);
    case 'Z':
      return value.z;
    case 'B':
      return bits_as(value.b);
    case 'C':
      return value.c;
    case 'S':
      return bits_as(value.s);
    case 'I':
      return bits_as(value.i);
    case 'F':
      return bits_as(value.f);
    default:
      return bits_as(value.j);
  }
}

// Arguments that are looked at again after the call.
void keep_references(JNIEnv* env, const WatchedMethod& method, OpenCall& call) {
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    if (method.signature.parameters[i].letter != 'L' || call.arguments[i] == 0) continue;
    auto* const object = reinterpret_cast<jobject>(static_cast<std::uintptr_t>(call.arguments[i]));
    jobject kept = method.policy.out ? java_access().jni.NewGlobalRef(env, object) : nullptr;
    call.arguments[i] = reference_bits(kept);
    if (kept != nullptr) call.kept.push_back(kept);
  }
}

void forget(JNIEnv* env, const OpenCall& call) {
  for (jobject each : call.kept) java_access().jni.DeleteGlobalRef(env, each);
}

void watch_ends(jthread thread, bool on) {
  java_access().tools->SetEventNotificationMode(on ? JVMTI_ENABLE : JVMTI_DISABLE,
                                                JVMTI_EVENT_METHOD_EXIT, thread);
}

}  // namespace

WatchedMethod* Breakpoints::watched(jmethodID method) const {
  const std::shared_lock lock(mutex_);
  const auto found = methods_.find(method);
  return found == methods_.end() ? nullptr : found->second.get();
}

void Breakpoints::look_at_loaded(JNIEnv* env) {
  if (!enabled_) return;
  jvmtiEnv* const tools = java_access().tools;
  jint count = 0;
  jclass* classes = nullptr;
  if (tools->GetLoadedClasses(&count, &classes) != JVMTI_ERROR_NONE) return;
  for (jint i = 0; i < count; ++i) {
    look_at(env, classes[i]);
    java_access().jni.DeleteLocalRef(env, classes[i]);
  }
  tools->Deallocate(reinterpret_cast<unsigned char*>(classes));
}

void Breakpoints::look_at(JNIEnv* /*env*/, jclass klass) {
  if (!enabled_ || !journal_.open()) return;
  jvmtiEnv* const tools = java_access().tools;
  jint count = 0;
  jmethodID* methods = nullptr;
  if (tools->GetClassMethods(klass, &count, &methods) != JVMTI_ERROR_NONE) return;
  for (jint i = 0; i < count; ++i) {
    const auto name = method_name(methods[i]);
    if (!name || name->is_native) continue;
    auto selected = rules_.select(*name);
    jlocation first = 0;
    jlocation last = 0;
    // An abstract method has no code.
    if (selected == nullptr ||
        tools->GetMethodLocation(methods[i], &first, &last) != JVMTI_ERROR_NONE || first < 0)
      continue;
    selected->id = natives_.define(*selected, TraceMethodKind::kJava);
    const std::string text = selector_text(*name);
    {
      const std::unique_lock lock(mutex_);
      if (!methods_.emplace(methods[i], std::move(selected)).second) continue;
    }
    const jvmtiError error = tools->SetBreakpoint(methods[i], first);
    if (error != JVMTI_ERROR_NONE)
      journal_.tell(
          TraceNote{TraceLevel::kWarning, text, "no breakpoint: error " + std::to_string(error)});
  }
  tools->Deallocate(reinterpret_cast<unsigned char*>(methods));
}

void Breakpoints::hit(JNIEnv* env, jthread thread, jmethodID method) {
  WatchedMethod* const known = watched(method);
  jint depth = 0;
  if (known == nullptr || !journal_.open() ||
      java_access().tools->GetFrameCount(thread, &depth) != JVMTI_ERROR_NONE)
    return;
  // A loop that comes back to the first instruction is no call.
  if (!open_calls.empty() && open_calls.back().depth == depth && open_calls.back().method == method)
    return;
  OpenCall call;
  call.method = method;
  call.depth = depth;
  call.arguments = arguments_of(thread, method, known->signature);
  call.call = std::make_unique<RecordedCall>(journal_, *known, env,
                                             [&call](std::size_t i) { return call.arguments[i]; });
  keep_references(env, *known, call);
  if (open_calls.empty()) watch_ends(thread, true);
  open_calls.push_back(std::move(call));
}

void Breakpoints::left(JNIEnv* env, jthread thread, jmethodID method, bool by_exception,
                       jvalue value) {
  if (open_calls.empty() || open_calls.back().method != method) return;
  jint depth = 0;
  if (java_access().tools->GetFrameCount(thread, &depth) != JVMTI_ERROR_NONE ||
      open_calls.back().depth != depth)
    return;
  OpenCall call = std::move(open_calls.back());
  open_calls.pop_back();
  const auto arguments = [&call](std::size_t i) { return call.arguments[i]; };
  if (by_exception) {
    call.call->leave_by_exception(arguments);
  } else if (const WatchedMethod* const known = watched(method)) {
    call.call->leave(arguments, result_bits(known->signature.result.letter, value));
  }
  forget(env, call);
  if (open_calls.empty()) watch_ends(thread, false);
}

}  // namespace dl::jvmti
