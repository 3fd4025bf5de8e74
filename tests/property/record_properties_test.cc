// SPDX-License-Identifier: Apache-2.0
// Artifacts that are written follow their schemas and read back as the same; artifacts in which
// anything has another type are refused with an error, never with an exception.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "daylight/cli/artifact_check.h"
#include "drawn_records.h"
#include "hostile_text.h"
#include "support/memory_file.h"

namespace dl {
namespace {

// Each kind of artifact, drawn and read.
struct Kind {
  const char* name;
  Json (*draw)();
  // Read, and written again; null where it is refused.
  Json (*rewrite)(const Json& json);
};

template <typename Record>
Json rewritten(const Result<Record>& record) {
  if (record) return to_json(*record);
  RC_LOG() << describe(record.error()) << "\n";
  RC_ASSERT(!record.error().what.empty() && record.error().where.starts_with("drawn"));
  return nullptr;
}

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all = {
      {"inventory", [] { return to_json(testing::drawn_inventory()); },
       [](const Json& json) { return rewritten(inventory_from_json(json, "drawn")); }},
      {"pipeline", [] { return to_json(testing::drawn_pipeline()); },
       [](const Json& json) { return rewritten(pipeline_from_json(json, "drawn")); }},
      {"probe_plan", [] { return to_json(testing::drawn_probe_plan()); },
       [](const Json& json) { return rewritten(probe_plan_from_json(json, "drawn")); }},
      {"assessment", [] { return to_json(testing::drawn_assessment()); },
       [](const Json& json) { return rewritten(assessment_from_json(json, "drawn")); }},
  };
  return all;
}

std::vector<std::string> problems_of(const Json& json) {
  const testing::MemoryFile file(dump_json(json));
  const auto checked = cli::check_file(file.path());
  RC_ASSERT(checked.has_value());
  return checked->problems;
}

RC_GTEST_PROP(Artifacts, ComeBackAsTheyWereWritten, ()) {
  for (const Kind& kind : kinds()) {
    const Json json = kind.draw();
    const std::string text = dump_json(json);
    const auto parsed = parse_json(text, "drawn");
    RC_ASSERT(parsed.has_value());
    RC_ASSERT(dump_json(kind.rewrite(*parsed)) == text);
  }
}

RC_GTEST_PROP(Artifacts, FollowTheirSchemas, ()) {
  for (const Kind& kind : kinds()) {
    for (const std::string& problem : problems_of(kind.draw())) {
      RC_LOG() << kind.name << ": " << problem << "\n";
      RC_FAIL("what is written breaks its schema");
    }
  }
}

void collect(Json& json, std::vector<Json*>& values) {
  values.push_back(&json);
  if (json.is_structured()) {
    for (Json& child : json) collect(child, values);
  }
}

Json odd_value() {
  const std::vector<Json> odd = {Json(nullptr),
                                 Json(true),
                                 Json(-1),
                                 Json(std::numeric_limits<std::uint64_t>::max()),
                                 Json(1e300),
                                 Json(0.5),
                                 Json(""),
                                 Json("odd"),
                                 Json::array(),
                                 Json::object(),
                                 Json::array({Json()}),
                                 Json({{"id", 1}})};
  return odd[*rc::gen::inRange<std::size_t>(0, odd.size())];
}

// Whoever writes artifacts with another program sees in the check what a stage would refuse.
RC_GTEST_PROP(Artifacts, WithAValueOfAnotherTypeAreRefusedOrKeptNeverThrownAt, ()) {
  for (const Kind& kind : kinds()) {
    Json json = kind.draw();
    std::vector<Json*> values;
    collect(json, values);
    Json& damaged = *values[*rc::gen::inRange<std::size_t>(0, values.size())];
    damaged = odd_value();
    RC_LOG() << dump_json(json) << "\n";
    const Json read = kind.rewrite(json);
    if (json.is_object() &&
        json.value("schema", Json()) == Json("daylight/" + std::string(kind.name) + "/1")) {
      RC_ASSERT(!problems_of(json).empty() || !read.is_null());
    }
    // What was accepted is in its final form.
    if (!read.is_null()) RC_ASSERT(dump_json(kind.rewrite(read)) == dump_json(read));
  }
}

RC_GTEST_PROP(Fingerprint, IsThatOfTheProvenanceReadBack, ()) {
  const Provenance provenance = testing::drawn_inventory().provenance;
  const auto parsed = parse_json(dump_json(to_json(provenance)), "drawn");
  const auto back = provenance_from_json(*parsed, "drawn");
  RC_ASSERT(back.has_value());
  RC_ASSERT(fingerprint("inventory", *back) == fingerprint("inventory", provenance));
  Provenance other = *back;
  other.seed = other.seed.value_or(0) + 1;
  RC_ASSERT(fingerprint("inventory", other) != fingerprint("inventory", provenance));
}

RC_GTEST_PROP(PathTo, WalksFromTheSourceToEverySink, ()) {
  const Pipeline pipeline = testing::drawn_pipeline();
  for (const Step& step : pipeline.steps) {
    const auto path = path_to(pipeline, step.id);
    RC_ASSERT(path.has_value());
    RC_ASSERT(path->front()->kind == StepKind::kSource && path->back() == &step);
    for (std::size_t i = 1; i < path->size(); ++i) {
      bool joined = false;
      for (const Edge& edge : pipeline.edges)
        joined = joined || (edge.from == (*path)[i - 1]->id && edge.to == (*path)[i]->id);
      RC_ASSERT(joined);
    }
  }
  RC_ASSERT(!path_to(pipeline, "nowhere"));
  if (pipeline.edges.empty()) return;
  // A circle, or two ways in: a pipeline that no walk ends in.
  Pipeline circular = pipeline;
  circular.edges.push_back({pipeline.edges.back().to, pipeline.edges.front().from, "image", {}, 0});
  RC_ASSERT(!path_to(circular, pipeline.edges.back().to));
}

}  // namespace
}  // namespace dl
