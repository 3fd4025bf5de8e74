// SPDX-License-Identifier: Apache-2.0
// Models in a guest's memory: found wherever a window ends, and while threads of the guest take
// memory away.
#include "daylight/guest/observe/memory_models.h"

#include <gmock/gmock.h>

#include <cstring>

#include "daylight/base/digest.h"
#include "engine/each_engine.h"
#include "support/tflite_builder.h"

namespace dl::guest {
namespace {

struct Found {
  MemoryModel model;
  std::string bytes;
};

class MemorySearch : public EachEngine {
 protected:
  // Puts these bytes into the guest's memory, whether it may write there or not.
  void put(std::uint64_t address, const std::string& bytes) {
    std::memcpy(reinterpret_cast<void*>(address), bytes.data(), bytes.size());
  }
  ModelSink into(std::vector<Found>& out) {
    return [&out](const MemoryModel& model, ByteSpan bytes) {
      EXPECT_EQ(model.size, bytes.size());
      EXPECT_EQ(model.sha256, sha256_hex(bytes));
      out.push_back({model, std::string(as_text(bytes))});
    };
  }
};

EACH_ENGINE_OF(MemorySearch, FindsModelsWhereverAWindowEnds) {
  load("int fine() { return 7; }");
  if (HasFatalFailure()) return;
  constexpr std::uint64_t kWindow = 65'536;
  const std::string model = testing::build_tiny_tflite();
  ASSERT_LT(model.size(), kWindow / 2);
  const auto memory = guest->arena().map(16 * kWindow, kPageRead | kPageWrite);
  ASSERT_TRUE(memory);
  // The library's pages lie before it, so that windows begin anywhere.
  for (std::uint64_t at = kWindow; at < 3 * kWindow; at += kGuestPage) {
    for (const std::uint64_t before : {std::uint64_t{1}, std::uint64_t{6}, model.size() / 2}) {
      std::vector<Found> found;
      MemoryModels models(*guest, into(found), kWindow);
      put(*memory + at - before, model);
      models.search("there");
      ASSERT_EQ(found.size(), 1U) << at << " " << before;
      EXPECT_EQ(found[0].model.address, *memory + at - before);
      EXPECT_EQ(found[0].model.format, "tflite");
      EXPECT_EQ(found[0].model.where, "there");
      EXPECT_FALSE(found[0].model.in_file);
      EXPECT_TRUE(found[0].bytes.starts_with(model));
      EXPECT_TRUE(models.complete());
      models.search("again");
      EXPECT_EQ(found.size(), 1U);
      put(*memory + at - before, std::string(model.size(), '\0'));
    }
  }
}

EACH_ENGINE_OF(MemorySearch, GoesOverPagesThatCannotBeRead) {
  load("int fine() { return 7; }");
  if (HasFatalFailure()) return;
  const std::string model = testing::build_tiny_tflite();
  const auto memory = guest->arena().map(8 * kGuestPage, kPageRead | kPageWrite);
  ASSERT_TRUE(memory);
  put(*memory + 4 * kGuestPage, model);
  ASSERT_TRUE(guest->arena().protect(*memory + kGuestPage, kGuestPage, 0));
  std::vector<Found> found;
  MemoryModels models(*guest, into(found));
  models.search("there");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].model.address, *memory + 4 * kGuestPage);
  EXPECT_TRUE(models.complete());
}

EACH_ENGINE_OF(MemorySearch, SurvivesThreadsThatUnmapAndMap) {
  load(R"(
    int pthread_create(unsigned long*, void*, void* (*)(void*), void*); int pthread_join(unsigned long, void**);
    void* mmap(void*, unsigned long, int, int, int, long); int munmap(void*, unsigned long);
    static const unsigned long kSize = 16 << 20; static char* block; static unsigned long threads[3]; static volatile int stop;
    static void* flicker(void*) { while (!stop) { munmap(block, kSize); mmap(block, kSize, 3, 0x32, -1, 0); } return 0; }
    int begin() { block = (char*)mmap(0, kSize, 3, 0x22, -1, 0);
      for (int i = 0; i < 3; ++i) if (pthread_create(&threads[i], 0, flicker, 0)) return 1;
      return 0; }
    int end() { stop = 1; for (int i = 0; i < 3; ++i) pthread_join(threads[i], 0); return 0; }
    int fine() { return 7; }
  )");
  if (HasFatalFailure()) return;
  const std::string model = testing::build_tiny_tflite();
  const auto memory = guest->arena().map(kGuestPage, kPageRead | kPageWrite);
  ASSERT_TRUE(memory);
  put(*memory, model);
  std::vector<Found> found;
  MemoryModels models(*guest, into(found));
  ASSERT_EQ(value("begin"), 0U);
  for (int i = 0; i < 60; ++i) models.search("while they run");
  (void)call("end");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].model.address, *memory);
  EXPECT_TRUE(found[0].bytes.starts_with(model));
  // The threads also take what another one was given meanwhile, its stack for instance: then the
  // guest ends by its own doing, and says so.
  const auto after = call("fine");
  if (after) {
    EXPECT_EQ(after->integer, 7U);
  } else {
    EXPECT_NE(after.error().what.find("a thread of the guest"), std::string::npos)
        << after.error().what;
  }
}

}  // namespace
}  // namespace dl::guest
