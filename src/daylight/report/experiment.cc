// SPDX-License-Identifier: Apache-2.0
// The exchange of the resize kernel, read from the provenance of the predictions.
#include "daylight/report/experiment.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

#include "daylight/base/text.h"

namespace dl {
namespace {

std::string text_of(const Json& object, const char* key) {
  if (!object.is_object() || !object.contains(key) || !object[key].is_string()) return "";
  return object[key].get<std::string>();
}

// The steps of a path that were replayed: with face crops those behind the last crop.
std::vector<const Step*> replayed_part(std::vector<const Step*> path, bool face_crops) {
  if (!face_crops) return path;
  const auto crop = std::find_if(path.rbegin(), path.rend(),
                                 [](const Step* step) { return step->op == "face-crop"; });
  if (crop != path.rend()) path.erase(path.begin(), crop.base());
  return path;
}

}  // namespace

KernelExchange kernel_exchange(const ReportInputs& inputs) {
  KernelExchange exchange;
  if (inputs.pipeline == nullptr || inputs.predictions == nullptr ||
      !inputs.predictions->provenance) {
    return exchange;
  }
  const Json& options = inputs.predictions->provenance->options;
  exchange.kernel = text_of(options, "resize_kernel");
  if (exchange.kernel.empty()) return exchange;
  const bool face_crops = text_of(options, "samples_are") == "face-crops";
  for (const Head& head : inputs.pipeline->heads) {
    const auto path = path_to(*inputs.pipeline, head.sink);
    if (!path) continue;
    for (const Step* step : replayed_part(*path, face_crops)) {
      if (step->op != "resize") continue;
      const std::string own = text_of(step->params, "kernel");
      if (own != exchange.kernel) exchange.own.emplace(step->id, own);
    }
  }
  return exchange;
}

Json replayed_params(const Step& step, const KernelExchange& exchange) {
  Json params = step.params;
  if (exchange.concerns(step) && params.is_object()) params["kernel"] = exchange.kernel;
  return params;
}

std::string experiment_sentence(const KernelExchange& exchange) {
  if (exchange.none()) return "";
  std::set<std::string> kernels;
  for (const auto& [step, own] : exchange.own) {
    kernels.insert(own.empty() ? "its own kernel" : printable(own));
  }
  return fmt::format(
      "The answers come from an experiment, not from the app as it is: every resize was replayed "
      "by {}, which --resize-kernel asked for, instead of {}.",
      printable(exchange.kernel),
      join(std::vector<std::string>(kernels.begin(), kernels.end()), ", "));
}

}  // namespace dl
