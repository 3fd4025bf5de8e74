// SPDX-License-Identifier: Apache-2.0
// From one value back to the model's output: scales, elements, comparisons, the label of the
// highest score.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daylight/artifact/inventory.h"
#include "daylight/format/package/arsc.h"
#include "daylight/program/dex_flow/dex_flow_graph.h"
#include "daylight/rebuild/code_evidence.h"
#include "daylight/rebuild/pipeline_draft.h"
#include "daylight/rebuild/score_reading.h"

namespace dl::rebuild {

// Limits on a number that choose what is shown, as params.thresholds of a sink has them
// (docs/formats/pipeline.md).
struct ShownThreshold {
  std::vector<double> values;  // rising
  bool ties_above = false;     // a number equal to a limit counts as above it
  std::vector<Json> shown;     // one more than values, from below the first limit up
  std::string rounding;        // truncated, rounded: to an integer, before it is compared
  std::vector<Evidence> evidence;
};

// One answer: which run it comes from and what is done to it, from the output on. Without the sink.
struct AnswerReading {
  std::uint32_t run = 0;
  std::vector<DraftStep> steps;
  // scalar, label; scores where it was not understood; best-score: the score that belongs to the
  // label of the highest one. With `threshold`: the number that is compared, scalar or best-score.
  std::string kind;
  std::vector<std::string> labels;          // in output order, where the answer is a label
  std::string label_asset;                  // the asset file that the labels come from, if they do
  std::string caption;                      // constant text right before it in what is shown
  bool integer = false;                     // shown as an integer
  bool nearest = false;                     // which is the nearest one, else the fraction is cut
  std::vector<Evidence> shown;              // what makes it one
  std::optional<ShownThreshold> threshold;  // what it chooses, where it is not shown itself
  std::string why;                          // what was not understood; then steps end before it

  // An answer that a head can stand for by itself.
  bool stands_alone() const { return why.empty() && kind != "best-score" && !threshold; }
};

// What readers of values look at. What it refers to must outlive it.
struct AnswerSources {
  program::FlowGraph& graph;
  const std::vector<const ModelRecord*>& models;  // by run, for output shapes; null: not known
  const CodeEvidence& evidence;
  const ResourceTable* resources = nullptr;  // null where the app has none
};

// Remembers what it read. Not thread safe.
class ValueReader {
 public:
  explicit ValueReader(const AnswerSources& sources)
      : graph_(sources.graph),
        models_(sources.models),
        evidence_(sources.evidence),
        resources_(sources.resources),
        argmaxes_(sources.graph) {}

  // Fills run, kind, labels of `answer` and appends the steps from the output to this value, in
  // order. False where it was not understood; then both may be half written.
  bool read(program::NodeId value, AnswerReading& answer, std::vector<DraftStep>& steps);
  // The same for a value that is shown: rounding to an integer at its end is no step.
  bool read_rounded(program::NodeId value, AnswerReading& answer, std::vector<DraftStep>& steps);
  // The texts of `container` (an array or list) by the place of the highest score. Empty where they
  // are no constants; then answer.label_asset names the file that they come from, if one does.
  std::vector<std::string> labels_in(program::NodeId container, const Argmax& argmax,
                                     AnswerReading& answer);
  // Steps to the label of the highest score. `value`: what says so.
  bool add_argmax(const Argmax& argmax, program::NodeId value, std::vector<std::string> labels,
                  AnswerReading& answer, std::vector<DraftStep>& steps);

 private:
  DraftStep make(std::string op, Json params, program::NodeId node, const char* rule);
  bool read_value(program::NodeId value, AnswerReading& answer, std::vector<DraftStep>& steps,
                  int depth);
  bool read_scale(program::NodeId value, const program::FlowNode& node, AnswerReading& answer,
                  std::vector<DraftStep>& steps, int depth);
  bool read_clamp(program::NodeId value, const program::FlowNode& node, AnswerReading& answer,
                  std::vector<DraftStep>& steps, int depth);
  const TensorInfo* output_of(const OutputPlace& place) const;
  DraftStep output_step(const OutputPlace& place);
  std::optional<std::vector<std::int64_t>> constant_path(const OutputPlace& place);
  bool read_element(program::NodeId value, AnswerReading& answer, std::vector<DraftStep>& steps);
  bool read_label(program::NodeId value, AnswerReading& answer, std::vector<DraftStep>& steps);
  bool read_best_score(program::NodeId value, AnswerReading& answer, std::vector<DraftStep>& steps);
  std::int64_t count_of(const Argmax& argmax) const;
  std::string asset_in(program::NodeId container) const;
  std::optional<std::string> label_text(program::NodeId value) const;
  bool read_select(program::NodeId value, const program::FlowNode& node, AnswerReading& answer,
                   std::vector<DraftStep>& steps);
  bool read_compare(program::NodeId value, const program::FlowNode& node, const Greater& test,
                    const OutputPlace& a, const OutputPlace& b, std::string yes, std::string no,
                    AnswerReading& answer, std::vector<DraftStep>& steps);
  bool read_threshold(program::NodeId value, const program::FlowNode& node, const Greater& test,
                      const std::string& yes, const std::string& no, AnswerReading& answer,
                      std::vector<DraftStep>& steps);
  bool read_indexed_choice(program::NodeId value, AnswerReading& answer,
                           std::vector<DraftStep>& steps);

  program::FlowGraph& graph_;
  const std::vector<const ModelRecord*>& models_;
  const CodeEvidence& evidence_;
  const ResourceTable* resources_;
  ArgmaxReader argmaxes_;
};

}  // namespace dl::rebuild
