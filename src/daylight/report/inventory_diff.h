// SPDX-License-Identifier: Apache-2.0
// What changed between two versions of an app, from their inventories alone.
#pragma once

#include <string>
#include <vector>

#include "daylight/artifact/inventory.h"
#include "daylight/base/json.h"

namespace dl {

// One thing on both sides, or on one. `before` and `after` are empty where the thing is absent
// there.
struct ModelChange {
  // same: the same bytes. repackaged: other bytes, the same weights. retrained: the same graph,
  // other weights. replaced: another model in the same place, or for the same tasks
  // with the same borders. added, removed.
  std::string status;
  std::string before;    // id in the old inventory
  std::string after;     // id in the new one
  std::string old_name;  // where it lies
  std::string new_name;
  std::vector<std::string> notes;  // what else differs: place, use, encryption, tasks
};

struct TaskChange {
  std::string status;  // same|changed|added|removed
  std::string task;
  bool sensitive = false;
  // Use and confidence, the strongest of all records of the task; empty where it is absent.
  std::string old_use, new_use, old_confidence, new_confidence;
};

struct RuntimeChange {
  std::string status;  // same|changed|added|removed
  std::string id;
  std::string layer;
  std::string old_version, new_version;  // "?" where no version was read
};

struct CallChange {
  // kept: the same name and code. moved: other name, the same code. changed: the same name or
  // class, other code. new, lost.
  std::string status;
  std::string api;
  std::string before, after;  // ids
  std::string old_caller, new_caller;
  std::string old_use, new_use;
};

// NOLINTNEXTLINE(bugprone-exception-escape): moving a Json does not throw
struct InventoryDiff {
  Provenance provenance;
  AppInfo old_app;
  AppInfo new_app;
  std::vector<ModelChange> models;
  std::vector<TaskChange> tasks;
  std::vector<RuntimeChange> runtimes;
  std::vector<CallChange> calls;
  std::vector<Gap> new_gaps;   // that only the new version has
  std::vector<Gap> lost_gaps;  // that only the old one had

  // Whether nothing at all differs.
  bool empty() const;
};

// Models are matched by digest, then by address, weights, graph, place, and last by tasks and
// borders; tasks by name; runtimes by framework and layer; call sites of one API by the caller's
// name and the fingerprint of its code (see CallRecord::fingerprint), each site once. A site whose
// name and code both changed is one that was lost and one that is new. Every record of both
// inventories is in exactly one entry.
InventoryDiff diff_inventories(const Inventory& before, const Inventory& after);

// daylight/diff/1 (docs/formats/diff.md).
Json to_json(const InventoryDiff& diff);
// Plain text in lines of at most kTextWidth columns: what changed, and counts of what did not.
std::string render_diff(const InventoryDiff& diff);

}  // namespace dl
