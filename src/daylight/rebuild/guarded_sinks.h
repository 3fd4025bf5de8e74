// SPDX-License-Identifier: Apache-2.0
// What branches on a model's answer show, as one value with choices in it.
#pragma once

#include <vector>

#include "daylight/program/dex_flow/dex_flow.h"

namespace dl::rebuild {

// A value that stands for calls in several branches: `if (score > 0.5) show(a); else show(b);` is
// (score > 0.5 ? a : b), and null where a branch shows nothing.
struct GuardedValue {
  program::NodeId value = program::kNoNode;
  const program::FlowSink* sink = nullptr;  // the first of the calls
};

// Of calls that people see (no logs), those that happen only under conditions on model outputs, put
// together by what is called and by their order in each branch. In order; `sinks` must outlive the
// result.
std::vector<GuardedValue> guarded_values(program::FlowGraph& graph,
                                         const std::vector<program::FlowSink>& sinks);

}  // namespace dl::rebuild
