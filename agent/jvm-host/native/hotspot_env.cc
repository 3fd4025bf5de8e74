// SPDX-License-Identifier: Apache-2.0
// One environment for each thread.
#include "native/hotspot_env.h"

namespace dl::jvm {
namespace {

JavaVM* machine = nullptr;

// A thread that we attached leaves the virtual machine when it ends.
struct Attached {
  JNIEnv* env = nullptr;
  bool ours = false;
  ~Attached() {
    if (ours) machine->DetachCurrentThread();
  }
};
thread_local Attached attached;

}  // namespace

void set_virtual_machine(JavaVM* vm) { machine = vm; }

JNIEnv* environment() {
  if (attached.env != nullptr) return attached.env;
  void* env = nullptr;
  if (machine->GetEnv(&env, JNI_VERSION_1_8) != JNI_OK) {
    if (machine->AttachCurrentThreadAsDaemon(&env, nullptr) != JNI_OK) return nullptr;
    attached.ours = true;
  }
  attached.env = static_cast<JNIEnv*>(env);
  return attached.env;
}

std::string modified_utf8_of(JNIEnv* env, jstring text) {
  if (text == nullptr) return "";
  const char* const bytes = env->GetStringUTFChars(text, nullptr);
  if (bytes == nullptr) return "";
  std::string out = bytes;
  env->ReleaseStringUTFChars(text, bytes);
  return out;
}

void throw_new(JNIEnv* env, const char* klass, const std::string& message) {
  const jclass found = env->FindClass(klass);
  if (found == nullptr) return;
  env->ThrowNew(found, message.c_str());
  env->DeleteLocalRef(found);
}

jclass library_class(JNIEnv* env, const char* name) {
  const jclass local = env->FindClass(name);
  if (local == nullptr) return nullptr;
  const auto global = static_cast<jclass>(env->NewGlobalRef(local));
  env->DeleteLocalRef(local);
  return global;
}

}  // namespace dl::jvm
