// SPDX-License-Identifier: Apache-2.0
// Splits shown values into the answers that they hold: parts of texts, choices, pairs.
#include "daylight/rebuild/answer_reading.h"

#include <algorithm>
#include <set>
#include <utility>

#include "daylight/rebuild/shown_thresholds.h"

namespace dl::rebuild {
namespace {

using program::FlowGraph;
using program::FlowNode;
using program::FlowOp;
using program::kNoNode;
using program::NodeId;

constexpr int kMaxDepth = 40;
constexpr std::size_t kMaxParts = 64;
constexpr std::size_t kMaxPairNodes = 4000;

class AnswerReader {
 public:
  explicit AnswerReader(const AnswerSources& sources)
      : sources_(sources), graph_(sources.graph), values_(sources) {}

  std::optional<AnswerReading> pair(const std::vector<NodeId>& values, std::uint32_t run) {
    // Places in the output by a running index, and containers that are no output at the same index.
    std::vector<OutputPlace> scores;
    std::vector<NodeId> score_nodes;
    std::vector<NodeId> others;
    std::set<NodeId> seen;
    for (const NodeId value : values) {
      for (const NodeId id : graph_.reachable(value, kMaxPairNodes)) {
        if (graph_.at(id).op != FlowOp::kElement || !seen.insert(id).second) continue;
        const NodeId index = graph_.at(id).args[1];
        if (graph_.constant_integer(index)) continue;
        const auto place = place_in_output(graph_, id);
        if (place && place->run == run) {
          scores.push_back(*place);
          score_nodes.push_back(id);
        } else if (!place) {
          others.push_back(id);
        }
      }
    }
    for (std::size_t i = 0; i < scores.size(); ++i) {
      for (const NodeId other : others) {
        const FlowNode node = graph_.at(other);
        if (scores[i].path.empty() || !graph_.same(node.args[1], scores[i].path.back())) continue;
        Argmax best;
        best.row = scores[i];
        best.node = score_nodes[i];
        AnswerReading answer;
        answer.run = run;
        std::vector<std::string> labels = values_.labels_in(node.args[0], best, answer);
        if (labels.empty() && answer.label_asset.empty()) continue;
        values_.add_argmax(best, other, std::move(labels), answer, answer.steps);
        return answer;
      }
    }
    return std::nullopt;
  }

  std::vector<AnswerReading> read(NodeId shown) {
    collect(shown, "", kMaxDepth);
    return std::move(answers_);
  }

 private:
  // ---- parts of a text ----

  void collect(NodeId value, const std::string& caption, int depth, bool is_format_text = false) {
    if (value == kNoNode || depth <= 0 || answers_.size() >= kMaxParts) return;
    const FlowNode node = graph_.at(value);
    if (node.op == FlowOp::kConcat) {
      std::string before;
      for (const NodeId part : node.args) {
        if (const auto text = graph_.constant_string(part)) {
          before = std::string(*text);
        } else {
          collect(part, before, depth - 1);
        }
      }
      return;
    }
    if (node.op == FlowOp::kCall && spreads(node.text)) {
      std::string text = caption;
      for (const NodeId arg : node.args) {
        if (const auto constant = graph_.constant_string(arg)) text = std::string(*constant);
      }
      for (std::size_t i = 0; i < node.args.size(); ++i)
        collect(node.args[i], text, depth - 1, is_format(node, i));
      return;
    }
    if (node.op == FlowOp::kSnapshot) {
      const std::vector<program::FlowWrite> writes = graph_.snapshot_of(value).writes;
      for (const program::FlowWrite& write : writes) {
        if (write.value != kNoNode) collect(write.value, caption, depth - 1);
      }
      return;
    }
    if (runs_behind(graph_, value).empty()) return;
    // Texts chosen by a condition that is no answer itself ("no face" ...): both sides are looked
    // at.
    if (node.op == FlowOp::kSelect && runs_behind(graph_, node.args[0]).empty()) {
      collect(node.args[1], caption, depth - 1, is_format_text);
      collect(node.args[2], caption, depth - 1, is_format_text);
      return;
    }
    if (node.op == FlowOp::kChoice) {
      for (const NodeId option : node.args) collect(option, caption, depth - 1, is_format_text);
      return;
    }
    read_part(value, caption, is_format_text, depth);
  }

  static bool spreads(std::string_view api) {
    return api == "java.lang.String.format" || api.starts_with("android.content.Context.get") ||
           api == "java.lang.String.valueOf" || api.ends_with(".toString") ||
           api.ends_with("NumberFormat.format") || api.ends_with("DecimalFormat.format");
  }

  // The text that a call puts its other arguments into.
  static bool is_format(const FlowNode& call, std::size_t arg) {
    return arg + 1 < call.args.size() && (call.text == "java.lang.String.format" ||
                                          call.text.starts_with("android.content.Context.get"));
  }

  // ---- one part ----

  // `chooses_format`: what is chosen is no answer but the text around others.
  void read_part(NodeId value, const std::string& caption, bool chooses_format, int depth) {
    AnswerReading answer;
    answer.caption = caption;
    answer.run = runs_behind(graph_, value)[0];
    std::vector<DraftStep> steps;
    if (!chooses_format && values_.read_rounded(value, answer, steps)) {
      answer.steps = std::move(steps);
      answers_.push_back(std::move(answer));
      return;
    }
    if (read_threshold(value, caption, depth)) return;
    if (answer.why.empty()) answer.why = "not understood: " + graph_.describe(value, 6);
    if (answer.kind.empty()) answer.kind = "scores";
    answers_.push_back(std::move(answer));
  }

  // A choice that limits on a number make; answers among what is chosen are answers of their own.
  bool read_threshold(NodeId value, const std::string& caption, int depth) {
    const auto choice = read_limit_choice(graph_, value);
    if (!choice) return false;
    AnswerReading answer;
    answer.caption = caption;
    if (!values_.read_rounded(choice->number, answer, answer.steps) ||
        (answer.kind != "scalar" && answer.kind != "best-score"))
      return false;
    ShownThreshold threshold;
    threshold.values = choice->values;
    threshold.ties_above = choice->ties_above;
    for (const NodeId shown : choice->shown) {
      auto words = words_shown(graph_, shown, sources_.resources);
      if (!words) return false;
      threshold.shown.push_back(std::move(*words));
    }
    if (std::exchange(answer.integer, false))
      threshold.rounding = answer.nearest ? "rounded" : "truncated";
    for (const NodeId origin : choice->origin)
      sources_.evidence.add_node(threshold.evidence, origin, "rebuild.threshold");
    threshold.evidence.insert(threshold.evidence.end(), answer.shown.begin(), answer.shown.end());
    answer.shown.clear();
    answer.threshold = std::move(threshold);
    answers_.push_back(std::move(answer));
    for (const NodeId shown : choice->shown) collect(shown, caption, depth - 1);
    return true;
  }

  const AnswerSources& sources_;
  FlowGraph& graph_;
  ValueReader values_;
  std::vector<AnswerReading> answers_;
};

}  // namespace

std::vector<std::uint32_t> runs_behind(const FlowGraph& graph, NodeId value) {
  std::vector<std::uint32_t> runs;
  for (const NodeId node : graph.reachable(value)) {
    if (graph.at(node).op != FlowOp::kOutput) continue;
    const auto run = static_cast<std::uint32_t>(graph.at(node).integer);
    if (std::find(runs.begin(), runs.end(), run) == runs.end()) runs.push_back(run);
  }
  return runs;
}

std::optional<AnswerReading> read_pairs(const AnswerSources& sources,
                                        const std::vector<NodeId>& values, std::uint32_t run) {
  return AnswerReader(sources).pair(values, run);
}

std::vector<AnswerReading> read_answers(const AnswerSources& sources, NodeId shown) {
  return AnswerReader(sources).read(shown);
}

}  // namespace dl::rebuild
