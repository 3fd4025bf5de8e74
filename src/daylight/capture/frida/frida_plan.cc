// SPDX-License-Identifier: Apache-2.0
// Rules → hooks: names as literal parts, lengths as trees.
#include "daylight/capture/frida/frida_plan.h"

#include <fmt/format.h>

#include <utility>

namespace dl::capture {
namespace {

using Kind = LengthExpression::Kind;

// Nothing says which arguments of a function without a signature are addresses: as many as travel
// in registers everywhere are looked at.
constexpr int kGuessedArguments = 6;
constexpr std::uint64_t kGuessedText = 4096;

Json length_tree(const LengthExpression& length) {
  std::vector<Json> stack;
  for (const auto& step : length.steps()) {
    if (step.kind == Kind::kNumber) {
      stack.push_back({{"number", std::to_string(step.value)}});
    } else if (step.kind == Kind::kArgument) {
      stack.push_back({{"argument", step.value}});
    } else if (step.kind == Kind::kReturn) {
      stack.push_back({{"argument", -1}});
    } else {
      const char* const op = step.kind == Kind::kAdd        ? "+"
                             : step.kind == Kind::kSubtract ? "-"
                             : step.kind == Kind::kMultiply ? "*"
                                                            : "/";
      Json right = std::move(stack.back());
      stack.pop_back();
      stack.back() = Json{{"op", op}, {"left", std::move(stack.back())}, {"right", right}};
    }
  }
  return stack.back();
}

Json guessed_argument(int index, const CapturePolicy& policy) {
  const bool result = index < 0;
  Json out = {{"index", index},
              {"in", !result && policy.in},
              {"out", result ? policy.result : policy.out},
              {"guess", true}};
  if (policy.length) {
    out["length"] = length_tree(*policy.length);
  } else {
    out["text"] = true;
  }
  const std::uint64_t usual = policy.length ? 0 : kGuessedText;
  if (const std::uint64_t limit = policy.limit != 0 ? policy.limit : usual; limit != 0)
    out["limit"] = limit;
  return out;
}

Result<Json> hook_of(const CaptureRule& rule) {
  const Selector& selector = rule.selector;
  const std::string text = print_selector(selector);
  if (selector.kind != SelectorKind::kLibrary)
    return fail(ErrorCode::kUnsupported, "Frida's agent watches functions of libraries (so:)",
                text);
  if (!selector.pin.empty())
    return fail(ErrorCode::kUnsupported, "Frida's agent knows libraries by name alone", text,
                "leave the pin out if you know that the file is that one");
  Json find;
  if (selector.offset) {
    find = {{"offset", fmt::format("0x{:x}", *selector.offset)}};
  } else {
    find = {{"symbol", selector.symbol.parts()}};
  }
  Json arguments = Json::array();
  if (rule.policy.in || rule.policy.out)
    for (int i = 0; i < kGuessedArguments; ++i)
      arguments.push_back(guessed_argument(i, rule.policy));
  if (rule.policy.result) arguments.push_back(guessed_argument(-1, rule.policy));
  return Json{
      {"selector", text},       {"module", selector.library.parts()}, {"find", find},
      {"arguments", arguments}, {"calls", rule.policy.calls},         {"every", rule.policy.every}};
}

}  // namespace

std::vector<std::string> frida_recipes() { return {"onnxruntime", "tflite"}; }

Result<Json> frida_plan(const std::vector<CaptureRule>& rules,
                        const std::vector<std::string>& recipes) {
  Json hooks = Json::array();
  for (const CaptureRule& rule : rules) hooks.push_back(TRY(hook_of(rule)));
  return Json{{"hooks", hooks}, {"recipes", recipes}};
}

}  // namespace dl::capture
