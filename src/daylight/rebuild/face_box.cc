// SPDX-License-Identifier: Apache-2.0
// The geometry of a face crop, from its arithmetic.
#include "daylight/rebuild/face_box.h"

#include <cmath>

namespace dl::rebuild {
namespace {

using program::FlowGraph;
using program::FlowNode;
using program::FlowOp;
using program::kNoNode;
using program::NodeId;

constexpr std::string_view kAndroidFinder = "android.media.FaceDetector";
constexpr int kMaxDepth = 24;

// A coordinate as x * mid-point.x + y * mid-point.y + eyes * eye distance + pixels. Cutting to
// integers is ignored here and recorded in the box.
struct EyeForm {
  double x = 0;
  double y = 0;
  double eyes = 0;
  double pixels = 0;
  bool truncated = false;
  bool clamped = false;

  bool constant() const { return x == 0 && y == 0 && eyes == 0; }
};

std::optional<EyeForm> eye_form(const FlowGraph& graph, NodeId id, int depth) {
  if (depth <= 0) return std::nullopt;
  const FlowNode& node = graph.at(id);
  EyeForm form;
  if (const auto value = graph.constant_real(id)) {
    form.pixels = *value;
    return form;
  }
  const auto arg = [&](std::size_t i) { return eye_form(graph, node.args[i], depth - 1); };
  const auto combine = [](const EyeForm& a, double factor_a, const EyeForm& b, double factor_b) {
    EyeForm sum;
    sum.x = a.x * factor_a + b.x * factor_b;
    sum.y = a.y * factor_a + b.y * factor_b;
    sum.eyes = a.eyes * factor_a + b.eyes * factor_b;
    sum.pixels = a.pixels * factor_a + b.pixels * factor_b;
    sum.truncated = a.truncated || b.truncated;
    sum.clamped = a.clamped || b.clamped;
    return sum;
  };
  switch (node.op) {
    case FlowOp::kCall:
      if (node.text.ends_with("getMidPoint.x")) {
        form.x = 1;
      } else if (node.text.ends_with("getMidPoint.y")) {
        form.y = 1;
      } else if (node.text.ends_with(".eyesDistance")) {
        form.eyes = 1;
      } else {
        return std::nullopt;
      }
      return form;
    case FlowOp::kFloatToInt: {
      auto inner = arg(0);
      if (inner) inner->truncated = true;
      return inner;
    }
    case FlowOp::kIntToFloat:
      return arg(0);
    case FlowOp::kLinear: {
      form.pixels = static_cast<double>(node.integer);
      for (std::size_t i = 0; i < node.args.size(); ++i) {
        const auto part = arg(i);
        if (!part) return std::nullopt;
        form = combine(form, 1, *part, static_cast<double>(node.coefficients[i]));
      }
      return form;
    }
    case FlowOp::kFAdd:
    case FlowOp::kFSub: {
      const auto a = arg(0);
      const auto b = arg(1);
      if (!a || !b) return std::nullopt;
      return combine(*a, 1, *b, node.op == FlowOp::kFAdd ? 1 : -1);
    }
    case FlowOp::kFMul: {
      const auto a = arg(0);
      const auto b = arg(1);
      if (!a || !b) return std::nullopt;
      if (b->constant()) return combine(*a, b->pixels, EyeForm{}, 0);
      if (a->constant()) return combine(*b, a->pixels, EyeForm{}, 0);
      return std::nullopt;
    }
    case FlowOp::kFDiv:
    case FlowOp::kDiv: {
      const auto a = arg(0);
      const auto b = arg(1);
      if (!a || !b || !b->constant() || b->pixels == 0) return std::nullopt;
      return combine(*a, 1 / b->pixels, EyeForm{}, 0);
    }
    case FlowOp::kMin:
    case FlowOp::kMax: {
      // A clamp to the picture: the side that speaks of the face is the box.
      const auto a = arg(0);
      const auto b = arg(1);
      const bool a_face = a && !a->constant();
      const bool b_face = b && !b->constant();
      if (a_face == b_face) return std::nullopt;
      EyeForm inner = a_face ? *a : *b;
      inner.clamped = true;
      return inner;
    }
    case FlowOp::kFNeg: {
      const auto a = arg(0);
      if (!a) return std::nullopt;
      return combine(*a, -1, EyeForm{}, 0);
    }
    default:
      return std::nullopt;
  }
}

std::string class_of_call(std::string_view api) {
  const std::size_t dot = api.rfind('.');
  return std::string(dot == std::string_view::npos ? api : api.substr(0, dot));
}

bool is_box_getter(std::string_view api) {
  return api.ends_with(".getBoundingBox") || api.ends_with(".boundingBox");
}

}  // namespace

NodeId face_finder_in(const FlowGraph& graph, NodeId value) {
  for (const NodeId node : graph.reachable(value)) {
    const FlowNode& one = graph.at(node);
    if (one.op != FlowOp::kCall) continue;
    if (one.text == "android.media.FaceDetector.findFaces" || is_box_getter(one.text)) return node;
  }
  return kNoNode;
}

std::optional<FaceBox> read_face_box(FlowGraph& graph, NodeId x, NodeId y, NodeId width,
                                     NodeId height) {
  NodeId found = kNoNode;
  for (const NodeId side : {x, y, width, height}) {
    if (found == kNoNode) found = face_finder_in(graph, side);
  }
  if (found == kNoNode) return std::nullopt;
  FaceBox result;
  result.found = found;
  const FlowNode& finder = graph.at(found);
  result.finder = class_of_call(finder.text);
  if (result.finder != kAndroidFinder) {
    result.box = {{"form", "finder-box"}, {"margin", 0.0}};
    return result;
  }
  const FlowNode& detector = graph.at(finder.args[0]);
  if (detector.op == FlowOp::kCall && detector.args.size() == 3) {
    result.max_faces = graph.constant_integer(detector.args[2]).value_or(0);
  }
  const auto left = eye_form(graph, x, kMaxDepth);
  const auto top = eye_form(graph, y, kMaxDepth);
  const auto wide = eye_form(graph, width, kMaxDepth);
  const auto tall = eye_form(graph, height, kMaxDepth);
  if (!left || !top || !wide || !tall) return result;
  const bool centred = left->x == 1 && left->y == 0 && top->y == 1 && top->x == 0 && wide->x == 0 &&
                       wide->y == 0 && tall->x == 0 && tall->y == 0 && left->pixels == 0 &&
                       top->pixels == 0 && wide->pixels == 0 && tall->pixels == 0;
  if (!centred) return result;
  result.box = {
      {"form", "eye-distance"},
      {"left", left->eyes},
      {"top", top->eyes},
      {"right", left->eyes + wide->eyes},
      {"bottom", top->eyes + tall->eyes},
      {"truncated", left->truncated || top->truncated || wide->truncated || tall->truncated},
      {"clamped", left->clamped && top->clamped && wide->clamped && tall->clamped}};
  return result;
}

}  // namespace dl::rebuild
