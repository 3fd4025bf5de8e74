// SPDX-License-Identifier: Apache-2.0
// CPU seconds of the bootstrap and of a whole assessment on synthetic people, as one JSON line.
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

#include "daylight/assess/assessor.h"
#include "daylight/assess/mean_bootstrap.h"
#include "daylight/assess/random_stream.h"

namespace {

constexpr std::size_t kRaces = 7;
constexpr std::size_t kGenders = 2;
constexpr std::size_t kAges = 9;
constexpr std::uint64_t kReplicates = 1000;

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

// 1,000 replicates of the mean error of each of `groups` groups, `people` in all; gives the CPU
// seconds.
double time_mean_bootstrap(std::size_t people, std::size_t groups, double& sink) {
  dl::assess::RandomStream noise(1, "errors");
  std::vector<std::vector<double>> errors(groups);
  for (std::size_t i = 0; i < people; ++i) {
    const double z = noise.normal();
    errors[i % groups].push_back(z * z);
  }
  const double start = cpu_seconds();
  for (const auto& group : errors) {
    dl::assess::RandomStream stream(1, "bootstrap");
    sink += dl::assess::resample_mean(group, kReplicates, stream).means.back();
  }
  return cpu_seconds() - start;
}

// 1,000 exact resamples of the counts of 126 groups x 4 outcomes.
double time_count_bootstrap(std::size_t people, double& sink) {
  constexpr std::size_t kCells = kRaces * kGenders * kAges * 4;
  const std::vector<double> weights(kCells, 1.0);
  std::vector<std::uint64_t> counts(kCells);
  dl::assess::RandomStream stream(1, "counts");
  const double start = cpu_seconds();
  for (std::uint64_t i = 0; i < kReplicates; ++i) {
    stream.multinomial(people, weights, counts);
    sink += static_cast<double>(counts.back());
  }
  return cpu_seconds() - start;
}

// The whole assessment: an age and a gender head by race, gender, age and their pairs.
double time_assessment(std::size_t people, std::size_t& estimates) {
  dl::Samples samples;
  samples.attributes = {"race", "gender", "age"};
  dl::Predictions predictions;
  dl::assess::RandomStream noise(1, "people");
  const char* const kBands[kAges] = {"0-2",   "3-9",   "10-19", "20-29",       "30-39",
                                     "40-49", "50-59", "60-69", "more than 70"};
  for (std::size_t i = 0; i < people; ++i) {
    const std::size_t race = noise.below(kRaces);
    const std::size_t gender = noise.below(kGenders);
    const std::size_t age = noise.below(kAges);
    dl::Sample sample;
    sample.file = "img/" + std::to_string(i) + ".png";
    sample.values = {"race " + std::string(1, static_cast<char>('A' + race)),
                     gender == 0 ? "Female" : "Male", kBands[age]};
    dl::Prediction answer;
    answer.file = sample.file;
    answer.head = "gender";
    answer.label = (noise.uniform() < 0.93) == (gender == 0) ? "Female" : "Male";
    predictions.rows.push_back(answer);
    answer.head = "age";
    answer.label.clear();
    answer.value = 10.0 * static_cast<double>(age) + 6.0 * noise.normal();
    predictions.rows.push_back(answer);
    samples.rows.push_back(std::move(sample));
  }
  dl::assess::AssessOptions options;
  options.by = {"race", "gender", "age"};
  options.intersections = 2;
  options.bootstrap = kReplicates;
  const double start = cpu_seconds();
  const auto assessment = dl::assess::assess(predictions, samples, options, dl::null_log());
  const double seconds = cpu_seconds() - start;
  estimates = assessment ? assessment->estimates.size() + assessment->disparities.size() : 0;
  return seconds;
}

}  // namespace

int main() {
  double sink = 0.0;
  std::size_t numbers = 0;
  std::printf("{");
  for (const std::size_t people :
       {std::size_t{10'000}, std::size_t{100'000}, std::size_t{1'000'000}}) {
    std::printf("\"mean_%zu\": %.4f, ", people, time_mean_bootstrap(people, kRaces, sink));
    std::printf("\"count_%zu\": %.4f, ", people, time_count_bootstrap(people, sink));
  }
  for (const std::size_t people : {std::size_t{10'000}, std::size_t{100'000}}) {
    std::printf("\"whole_%zu\": %.4f, ", people, time_assessment(people, numbers));
  }
  std::printf("\"numbers\": %zu, \"sink\": %.3f}\n", numbers, sink);
  return 0;
}
