// SPDX-License-Identifier: Apache-2.0
// probe_plan.json: which methods and exports a capture agent hooks, and with which of the app's own
// constants it may enter.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daylight/artifact/evidence.h"
#include "daylight/artifact/provenance.h"
#include "daylight/artifact/selector.h"

namespace dl {

// What a watched value answers, where a recipe knows it.
struct ProbeHead {
  std::string name;
  std::string kind;                 // classes|score|number|text
  std::vector<std::string> labels;  // of classes, in order; may be empty
  std::optional<double> low;        // range of the values
  std::optional<double> high;

  friend bool operator==(const ProbeHead&, const ProbeHead&) = default;
};
Json to_json(const ProbeHead& head);
Result<ProbeHead> probe_head_from_json(const Json& json, const std::string& where);

// One thing to watch. The agents obey the plan and search nothing.
struct Probe {
  std::string id;
  std::string layer;     // java|native
  std::string selector;  // see selector.h; reading a plan refuses what is none
  std::string role;      // model-load|model-run|input|output|preprocess|entry
  // How to read each argument and the result: this|arg0|arg1|...|result =
  // tensor|bitmap|bytes|float-array|text|...
  std::vector<std::string> decode;
  std::uint64_t max_bytes = 0;  // of one buffer
  std::uint64_t max_calls = 0;
  std::vector<std::string> why;  // ids of calls, models, tasks in the inventory; "recipe:ID"
  std::vector<ProbeHead> heads = {};
};

// One argument of an entry point; `constant` is filled where the app's own call sites pass one.
// NOLINTNEXTLINE(bugprone-exception-escape): moving a Json does not throw
struct EntryArgument {
  std::string type;
  bool has_constant = false;
  Json constant = nullptr;
};

struct Entry {
  std::string klass;  // "class" in JSON
  std::string method;
  std::string descriptor;
  std::string receiver;  // static|new|app-provided
  std::vector<EntryArgument> args;
  std::vector<std::string> why;
  std::string kind = "picture";  // picture: takes one; result: receives an answer
};

struct ProbePlan {
  Provenance provenance;
  std::vector<Probe> probes;
  std::vector<Entry> entries;
  std::vector<Gap> gaps;
};

Json to_json(const ProbePlan& plan);
Result<ProbePlan> probe_plan_from_json(const Json& json, const std::string& where);

// What a source of calls does for the probe: it copies what is read by its `decode`, within its
// limits. Of several lengths the first one counts. kCorrupt where the selector or a rule is none.
Result<CaptureRule> capture_rule_of(const Probe& probe);

}  // namespace dl
