// SPDX-License-Identifier: Apache-2.0
// What the replay did otherwise than the app because its user asked for it: an experiment is never
// told as the app.
#pragma once

#include <map>
#include <string>

#include "daylight/report/reporter.h"

namespace dl {

// The kernel by which every resize was replayed, and the steps where that is not the app's own.
struct KernelExchange {
  std::string kernel;                      // of --resize-kernel
  std::map<std::string, std::string> own;  // id of the step -> the app's kernel there

  bool none() const { return own.empty(); }
  bool concerns(const Step& step) const { return own.find(step.id) != own.end(); }
};

// From the options that the predictions were made with. None where the inputs have no pipeline, no
// predictions of a replay, or no resize on the way to an answer that has another kernel. Steps
// that the replay left out (samples are face crops) are not among them.
KernelExchange kernel_exchange(const ReportInputs& inputs);

// The step's parameters as they were replayed.
Json replayed_params(const Step& step, const KernelExchange& exchange);

// "The answers come from an experiment ..."; empty without one.
std::string experiment_sentence(const KernelExchange& exchange);

}  // namespace dl
