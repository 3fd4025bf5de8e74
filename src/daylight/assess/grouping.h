// SPDX-License-Identifier: Apache-2.0
// Groups of people: the values of one attribute, or of several together.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "daylight/artifact/evidence.h"
#include "daylight/artifact/samples.h"

namespace dl::assess {

// Most groups of one attribute or intersection; more are no groups of people.
inline constexpr std::size_t kMaxGroups = 2000;
// An attribute of numbers with more distinct values than this is not taken as groups as it is.
inline constexpr std::size_t kMaxNumericGroups = 20;
inline constexpr int kMaxIntersections = 4;

// One attribute set cut into groups. Samples that lack a value of any of its attributes belong to
// no group.
struct Grouping {
  std::string attribute;  // "race", "race&gender"; "" is everyone in one group named ""
  std::vector<std::string> attributes;  // its parts
  std::vector<std::string> groups;      // "Black", "Black & Female"
  std::vector<int> group_of;            // for each sample; -1: no group
};

struct Groupings {
  std::vector<Grouping> sets;  // everyone first, then single attributes, then pairs ...
  std::vector<Gap> limits;     // values missing, spellings merged, numbers banded
};

// All sets of one to `intersections` of the attributes `by`. With `by` empty every attribute with 2
// to kMaxNumericGroups distinct values is used. Spellings of one label become one group
// (canonical_label). Exact ages (numbers in a column named age) are banded as FairFace does: 0-2,
// 3-9, 10-19 ... 60-69, more than 70; other columns of many numbers are refused. Only combinations
// that occur become groups. kNotFound names an absent attribute and those there are; kLimit when a
// set has more than kMaxGroups groups.
Result<Groupings> make_groupings(const Samples& samples, const std::vector<std::string>& by,
                                 int intersections, const std::string& samples_name);

}  // namespace dl::assess
