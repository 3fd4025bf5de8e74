// SPDX-License-Identifier: Apache-2.0
// The first library that the virtual machine loads. The translator's static initialiser takes
// SIGSEGV over the moment that its library is loaded; so this one, which links nothing, notes whose
// the signals are before, and then loads the rest.
#include <dlfcn.h>
#include <jni.h>

#include <csignal>
#include <cstdio>
#include <string>

namespace {

// "LIBRARY,CONFIGURATION": both are paths.
using Start = jint (*)(JavaVM*, const char*, const struct sigaction*, const struct sigaction*);

jint refuse(const char* why) {
  std::fprintf(stderr, "daylight jvm-host: %s\n", why);
  return JNI_ERR;
}

}  // namespace

extern "C" JNIEXPORT jint JNICALL Agent_OnLoad(JavaVM* vm, char* options, void* /*reserved*/) {
  const std::string words = options == nullptr ? "" : options;
  const std::size_t comma = words.find(',');
  if (comma == std::string::npos) return refuse("wants LIBRARY,CONFIGURATION");
  struct sigaction segv = {};
  struct sigaction bus = {};
  sigaction(SIGSEGV, nullptr, &segv);
  sigaction(SIGBUS, nullptr, &bus);
  void* const library = dlopen(words.substr(0, comma).c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return refuse(dlerror());
  const auto start = reinterpret_cast<Start>(dlsym(library, "daylight_jvm_start"));
  if (start == nullptr) return refuse(dlerror());
  return start(vm, words.c_str() + comma + 1, &segv, &bus);
}
