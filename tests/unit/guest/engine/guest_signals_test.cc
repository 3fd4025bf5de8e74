// SPDX-License-Identifier: Apache-2.0
// Signals that guest code causes, in the guest's own handlers: how libraries probe for
// instructions.
#include <cstring>

#include "each_engine.h"

namespace dl::guest {
namespace {

constexpr const char* kSignals = R"(
  struct Action { int flags; void (*handler)(int, char*, char*); unsigned long mask; void* restorer; };
  int sigaction(int, const Action*, Action*);
  int sigsetjmp(long*, int); void siglongjmp(long*, int);
  long fine() { return 7; }
  long number, place, seen;
#if defined(__aarch64__)
  #define BAD ".inst 0x00000000"
  #define PC(context) (*(long*)(context + 440))
  #define SIZE 4
#else
  #define BAD "ud2"
  #define PC(context) (*(long*)(context + 168))
  #define SIZE 2
#endif
  void catch_with(void (*handler)(int, char*, char*)) { Action a = {4, handler, 0, 0}; sigaction(4, &a, 0); }
)";

EACH_ENGINE(ProbesJumpAway) {
  load(std::string(kSignals) + R"(
    long buffer[64];
    void jump(int n, char*, char*) { number = n; siglongjmp(buffer, 5); }
    long probe() {
      catch_with(jump);
      long answer = sigsetjmp(buffer, 1);
      if (answer == 0) { asm volatile(BAD ::: "memory"); return 1; }
      return answer * 10 + number;
    }
    long many() { long sum = 0; for (int i = 0; i < 1000; ++i) sum += probe(); return sum; }
  )");
  EXPECT_EQ(value("probe"), 54U);
  EXPECT_EQ(value("many"), 54'000U);
  EXPECT_EQ(value("fine"), 7U);
}

EACH_ENGINE(HandlersGoOnBehindTheInstruction) {
  load(std::string(kSignals) + R"(
    void skip(int n, char* info, char* context) {
      number = n;
      place = *(long*)(info + 16);
      seen = PC(context);
      PC(context) += SIZE;
      volatile double work[40];
      for (int i = 0; i < 40; ++i) work[i] = i * 1.5;  // registers are the interrupted code's again afterwards
    }
    double keep(double x, long y) {
      catch_with(skip);
      double a = x * 2; long b = y * 3;
      asm volatile(BAD : "+r"(b) : : "memory");
      return a + b;
    }
    long told() { return number == 4 && place == seen && place != 0; }
  )");
  Vector128 half{};
  const double number = 0.5;
  std::memcpy(half.data(), &number, sizeof(number));
  const std::uint64_t seven[] = {7};
  const auto kept = guest->call(*guest->loader().find("keep"), seven, std::span(&half, 1));
  ASSERT_TRUE(kept) << kept.error().what;
  double answer = 0;
  std::memcpy(&answer, kept->vector.data(), sizeof(answer));
  EXPECT_EQ(answer, 22.0);
  EXPECT_EQ(value("told"), 1U);
}

EACH_ENGINE(WithoutAHandlerItIsAFault) {
  load(std::string(kSignals) + R"(
    void ignore() { Action a = {0, (void (*)(int, char*, char*))1, 0, 0}; sigaction(4, &a, 0); }
    long bad() { asm volatile(BAD ::: "memory"); return 1; }
  )");
  const auto kind = native() ? GuestFault::Kind::kAbort : GuestFault::Kind::kInstruction;
  expect_fault("bad", {}, kind, "");
  EXPECT_EQ(value("ignore"), value("ignore"));
  expect_fault("bad", {}, kind, "");
}

}  // namespace
}  // namespace dl::guest
