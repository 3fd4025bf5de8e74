// SPDX-License-Identifier: Apache-2.0
// The expression graph by itself: folding, bounds, reading containers at symbolic places.
#include "daylight/program/dex_flow/dex_flow_graph.h"

#include <gtest/gtest.h>

namespace dl::program {
namespace {

TEST(FlowGraph, FoldsLinearForms) {
  FlowGraph graph;
  const NodeId x = graph.parameter("m", 0);
  const NodeId y = graph.parameter("m", 1);
  const NodeId sum = graph.add(graph.scale(x, 3), graph.add(y, graph.integer(5)));
  EXPECT_EQ(graph.subtract(sum, graph.scale(x, 3)), graph.add(y, graph.integer(5)));
  EXPECT_EQ(graph.difference(graph.add(x, graph.integer(4)), x), 4);
  EXPECT_FALSE(graph.difference(x, y));
  // 7 * (k div 3) * 3 + 7 * (k rem 3) is 7 * k.
  const NodeId k = graph.parameter("m", 2);
  const NodeId three = graph.integer(3);
  const NodeId div = graph.integer_op(FlowOp::kDiv, k, three, kNoSite);
  const NodeId rem = graph.integer_op(FlowOp::kRem, k, three, kNoSite);
  EXPECT_EQ(graph.add(graph.scale(div, 21), graph.scale(rem, 7)), graph.scale(k, 7));
}

TEST(FlowGraph, TypesConstantsByTheirUse) {
  FlowGraph graph;
  const NodeId bits = graph.bits(0x42e80000, kNoSite);
  EXPECT_EQ(graph.constant_real(graph.as_real(bits, false)), 116.0);
  EXPECT_EQ(graph.constant_integer(graph.as_integer(bits)), 0x42e80000);
  EXPECT_TRUE(graph.is_null(graph.as_reference(graph.bits(0, kNoSite))));
}

TEST(FlowGraph, KnowsBoundsOfMaskedValues) {
  FlowGraph graph;
  const NodeId p = graph.parameter("m", 0);
  const NodeId channel =
      graph.integer_op(FlowOp::kAnd, graph.integer_op(FlowOp::kShr, p, graph.integer(16), kNoSite),
                       graph.integer(255), kNoSite);
  // byte -> int & 255 is the channel again, and clamping it to 0 ... 255 changes nothing.
  const NodeId byte = graph.convert(FlowOp::kIntToByte, channel, false, kNoSite);
  EXPECT_EQ(graph.integer_op(FlowOp::kAnd, byte, graph.integer(255), kNoSite), channel);
  const NodeId real = graph.convert(FlowOp::kIntToFloat, channel, true, kNoSite);
  const NodeId clamped = graph.extreme(
      FlowOp::kMax, graph.extreme(FlowOp::kMin, real, graph.real(255, true), true, true, kNoSite),
      graph.real(0, true), true, true, kNoSite);
  EXPECT_EQ(clamped, real);
  EXPECT_EQ(
      graph.truth(graph.relate(FlowGraph::Relation::kLe, channel, graph.integer(255), kNoSite)),
      true);
  EXPECT_FALSE(
      graph.truth(graph.relate(FlowGraph::Relation::kLe, channel, graph.integer(254), kNoSite)));
}

// a[3 * i + c] = value(i) for i in [0, 10), stored by a loop that is over.
FlowSnapshot stored_by_loop(FlowGraph& graph, std::uint32_t& loop) {
  loop = graph.new_loop(kNoSite);
  graph.loop(loop).trip = graph.integer(10);
  graph.loop(loop).closed = true;
  const NodeId i = graph.loop_variable(loop);
  FlowSnapshot content;
  content.type = "[I";
  content.length = graph.integer(30);
  for (const std::int64_t c : {0, 1, 2}) {
    FlowWrite write;
    write.index = {graph.add(graph.scale(i, 3), graph.integer(c))};
    write.value = graph.add(graph.scale(i, 100), graph.integer(c));
    content.writes.push_back(std::move(write));
  }
  return content;
}

TEST(FlowGraph, ReadsStoresOfALoopAtAConstantAndAtASymbol) {
  FlowGraph graph;
  std::uint32_t loop = 0;
  const FlowSnapshot content = stored_by_loop(graph, loop);
  EXPECT_EQ(graph.constant_integer(graph.read_from(content, {graph.integer(7)}, kNoSite)), 201);
  EXPECT_EQ(graph.constant_integer(graph.read_from(content, {graph.integer(29)}, kNoSite)), 902);
  const std::uint32_t other = graph.new_loop(kNoSite);
  graph.loop(other).trip = graph.integer(10);
  const NodeId k = graph.loop_variable(other);
  const NodeId value =
      graph.read_from(content, {graph.add(graph.scale(k, 3), graph.integer(1))}, kNoSite);
  EXPECT_EQ(value, graph.add(graph.scale(k, 100), graph.integer(1)));
}

TEST(FlowGraph, DoesNotGuessWhereAStoreMayOrMayNotHit) {
  FlowGraph graph;
  FlowSnapshot content;
  content.type = "[I";
  FlowWrite write;
  write.index = {graph.parameter("m", 0)};
  write.value = graph.integer(1);
  content.writes.push_back(write);
  EXPECT_EQ(graph.read_from(content, {graph.integer(4)}, kNoSite), kNoNode);
  // The same place under another site is the same place.
  EXPECT_EQ(graph.constant_integer(graph.read_from(content, {graph.parameter("m", 0)}, kNoSite)),
            1);
}

TEST(FlowGraph, ReadsTwoDimensionalLoopsBack) {
  FlowGraph graph;
  const std::uint32_t rows = graph.new_loop(kNoSite);
  const std::uint32_t columns = graph.new_loop(kNoSite);
  for (const std::uint32_t loop : {rows, columns}) {
    graph.loop(loop).trip = graph.integer(5);
    graph.loop(loop).closed = true;
  }
  FlowSnapshot content;
  content.type = "[I";
  for (const std::int64_t c : {0, 1}) {
    FlowWrite write;
    write.index = {graph.add(graph.add(graph.scale(graph.loop_variable(rows), 10),
                                       graph.scale(graph.loop_variable(columns), 2)),
                             graph.integer(c))};
    write.value = graph.add(
        graph.add(graph.scale(graph.loop_variable(rows), 1000), graph.loop_variable(columns)),
        graph.integer(c * 500));
    content.writes.push_back(std::move(write));
  }
  EXPECT_EQ(graph.constant_integer(graph.read_from(content, {graph.integer(37)}, kNoSite)),
            3 * 1000 + 3 + 500);
  const std::uint32_t y = graph.new_loop(kNoSite);
  const std::uint32_t x = graph.new_loop(kNoSite);
  graph.loop(y).trip = graph.integer(5);
  graph.loop(x).trip = graph.integer(5);
  const NodeId wanted =
      graph.add(graph.scale(graph.loop_variable(y), 10), graph.scale(graph.loop_variable(x), 2));
  EXPECT_EQ(graph.read_from(content, {wanted}, kNoSite),
            graph.add(graph.scale(graph.loop_variable(y), 1000), graph.loop_variable(x)));
}

TEST(FlowGraph, LaterStoresHideEarlierOnes) {
  FlowGraph graph;
  std::uint32_t loop = 0;
  FlowSnapshot content = stored_by_loop(graph, loop);
  FlowWrite over;
  over.index = {graph.integer(7)};
  over.value = graph.integer(-1);
  content.writes.push_back(over);
  EXPECT_EQ(graph.constant_integer(graph.read_from(content, {graph.integer(7)}, kNoSite)), -1);
  EXPECT_EQ(graph.constant_integer(graph.read_from(content, {graph.integer(8)}, kNoSite)), 202);
}

TEST(FlowGraph, ChoosesAreFoldedAndKept) {
  FlowGraph graph;
  const NodeId condition =
      graph.relate(FlowGraph::Relation::kGt, graph.parameter("m", 0), graph.integer(3), kNoSite);
  const NodeId one = graph.string("one");
  EXPECT_EQ(graph.select(condition, one, one), one);
  EXPECT_EQ(graph.select(graph.integer(1), one, graph.string("two")), one);
  const NodeId both = graph.select(condition, one, graph.string("two"));
  EXPECT_EQ(graph.at(both).op, FlowOp::kSelect);
  EXPECT_EQ(graph.select(graph.negate(condition), graph.string("two"), one), both);
}

}  // namespace
}  // namespace dl::program
