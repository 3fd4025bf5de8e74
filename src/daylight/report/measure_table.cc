// SPDX-License-Identifier: Apache-2.0
// Sorts estimates into measures and marks the groups that stand out.
#include "daylight/report/measure_table.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace dl {
namespace {

constexpr int kAfterAllOthers = 1000;

using MetricKey = std::tuple<std::string, std::string, std::string>;  // head, metric, label
using GroupKey = std::tuple<std::string, std::string, std::string, std::string, std::string>;

std::set<GroupKey> significant_groups(const Assessment& assessment) {
  const double rate = false_discovery_rate_of(assessment);
  std::set<GroupKey> found;
  for (const Disparity& disparity : assessment.disparities) {
    if (!is_significant(disparity, rate)) continue;
    found.emplace(disparity.head, disparity.metric, disparity.label, disparity.attribute,
                  disparity.group);
  }
  return found;
}

// Metrics in which failures to answer count.
std::set<MetricKey> metrics_over_all(const Assessment& assessment) {
  std::set<MetricKey> found;
  for (const Estimate& estimate : assessment.estimates) {
    if (estimate.denominator == "all")
      found.emplace(estimate.head, estimate.metric, estimate.label);
  }
  return found;
}

// Bounds of a measure are compared under the measure's own name.
std::string compared_name(const std::string& metric) {
  for (const std::string_view suffix : {"_lower", "_upper"}) {
    if (metric.ends_with(suffix)) return metric.substr(0, metric.size() - suffix.size());
  }
  return metric;
}

double number_setting(const Assessment& assessment, const char* name, double otherwise) {
  if (!assessment.settings.is_object() || !assessment.settings.contains(name)) return otherwise;
  const Json& value = assessment.settings[name];
  return value.is_number() ? value.get<double>() : otherwise;
}

}  // namespace

std::vector<MeasureTable> measure_tables(const Assessment& assessment, const Pipeline* pipeline) {
  const std::set<GroupKey> significant = significant_groups(assessment);
  const std::set<MetricKey> over_all = metrics_over_all(assessment);
  std::vector<MeasureTable> tables;
  std::map<std::tuple<std::string, std::string, std::string, std::string>, std::size_t> index;
  std::map<std::string, std::size_t> head_order;
  for (const Estimate& estimate : assessment.estimates) {
    const bool secondary =
        estimate.denominator != "all" &&
        over_all.contains(MetricKey(estimate.head, estimate.metric, estimate.label));
    head_order.emplace(estimate.head, head_order.size());
    const auto [place, fresh] = index.emplace(
        std::tuple(estimate.head, estimate.metric, estimate.label, estimate.denominator),
        tables.size());
    if (fresh) {
      MeasureTable table;
      table.measure = measure_of(estimate);
      table.unit = measure_unit(table.measure, pipeline);
      table.rank = measure_rank(table.measure) + (secondary ? kAfterAllOthers : 0);
      tables.push_back(std::move(table));
    }
    MeasureTable& table = tables[place->second];
    if (estimate.attribute.empty() && estimate.group.empty()) {
      table.everyone = &estimate;
      continue;
    }
    const bool stands_out = !secondary && significant.contains(GroupKey(
                                              estimate.head, compared_name(estimate.metric),
                                              estimate.label, estimate.attribute, estimate.group));
    table.rows.push_back({&estimate, stands_out});
  }
  std::stable_sort(tables.begin(), tables.end(), [&](const MeasureTable& a, const MeasureTable& b) {
    const auto key = [&](const MeasureTable& table) {
      return std::pair(head_order[table.measure.head], table.rank);
    };
    return key(a) < key(b);
  });
  return tables;
}

double confidence_of(const Assessment& assessment) {
  return number_setting(assessment, "confidence", 0.95);
}

double false_discovery_rate_of(const Assessment& assessment) {
  return number_setting(assessment, "fdr", 0.05);
}

bool is_significant(const Disparity& disparity, double false_discovery_rate) {
  return disparity.p_adjusted.has_value() && *disparity.p_adjusted <= false_discovery_rate;
}

}  // namespace dl
