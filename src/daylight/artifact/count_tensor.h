// SPDX-License-Identifier: Apache-2.0
// Counts over several named axes that add up: parts counted apart merge into the count of the
// whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "daylight/base/result.h"

namespace dl {

// Cells that a tensor may have; 8 bytes each.
inline constexpr std::size_t kMaxTensorCells = std::size_t{1} << 26;

// One axis: its name and the names of its positions, all different.
struct TensorAxis {
  std::string name;
  std::vector<std::string> labels;
  friend bool operator==(const TensorAxis&, const TensorAxis&) = default;
};

// A dense tensor of counts, the last axis fastest. Merging is commutative and associative up to the
// order of labels, so a corpus may be counted in any order on any number of machines. Not thread
// safe; count in parts and merge.
class CountTensor {
 public:
  // kLimit when the cells exceed kMaxTensorCells, kInvalidArgument when an axis names a label or an
  // axis name twice.
  static Result<CountTensor> create(std::vector<TensorAxis> axes);

  const std::vector<TensorAxis>& axes() const { return axes_; }
  std::size_t size() const { return cells_.size(); }
  std::uint64_t total() const;

  // One index for each axis, each inside its axis.
  void add(std::span<const std::size_t> index, std::uint64_t count = 1) {
    cells_[offset_of(index)] += count;
  }
  std::uint64_t at(std::span<const std::size_t> index) const { return cells_[offset_of(index)]; }

  // Adds another tensor's counts. Axes must have the same names in the same order; labels that only
  // the other has are appended. On an error this tensor is unchanged.
  Result<void> merge(const CountTensor& other);

  // Sums over every axis that is not named in `keep`; kNotFound for a name that is no axis.
  Result<CountTensor> project(const std::vector<std::string>& keep) const;

  friend bool operator==(const CountTensor&, const CountTensor&) = default;

 private:
  std::size_t offset_of(std::span<const std::size_t> index) const {
    std::size_t offset = 0;
    for (std::size_t a = 0; a < axes_.size(); ++a)
      offset = offset * axes_[a].labels.size() + index[a];
    return offset;
  }
  // Adds every cell of `other` at the index that `place(from, to)` writes.
  template <typename Place>
  void add_cells(const CountTensor& other, Place place);

  std::vector<TensorAxis> axes_;
  std::vector<std::uint64_t> cells_;
};

}  // namespace dl
