// SPDX-License-Identifier: Apache-2.0
// Takes one value apart, backwards: arithmetic, places in outputs, choices between labels.
#include "daylight/rebuild/value_reading.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "daylight/rebuild/shown_thresholds.h"

namespace dl::rebuild {

using program::FlowNode;
using program::FlowOp;
using program::kNoNode;
using program::NodeId;

namespace {

constexpr int kMaxDepth = 40;
constexpr int kMaxRoundings = 4;
constexpr std::int64_t kMaxLabels = 20000;

// The largest number below a constant that numbers of its type can have.
double next_below(double value, const FlowNode& constant) {
  constexpr double kLowest = -std::numeric_limits<double>::infinity();
  if (constant.op != FlowOp::kFloat) return value - 1;
  if (constant.wide) return std::nextafter(value, kLowest);
  return static_cast<double>(
      std::nextafter(static_cast<float>(value), static_cast<float>(kLowest)));
}

}  // namespace

bool ValueReader::read(NodeId value, AnswerReading& answer, std::vector<DraftStep>& steps) {
  return read_value(value, answer, steps, kMaxDepth);
}

bool ValueReader::read_rounded(NodeId value, AnswerReading& answer, std::vector<DraftStep>& steps) {
  NodeId at = value;
  for (int depth = 0; depth < kMaxRoundings; ++depth) {
    const FlowNode& node = graph_.at(at);
    const bool rounds = node.op == FlowOp::kCall &&
                        (node.text == "java.lang.Math.round" || node.text == "java.lang.Math.rint");
    if (node.op != FlowOp::kFloatToInt && !rounds) break;
    answer.integer = true;
    answer.nearest = rounds;
    evidence_.add(answer.shown, node.site, "rebuild.shown-as-integer");
    at = node.args[0];
  }
  return read(at, answer, steps);
}

DraftStep ValueReader::make(std::string op, Json params, NodeId node, const char* rule) {
  DraftStep step;
  step.kind = StepKind::kPostprocess;
  step.op = std::move(op);
  step.params = std::move(params);
  step.proof = static_proof();
  if (node != kNoNode) evidence_.add_node(step.evidence, node, rule);
  return step;
}

// Steps from the output to this value, in order.
bool ValueReader::read_value(NodeId value, AnswerReading& answer, std::vector<DraftStep>& steps,
                             int depth) {
  if (depth <= 0) return false;
  const FlowNode node = graph_.at(value);
  switch (node.op) {
    case FlowOp::kIntToFloat:
    case FlowOp::kIntToByte:
      return read_value(node.args[0], answer, steps, depth - 1);
    case FlowOp::kAnd:
      if (graph_.constant_integer(node.args[1]) == std::int64_t{255})
        return read_value(node.args[0], answer, steps, depth - 1);
      return false;
    case FlowOp::kFloatToInt: {
      if (!read_value(node.args[0], answer, steps, depth - 1)) return false;
      steps.push_back(make("truncate", Json::object(), value, "rebuild.truncate"));
      return true;
    }
    case FlowOp::kFAdd:
    case FlowOp::kFSub:
    case FlowOp::kFMul:
    case FlowOp::kFDiv:
      return read_scale(value, node, answer, steps, depth);
    case FlowOp::kElement:
      return read_element(value, answer, steps);
    case FlowOp::kCall:
      // Spaces around a label are no part of it.
      if (node.text == "java.lang.String.trim" && node.args.size() == 1)
        return read_value(node.args[0], answer, steps, depth - 1);
      return false;
    case FlowOp::kSelect:
      return read_select(value, node, answer, steps) || read_best_score(value, answer, steps);
    case FlowOp::kLoopExit:
      return read_best_score(value, answer, steps);
    case FlowOp::kMin:
    case FlowOp::kMax:
      return read_best_score(value, answer, steps) || read_clamp(value, node, answer, steps, depth);
    default:
      return false;
  }
}

bool ValueReader::read_scale(NodeId value, const FlowNode& node, AnswerReading& answer,
                             std::vector<DraftStep>& steps, int depth) {
  const auto left = graph_.constant_real(node.args[0]);
  const auto right = graph_.constant_real(node.args[1]);
  if (left.has_value() == right.has_value()) return false;
  const double c = left ? *left : *right;
  double factor = 1;
  double offset = 0;
  switch (node.op) {
    case FlowOp::kFAdd:
      offset = c;
      break;
    case FlowOp::kFSub:
      factor = left ? -1 : 1;
      offset = left ? c : -c;
      break;
    case FlowOp::kFMul:
      factor = c;
      break;
    default:
      if (left || c == 0) return false;
      factor = 1 / c;
  }
  if (!read_value(left ? node.args[1] : node.args[0], answer, steps, depth - 1)) return false;
  if (!answer.kind.empty() && answer.kind != "scalar" && answer.kind != "best-score") return false;
  DraftStep step = make("scale", {{"factor", factor}, {"offset", offset}}, value, "rebuild.scale");
  if (!steps.empty() && steps.back().op == "scale") {
    // (x * f + o) * g + p
    DraftStep& last = steps.back();
    const double f = last.params["factor"].get<double>();
    const double o = last.params["offset"].get<double>();
    last.params = {{"factor", f * factor}, {"offset", o * factor + offset}};
    last.evidence.insert(last.evidence.end(), step.evidence.begin(), step.evidence.end());
  } else {
    steps.push_back(std::move(step));
  }
  return true;
}

bool ValueReader::read_clamp(NodeId value, const FlowNode& node, AnswerReading& answer,
                             std::vector<DraftStep>& steps, int depth) {
  const auto left = graph_.constant_real(node.args[0]);
  const auto right = graph_.constant_real(node.args[1]);
  if (left.has_value() == right.has_value()) return false;
  if (!read_value(left ? node.args[1] : node.args[0], answer, steps, depth - 1) ||
      answer.kind != "scalar")
    return false;
  const double bound = left ? *left : *right;
  constexpr double kFar = 3.4e38;
  steps.push_back(make("clamp",
                       {{"low", node.op == FlowOp::kMax ? bound : -kFar},
                        {"high", node.op == FlowOp::kMin ? bound : kFar}},
                       value, "rebuild.clamp"));
  return true;
}

const TensorInfo* ValueReader::output_of(const OutputPlace& place) const {
  if (place.run >= models_.size() || models_[place.run] == nullptr) return nullptr;
  const auto& outputs = models_[place.run]->outputs;
  if (place.output < 0 || static_cast<std::size_t>(place.output) >= outputs.size()) return nullptr;
  return &outputs[static_cast<std::size_t>(place.output)];
}

DraftStep ValueReader::output_step(const OutputPlace& place) {
  DraftStep step = make("output", {{"index", place.output}}, place.root, "rebuild.output");
  step.value = place.root;
  return step;
}

// Constant indices of an element, one for each dimension of the tensor.
std::optional<std::vector<std::int64_t>> ValueReader::constant_path(const OutputPlace& place) {
  std::vector<std::int64_t> path;
  for (const NodeId index : place.path) {
    const auto constant = graph_.constant_integer(index);
    if (!constant || *constant < 0) return std::nullopt;
    path.push_back(*constant);
  }
  const TensorInfo* output = output_of(place);
  if (place.flat && output != nullptr && path.size() == 1) {
    std::vector<std::int64_t> unravelled;
    std::int64_t rest = path[0];
    for (std::size_t i = output->shape.size(); i-- > 0;) {
      const std::int64_t side = std::max<std::int64_t>(output->shape[i], 1);
      unravelled.insert(unravelled.begin(), rest % side);
      rest /= side;
    }
    return unravelled;
  }
  return path;
}

bool ValueReader::read_element(NodeId value, AnswerReading& answer, std::vector<DraftStep>& steps) {
  const auto place = place_in_output(graph_, value);
  if (!place) return read_label(value, answer, steps);
  answer.run = place->run;
  if (const auto path = constant_path(*place)) {
    answer.kind = "scalar";
    steps.push_back(output_step(*place));
    steps.push_back(make("element", {{"index", *path}}, value, "rebuild.element"));
    return true;
  }
  // The score at the highest place: it belongs to the label.
  if (!place->path.empty() && argmaxes_.read(place->path.back())) {
    answer.kind = "best-score";
    steps.push_back(output_step(*place));
    return true;
  }
  return false;
}

// The highest score without its place.
bool ValueReader::read_best_score(NodeId value, AnswerReading& answer,
                                  std::vector<DraftStep>& steps) {
  const auto best = argmaxes_.best_score(value);
  if (!best || (best->count != 0 && best->count != count_of(*best))) return false;
  answer.run = best->row.run;
  answer.kind = "best-score";
  steps.push_back(output_step(best->row));
  return true;
}

// ---- labels ----

// Element of a list of texts at the place of the highest score.
bool ValueReader::read_label(NodeId value, AnswerReading& answer, std::vector<DraftStep>& steps) {
  const FlowNode node = graph_.at(value);
  const auto argmax = argmaxes_.read(node.args[1]);
  if (!argmax) return false;
  return add_argmax(*argmax, value, labels_in(node.args[0], *argmax, answer), answer, steps);
}

bool ValueReader::add_argmax(const Argmax& argmax, NodeId value, std::vector<std::string> labels,
                             AnswerReading& answer, std::vector<DraftStep>& steps) {
  answer.run = argmax.row.run;
  answer.kind = "label";
  answer.labels = labels;
  steps.push_back(output_step(argmax.row));
  DraftStep step = make("argmax", {{"labels", labels}}, argmax.node, "rebuild.argmax");
  evidence_.add_node(step.evidence, value, "rebuild.label");
  steps.push_back(std::move(step));
  return true;
}

std::int64_t ValueReader::count_of(const Argmax& argmax) const {
  if (const TensorInfo* output = output_of(argmax.row);
      output != nullptr && !output->shape.empty() && output->shape.back() > 0)
    return output->shape.back();
  return argmax.count;
}

std::vector<std::string> ValueReader::labels_in(NodeId container, const Argmax& argmax,
                                                AnswerReading& answer) {
  std::vector<std::string> labels;
  const std::int64_t count = count_of(argmax);
  for (std::int64_t i = 0; i < count && i < kMaxLabels; ++i) {
    const auto text = graph_.constant_string(graph_.read(container, {graph_.integer(i)}));
    if (!text) {
      labels.clear();
      break;
    }
    labels.emplace_back(*text);
  }
  if (labels.empty()) answer.label_asset = asset_in(container);
  return labels;
}

std::string ValueReader::asset_in(NodeId container) const {
  for (const NodeId node : graph_.reachable(container)) {
    const FlowNode& one = graph_.at(node);
    if (one.op != FlowOp::kCall) continue;
    const bool opens = one.text == "android.content.res.AssetManager.open" ||
                       one.text.ends_with("FileUtil.loadLabels");
    if (!opens) continue;
    for (const NodeId arg : one.args) {
      if (const auto name = graph_.constant_string(arg)) return std::string(*name);
    }
  }
  return {};
}

// ---- choices ----

// A text that may be a label: a constant, or a resource that is one.
std::optional<std::string> ValueReader::label_text(NodeId value) const {
  if (const auto text = graph_.constant_string(value)) return std::string(*text);
  return plain_resource_text(graph_, value, resources_);
}

bool ValueReader::read_select(NodeId value, const FlowNode& node, AnswerReading& answer,
                              std::vector<DraftStep>& steps) {
  if (read_indexed_choice(value, answer, steps)) return true;
  const auto yes = label_text(node.args[1]);
  const auto no = label_text(node.args[2]);
  const auto test = read_greater(graph_, node.args[0]);
  if (!yes || !no || !test) return false;
  const auto a = place_in_output(graph_, test->greater);
  const auto b = place_in_output(graph_, test->other);
  if (a && b && same_row(graph_, *a, *b))
    return read_compare(value, node, *test, *a, *b, *yes, *no, answer, steps);
  return read_threshold(value, node, *test, *yes, *no, answer, steps);
}

bool ValueReader::read_compare(NodeId value, const FlowNode& node, const Greater& test,
                               const OutputPlace& a, const OutputPlace& b, std::string yes,
                               std::string no, AnswerReading& answer,
                               std::vector<DraftStep>& steps) {
  const auto index_a = graph_.constant_integer(a.path.back());
  const auto index_b = graph_.constant_integer(b.path.back());
  if (!index_a || !index_b) return false;
  if (test.negated) std::swap(yes, no);
  std::int64_t first = *index_a;
  std::int64_t second = *index_b;
  // a >= b ? x : y says b > a ? y : x: the op's tie goes to `otherwise`.
  if (test.holds_when_equal) {
    std::swap(first, second);
    std::swap(yes, no);
  }
  answer.run = a.run;
  answer.kind = "label";
  const TensorInfo* output = output_of(a);
  const bool two = (first == 0 && second == 1) || (first == 1 && second == 0);
  if (two) {
    answer.labels.resize(2);
    answer.labels[static_cast<std::size_t>(first)] = yes;
    answer.labels[static_cast<std::size_t>(second)] = no;
  }
  if (output != nullptr && !output->shape.empty() && output->shape.back() > 2)
    answer.labels.clear();
  steps.push_back(output_step(a));
  DraftStep step = make(
      "compare", {{"index_a", first}, {"index_b", second}, {"if_greater", yes}, {"otherwise", no}},
      node.args[0], "rebuild.compare");
  evidence_.add_node(step.evidence, test.greater, "rebuild.compare");
  evidence_.add_node(step.evidence, test.other, "rebuild.compare");
  evidence_.add(step.evidence, graph_.at(node.args[1]).site, "rebuild.label");
  evidence_.add(step.evidence, graph_.at(node.args[2]).site, "rebuild.label");
  evidence_.add_node(step.evidence, value, "rebuild.compare");
  steps.push_back(std::move(step));
  return true;
}

bool ValueReader::read_threshold(NodeId value, const FlowNode& node, const Greater& test,
                                 const std::string& yes, const std::string& no,
                                 AnswerReading& answer, std::vector<DraftStep>& steps) {
  const auto limit_right = graph_.constant_real(test.other);
  const auto limit_left = graph_.constant_real(test.greater);
  if (limit_right.has_value() == limit_left.has_value()) return false;
  // score > limit, or limit > score.
  bool above_is_yes = limit_right.has_value();
  if (test.negated) above_is_yes = !above_is_yes;
  AnswerReading inner;
  std::vector<DraftStep> before;
  if (!read_value(limit_right ? test.greater : test.other, inner, before, kMaxDepth) ||
      inner.kind != "scalar")
    return false;
  answer.run = inner.run;
  answer.kind = "label";
  answer.labels = {above_is_yes ? no : yes, above_is_yes ? yes : no};
  steps = std::move(before);
  double limit = limit_right ? *limit_right : *limit_left;
  // The op puts a number equal to its value below: where the code puts it above, the value is the
  // next one down.
  if (limit_right.has_value() == test.holds_when_equal)
    limit = next_below(limit, graph_.at(limit_right ? test.other : test.greater));
  DraftStep step = make(
      "threshold", {{"value", limit}, {"below", answer.labels[0]}, {"above", answer.labels[1]}},
      node.args[0], "rebuild.threshold");
  evidence_.add(step.evidence, graph_.at(node.args[1]).site, "rebuild.label");
  evidence_.add(step.evidence, graph_.at(node.args[2]).site, "rebuild.label");
  evidence_.add_node(step.evidence, value, "rebuild.threshold");
  steps.push_back(std::move(step));
  return true;
}

// index == 0 ? "a" : index == 1 ? "b" : "c", with the index of the highest score.
bool ValueReader::read_indexed_choice(NodeId value, AnswerReading& answer,
                                      std::vector<DraftStep>& steps) {
  std::map<std::int64_t, std::string> named;
  NodeId index = kNoNode;
  NodeId at = value;
  for (int depth = 0; depth < 64; ++depth) {
    const FlowNode node = graph_.at(at);
    if (node.op != FlowOp::kSelect) break;
    FlowNode test = graph_.at(node.args[0]);
    const bool negated = test.op == FlowOp::kNot;
    if (negated) test = graph_.at(test.args[0]);
    if (test.op != FlowOp::kEq) return false;
    const auto left = graph_.constant_integer(test.args[0]);
    const auto right = graph_.constant_integer(test.args[1]);
    if (left.has_value() == right.has_value()) return false;
    const NodeId own = left ? test.args[1] : test.args[0];
    if (index != kNoNode && own != index) return false;
    index = own;
    const auto text = label_text(node.args[negated ? 2 : 1]);
    if (!text) return false;
    named.emplace(left ? *left : *right, *text);
    at = node.args[negated ? 1 : 2];
  }
  if (index == kNoNode || named.empty()) return false;
  const auto argmax = argmaxes_.read(index);
  if (!argmax) return false;
  const std::int64_t count = count_of(*argmax);
  const auto rest = label_text(at);
  std::vector<std::string> labels;
  for (std::int64_t i = 0; i < count && i < kMaxLabels; ++i) {
    const auto found = named.find(i);
    if (found == named.end() && !rest) return false;
    labels.push_back(found == named.end() ? *rest : found->second);
  }
  return add_argmax(*argmax, value, std::move(labels), answer, steps);
}

}  // namespace dl::rebuild
