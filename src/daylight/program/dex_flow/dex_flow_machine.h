// SPDX-License-Identifier: Apache-2.0
// The interpreter behind analyse_flow: frames, branches, loops, calls. Internal to program/.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "daylight/program/code/app_code.h"
#include "daylight/program/dex_flow/dex_flow.h"
#include "daylight/program/dex_flow/dex_flow_heap.h"
#include "daylight/program/dex_flow/dex_flow_shape.h"

namespace dl::program {

// Nested branches and calls together: bounds the interpreter's own stack.
inline constexpr int kMaxFlowNesting = 320;
// Rounds until a loop's summary must be stable.
inline constexpr int kMaxLoopRounds = 8;
// Cases of a switch on an unknown value that are followed.
inline constexpr std::size_t kMaxSwitchCases = 24;
// Conditions that a sink remembers, from the innermost out.
inline constexpr std::size_t kMaxFlowGuards = 24;
// Classes that an unknown receiver is tried as.
inline constexpr std::size_t kMaxReceivers = 4;
// Instructions that a call may always use; beyond them half of what its entry point has left. A
// call that needs more counts as one of unknown code, and its caller goes on.
inline constexpr std::uint64_t kMinStepsPerCall = 20000;
// The same method on the stack.
inline constexpr int kMaxFlowRecursion = 2;

struct FlowState {
  std::vector<NodeId> registers;
  FlowHeap heap;
  NodeId result = kNoNode;
};

struct FlowFrame {
  MethodId method = kNoId;
  std::uint32_t dex = 0;
  const FlowShape* shape = nullptr;
  SiteId caller = kNoSite;
  // Conditions under which the loop that is being summarised in this frame ends, innermost last.
  struct OpenLoop {
    const FlowLoopShape* shape;
    std::vector<NodeId> exit_tests;
    bool asks_all = true;  // each of them in every round
  };
  std::vector<OpenLoop*> open_loops;
};

// Where a run of blocks ends: at a meeting point, at a loop's head, or where it leaves the loop.
struct FlowStop {
  const FlowStop* outer = nullptr;
  std::uint32_t block = kDexNoIndex;
  const FlowLoopShape* loop = nullptr;

  bool hits(std::uint32_t at) const {
    if (at == block) return true;
    if (loop != nullptr && (at == loop->head || !loop->inside[at])) return true;
    return outer != nullptr && outer->hits(at);
  }
};

// What became of a run: states at the blocks where it stopped, and a state and value where it
// returned.
struct FlowOutcome {
  std::map<std::uint32_t, FlowState> arrived;
  struct Returned {
    FlowState state;
    NodeId value = kNoNode;
  };
  std::optional<Returned> returned;

  bool dead() const { return arrived.empty() && !returned; }
};

class FlowMachine;

// Reads of arrays in one round of a loop that are compared with what other rounds store.
inline constexpr std::size_t kMaxNotedReads = 512;
struct FlowRead {
  ObjectId object = 0;
  std::vector<NodeId> path;
};

// One call of something outside the app, as a model of it sees it.
struct FlowCall {
  FlowMachine& machine;
  FlowGraph& graph;
  FlowState& state;
  std::string_view api;    // dotted: android.graphics.Bitmap.createScaledBitmap
  std::string_view owner;  // simple class name: Bitmap
  std::string_view name;   // createScaledBitmap
  const ProtoInfo& proto;
  bool is_static;
  std::vector<NodeId> args;  // the receiver first, if there is one
  SiteId site;
  FlowFrame* frame;
  int depth;

  NodeId arg(std::size_t i) const { return i < args.size() ? args[i] : kNoNode; }
  // Type descriptors of the declared parameters (without the receiver) and of the result; empty
  // where there is none.
  std::string_view parameter(std::size_t i) const;
  std::string_view result_type() const;
  // The receiver, if it is an object of this kind that the state knows.
  const FlowObject* receiver(FlowObjectKind kind) const;
};

// The value of a call (kNoNode for void); nothing if the model does not know the call.
using FlowModel = std::optional<NodeId> (*)(FlowCall& call);
// Models by simple class name and method ("Bitmap.copy") or by method alone ("*.getAssets").
FlowModel find_flow_model(std::string_view owner, std::string_view name);
// Models of TensorFlow Lite's Java API, by canonical name.
FlowModel find_tflite_model(std::string_view canonical);

class FlowMachine {
 public:
  FlowMachine(const AppCode& code, const FlowLimits& limits, LogSink& log);

  FlowResult analyse();

  // ---- for models ----
  FlowGraph& graph() { return *graph_; }
  const ClassIndex& index() const { return code_.index(); }
  const FlowObject* object(const FlowState& state, NodeId node) const;
  // A copy that may be changed and must be put back.
  std::optional<FlowObject> edit(const FlowState& state, NodeId node) const;
  static void put(FlowState& state, FlowObject object);
  NodeId new_object(FlowState& state, FlowObjectKind kind, ClassId type, SiteId site);
  // An array, list or buffer as a value that later changes do not touch; a framework object as its
  // history; others unchanged.
  NodeId freeze(const FlowState& state, NodeId node, SiteId site, int depth = 4);
  NodeId new_array(FlowState& state, std::string_view type, std::vector<NodeId> dimensions,
                   SiteId site);
  NodeId read_array(FlowState& state, NodeId array, NodeId index, SiteId site, int depth = 0);
  // Tells the loops that are being summarised that this place of an array or buffer was read.
  void note_read(ObjectId object, const std::vector<NodeId>& path) {
    if (reads_ != nullptr && reads_->size() < kMaxNotedReads) reads_->push_back({object, path});
  }
  void write_array(FlowState& state, NodeId array, NodeId index, NodeId value, SiteId site);
  NodeId array_length(const FlowState& state, NodeId array, SiteId site, int depth = 0);
  // Everything in an array or buffer becomes unknown, because `why` filled it.
  void havoc(FlowState& state, NodeId node, NodeId why);
  // Calls a method of an object by name, where the app defines exactly one with that many
  // parameters; kNoNode for void. Nothing if it could not be called.
  std::optional<NodeId> call_back(FlowCall& call, NodeId receiver, std::string_view name,
                                  std::vector<NodeId> args);
  // The class of a value as far as it is known.
  ClassId class_of(const FlowState& state, NodeId node) const;
  NodeId enum_text(const FlowState& state, NodeId node, SiteId site);
  void add_sink(FlowCall& call, std::size_t first_arg);
  std::uint32_t add_run(FlowCall& call, NodeId interpreter, std::vector<NodeId> inputs,
                        std::vector<bool> given);
  // Puts a model's output into the container that receives it.
  void fill_output(FlowState& state, NodeId container, NodeId output, SiteId site, int depth = 0);
  FieldId field_named(std::string_view owner, std::string_view name) const {
    return index().find_field(owner, name);
  }

 private:
  friend class FlowLoopSummary;

  // ---- control ----
  FlowOutcome run(FlowFrame& frame, std::uint32_t block, const FlowStop& stop, FlowState state,
                  bool forced);
  FlowOutcome run_loop(FlowFrame& frame, std::uint32_t head, const FlowStop& stop, FlowState state);
  // Sinks from `from` on happened in a branch that is taken under `condition`.
  void guard_sinks(std::size_t from, NodeId condition);
  FlowOutcome fork(FlowFrame& frame, std::uint32_t at, const FlowStop& stop, FlowState state,
                   const std::vector<std::pair<NodeId, std::uint32_t>>& ways);
  FlowOutcome merge(NodeId condition, FlowOutcome yes, FlowOutcome no);
  FlowState merge_states(NodeId condition, FlowState yes, FlowState no);
  std::optional<std::uint32_t> handler_for(FlowFrame& frame, std::uint32_t pc) const;
  SiteId site(const FlowFrame& frame, const DexInstruction& instruction);

  // ---- instructions ----
  // False if the instruction never ends (it throws, or what it calls does).
  bool step(FlowFrame& frame, const DexInstruction& instruction, FlowState& state);
  bool step_arithmetic(const DexInstruction& instruction, FlowState& state, SiteId at);
  NodeId branch_condition(const DexInstruction& instruction, FlowState& state, SiteId at);

  // ---- fields ----
  NodeId get_field(FlowState& state, NodeId base, FieldId field, SiteId at, int depth = 0);
  void put_field(FlowState& state, NodeId base, FieldId field, NodeId value, SiteId at);
  NodeId get_static(FlowState& state, FieldId field, SiteId at);
  void put_static(FlowState& state, FieldId field, NodeId value, SiteId at);
  NodeId ambient(ClassId type);
  ObjectId statics(ClassId type);
  void initialise(ClassId type);
  NodeId resolve_kept(FieldId field, SiteId at);
  NodeId default_value(FieldId field) const;

  // ---- calls ----
  bool invoke(FlowFrame& frame, const DexInstruction& instruction, FlowState& state);
  // The value; nothing if the call never returns. `state` is then unusable.
  std::optional<NodeId> call_method(MethodId method, std::vector<NodeId> args, FlowState& state,
                                    SiteId at);
  std::optional<NodeId> dispatch(FlowFrame& frame, MethodId named, InvokeKind kind,
                                 std::vector<NodeId> args, FlowState& state, SiteId at);
  std::optional<NodeId> dispatch_each(FlowFrame& frame, MethodId named, NodeId receiver,
                                      std::vector<NodeId> args, FlowState& state, SiteId at);
  NodeId call_outside(FlowFrame* frame, MethodId named, ClassId receiver, std::vector<NodeId> args,
                      bool is_static, FlowState& state, SiteId at);
  NodeId opaque(std::string_view api, std::vector<NodeId> args, const ProtoInfo& proto,
                bool is_static, FlowState& state, SiteId at);
  void construct(NodeId receiver, NodeId made, FlowState& state);
  const FlowShape* shape_of(MethodId method);

  // ---- entries ----
  std::vector<MethodId> find_entries();
  void run_entry(MethodId method);
  bool inside_library(MethodId method) const;
  void gap(std::string where, std::string why);

  const AppCode& code_;
  FlowLimits limits_;
  LogSink& log_;
  std::unique_ptr<FlowGraph> graph_;
  FlowHeap global_;
  ObjectId next_object_ = 1;
  std::unordered_map<ClassId, ObjectId> ambient_;
  std::unordered_map<ClassId, ObjectId> statics_;
  std::set<ClassId> initialised_;
  std::set<MethodId> entered_;
  std::set<FieldId> resolving_;
  std::unordered_map<FieldId, NodeId> resolved_;
  std::unordered_map<FieldId, std::vector<MethodId>> writers_;
  std::map<FieldId, std::vector<NodeId>> kept_;
  std::unordered_map<MethodId, std::unique_ptr<FlowShape>> shapes_;
  std::map<std::pair<std::uint64_t, SiteId>, SiteId> site_cache_;
  std::vector<MethodId> stack_;
  int nesting_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t entry_steps_ = 0;
  std::uint64_t call_limit_ = 0;  // entry_steps_ at which the innermost limited call gives up
  bool exhausted_ = false;        // a limit was reached and callers have not dealt with it yet
  MethodId entry_ = kNoId;
  std::size_t unfollowed_ = 0;  // calls that were too large
  std::string first_unfollowed_;
  std::vector<FlowRead>* reads_ = nullptr;
  std::string last_throw_;  // where a way ended last
  std::vector<FlowRun> runs_;
  std::vector<FlowSink> sinks_;
  std::vector<FlowKept> kept_values_;
  std::map<std::string, std::string> gaps_;
};

}  // namespace dl::program
