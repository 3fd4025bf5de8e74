// SPDX-License-Identifier: Apache-2.0
// The table of JNI functions: those that pass bytes between Java and native code, with the bytes.
#pragma once

#include <jni.h>
#include <jvmti.h>

#include "call_journal.h"
#include "native_calls.h"
#include "watched_method.h"

namespace dl::jvmti {

// Replaces them if a rule watches any (`import:lib.so!GetFloatArrayElements`). The library of a
// rule is the one that calls; a rule for any library leaves the virtual machine's own out.
void install_jni_functions(JNIEnv* env, jvmtiEnv* tools, CallJournal& journal,
                           const WatchRules& rules, NativeCalls& natives);

}  // namespace dl::jvmti
