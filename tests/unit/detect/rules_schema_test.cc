// SPDX-License-Identifier: Apache-2.0
// The rule files against their JSON Schemas: what people write rules by says the same as what the
// program reads.
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "daylight/base/file.h"
#include "support/shared_data.h"

namespace dl {
namespace {

nlohmann::json json_of(const std::string& path) {
  return nlohmann::json::parse(read_file(testing::project_file(path)).value());
}

// What is wrong with a rule file; "" if nothing.
std::string problems(const nlohmann::json& rules) {
  const std::string kind = rules.value("schema", "");
  const std::string name = kind.substr(kind.find('/') + 1, kind.rfind('/') - kind.find('/') - 1);
  const nlohmann::json schema_json = json_of("schemas/" + name + ".schema.json");
  valijson::Schema schema;
  const valijson::adapters::NlohmannJsonAdapter adapter(schema_json);
  valijson::SchemaParser().populateSchema(adapter, schema);
  valijson::Validator validator;
  valijson::ValidationResults results;
  if (validator.validate(schema, valijson::adapters::NlohmannJsonAdapter(rules), &results))
    return "";
  std::string out;
  valijson::ValidationResults::Error error;
  while (results.popError(error)) {
    for (const std::string& step : error.context) out += step;
    out += ": " + error.description + "\n";
  }
  return out;
}

TEST(RuleSchemas, EveryRuleFileIsValid) {
  std::size_t files = 0;
  for (const auto& file : std::filesystem::directory_iterator(testing::project_file("rules"))) {
    if (file.path().extension() != ".json") continue;
    SCOPED_TRACE(file.path().filename());
    EXPECT_EQ(problems(json_of("rules/" + file.path().filename().string())), "");
    ++files;
  }
  EXPECT_GE(files, 8U);
}

TEST(RuleSchemas, MistakesAreSeen) {
  nlohmann::json rules = json_of("rules/frameworks.json");
  rules["frameworks"][0]["literal"] = {"a misspelt key"};
  EXPECT_NE(problems(rules), "");
  rules = json_of("rules/frameworks.json");
  rules["frameworks"][0]["kind"] = "runtimes";
  EXPECT_NE(problems(rules), "");
  rules = json_of("rules/api_fingerprints.json");
  rules["classes"][0]["methods"][0]["role"] = "run";
  EXPECT_NE(problems(rules), "");
  rules = json_of("rules/sdk_origins.json");
  rules["origins"][0] = {{"name", "nothing to know it by"}};
  EXPECT_NE(problems(rules), "");
}

}  // namespace
}  // namespace dl
