// SPDX-License-Identifier: Apache-2.0
// From the answers that were read of one model to heads: steps behind the model, sinks, thresholds
// of what is shown, labels and names.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daylight/artifact/inventory.h"
#include "daylight/program/dex_flow/dex_flow.h"
#include "daylight/program/package/app_package.h"
#include "daylight/rebuild/answer_reading.h"
#include "daylight/rebuild/code_evidence.h"
#include "daylight/rebuild/pipeline_draft.h"

namespace dl::rebuild {

// Heads of one pipeline; more become a gap.
inline constexpr std::size_t kMaxHeads = 32;

// An answer and what shows it; null where it is returned to a caller outside, or kept in a field.
using ReadAnswer = std::pair<AnswerReading, const program::FlowSink*>;

// A sink that people who use the app do not see.
bool is_log(const program::FlowSink& sink);
// Name of a model for people: the last part of where it lies.
std::string name_of(const ModelRecord& model);

// Not thread safe; what it refers to must outlive it.
class HeadDrafting {
 public:
  HeadDrafting(const program::AppPackage& app, const Inventory& inventory,
               const CodeEvidence& evidence, PipelineDraft& draft)
      : app_(app), inventory_(inventory), evidence_(evidence), draft_(draft) {}

  // Heads for a model's answers behind its step. `answers` null: no code that runs the model was
  // found. `kept_in`: the method or field that answers without a sink are kept in, or "". Where
  // nothing was understood the model gets the head that its outputs suggest, assumed. Gaps say what
  // was left out.
  void add(const ModelRecord& model, std::vector<ReadAnswer>* answers, const std::string& kept_in,
           const std::string& model_step);
  // The models that got heads, by id.
  const std::map<std::string, const ModelRecord*>& models() const { return models_; }

 private:
  // A head that was added, as far as thresholds need to find it.
  struct Drafted {
    std::vector<std::string> keys;   // of its steps: op and parameters
    std::vector<std::string> steps;  // their ids
    std::string kind;
    std::string sink;
  };

  void add_read(const ModelRecord& model, std::vector<ReadAnswer>& answers,
                const std::string& kept_in);
  bool add_head(const ModelRecord& model, AnswerReading& answer, const program::FlowSink* sink,
                const std::string& kept_in);
  bool add_threshold(const AnswerReading& answer, const program::FlowSink* sink);
  void put_threshold(const std::string& sink_id, const std::string& step,
                     const AnswerReading& answer, const DraftStep* scale,
                     const program::FlowSink* sink);
  bool fill_labels(const ModelRecord& model, AnswerReading& answer, Proof& proof);
  void add_assumed(const ModelRecord& model, bool runs);
  std::string add_steps(std::vector<DraftStep> steps, Drafted& drafted);
  bool name_and_keep(const ModelRecord& model, Drafted drafted, const AnswerReading& answer,
                     const Proof& labels_proof);

  const program::AppPackage& app_;
  const Inventory& inventory_;
  const CodeEvidence& evidence_;
  PipelineDraft& draft_;
  std::map<std::string, const ModelRecord*> models_;
  // Of the model that add() is at work on.
  std::string model_step_;
  std::vector<Drafted> drafted_;
};

}  // namespace dl::rebuild
