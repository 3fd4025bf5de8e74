// SPDX-License-Identifier: Apache-2.0
// Provenance to and from JSON, and the fingerprint that decides whether a stage runs again.
#include "daylight/artifact/provenance.h"

#include "daylight/artifact/json_fields.h"
#include "daylight/base/digest.h"
#include "daylight/base/text.h"

namespace dl {

std::string tool_version() { return DAYLIGHT_VERSION; }

Json to_json(const Provenance& provenance) {
  Json inputs = Json::array();
  for (const InputDigest& input : provenance.inputs) {
    inputs.push_back(
        {{"role", input.role}, {"name", printable(input.name)}, {"sha256", input.sha256}});
  }
  Json json = {{"tool", provenance.tool},
               {"version", provenance.version},
               {"inputs", std::move(inputs)},
               {"options", provenance.options},
               {"seed", nullptr}};
  if (provenance.seed) json["seed"] = *provenance.seed;
  if (!provenance.runtime.empty()) json["runtime"] = provenance.runtime;
  return json;
}

Result<Provenance> provenance_from_json(const Json& json, const std::string& where) {
  Provenance provenance;
  FieldReader fields(json, where);
  fields.required_text("tool", provenance.tool);
  fields.required_text("version", provenance.version);
  fields.list("inputs", provenance.inputs,
              [](const Json& item, const std::string& at) -> Result<InputDigest> {
                InputDigest input;
                FieldReader record(item, at);
                record.required_text("role", input.role);
                record.text("name", input.name);
                record.required_text("sha256", input.sha256);
                TRY_VOID(record.finish());
                return input;
              });
  fields.any("options", provenance.options);
  fields.any("runtime", provenance.runtime);
  if (json.is_object() && json.contains("seed") && !json["seed"].is_null()) {
    std::uint64_t seed = 0;
    fields.unsigned_number("seed", seed);
    provenance.seed = seed;
  }
  TRY_VOID(fields.finish());
  return provenance;
}

Json artifact_head(const std::string& kind, const Provenance& provenance) {
  return {{"schema", "daylight/" + kind + "/1"}, {"provenance", to_json(provenance)}};
}

Result<Provenance> read_artifact_head(const Json& json, const std::string& kind,
                                      const std::string& where) {
  std::string schema;
  FieldReader fields(json, where);
  fields.required_text("schema", schema);
  TRY_VOID(fields.finish());
  if (schema != "daylight/" + kind + "/1") {
    return fail(ErrorCode::kInvalidArgument,
                "is a '" + printable(schema) + "', not a 'daylight/" + kind + "/1'", where,
                "give the file that the stage before wrote");
  }
  if (!json.contains("provenance")) return fail(ErrorCode::kCorrupt, "has no provenance", where);
  return provenance_from_json(json["provenance"], where + ".provenance");
}

std::string fingerprint(const std::string& kind, const Provenance& provenance) {
  return sha256_hex(dump_json_line(artifact_head(kind, provenance)));
}

}  // namespace dl
