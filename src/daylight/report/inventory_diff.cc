// SPDX-License-Identifier: Apache-2.0
// Matching of two inventories.
#include "daylight/report/inventory_diff.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "daylight/report/record_phrases.h"
#include "daylight/report/shown_inventory.h"

namespace dl {
namespace {

constexpr std::size_t kHalf = 32;  // of a fingerprint: method, then class

template <typename T>
bool all_same(const std::vector<T>& changes, const std::string& same) {
  return std::all_of(changes.begin(), changes.end(),
                     [&](const T& change) { return change.status == same; });
}

// Pairs up records that agree in a key, in order, each at most once.
template <typename Record>
class Pairing {
 public:
  using Key = std::function<std::string(const Record&)>;

  Pairing(const std::vector<Record>& before, const std::vector<Record>& after)
      : before_(before),
        after_(after),
        of_before_(before.size(), kNone),
        of_after_(after.size(), kNone) {}

  // An empty key agrees with none. `found` is told each new pair.
  template <typename Found>
  void match(const Key& key, Found found) {
    std::multimap<std::string, std::size_t> open;
    for (std::size_t i = 0; i < before_.size(); ++i) {
      if (of_before_[i] != kNone) continue;
      if (std::string text = key(before_[i]); !text.empty()) open.emplace(std::move(text), i);
    }
    for (std::size_t j = 0; j < after_.size(); ++j) {
      if (of_after_[j] != kNone) continue;
      const auto hit = open.find(key(after_[j]));
      if (hit == open.end()) continue;
      of_before_[hit->second] = j;
      of_after_[j] = hit->second;
      found(before_[hit->second], after_[j]);
      open.erase(hit);
    }
  }

  template <typename Lost, typename New>
  void rest(Lost lost, New added) const {
    for (std::size_t i = 0; i < before_.size(); ++i) {
      if (of_before_[i] == kNone) lost(before_[i]);
    }
    for (std::size_t j = 0; j < after_.size(); ++j) {
      if (of_after_[j] == kNone) added(after_[j]);
    }
  }

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  const std::vector<Record>& before_;
  const std::vector<Record>& after_;
  std::vector<std::size_t> of_before_;
  std::vector<std::size_t> of_after_;
};

std::string place_key(const ModelRecord& model) {
  std::string key;
  for (const std::string& part : model.location.entry) key += part + '\0';
  return key.empty() ? key : key + std::to_string(model.location.offset);
}

std::string file_key(const ModelRecord& model) {
  const std::string name = entry_file_name(model.location.entry);
  return name.empty() ? name : model.format + ":" + name;
}

std::set<std::string> tasks_of(const Inventory& inventory, const std::string& model) {
  std::set<std::string> tasks;
  for (const TaskRecord& task : inventory.tasks) {
    if (task.model == model) tasks.insert(task.task);
  }
  return tasks;
}

std::string joined(const std::set<std::string>& items) {
  std::string out;
  for (const std::string& item : items) out += (out.empty() ? "" : ", ") + item;
  return out.empty() ? "none" : out;
}

// What a model does and takes: one of another name may have come in its stead. Empty where its
// tasks are not known.
std::string purpose_key(const Inventory& inventory, const ModelRecord& model) {
  std::set<std::string> tasks = tasks_of(inventory, model.id);
  tasks.erase("other");
  return tasks.empty() || model.inputs.empty() ? "" : joined(tasks) + '\n' + borders_phrase(model);
}

std::vector<ModelChange> diff_models(const Inventory& before, const Inventory& after) {
  std::vector<ModelChange> changes;
  Pairing<ModelRecord> pairing(before.models, after.models);
  const auto pass = [&](const char* status,
                        const std::function<std::string(const ModelRecord&)>& key) {
    pairing.match(key, [&](const ModelRecord& a, const ModelRecord& b) {
      ModelChange change{status, a.id, b.id, location_phrase(a), location_phrase(b), {}};
      const auto note = [&](const char* what, const std::string& x, const std::string& y) {
        if (x != y) change.notes.push_back(std::string(what) + ": " + x + " -> " + y);
      };
      note("format", a.format, b.format);
      note("place", change.old_name, change.new_name);
      note("use", to_string(a.use), to_string(b.use));
      note("encryption", a.encryption, b.encryption);
      note("tasks", joined(tasks_of(before, a.id)), joined(tasks_of(after, b.id)));
      changes.push_back(std::move(change));
    });
  };
  pass("same",
       [](const ModelRecord& m) { return m.sha256.empty() ? "" : m.sha256 + place_key(m); });
  pass("same", [](const ModelRecord& m) { return m.sha256; });
  pass("same", [](const ModelRecord& m) { return m.location.url; });
  pass("repackaged", [](const ModelRecord& m) { return m.weights_hash; });
  pass("retrained", [](const ModelRecord& m) { return m.graph_hash; });
  pass("replaced", place_key);
  pass("replaced", file_key);
  std::map<const ModelRecord*, std::string> purposes;
  for (const auto* side : {&before, &after}) {
    for (const ModelRecord& model : side->models) purposes[&model] = purpose_key(*side, model);
  }
  pass("replaced", [&](const ModelRecord& m) { return purposes.at(&m); });
  pairing.rest(
      [&](const ModelRecord& m) {
        changes.push_back({"removed", m.id, "", location_phrase(m), "", {}});
      },
      [&](const ModelRecord& m) {
        changes.push_back({"added", "", m.id, "", location_phrase(m), {}});
      });
  return changes;
}

int rank_of(const std::string& confidence) {
  return confidence == "high" ? 2 : confidence == "medium" ? 1 : 0;
}

// The strongest that an inventory says of each task.
struct TaskState {
  bool sensitive = false;
  Use use = Use::kPresent;
  std::string confidence = "low";
};

std::map<std::string, TaskState> task_states(const Inventory& inventory) {
  std::map<std::string, TaskState> states;
  for (const TaskRecord& task : inventory.tasks) {
    TaskState& state = states[task.task];
    state.sensitive = state.sensitive || task.sensitive;
    state.use = std::max(state.use, task.use);
    if (rank_of(task.confidence) > rank_of(state.confidence)) state.confidence = task.confidence;
  }
  return states;
}

std::vector<TaskChange> diff_tasks(const Inventory& before, const Inventory& after) {
  const auto old_states = task_states(before);
  const auto new_states = task_states(after);
  std::set<std::string> names;
  for (const auto& [name, state] : old_states) names.insert(name);
  for (const auto& [name, state] : new_states) names.insert(name);
  std::vector<TaskChange> changes;
  for (const std::string& name : names) {
    TaskChange change;
    change.task = name;
    const auto a = old_states.find(name);
    const auto b = new_states.find(name);
    if (a != old_states.end()) {
      change.sensitive = a->second.sensitive;
      change.old_use = to_string(a->second.use);
      change.old_confidence = a->second.confidence;
    }
    if (b != new_states.end()) {
      change.sensitive = change.sensitive || b->second.sensitive;
      change.new_use = to_string(b->second.use);
      change.new_confidence = b->second.confidence;
    }
    if (a == old_states.end()) {
      change.status = "added";
    } else if (b == new_states.end()) {
      change.status = "removed";
    } else {
      const bool same =
          change.old_use == change.new_use && change.old_confidence == change.new_confidence;
      change.status = same ? "same" : "changed";
    }
    changes.push_back(std::move(change));
  }
  return changes;
}

// Versions and linkage of one framework in one layer, as one text.
std::map<std::pair<std::string, std::string>, std::string> runtime_states(
    const Inventory& inventory) {
  std::map<std::pair<std::string, std::string>, std::set<std::string>> versions;
  for (const FrameworkRecord& framework : inventory.frameworks) {
    const std::string version = framework.version.empty() ? "?" : framework.version;
    versions[{framework.id, framework.layer}].insert(
        framework.linked.empty() ? version : version + " (" + framework.linked + ")");
  }
  std::map<std::pair<std::string, std::string>, std::string> out;
  for (const auto& [key, set] : versions) out[key] = joined(set);
  return out;
}

std::vector<RuntimeChange> diff_runtimes(const Inventory& before, const Inventory& after) {
  const auto old_states = runtime_states(before);
  const auto new_states = runtime_states(after);
  std::vector<RuntimeChange> changes;
  for (const auto& [key, version] : old_states) {
    const auto found = new_states.find(key);
    if (found == new_states.end()) {
      changes.push_back({"removed", key.first, key.second, version, ""});
    } else {
      changes.push_back({version == found->second ? "same" : "changed", key.first, key.second,
                         version, found->second});
    }
  }
  for (const auto& [key, version] : new_states) {
    if (!old_states.contains(key)) changes.push_back({"added", key.first, key.second, "", version});
  }
  return changes;
}

// As its developers call it where both sides could know.
const std::string& caller_name(const CallRecord& call) {
  return call.original_caller.empty() ? call.caller : call.original_caller;
}

// Keys of the passes over call sites; every key has the API, so that only calls of one API meet.
std::string with_api(const CallRecord& call, const std::string& key) {
  return key.empty() ? key : call.api + '\n' + key;
}
std::string method_half(const CallRecord& call) { return call.fingerprint.substr(0, kHalf); }
std::string class_half(const CallRecord& call) {
  return call.fingerprint.size() <= kHalf ? "" : call.fingerprint.substr(kHalf);
}

// A native function without a name is called by where it lies: another build moves it.
std::string unnamed_native_key(const CallRecord& call) {
  return has_position_name(call) ? call.klass + '\n' + call.method : "";
}

std::vector<CallChange> diff_calls(const Inventory& before, const Inventory& after) {
  std::vector<CallChange> changes;
  Pairing<CallRecord> pairing(before.calls, after.calls);
  const auto pass = [&](const char* status,
                        const std::function<std::string(const CallRecord&)>& key) {
    pairing.match([&](const CallRecord& call) { return with_api(call, key(call)); },
                  [&](const CallRecord& a, const CallRecord& b) {
                    changes.push_back({status, a.api, a.id, b.id, caller_phrase(a),
                                       caller_phrase(b), to_string(a.use), to_string(b.use)});
                  });
  };
  // A name alone says little where builds rename: a.a.a may be another method in each. So code that
  // is the same goes first, and among that code of the same name.
  pass("kept", [](const CallRecord& c) { return caller_name(c) + '\n' + c.fingerprint; });
  pass("kept", [](const CallRecord& c) {
    return c.fingerprint.empty() ? "" : caller_name(c) + '\n' + method_half(c);
  });
  pass("moved", [](const CallRecord& c) { return c.fingerprint; });
  pass("moved", method_half);
  pass("moved", unnamed_native_key);
  pass("changed", caller_name);
  pass("changed", class_half);
  pairing.rest(
      [&](const CallRecord& c) {
        changes.push_back({"lost", c.api, c.id, "", caller_phrase(c), "", to_string(c.use), ""});
      },
      [&](const CallRecord& c) {
        changes.push_back({"new", c.api, "", c.id, "", caller_phrase(c), "", to_string(c.use)});
      });
  return changes;
}

std::vector<Gap> only_in(const std::vector<Gap>& these, const std::vector<Gap>& those) {
  std::multiset<std::pair<std::string, std::string>> known;
  for (const Gap& gap : those) known.insert({gap.where, gap.why});
  std::vector<Gap> out;
  for (const Gap& gap : these) {
    const auto found = known.find({gap.where, gap.why});
    if (found == known.end()) {
      out.push_back(gap);
    } else {
      known.erase(found);
    }
  }
  return out;
}

InputDigest input_of(const char* role, const Inventory& inventory) {
  const std::string name = inventory.app.files.empty() ? "" : inventory.app.files.front().name;
  return {role, name, inventory.app.sha256};
}

}  // namespace

bool InventoryDiff::empty() const {
  const bool models_same = std::all_of(models.begin(), models.end(), [](const ModelChange& change) {
    return change.status == "same" && change.notes.empty();
  });
  const bool calls_same = std::all_of(calls.begin(), calls.end(), [](const CallChange& change) {
    return change.status == "kept" && change.old_use == change.new_use;
  });
  return models_same && calls_same && all_same(tasks, "same") && all_same(runtimes, "same") &&
         new_gaps.empty() && lost_gaps.empty();
}

InventoryDiff diff_inventories(const Inventory& old_inventory, const Inventory& new_inventory) {
  const Inventory before = shown_inventory(old_inventory);
  const Inventory after = shown_inventory(new_inventory);
  InventoryDiff diff;
  diff.provenance.inputs = {input_of("old", before), input_of("new", after)};
  diff.old_app = before.app;
  diff.new_app = after.app;
  diff.models = diff_models(before, after);
  diff.tasks = diff_tasks(before, after);
  diff.runtimes = diff_runtimes(before, after);
  diff.calls = diff_calls(before, after);
  diff.new_gaps = only_in(after.gaps, before.gaps);
  diff.lost_gaps = only_in(before.gaps, after.gaps);
  return diff;
}

}  // namespace dl
