// SPDX-License-Identifier: Apache-2.0
// Selectors against methods, by the language's own matcher.
#include "watched_method.h"

#include <algorithm>

#include "value_types.h"

namespace dl::jvmti {
namespace {

// A longer record has no room in a batch, and no reader keeps it.
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 30;

const ValueType* type_of(const JavaParameter& parameter) {
  const char letter = parameter.shape == ValueShape::kArray ? parameter.element : parameter.letter;
  return value_type(parameter.type,
                    parameter.shape == ValueShape::kString ? "utf8" : element_dtype(letter));
}

// Whether a call of the method could hold the value, whatever its length.
bool could_hold(const Selector& selector, const JavaSignature& signature) {
  Selector any_length = selector;
  any_length.length.reset();
  for (std::size_t i = 0; i < signature.parameters.size(); ++i) {
    if (any_length.matches(PassedValue{signature.parameters[i].type, 0, static_cast<int>(i)}))
      return true;
  }
  return any_length.matches(PassedValue{signature.result.type, 0, kResultPlace});
}

}  // namespace

bool WatchedMethod::wants_this_call() {
  if (policy.calls == 0 && policy.every <= 1) return true;
  const std::uint64_t before = seen.fetch_add(1, std::memory_order_relaxed);
  if (policy.calls != 0 && before >= policy.calls) return false;
  return before % std::max<std::uint64_t>(policy.every, 1) == 0;
}

WatchRules::WatchRules(std::vector<CaptureRule> rules, std::uint64_t limit)
    : rules_(std::move(rules)) {
  for (CaptureRule& rule : rules_) {
    if (rule.policy.limit == 0) rule.policy.limit = limit;
    rule.policy.limit = std::min(rule.policy.limit, kMostBytes);
  }
}

const CaptureRule* WatchRules::rule_for(const MethodName& name,
                                        const JavaSignature& signature) const {
  const JavaMethodName asked{name.klass, name.method, name.descriptor, name.is_native};
  for (const CaptureRule& rule : rules_) {
    const Selector& selector = rule.selector;
    if (selector.kind == SelectorKind::kSignature) {
      if (name.is_native && !name.is_platform && could_hold(selector, signature)) return &rule;
      continue;
    }
    const bool open = selector.klass.head().empty();
    if (selector.matches(asked) && !(open && name.is_platform)) return &rule;
  }
  return nullptr;
}

std::unique_ptr<WatchedMethod> WatchRules::select(const MethodName& name) const {
  auto signature = parse_java_signature(name.descriptor);
  if (!signature) return nullptr;
  const CaptureRule* const rule = rule_for(name, *signature);
  if (rule == nullptr) return nullptr;
  auto out = std::make_unique<WatchedMethod>();
  out->name = name;
  out->layout = native_layout(*signature);
  out->policy = rule->policy;
  if (rule->selector.kind == SelectorKind::kSignature) out->by_value = rule->selector;
  for (const JavaParameter& each : signature->parameters) out->types.push_back(type_of(each));
  out->types.push_back(type_of(signature->result));
  out->signature = std::move(*signature);
  return out;
}

const CaptureRule* WatchRules::select_jni_function(std::string_view library,
                                                   std::string_view function) const {
  const NativeFunctionName asked{library, "", "", function, std::nullopt, true};
  for (const CaptureRule& rule : rules_) {
    if (rule.selector.matches(asked)) return &rule;
  }
  return nullptr;
}

bool WatchRules::watches_java() const {
  return std::any_of(rules_.begin(), rules_.end(), [](const CaptureRule& rule) {
    return rule.selector.kind == SelectorKind::kJava;
  });
}

bool WatchRules::watches_jni_functions() const {
  return std::any_of(rules_.begin(), rules_.end(), [](const CaptureRule& rule) {
    return rule.selector.kind == SelectorKind::kImport;
  });
}

std::string selector_text(const MethodName& name) {
  std::string out = print_selector(
      java_selector("L" + name.klass + ";", name.method, name.descriptor, name.is_native));
  if (out.size() > kMaxTraceTextBytes) out.resize(kMaxTraceTextBytes);
  return out;
}

}  // namespace dl::jvmti
