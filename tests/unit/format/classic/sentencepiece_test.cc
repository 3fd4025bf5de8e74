// SPDX-License-Identifier: Apache-2.0
// SentencePiece vocabularies are told from other messages of repeated texts.
#include "daylight/format/classic/sentencepiece.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daylight/format/probe/model_probe.h"
#include "support/protobuf_builder.h"

namespace dl {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using testing::pb_bytes;
using testing::pb_float;
using testing::pb_int;

std::string pieces(bool special = true) {
  std::string out;
  if (special) out += pb_bytes(1, pb_bytes(1, "<unk>") + pb_float(2, 0) + pb_int(3, 2));
  for (const char* piece : {"\xe2\x96\x81the", "a", "b"})
    out += pb_bytes(1, pb_bytes(1, piece) + pb_float(2, -1.5F));
  return out;
}

const std::string kSpecifications =
    pb_bytes(2, pb_int(3, 2)) + pb_bytes(3, pb_bytes(1, "nmt_nfkc"));

TEST(ProbeSentencepiece, IsKnownAndSized) {
  const std::string model = pieces() + kSpecifications;
  for (const std::string& tail : {std::string(), std::string(20, '\0'), std::string("\x0f\x01")}) {
    const auto found = probe_model(as_bytes(model + tail));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->format, "sentencepiece");
    EXPECT_EQ(found->size, model.size());
    EXPECT_THAT(found->facts, ElementsAre(Pair("pieces", "4"), Pair("type", "bpe")));
  }
}

TEST(ProbeSentencepiece, NeedsScoresASpecialPieceAndSpecifications) {
  EXPECT_FALSE(probe_model(as_bytes(pieces())));
  EXPECT_FALSE(probe_model(as_bytes(pieces(false) + kSpecifications)));
  EXPECT_FALSE(probe_model(as_bytes(kSpecifications)));
  EXPECT_FALSE(probe_model(as_bytes(pb_bytes(1, pb_bytes(1, "a")) + pb_bytes(1, pb_bytes(1, "b")) +
                                    pb_bytes(1, pb_bytes(1, "c")) + kSpecifications)));
}

}  // namespace
}  // namespace dl
