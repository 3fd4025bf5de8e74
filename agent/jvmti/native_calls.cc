// SPDX-License-Identifier: Apache-2.0
// The function of each thunk, and what happens around it.
#include "native_calls.h"

#include <dlfcn.h>

#include <array>
#include <atomic>

#include "call_recorder.h"
#include "loaded_libraries.h"
#include "platform_classes.h"

namespace dl::jvmti {
namespace {

constexpr jint kNativeModifier = 0x100;

// Read by thunks without a lock; written once each, before the thunk is handed out.
std::array<std::atomic<WatchedMethod*>, kThunks> watched;
CallJournal* journal_of_thunks = nullptr;

std::string owned_text(jvmtiEnv* tools, char* text) {
  std::string out = text == nullptr ? "" : text;
  tools->Deallocate(reinterpret_cast<unsigned char*>(text));
  return out;
}

}  // namespace

std::optional<MethodName> method_name(jmethodID method) {
  jvmtiEnv* const tools = java_access().tools;
  MethodName out;
  char* name = nullptr;
  char* descriptor = nullptr;
  if (tools->GetMethodName(method, &name, &descriptor, nullptr) != JVMTI_ERROR_NONE)
    return std::nullopt;
  out.method = owned_text(tools, name);
  out.descriptor = owned_text(tools, descriptor);
  jclass klass = nullptr;
  jint modifiers = 0;
  if (tools->GetMethodDeclaringClass(method, &klass) != JVMTI_ERROR_NONE) return std::nullopt;
  out.klass = class_signature(klass);
  if (out.klass.starts_with('L')) out.klass = out.klass.substr(1, out.klass.size() - 2);
  out.is_platform = is_platform_class(klass);
  out.is_native = tools->GetMethodModifiers(method, &modifiers) == JVMTI_ERROR_NONE &&
                  (modifiers & kNativeModifier) != 0;
  return out;
}

NativeCalls::NativeCalls(CallJournal& journal, const WatchRules& rules, std::string prefix)
    : journal_(journal), rules_(rules), prefix_(std::move(prefix)) {
  journal_of_thunks = &journal;
  set_native_called(&NativeCalls::called);
}

void NativeCalls::called(std::uint32_t number, NativeFrame* frame) {
  WatchedMethod& method = *watched[number].load(std::memory_order_acquire);
  auto* const env = reinterpret_cast<JNIEnv*>(static_cast<std::uintptr_t>(frame->integers[0]));
  const auto arguments = [&](std::size_t i) { return method.layout.places[i].value(*frame); };
  RecordedCall call(*journal_of_thunks, method, env, arguments);
  invoke_native(method.function, frame, method.layout.stack_words);
  const char letter = method.signature.result.letter;
  const bool floats = letter == 'F' || letter == 'D';
  call.leave(arguments, floats ? frame->vector_result : frame->result);
}

void* NativeCalls::bind(jmethodID method, void* function) {
  auto name = method_name(method);
  if (!name || !journal_.open()) return nullptr;
  name->is_native = true;
  if (!prefix_.empty() && name->method.starts_with(prefix_)) name->method.erase(0, prefix_.size());
  auto selected = rules_.select(*name);
  return selected == nullptr ? nullptr : thunk_for(std::move(selected), function);
}

void* NativeCalls::thunk_for(std::unique_ptr<WatchedMethod> method, void* function) {
  const std::scoped_lock lock(mutex_);
  const std::string text = selector_text(method->name);
  // A thunk of ours in front of a function that was replaced already would record twice.
  const auto* const first = static_cast<const char*>(thunk_code(0));
  const auto* const last = static_cast<const char*>(thunk_code(kThunks));
  if (function >= first && function < last) return nullptr;
  const auto known = bound_.find({text, function});
  if (known != bound_.end()) return thunk_code(known->second);
  const auto number = static_cast<std::uint32_t>(bound_.size());
  if (number >= kThunks) {
    journal_.tell(TraceNote{TraceLevel::kWarning, text,
                            "calls are not recorded: too many native methods are watched"});
    return nullptr;
  }
  tell_native(method->name, function);
  const auto [defined, fresh] =
      methods_.emplace(text, static_cast<std::uint32_t>(methods_.size() + 1));
  method->id = defined->second;
  method->function = function;
  if (fresh)
    journal_.tell(TraceMethod{method->id, TraceMethodKind::kJni, text, kNoTraceModule, 0,
                              method->name.descriptor});
  bound_.emplace(std::pair(text, function), number);
  watched[number].store(method.release(), std::memory_order_release);
  return thunk_code(number);
}

std::uint32_t NativeCalls::define(const WatchedMethod& method, TraceMethodKind kind) {
  return define(selector_text(method.name), kind, method.name.descriptor);
}

std::uint32_t NativeCalls::define(const std::string& name, TraceMethodKind kind,
                                  const std::string& signature) {
  const std::scoped_lock lock(mutex_);
  const auto [defined, fresh] =
      methods_.emplace(name, static_cast<std::uint32_t>(methods_.size() + 1));
  if (fresh) journal_.tell(TraceMethod{defined->second, kind, name, kNoTraceModule, 0, signature});
  return defined->second;
}

// Under the lock.
void NativeCalls::tell_native(const MethodName& name, void* function) {
  std::uint64_t offset = 0;
  const std::uint32_t module = module_of(function, offset);
  Dl_info symbol{};
  const bool exported = ::dladdr(function, &symbol) != 0 && symbol.dli_saddr == function &&
                        std::string_view(symbol.dli_sname).starts_with("Java_");
  journal_.tell(TraceNative{name.klass, name.method, name.descriptor, module, offset,
                            exported ? TraceRoute::kExport : TraceRoute::kRegisterNatives});
}

std::uint32_t NativeCalls::module_of(const void* address, std::uint64_t& offset) {
  const auto library = library_at(address);
  offset = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(address));
  if (!library) return kNoTraceModule;
  offset -= library->base;
  const auto [known, fresh] =
      modules_.emplace(reinterpret_cast<const void*>(static_cast<std::uintptr_t>(library->base)),
                       static_cast<std::uint32_t>(modules_.size() + 1));
  if (fresh)
    journal_.tell(TraceModule{known->second,
                              library->name,
                              {library->path},
                              library->build_id,
                              library->base,
                              library->size});
  return known->second;
}

void NativeCalls::rebind_loaded(JNIEnv* env) {
  jvmtiEnv* const tools = java_access().tools;
  jint count = 0;
  jclass* classes = nullptr;
  if (tools->GetLoadedClasses(&count, &classes) != JVMTI_ERROR_NONE) return;
  for (jint i = 0; i < count; ++i) {
    if (!is_platform_class(classes[i])) rebind_class(env, classes[i]);
    java_access().jni.DeleteLocalRef(env, classes[i]);
  }
  tools->Deallocate(reinterpret_cast<unsigned char*>(classes));
}

// HotSpot passes over a function that is registered again as it is, so the thunk is registered.
void NativeCalls::rebind_class(JNIEnv* env, jclass klass) {
  jvmtiEnv* const tools = java_access().tools;
  const jniNativeInterface& jni = java_access().jni;
  jint count = 0;
  jmethodID* methods = nullptr;
  if (tools->GetClassMethods(klass, &count, &methods) != JVMTI_ERROR_NONE) return;
  for (jint i = 0; i < count; ++i) {
    const auto name = method_name(methods[i]);
    if (!name || !name->is_native || rules_.select(*name) == nullptr) continue;
    void* const function = exported_native(name->klass, name->method, name->descriptor);
    if (function == nullptr) {
      journal_.tell(TraceNote{TraceLevel::kWarning, selector_text(*name),
                              "was bound before the agent came, if at all, and no library exports "
                              "it: its calls are seen only if it is registered again"});
      continue;
    }
    void* const thunk = bind(methods[i], function);
    if (thunk == nullptr) continue;
    JNINativeMethod again{const_cast<char*>(name->method.c_str()),
                          const_cast<char*>(name->descriptor.c_str()), thunk};
    jni.RegisterNatives(env, klass, &again, 1);
    if (jni.ExceptionCheck(env)) jni.ExceptionClear(env);
  }
  tools->Deallocate(reinterpret_cast<unsigned char*>(methods));
}

}  // namespace dl::jvmti
