// SPDX-License-Identifier: Apache-2.0
// Native methods of Java classes: each that a rule selects gets a thunk in front of its function.
#pragma once

#include <jni.h>
#include <jvmti.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "call_journal.h"
#include "watched_method.h"

namespace dl::jvmti {

// One for the process; thunks run until its end. Thread safe.
class NativeCalls {
 public:
  // `prefix`: of methods that a rewriting pass renamed, or "".
  NativeCalls(CallJournal& journal, const WatchRules& rules, std::string prefix);

  // A native method gets its function: what the virtual machine is to call instead, or nullptr. The
  // same method bound to the same function gets the same thunk.
  void* bind(jmethodID method, void* function);
  // Methods of classes that were loaded before the agent came, as far as a library exports their
  // functions; a note says of each other one that its calls are not seen.
  void rebind_loaded(JNIEnv* env);
  // An id for a method that was told to the trace.
  std::uint32_t define(const WatchedMethod& method, TraceMethodKind kind);
  std::uint32_t define(const std::string& name, TraceMethodKind kind, const std::string& signature);

 private:
  static void called(std::uint32_t number, NativeFrame* frame);
  void* thunk_for(std::unique_ptr<WatchedMethod> method, void* function);
  void tell_native(const MethodName& name, void* function);
  std::uint32_t module_of(const void* address, std::uint64_t& offset);
  void rebind_class(JNIEnv* env, jclass klass);

  CallJournal& journal_;
  const WatchRules& rules_;
  const std::string prefix_;
  std::mutex mutex_;                                              // guards what follows
  std::map<std::pair<std::string, void*>, std::uint32_t> bound_;  // to thunks
  std::map<const void*, std::uint32_t> modules_;                  // by base
  std::map<std::string, std::uint32_t> methods_;
};

// The names of a method and its class; nothing in a phase in which they cannot be asked.
std::optional<MethodName> method_name(jmethodID method);

}  // namespace dl::jvmti
