// SPDX-License-Identifier: Apache-2.0
// Finds the half of the vocabulary that an op belongs to.
#include "daylight/replay/step_compiler.h"

#include "daylight/base/text.h"

namespace dl {

const char* to_string(ValueKind kind) {
  switch (kind) {
    case ValueKind::kFile:
      return "file";
    case ValueKind::kImage:
      return "image";
    case ValueKind::kTensor:
      return "tensor";
    case ValueKind::kOutputs:
      return "model outputs";
    case ValueKind::kScalar:
      return "scalar";
    case ValueKind::kLabel:
      return "label";
  }
  return "unknown";
}

Json to_json(const Substitution& substitution) {
  Json json = Json::object();
  json["step"] = substitution.step;
  json["by"] = substitution.by;
  json["proof"] = substitution.proof;
  json["why"] = substitution.why;
  return json;
}

Result<CompiledStep> compile_step(const StepParams& step, const ValueType& in,
                                  CompileContext& context) {
  CompiledStep compiled = TRY(steps::compile_image_step(step, in, context));
  if (!compiled.function) compiled = TRY(steps::compile_tensor_step(step, in, context));
  if (!compiled.function) {
    return step.refuse("replay does not know the op '" + printable(step.op()) + "'",
                       ErrorCode::kUnsupported);
  }
  return compiled;
}

}  // namespace dl
