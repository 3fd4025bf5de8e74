// SPDX-License-Identifier: Apache-2.0
// A k-d tree over the coarse part of normalised thumbnails; what it cannot rule out is compared
// whole.
#include "daylight/replay/sample_near_copies.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>

namespace dl {
namespace {

constexpr std::size_t kSide = kThumbnailSide;
constexpr std::size_t kBlocks = 16;  // 4 x 4 blocks of 4 x 4 cells
constexpr std::size_t kLeafSize = 16;

// Of two thumbnails with mean 0 and length 1 the squared Euclidean distance is twice the
// correlation's distance from 1. Single precision is far finer than the slack.
constexpr float kSearchRadiusSquared = static_cast<float>(2 * kNearCopyDistance) + 1e-4F;

// Coordinates whose distance is never more than that of the whole thumbnails: a projection onto
// Walsh functions of 4 x 4 block sums (orthonormal), and the length of what it leaves out.
using Coarse = std::array<float, kBlocks>;

double contrast_of(const Thumbnail& picture) {
  const auto count = static_cast<double>(picture.size());
  double sum = 0;
  double squares = 0;
  for (const std::uint8_t value : picture) {
    sum += value;
    squares += static_cast<double>(value) * value;
  }
  return std::sqrt(std::max(0.0, squares / count - sum * sum / (count * count)));
}

Coarse coarse_of(const Thumbnail& picture) {
  std::array<double, kBlocks> blocks{};
  for (std::size_t i = 0; i < picture.size(); ++i) {
    blocks[(i / kSide / 4) * 4 + (i % kSide) / 4] += picture[i];
  }
  // The fast Walsh-Hadamard transform; its first value is the sum of all, which the mean takes out.
  for (std::size_t step = 1; step < kBlocks; step *= 2) {
    for (std::size_t i = 0; i < kBlocks; ++i) {
      if ((i & step) != 0) continue;
      const double a = blocks[i];
      const double b = blocks[i | step];
      blocks[i] = a + b;
      blocks[i | step] = a - b;
    }
  }
  // A block's indicator has length 4, and so has a row of the transform.
  const double length = contrast_of(picture) * static_cast<double>(kSide);
  Coarse coarse{};
  double rest = 1.0;
  for (std::size_t i = 1; i < kBlocks; ++i) {
    const double value = blocks[i] / (16.0 * length);
    rest -= value * value;
    coarse[i] = static_cast<float>(value);
  }
  coarse[0] = static_cast<float>(std::sqrt(std::max(0.0, rest)));
  return coarse;
}

float squared_distance(const Coarse& a, const Coarse& b) {
  float sum = 0;
  for (std::size_t i = 0; i < kBlocks; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

// Joins items into groups.
class DisjointSets {
 public:
  explicit DisjointSets(std::size_t count) : parent_(count) {
    std::iota(parent_.begin(), parent_.end(), std::size_t{0});
  }
  std::size_t find(std::size_t item) {
    while (parent_[item] != item) item = parent_[item] = parent_[parent_[item]];
    return item;
  }
  // The lower item leads, so that groups do not depend on the order of joining.
  void join(std::size_t a, std::size_t b) {
    a = find(a);
    b = find(b);
    parent_[std::max(a, b)] = std::min(a, b);
  }

 private:
  std::vector<std::size_t> parent_;
};

class NearCopySearch {
 public:
  explicit NearCopySearch(const std::vector<Thumbnail>& pictures)
      : pictures_(pictures), sets_(pictures.size()) {
    for (std::size_t i = 0; i < pictures.size(); ++i) {
      if (contrast_of(pictures[i]) < kMinThumbnailContrast) continue;
      points_.push_back({coarse_of(pictures[i]), i});
    }
    if (!points_.empty()) build(0, points_.size());
  }

  std::vector<std::size_t> run() {
    for (std::size_t i = 0; i < points_.size(); ++i) visit(0, i);
    std::vector<std::size_t> leaders(pictures_.size());
    for (std::size_t i = 0; i < leaders.size(); ++i) leaders[i] = sets_.find(i);
    return leaders;
  }

 private:
  struct Point {
    Coarse coarse;
    std::size_t picture;
  };
  struct Node {
    Coarse low;
    Coarse high;
    std::size_t begin;       // of its points
    std::size_t end;         //
    std::size_t right = 0;   // child; the left one follows its parent; 0: a leaf
    bool one_group = false;  // all its pictures are in one group
  };

  // Halves points at the median of the widest coordinate, down to leaves.
  std::size_t build(std::size_t begin, std::size_t end) {
    const std::size_t index = nodes_.size();
    Node node = {points_[begin].coarse, points_[begin].coarse, begin, end};
    for (std::size_t i = begin + 1; i < end; ++i) {
      for (std::size_t axis = 0; axis < kBlocks; ++axis) {
        node.low[axis] = std::min(node.low[axis], points_[i].coarse[axis]);
        node.high[axis] = std::max(node.high[axis], points_[i].coarse[axis]);
      }
    }
    nodes_.push_back(node);
    if (end - begin <= kLeafSize) return index;
    std::size_t widest = 0;
    for (std::size_t axis = 1; axis < kBlocks; ++axis) {
      if (node.high[axis] - node.low[axis] > node.high[widest] - node.low[widest]) widest = axis;
    }
    const std::size_t middle = begin + (end - begin) / 2;
    const auto at = [&](std::size_t i) { return points_.begin() + static_cast<std::ptrdiff_t>(i); };
    std::nth_element(at(begin), at(middle), at(end), [&](const Point& a, const Point& b) {
      return a.coarse[widest] < b.coarse[widest];
    });
    build(begin, middle);
    const std::size_t right = build(middle, end);
    nodes_[index].right = right;
    return index;
  }

  static float distance_to_box(const Coarse& point, const Node& node) {
    float sum = 0;
    for (std::size_t axis = 0; axis < kBlocks; ++axis) {
      const float outside =
          std::max({0.0F, node.low[axis] - point[axis], point[axis] - node.high[axis]});
      sum += outside * outside;
    }
    return sum;
  }

  bool is_grouped_with(const Node& node, std::size_t picture) {
    return node.one_group && sets_.find(points_[node.begin].picture) == sets_.find(picture);
  }

  // Joins a point with its near copies among the later points below a node; whether it found any.
  bool visit(std::size_t index, std::size_t point) {
    Node& node = nodes_[index];
    if (node.end <= point + 1) return false;  // those compared themselves with this one
    if (distance_to_box(points_[point].coarse, node) > kSearchRadiusSquared) return false;
    if (is_grouped_with(node, points_[point].picture)) return false;
    bool joined = false;
    if (node.right == 0) {
      joined = compare_leaf(node, point);
    } else {
      joined = visit(index + 1, point);
      joined = visit(node.right, point) || joined;
    }
    if (joined && !node.one_group) node.one_group = has_one_group(index);
    return joined;
  }

  bool compare_leaf(const Node& node, std::size_t point) {
    const Point& mine = points_[point];
    bool joined = false;
    for (std::size_t i = std::max(node.begin, point + 1); i < node.end; ++i) {
      const Point& other = points_[i];
      if (squared_distance(mine.coarse, other.coarse) > kSearchRadiusSquared) continue;
      if (sets_.find(mine.picture) == sets_.find(other.picture)) continue;
      if (thumbnail_distance(pictures_[mine.picture], pictures_[other.picture]) >
          kNearCopyDistance) {
        continue;
      }
      sets_.join(mine.picture, other.picture);
      joined = true;
    }
    return joined;
  }

  bool has_one_group(std::size_t index) {
    const Node& node = nodes_[index];
    if (node.right != 0) {
      const Node& left = nodes_[index + 1];
      const Node& right = nodes_[node.right];
      return left.one_group && is_grouped_with(right, points_[left.begin].picture);
    }
    const std::size_t group = sets_.find(points_[node.begin].picture);
    for (std::size_t i = node.begin + 1; i < node.end; ++i) {
      if (sets_.find(points_[i].picture) != group) return false;
    }
    return true;
  }

  const std::vector<Thumbnail>& pictures_;
  DisjointSets sets_;
  std::vector<Point> points_;
  std::vector<Node> nodes_;
};

}  // namespace

std::vector<std::size_t> near_copy_leaders(const std::vector<Thumbnail>& pictures) {
  return NearCopySearch(pictures).run();
}

}  // namespace dl
