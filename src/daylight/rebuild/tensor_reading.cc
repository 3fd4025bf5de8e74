// SPDX-License-Identifier: Apache-2.0
// Reads tensors back at symbolic places and takes the expressions apart.
#include "daylight/rebuild/tensor_reading.h"

#include <algorithm>
#include <cmath>

namespace dl::rebuild {
namespace {

using program::FlowGraph;
using program::FlowNode;
using program::FlowOp;
using program::kNoNode;
using program::NodeId;

// Ways through choices that are tried.
constexpr std::size_t kMaxOptions = 12;
constexpr int kMaxArithmetic = 40;
constexpr std::size_t kMaxWeighed = 2000;

// 1 / 255 as a float is not exactly 1 / 255: a reciprocal next to a whole number is taken as that
// number.
double settled(double value) {
  const double whole = std::round(value);
  if (whole != 0 && std::abs(value - whole) < 1e-5 * std::abs(whole)) return whole;
  return value;
}

// Of several ways the one that does more: code that skips a step where the picture already fits has
// the step on the other way.
NodeId preferred(const FlowGraph& graph, const FlowNode& node) {
  NodeId best = kNoNode;
  std::size_t most = 0;
  for (std::size_t i = node.op == FlowOp::kSelect ? 1 : 0; i < node.args.size(); ++i) {
    const std::size_t size = graph.reachable(node.args[i], kMaxWeighed).size();
    if (best == kNoNode || size > most) {
      best = node.args[i];
      most = size;
    }
  }
  return best;
}

// The bits of one channel: (p >> shift) & 255, (p & (255 << shift)) >> shift, or p & 255.
bool read_bits(const FlowGraph& graph, NodeId id, NodeId& packed, int& shift,
               std::vector<NodeId>& packing) {
  const FlowNode& node = graph.at(id);
  packing.push_back(id);
  if (node.op == FlowOp::kAnd) {
    const auto mask = graph.constant_integer(node.args[1]);
    if (!mask) return false;
    const FlowNode& inner = graph.at(node.args[0]);
    if (*mask == 255 && (inner.op == FlowOp::kShr || inner.op == FlowOp::kUshr)) {
      const auto by = graph.constant_integer(inner.args[1]);
      if (!by || (*by != 8 && *by != 16 && *by != 24)) return false;
      packing.push_back(node.args[0]);
      packed = inner.args[0];
      shift = static_cast<int>(*by);
      return true;
    }
    if (*mask == 255) {
      packed = node.args[0];
      shift = 0;
      return true;
    }
    return false;
  }
  if (node.op == FlowOp::kShr || node.op == FlowOp::kUshr) {
    const auto by = graph.constant_integer(node.args[1]);
    const FlowNode& inner = graph.at(node.args[0]);
    if (!by || inner.op != FlowOp::kAnd) return false;
    const auto mask = graph.constant_integer(inner.args[1]);
    if (!mask || *by < 0 || *by > 24 || (*mask & 0xffffffffLL) != (std::int64_t{255} << *by))
      return false;
    packing.push_back(node.args[0]);
    packed = inner.args[0];
    shift = static_cast<int>(*by);
    return true;
  }
  return false;
}

bool read_pixel(const FlowGraph& graph, NodeId packed, ChannelReading& reading) {
  for (int depth = 0; depth < 8; ++depth) {
    const FlowNode& either = graph.at(packed);
    if (either.op != FlowOp::kSelect && either.op != FlowOp::kChoice) break;
    packed = preferred(graph, either);
    reading.chosen = true;
  }
  const FlowNode& node = graph.at(packed);
  if (node.op != FlowOp::kElement || graph.at(node.args[0]).op != FlowOp::kPixels) return false;
  reading.pixels = node.args[0];
  reading.place = node.args[1];
  return true;
}

// The mean of red, green and blue of one pixel, as a sum of three channels: its factor is 3 times a
// channel's.
bool read_grey(const FlowGraph& graph, const FlowNode& sum, ChannelReading& reading) {
  if (sum.op != FlowOp::kLinear || sum.args.size() != 3 || sum.integer != 0) return false;
  int seen = 0;
  NodeId packed = kNoNode;
  for (std::size_t i = 0; i < 3; ++i) {
    NodeId own = kNoNode;
    int shift = 0;
    if (sum.coefficients[i] != 1 || !read_bits(graph, sum.args[i], own, shift, reading.packing))
      return false;
    if (packed != kNoNode && own != packed) return false;
    packed = own;
    seen |= shift == 16 ? 1 : (shift == 8 ? 2 : (shift == 0 ? 4 : 8));
  }
  reading.grey = true;
  return seen == 7 && read_pixel(graph, packed, reading);
}

}  // namespace

bool read_channel(FlowGraph& graph, NodeId value, ChannelReading& reading, std::string& why) {
  // On the way down: value = (inner - mean) / std with what was met so far.
  double mean = 0;
  double std = 1;
  NodeId at = value;
  for (int depth = 0; depth < kMaxArithmetic; ++depth) {
    const NodeId here = at;
    const FlowNode node = graph.at(at);
    const auto constant = [&](std::size_t i) {
      return i < node.args.size() ? graph.constant_real(node.args[i]) : std::nullopt;
    };
    // value = (x - mean) / std and x = inner + c: the mean moves; x = inner * c: both shrink.
    const auto shifted = [&](double c) { mean -= c; };
    const auto scaled = [&](double c) {
      mean /= c;
      std /= c;
    };
    switch (node.op) {
      case FlowOp::kIntToFloat:
      case FlowOp::kIntToByte:
      case FlowOp::kIntToShort:
      case FlowOp::kIntToChar:
        at = node.args[0];
        continue;
      case FlowOp::kSelect:
      case FlowOp::kChoice:
        at = preferred(graph, node);
        reading.chosen = true;
        continue;
      case FlowOp::kFAdd:
        if (const auto c = constant(1)) {
          shifted(*c);
          at = node.args[0];
        } else if (const auto d = constant(0)) {
          shifted(*d);
          at = node.args[1];
        } else {
          why = "a sum of two unknown values: " + graph.describe(at, 4);
          return false;
        }
        break;
      case FlowOp::kFSub:
        if (const auto c = constant(1)) {
          shifted(-*c);
          at = node.args[0];
        } else if (const auto d = constant(0)) {
          // d - x
          shifted(*d);
          scaled(-1);
          at = node.args[1];
        } else {
          why = "a difference of two unknown values: " + graph.describe(at, 4);
          return false;
        }
        break;
      case FlowOp::kFMul: {
        const auto c = constant(1) ? constant(1) : constant(0);
        if (!c || *c == 0) {
          why = "a product of two unknown values: " + graph.describe(at, 4);
          return false;
        }
        scaled(*c);
        at = constant(1) ? node.args[0] : node.args[1];
        break;
      }
      case FlowOp::kFDiv: {
        const auto c = constant(1);
        if (!c || *c == 0) {
          why = "divided by an unknown value: " + graph.describe(at, 4);
          return false;
        }
        scaled(1 / *c);
        at = node.args[0];
        break;
      }
      case FlowOp::kFNeg:
        scaled(-1);
        at = node.args[0];
        break;
      case FlowOp::kLinear: {
        if (read_grey(graph, node, reading)) {
          reading.mean = mean / 3;
          reading.std = std / 3;
          return true;
        }
        if (node.args.size() != 1) {
          why = "a sum of several values: " + graph.describe(at, 4);
          return false;
        }
        shifted(static_cast<double>(node.integer));
        scaled(static_cast<double>(node.coefficients[0]));
        at = node.args[0];
        break;
      }
      default: {
        NodeId packed = kNoNode;
        if (!read_bits(graph, at, packed, reading.shift, reading.packing)) {
          why = "not a channel of a picture: " + graph.describe(at, 5);
          return false;
        }
        if (!read_pixel(graph, packed, reading)) {
          why = "not a pixel of a picture: " + graph.describe(packed, 5);
          return false;
        }
        reading.mean = settled(mean);
        reading.std = settled(std);
        return true;
      }
    }
    reading.arithmetic.push_back(here);
  }
  why = "too much arithmetic";
  return false;
}

namespace {

void flatten(const FlowGraph& graph, NodeId content, std::vector<NodeId>& options, int depth) {
  const FlowNode& node = graph.at(content);
  if (depth > 0 && (node.op == FlowOp::kChoice || node.op == FlowOp::kSelect)) {
    for (std::size_t i = node.op == FlowOp::kSelect ? 1 : 0; i < node.args.size(); ++i)
      flatten(graph, node.args[i], options, depth - 1);
    return;
  }
  if (options.size() < kMaxOptions) options.push_back(content);
}

// The path to element (y, x, c) of a container, by the container's own type.
std::vector<NodeId> path_to_element(FlowGraph& graph, NodeId content, NodeId y, NodeId x,
                                    std::int64_t columns, std::int64_t c, std::int64_t channels,
                                    std::int64_t width_in_bytes) {
  const NodeId flat =
      graph.add(graph.scale(graph.add(graph.scale(y, columns), x), channels), graph.integer(c));
  const FlowNode& node = graph.at(content);
  if (node.op != FlowOp::kSnapshot) return {flat};
  const program::FlowSnapshot& held = graph.snapshot_of(content);
  if (held.type == "bytes") return {graph.scale(flat, width_in_bytes)};
  std::size_t depth = 0;
  while (depth < held.type.size() && held.type[depth] == '[') ++depth;
  switch (depth) {
    case 4:
      return {graph.integer(0), y, x, graph.integer(c)};
    case 3:
      return {y, x, graph.integer(c)};
    case 2:
      return {graph.integer(0), flat};
    default:
      return {flat};
  }
}

struct Sides {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t channels = 3;
};

// Where a pixel index lies in a picture whose rows are `columns` wide: as it is, or mirrored.
bool place_fits(const FlowGraph& graph, NodeId place, NodeId y, NodeId x, std::int64_t columns,
                bool& mirrored) {
  FlowGraph::Linear form = graph.linear(place);
  std::int64_t by_row = 0;
  std::int64_t by_column = 0;
  for (const auto& [atom, coefficient] : form.terms) {
    if (atom == y) {
      by_row = coefficient;
    } else if (atom == x) {
      by_column = coefficient;
    } else {
      return false;
    }
  }
  if (columns == 1) return true;
  if (by_row != columns) return false;
  if (by_column == 1 && form.constant == 0) return true;
  mirrored = by_column == -1 && form.constant == columns - 1;
  return mirrored;
}

bool read_option(FlowGraph& graph, NodeId content, const Sides& sides, std::int64_t width_in_bytes,
                 TensorReading& reading) {
  const std::uint32_t rows = graph.new_loop(program::kNoSite);
  graph.loop(rows).trip = graph.integer(sides.height);
  const std::uint32_t columns = graph.new_loop(program::kNoSite);
  graph.loop(columns).trip = graph.integer(sides.width);
  const NodeId y = graph.loop_variable(rows);
  const NodeId x = graph.loop_variable(columns);
  std::vector<ChannelReading> channels;
  for (std::int64_t c = 0; c < sides.channels; ++c) {
    const auto path =
        path_to_element(graph, content, y, x, sides.width, c, sides.channels, width_in_bytes);
    ChannelReading one;
    if (!read_channel(graph, graph.read(content, path), one, reading.why)) return false;
    if (!channels.empty() &&
        (graph.at(one.pixels).args[0] != graph.at(channels[0].pixels).args[0] ||
         one.place != channels[0].place)) {
      reading.why = "its channels come from different pixels";
      return false;
    }
    channels.push_back(std::move(one));
  }
  const FlowNode& pixels = graph.at(channels[0].pixels);
  bool mirrored = false;
  if (!place_fits(graph, channels[0].place, y, x, sides.width, mirrored)) {
    reading.why = "its pixels are read in another order than row by row: " +
                  graph.describe(channels[0].place, 5);
    return false;
  }
  if (sides.channels == 1) {
    reading.order = channels[0].grey ? "GRAY" : "";
    if (reading.order.empty()) {
      reading.why = "its one channel is one of the picture's colours";
      return false;
    }
  } else if (channels[0].shift == 16 && channels[1].shift == 8 && channels[2].shift == 0) {
    reading.order = "RGB";
  } else if (channels[0].shift == 0 && channels[1].shift == 8 && channels[2].shift == 16) {
    reading.order = "BGR";
  } else {
    reading.why = "its channels are neither RGB nor BGR";
    return false;
  }
  reading.bitmap = pixels.args[0];
  reading.columns = pixels.integer;
  reading.mirrored = mirrored;
  for (const ChannelReading& one : channels) {
    reading.mean.push_back(one.mean);
    reading.std.push_back(one.std);
    reading.normalised = reading.normalised || one.mean != 0 || one.std != 1;
    reading.ambiguous = reading.ambiguous || one.chosen;
    reading.packing.insert(reading.packing.end(), one.packing.begin(), one.packing.end());
    reading.arithmetic.insert(reading.arithmetic.end(), one.arithmetic.rbegin(),
                              one.arithmetic.rend());
  }
  const auto all_equal = [](const std::vector<double>& list) {
    return std::all_of(list.begin(), list.end(), [&](double value) { return value == list[0]; });
  };
  if (all_equal(reading.mean) && all_equal(reading.std)) {
    reading.mean.resize(1);
    reading.std.resize(1);
  }
  reading.found = true;
  return true;
}

}  // namespace

TensorReading read_tensor(FlowGraph& graph, NodeId content, const TensorInfo& tensor) {
  TensorReading reading;
  std::vector<std::int64_t> shape = tensor.shape;
  if (shape.size() == 3) shape.insert(shape.begin(), 1);
  if (shape.size() != 4 || shape[1] <= 0 || shape[2] <= 0 || (shape[3] != 1 && shape[3] != 3)) {
    reading.why = "the model's input is no picture of one or three channels in NHWC order";
    return reading;
  }
  const Sides sides{shape[1], shape[2], shape[3]};
  const std::int64_t width_in_bytes = tensor.dtype == "float32" || tensor.dtype == "int32"
                                          ? 4
                                          : (tensor.dtype == "float16" ? 2 : 1);
  std::vector<NodeId> options;
  flatten(graph, content, options, 6);
  std::string first_why;
  for (const NodeId option : options) {
    TensorReading one;
    if (read_option(graph, option, sides, width_in_bytes, one)) {
      one.ambiguous = one.ambiguous || options.size() > 1;
      return one;
    }
    if (first_why.empty()) first_why = one.why;
  }
  reading.why = first_why;
  return reading;
}

std::optional<TensorInfo> guess_tensor(FlowGraph& graph, NodeId content) {
  std::vector<NodeId> options;
  flatten(graph, content, options, 6);
  for (const NodeId option : options) {
    if (graph.at(option).op != FlowOp::kSnapshot) continue;
    const program::FlowSnapshot& held = graph.snapshot_of(option);
    const std::int64_t length =
        held.length == kNoNode ? -1 : graph.constant_integer(held.length).value_or(-1);
    for (const NodeId node : graph.reachable(option, kMaxWeighed)) {
      if (graph.at(node).op != FlowOp::kPixels || graph.at(node).integer <= 0) continue;
      const std::int64_t width = graph.at(node).integer;
      TensorInfo tensor;
      tensor.name = "input";
      if (held.type == "bytes" && length > 0) {
        // Square pictures are what models take; four bytes for each float, else one.
        const bool floats = length == width * width * 3 * 4;
        if (!floats && length != width * width * 3) continue;
        tensor.dtype = floats ? "float32" : "uint8";
      } else if (held.type.ends_with("[F")) {
        tensor.dtype = "float32";
      } else {
        continue;
      }
      tensor.shape = {1, width, width, 3};
      return tensor;
    }
  }
  return std::nullopt;
}

}  // namespace dl::rebuild
