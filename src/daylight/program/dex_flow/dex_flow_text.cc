// SPDX-License-Identifier: Apache-2.0
// Expressions as short texts for gaps, logs and tests.
#include "daylight/program/dex_flow/dex_flow_graph.h"

namespace dl::program {

std::string FlowGraph::describe(NodeId id, int depth) const {
  const FlowNode& node = at(id);
  if (id == kNoNode) return "-";
  if (depth <= 0) return "...";
  const auto arg = [&](std::size_t i) { return describe(node.args[i], depth - 1); };
  const auto list = [&]() {
    std::string text;
    for (std::size_t i = 0; i < node.args.size(); ++i) text += (i != 0 ? ", " : "") + arg(i);
    return text;
  };
  const auto infix = [&](const char* sign) {
    return "(" + arg(0) + " " + sign + " " + arg(1) + ")";
  };
  switch (node.op) {
    case FlowOp::kUnknown:
      return "?" + std::string(node.text) + "(" + list() + ")";
    case FlowOp::kBits:
    case FlowOp::kInt:
      return std::to_string(node.integer);
    case FlowOp::kFloat: {
      std::string text = std::to_string(node.real);
      while (text.ends_with("0") && !text.ends_with(".0")) text.pop_back();
      return text;
    }
    case FlowOp::kNull:
      return "null";
    case FlowOp::kString:
      return "\"" + std::string(node.text) + "\"";
    case FlowOp::kClass:
      return std::string(node.text);
    case FlowOp::kObject:
      return "object" + std::to_string(node.integer);
    case FlowOp::kParam:
      return "argument" + std::to_string(node.integer);
    case FlowOp::kField:
      return "field " + std::string(node.text);
    case FlowOp::kCall:
      return std::string(node.text) + "(" + list() + ")";
    case FlowOp::kLinear: {
      std::string text = "(";
      for (std::size_t i = 0; i < node.args.size(); ++i) {
        text += (i != 0 ? " + " : "") +
                (node.coefficients[i] == 1 ? "" : std::to_string(node.coefficients[i]) + "*") +
                arg(i);
      }
      return text + (node.integer != 0 ? " + " + std::to_string(node.integer) : "") + ")";
    }
    case FlowOp::kMul:
    case FlowOp::kFMul:
      return infix("*");
    case FlowOp::kDiv:
    case FlowOp::kFDiv:
      return infix("/");
    case FlowOp::kRem:
    case FlowOp::kFRem:
      return infix("%");
    case FlowOp::kAnd:
      return infix("&");
    case FlowOp::kOr:
      return infix("|");
    case FlowOp::kXor:
      return infix("^");
    case FlowOp::kShl:
      return infix("<<");
    case FlowOp::kShr:
      return infix(">>");
    case FlowOp::kUshr:
      return infix(">>>");
    case FlowOp::kFAdd:
      return infix("+");
    case FlowOp::kFSub:
      return infix("-");
    case FlowOp::kFNeg:
      return "-" + arg(0);
    case FlowOp::kIntToFloat:
      return "float(" + arg(0) + ")";
    case FlowOp::kFloatToInt:
      return "int(" + arg(0) + ")";
    case FlowOp::kIntToByte:
      return "byte(" + arg(0) + ")";
    case FlowOp::kIntToChar:
      return "char(" + arg(0) + ")";
    case FlowOp::kIntToShort:
      return "short(" + arg(0) + ")";
    case FlowOp::kMin:
      return "min(" + list() + ")";
    case FlowOp::kMax:
      return "max(" + list() + ")";
    case FlowOp::kCompare:
      return "compare(" + list() + ")";
    case FlowOp::kEq:
      return infix("==");
    case FlowOp::kGt:
      return infix(">");
    case FlowOp::kGe:
      return infix(">=");
    case FlowOp::kNot:
      return "!" + arg(0);
    case FlowOp::kSelect:
      return "(" + arg(0) + " ? " + arg(1) + " : " + arg(2) + ")";
    case FlowOp::kChoice:
      return "one of (" + list() + ")";
    case FlowOp::kLoopVar:
      return "k" + std::to_string(node.integer);
    case FlowOp::kLoopPhi: {
      const FlowPhi& own = phi(node.integer);
      if (depth <= 2) return "phi" + std::to_string(node.integer);
      return "phi" + std::to_string(node.integer) + "[" + describe(own.init, depth - 2) + ", " +
             describe(own.next, depth - 2) + "]";
    }
    case FlowOp::kLoopExit:
      return "after(" + arg(0) + ")";
    case FlowOp::kElement:
      return arg(0) + "[" + arg(1) + "]";
    case FlowOp::kLength:
      return arg(0) + ".length";
    case FlowOp::kPixels:
      return "pixels(" + arg(0) + ")";
    case FlowOp::kOutput:
      return "output" + std::to_string(node.integer) + "." +
             std::to_string(static_cast<int>(node.real));
    case FlowOp::kSnapshot: {
      const FlowSnapshot& content = snapshot_of(id);
      std::string text = std::string(content.type) + "{" + describe(content.base.source, depth - 1);
      for (std::size_t i = 0; i < content.writes.size() && i < 4; ++i) {
        text += "; [" + describe(content.writes[i].index[0], depth - 1) +
                "]=" + describe(content.writes[i].value, depth - 1);
      }
      return text + (content.writes.size() > 4 ? "; ..." : "") + "}";
    }
    case FlowOp::kConcat:
      return "text(" + list() + ")";
  }
  return "?";
}

}  // namespace dl::program
