// SPDX-License-Identifier: Apache-2.0
// Constant propagation over an app's DEX code, across methods and fields: what reaches its models,
// and what becomes of their answers.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/base/log.h"
#include "daylight/format/format_gap.h"
#include "daylight/program/code/app_code.h"
#include "daylight/program/dex_flow/dex_flow_graph.h"

namespace dl::program {

// How far the interpreter goes. Beyond a limit values become unknown, and a gap says so.
struct FlowLimits {
  int call_depth = 40;                     // nested calls
  std::uint64_t steps_per_entry = 300000;  // instructions from one entry point
  std::uint64_t steps = 3000000;           // instructions in all
  std::size_t entries = 96;                // methods where interpretation starts
  int unroll = 12;  // iterations that are run one by one before a loop is summarised
};

// One run of a model.
struct FlowRun {
  std::uint32_t id = 0;
  std::string api;                // canonical name of the call
  NodeId interpreter = kNoNode;   // what the interpreter was made from: a call of its constructor
  std::vector<NodeId> inputs;     // content of each input at that moment
  std::vector<bool> input_given;  // false where a map of inputs was not understood
  std::uint32_t outputs = 0;
  SiteId site = kNoSite;
  MethodId entry = kNoId;  // where interpretation started
};

// A value handed to something that shows, stores or sends it.
struct FlowSink {
  std::string api;           // android.widget.TextView.setText
  std::vector<NodeId> args;  // without the receiver
  SiteId site = kNoSite;
  MethodId entry = kNoId;
  // Conditions of the branches around it, innermost first, also of the methods that led here: all
  // hold where it happens. Empty also where it was reached in several ways.
  std::vector<NodeId> guards;
  bool several_ways = false;
};

// A value that left a method where interpretation started, or was kept in a field.
struct FlowKept {
  std::string where;  // the method's or field's text
  bool returned = false;
  NodeId value = kNoNode;
  SiteId site = kNoSite;
  MethodId entry = kNoId;
};

struct FlowResult {
  std::unique_ptr<FlowGraph> graph;
  std::vector<FlowRun>
      runs;  // in order; FlowNode kOutput refers to FlowRun::id, which is the index here
  std::vector<FlowSink> sinks;
  std::vector<FlowKept> kept;
  std::vector<FormatGap> gaps;
  std::uint64_t steps = 0;
  std::size_t entries = 0;
};

// Width or height of a bitmap as far as the calls that made it tell; else the call of its
// getWidth() or getHeight(), which is one node wherever it is asked.
NodeId flow_bitmap_side(FlowGraph& graph, NodeId bitmap, bool width);

// Interprets every method that may lead to a run of a model, from the outermost callers that the
// app has. `code` must be of `app`. Ends within `limits` on any input; deterministic.
FlowResult analyse_flow(const AppCode& code, const FlowLimits& limits, LogSink& log);

}  // namespace dl::program
