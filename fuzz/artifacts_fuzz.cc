// SPDX-License-Identifier: Apache-2.0
// Hostile JSON in the place of an artifact or a part of one. The first byte chooses: 0 inventory,
// 1 pipeline, 2 probe_plan, 3 assessment, 4 provenance, 5 evidence, 6 gap, 7 proof, else the check
// of a file by its schema. Each text is read as it is and once more with one of its values replaced
// by one of another kind, chosen by a checksum of the text: flipped bits alone seldom make JSON of
// wrong types.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/artifact/assessment.h"
#include "daylight/artifact/inventory.h"
#include "daylight/artifact/pipeline.h"
#include "daylight/artifact/probe_plan.h"
#include "daylight/base/bytes.h"
#include "daylight/cli/artifact_check.h"
#include "daylight/report/reporter.h"
#include "support/memory_file.h"

namespace {

using dl::Json;

void require(bool holds) {
  if (!holds) std::abort();
}

// What a reader accepts can be written, and what is written reads back as the same; `show` puts it
// into a page, where nothing may break either.
template <typename Read, typename Show>
void check_reader(const Json& json, Read read, Show show) {
  const auto record = read(json, "fuzz");
  if (!record) {
    require(!record.error().what.empty() && !record.error().where.empty());
    return;
  }
  const std::string text = dl::dump_json(dl::to_json(*record));
  const auto written = dl::parse_json(text, "fuzz");
  require(written.has_value());
  const auto again = read(*written, "fuzz");
  require(again.has_value());
  require(dl::dump_json(dl::to_json(*again)) == text);
  show(*record);
}

constexpr auto kNotShown = [](const auto& /*record*/) {};

// A page from one artifact: the others are missing.
template <typename Record>
auto shown_as(const Record* dl::ReportInputs::*part) {
  return [part](const Record& record) {
    dl::ReportInputs inputs;
    inputs.*part = &record;
    const auto page = dl::render_report(inputs);
    require(page.has_value() && !page->empty());
  };
}

void check_as_file(const Json& json) {
  const dl::testing::MemoryFile file(dl::dump_json(json));
  const auto checked = dl::cli::check_file(file.path());
  if (!checked) return;
  for (const std::string& problem : checked->problems) {
    require(!problem.empty() && problem.find('\n') == std::string::npos);
  }
}

void check(char kind, const Json& json) {
  switch (kind) {
    case '0':
      return check_reader(json, dl::inventory_from_json, shown_as(&dl::ReportInputs::inventory));
    case '1':
      return check_reader(json, dl::pipeline_from_json, shown_as(&dl::ReportInputs::pipeline));
    case '2':
      return check_reader(json, dl::probe_plan_from_json, shown_as(&dl::ReportInputs::plan));
    case '3':
      return check_reader(json, dl::assessment_from_json, shown_as(&dl::ReportInputs::assessment));
    case '4':
      return check_reader(json, dl::provenance_from_json, kNotShown);
    case '5':
      return check_reader(json, dl::evidence_from_json, kNotShown);
    case '6':
      return check_reader(json, dl::gap_from_json, kNotShown);
    case '7':
      return check_reader(json, dl::proof_from_json, kNotShown);
    default:
      return check_as_file(json);
  }
}

// FNV-1a.
std::uint64_t checksum(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3U;
  return hash;
}

void collect(Json& json, std::vector<Json*>& values) {
  values.push_back(&json);
  if (json.is_structured()) {
    for (Json& child : json) collect(child, values);
  }
}

Json odd_value(std::uint64_t which) {
  const std::array odd = {
      Json(nullptr),
      Json(true),
      Json(-1),
      Json(std::numeric_limits<std::uint64_t>::max()),
      Json(1e300),
      Json(0.5),
      Json(""),
      Json("a\"\\\n\xff\xf0\x9f\x98\x80"),
      Json::array(),
      Json::object(),
      Json::array({Json()}),
      Json({{"id", 1}}),
  };
  return odd[which % odd.size()];
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text = dl::as_text({data + 1, size - 1});
  const char kind = static_cast<char>(data[0]);
  auto json = dl::parse_json(text, "fuzz");
  if (!json) return 0;
  check(kind, *json);
  const std::uint64_t hash = checksum(text);
  std::vector<Json*> values;
  collect(*json, values);
  *values[hash % values.size()] = odd_value(hash >> 32);
  check(kind, *json);
  return 0;
}
