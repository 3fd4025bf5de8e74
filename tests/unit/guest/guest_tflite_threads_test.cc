// SPDX-License-Identifier: Apache-2.0
// Real models on several threads, and with every exported function watched: the same bits.
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "daylight/guest/engine/host_engine.h"
#include "tflite_on_guest.h"

namespace dl::guest {
namespace {

// Which threads call the host, what they start, and calls of watched functions.
class SeenThreads : public CallObserver {
 public:
  void enter(const HostFunction& function, CallFrame&) override {
    const std::scoped_lock lock(mutex_);
    threads.insert(std::this_thread::get_id());
    started += function.name == "pthread_create" ? 1 : 0;
  }
  void leave(const HostFunction&, CallFrame&) override {}
  void enter_code(std::uint64_t, CallFrame&) override {
    const std::scoped_lock lock(mutex_);
    ++begun;
  }
  void leave_code(std::uint64_t, CallFrame&) override {
    const std::scoped_lock lock(mutex_);
    ++ended;
  }
  std::set<std::thread::id> threads;
  int started = 0;
  int begun = 0;
  int ended = 0;

 private:
  std::mutex mutex_;
};

struct Case {
  ElfMachine machine;
  const char* model;
};

class TfliteThreads : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    library = published_library(std::string(abi_of(GetParam().machine)));
    if (!library) GTEST_SKIP() << "the sample app's libraries are not here";
    model = shared_model(GetParam().model);
    if (!model) GTEST_SKIP() << "no shared data";
    const auto once = outputs_of(GetParam().machine, *library, model->bytes);
    if (!once && once.error().where == "sandbox")
      GTEST_SKIP() << "this machine has no sandbox: " << once.error().what;
    ASSERT_TRUE(once) << describe(once.error());
    ASSERT_FALSE(once->empty());
    expected = *once;
  }
  Result<std::string> with_guest(
      const std::function<Result<std::string>(Guest&, const GuestLibrary&)>& job) {
    return in_guest(GetParam().machine, *library, job);
  }
  std::optional<Content> library;
  std::optional<Content> model;
  std::string expected;  // of one thread
};

TEST_P(TfliteThreads, FourThreadsOfTheGuestGiveTheSameBits) {
  for (const bool xnnpack : {false, true}) {
    const auto one = with_guest([&](Guest& guest, const GuestLibrary& loaded) {
      return run_model(guest, loaded, model->bytes, {1, xnnpack});
    });
    ASSERT_TRUE(one) << describe(one.error());
    // What was seen goes in front of the outputs: the guest's process is another.
    const auto four = with_guest([&](Guest& guest,
                                     const GuestLibrary& loaded) -> Result<std::string> {
      SeenThreads seen;
      guest.machine().engine.observe(&seen);
      auto out = run_model(guest, loaded, model->bytes, {4, xnnpack});
      guest.machine().engine.observe(nullptr);
      return std::string{static_cast<char>(seen.started), static_cast<char>(seen.threads.size())} +
             TRY(std::move(out));
    });
    ASSERT_TRUE(four) << describe(four.error());
    EXPECT_GE((*four)[0], 3) << "threads that the guest made";
    EXPECT_GE((*four)[1], 4) << "threads that called the host";
    EXPECT_TRUE(four->substr(2) == *one) << (xnnpack ? "XNNPACK" : "built-in kernels");
  }
}

TEST_P(TfliteThreads, FourThreadsOfTheHostEachWithAnInterpreter) {
  const auto answer =
      with_guest([&](Guest& guest, const GuestLibrary& loaded) -> Result<std::string> {
        std::vector<Result<std::string>> outputs(4, std::string());
        std::vector<std::thread> threads;
        for (auto& output : outputs) {
          threads.emplace_back([&] {
            output = run_model(guest, loaded, model->bytes);
            guest.machine().engine.leave_thread();
          });
        }
        for (std::thread& thread : threads) thread.join();
        std::string all;
        for (auto& output : outputs) all += TRY(std::move(output));
        return all;
      });
  ASSERT_TRUE(answer) << describe(answer.error());
  EXPECT_TRUE(*answer == expected + expected + expected + expected);
}

TEST_P(TfliteThreads, WatchingEveryExportChangesNothing) {
  const auto answer =
      with_guest([&](Guest& guest, const GuestLibrary& loaded) -> Result<std::string> {
        SeenThreads seen;
        guest.machine().engine.observe(&seen);
        std::size_t watched = 0;
        for (const ElfSymbol& symbol : loaded.elf.symbols()) {
          if (!symbol.defined() || symbol.type != 2) continue;
          TRY_VOID(guest.machine().engine.watch(loaded.bias + symbol.value));
          ++watched;
        }
        auto out = run_model(guest, loaded, model->bytes);
        guest.machine().engine.observe(nullptr);
        if (watched < 200 || seen.begun < 20 || seen.begun != seen.ended)
          return fail(ErrorCode::kCorrupt,
                      std::to_string(watched) + " watched, " + std::to_string(seen.begun) +
                          " calls, " + std::to_string(seen.ended) + " returns",
                      "test");
        return out;
      });
  ASSERT_TRUE(answer) << describe(answer.error());
  EXPECT_TRUE(*answer == expected);
}

INSTANTIATE_TEST_SUITE_P(Models, TfliteThreads,
                         ::testing::Values(Case{ElfMachine::kArm64, "model_lite_age_nonq.tflite"},
                                           Case{ElfMachine::kArm64, kInt8Model},
                                           Case{kHostMachine, "model_lite_age_nonq.tflite"},
                                           Case{kHostMachine, kInt8Model}),
                         [](const auto& each) {
                           return std::string(each.param.machine == ElfMachine::kArm64 ? "arm64"
                                                                                       : "host") +
                                  (each.param.model == kInt8Model ? "Int8" : "Float");
                         });

}  // namespace
}  // namespace dl::guest
