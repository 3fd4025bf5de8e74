// SPDX-License-Identifier: Apache-2.0
// Writes answers down: their steps once, one sink each, what they choose beside the sink that it
// belongs to.
#include "daylight/rebuild/head_drafting.h"

#include <algorithm>
#include <set>

#include "daylight/base/text.h"
#include "daylight/rebuild/assumptions.h"
#include "daylight/rebuild/head_names.h"

namespace dl::rebuild {
namespace {

// Lines of a label file.
constexpr std::size_t kMaxLabelLines = 20000;
// Thresholds of one sink; more become a gap.
constexpr std::size_t kMaxSinkThresholds = 16;

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  for (const std::string& line : split(text, '\n')) {
    const std::string_view bare = trim(line);
    if (!bare.empty() && lines.size() < kMaxLabelLines) lines.emplace_back(bare);
  }
  return lines;
}

std::string key_of(const DraftStep& step) { return step.op + dump_json_line(step.params); }

Json to_json(const ShownThreshold& threshold, const std::string& step, const DraftStep* scale) {
  Json json = {{"of", step}};
  if (scale != nullptr) json["scaled"] = scale->params;
  if (!threshold.rounding.empty()) json["as"] = threshold.rounding;
  json["values"] = threshold.values;
  json["ties"] = threshold.ties_above ? "above" : "below";
  json["shown"] = threshold.shown;
  return json;
}

}  // namespace

bool is_log(const program::FlowSink& sink) {
  return sink.api.starts_with("android.util.Log.") || sink.api.starts_with("java.io.");
}

std::string name_of(const ModelRecord& model) {
  return model.location.entry.empty() ? model.id : printable(model.location.entry.back(), 120);
}

void HeadDrafting::add(const ModelRecord& model, std::vector<ReadAnswer>* answers,
                       const std::string& kept_in, const std::string& model_step) {
  const bool boxes =
      std::any_of(model.operators.begin(), model.operators.end(), [](const std::string& name) {
        return name.find("Detection_PostProcess") != std::string::npos;
      });
  if (boxes) {
    draft_.gap(name_of(model), "it answers boxes around what it finds; such answers get no head");
    return;
  }
  model_step_ = model_step;
  drafted_.clear();
  if (answers == nullptr) return add_assumed(model, false);
  add_read(model, *answers, kept_in);
}

void HeadDrafting::add_read(const ModelRecord& model, std::vector<ReadAnswer>& answers,
                            const std::string& kept_in) {
  const bool shown = std::any_of(answers.begin(), answers.end(), [](const ReadAnswer& one) {
    return one.first.stands_alone() && (one.second == nullptr || !is_log(*one.second));
  });
  const auto only_logged = [&](const program::FlowSink* sink) {
    return shown && sink != nullptr && is_log(*sink);
  };
  std::set<std::string> known;
  for (auto& [answer, sink] : answers) {
    if (!answer.why.empty()) {
      draft_.gap(sink != nullptr ? evidence_.method(sink->site) : name_of(model),
                 "what is done to an answer was " + printable(answer.why, 300));
      continue;
    }
    if (!answer.stands_alone() || only_logged(sink)) continue;
    std::string key = answer.kind;
    for (const DraftStep& step : answer.steps) key += "|" + key_of(step);
    if (known.insert(key).second) add_head(model, answer, sink, kept_in);
  }
  // A number that is compared but not shown is an answer of its own.
  for (auto& [answer, sink] : answers) {
    if (!answer.threshold || answer.kind != "scalar" || only_logged(sink)) continue;
    if (add_threshold(answer, sink)) continue;
    AnswerReading compared = answer;
    add_head(model, compared, sink, kept_in);
    add_threshold(answer, sink);
  }
  if (drafted_.empty()) add_assumed(model, true);
  for (auto& [answer, sink] : answers) {
    if (!answer.threshold || answer.kind != "best-score" || only_logged(sink)) continue;
    if (add_threshold(answer, sink)) continue;
    draft_.gap(sink != nullptr ? evidence_.method(sink->site) : name_of(model),
               "what limits on the highest score choose was read, but no label of that score");
  }
}

bool HeadDrafting::add_head(const ModelRecord& model, AnswerReading& answer,
                            const program::FlowSink* sink, const std::string& kept_in) {
  Proof labels_proof = static_proof();
  if (answer.kind == "label" && answer.labels.empty() && !fill_labels(model, answer, labels_proof))
    return false;
  Drafted drafted;
  const std::string tail = add_steps(std::move(answer.steps), drafted);
  DraftStep shown;
  shown.kind = StepKind::kSink;
  shown.op = "shown";
  const std::string kept = kept_in.empty() ? "unknown" : "kept in " + printable(kept_in, 200);
  shown.params = {{"api", sink != nullptr ? sink->api : kept}};
  if (answer.integer) shown.params["as"] = "integer";
  shown.proof = static_proof();
  if (sink != nullptr) evidence_.add(shown.evidence, sink->site, "rebuild.sink");
  for (Evidence& evidence : answer.shown) shown.evidence.push_back(std::move(evidence));
  drafted.kind = answer.kind;
  drafted.sink = draft_.add(std::move(shown), tail);
  return name_and_keep(model, std::move(drafted), answer, labels_proof);
}

std::string HeadDrafting::add_steps(std::vector<DraftStep> steps, Drafted& drafted) {
  std::string tail = model_step_;
  for (DraftStep& step : steps) {
    drafted.keys.push_back(key_of(step));
    tail = draft_.add(std::move(step), tail);
    drafted.steps.push_back(tail);
  }
  return tail;
}

// Puts a threshold beside the sink of the head whose answer it looks at; false if there is none.
bool HeadDrafting::add_threshold(const AnswerReading& answer, const program::FlowSink* sink) {
  const std::size_t count = answer.steps.size();
  if (answer.kind == "best-score") {
    if (count == 0 || count > 2 || (count == 2 && answer.steps[1].op != "scale")) return false;
    for (const Drafted& head : drafted_) {
      if (head.kind != "label" || head.keys.size() != 2 || head.keys[0] != key_of(answer.steps[0]))
        continue;
      put_threshold(head.sink, head.steps[1], answer, count == 2 ? &answer.steps[1] : nullptr,
                    sink);
      return true;
    }
    return false;
  }
  const auto looks_at = [&](const Drafted& head) {
    if (head.keys.size() < count) return false;
    for (std::size_t i = 0; i < count; ++i) {
      if (head.keys[i] != key_of(answer.steps[i])) return false;
    }
    return true;
  };
  const Drafted* found = nullptr;
  for (const Drafted& head : drafted_) {
    if (!looks_at(head)) continue;
    const bool exact = head.keys.size() == count;
    if (found == nullptr || (exact && found->keys.size() != count)) found = &head;
  }
  if (found == nullptr || count == 0) return false;
  put_threshold(found->sink, found->steps[count - 1], answer, nullptr, sink);
  return true;
}

void HeadDrafting::put_threshold(const std::string& sink_id, const std::string& step,
                                 const AnswerReading& answer, const DraftStep* scale,
                                 const program::FlowSink* sink) {
  Step* shown = draft_.edit(sink_id);
  if (shown == nullptr || !answer.threshold) return;
  Json& list = shown->params["thresholds"];
  if (list.is_null()) list = Json::array();
  const Json entry = to_json(*answer.threshold, step, scale);
  if (std::find(list.begin(), list.end(), entry) != list.end()) return;
  if (list.size() >= kMaxSinkThresholds) {
    draft_.gap(sink_id, "more limits choose what is shown than are written down");
    return;
  }
  list.push_back(entry);
  std::vector<Evidence> evidence = answer.threshold->evidence;
  if (scale != nullptr)
    evidence.insert(evidence.end(), scale->evidence.begin(), scale->evidence.end());
  if (sink != nullptr) evidence_.add(evidence, sink->site, "rebuild.sink");
  for (Evidence& one : evidence) {
    if (std::find(shown->evidence.begin(), shown->evidence.end(), one) == shown->evidence.end())
      shown->evidence.push_back(std::move(one));
  }
}

// Labels from an asset that the code reads, else from the model's metadata.
bool HeadDrafting::fill_labels(const ModelRecord& model, AnswerReading& answer, Proof& proof) {
  DraftStep& step = answer.steps.back();
  if (!answer.label_asset.empty()) {
    if (const auto content = app_.asset_bytes(answer.label_asset)) {
      answer.labels = lines_of(as_text(content->bytes));
      Evidence evidence;
      evidence.kind = "asset";
      evidence.file = app_.file_name();
      evidence.entry = {"assets/" + answer.label_asset};
      evidence.rule = "rebuild.label-file";
      for (std::size_t i = 0; i < answer.labels.size() && i < 5; ++i)
        evidence.excerpt += (i != 0 ? ", " : "") + printable(answer.labels[i], 40);
      step.evidence.push_back(std::move(evidence));
    } else {
      draft_.gap("assets/" + printable(answer.label_asset, 200),
                 "the label file that the code opens is not in the app");
    }
  }
  if (answer.labels.empty() && !model.labels.empty()) {
    answer.labels = model.labels;
    proof = declared_proof("model-metadata",
                           "the labels that the code reads were not found; these lie in the model");
    step.proof = proof;
  }
  const auto assumed = assumed_answer(model, "");
  if (assumed && assumed->kind == "label" && answer.labels.size() != assumed->labels.size()) {
    // A first line that stands for the background, or none: the counts must agree before labels
    // mean anything.
    if (!answer.labels.empty()) {
      draft_.gap(name_of(model), "the label file has " + std::to_string(answer.labels.size()) +
                                     " lines, the model has " +
                                     std::to_string(assumed->labels.size()) + " classes");
    }
    answer.labels = assumed->labels;
    proof = assumed->labels_proof;
    step.proof = proof;
  }
  if (answer.labels.empty()) {
    draft_.gap(name_of(model), "the labels of its highest score were not found");
    return false;
  }
  step.params["labels"] = answer.labels;
  return true;
}

void HeadDrafting::add_assumed(const ModelRecord& model, bool runs) {
  const std::string why = runs ? "what the code does with the model's answer was not understood"
                               : "no code that runs the model was found";
  auto assumed = assumed_answer(model, why);
  if (!assumed) {
    draft_.gap(name_of(model),
               why + ", and its outputs are no scalar and no list of scores: it gets no head");
    return;
  }
  Drafted drafted;
  const std::string tail = add_steps(std::move(assumed->steps), drafted);
  DraftStep shown;
  shown.kind = StepKind::kSink;
  shown.op = "shown";
  shown.params = {{"api", "unknown"}};
  shown.proof = assumed_proof(why);
  drafted.kind = assumed->kind;
  drafted.sink = draft_.add(std::move(shown), tail);
  AnswerReading answer;
  answer.kind = assumed->kind;
  answer.labels = assumed->labels;
  name_and_keep(model, std::move(drafted), answer, assumed->labels_proof);
}

bool HeadDrafting::name_and_keep(const ModelRecord& model, Drafted drafted,
                                 const AnswerReading& answer, const Proof& labels_proof) {
  auto& heads = draft_.pipeline().heads;
  if (heads.size() >= kMaxHeads) {
    draft_.gap(name_of(model), "there are more answers than are written down");
    drafted_.push_back(std::move(drafted));
    return false;
  }
  const HeadName named = name_head(answer.labels, answer.caption, model, inventory_.tasks);
  Head head;
  head.name = named.name;
  for (int i = 2; std::any_of(heads.begin(), heads.end(),
                              [&](const Head& other) { return other.name == head.name; });
       ++i) {
    head.name = named.name + "-" + std::to_string(i);
  }
  head.kind = drafted.kind;
  head.sink = drafted.sink;
  head.task = named.task;
  head.labels = answer.labels;
  if (!head.labels.empty()) head.labels_proof = labels_proof;
  heads.push_back(std::move(head));
  models_.emplace(model.id, &model);
  drafted_.push_back(std::move(drafted));
  return true;
}

}  // namespace dl::rebuild
