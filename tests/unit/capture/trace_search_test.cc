// SPDX-License-Identifier: Apache-2.0
// What patterns find in a trace.
#include "daylight/capture/view/trace_search.h"

#include <gmock/gmock.h>

#include "daylight/capture/view/trace_words.h"
#include "sample_trace.h"

namespace dl::capture {
namespace {

using testing::TemporaryFolder;

// "enter 1", "log" ...
std::vector<std::string> find(const std::filesystem::path& folder, const std::string& pattern) {
  auto search = TraceSearch::parse(pattern);
  if (!search) return {"error: " + search.error().what};
  std::vector<std::string> found;
  for (int pass = search->needs_first_pass() ? 0 : 1; pass < 2; ++pass) {
    auto reader = TraceReader::open(folder);
    TraceNames names;
    TraceEvent event;
    while (reader->next(event)) {
      names.see(event);
      if (pass == 0) {
        EXPECT_TRUE(search->look(event, names));
      } else if (search->matches(event, names)) {
        found.push_back(std::string(word(kind_of(event.payload))) +
                        (event.call == 0 ? "" : " " + std::to_string(event.call)));
      }
    }
    if (pass == 0) search->end_first_pass();
  }
  return found;
}

class TraceSearchTest : public ::testing::Test {
 protected:
  std::vector<std::string> find(const std::string& pattern) {
    return capture::find(folder_, pattern);
  }
  const TemporaryFolder temporary_;
  const std::filesystem::path folder_ = testing::write_sample_trace(temporary_);
};

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(TraceSearchTest, SelectorsFindWholeCalls) {
  EXPECT_THAT(find("so:libx.so!prepare"),
              ElementsAre("enter 1", "argument 1", "argument 1", "leave 1", "enter 5", "leave 5"));
  EXPECT_THAT(find("so:libx.so+0x10@build-id:c0ffee").size(), 6U);
  EXPECT_THAT(find("so:libx.so+0x10@build-id:00"), IsEmpty());
  EXPECT_THAT(find("import:*!mem*"), ElementsAre("enter 3", "enter 4", "leave 3"));
  EXPECT_THAT(find("jni:run([F)[F"), ElementsAre("enter 2", "argument 2", "argument 2",
                                                 "argument 2", "leave 2", "enter 6"));
  EXPECT_THAT(find("java:pkg/Model;.run").size(), 6U);
  EXPECT_THAT(find("java:pkg/Model;.other"), IsEmpty());
}

TEST_F(TraceSearchTest, ValuesFindTheCallsAroundThem) {
  EXPECT_EQ(find("sig:arg float[] len==200").size(), 4U + 5U);
  EXPECT_EQ(find("sig:return float[] len<4").size(), 5U);
  EXPECT_THAT(find("sig:arg double[]"), IsEmpty());
}

TEST_F(TraceSearchTest, DigestsFindEveryEventThatHoldsTheBuffer) {
  const std::string digest = sha256_hex(testing::picture_bytes());
  EXPECT_THAT(find("sha256:" + digest.substr(0, 8)),
              ElementsAre("stimulus-begin", "argument 1", "argument 2"));
  EXPECT_THAT(find("sha256:" + sha256_hex(testing::float_bytes({0.5F, -1.0F, 0.1F}))),
              ElementsAre("argument 2"));
  EXPECT_THAT(find("sha256:abc"), ElementsAre("error: is no beginning of a digest"));
  EXPECT_THAT(find("sha256:xyzw"), ElementsAre("error: is no beginning of a digest"));
}

TEST_F(TraceSearchTest, TextsAreFoundAnywhere) {
  EXPECT_THAT(find("substitute"), ElementsAre("note"));
  EXPECT_THAT(find("ro.*ware"), ElementsAre("lookup"));
  EXPECT_THAT(find("memcpy"), ElementsAre("method", "enter 3", "enter 4", "leave 3"));
  EXPECT_THAT(find("SIGSEGV"), ElementsAre("leave 5"));
  EXPECT_THAT(find("nothing of the kind"), IsEmpty());
}

TEST_F(TraceSearchTest, BrokenPatternsSaySo) {
  EXPECT_FALSE(TraceSearch::parse("so:"));
  EXPECT_FALSE(TraceSearch::parse("sig:arg"));
  EXPECT_FALSE(TraceSearch::parse(std::string(10'000, 'x')));
}

}  // namespace
}  // namespace dl::capture
