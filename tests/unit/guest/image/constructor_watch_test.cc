// SPDX-License-Identifier: Apache-2.0
// Engines that a library's constructors register with another one, and constructors that hand over
// whatever they like.
#include "daylight/guest/image/constructor_watch.h"

#include <gmock/gmock.h>

#include "daylight/base/file.h"
#include "daylight/guest/image/registration_reader.h"
#include "engine/each_engine.h"
#include "support/shared_data.h"

namespace dl::guest {
namespace {

using ::testing::Contains;

// What both libraries know. Names have the shape of libc++'s strings: short ones lie in the object.
constexpr const char* kTypes = R"(
extern "C++" { namespace pitaya {
struct Name { unsigned char twice; char text[23]; };
struct LongName { unsigned long capacity, length; const char* text; };
struct Factory { virtual int make(int); };
struct EngineInfo { Name name; LongName title; int (*factory)(int); };
struct Pair { const char* name; int (*make)(int); };
void RegisterEngine(const EngineInfo&);
void RegisterFactory(Factory*, int priority);
void RegisterPair(Pair);
void Count(int);
} }
void register_plain(const char* name, int (*run)(int));
int all_arguments(long a, long b, long c, long d, long e, long f, long g, long h, long i, long j,
                  double k, double l, double m, double n, double o, double p, double q, double r);
)";

constexpr const char* kCore = R"(
static int (*factory)(int); static pitaya::Factory* object; static int (*paired)(int); static int (*plain)(int); static int counted;
extern "C++" {
void pitaya::RegisterEngine(const EngineInfo& info) { factory = info.factory; }
void pitaya::RegisterFactory(Factory* made, int) { object = made; }
void pitaya::RegisterPair(Pair pair) { paired = pair.make; }
void pitaya::Count(int n) { counted += n; }
}
void register_plain(const char*, int (*run)(int)) { plain = run; }
int all_arguments(long a, long b, long c, long d, long e, long f, long g, long h, long i, long j,
                  double k, double l, double m, double n, double o, double p, double q, double r) {
  return a == 1 && b == 2 && c == 3 && d == 4 && e == 5 && f == 6 && g == 7 && h == 8 && i == 9 && j == 10 && k == 1.5 && l == 2.5 &&
         m == 3.5 && n == 4.5 && o == 5.5 && p == 6.5 && q == 7.5 && r == 8.5; }
int use(int n) { return factory(n) * 1000 + object->make(n) * 100 + paired(n) * 10 + plain(n) + counted * 10000; }
)";

constexpr const char* kEngine = R"(
#define HIDDEN __attribute__((visibility("hidden"), noinline))
HIDDEN int first(int n) { return n + 1; }
HIDDEN int second(int n) { return n + 2; }
HIDDEN int third(int n) { return n + 3; }
HIDDEN int never(int n) { return n + 5; }
extern "C++" { struct Own : pitaya::Factory { HIDDEN int make(int n) override { return n + 4; } };
  int pitaya::Factory::make(int n) { return n; } }
static Own own; static int passed;
static const char* const kTitle = "a title that is too long to lie in the object";
__attribute__((constructor)) static void start() {
  pitaya::EngineInfo info = {{2 * 7, "ByteAIN"}, {49, 45, kTitle}, first};
  pitaya::RegisterEngine(info);
  pitaya::RegisterFactory(&own, 3);
  pitaya::RegisterPair({"paired", second});
  register_plain("plain", third);
  pitaya::Count(1);
  passed = all_arguments(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5);
}
int fine() { return 7; }
int arguments_passed() { return passed; }
void late() { register_plain("late", never); }
void* where(int i) { return i == 0 ? (void*)first : i == 1 ? (void*)second : i == 2 ? (void*)third : *(void***)&own ? **(void***)&own : 0; }
)";

// Constructors that hand over wild pointers, and a gate's worth of calls.
constexpr const char* kHostile = R"(
static void* self; static unsigned char edge[8192] __attribute__((aligned(4096)));
__attribute__((visibility("hidden"), noinline)) int made(int n) { return n; }
__attribute__((constructor)) static void start() {
  self = &self;
  unsigned long wild[] = {0, 1, 7, ~0ul, ~0ul - 255, 1ul << 47, 1ul << 63, 0x7fffffffffff, 0xffff800000000000, (unsigned long)&self, (unsigned long)edge + 8191};
  for (unsigned long a : wild) for (unsigned long b : wild) {
    register_plain((const char*)a, (int (*)(int))b);
    pitaya::RegisterPair({(const char*)b, (int (*)(int))a});
    pitaya::RegisterFactory((pitaya::Factory*)a, 0);
    pitaya::LongName names[4] = {{a | 1, b, (const char*)a}, {~0ul, ~1ul, (const char*)b}, {0x2cul, a, 0}, {1, 200, (const char*)~0ul}};
    pitaya::RegisterEngine(*(pitaya::EngineInfo*)names);
    pitaya::RegisterEngine(*(pitaya::EngineInfo*)((unsigned long)&wild + 3));
  }
  for (int i = 0; i < 6000; ++i) pitaya::Count(1);
  register_plain("still seen", made);
}
int fine() { return 7; }
)";
// What takes it all and looks at nothing.
constexpr const char* kPatient = R"(
static int counted;
extern "C++" {
void pitaya::RegisterEngine(const EngineInfo&) {} void pitaya::RegisterFactory(Factory*, int) {} void pitaya::RegisterPair(Pair) {}
void pitaya::Count(int n) { counted += n; }
}
void register_plain(const char*, int (*)(int)) {} int count() { return counted; }
)";

class ConstructorsRegister : public EachEngine {
 protected:
  void load_two(const std::string& core, const std::string& engine_text, const char* options = "") {
    add("libcore.so", kTypes + core, "-fno-rtti -Wl,-s");
    if (HasFatalFailure()) return;
    ASSERT_TRUE(
        write_file_atomic(folder.path() / "libcore.so", as_text(files["libcore.so"].bytes)));
    add("libengine.so", kTypes + engine_text,
        "-fno-rtti -Wl,-s " + std::string(options) + " -Wl," +
            (folder.path() / "libcore.so").string());
    if (HasFatalFailure()) return;
    start();
    const auto loaded = guest->load("libengine.so");
    ASSERT_TRUE(loaded) << describe(loaded.error());
    bias = (*loaded)->bias;
  }
  const EngineRegistration* found(const std::string& name) {
    all = guest->loader().registrations();
    for (const EngineRegistration& each : all) {
      if (each.name == name) return &each;
    }
    ADD_FAILURE() << name << " was not seen";
    return nullptr;
  }
  // Address of the engine's functions in its file: first, second, third, Own::make.
  std::uint64_t place(int i) { return value("where", {static_cast<std::uint64_t>(i)}) - bias; }

  testing::TemporaryFolder folder;
  std::vector<EngineRegistration> all;
  std::uint64_t bias = 0;
};

EACH_ENGINE_OF(ConstructorsRegister, EnginesAreSeen) {
  for (const char* const options :
       {"", "-fno-unwind-tables -fno-asynchronous-unwind-tables", "-Wl,-z,now -Wl,-z,relro"}) {
    SCOPED_TRACE(options);
    guest.reset();
    load_two(kCore, kEngine, options);
    if (HasFatalFailure()) return;
    const EngineRegistration* each = found("pitaya::RegisterEngine(pitaya::EngineInfo const&)");
    ASSERT_NE(each, nullptr);
    EXPECT_EQ(each->library, "libengine.so");
    EXPECT_EQ(each->receiver, "libcore.so");
    EXPECT_EQ(each->symbol, "_ZN6pitaya14RegisterEngineERKNS_10EngineInfoE");
    EXPECT_THAT(each->functions, Contains(place(0)));
    EXPECT_THAT(each->texts, Contains("ByteAIN"));
    EXPECT_THAT(each->texts, Contains("a title that is too long to lie in the object"));
    // The object's table of virtual functions holds it.
    each = found("pitaya::RegisterFactory(pitaya::Factory*, int)");
    ASSERT_NE(each, nullptr);
    EXPECT_THAT(each->functions, Contains(place(3)));
    each = found("pitaya::RegisterPair(pitaya::Pair)");
    ASSERT_NE(each, nullptr);
    EXPECT_THAT(each->functions, Contains(place(1)));
    EXPECT_THAT(each->texts, Contains("paired"));
    each = found("register_plain");
    ASSERT_NE(each, nullptr);
    EXPECT_THAT(each->functions, Contains(place(2)));
    EXPECT_THAT(each->texts, Contains("plain"));
    for (const EngineRegistration& any : all) {
      EXPECT_EQ(any.name.find("Count"), std::string::npos);
    }
  }
}

EACH_ENGINE_OF(ConstructorsRegister, CallsAreAsTheyWere) {
  load_two(kCore, kEngine);
  if (HasFatalFailure()) return;
  EXPECT_EQ(value("arguments_passed"), 1U);
  EXPECT_EQ(value("use", {1}), 10000U + 2000 + 500 + 30 + 4);
  // Nothing is watched once the constructors have run.
  const std::size_t before = guest->loader().registrations().size();
  EXPECT_GE(before, 4U);
  ASSERT_TRUE(call("late"));
  EXPECT_EQ(guest->loader().registrations().size(), before);
  EXPECT_EQ(value("use", {1}), 10000U + 2000 + 500 + 30 + 6);
}

EACH_ENGINE_OF(ConstructorsRegister, WildPointersBreakNothing) {
  load_two(kPatient, kHostile);
  if (HasFatalFailure()) return;
  EXPECT_EQ(value("fine"), 7U);
  EXPECT_EQ(value("count"), 6000U);
  const EngineRegistration* const each = found("register_plain");
  ASSERT_NE(each, nullptr);
  EXPECT_THAT(each->texts, Contains("still seen"));
  EXPECT_EQ(each->functions.size(), 1U);
}

TEST(ArgumentRegistersOf, FollowTheName) {
  EXPECT_EQ(argument_registers("register_plain", 8), (ArgumentRegisters{8, 8}));
  EXPECT_EQ(argument_registers("b()", 8), (ArgumentRegisters{0, 0}));
  EXPECT_EQ(argument_registers("a::b()", 8), (ArgumentRegisters{0, 1}));
  EXPECT_EQ(argument_registers("a::b(int)", 8), (ArgumentRegisters{1, 2}));
  EXPECT_EQ(argument_registers("b(double, a::c<int, long> const&, void (*)(int, int))", 8),
            (ArgumentRegisters{2, 2}));
  EXPECT_EQ(argument_registers("a::b(std::map<int, long>, char*) const", 8),
            (ArgumentRegisters{2, 4}));
  EXPECT_EQ(argument_registers("a(int, int, int, int, int, int, int)", 6),
            (ArgumentRegisters{6, 6}));
  for (const char* const odd : {")", "(", "", "())", ")(", "<(,)"})
    EXPECT_LE(argument_registers(odd, 8).possible, 8U) << odd;
}

}  // namespace
}  // namespace dl::guest
