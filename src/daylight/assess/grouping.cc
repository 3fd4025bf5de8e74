// SPDX-License-Identifier: Apache-2.0
// Cuts the samples into groups by attributes and their intersections.
#include "daylight/assess/grouping.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>

#include "daylight/assess/labels.h"
#include "daylight/base/text.h"

namespace dl::assess {
namespace {

// FairFace's brackets (Kärkkäinen and Joo, WACV 2021).
const char* fairface_band(double age) {
  constexpr const char* kTens[] = {"10-19", "20-29", "30-39", "40-49", "50-59", "60-69"};
  if (age < 3.0) return "0-2";
  if (age < 10.0) return "3-9";
  if (age >= 70.0) return "more than 70";
  return kTens[static_cast<std::size_t>(age / 10.0) - 1];
}

using Values = std::vector<std::string>;

Values column_of(const Samples& samples, std::size_t attribute) {
  Values values;
  values.reserve(samples.rows.size());
  for (const Sample& sample : samples.rows) values.push_back(sample.values[attribute]);
  return values;
}

std::map<std::string, std::size_t> spellings_of(const Values& values) {
  std::map<std::string, std::size_t> spellings;
  for (const std::string& value : values) {
    if (!trim(value).empty()) ++spellings[value];
  }
  return spellings;
}

bool all_numbers(const std::map<std::string, std::size_t>& spellings) {
  return std::all_of(spellings.begin(), spellings.end(),
                     [](const auto& entry) { return parse_double(trim(entry.first)).has_value(); });
}

bool is_age_column(const std::string& attribute) {
  const std::string name = canonical_label(attribute);
  return name == "age" || name == "age years";
}

Result<Values> band_numbers(Values values, const std::string& attribute,
                            const std::string& samples_name, std::vector<Gap>& limits) {
  if (!is_age_column(attribute)) {
    return fail(ErrorCode::kInvalidArgument,
                "column '" + printable(attribute) +
                    "' holds too many different numbers to be groups of people",
                samples_name, "add a column with a band for each picture, and group by that");
  }
  for (std::string& value : values) {
    if (const auto age = parse_double(trim(value))) value = fairface_band(*age);
  }
  limits.push_back({"attribute " + attribute,
                    "exact ages were grouped as 0-2, 3-9, 10-19, 20-29 ... 60-69, more than 70"});
  return values;
}

Result<Grouping> single_grouping(const Samples& samples, std::size_t index,
                                 const std::string& samples_name, std::vector<Gap>& limits) {
  const std::string& attribute = samples.attributes[index];
  Values values = column_of(samples, index);
  auto spellings = spellings_of(values);
  if (spellings.size() > kMaxNumericGroups && all_numbers(spellings)) {
    values = TRY(band_numbers(std::move(values), attribute, samples_name, limits));
    spellings = spellings_of(values);
  }
  if (spellings.size() > kMaxGroups) {
    return fail(ErrorCode::kLimit,
                fmt::format("column '{}' has {} different values; at most {} can be groups",
                            printable(attribute), spellings.size(), kMaxGroups),
                samples_name, "group by a coarser column");
  }
  LabelSet labels;
  for (const auto& [spelling, times] : spellings) labels.add(spelling, times);
  labels.finish();
  if (labels.size() == 0) {
    return fail(ErrorCode::kInvalidArgument,
                "column '" + printable(attribute) + "' is empty in every row", samples_name,
                "fill it, or group by another column");
  }
  for (const auto& [spelling, shown] : labels.merged()) {
    limits.push_back({"attribute " + attribute,
                      "'" + printable(spelling) + "' was read as '" + printable(shown) + "'"});
  }
  std::unordered_map<std::string, int> index_of;
  for (const auto& [spelling, times] : spellings) {
    index_of[spelling] = static_cast<int>(*labels.find(spelling));
  }
  Grouping grouping = {attribute, {attribute}, labels.names(), {}};
  std::size_t missing = 0;
  for (const std::string& value : values) {
    const auto found = index_of.find(value);
    grouping.group_of.push_back(found == index_of.end() ? -1 : found->second);
    if (found == index_of.end()) ++missing;
  }
  if (missing > 0) {
    limits.push_back({"attribute " + attribute,
                      fmt::format("{} of {} samples have no value: they belong to no group",
                                  missing, values.size())});
  }
  return grouping;
}

// The combinations of `left` and `right` that occur.
Result<Grouping> intersect(const Grouping& left, const Grouping& right,
                           const std::string& samples_name) {
  Grouping both;
  both.attribute = left.attribute + "&" + right.attribute;
  both.attributes = left.attributes;
  both.attributes.insert(both.attributes.end(), right.attributes.begin(), right.attributes.end());
  // In the order of the left groups, then of the right ones.
  std::map<std::pair<int, int>, int> index_of;
  for (std::size_t i = 0; i < left.group_of.size(); ++i) {
    if (left.group_of[i] >= 0 && right.group_of[i] >= 0) {
      index_of[{left.group_of[i], right.group_of[i]}] = 0;
    }
  }
  if (index_of.size() > kMaxGroups) {
    return fail(ErrorCode::kLimit,
                fmt::format("the intersection {} has {} groups; at most {} can be assessed",
                            printable(both.attribute), index_of.size(), kMaxGroups),
                samples_name, "use fewer intersections or coarser columns");
  }
  for (auto& [pair, index] : index_of) {
    index = static_cast<int>(both.groups.size());
    both.groups.push_back(left.groups[static_cast<std::size_t>(pair.first)] + " & " +
                          right.groups[static_cast<std::size_t>(pair.second)]);
  }
  for (std::size_t i = 0; i < left.group_of.size(); ++i) {
    const bool inside = left.group_of[i] >= 0 && right.group_of[i] >= 0;
    both.group_of.push_back(inside ? index_of[{left.group_of[i], right.group_of[i]}] : -1);
  }
  return both;
}

// The attributes to use when none were named.
std::vector<std::string> default_attributes(const Samples& samples) {
  std::vector<std::string> by;
  for (std::size_t i = 0; i < samples.attributes.size(); ++i) {
    const std::size_t distinct = spellings_of(column_of(samples, i)).size();
    if (distinct >= 2 && distinct <= kMaxNumericGroups) by.push_back(samples.attributes[i]);
  }
  return by;
}

Result<std::size_t> find_attribute(const Samples& samples, const std::string& name,
                                   const std::string& samples_name) {
  if (const auto index = samples.attribute_index(name)) return *index;
  return fail(ErrorCode::kNotFound,
              "has no column '" + printable(name) +
                  "' to group by (it has: " + printable(join(samples.attributes, ", ")) + ")",
              samples_name, "name one of these with --by");
}

}  // namespace

Result<Groupings> make_groupings(const Samples& samples, const std::vector<std::string>& by,
                                 int intersections, const std::string& samples_name) {
  Groupings groupings;
  groupings.sets.push_back({"", {}, {""}, std::vector<int>(samples.rows.size(), 0)});
  std::vector<std::string> names;
  for (const std::string& name : by.empty() ? default_attributes(samples) : by) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  std::vector<std::size_t> singles;  // index into sets
  for (const std::string& name : names) {
    const std::size_t index = TRY(find_attribute(samples, name, samples_name));
    singles.push_back(groupings.sets.size());
    groupings.sets.push_back(TRY(single_grouping(samples, index, samples_name, groupings.limits)));
  }
  // Each set of size k comes from one of size k - 1 and a later attribute: no set twice.
  std::vector<std::pair<std::size_t, std::size_t>> frontier;  // set, its last attribute
  for (std::size_t i = 0; i < singles.size(); ++i) frontier.emplace_back(singles[i], i);
  for (int size = 2; size <= std::min(intersections, kMaxIntersections); ++size) {
    std::vector<std::pair<std::size_t, std::size_t>> next;
    for (const auto& [set, last] : frontier) {
      for (std::size_t i = last + 1; i < singles.size(); ++i) {
        Grouping both =
            TRY(intersect(groupings.sets[set], groupings.sets[singles[i]], samples_name));
        if (both.groups.empty()) continue;
        next.emplace_back(groupings.sets.size(), i);
        groupings.sets.push_back(std::move(both));
      }
    }
    frontier = std::move(next);
  }
  return groupings;
}

}  // namespace dl::assess
