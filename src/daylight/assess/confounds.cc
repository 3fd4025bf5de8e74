// SPDX-License-Identifier: Apache-2.0
// Association between the attributes of the samples.
#include "daylight/assess/confounds.h"

#include <fmt/format.h>

#include <vector>

#include "daylight/assess/hypothesis_tests.h"
#include "daylight/base/text.h"

namespace dl::assess {
namespace {

Json association(const Grouping& a, const Grouping& b) {
  const std::size_t columns = b.groups.size();
  std::vector<std::uint64_t> table(a.groups.size() * columns);
  std::uint64_t n = 0;
  for (std::size_t i = 0; i < a.group_of.size(); ++i) {
    if (a.group_of[i] < 0 || b.group_of[i] < 0) continue;
    ++table[static_cast<std::size_t>(a.group_of[i]) * columns +
            static_cast<std::size_t>(b.group_of[i])];
    ++n;
  }
  const TableTest found = independence_test(table, columns);
  const bool entangled =
      found.test.p && *found.test.p <= kAssociationLevel && found.cramers_v >= kEntangled;
  Json json = {{"kind", "association"},
               {"between", {printable(a.attribute), printable(b.attribute)}},
               {"n", n},
               {"cramers_v", found.test.p ? Json(found.cramers_v) : Json()},
               {"p", found.test.p ? Json(*found.test.p) : Json()},
               {"entangled", entangled}};
  if (!found.test.p) {
    json["text"] = fmt::format("{} and {}: {}.", printable(a.attribute), printable(b.attribute),
                               found.test.why);
  } else if (entangled) {
    json["text"] = fmt::format(
        "{0} and {1} hang together in these samples (Cramér's V {2:.2f}): a difference by {0} may "
        "be one by {1}; "
        "compare within groups of {1} (--intersections 2), or balance the samples.",
        printable(a.attribute), printable(b.attribute), found.cramers_v);
  } else {
    json["text"] =
        fmt::format("{} and {} hardly hang together in these samples (Cramér's V {:.2f}).",
                    printable(a.attribute), printable(b.attribute), found.cramers_v);
  }
  return json;
}

}  // namespace

Json find_confounds(const Groupings& groupings) {
  Json confounds = Json::array();
  for (std::size_t i = 0; i < groupings.sets.size(); ++i) {
    for (std::size_t j = i + 1; j < groupings.sets.size(); ++j) {
      const bool single =
          groupings.sets[i].attributes.size() == 1 && groupings.sets[j].attributes.size() == 1;
      if (single) confounds.push_back(association(groupings.sets[i], groupings.sets[j]));
    }
  }
  return confounds;
}

}  // namespace dl::assess
