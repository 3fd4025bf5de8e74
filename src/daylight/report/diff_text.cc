// SPDX-License-Identifier: Apache-2.0
// A difference of two inventories as JSON and as text.
#include <fmt/format.h>

#include <map>

#include "daylight/base/text.h"
#include "daylight/report/inventory_diff.h"
#include "daylight/report/inventory_table.h"
#include "daylight/report/phrases.h"
#include "daylight/report/text_layout.h"

namespace dl {
namespace {

constexpr std::size_t kLabelWidth = 10;
constexpr std::size_t kMaxShownCallers = 40;

void put(Json& json, const char* name, const std::string& value) {
  if (!value.empty()) json[name] = printable(value, 1000);
}

Json to_json(const ModelChange& change) {
  Json json = {{"status", change.status}};
  put(json, "old", change.before);
  put(json, "new", change.after);
  put(json, "old_place", change.old_name);
  put(json, "new_place", change.new_name);
  json["notes"] = Json::array();
  for (const std::string& note : change.notes) json["notes"].push_back(printable(note, 1000));
  return json;
}

Json to_json(const TaskChange& change) {
  Json json = {{"status", change.status}, {"task", change.task}, {"sensitive", change.sensitive}};
  put(json, "old_use", change.old_use);
  put(json, "new_use", change.new_use);
  put(json, "old_confidence", change.old_confidence);
  put(json, "new_confidence", change.new_confidence);
  return json;
}

Json to_json(const RuntimeChange& change) {
  Json json = {{"status", change.status}, {"id", change.id}, {"layer", change.layer}};
  put(json, "old_version", change.old_version);
  put(json, "new_version", change.new_version);
  return json;
}

Json to_json(const CallChange& change) {
  Json json = {{"status", change.status}, {"api", change.api}};
  put(json, "old", change.before);
  put(json, "new", change.after);
  put(json, "old_caller", change.old_caller);
  put(json, "new_caller", change.new_caller);
  put(json, "old_use", change.old_use);
  put(json, "new_use", change.new_use);
  return json;
}

template <typename T>
Json list_of(const std::vector<T>& changes) {
  Json json = Json::array();
  for (const T& change : changes) json.push_back(to_json(change));
  return json;
}

Json app_of(const AppInfo& app) {
  return {{"package", printable(app.package)},
          {"version_name", printable(app.version_name)},
          {"version_code", printable(app.version_code)},
          {"sha256", app.sha256}};
}

template <typename T>
std::map<std::string, std::size_t> counts_of(const std::vector<T>& changes) {
  std::map<std::string, std::size_t> counts;
  for (const T& change : changes) ++counts[change.status];
  return counts;
}

// "3 kept, 18 moved".
template <typename T>
std::string count_words(const std::vector<T>& changes) {
  std::vector<std::string> parts;
  for (const auto& [status, count] : counts_of(changes))
    parts.push_back(fmt::format("{} {}", count, status));
  return parts.empty() ? "none" : join(parts, ", ");
}

// "a -> b", or the one that is there.
std::string arrow(const std::string& before, const std::string& after) {
  if (before == after || after.empty()) return printable(before, 400);
  if (before.empty()) return printable(after, 400);
  return printable(before, 400) + " -> " + printable(after, 400);
}

std::string item(const std::string& status, const std::string& text) {
  return wrap_text("  " + status, text, kLabelWidth + 4);
}

std::string model_lines(const InventoryDiff& diff) {
  std::string out = "\nModels: " + count_words(diff.models) + "\n";
  for (const ModelChange& change : diff.models) {
    if (change.status == "same" && change.notes.empty()) continue;
    std::vector<std::string> notes;
    for (const std::string& note : change.notes) {
      if (!note.starts_with("place: ")) notes.push_back(printable(note, 400));
    }
    const std::string more = notes.empty() ? "" : "; " + join(notes, "; ");
    out += item(change.status, arrow(change.old_name, change.new_name) + more);
  }
  return out;
}

std::string task_lines(const InventoryDiff& diff) {
  std::string out = "\nTasks: " + count_words(diff.tasks) + "\n";
  for (const TaskChange& change : diff.tasks) {
    if (change.status == "same") continue;
    out += item(change.status, fmt::format("{}{}: {}, confidence {}", task_name(change.task),
                                           change.sensitive ? " (sensitive)" : "",
                                           arrow(change.old_use, change.new_use),
                                           arrow(change.old_confidence, change.new_confidence)));
  }
  return out;
}

std::string runtime_lines(const InventoryDiff& diff) {
  std::string out = "\nRuntimes: " + count_words(diff.runtimes) + "\n";
  for (const RuntimeChange& change : diff.runtimes) {
    if (change.status == "same") continue;
    out +=
        item(change.status, fmt::format("{}, {}: {}", printable(change.id), printable(change.layer),
                                        arrow(change.old_version, change.new_version)));
  }
  return out;
}

// Call sites that went the same way, told in one item.
struct CallGroup {
  std::string status;
  std::string callers;
  std::vector<std::string> apis;
};

// "org.tensorflow.lite.Interpreter.run" -> "Interpreter.run".
std::string short_api(const std::string& api) {
  const std::size_t method = api.rfind('.');
  const std::size_t cls =
      method == std::string::npos || method == 0 ? std::string::npos : api.rfind('.', method - 1);
  return printable(cls == std::string::npos ? api : api.substr(cls + 1));
}

std::vector<CallGroup> group_calls(const std::vector<CallChange>& calls) {
  std::vector<CallGroup> groups;
  std::map<std::string, std::size_t> by_key;
  for (const CallChange& change : calls) {
    const bool use_differs =
        !change.old_use.empty() && !change.new_use.empty() && change.old_use != change.new_use;
    if (change.status == "kept" && !use_differs) continue;
    std::string callers = arrow(change.old_caller, change.new_caller);
    if (use_differs) callers += " (" + change.old_use + " -> " + change.new_use + ")";
    const auto [found, is_new] = by_key.emplace(change.status + '\n' + callers, groups.size());
    if (is_new) groups.push_back({change.status, callers, {}});
    groups[found->second].apis.push_back(short_api(change.api));
  }
  return groups;
}

std::string call_lines(const InventoryDiff& diff) {
  std::string out = "\nCalls: " + count_words(diff.calls) + "\n";
  const auto groups = group_calls(diff.calls);
  for (std::size_t i = 0; i < groups.size() && i < kMaxShownCallers; ++i) {
    out += item(groups[i].status, groups[i].callers + ": " + join(groups[i].apis, ", "));
  }
  if (groups.size() > kMaxShownCallers)
    out +=
        fmt::format("  ... {} more callers (--json has all)\n", groups.size() - kMaxShownCallers);
  return out;
}

std::string gap_lines(const InventoryDiff& diff) {
  if (diff.new_gaps.empty() && diff.lost_gaps.empty()) return "";
  std::string out =
      fmt::format("\nGaps: {} new, {} gone\n", diff.new_gaps.size(), diff.lost_gaps.size());
  for (std::size_t i = 0; i < diff.new_gaps.size() && i < kMaxTableGaps; ++i) {
    out += item("new",
                printable(diff.new_gaps[i].where) + ": " + printable(diff.new_gaps[i].why, 400));
  }
  if (diff.new_gaps.size() > kMaxTableGaps)
    out += fmt::format("  ... {} more (--json has all)\n", diff.new_gaps.size() - kMaxTableGaps);
  return out;
}

}  // namespace

Json to_json(const InventoryDiff& diff) {
  Json json = artifact_head("diff", diff.provenance);
  json["old_app"] = app_of(diff.old_app);
  json["new_app"] = app_of(diff.new_app);
  json["changed"] = !diff.empty();
  json["counts"] = {{"models", counts_of(diff.models)},
                    {"tasks", counts_of(diff.tasks)},
                    {"runtimes", counts_of(diff.runtimes)},
                    {"calls", counts_of(diff.calls)}};
  json["models"] = list_of(diff.models);
  json["tasks"] = list_of(diff.tasks);
  json["runtimes"] = list_of(diff.runtimes);
  json["calls"] = list_of(diff.calls);
  json["new_gaps"] = to_json(diff.new_gaps);
  json["lost_gaps"] = to_json(diff.lost_gaps);
  return json;
}

std::string render_diff(const InventoryDiff& diff) {
  std::string out =
      app_lines(diff.old_app, "Old", kLabelWidth) + app_lines(diff.new_app, "New", kLabelWidth);
  if (diff.empty()) return out + "\nNothing changed.\n";
  return out + model_lines(diff) + task_lines(diff) + runtime_lines(diff) + call_lines(diff) +
         gap_lines(diff);
}

}  // namespace dl
