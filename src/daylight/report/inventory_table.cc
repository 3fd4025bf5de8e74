// SPDX-License-Identifier: Apache-2.0
// Sections of the inventory's table.
#include "daylight/report/inventory_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "daylight/base/text.h"
#include "daylight/report/claims.h"
#include "daylight/report/phrases.h"
#include "daylight/report/record_phrases.h"
#include "daylight/report/shown_inventory.h"
#include "daylight/report/text_layout.h"

namespace dl {
namespace {

constexpr std::size_t kIndent = 2;
constexpr std::size_t kDetailIndent = 6;
constexpr std::size_t kLabelWidth = 10;
constexpr std::size_t kMaxApiCallers = 1;
constexpr std::size_t kCallerWidth = 24;

std::string heading(const std::string& title, std::size_t count) {
  return fmt::format("\n{} ({})\n", title, count);
}

std::string left_out(std::size_t all, std::size_t shown) {
  if (all <= shown) return "";
  return fmt::format("  ... {} more (--json has all)\n", all - shown);
}

std::string indented(const std::string& text) {
  return wrap_text(std::string(kDetailIndent, ' '), text, kDetailIndent);
}

// "age (sensitive), high; gender (sensitive), low": what the records say this model is for.
std::string tasks_of(const Inventory& inventory, const std::string& model) {
  std::vector<std::string> parts;
  for (const TaskRecord& task : inventory.tasks) {
    if (task.model != model || task.task == kUnknownTask) continue;
    parts.push_back(task_name(task.task) + (task.sensitive ? " (sensitive)" : "") + ", " +
                    printable(task.confidence) + " confidence");
  }
  return join(parts, "; ");
}

// What stands under a model's row: only what there is to say.
std::string model_details(const Inventory& inventory, const ModelRecord& model) {
  std::string out;
  if (!model.location.url.empty()) {
    out += indented("fetched at run time from " + printable(model.location.url, 1000));
  }
  if (const std::string borders = borders_phrase(model); !borders.empty()) out += indented(borders);
  std::vector<std::string> facts;
  if (const std::string tasks = tasks_of(inventory, model.id); !tasks.empty()) {
    facts.push_back("for " + tasks);
  } else {
    facts.emplace_back("for: not known");
  }
  if (!model.known.empty()) facts.push_back("published as " + printable(model.known));
  if (model.parameters > 0) facts.push_back(fmt::format("{} parameters", model.parameters));
  if (!model.labels.empty()) facts.push_back(fmt::format("{} labels", model.labels.size()));
  if (const std::string words = encryption_phrase(model); !words.empty()) facts.push_back(words);
  for (const ModelCompanion& companion : model.companions) {
    facts.push_back(printable(companion.role) + " in " +
                    printable(join(companion.entry, " \u203a ")));
  }
  return out + indented(join(facts, "; "));
}

std::string models_section(const Inventory& inventory) {
  if (inventory.models.empty()) return "\nModels: none\n";
  const std::size_t shown = std::min(inventory.models.size(), kMaxTableModels);
  std::vector<std::vector<std::string>> rows;
  for (std::size_t i = 0; i < shown; ++i) {
    const ModelRecord& model = inventory.models[i];
    rows.push_back({printable(model.id), printable(model.format),
                    model.location.url.empty() ? format_bytes(model.location.size) : "remote",
                    to_string(model.use), origin_phrase(model.origin), location_phrase(model)});
  }
  const std::string table = text_table({{"id", 12},
                                        {"format", 14},
                                        {"size", 12, true},
                                        {"use", 10},
                                        {"whose", 26, false, true},
                                        {"where", kTextWidth, false, true}},
                                       rows, kIndent);
  // Details go between the rows of the table.
  const auto lines = split(table, '\n');
  std::string out = heading("Models", inventory.models.size()) + lines.front() + "\n";
  for (std::size_t i = 0; i < shown; ++i) {
    out += lines[i + 1] + "\n" + model_details(inventory, inventory.models[i]);
  }
  return out + left_out(inventory.models.size(), shown);
}

std::string runtimes_section(const Inventory& inventory) {
  if (inventory.frameworks.empty()) return "\nRuntimes: none\n";
  std::vector<std::vector<std::string>> rows;
  for (const FrameworkRecord& record : inventory.frameworks) {
    if (rows.size() == kMaxTableRows) break;
    const std::string where = record.evidence.empty() || record.evidence.front().entry.empty()
                                  ? ""
                                  : printable(join(record.evidence.front().entry, " \u203a "));
    rows.push_back({printable(record.id), record.version.empty() ? "?" : printable(record.version),
                    printable(record.layer), printable(record.linked),
                    printable(record.origin.name), where});
  }
  const std::string table = text_table({{"id", 18},
                                        {"version", 14},
                                        {"layer", 10},
                                        {"linked", 10},
                                        {"name", 26},
                                        {"first seen in", kTextWidth, false, true}},
                                       rows, kIndent);
  return heading("Runtimes", inventory.frameworks.size()) + table +
         left_out(inventory.frameworks.size(), rows.size());
}

// All call sites of one API.
struct ApiCalls {
  std::size_t count = 0;
  std::size_t renamed = 0;
  std::map<Use, std::size_t> uses;
  std::vector<std::string> callers;
};

// A caller that fits its column: without its package where it is long.
std::string short_caller(const CallRecord& call) {
  std::string name = caller_phrase(call);
  const std::size_t method = name.rfind('.');
  if (text_columns(name) <= kCallerWidth || method == std::string::npos || method == 0) return name;
  const std::size_t cls = name.rfind('.', method - 1);
  return cls == std::string::npos ? name : name.substr(cls + 1);
}

std::string calls_section(const Inventory& inventory) {
  if (inventory.calls.empty()) return "\nCalls: none\n";
  std::map<std::string, ApiCalls> by_api;
  for (const CallRecord& call : inventory.calls) {
    ApiCalls& calls = by_api[call.api];
    ++calls.count;
    ++calls.uses[call.use];
    if (call.obfuscated) ++calls.renamed;
    const std::string caller = short_caller(call);
    if (std::find(calls.callers.begin(), calls.callers.end(), caller) == calls.callers.end())
      calls.callers.push_back(caller);
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& [api, calls] : by_api) {
    if (rows.size() == kMaxTableRows) break;
    std::vector<std::string> uses;
    for (auto use = calls.uses.rbegin(); use != calls.uses.rend(); ++use) {
      uses.push_back(calls.uses.size() == 1
                         ? to_string(use->first)
                         : fmt::format("{} {}", use->second, to_string(use->first)));
    }
    std::string callers = calls.callers.front();
    if (calls.callers.size() > kMaxApiCallers)
      callers += fmt::format(" +{}", calls.callers.size() - kMaxApiCallers);
    rows.push_back({std::to_string(calls.count), printable(api),
                    join(uses, ", ") + (calls.renamed > 0 ? ", renamed" : ""), callers});
  }
  const std::string table = text_table({{"n", 5, true},
                                        {"api", 44, false, true},
                                        {"use", 32},
                                        {"called by", kTextWidth, false, true}},
                                       rows, kIndent);
  return heading("Calls of machine-learning functions", inventory.calls.size()) + table +
         left_out(by_api.size(), rows.size());
}

std::string tasks_section(const Inventory& inventory) {
  if (inventory.tasks.empty()) return "\nTasks: none\n";
  std::vector<std::vector<std::string>> rows;
  for (const TaskRecord& task : inventory.tasks) {
    if (rows.size() == kMaxTableRows) break;
    const std::string basis = task.evidence.empty() ? "" : printable(task.evidence.front().rule);
    rows.push_back({task_name(task.task), task.sensitive ? "sensitive" : "",
                    printable(task.confidence), to_string(task.use),
                    task.model.empty() ? "-" : printable(task.model), basis});
  }
  const std::string table = text_table(
      {{"task", 24}, {"", 10}, {"confidence", 10}, {"use", 10}, {"model", 12}, {"first evidence"}},
      rows, kIndent);
  return heading("Tasks", inventory.tasks.size()) + table +
         left_out(inventory.tasks.size(), rows.size());
}

std::string gaps_section(const Inventory& inventory) {
  if (inventory.gaps.empty()) return "\nGaps: none\n";
  std::string out = heading("Gaps", inventory.gaps.size());
  const std::size_t shown = std::min(inventory.gaps.size(), kMaxTableGaps);
  for (std::size_t i = 0; i < shown; ++i) {
    const Gap& gap = inventory.gaps[i];
    out += wrap_text("  -", printable(gap.where) + ": " + printable(gap.why, 400), 4);
  }
  return out + left_out(inventory.gaps.size(), shown);
}

}  // namespace

std::string app_lines(const AppInfo& app, const std::string& label, std::size_t indent) {
  std::string text = printable(app.package) + " " + printable(app.version_name) + ", sha256 " +
                     short_digest(app.sha256);
  std::vector<std::string> signers;
  for (const Signer& signer : app.signers) {
    const std::string words =
        short_digest(signer.cert_sha256) + (signer.valid ? "" : " (does not hold)");
    if (std::find(signers.begin(), signers.end(), words) == signers.end()) signers.push_back(words);
  }
  if (!signers.empty()) text += ", signed by " + join(signers, ", ");
  if (app.signers.empty()) text += ", not signed";
  return wrap_text(label, text, indent);
}

std::string render_inventory_table(const Inventory& full) {
  const Inventory inventory = shown_inventory(full);
  std::string out = app_lines(inventory.app, "App", kLabelWidth);
  bool first = true;
  for (const std::string& claim : claims_about(inventory)) {
    out += wrap_text(first ? "Found" : "", claim, kLabelWidth);
    first = false;
  }
  out += models_section(inventory);
  out += runtimes_section(inventory);
  out += calls_section(inventory);
  out += tasks_section(inventory);
  out += gaps_section(inventory);
  return out;
}

}  // namespace dl
