// SPDX-License-Identifier: Apache-2.0
// A whole assessment says the same whatever order the rows and columns come in, and its numbers fit
// together.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "daylight/assess/assessor.h"
#include "daylight/base/json.h"

namespace dl::assess {
namespace {

struct Town {
  Samples samples;
  Predictions predictions;
};

// People of a few groups with the answers of a head of labels, some of them failures.
Town drawn_town() {
  Town town;
  town.samples.attributes = {"gender", "town"};
  const auto people = *rc::gen::inRange<std::size_t>(12, 60);
  for (std::size_t i = 0; i < people; ++i) {
    Sample sample;
    sample.file = std::to_string(i) + ".png";
    sample.values = {*rc::gen::element<std::string>("Female", "Male"),
                     *rc::gen::element<std::string>("A", "B", "C", "")};
    Prediction answer;
    answer.file = sample.file;
    answer.head = "gender";
    answer.status = *rc::gen::weightedElement<PredictionStatus>({{8, PredictionStatus::kOk},
                                                                 {1, PredictionStatus::kNoFace},
                                                                 {1, PredictionStatus::kCrash}});
    if (answer.status == PredictionStatus::kOk)
      answer.label = *rc::gen::element<std::string>("Female", "Male");
    town.samples.rows.push_back(std::move(sample));
    town.predictions.rows.push_back(std::move(answer));
  }
  return town;
}

AssessOptions quick() {
  AssessOptions options;
  options.by = {"town"};
  options.bootstrap = 100;
  options.permutations = 99;
  options.min_group = 3;
  return options;
}

Assessment assessed(const Town& town) {
  auto result = assess(town.predictions, town.samples, quick(), null_log());
  if (!result) RC_LOG() << describe(result.error()) << "\n";
  RC_ASSERT(result.has_value());
  return std::move(result).value();
}

template <typename T>
void shuffle(std::vector<T>& items) {
  for (std::size_t i = items.size(); i > 1; --i)
    std::swap(items[i - 1], items[*rc::gen::inRange<std::size_t>(0, i)]);
}

RC_GTEST_PROP(Assessor, SaysTheSameInWhateverOrderTheRowsCome, ()) {
  Town town = drawn_town();
  const std::string one = dump_json(to_json(assessed(town)));
  shuffle(town.predictions.rows);
  RC_ASSERT(dump_json(to_json(assessed(town))) == one);
  shuffle(town.samples.rows);
  RC_ASSERT(dump_json(to_json(assessed(town))) == one);
}

RC_GTEST_PROP(Assessor, NamesOfGroupsCarryNoWeight, ()) {
  const Town town = drawn_town();
  Town renamed = town;
  for (Sample& sample : renamed.samples.rows) {
    if (!sample.values[1].empty()) sample.values[1] = "group " + sample.values[1];
  }
  const Assessment one = assessed(town);
  const Assessment other = assessed(renamed);
  RC_ASSERT(one.estimates.size() == other.estimates.size());
  for (std::size_t i = 0; i < one.estimates.size(); ++i) {
    RC_ASSERT(one.estimates[i].value == other.estimates[i].value);
    RC_ASSERT(one.estimates[i].low == other.estimates[i].low);
    RC_ASSERT(one.estimates[i].n == other.estimates[i].n);
  }
  RC_ASSERT(one.disparities.size() == other.disparities.size());
  for (std::size_t i = 0; i < one.disparities.size(); ++i)
    RC_ASSERT(one.disparities[i].p == other.disparities[i].p);
}

RC_GTEST_PROP(Assessor, CountsOfGroupsAddUpAndRatesAreTheirQuotients, ()) {
  const Assessment assessment = assessed(drawn_town());
  for (const Estimate& e : assessment.estimates) {
    RC_ASSERT(e.value.has_value() || !e.why.empty());
    if (e.k && e.value) {
      RC_ASSERT(*e.k >= 0.0 && *e.k <= static_cast<double>(e.n));
      RC_ASSERT(std::abs(*e.value - *e.k / static_cast<double>(e.n)) < 1e-12);
    }
    if (e.low && e.value) RC_ASSERT(*e.low <= *e.value + 1e-9);
    if (e.high && e.value) RC_ASSERT(*e.value <= *e.high + 1e-9);
  }
  for (const Disparity& d : assessment.disparities) {
    RC_ASSERT(!d.p || (*d.p >= 0.0 && *d.p <= 1.0));
    RC_ASSERT(!d.p_adjusted || (d.p && *d.p_adjusted >= *d.p - 1e-12 && *d.p_adjusted <= 1.0));
    if (d.value && d.low && d.kind == "difference") RC_ASSERT(*d.low <= *d.value + 1e-9);
  }
}

RC_GTEST_PROP(Assessor, OutcomesOfEveryoneAreTheRowsOfTheTable, ()) {
  const Town town = drawn_town();
  const Assessment assessment = assessed(town);
  std::map<std::string, std::uint64_t> expected;
  for (const Prediction& row : town.predictions.rows) ++expected[to_string(row.status)];
  std::map<std::string, std::uint64_t> counted;
  for (const OutcomeCount& count : assessment.outcomes) {
    if (count.attribute.empty() && count.n > 0) counted[count.status] += count.n;
  }
  RC_ASSERT(counted == expected);
}

}  // namespace
}  // namespace dl::assess
