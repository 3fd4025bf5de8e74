// SPDX-License-Identifier: Apache-2.0
// Judging of --fail-on rules.
#include "daylight/cli/fail_rules.h"

#include <fmt/format.h>

#include <algorithm>

namespace dl::cli {
namespace {

void judge_disparity(const ReportInputs& artifacts, RuleOutcome& out) {
  std::size_t found = 0;
  std::size_t undecidable = 0;
  if (artifacts.assessment != nullptr) {
    for (const Verdict& verdict : artifacts.assessment->verdicts) {
      if (verdict.outcome == "disparity-found") ++found;
      if (verdict.outcome == "not-decidable") ++undecidable;
    }
  }
  if (found > 0) {
    out.broken = true;
    out.lines.push_back(fmt::format("rule 'disparity' is broken: {} found", found));
  } else if (artifacts.assessment == nullptr || artifacts.assessment->verdicts.empty() ||
             undecidable > 0) {
    out.undecided = true;
    out.lines.push_back(fmt::format(
        "rule 'disparity' could not be decided: {} comparisons are not decidable", undecidable));
  }
}

void judge_sensitive_task(const ReportInputs& artifacts, RuleOutcome& out) {
  std::string reachable;
  std::string present;
  if (artifacts.inventory != nullptr) {
    for (const TaskRecord& task : artifacts.inventory->tasks) {
      if (task.sensitive) (task.use == Use::kPresent ? present : reachable) += " " + task.task;
    }
  }
  if (!reachable.empty()) {
    out.broken = true;
    out.lines.push_back("rule 'sensitive-task' is broken:" + reachable);
  } else if (!present.empty()) {
    out.undecided = true;
    out.lines.push_back("rule 'sensitive-task' could not be decided (present, no path found):" +
                        present);
  }
}

void judge_gap(const ReportInputs& artifacts, RuleOutcome& out) {
  const std::size_t gaps = (artifacts.inventory != nullptr ? artifacts.inventory->gaps.size() : 0) +
                           (artifacts.pipeline != nullptr ? artifacts.pipeline->gaps.size() : 0);
  if (gaps == 0) return;
  out.broken = true;
  out.lines.push_back(fmt::format("rule 'gap' is broken: {}", gaps));
}

bool is_used(const std::string& use) {
  const auto parsed = use_from_string(use);
  return parsed && *parsed >= Use::kReachable;
}

void judge_new_sensitive_task(const InventoryDiff& diff, RuleOutcome& out) {
  std::string reachable;
  std::string present;
  for (const TaskChange& change : diff.tasks) {
    if (!change.sensitive || change.new_use.empty() || is_used(change.old_use)) continue;
    if (is_used(change.new_use)) {
      reachable += " " + change.task;
    } else if (change.old_use.empty()) {
      present += " " + change.task;
    }
  }
  if (!reachable.empty()) {
    out.broken = true;
    out.lines.push_back("rule 'new-sensitive-task' is broken:" + reachable);
  } else if (!present.empty()) {
    out.undecided = true;
    out.lines.push_back("rule 'new-sensitive-task' could not be decided (present, no path found):" +
                        present);
  }
}

void judge_new_model(const InventoryDiff& diff, RuleOutcome& out) {
  std::size_t models = 0;
  for (const ModelChange& change : diff.models) {
    if (change.status == "added" || change.status == "replaced" || change.status == "retrained")
      ++models;
  }
  if (models == 0) return;
  out.broken = true;
  out.lines.push_back(fmt::format("rule 'new-model' is broken: {}", models));
}

}  // namespace

RuleOutcome judge_diff_rules(const std::vector<std::string>& rules, const InventoryDiff& diff) {
  RuleOutcome out;
  for (const std::string& rule : rules) {
    if (rule == "new-sensitive-task") judge_new_sensitive_task(diff, out);
    if (rule == "new-model") judge_new_model(diff, out);
    if (rule == "change" && !diff.empty()) {
      out.broken = true;
      out.lines.emplace_back("rule 'change' is broken: the versions differ");
    }
  }
  return out;
}

RuleOutcome judge_rules(const std::vector<std::string>& rules, const ReportInputs& artifacts) {
  RuleOutcome out;
  for (const std::string& rule : rules) {
    if (rule == "disparity") judge_disparity(artifacts, out);
    if (rule == "sensitive-task") judge_sensitive_task(artifacts, out);
    if (rule == "gap") judge_gap(artifacts, out);
  }
  return out;
}

}  // namespace dl::cli
