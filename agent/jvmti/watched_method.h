// SPDX-License-Identifier: Apache-2.0
// Methods that a rule selects, and what is copied of their calls.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "call_journal.h"
#include "daylight/artifact/selector.h"
#include "java_signature.h"

namespace dl::jvmti {

// A method as a class names it.
struct MethodName {
  std::string klass;  // "pkg/Class"
  std::string method;
  std::string descriptor;
  bool is_native = false;
  bool is_platform = false;  // of the virtual machine's own classes
};

// Immutable but for the count of calls.
struct WatchedMethod {
  std::uint32_t id = 0;
  MethodName name;
  JavaSignature signature;
  NativeLayout layout;
  std::vector<const ValueType*> types;  // of the parameters, then of the result
  void* function = nullptr;             // of a native method
  CapturePolicy policy;
  // `sig:`: at least one value must hold; the place and the length are asked of each call.
  std::optional<Selector> by_value;
  std::atomic<std::uint64_t> seen{0};

  // By the policy's `calls` and `every`; counts the call, which holds the value of a `sig:` rule.
  bool wants_this_call();
};

// The rules of one run. Thread safe.
class WatchRules {
 public:
  // `limit`: bytes of a buffer where a rule has none.
  WatchRules(std::vector<CaptureRule> rules, std::uint64_t limit);

  // The method with the first rule that selects it, without id and function; nullptr if none does,
  // or its descriptor is none. Rules for any class leave the platform's own classes out.
  std::unique_ptr<WatchedMethod> select(const MethodName& name) const;
  // Of a JNI function as an import of whatever library calls it; nullptr if no rule selects it.
  const CaptureRule* select_jni_function(std::string_view library, std::string_view function) const;

  // Whether any rule is of these kinds.
  bool watches_java() const;
  bool watches_jni_functions() const;

 private:
  const CaptureRule* rule_for(const MethodName& name, const JavaSignature& signature) const;

  std::vector<CaptureRule> rules_;
};

// "jni:pkg/Class;.method(...)..." as the trace names it.
std::string selector_text(const MethodName& name);

}  // namespace dl::jvmti
