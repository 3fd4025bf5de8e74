// SPDX-License-Identifier: Apache-2.0
// HDF5 files: structure, hostile structure, and what Keras puts into them.
#include "daylight/format/tensorflow/keras_h5.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daylight/base/file.h"
#include "daylight/format/encoding/hdf5.h"
#include "daylight/format/probe/model_probe.h"
#include "support/shared_data.h"
#include "support/zip_builder.h"

namespace dl {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Pair;
using testing::put16;
using testing::put32;
using testing::put64;
using namespace std::string_literals;

// A version 3 attribute with one fixed string.
std::string attribute(const std::string& name, const std::string& text) {
  std::string out = "\x03"s + '\0';
  put16(out, name.size() + 1);
  put16(out, 8);  // datatype
  put16(out, 4);  // dataspace
  out += '\0';
  out += name + '\0';
  out += "\x13\0\0\0"s;
  put32(out, text.size());
  out += "\x02\0\0\0"s;  // a scalar
  return out + text;
}

// Superblock version 3 and a root group with one object header that holds `messages`.
std::string build_hdf5(const std::vector<std::pair<int, std::string>>& messages) {
  std::string body;
  for (const auto& [type, content] : messages) {
    body += static_cast<char>(type);
    put16(body, content.size());
    body += '\0' + content;
  }
  std::string out = "\x89HDF\r\n\x1a\n\x03\x08\x08"s + '\0';
  put64(out, 0);
  put64(out, ~std::uint64_t{0});
  const std::size_t end_at = out.size();
  put64(out, 0);
  put64(out, 48);  // the root's address
  put32(out, 0);
  out += "OHDR\x02\x01"s;
  put16(out, body.size());
  out += body + "sum!";
  testing::poke32(out, end_at, static_cast<std::uint32_t>(out.size()));
  return out;
}

TEST(Hdf5, ReadsAttributesOfTheRoot) {
  const std::string bytes = build_hdf5({{12, attribute("backend", "tensorflow")}});
  const auto file = read_hdf5(as_bytes(bytes + "tail"));
  ASSERT_TRUE(file) << file.error().what;
  EXPECT_EQ(file->size, bytes.size());
  ASSERT_EQ(file->objects.size(), 1U);
  EXPECT_EQ(file->objects[0].text("backend"), "tensorflow");
}

TEST(Hdf5, CirclesEndAndDamageIsTold) {
  // A hard link from the root to itself.
  std::string link = "\x01"s + '\0' +
                     "\x04"
                     "loop";
  put64(link, 48);
  const auto file = read_hdf5(as_bytes(build_hdf5({{6, link}})));
  ASSERT_TRUE(file);
  EXPECT_EQ(file->objects.size(), 1U);
  std::string away = "\x01"s + '\0' +
                     "\x04"
                     "away";
  put64(away, 999999);
  EXPECT_FALSE(read_hdf5(as_bytes(build_hdf5({{6, away}})))->gaps.empty());
  EXPECT_FALSE(read_hdf5(as_bytes("\x89HDF\r\n\x1a\n")));
}

TEST(KerasH5, ReadsTheConfiguration) {
  const std::string config =
      R"({"class_name": "Sequential", "config": {"name": "s", "layers": [{"class_name": "Dense",)"
      R"( "config": {"name": "d", "units": 2, "batch_input_shape": [null, 4]}}]}})";
  const std::string bytes = build_hdf5(
      {{12, attribute("keras_version", "2.11.0")}, {12, attribute("model_config", config)}});
  const auto probe = probe_model(as_bytes(bytes));
  ASSERT_TRUE(probe);
  EXPECT_EQ(probe->format, "keras_h5");
  const ModelGraph graph = model_format("keras_h5")->describe(as_bytes(bytes), *probe);
  ASSERT_EQ(graph.operators.size(), 1U);
  EXPECT_EQ(graph.operators[0].name, "Dense");
  EXPECT_EQ(graph.operators[0].detail, "units=2");
  ASSERT_EQ(graph.inputs.size(), 1U);
  EXPECT_THAT(graph.inputs[0].shape, ElementsAre(-1, 4));
  EXPECT_THAT(graph.metadata, Contains(Pair("keras_version", "2.11.0")));
}

TEST(Hdf5, AnEndBeforeTheStartIsAGap) {
  std::string bytes = build_hdf5({{12, attribute("backend", "x")}});
  testing::poke32(bytes, 28, 5);
  const auto file = read_hdf5(as_bytes(bytes));
  ASSERT_TRUE(file);
  EXPECT_EQ(file->size, bytes.size());
  EXPECT_EQ(file->gaps.size(), 1U);
}

TEST(KerasH5, OtherHdf5FilesAreNone) {
  const std::string bytes = build_hdf5({{12, attribute("title", "measurements")}});
  EXPECT_FALSE(probe_model(as_bytes(bytes)));
}

// Layers and elements: h5py 3.16 (sum of the sizes of all datasets under the root).
TEST(KerasH5, ReadsRealWeights) {
  DAYLIGHT_SHARED_OR_SKIP(path, "models/ssrnet-imdb-age.h5");
  const auto mapped = MappedFile::open(path);
  ASSERT_TRUE(mapped);
  const auto model = read_keras_h5(mapped->bytes(), ReadDepth::kAll);
  ASSERT_TRUE(model);
  EXPECT_EQ(model->size, mapped->bytes().size());
  EXPECT_EQ(model->graph.parameters, 40915U);
  EXPECT_THAT(model->graph.metadata, Contains(Pair("keras_version", "2.0.6")));
  EXPECT_THAT(model->graph.metadata, Contains(Pair("contents", "weights")));
  EXPECT_THAT(model->graph.metadata, Contains(Pair("layers", "78")));
  EXPECT_TRUE(model->graph.gaps.empty());
  for (std::size_t size = 0; size < mapped->bytes().size(); size += 4999)
    read_keras_h5(mapped->bytes().first(size), ReadDepth::kProbe);
}

}  // namespace
}  // namespace dl
