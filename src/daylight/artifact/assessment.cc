// SPDX-License-Identifier: Apache-2.0
// assessment.json to and from plain structs.
#include "daylight/artifact/assessment.h"

#include "daylight/artifact/json_fields.h"
#include "daylight/base/text.h"

namespace dl {
namespace {

Json to_json(const Estimate& e) {
  Json json = {{"head", e.head}, {"metric", e.metric}};
  if (!e.label.empty()) json["label"] = printable(e.label);
  json["attribute"] = e.attribute;
  json["group"] = printable(e.group);
  json["value"] = number_or_null(e.value);
  json["low"] = number_or_null(e.low);
  json["high"] = number_or_null(e.high);
  json["n"] = e.n;
  if (e.k) json["k"] = *e.k;
  json["method"] = e.method;
  json["source"] = e.source;
  json["denominator"] = e.denominator;
  if (!e.why.empty()) json["why"] = printable(e.why, 400);
  return json;
}

Json to_json(const Disparity& d) {
  Json json = {{"head", d.head}, {"metric", d.metric}};
  if (!d.label.empty()) json["label"] = printable(d.label);
  json["attribute"] = d.attribute;
  json["group"] = printable(d.group);
  json["kind"] = d.kind;
  json["reference"] = d.reference;
  json["value"] = number_or_null(d.value);
  json["low"] = number_or_null(d.low);
  json["high"] = number_or_null(d.high);
  json["method"] = d.method;
  json["p"] = number_or_null(d.p);
  json["p_adjusted"] = number_or_null(d.p_adjusted);
  json["family"] = d.family;
  json["n_group"] = d.n_group;
  json["n_reference"] = d.n_reference;
  if (!d.why.empty()) json["why"] = printable(d.why, 400);
  return json;
}

Json to_json(const TestResult& t) {
  Json json = {{"id", t.id},
               {"family", t.family},
               {"head", t.head},
               {"metric", t.metric},
               {"attribute", t.attribute},
               {"method", t.method},
               {"statistic", number_or_null(t.statistic)},
               {"df", number_or_null(t.df)},
               {"p", number_or_null(t.p)},
               {"p_adjusted", number_or_null(t.p_adjusted)}};
  if (!t.label.empty()) json["label"] = printable(t.label);
  if (!t.why.empty()) json["why"] = printable(t.why, 400);
  return json;
}

Json to_json(const Verdict& v) {
  return {{"id", v.id},           {"head", v.head}, {"attribute", v.attribute},
          {"outcome", v.outcome}, {"text", v.text}, {"basis", v.basis}};
}

Json to_json(const Sensitivity& s) {
  Json json = {{"alternative", s.alternative},
               {"head", s.head},
               {"attribute", s.attribute},
               {"group", printable(s.group)},
               {"n", s.n},
               {"mean_change", number_or_null(s.mean_change)},
               {"mean_abs_change", number_or_null(s.mean_abs_change)},
               {"max_abs_change", number_or_null(s.max_abs_change)},
               {"label_changes", s.label_changes},
               {"verdicts_survive", s.verdicts_survive}};
  if (!s.metric.empty()) {
    json["metric"] = s.metric;
    json["metric_value"] = number_or_null(s.metric_value);
    json["metric_change"] = number_or_null(s.metric_change);
  }
  if (!s.why.empty()) json["why"] = printable(s.why, 400);
  return json;
}

Json to_json(const AgeTruthTable& table) {
  Json rows = Json::array();
  for (const auto& row : table.rows) {
    rows.push_back({{"bracket", printable(row.bracket)},
                    {"low", row.low},
                    {"high", number_or_null(row.high)},
                    {"midpoint", row.midpoint}});
  }
  return {{"convention", table.convention}, {"rows", std::move(rows)}};
}

Json to_json(const TargetMatch& target) {
  Json map = Json::array();
  for (const auto& [from, to] : target.label_map) {
    map.push_back({{"prediction", printable(from)}, {"truth", printable(to)}});
  }
  Json json = {{"head", target.head},
               {"column", target.column},
               {"how", target.how},
               {"kind", target.kind},
               {"label_map", std::move(map)}};
  if (target.age_truth) json["age_truth"] = to_json(*target.age_truth);
  return json;
}

Json to_json(const OutcomeCount& count) {
  return {{"head", count.head},
          {"attribute", count.attribute},
          {"group", printable(count.group)},
          {"status", count.status},
          {"n", count.n}};
}

template <typename T>
Json list_to_json(const std::vector<T>& list) {
  Json json = Json::array();
  for (const T& item : list) json.push_back(to_json(item));
  return json;
}

Result<Estimate> estimate_from_json(const Json& json, const std::string& where) {
  Estimate e;
  FieldReader fields(json, where);
  fields.required_text("head", e.head);
  fields.required_text("metric", e.metric);
  fields.text("label", e.label);
  fields.text("attribute", e.attribute);
  fields.text("group", e.group);
  fields.optional_number("value", e.value);
  fields.optional_number("low", e.low);
  fields.optional_number("high", e.high);
  fields.unsigned_number("n", e.n);
  fields.optional_number("k", e.k);
  fields.text("method", e.method);
  fields.text("source", e.source);
  fields.text("denominator", e.denominator);
  fields.text("why", e.why);
  TRY_VOID(fields.finish());
  return e;
}

Result<Disparity> disparity_from_json(const Json& json, const std::string& where) {
  Disparity d;
  FieldReader fields(json, where);
  fields.required_text("head", d.head);
  fields.required_text("metric", d.metric);
  fields.text("label", d.label);
  fields.text("attribute", d.attribute);
  fields.text("group", d.group);
  fields.text("kind", d.kind);
  fields.text("reference", d.reference);
  fields.optional_number("value", d.value);
  fields.optional_number("low", d.low);
  fields.optional_number("high", d.high);
  fields.text("method", d.method);
  fields.optional_number("p", d.p);
  fields.optional_number("p_adjusted", d.p_adjusted);
  fields.text("family", d.family);
  fields.unsigned_number("n_group", d.n_group);
  fields.unsigned_number("n_reference", d.n_reference);
  fields.text("why", d.why);
  TRY_VOID(fields.finish());
  return d;
}

Result<TestResult> test_from_json(const Json& json, const std::string& where) {
  TestResult t;
  FieldReader fields(json, where);
  fields.required_text("id", t.id);
  fields.text("family", t.family);
  fields.text("head", t.head);
  fields.text("metric", t.metric);
  fields.text("label", t.label);
  fields.text("attribute", t.attribute);
  fields.text("method", t.method);
  fields.optional_number("statistic", t.statistic);
  fields.optional_number("df", t.df);
  fields.optional_number("p", t.p);
  fields.optional_number("p_adjusted", t.p_adjusted);
  fields.text("why", t.why);
  TRY_VOID(fields.finish());
  return t;
}

Result<Verdict> verdict_from_json(const Json& json, const std::string& where) {
  Verdict v;
  FieldReader fields(json, where);
  fields.required_text("id", v.id);
  fields.text("head", v.head);
  fields.text("attribute", v.attribute);
  fields.required_text("outcome", v.outcome);
  fields.text("text", v.text);
  fields.text_list("basis", v.basis);
  TRY_VOID(fields.finish());
  return v;
}

Result<Sensitivity> sensitivity_from_json(const Json& json, const std::string& where) {
  Sensitivity s;
  FieldReader fields(json, where);
  fields.required_text("alternative", s.alternative);
  fields.required_text("head", s.head);
  fields.text("attribute", s.attribute);
  fields.text("group", s.group);
  fields.unsigned_number("n", s.n);
  fields.optional_number("mean_change", s.mean_change);
  fields.optional_number("mean_abs_change", s.mean_abs_change);
  fields.optional_number("max_abs_change", s.max_abs_change);
  fields.unsigned_number("label_changes", s.label_changes);
  fields.text("metric", s.metric);
  fields.optional_number("metric_value", s.metric_value);
  fields.optional_number("metric_change", s.metric_change);
  fields.boolean("verdicts_survive", s.verdicts_survive);
  fields.text("why", s.why);
  TRY_VOID(fields.finish());
  return s;
}

Result<AgeTruthTable> age_truth_from_json(const Json& json, const std::string& where) {
  AgeTruthTable table;
  FieldReader fields(json, where);
  fields.required_text("convention", table.convention);
  fields.list("rows", table.rows,
              [](const Json& item, const std::string& at) -> Result<AgeTruthTable::Row> {
                AgeTruthTable::Row row;
                FieldReader record(item, at);
                record.required_text("bracket", row.bracket);
                record.number("low", row.low);
                record.optional_number("high", row.high);
                record.number("midpoint", row.midpoint);
                TRY_VOID(record.finish());
                return row;
              });
  TRY_VOID(fields.finish());
  return table;
}

Result<TargetMatch> target_from_json(const Json& json, const std::string& where) {
  TargetMatch target;
  using Pair = std::pair<std::string, std::string>;
  FieldReader fields(json, where);
  fields.required_text("head", target.head);
  fields.required_text("column", target.column);
  fields.text("how", target.how);
  fields.text("kind", target.kind);
  fields.list("label_map", target.label_map,
              [](const Json& item, const std::string& at) -> Result<Pair> {
                Pair pair;
                FieldReader record(item, at);
                record.required_text("prediction", pair.first);
                record.required_text("truth", pair.second);
                TRY_VOID(record.finish());
                return pair;
              });
  TRY_VOID(fields.finish());
  if (json.contains("age_truth")) {
    target.age_truth = TRY(age_truth_from_json(json["age_truth"], where + ".age_truth"));
  }
  return target;
}

Result<OutcomeCount> outcome_from_json(const Json& json, const std::string& where) {
  OutcomeCount count;
  FieldReader fields(json, where);
  fields.required_text("head", count.head);
  fields.text("attribute", count.attribute);
  fields.text("group", count.group);
  fields.required_text("status", count.status);
  fields.unsigned_number("n", count.n);
  TRY_VOID(fields.finish());
  return count;
}

}  // namespace

Json to_json(const Assessment& assessment) {
  Json json = artifact_head("assessment", assessment.provenance);
  json["settings"] = assessment.settings;
  json["targets"] = list_to_json(assessment.targets);
  json["verdicts"] = list_to_json(assessment.verdicts);
  json["outcomes"] = list_to_json(assessment.outcomes);
  json["estimates"] = list_to_json(assessment.estimates);
  json["disparities"] = list_to_json(assessment.disparities);
  json["tests"] = list_to_json(assessment.tests);
  json["sensitivity"] = list_to_json(assessment.sensitivity);
  json["confounds"] = assessment.confounds;
  json["limits"] = to_json(assessment.limits);
  return json;
}

Result<Assessment> assessment_from_json(const Json& json, const std::string& where) {
  Assessment assessment;
  assessment.provenance = TRY(read_artifact_head(json, "assessment", where));
  FieldReader fields(json, where);
  fields.any("settings", assessment.settings);
  fields.list("targets", assessment.targets, target_from_json);
  fields.list("verdicts", assessment.verdicts, verdict_from_json);
  fields.list("outcomes", assessment.outcomes, outcome_from_json);
  fields.list("estimates", assessment.estimates, estimate_from_json);
  fields.list("disparities", assessment.disparities, disparity_from_json);
  fields.list("tests", assessment.tests, test_from_json);
  fields.list("sensitivity", assessment.sensitivity, sensitivity_from_json);
  fields.any("confounds", assessment.confounds);
  fields.list("limits", assessment.limits, gap_from_json);
  TRY_VOID(fields.finish());
  return assessment;
}

}  // namespace dl
