// SPDX-License-Identifier: Apache-2.0
// Values of the DEX interpreter as a graph of expressions: constants, unknowns, arithmetic, API
// calls, model outputs.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace dl::program {

// Nodes of one analysis; beyond it every new value is unknown.
inline constexpr std::size_t kMaxFlowNodes = std::size_t{3} << 20;
// Depth to which two expressions are compared or searched.
inline constexpr int kMaxFlowDepth = 64;
// Nodes that one comparison of two expressions looks at; then they count as different.
inline constexpr int kMaxFlowCompared = 1000;
// Choices within choices that reading an element, or comparing, is pushed into.
inline constexpr int kMaxFlowChoices = 5;
// Parts of one text that are kept apart.
inline constexpr std::size_t kMaxFlowParts = 256;

using NodeId = std::uint32_t;
inline constexpr NodeId kNoNode = 0;
using SiteId = std::uint32_t;
inline constexpr SiteId kNoSite = 0;
using ObjectId = std::uint32_t;

enum class FlowOp : std::uint8_t {
  kUnknown,  // text: why; args: what it depends on
  kBits,     // integer: a constant whose type its use decides (DEX constants are untyped)
  kInt,      // integer: boolean, byte, short, char, int, long
  kFloat,    // real; single unless `wide`
  kNull,
  kString,  // text
  kClass,   // text: descriptor
  kObject,  // integer: ObjectId
  kParam,   // text: method, integer: index; the argument of a method where the analysis started
  kField,   // text: field; args: base or none; a field that the analysis could not resolve
  kCall,  // text: dotted API name (android.graphics.Bitmap.getWidth); args with the receiver first
  kLinear,  // integer + sum of coefficients[i] * args[i]
  kMul,
  kDiv,
  kRem,
  kAnd,
  kOr,
  kXor,
  kShl,
  kShr,
  kUshr,  // on integers
  kFAdd,
  kFSub,
  kFMul,
  kFDiv,
  kFRem,
  kFNeg,  // on reals
  kIntToFloat,
  kFloatToInt,
  kIntToByte,
  kIntToChar,
  kIntToShort,
  kMin,
  kMax,      // on integers or reals
  kCompare,  // three-way comparison; integer: result when unordered (-1, +1; 0: integers)
  kEq,
  kGt,
  kGe,  // conditions
  kNot,
  kSelect,    // args: condition, value if true, value if false
  kChoice,    // args: one of them, it is not known which
  kLoopVar,   // integer: loop; 0 ... trip - 1
  kLoopPhi,   // integer: index in FlowGraph::phi(); the value at the head of a loop
  kLoopExit,  // args: phi; its value after the loop
  kElement,   // args: container, index
  kLength,    // args: container
  kPixels,    // args: bitmap; integer: width of the picture, or 0; its packed colours, row by row
  kOutput,    // integer: run, args: none; element path follows as kElement. `real`: output index
  kSnapshot,  // integer: index in FlowGraph::snapshot(); what an array, list or buffer held
  kConcat,    // args: the parts of a text
};

struct FlowNode {
  FlowOp op = FlowOp::kUnknown;
  bool wide = false;
  SiteId site = kNoSite;
  std::int64_t integer = 0;
  double real = 0;
  std::string_view text;
  std::vector<NodeId> args;
  std::vector<std::int64_t> coefficients;
};

// Where a value was made: an instruction, and the chain of calls that led there (outermost last).
struct FlowSite {
  std::uint32_t dex = 0;     // index of the DEX file in the app
  std::uint32_t method = 0;  // method index in that DEX
  std::uint32_t pc = 0;
  SiteId caller = kNoSite;  // the call instruction that led into this method
};

// One store into an array, list or buffer. `index` is a path: one entry for each dimension. Lists
// and buffers have one; buffers count bytes.
struct FlowWrite {
  std::vector<NodeId> index;
  NodeId value = kNoNode;
  NodeId guard = kNoNode;  // the condition under which it happens; kNoNode: always
  // A copied range: places [index, index + count) hold element (i - index) * multiply / divide of
  // `value`. kNoNode: one place.
  NodeId count = kNoNode;
  std::int64_t multiply = 1;
  std::int64_t divide = 1;
};

// What fills the places that no write has: element i is element (i * multiply + start) / divide of
// `source`.
struct FlowBase {
  NodeId source = kNoNode;  // kNoNode: zeros (or nulls)
  std::int64_t multiply = 1;
  std::int64_t divide = 1;
  NodeId start = kNoNode;  // kNoNode: 0
};

struct FlowSnapshot {
  NodeId length = kNoNode;
  FlowBase base;
  std::vector<FlowWrite> writes;
  std::vector<NodeId> dimensions;  // arrays of arrays
  ObjectId object = 0;
  std::string_view type;
};

struct FlowLoop {
  NodeId trip = kNoNode;           // how often the body runs; kNoNode: not known
  std::vector<NodeId> exit_tests;  // the loop ends where one of them is true; in their order
  bool asks_all = false;           // every round asks them, one after the other, until one is true
  bool closed = false;             // the loop is over: its variable stands for every value at once
  SiteId site = kNoSite;
};

struct FlowPhi {
  std::uint32_t loop = 0;
  NodeId node = kNoNode;
  NodeId init = kNoNode;
  NodeId next = kNoNode;  // mentions `node`
};

// Sums and products of hostile constants wrap around instead of being undefined.
inline std::int64_t wrapped_sum(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
inline std::int64_t wrapped_product(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
}

// Larger coefficients, and constants beside them, are not folded.
inline constexpr std::int64_t kMaxFlowCoefficient = std::int64_t{1} << 40;
inline bool is_moderate(std::int64_t value) {
  return value <= kMaxFlowCoefficient && value >= -kMaxFlowCoefficient;
}

struct FlowRange {
  double low;
  double high;
};

// A hash-consed graph. Every make_* function folds what it can, so equal values tend to be one
// node. Not thread safe.
class FlowGraph {
 public:
  FlowGraph();

  // The unknown node for kNoNode: code that no verifier accepts reads registers that nothing was
  // put into.
  const FlowNode& at(NodeId id) const {
    static const FlowNode kAbsent;
    return id < nodes_.size() ? nodes_[id] : kAbsent;
  }
  std::size_t size() const { return nodes_.size(); }
  bool full() const { return nodes_.size() >= kMaxFlowNodes; }
  std::string_view intern(std::string_view text);

  NodeId unknown(std::string_view why, std::vector<NodeId> args = {}, SiteId site = kNoSite);
  NodeId bits(std::int64_t value, SiteId site);
  NodeId integer(std::int64_t value, SiteId site = kNoSite);
  NodeId real(double value, bool wide, SiteId site = kNoSite);
  NodeId null(SiteId site = kNoSite);
  NodeId string(std::string_view text, SiteId site = kNoSite);
  NodeId class_constant(std::string_view descriptor, SiteId site = kNoSite);
  NodeId object(ObjectId object);
  NodeId parameter(std::string_view method, std::uint32_t index);
  NodeId field(std::string_view name, NodeId base, SiteId site);
  NodeId call(std::string_view api, std::vector<NodeId> args, SiteId site);
  NodeId concat(const std::vector<NodeId>& parts, SiteId site);
  NodeId element(NodeId container, NodeId index, SiteId site = kNoSite);
  NodeId length(NodeId container, SiteId site = kNoSite);
  NodeId pixels(NodeId bitmap, std::int64_t width, SiteId site);
  NodeId output(std::uint32_t run, std::uint32_t index, SiteId site);
  NodeId snapshot(FlowSnapshot content, SiteId site);
  NodeId choice(const std::vector<NodeId>& options);
  NodeId select(NodeId condition, NodeId yes, NodeId no, SiteId site = kNoSite);
  NodeId negate(NodeId condition);

  // Integers: Java's int arithmetic without its overflow, which no index or pixel here reaches.
  NodeId add(NodeId a, NodeId b, SiteId site = kNoSite);
  NodeId subtract(NodeId a, NodeId b, SiteId site = kNoSite);
  NodeId scale(NodeId a, std::int64_t factor, SiteId site = kNoSite);
  NodeId integer_op(FlowOp op, NodeId a, NodeId b, SiteId site);
  // Reals. `wide`: double, else float (constants fold in that precision).
  NodeId real_op(FlowOp op, NodeId a, NodeId b, bool wide, SiteId site);
  NodeId convert(FlowOp op, NodeId a, bool wide, SiteId site);
  NodeId extreme(FlowOp op, NodeId a, NodeId b, bool reals, bool wide, SiteId site);
  NodeId compare(NodeId a, NodeId b, int unordered, SiteId site);
  // a `relation` b with relation one of eq ne lt ge gt le. A three-way comparison with 0 becomes
  // the comparison of its operands.
  enum class Relation : std::uint8_t { kEq, kNe, kLt, kGe, kGt, kLe };
  NodeId relate(Relation relation, NodeId a, NodeId b, SiteId site);

  // The node read as a constant of type I, F (J, D when wide): DEX constants get their type from
  // their use.
  NodeId as_integer(NodeId id, bool wide = false);
  NodeId as_real(NodeId id, bool wide);
  NodeId as_reference(NodeId id);
  // By the first letter of a type descriptor.
  NodeId as_type(NodeId id, std::string_view descriptor);

  std::uint32_t new_loop(SiteId site);
  FlowLoop& loop(std::uint32_t index) { return loops_[index]; }
  const FlowLoop& loop(std::uint32_t index) const { return loops_[index]; }
  NodeId loop_variable(std::uint32_t loop);
  NodeId new_phi(std::uint32_t loop, NodeId init);
  FlowPhi& phi(std::int64_t index) { return phis_[static_cast<std::size_t>(index)]; }
  const FlowPhi& phi(std::int64_t index) const { return phis_[static_cast<std::size_t>(index)]; }
  NodeId loop_exit(NodeId phi);
  const FlowSnapshot& snapshot_of(NodeId id) const {
    return snapshots_[static_cast<std::size_t>(nodes_[id].integer)];
  }

  SiteId add_site(const FlowSite& site);
  const FlowSite& site(SiteId id) const {
    static const FlowSite kNowhere;
    return id < sites_.size() ? sites_[id] : kNowhere;
  }

  std::optional<std::int64_t> constant_integer(NodeId id) const;
  std::optional<double> constant_real(NodeId id) const;  // kInt too
  std::optional<std::string_view> constant_string(NodeId id) const;
  // True, false, or not known.
  std::optional<bool> truth(NodeId condition) const;
  bool is_null(NodeId id) const;
  bool is_object(NodeId id) const { return at(id).op == FlowOp::kObject; }

  // The value as constant + sum of coefficient * atom; every integer has such a form.
  struct Linear {
    std::int64_t constant = 0;
    std::vector<std::pair<NodeId, std::int64_t>> terms;  // by node, no zero coefficients
  };
  Linear linear(NodeId id) const;
  // All parts divided by `step` (not 0), towards zero.
  static Linear divided(const Linear& form, std::int64_t step);
  NodeId from_linear(const Linear& form, SiteId site = kNoSite);
  // a - b where that is a constant.
  std::optional<std::int64_t> difference(NodeId a, NodeId b) const;
  // Bounds of a number; infinite where unknown.
  FlowRange range(NodeId id, int depth = 6) const;
  // Same value, whatever the sites.
  bool same(NodeId a, NodeId b, int depth = kMaxFlowDepth) const;

  // The node with loop variables and phis of one loop replaced: variable by `variable`, phis by
  // their loop_exit when `exits`.
  NodeId replace_loop(NodeId id, std::uint32_t loop, NodeId variable, bool exits);
  // The node with nodes replaced.
  NodeId replace_nodes(NodeId id, const std::vector<std::pair<NodeId, NodeId>>& pairs);
  // The element of a container at an index path (one entry for each dimension that is known).
  NodeId read(NodeId container, const std::vector<NodeId>& path, SiteId site = kNoSite);
  // kNoNode where the content does not decide it.
  NodeId read_from(const FlowSnapshot& content, const std::vector<NodeId>& path, SiteId site);

  // All nodes that `id` depends on, itself first, each once, through phis and snapshots. At most
  // `limit`.
  std::vector<NodeId> reachable(NodeId id, std::size_t limit = 20000) const;
  // A short text for people: gaps, logs, tests.
  std::string describe(NodeId id, int depth = 6) const;

 private:
  struct Key {
    FlowOp op;
    bool wide;
    SiteId site;
    std::int64_t integer;
    std::uint64_t real;
    const char* text;
    std::vector<NodeId> args;
    std::vector<std::int64_t> coefficients;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const;
  };
  NodeId make(FlowNode node);
  bool same(NodeId a, NodeId b, int depth, int& budget) const;
  using Replacements = std::unordered_map<NodeId, NodeId>;
  NodeId replace(NodeId id, Replacements& done, std::int64_t exits_of_loop, int depth);
  NodeId rebuild(NodeId id, std::vector<NodeId> args);
  // The loop variable's value at which a store's index equals `wanted`, for every variable in the
  // index.
  struct Match {
    enum class Kind : std::uint8_t { kNever, kAlways, kAt, kMaybe } kind = Kind::kMaybe;
    std::vector<std::pair<NodeId, NodeId>> values;  // loop variable, value
  };
  Match match_index(NodeId stored, NodeId wanted);

  std::deque<FlowNode> nodes_;
  std::deque<std::string> text_pool_;
  std::unordered_map<std::string_view, std::string_view> interned_;
  std::unordered_map<Key, NodeId, KeyHash> known_;
  std::vector<FlowLoop> loops_;
  std::vector<FlowPhi> phis_;
  std::vector<FlowSnapshot> snapshots_;
  std::vector<FlowSite> sites_;
  int choices_ = 0;  // that the call under way is inside of
};

}  // namespace dl::program
