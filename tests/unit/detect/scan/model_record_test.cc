// SPDX-License-Identifier: Apache-2.0
// Models whose numbers make no sense give records that can be written and read.
#include "daylight/detect/scan/model_record.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <string>

#include "daylight/format/probe/model_probe.h"
#include "support/tflite_builder.h"

namespace dl {
namespace {

ModelRecord record_of(const std::string& model) {
  std::vector<Gap> gaps;
  const auto probe = probe_model(as_bytes(model));
  EXPECT_TRUE(probe);
  ModelRecord record = describe_model(as_bytes(model), *probe, {}, gaps);
  record.id = "model-1";
  return record;
}

// As a stage reads what detect wrote.
Result<Inventory> written_and_read(const ModelRecord& record) {
  Inventory inventory;
  inventory.app.sha256 = std::string(64, '0');
  inventory.models = {record};
  const auto json = parse_json(dump_json(to_json(inventory)), "i");
  EXPECT_TRUE(json);
  return inventory_from_json(*json, "i");
}

TEST(ModelRecord, KeepsASaneQuantisation) {
  testing::TinyTflite options;
  options.quantized_input = true;
  const ModelRecord record = record_of(testing::build_tiny_tflite(options));
  ASSERT_EQ(record.inputs.size(), 1U);
  EXPECT_EQ(record.inputs[0].quant_scale, (std::vector<float>{1.0F / 128.0F}));
}

TEST(ModelRecord, LeavesOutAQuantisationThatIsNoNumber) {
  testing::TinyTflite options;
  options.quantized_input = true;
  const std::string sane = testing::build_tiny_tflite(options);
  const float scale = 1.0F / 128.0F;
  std::string pattern(sizeof(scale), '\0');
  std::memcpy(pattern.data(), &scale, sizeof(scale));
  const auto at = sane.find(pattern);
  ASSERT_NE(at, std::string::npos);
  for (const float odd :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    std::string model = sane;
    std::memcpy(model.data() + at, &odd, sizeof(odd));
    const ModelRecord record = record_of(model);
    EXPECT_TRUE(record.inputs[0].quant_scale.empty());
    const auto read = written_and_read(record);
    ASSERT_TRUE(read) << describe(read.error());
    EXPECT_EQ(read->models[0].inputs[0].dtype, "uint8");
  }
}

TEST(ModelRecord, NegativeSidesAreUnknownSides) {
  testing::TinyTflite options;
  options.input_signature = {-1, -7, std::numeric_limits<std::int32_t>::min(), 3};
  const ModelRecord record = record_of(testing::build_tiny_tflite(options));
  EXPECT_EQ(record.inputs[0].shape, (std::vector<std::int64_t>{-1, -1, -1, 3}));
}

}  // namespace
}  // namespace dl
