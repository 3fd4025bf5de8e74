// SPDX-License-Identifier: Apache-2.0
// Reads choices by limits from selects and from loops over a table of limits.
#include "daylight/rebuild/shown_thresholds.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "daylight/base/text.h"
#include "daylight/rebuild/score_reading.h"

namespace dl::rebuild {
namespace {

using program::FlowGraph;
using program::FlowNode;
using program::FlowOp;
using program::kNoNode;
using program::NodeId;

constexpr int kMaxChoiceDepth = 64;
constexpr int kMaxWordsDepth = 8;
constexpr std::size_t kMaxWords = 200;
// Resource ids are 0xPPTTEEEE with a package of 1 or more; an app's own is 0x7f.
constexpr std::int64_t kFirstResourceId = 0x01010000;
constexpr std::int64_t kLastResourceId = 0x7fffffff;

// 0.6f is 0.60000002384...: the decimal that the app's author wrote is the shortest that reads back
// as the same float.
double as_written(double value, bool wide) {
  if (wide) return value;
  std::array<char, 64> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), static_cast<float>(value));
  double shortest = value;
  std::from_chars(text.data(), end.ptr, shortest);
  return shortest;
}

class LimitReader {
 public:
  explicit LimitReader(FlowGraph& graph) : graph_(graph) {}

  std::optional<LimitChoice> read(NodeId value) {
    const FlowOp op = graph_.at(value).op;
    if (op == FlowOp::kElement) value = table_as_choices(value);
    if (op == FlowOp::kGt || op == FlowOp::kGe || op == FlowOp::kNot)
      value = graph_.select(value, graph_.integer(1), graph_.integer(0));
    if (value == kNoNode || !walk(value, kMaxChoiceDepth) || choice_.values.empty())
      return std::nullopt;
    for (std::size_t i = 1; i < choice_.values.size(); ++i) {
      if (!(choice_.values[i - 1] < choice_.values[i])) return std::nullopt;
    }
    return std::move(choice_);
  }

 private:
  // A comparison of a number with a constant.
  struct Limit {
    NodeId number = kNoNode;
    double value = 0;
    bool ties_above = false;
    bool holds_above = false;
  };

  std::optional<Limit> limit_of(NodeId condition) const {
    const auto test = read_greater(graph_, condition);
    if (!test) return std::nullopt;
    const auto left = graph_.constant_real(test->greater);
    const auto right = graph_.constant_real(test->other);
    if (left.has_value() == right.has_value()) return std::nullopt;
    const FlowNode& constant = graph_.at(right ? test->other : test->greater);
    Limit limit;
    limit.number = right ? test->greater : test->other;
    limit.value = constant.op == FlowOp::kFloat ? as_written(right ? *right : *left, constant.wide)
                                                : (right ? *right : *left);
    // score >= limit and !(limit > score) put ties above; score > limit and !(limit >= score)
    // below.
    limit.ties_above = right.has_value() == test->holds_when_equal;
    limit.holds_above = right.has_value() != test->negated;
    return limit;
  }

  // In order: what is chosen below the limit, the limit, what is chosen above it.
  bool walk(NodeId value, int depth) {
    const FlowNode node = graph_.at(value);
    const auto limit = node.op == FlowOp::kSelect ? limit_of(node.args[0]) : std::nullopt;
    const bool same_number =
        limit && (choice_.number == kNoNode || graph_.same(choice_.number, limit->number));
    if (!same_number) {
      choice_.shown.push_back(value);
      return true;
    }
    if (depth <= 0 || choice_.values.size() >= kMaxShownLimits) return false;
    const bool first = choice_.number == kNoNode;
    if (!first && choice_.ties_above != limit->ties_above) return false;
    choice_.number = limit->number;
    choice_.ties_above = limit->ties_above;
    choice_.origin.push_back(node.args[0]);
    choice_.origin.push_back(value);
    if (!walk(node.args[limit->holds_above ? 2 : 1], depth - 1)) return false;
    choice_.values.push_back(limit->value);
    return walk(node.args[limit->holds_above ? 1 : 2], depth - 1);
  }

  // words[i] with i counted up until it reaches the table's end or limits[i] > number, as the
  // choices that it stands for. kNoNode where it is something else.
  NodeId table_as_choices(NodeId value) {
    const FlowNode node = graph_.at(value);
    const FlowGraph::Linear index = graph_.linear(node.args[1]);
    if (index.terms.size() != 1 || index.terms[0].second != 1) return kNoNode;
    const FlowNode& exit = graph_.at(index.terms[0].first);
    if (exit.op != FlowOp::kLoopExit) return kNoNode;
    const FlowNode& counter = graph_.at(exit.args[0]);
    if (counter.op != FlowOp::kLoopVar) return kNoNode;
    const auto loop = static_cast<std::uint32_t>(counter.integer);
    if (!graph_.loop(loop).asks_all) return kNoNode;
    const std::vector<NodeId> tests = graph_.loop(loop).exit_tests;
    std::vector<std::pair<NodeId, NodeId>> rounds;  // what ends the loop there, and what is chosen
    for (std::int64_t i = 0; i <= static_cast<std::int64_t>(kMaxShownLimits); ++i) {
      const NodeId words = graph_.read(node.args[0], {graph_.integer(index.constant + i)});
      NodeId open = kNoNode;
      bool ends = false;
      for (const NodeId test : tests) {
        const NodeId now = graph_.replace_loop(test, loop, graph_.integer(i), false);
        const auto known = graph_.truth(now);
        // A test behind one that ends the loop is not reached: it may read past the table.
        if (known && *known) ends = true;
        if (known || ends) continue;
        if (open != kNoNode) return kNoNode;
        open = now;
      }
      if (ends) {
        NodeId whole = words;
        for (auto round = rounds.rbegin(); round != rounds.rend(); ++round)
          whole = graph_.select(round->first, round->second, whole, node.site);
        return whole;
      }
      if (open == kNoNode) return kNoNode;
      rounds.emplace_back(open, words);
    }
    return kNoNode;
  }

  FlowGraph& graph_;
  LimitChoice choice_;
};

std::optional<std::uint32_t> resource_id(const FlowGraph& graph, NodeId value) {
  const FlowOp op = graph.at(value).op;
  if (op != FlowOp::kInt && op != FlowOp::kBits) return std::nullopt;
  const std::int64_t id = graph.at(value).integer;
  if (id < kFirstResourceId || id > kLastResourceId) return std::nullopt;
  return static_cast<std::uint32_t>(id);
}

Json resource_words(std::uint32_t id, const ResourceTable* resources) {
  std::array<char, 16> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), id, 16);
  Json words = {{"resource", "0x" + std::string(text.data(), end.ptr)}};
  if (resources == nullptr) return words;
  const std::string name = resources->entry_name(id);
  if (!name.empty()) words["name"] = printable(resources->type_name(id) + "/" + name, kMaxWords);
  if (const auto content = resources->string_of(id)) words["text"] = printable(*content, kMaxWords);
  return words;
}

bool hangs_on_a_model(const FlowGraph& graph, NodeId value) {
  const std::vector<NodeId> nodes = graph.reachable(value);
  return std::any_of(nodes.begin(), nodes.end(),
                     [&](NodeId node) { return graph.at(node).op == FlowOp::kOutput; });
}

std::optional<Json> words_of(const FlowGraph& graph, NodeId value, const ResourceTable* resources,
                             int depth) {
  const FlowNode& node = graph.at(value);
  if (const auto text = graph.constant_string(value)) return Json(printable(*text, kMaxWords));
  if (const auto id = resource_id(graph, value)) return resource_words(*id, resources);
  if (const auto number = graph.constant_integer(value)) return Json(*number);
  if (node.op == FlowOp::kFloat) return Json(as_written(node.real, node.wide));
  if (node.op == FlowOp::kNull) return Json("");
  if (depth <= 0) return std::nullopt;
  if (node.op == FlowOp::kConcat) {
    std::string text;
    for (const NodeId part : node.args) {
      const auto words = words_of(graph, part, resources, depth - 1);
      text += words && words->is_string() ? words->get<std::string>() : "{}";
    }
    return Json(printable(text, kMaxWords));
  }
  const bool formats = node.op == FlowOp::kCall && !node.args.empty() &&
                       (node.text.starts_with("android.content.Context.get") ||
                        node.text == "java.lang.String.format");
  if (formats) {
    // A locale may stand before the format.
    for (const NodeId arg : node.args) {
      if (graph.constant_string(arg) || resource_id(graph, arg))
        return words_of(graph, arg, resources, depth - 1);
    }
    return std::nullopt;
  }
  if (hangs_on_a_model(graph, value)) return Json("{}");
  return std::nullopt;
}

}  // namespace

std::optional<LimitChoice> read_limit_choice(FlowGraph& graph, NodeId value) {
  return LimitReader(graph).read(value);
}

std::optional<Json> words_shown(const FlowGraph& graph, NodeId value,
                                const ResourceTable* resources) {
  return words_of(graph, value, resources, kMaxWordsDepth);
}

bool is_resource_id(const FlowGraph& graph, NodeId value) {
  return resource_id(graph, value).has_value();
}

std::optional<std::string> plain_resource_text(const FlowGraph& graph, NodeId value,
                                               const ResourceTable* resources) {
  const auto id = resource_id(graph, value);
  if (!id || resources == nullptr || resources->type_name(*id) != "string") return std::nullopt;
  auto text = resources->string_of(*id);
  if (!text || text->empty() || text->find('%') != std::string::npos) return std::nullopt;
  return printable(*text, kMaxWords);
}

}  // namespace dl::rebuild
