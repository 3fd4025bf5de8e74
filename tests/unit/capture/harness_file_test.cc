// SPDX-License-Identifier: Apache-2.0
#include "daylight/capture/jvm/harness_file.h"

#include <gtest/gtest.h>

namespace dl::capture {
namespace {

Json harness(const Json& entry) {
  return {{"schema", "daylight/harness/1"}, {"entries", Json::array({entry})}};
}

std::string error_of(const Json& json) {
  const auto read = harness_from_json(json, "h.json");
  return read ? "" : describe(read.error());
}

TEST(HarnessFile, ReadsWhatTheDocumentShows) {
  const Json entry = Json::parse(R"({
    "class": "com.app.Detector", "method": "detect", "descriptor": "(Landroid/graphics/Bitmap;I)V",
    "before": [{"call": "com.app.Settings.load", "args": [{"context": true}]}],
    "receiver": {"call": "com.app.Detector.create",
                 "args": [{"assets": true}, {"const": "detect.tflite"}, {"field": "com.app.Mode.FAST"}]},
    "args": [{"picture": {"width": 300, "height": 300}}, {"const": 5}]})");
  const auto read = harness_from_json(harness(entry), "h.json");
  ASSERT_TRUE(read) << describe(read.error());
  ASSERT_EQ(read->size(), 1U);
  EXPECT_EQ(read->front().entry.klass, "Lcom/app/Detector;");
  EXPECT_EQ(read->front().entry.kind, "picture");
  EXPECT_EQ(read->front().args, entry["args"]);
  EXPECT_EQ(read->front().receiver, entry["receiver"]);
}

TEST(HarnessFile, NamesOfClassesMayBeWrittenInAllWays) {
  for (const char* const name : {"o.a", "o/a", "Lo/a;"}) {
    const auto read = harness_from_json(harness({{"class", name}, {"method", "a"}}), "h.json");
    ASSERT_TRUE(read) << name;
    EXPECT_EQ(read->front().entry.klass, "Lo/a;");
  }
}

TEST(HarnessFile, AMistakeIsNamedWithItsPlace) {
  EXPECT_NE(error_of(Json::array()).find("schema"), std::string::npos);
  EXPECT_NE(error_of({{"schema", "daylight/harness/1"}}).find("no entries"), std::string::npos);
  EXPECT_NE(error_of(harness({{"method", "a"}})).find("has no class"), std::string::npos);
  EXPECT_NE(error_of(harness({{"class", "a b"}, {"method", "a"}})).find("no class's name"),
            std::string::npos);
  const Json base = {{"class", "a"}, {"method", "b"}};
  const auto with = [&](const char* key, const Json& value) {
    Json entry = base;
    entry[key] = value;
    return error_of(harness(entry));
  };
  EXPECT_NE(with("args", 5).find("no list"), std::string::npos);
  EXPECT_NE(with("args", Json::array({Json::object()})).find("entries[0].args[0]"),
            std::string::npos);
  EXPECT_NE(with("args", Json::array({{{"const", 1}, {"new", "x"}}})).find("wants one of"),
            std::string::npos);
  EXPECT_NE(with("args", Json::array({{{"picture", {{"width", -1}, {"height", 5}}}}}))
                .find("picture wants"),
            std::string::npos);
  EXPECT_NE(with("receiver", {{"new", 7}}).find("wants a name"), std::string::npos);
  EXPECT_NE(with("receiver", {{"const", Json::array()}}).find("const wants"), std::string::npos);
}

TEST(HarnessFile, DepthAndNumberAreBounded) {
  Json deep = {{"new", "a"}};
  for (int i = 0; i < 20; ++i) deep = {{"new", "a"}, {"args", Json::array({deep})}};
  EXPECT_NE(
      error_of(harness({{"class", "a"}, {"method", "b"}, {"receiver", deep}})).find("too many"),
      std::string::npos);
  const Json wide = Json(std::vector<Json>(1000, Json{{"const", 1}}));
  EXPECT_NE(error_of(harness({{"class", "a"}, {"method", "b"}, {"args", wide}})).find("too many"),
            std::string::npos);
}

}  // namespace
}  // namespace dl::capture
