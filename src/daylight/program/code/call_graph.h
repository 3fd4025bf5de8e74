// SPDX-License-Identifier: Apache-2.0
// Who calls whom in an app's DEX code, and what the manifest's entry points lead to.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "daylight/format/format_gap.h"
#include "daylight/format/package/android_manifest.h"
#include "daylight/program/code/class_index.h"
#include "daylight/program/code/code_facts.h"

namespace dl::program {

// Targets of one virtual call; more make the call an edge to the statically named method only, with
// a gap.
inline constexpr std::size_t kMaxVirtualTargets = 256;
// Steps of one path that is given as evidence; longer ones are cut in the middle.
inline constexpr std::size_t kMaxPathSteps = 24;

// A call site seen from its callee.
struct CallerSite {
  MethodId caller = kNoId;
  MethodId named = kNoId;  // the callee as the instruction names it
  std::uint32_t pc = 0;
  InvokeKind kind = InvokeKind::kVirtual;
};

// Edges: static, direct and super calls go to the one definition; virtual and interface calls to
// every override below the named class (class hierarchy analysis). A callee outside the app is the
// method id as named. Immutable; const methods are thread safe; index and facts must outlive it.
class CallGraph {
 public:
  static CallGraph build(const ClassIndex& index, const CodeFacts& facts);

  // The definitions that a call site may run; the named id itself if all of them are outside the
  // app.
  std::vector<MethodId> targets(const CallSite& site) const;
  // Call sites that may run `method`, by caller id, then pc. Found by all names under which it can
  // be called.
  std::vector<CallerSite> callers(MethodId method) const;
  // Call sites whose instruction names exactly `method`.
  std::span<const CallerSite> named_callers(MethodId method) const;

  const ClassIndex& index() const { return *index_; }
  const CodeFacts& facts() const { return *facts_; }

 private:
  const ClassIndex* index_ = nullptr;
  const CodeFacts* facts_ = nullptr;
  std::vector<std::uint32_t> caller_start_;
  std::vector<CallerSite> caller_list_;
};

// Where execution enters the app.
struct EntryPoint {
  MethodId method = kNoId;
  std::string why;  // "activity org.example.Main", "application org.example.App" ...
};

// What can run: from the manifest's components through calls, constructors, static initialisers,
// callbacks that the framework makes on instantiated classes, and constant class names handed to
// reflection. An over-approximation: it says "a path exists", never "it ran".
class Reachability {
 public:
  // Without a manifest nothing is an entry point: everything is unreached, with a gap.
  static Reachability explore(const CallGraph& graph, const ManifestInfo* manifest);

  bool reached(MethodId method) const { return parent_[method].how != Step::kUnreached; }
  // One shortest path: entry point first, `method` last; each line is a method with how it was
  // entered, as in "Lo/a;->f(I)V (called at 0x12)". Empty if unreached.
  std::vector<std::string> path(MethodId method) const;
  // What the path begins with: "activity org.example.Main". "" if unreached.
  std::string entry_reason(MethodId method) const;
  const std::vector<EntryPoint>& entries() const { return entries_; }
  bool instantiated(ClassId id) const { return instantiated_[id]; }
  const GapList& gaps() const { return gaps_; }

 private:
  enum class Step : std::uint8_t {
    kUnreached,
    kEntry,
    kCall,
    kCallback,
    kInitialiser,
    kReflection
  };
  struct Parent {
    MethodId from = kNoId;  // kEntry: kNoId
    std::uint32_t pc = 0;
    Step how = Step::kUnreached;
  };
  struct Explorer;

  const ClassIndex* index_ = nullptr;
  std::vector<Parent> parent_;
  std::vector<bool> instantiated_;
  std::vector<EntryPoint> entries_;
  GapList gaps_;
};

}  // namespace dl::program
