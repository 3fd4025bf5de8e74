// SPDX-License-Identifier: Apache-2.0
// Reads the planted case.
#include "report_fixture.h"

#include <cstdio>
#include <cstdlib>

#include "daylight/base/file.h"
#include "support/shared_data.h"

namespace dl::testing {
namespace {

template <typename T>
T must(Result<T> result) {
  if (result) return std::move(result).value();
  std::fprintf(stderr, "report fixture: %s\n", describe(result.error()).c_str());
  std::abort();
}

Json read(const char* name) {
  const auto path = project_file(std::string("tests/unit/report/") + name);
  return must(parse_json(must(read_file(path)), path.string()));
}

// 600 pictures as the fixture's assessment counts them, without their files.
Samples planted_samples() {
  static constexpr const char* kRaces[] = {
      "Black",          "East Asian",      "Indian", "Latino_Hispanic",
      "Middle Eastern", "Southeast Asian", "White"};
  Samples samples;
  samples.attributes = {"race", "gender", "note"};
  for (std::size_t i = 0; i < 600; ++i) {
    Sample sample;
    sample.file = std::to_string(i) + ".png";
    sample.values = {kRaces[i % 7], i % 2 == 0 ? "Female" : "Male", i < 9 ? "<b>x</b>" : ""};
    samples.rows.push_back(std::move(sample));
    samples.reserved["identity"].push_back("person " + std::to_string(i / 2));
  }
  return samples;
}

}  // namespace

ReportInputs ReportFixture::inputs() const {
  ReportInputs inputs;
  inputs.inventory = &inventory;
  inputs.pipeline = &pipeline;
  inputs.assessment = &assessment;
  inputs.samples_summary = summarise_samples(samples);
  return inputs;
}

Predictions replayed_with(const std::string& kernel) {
  Predictions predictions;
  predictions.provenance.emplace();
  predictions.provenance->options = {{"samples_are", "face-crops"}, {"resize_kernel", kernel}};
  return predictions;
}

std::string one_line(const std::string& text) {
  std::string line;
  for (const char c : text) {
    const bool space = c == ' ' || c == '\n';
    if (!space) {
      line += c;
    } else if (line.empty() || line.back() != ' ') {
      line += ' ';
    }
  }
  return line;
}

ReportFixture read_report_fixture() {
  ReportFixture fixture;
  fixture.inventory = must(inventory_from_json(read("inventory.json"), "inventory.json"));
  fixture.pipeline = must(pipeline_from_json(read("pipeline.json"), "pipeline.json"));
  fixture.assessment = must(assessment_from_json(read("assessment.json"), "assessment.json"));
  fixture.samples = planted_samples();
  return fixture;
}

}  // namespace dl::testing
