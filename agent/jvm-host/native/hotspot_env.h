// SPDX-License-Identifier: Apache-2.0
// The virtual machine around us: its environment for each thread.
#pragma once

#include <jni.h>

#include <string>

#include "daylight/guest/memory/memory_escape.h"

namespace dl::jvm {

// Set once, before anything else here is used.
void set_virtual_machine(JavaVM* vm);

// This thread's environment. A thread that the virtual machine does not know (one of the guest's)
// becomes a daemon of it until it ends. Null where the machine refuses it.
JNIEnv* environment();

// While one lives, this thread runs the virtual machine's code: bad memory is its own business.
class InHotspot {
 public:
  InHotspot() : env_(environment()) {}
  JNIEnv* operator->() const { return env_; }
  JNIEnv* get() const { return env_; }

 private:
  guest::OthersRun others_;
  JNIEnv* env_;
};

// A text of Java's as UTF-8 is wanted nearly nowhere: this is modified UTF-8, as JNI has it. "" for
// null.
std::string modified_utf8_of(JNIEnv* env, jstring text);

// Leaves an exception of that class; where there is no such class, Java's own for that.
void throw_new(JNIEnv* env, const char* klass, const std::string& message);

// A global reference to a class of the Java library; null with an exception where there is none.
jclass library_class(JNIEnv* env, const char* name);

}  // namespace dl::jvm
