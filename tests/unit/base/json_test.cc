// SPDX-License-Identifier: Apache-2.0
// JSON: hostile depth and text, stable bytes.
#include "daylight/base/json.h"

#include <gtest/gtest.h>

#include <limits>

namespace dl {
namespace {

TEST(ParseJson, DepthIsLimitedBeforeParsing) {
  const auto deep = parse_json(std::string(100'000, '['), "deep.json");
  ASSERT_FALSE(deep);
  EXPECT_EQ(deep.error().code, ErrorCode::kLimit);
  EXPECT_EQ(deep.error().where, "deep.json");
  EXPECT_TRUE(parse_json(std::string(40, '[') + std::string(40, ']'), "fine"));
  EXPECT_TRUE(parse_json(R"({"text": "[[[[ \" ]"})", "brackets in text do not count"));
}

TEST(ParseJson, GarbageIsAnErrorWithItsPlace) {
  const auto bad = parse_json(R"({"a": )", "f.json");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, ErrorCode::kCorrupt);
  EXPECT_FALSE(parse_json("", "empty"));
}

TEST(DumpJson, KeepsOrderAndSurvivesBadText) {
  Json json = {{"z", 1}, {"a", "\xff\xfe"}, {"n", std::numeric_limits<double>::quiet_NaN()}};
  EXPECT_EQ(dump_json_line(json), "{\"z\":1,\"a\":\"\xEF\xBF\xBD\xEF\xBF\xBD\",\"n\":null}");
  EXPECT_EQ(dump_json(Json::array()), "[]\n");
}

}  // namespace
}  // namespace dl
