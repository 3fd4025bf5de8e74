// SPDX-License-Identifier: Apache-2.0
// Methods in Java code that a rule selects: a breakpoint at their first instruction, their
// arguments from the frame, their result from the event of their end.
#pragma once

#include <jni.h>
#include <jvmti.h>

#include <memory>
#include <shared_mutex>
#include <unordered_map>

#include "native_calls.h"
#include "watched_method.h"

namespace dl::jvmti {

// One for the process. Thread safe. Slow: tens of microseconds for each call; for a few methods.
class Breakpoints {
 public:
  Breakpoints(CallJournal& journal, const WatchRules& rules, NativeCalls& natives)
      : journal_(journal), rules_(rules), natives_(natives) {}

  // The virtual machine has what is needed; without this nothing is watched.
  void enable() { enabled_ = true; }
  // Sets breakpoints in classes that are there; in one class.
  void look_at_loaded(JNIEnv* env);
  void look_at(JNIEnv* env, jclass klass);

  // The events.
  void hit(JNIEnv* env, jthread thread, jmethodID method);
  void left(JNIEnv* env, jthread thread, jmethodID method, bool by_exception, jvalue value);

 private:
  WatchedMethod* watched(jmethodID method) const;

  CallJournal& journal_;
  const WatchRules& rules_;
  NativeCalls& natives_;
  bool enabled_ = false;
  mutable std::shared_mutex mutex_;
  std::unordered_map<jmethodID, std::unique_ptr<WatchedMethod>> methods_;
};

}  // namespace dl::jvmti
