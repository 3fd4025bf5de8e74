// SPDX-License-Identifier: Apache-2.0
// Wording of claims by how far each is known to hold.
#include "daylight/report/claims.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "daylight/base/text.h"
#include "daylight/report/experiment.h"
#include "daylight/report/phrases.h"

namespace dl {
namespace {

// "a", "a and b", "a, b and c".
std::string enumerate(const std::vector<std::string>& items) {
  std::string text;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) text += i + 1 == items.size() ? " and " : ", ";
    text += items[i];
  }
  return text;
}

// Task names without repetition whose record passes `wanted`, in order; models of unknown purpose
// are not among them.
template <typename Wanted>
std::vector<std::string> tasks_where(const Inventory& inventory, Wanted wanted) {
  std::vector<std::string> names;
  for (const TaskRecord& task : inventory.tasks) {
    if (task.task == kUnknownTask) continue;
    const std::string name = task_name(task.task);
    if (wanted(task) && std::find(names.begin(), names.end(), name) == names.end())
      names.push_back(name);
  }
  return names;
}

// "a model whose purpose is not known" or "3 models ..." for those that an entry point reaches, or
// for those that none does; empty when there is none.
std::string unknown_models(const Inventory& inventory, bool reached) {
  const auto count =
      std::count_if(inventory.tasks.begin(), inventory.tasks.end(), [&](const TaskRecord& task) {
        return task.task == kUnknownTask && (task.use >= Use::kReachable) == reached;
      });
  if (count == 0) return "";
  return count == 1 ? task_phrase(std::string(kUnknownTask))
                    : fmt::format("{} models whose purpose is not known", count);
}

// The strongest use of any record of the task: a task seen twice counts once, at its best-known
// use.
Use best_use(const Inventory& inventory, const std::string& task) {
  Use best = Use::kPresent;
  for (const TaskRecord& record : inventory.tasks) {
    if (record.task == task) best = std::max(best, record.use);
  }
  return best;
}

std::string option_of(const Provenance& provenance, const char* name) {
  if (!provenance.options.is_object() || !provenance.options.contains(name)) return "";
  const Json& value = provenance.options[name];
  return value.is_string() ? value.get<std::string>() : "";
}

// `exchange`: what the replay did otherwise than the pipeline.
std::string source_words(const std::string& source, const KernelExchange& exchange) {
  if (source == "captured") return "captured from the app";
  if (source == "replayed") {
    return exchange.none()
               ? "replayed from the rebuilt pipeline"
               : "replayed from the rebuilt pipeline with every resize by " +
                     printable(exchange.kernel) + " (an experiment: --resize-kernel, not the app)";
  }
  if (source == "given") return "given by others";
  return printable(source);
}

}  // namespace

std::vector<std::string> claims_about(const Inventory& inventory) {
  const auto inferred = [&](const TaskRecord& task) {
    return best_use(inventory, task.task) >= Use::kReachable;
  };
  const auto sensitive =
      tasks_where(inventory, [&](const auto& t) { return inferred(t) && t.sensitive; });
  const auto other =
      tasks_where(inventory, [&](const auto& t) { return inferred(t) && !t.sensitive; });
  const auto held = tasks_where(inventory, [&](const auto& t) { return !inferred(t); });
  std::vector<std::string> claims;
  if (!sensitive.empty()) {
    Use weakest = Use::kAnswered;
    for (const TaskRecord& task : inventory.tasks) {
      if (task.sensitive && inferred(task))
        weakest = std::min(weakest, best_use(inventory, task.task));
    }
    claims.push_back(fmt::format("The app infers {}: {}.", enumerate(sensitive),
                                 weakest == Use::kReachable
                                     ? "a path leads from its entry points to the code that does"
                                     : "that code was " + use_phrase(weakest)));
  }
  if (!other.empty()) {
    claims.push_back(fmt::format("{} does {}.",
                                 sensitive.empty() ? "By its reachable code, the app" : "It also",
                                 enumerate(other)));
  }
  if (const std::string models = unknown_models(inventory, true); !models.empty()) {
    claims.push_back(fmt::format(
        "{} runs {}.", claims.empty() ? "By its reachable code, the app" : "It also", models));
  }
  if (!held.empty()) {
    claims.push_back(
        fmt::format("The app also contains machine learning for {}, but no path from its entry "
                    "points to it was found; whether it is used is "
                    "not known.",
                    enumerate(held)));
  }
  if (const std::string models = unknown_models(inventory, false); !models.empty()) {
    claims.push_back(
        fmt::format("The app {}contains {}; no path from its entry points to it was found.",
                    claims.empty() ? "" : "also ", models));
  }
  if (claims.empty()) {
    claims.push_back(inventory.models.empty() && inventory.frameworks.empty()
                         ? "No machine learning was found in this app. What could not be read is "
                           "listed under limits."
                         : "Machine learning was found in this app, but not what it is for.");
  }
  return claims;
}

std::string answer_sources(const ReportInputs& inputs) {
  const KernelExchange exchange = kernel_exchange(inputs);
  std::vector<std::string> words;
  const auto add = [&](const std::string& source) {
    if (source.empty()) return;
    const std::string text = source_words(source, exchange);
    if (std::find(words.begin(), words.end(), text) == words.end()) words.push_back(text);
  };
  if (inputs.assessment != nullptr) {
    for (const Estimate& estimate : inputs.assessment->estimates) add(estimate.source);
  } else if (inputs.predictions != nullptr) {
    for (const Prediction& prediction : inputs.predictions->rows) add(prediction.source);
  }
  return enumerate(words);
}

std::string what_samples_are(const ReportInputs& inputs) {
  std::string fed;
  if (inputs.predictions != nullptr && inputs.predictions->provenance) {
    fed = option_of(*inputs.predictions->provenance, "samples_are");
  }
  if (fed.empty() && inputs.assessment != nullptr)
    fed = option_of(inputs.assessment->provenance, "samples_are");
  if (fed == "face-crops") return "face crops, put in after the app's own face step";
  if (fed == "pictures") return "whole pictures";
  return printable(fed);
}

std::string nothing_to_replay(const ReportInputs& inputs) {
  if (inputs.pipeline == nullptr || !inputs.pipeline->heads.empty()) return "";
  return "No way from a picture to an answer was found in the app\u2019s code, so there is nothing "
         "to replay and nothing to compare.";
}

std::string failure_sentence(const ReportInputs& inputs) {
  if (inputs.assessment == nullptr) return "";
  std::vector<std::string> heads;
  std::map<std::string, std::uint64_t> total;
  std::map<std::string, std::vector<std::string>> failed;
  std::map<std::string, std::uint64_t> failures;
  for (const OutcomeCount& outcome : inputs.assessment->outcomes) {
    if (!outcome.attribute.empty()) continue;
    if (total.find(outcome.head) == total.end()) heads.push_back(outcome.head);
    total[outcome.head] += outcome.n;
    if (outcome.status == "ok" || outcome.n == 0) continue;
    failures[outcome.head] += outcome.n;
    failed[outcome.head].push_back(
        fmt::format("{} {}", format_count(outcome.n), printable(outcome.status)));
  }
  if (heads.empty()) return "";
  std::vector<std::string> parts;
  for (const std::string& head : heads) {
    if (failures[head] == 0) continue;
    parts.push_back(fmt::format("{} of {} for {} ({})", format_count(failures[head]),
                                format_count(total[head]), printable(head),
                                join(failed[head], ", ")));
  }
  return parts.empty() ? "none: every picture was answered" : join(parts, "; ");
}

std::string effect_of(const ReportInputs& inputs, const Sensitivity& row) {
  const MeasureUnit unit = measure_unit({row.head, kAnswerItself}, inputs.pipeline);
  std::vector<std::string> parts;
  if (row.mean_abs_change) {
    std::string text = fmt::format("answers move by {}{} on average",
                                   format_value(row.mean_abs_change, unit), unit_suffix(unit));
    if (row.max_abs_change)
      text += fmt::format(", at most {}", format_value(row.max_abs_change, unit));
    if (row.mean_change)
      text += fmt::format(" (signed mean {})", format_change(row.mean_change, unit));
    parts.push_back(text);
  }
  if (row.label_changes > 0 || !row.mean_abs_change) {
    parts.push_back(fmt::format("{} of {} labels change", format_count(row.label_changes),
                                format_count(row.n)));
  }
  if (row.metric_value && row.metric_change) {
    const MeasureUnit metric_unit = measure_unit({row.head, row.metric}, inputs.pipeline);
    std::string name = measure_title({row.head, row.metric});
    name[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(name[0])));
    parts.push_back(
        fmt::format("{} becomes {}{} ({})", name, format_value(row.metric_value, metric_unit),
                    unit_suffix(metric_unit), format_change(row.metric_change, metric_unit)));
  }
  return join(parts, "; ");
}

}  // namespace dl
