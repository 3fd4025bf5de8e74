// SPDX-License-Identifier: Apache-2.0
// Messages as JSON lines: numbers keep every bit, and the reader is one that meets hostile text
// anyway.
#include "daylight/replay/replay_messages.h"

#include <cmath>

#include "daylight/base/text.h"

namespace dl {
namespace {

constexpr const char* kPeer = "a replay worker";

tl::unexpected<Error> misformed(const std::string& what) {
  return fail(ErrorCode::kCorrupt, what, kPeer);
}

// Lets nlohmann's own type checks end in an Error: `read` takes members without looking first.
template <typename T, typename F>
Result<T> checked(F read) {
  try {
    return read();
  } catch (const Json::exception& thrown) {
    return misformed(printable(thrown.what()));
  }
}

Json error_to_json(const Error& error) {
  return {{"code", static_cast<int>(error.code)},
          {"what", error.what},
          {"where", error.where},
          {"hint", error.hint}};
}

Error error_from_json(const Json& json) {
  const int code = json.at("code").get<int>();
  const bool known = code >= 0 && code <= static_cast<int>(ErrorCode::kBusy);
  return {known ? static_cast<ErrorCode>(code) : ErrorCode::kCorrupt,
          printable(json.at("what").get<std::string>()),
          printable(json.at("where").get<std::string>()),
          printable(json.at("hint").get<std::string>())};
}

Json output_to_json(const ProgramOutput& output) {
  return {{"alternative", output.alternative},
          {"head", output.head},
          {"is_label", output.is_label},
          {"is_probability", output.is_probability},
          {"node", output.node}};
}

ProgramOutput output_from_json(const Json& json) {
  ProgramOutput output;
  output.alternative = json.at("alternative").get<std::string>();
  output.head = json.at("head").get<std::string>();
  output.is_label = json.at("is_label").get<bool>();
  output.is_probability = json.at("is_probability").get<bool>();
  output.node = json.at("node").get<std::size_t>();
  return output;
}

Json facts_to_json(const ProgramFacts& facts) {
  Json json = {{"outputs", Json::array()},
               {"failed_heads", Json::array()},
               {"substitutions", Json::array()},
               {"skipped_steps", facts.skipped_steps},
               {"nodes", Json::array()}};
  for (const auto& node : facts.nodes) {
    // The root is written as the node's own number, which no parent can have.
    const std::size_t self = json["nodes"].size();
    const std::size_t parent = node.parent == ProgramNode::kRoot ? self : node.parent;
    json["nodes"].push_back({{"parent", parent}, {"name", node.name}});
  }
  for (const auto& output : facts.outputs) json["outputs"].push_back(output_to_json(output));
  for (const auto& failed : facts.failed_heads) {
    json["failed_heads"].push_back({{"alternative", failed.alternative},
                                    {"head", failed.head},
                                    {"error", error_to_json(failed.error)}});
  }
  for (const auto& one : facts.substitutions) json["substitutions"].push_back(to_json(one));
  return json;
}

ProgramFacts facts_from_json(const Json& json) {
  ProgramFacts facts;
  for (const Json& output : json.at("outputs")) facts.outputs.push_back(output_from_json(output));
  for (const Json& failed : json.at("failed_heads")) {
    facts.failed_heads.push_back({failed.at("alternative").get<std::string>(),
                                  failed.at("head").get<std::string>(),
                                  error_from_json(failed.at("error"))});
  }
  for (const Json& one : json.at("substitutions")) {
    facts.substitutions.push_back(
        {one.at("step").get<std::string>(), one.at("by").get<std::string>(),
         one.at("proof").get<std::string>(), one.at("why").get<std::string>()});
  }
  facts.skipped_steps = json.at("skipped_steps").get<std::vector<std::string>>();
  for (const Json& node : json.at("nodes")) {
    const std::size_t self = facts.nodes.size();
    const auto parent = node.at("parent").get<std::size_t>();
    facts.nodes.push_back({parent < self ? parent : ProgramNode::kRoot,
                           printable(node.at("name").get<std::string>())});
  }
  return facts;
}

Json number_or_null(const std::optional<double>& number) {
  return number ? Json(*number) : Json(nullptr);
}

// The score or value of a row. Nothing else than a finite number passes.
Result<std::optional<double>> number_from_json(const Json& json) {
  if (json.is_null()) return std::optional<double>();
  const auto number = json.get<double>();
  if (!std::isfinite(number)) return misformed("a number that is not finite");
  return std::optional<double>(number);
}

Json row_to_json(const Prediction& row, const std::string& why) {
  return {to_string(row.status), row.label, number_or_null(row.score), number_or_null(row.value),
          why};
}

Result<Prediction> row_from_json(const Json& json, const ProgramOutput& output) {
  Prediction row;
  row.alternative = output.alternative;
  row.head = output.head;
  row.source = "replayed";
  row.status = TRY(prediction_status_from_string(json.at(0).get<std::string>()));
  row.label = json.at(1).get<std::string>();
  row.score = TRY(number_from_json(json.at(2)));
  row.value = TRY(number_from_json(json.at(3)));
  const bool ok = row.status == PredictionStatus::kOk;
  if (!ok && (!row.label.empty() || row.score || row.value)) {
    return misformed("an answer beside a failure");
  }
  if (output.is_label && row.value) return misformed("a number where a label belongs");
  const bool has_number = output.is_probability ? row.score.has_value() : row.value.has_value();
  if (ok && !output.is_label && (!has_number || !row.label.empty())) {
    return misformed("an answer of another kind than its head");
  }
  return row;
}

Result<SampleAnswer> answer_from_json(const Json& json, const std::vector<ProgramOutput>& outputs) {
  const Json& rows = json.at("rows");
  if (!rows.is_array() || rows.size() != outputs.size()) {
    return misformed("another number of answers than the pipeline has");
  }
  SampleAnswer answer;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    answer.rows.push_back(TRY(row_from_json(rows.at(i), outputs[i])));
    answer.why.push_back(printable(rows.at(i).at(4).get<std::string>()));
  }
  return answer;
}

}  // namespace

ProgramFacts facts_of(const StepProgram& program) {
  ProgramFacts facts;
  facts.outputs = program.outputs();
  facts.failed_heads = program.failed_heads();
  facts.substitutions = program.substitutions();
  facts.skipped_steps = program.skipped_steps();
  for (std::size_t i = 0; i < program.node_count(); ++i) {
    facts.nodes.push_back({program.node_parent(i), program.node_name(i)});
  }
  return facts;
}

std::string encode_greeting(const Result<ProgramFacts>& facts) {
  if (!facts) return dump_json_line({{"error", error_to_json(facts.error())}});
  return dump_json_line({{"facts", facts_to_json(*facts)}});
}

Result<Result<ProgramFacts>> decode_greeting(const std::string& message) {
  using Greeting = Result<ProgramFacts>;
  const Json json = TRY(parse_json(message, kPeer));
  return checked<Greeting>([&]() -> Result<Greeting> {
    if (json.contains("error")) return Greeting(tl::unexpected(error_from_json(json.at("error"))));
    ProgramFacts facts = facts_from_json(json.at("facts"));
    for (const ProgramOutput& output : facts.outputs) {
      if (output.node >= facts.nodes.size()) return misformed("an output of no step");
    }
    return Greeting(std::move(facts));
  });
}

std::string encode_job(const ReplayJob& job) {
  Json barred = Json::array();
  for (const BarredNode& one : job.barred) {
    barred.push_back({one.node, to_string(one.failure.status), one.failure.why});
  }
  return dump_json_line({{"sample", job.sample}, {"barred", std::move(barred)}});
}

Result<ReplayJob> decode_job(const std::string& message) {
  const Json json = TRY(parse_json(message, "the replay"));
  return checked<ReplayJob>([&]() -> Result<ReplayJob> {
    ReplayJob job;
    job.sample = json.at("sample").get<std::size_t>();
    for (const Json& one : json.at("barred")) {
      const auto status = TRY(prediction_status_from_string(one.at(1).get<std::string>()));
      job.barred.push_back({one.at(0).get<std::size_t>(), {status, one.at(2).get<std::string>()}});
    }
    return job;
  });
}

std::string encode_answer(const Result<SampleAnswer>& answer) {
  if (!answer) return dump_json_line({{"error", error_to_json(answer.error())}});
  Json rows = Json::array();
  for (std::size_t i = 0; i < answer->rows.size(); ++i) {
    rows.push_back(row_to_json(answer->rows[i], answer->why[i]));
  }
  return dump_json_line({{"rows", std::move(rows)}});
}

Result<Result<SampleAnswer>> decode_answer(const std::string& message,
                                           const std::vector<ProgramOutput>& outputs) {
  using Answer = Result<SampleAnswer>;
  const Json json = TRY(parse_json(message, kPeer));
  return checked<Answer>([&]() -> Result<Answer> {
    if (json.contains("error")) return Answer(tl::unexpected(error_from_json(json.at("error"))));
    return Answer(TRY(answer_from_json(json, outputs)));
  });
}

}  // namespace dl
