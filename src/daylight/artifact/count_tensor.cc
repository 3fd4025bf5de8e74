// SPDX-License-Identifier: Apache-2.0
// Dense counts: creation, merging and projection.
#include "daylight/artifact/count_tensor.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "daylight/base/bytes.h"
#include "daylight/base/text.h"

namespace dl {
namespace {

bool all_different(const std::vector<std::string>& names) {
  return std::set<std::string>(names.begin(), names.end()).size() == names.size();
}

}  // namespace

Result<CountTensor> CountTensor::create(std::vector<TensorAxis> axes) {
  std::uint64_t cells = 1;
  std::vector<std::string> names;
  for (const TensorAxis& axis : axes) {
    names.push_back(axis.name);
    if (!all_different(axis.labels)) {
      return fail(ErrorCode::kInvalidArgument, "an axis names a label twice", printable(axis.name));
    }
    const auto product = multiply_checked(cells, axis.labels.size());
    if (!product || *product > kMaxTensorCells) {
      return fail(ErrorCode::kLimit, "more than 2^26 cells to count", printable(join(names, " x ")),
                  "use fewer groups or fewer intersections");
    }
    cells = *product;
  }
  if (!all_different(names))
    return fail(ErrorCode::kInvalidArgument, "two axes have the same name");
  CountTensor tensor;
  tensor.axes_ = std::move(axes);
  tensor.cells_.assign(static_cast<std::size_t>(cells), 0);
  return tensor;
}

std::uint64_t CountTensor::total() const {
  return std::accumulate(cells_.begin(), cells_.end(), std::uint64_t{0});
}

template <typename Place>
void CountTensor::add_cells(const CountTensor& other, Place place) {
  std::vector<std::size_t> index(other.axes_.size(), 0);
  std::vector<std::size_t> target(axes_.size(), 0);
  for (const std::uint64_t count : other.cells_) {
    if (count > 0) {
      place(index, target);
      add(target, count);
    }
    for (std::size_t a = index.size(); a-- > 0;) {
      if (++index[a] < other.axes_[a].labels.size()) break;
      index[a] = 0;
    }
  }
}

Result<void> CountTensor::merge(const CountTensor& other) {
  if (axes_.size() != other.axes_.size()) {
    return fail(ErrorCode::kInvalidArgument, "tensors of a different number of axes do not merge");
  }
  std::vector<TensorAxis> axes = axes_;
  std::vector<std::vector<std::size_t>> moved(axes.size());
  for (std::size_t a = 0; a < axes.size(); ++a) {
    if (axes[a].name != other.axes_[a].name) {
      return fail(ErrorCode::kInvalidArgument, "tensors with different axes do not merge",
                  printable(axes[a].name) + " and " + printable(other.axes_[a].name));
    }
    auto& labels = axes[a].labels;
    for (const std::string& label : other.axes_[a].labels) {
      const auto found = std::find(labels.begin(), labels.end(), label);
      moved[a].push_back(static_cast<std::size_t>(found - labels.begin()));
      if (found == labels.end()) labels.push_back(label);
    }
  }
  CountTensor both = TRY(create(std::move(axes)));
  const auto same = [](const auto& from, auto& to) { to = from; };
  both.add_cells(*this, same);
  both.add_cells(other, [&](const auto& from, auto& to) {
    for (std::size_t a = 0; a < from.size(); ++a) to[a] = moved[a][from[a]];
  });
  *this = std::move(both);
  return {};
}

Result<CountTensor> CountTensor::project(const std::vector<std::string>& keep) const {
  std::vector<TensorAxis> axes;
  std::vector<std::size_t> source;
  for (const std::string& name : keep) {
    const auto found = std::find_if(axes_.begin(), axes_.end(),
                                    [&](const TensorAxis& axis) { return axis.name == name; });
    if (found == axes_.end()) return fail(ErrorCode::kNotFound, "no such axis", printable(name));
    source.push_back(static_cast<std::size_t>(found - axes_.begin()));
    axes.push_back(*found);
  }
  CountTensor part = TRY(create(std::move(axes)));
  part.add_cells(*this, [&](const auto& from, auto& to) {
    for (std::size_t a = 0; a < to.size(); ++a) to[a] = from[source[a]];
  });
  return part;
}

}  // namespace dl
