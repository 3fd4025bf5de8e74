// SPDX-License-Identifier: Apache-2.0
// Counts that are taken apart and put together in any order are the counts of the whole.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "daylight/artifact/count_tensor.h"

namespace dl {
namespace {

// People with one label on each axis.
using Row = std::vector<std::string>;
const std::vector<std::string> kAxes = {"group", "truth", "answer"};

rc::Gen<std::vector<Row>> drawn_rows() {
  const auto label = rc::gen::element<std::string>("", "a", "b", "c", "d");
  return rc::gen::container<std::vector<Row>>(rc::gen::container<Row>(kAxes.size(), label));
}

// Counts rows as they come: labels in the order in which they are met.
CountTensor count(const std::vector<Row>& rows) {
  std::vector<TensorAxis> axes;
  for (std::size_t a = 0; a < kAxes.size(); ++a) {
    TensorAxis axis{kAxes[a], {}};
    for (const Row& row : rows) {
      if (std::find(axis.labels.begin(), axis.labels.end(), row[a]) == axis.labels.end())
        axis.labels.push_back(row[a]);
    }
    axes.push_back(std::move(axis));
  }
  CountTensor tensor = *CountTensor::create(axes);
  for (const Row& row : rows) {
    std::vector<std::size_t> index;
    for (std::size_t a = 0; a < row.size(); ++a) {
      const auto& labels = axes[a].labels;
      index.push_back(static_cast<std::size_t>(std::find(labels.begin(), labels.end(), row[a]) -
                                               labels.begin()));
    }
    tensor.add(index);
  }
  return tensor;
}

// What a tensor says, whatever the order of its labels: counts above zero by their labels.
std::map<Row, std::uint64_t> meaning(const CountTensor& tensor) {
  std::map<Row, std::uint64_t> counts;
  std::vector<std::size_t> index(tensor.axes().size(), 0);
  for (std::size_t cell = 0; cell < tensor.size(); ++cell) {
    std::size_t rest = cell;
    for (std::size_t a = index.size(); a-- > 0;) {
      index[a] = rest % tensor.axes()[a].labels.size();
      rest /= tensor.axes()[a].labels.size();
    }
    Row labels;
    for (std::size_t a = 0; a < index.size(); ++a)
      labels.push_back(tensor.axes()[a].labels[index[a]]);
    if (tensor.at(index) > 0) counts[labels] += tensor.at(index);
  }
  return counts;
}

CountTensor merged(CountTensor a, const CountTensor& b) {
  RC_ASSERT(a.merge(b).has_value());
  return a;
}

RC_GTEST_PROP(CountTensor, MergingIsCommutativeAndAssociative, ()) {
  const CountTensor a = count(*drawn_rows());
  const CountTensor b = count(*drawn_rows());
  const CountTensor c = count(*drawn_rows());
  RC_ASSERT(meaning(merged(a, b)) == meaning(merged(b, a)));
  RC_ASSERT(meaning(merged(merged(a, b), c)) == meaning(merged(a, merged(b, c))));
  RC_ASSERT(merged(a, count({})) == a);
}

RC_GTEST_PROP(CountTensor, PartsMergeToTheWholeInAnyOrder, ()) {
  std::vector<Row> rows = *drawn_rows();
  const CountTensor whole = count(rows);
  for (Row& row : rows) std::swap(row, rows[*rc::gen::inRange<std::size_t>(0, rows.size())]);
  RC_ASSERT(meaning(count(rows)) == meaning(whole));
  const auto at = static_cast<std::ptrdiff_t>(*rc::gen::inRange<std::size_t>(0, rows.size() + 1));
  const CountTensor parts =
      merged(count({rows.begin(), rows.begin() + at}), count({rows.begin() + at, rows.end()}));
  RC_ASSERT(meaning(parts) == meaning(whole));
  RC_ASSERT(parts.total() == rows.size());
}

RC_GTEST_PROP(CountTensor, ProjectionSumsWhatItLeavesOut, ()) {
  const std::vector<Row> rows = *drawn_rows();
  const CountTensor whole = count(rows);
  // Any axes in any order.
  std::vector<std::string> keep = kAxes;
  std::vector<std::size_t> kept = {0, 1, 2};
  if (*rc::gen::arbitrary<bool>()) std::swap(kept[0], kept[2]);
  if (*rc::gen::arbitrary<bool>()) std::swap(kept[0], kept[1]);
  kept.resize(*rc::gen::inRange<std::size_t>(0, 4));
  keep.clear();
  for (const std::size_t axis : kept) keep.push_back(kAxes[axis]);
  const auto part = whole.project(keep);
  RC_ASSERT(part.has_value());
  std::map<Row, std::uint64_t> expected;
  for (const Row& row : rows) {
    Row labels;
    for (const std::size_t axis : kept) labels.push_back(row[axis]);
    ++expected[labels];
  }
  RC_ASSERT(meaning(*part) == expected);
  RC_ASSERT(part->total() == whole.total());
}

RC_GTEST_PROP(CountTensor, ProjectingAndMergingMayBeSwapped, ()) {
  const CountTensor a = count(*drawn_rows());
  const CountTensor b = count(*drawn_rows());
  const std::vector<std::string> keep = {"answer", "group"};
  RC_ASSERT(meaning(*merged(a, b).project(keep)) ==
            meaning(merged(*a.project(keep), *b.project(keep))));
}

}  // namespace
}  // namespace dl
