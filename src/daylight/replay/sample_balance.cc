// SPDX-License-Identifier: Apache-2.0
// Ranks the rows of each cell by a digest and keeps the first.
#include "daylight/replay/sample_balance.h"

#include <algorithm>
#include <map>
#include <set>

#include "daylight/base/digest.h"
#include "daylight/base/text.h"

namespace dl {
namespace {

constexpr std::size_t kMaxEmptyCells = 10'000;

using Cells = std::map<std::vector<std::string>, std::vector<std::size_t>>;

Result<std::vector<std::size_t>> attribute_indices(const Samples& samples,
                                                   const std::vector<std::string>& by) {
  if (by.empty()) {
    return fail(ErrorCode::kInvalidArgument, "there is no attribute to balance by");
  }
  std::vector<std::size_t> indices;
  for (const std::string& name : by) {
    const auto index = samples.attribute_index(name);
    if (!index) {
      return fail(ErrorCode::kInvalidArgument, "there is no attribute '" + printable(name) + "'",
                  "", "the samples have " + printable(join(samples.attributes, ", ")));
    }
    if (std::find(indices.begin(), indices.end(), *index) != indices.end()) {
      return fail(ErrorCode::kInvalidArgument,
                  "the attribute '" + printable(name) + "' is named twice");
    }
    indices.push_back(*index);
  }
  return indices;
}

Cells cells_of(const Samples& samples, const std::vector<std::size_t>& indices,
               std::size_t& without_value) {
  Cells cells;
  for (std::size_t row = 0; row < samples.rows.size(); ++row) {
    std::vector<std::string> values;
    values.reserve(indices.size());
    for (const std::size_t index : indices) values.push_back(samples.rows[row].values[index]);
    if (std::find(values.begin(), values.end(), "") != values.end()) {
      ++without_value;
    } else {
      cells[std::move(values)].push_back(row);
    }
  }
  return cells;
}

// Combinations of single values that no row has; cut at kMaxEmptyCells.
std::vector<std::vector<std::string>> empty_cells_of(const Cells& cells, std::size_t dimensions) {
  std::vector<std::set<std::string>> levels(dimensions);
  for (const auto& [values, rows] : cells) {
    for (std::size_t i = 0; i < dimensions; ++i) levels[i].insert(values[i]);
  }
  std::vector<std::vector<std::string>> combinations = {{}};
  for (const auto& level : levels) {
    std::vector<std::vector<std::string>> longer;
    for (const auto& start : combinations) {
      for (const std::string& value : level) {
        if (longer.size() >= kMaxEmptyCells) break;
        longer.push_back(start);
        longer.back().push_back(value);
      }
    }
    combinations = std::move(longer);
  }
  std::erase_if(combinations, [&](const auto& values) { return cells.contains(values); });
  return combinations;
}

// The first `quota` rows of a cell by rank.
std::vector<std::size_t> pick_rows(const Samples& samples, const std::vector<std::size_t>& rows,
                                   std::size_t quota, std::uint64_t seed) {
  std::vector<std::pair<std::string, std::size_t>> ranked;
  ranked.reserve(rows.size());
  for (const std::size_t row : rows) {
    ranked.emplace_back(sha256_hex(std::to_string(seed) + "\n" + samples.rows[row].file + "\n"),
                        row);
  }
  std::sort(ranked.begin(), ranked.end());
  ranked.resize(quota);
  std::vector<std::size_t> picked;
  picked.reserve(ranked.size());
  for (const auto& [rank, row] : ranked) picked.push_back(row);
  return picked;
}

Samples subset(const Samples& samples, std::vector<std::size_t> rows) {
  std::sort(rows.begin(), rows.end());
  Samples kept;
  kept.folder = samples.folder;
  kept.attributes = samples.attributes;
  for (const auto& [column, values] : samples.reserved) kept.reserved[column] = {};
  for (const std::size_t row : rows) {
    kept.rows.push_back(samples.rows[row]);
    for (auto& [column, values] : kept.reserved) {
      const auto& all = samples.reserved.at(column);
      values.push_back(row < all.size() ? all[row] : "");
    }
  }
  return kept;
}

}  // namespace

Result<BalancedSamples> balance_samples(const Samples& samples, const std::vector<std::string>& by,
                                        std::uint64_t seed) {
  const auto indices = TRY(attribute_indices(samples, by));
  BalancedSamples balanced;
  const Cells cells = cells_of(samples, indices, balanced.without_value);
  if (cells.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "no row has a value for each of " + printable(join(by, ", ")));
  }
  std::size_t quota = samples.rows.size();
  for (const auto& [values, rows] : cells) quota = std::min(quota, rows.size());
  std::vector<std::size_t> kept;
  for (const auto& [values, rows] : cells) {
    const auto picked = pick_rows(samples, rows, quota, seed);
    kept.insert(kept.end(), picked.begin(), picked.end());
    balanced.cells.push_back({values, rows.size(), quota});
  }
  balanced.empty_cells = empty_cells_of(cells, indices.size());
  balanced.samples = subset(samples, std::move(kept));
  return balanced;
}

}  // namespace dl
