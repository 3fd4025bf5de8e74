// SPDX-License-Identifier: Apache-2.0
// Libraries that are built from text, with and without symbols: what the stripped one still tells
// must be what the whole one says.
#include "daylight/program/native_code/native_code.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "daylight/program/native_code/native_names.h"
#include "support/native_library.h"

namespace dl::program {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsSupersetOf;

// A runtime without a name, linked statically behind two JNI functions.
constexpr const char* kLibrary = R"(
extern "C" int outside(const char*, int);
namespace engine {
__attribute__((noinline)) static int load(const char* path) {
  return outside("no such model: %s", path[0]);
}
struct Layer {
  virtual int forward(int x) { return x + load("layer"); }
  virtual int backward(int x) { return x - outside("only backward says this", x); }
};
struct Session : Layer {
  int forward(int x) override { return outside("session is not ready", x); }
};
__attribute__((noinline)) Layer* make(void* place) {
  struct Wrapped : Session {};
  static Session session;
  *(void**)place = *(void**)&session;
  return (Layer*)place;
}
}  // namespace engine
__attribute__((noinline)) static int start(int x) { return engine::load("a") + outside("start", x) + 1; }
extern "C" int Java_org_example_Net_load(void*, void*, int x) { return start(x) * 3; }
extern "C" int Java_org_example_Net_make(void*, void*, char* place) {
  return engine::make(place) != nullptr && place[1] != 0;
}
static int tail(int x) { return outside("tail", x) + 2; }
extern "C" __attribute__((noinline)) int jumps(int x) { return tail(x); }

struct Native { const char* name; const char* signature; void* function; };
static int run(void*, void*, int x) { return outside("registered", x) + 7; }
static int stop(void*, void*) { return outside("stopped", 1) + 8; }
static const Native natives[] = {{"run", "(I)I", (void*)run}, {"stop", "()I", (void*)stop}};
extern "C" int registers(const Native*, int);
extern "C" int JNI_OnLoad(void*, void*) { return registers(natives, 2) + outside("org/example/Net", 0); }

static int handler(int x) { return outside("by pointer", x) - 9; }
extern "C" int keep(int (*)(int));
extern "C" int hands_out(int x) { return keep(handler) + x; }
const char* messages[] = {"first message", "second message"};
extern "C" int says(int i) { return outside(messages[i], i) + 5; }
)";

// A library of the test, read. The bytes lie on the heap, so moving keeps views valid.
struct Library {
  std::unique_ptr<std::string> bytes;
  std::unique_ptr<ElfFile> elf;
  std::unique_ptr<const NativeCode> code;
};

Library read_library(std::string bytes) {
  Library out;
  out.bytes = std::make_unique<std::string>(std::move(bytes));
  auto elf = ElfFile::parse(as_bytes(*out.bytes), "liba.so");
  if (!elf) return out;
  out.elf = std::make_unique<ElfFile>(*std::move(elf));
  auto code = NativeCode::read(*out.elf, "liba.so");
  if (code) out.code = *std::move(code);
  return out;
}

class NativeCodeOn : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!testing::can_build_native_libraries()) GTEST_SKIP() << "clang-14 or lld-14 is absent here";
  }
  Library build(const std::string& options) {
    const auto bytes = testing::build_native_library(kLibrary, GetParam(), options);
    EXPECT_TRUE(bytes.has_value());
    Library out = read_library(bytes.value_or(""));
    EXPECT_NE(out.code, nullptr);
    return out;
  }
};

std::uint64_t address_of_text(const Library& library, std::string_view text) {
  const std::size_t at = library.bytes->find(std::string(text) + '\0');
  return library.elf->address_of(at).value_or(0);
}

// The functions that use a literal, as the library labels them.
std::set<std::string> users(const Library& library, std::string_view text) {
  std::set<std::string> out;
  for (const auto& use : library.code->uses_of_constant(address_of_text(library, text))) {
    const FunctionId id = library.code->functions().holding(use.from);
    out.insert(id == kNoFunction ? "?" : library.code->functions().label(id));
  }
  return out;
}

NativeClosure closure_of(const Library& library, std::string_view text) {
  std::vector<NativeNode> targets;
  for (const auto& use : library.code->uses_of_constant(address_of_text(library, text)))
    targets.push_back(library.code->functions().holding(use.from));
  return library.code->graph().leading_to(targets);
}

// Exported functions that lead to a literal, with "~" before those that do so only indirectly.
std::set<std::string> exports_to(const Library& library, std::string_view text) {
  const NativeClosure closure = closure_of(library, text);
  std::set<std::string> out;
  for (const NativeNode node : closure.nodes()) {
    if (!library.code->graph().is_function(node)) continue;
    const NativeFunction& function = library.code->functions()[node];
    if (!function.exported || function.is_stub()) continue;
    out.insert((closure.step(node).indirect > 0 ? "~" : "") + std::string(function.name));
  }
  return out;
}

// The addresses at which functions begin, without linkage stubs.
std::set<std::uint64_t> starts(const Library& library) {
  std::set<std::uint64_t> out;
  for (const NativeFunction& function : library.code->functions().all()) {
    if (!function.is_stub()) out.insert(function.address);
  }
  return out;
}

std::set<std::uint64_t> symbol_starts(const Library& library) {
  std::set<std::uint64_t> out;
  for (const ElfSymbol& symbol : library.elf->debug_symbols()) {
    if (symbol.type == 2 && symbol.defined()) out.insert(symbol.value);
  }
  return out;
}

TEST_P(NativeCodeOn, AStrippedLibraryHasTheFunctionsOfTheWholeOne) {
  const Library whole = build("");
  const Library stripped = build("-Wl,-s");
  ASSERT_TRUE(whole.code && stripped.code);
  const auto truth = symbol_starts(whole);
  ASSERT_GT(truth.size(), 10U);
  EXPECT_EQ(starts(whole), truth);
  EXPECT_TRUE(stripped.elf->debug_symbols().empty());
  EXPECT_EQ(starts(stripped), truth);
  EXPECT_EQ(stripped.code->references().undecoded_bytes(), 0U);
  for (const NativeFunction& function : stripped.code->functions().all())
    EXPECT_TRUE(function.is_stub() || function.sized) << function.address;
}

TEST_P(NativeCodeOn, FunctionSizesAreThoseOfTheSymbols) {
  const Library whole = build("");
  const Library stripped = build("-Wl,-s");
  ASSERT_TRUE(whole.code && stripped.code);
  std::size_t compared = 0;
  for (const ElfSymbol& symbol : whole.elf->debug_symbols()) {
    if (symbol.type != 2 || !symbol.defined()) continue;
    const FunctionId id = stripped.code->functions().at(symbol.value);
    ASSERT_NE(id, kNoFunction) << symbol.name;
    EXPECT_EQ(stripped.code->functions()[id].size, symbol.size) << symbol.name;
    ++compared;
  }
  EXPECT_GT(compared, 10U);
}

TEST_P(NativeCodeOn, WithoutFrameDescriptionsSymbolsPointersAndCallsRemain) {
  const Library whole = build("");
  const Library bare =
      build("-Wl,-s -Wl,--no-eh-frame-hdr -fno-asynchronous-unwind-tables -fno-unwind-tables");
  ASSERT_TRUE(whole.code && bare.code);
  for (const NativeFunction& function : bare.code->functions().all())
    EXPECT_EQ(function.sources & kFromUnwind, 0);
  // By calls: the static functions; by pointers: registered natives and virtual functions.
  EXPECT_THAT(exports_to(bare, "no such model: %s"), Contains("Java_org_example_Net_load"));
  EXPECT_EQ(users(bare, "start").size(), 1U);
  EXPECT_NE(users(bare, "start"), users(bare, "no such model: %s"));
  EXPECT_EQ(bare.code->registered_natives().size(), 2U);
  EXPECT_THAT(exports_to(bare, "session is not ready"), Contains("~Java_org_example_Net_make"));
}

TEST_P(NativeCodeOn, LiteralsAreFollowedToTheFunctionThatUsesThem) {
  const Library library = build("");
  ASSERT_TRUE(library.code);
  EXPECT_THAT(users(library, "no such model: %s"), ElementsAre("_ZN6engineL4loadEPKc"));
  EXPECT_THAT(users(library, "start"), ElementsAre("_ZL5starti"));
  EXPECT_THAT(users(library, "by pointer"), ElementsAre("_ZL7handleri"));
  EXPECT_THAT(users(library, "session is not ready"), ElementsAre("_ZN6engine7Session7forwardEi"));
}

TEST_P(NativeCodeOn, LiteralsInTablesBelongToWhoReadsTheTable) {
  const Library library = build("-Wl,-s");
  ASSERT_TRUE(library.code);
  EXPECT_THAT(users(library, "first message"), ElementsAre("says"));
  EXPECT_THAT(users(library, "second message"), ElementsAre("says"));
}

TEST_P(NativeCodeOn, ImportsAreCalledThroughNamedStubs) {
  const Library library = build("-Wl,-s");
  ASSERT_TRUE(library.code);
  std::set<std::string> stubs;
  std::set<std::string> callers;
  const NativeGraph& graph = library.code->graph();
  for (FunctionId id = 0; id < library.code->functions().size(); ++id) {
    if (!library.code->functions()[id].is_stub()) continue;
    stubs.insert(library.code->functions().label(id));
    if (library.code->functions()[id].name != "registers") continue;
    for (const NativeEdge& edge : graph.callers(id)) callers.insert(graph.label(edge.from));
  }
  EXPECT_THAT(stubs, IsSupersetOf({"outside@plt", "registers@plt", "keep@plt"}));
  EXPECT_THAT(callers, ElementsAre("JNI_OnLoad"));
  std::set<std::string> imports;
  for (const NativeNode node : graph.imports()) imports.emplace(graph.import_name(node));
  EXPECT_THAT(imports, IsSupersetOf({"outside", "registers", "keep"}));
}

TEST_P(NativeCodeOn, ImportsWithoutStubsAreImportsToo) {
  const Library library = build("-Wl,-s -fno-plt");
  ASSERT_TRUE(library.code);
  const NativeGraph& graph = library.code->graph();
  std::set<std::string> callers;
  for (const NativeNode node : graph.imports()) {
    if (graph.import_name(node) != "registers") continue;
    for (const NativeEdge& edge : graph.call_sites(node)) callers.insert(graph.label(edge.from));
  }
  EXPECT_THAT(callers, ElementsAre("JNI_OnLoad"));
}

TEST_P(NativeCodeOn, CallsLeadBackToJni) {
  const Library library = build("-Wl,-s");
  ASSERT_TRUE(library.code);
  EXPECT_THAT(exports_to(library, "start"), ElementsAre("Java_org_example_Net_load"));
  EXPECT_THAT(exports_to(library, "tail"), ElementsAre("jumps"));
}

TEST_P(NativeCodeOn, TakingAnAddressIsAnIndirectStep) {
  const Library library = build("-Wl,-s");
  ASSERT_TRUE(library.code);
  EXPECT_THAT(exports_to(library, "by pointer"), ElementsAre("~hands_out"));
}

TEST_P(NativeCodeOn, VirtualFunctionsAreReachedByWhoRefersToTheTable) {
  const Library library = build("-Wl,-s");
  ASSERT_TRUE(library.code);
  // The function itself is a weak symbol, and the code that makes sessions is in between.
  EXPECT_THAT(exports_to(library, "session is not ready"),
              ElementsAre("_ZN6engine7Session7forwardEi", "~Java_org_example_Net_make",
                          "~_ZN6engine4makeEPv"));
  std::set<std::string> classes;
  for (const NativeTable& table : library.code->graph().tables()) classes.insert(table.class_name);
  EXPECT_THAT(classes, Contains("engine::Session"));
}

TEST_P(NativeCodeOn, RowsOfRegisterNativesAreRead) {
  for (const char* options : {"-Wl,-s", "-Wl,-s -Wl,--pack-dyn-relocs=android+relr",
                              "-Wl,-s -Wl,--pack-dyn-relocs=relr"}) {
    SCOPED_TRACE(options);
    const Library library = build(options);
    ASSERT_TRUE(library.code);
    const auto& rows = library.code->registered_natives();
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].name, "run");
    EXPECT_EQ(rows[0].signature, "(I)I");
    EXPECT_EQ(rows[1].name, "stop");
    EXPECT_EQ(rows[1].signature, "()I");
    EXPECT_THAT(users(library, "registered"),
                ElementsAre(library.code->functions().label(rows[0].function)));
    // The table is named in the function that registers it.
    const auto uses = library.code->references().data_uses(rows[0].row);
    ASSERT_FALSE(uses.empty());
    const FunctionId registrar = library.code->functions().holding(uses.front().from);
    EXPECT_EQ(library.code->functions().label(registrar), "JNI_OnLoad");
  }
}

TEST_P(NativeCodeOn, PathsEndWhereTheyWereAskedTo) {
  const Library library = build("-Wl,-s");
  ASSERT_TRUE(library.code);
  const NativeClosure closure = closure_of(library, "no such model: %s");
  const FunctionId from = library.code->functions().named("Java_org_example_Net_load");
  ASSERT_TRUE(closure.reaches(from));
  NativeNode node = from;
  std::size_t steps = 0;
  while (closure.step(node).next != kNoNode && steps < 10) {
    // Each step is an instruction of the function that it leaves.
    EXPECT_EQ(library.code->functions().holding(closure.step(node).at), node);
    node = closure.step(node).next;
    ++steps;
  }
  EXPECT_EQ(steps, 2U);
  EXPECT_EQ(steps, closure.step(from).length);
}

INSTANTIATE_TEST_SUITE_P(Machines, NativeCodeOn,
                         ::testing::Values(testing::kArm64Android, testing::kX86_64Android),
                         [](const auto& test) {
                           return std::string(test.param).substr(0, 3) == "aar" ? "arm64"
                                                                                : "x86_64";
                         });

TEST(NativeCode, OtherMachinesAreRefusedByName) {
  const auto bytes = testing::build_native_library("extern \"C\" int f() { return 1; }",
                                                   "armv7a-linux-androideabi29");
  if (!bytes) GTEST_SKIP() << "clang-14 or lld-14 is absent here";
  const auto elf = ElfFile::parse(as_bytes(*bytes), "liba.so");
  ASSERT_TRUE(elf);
  const auto code = NativeCode::read(*elf, "liba.so");
  ASSERT_FALSE(code);
  EXPECT_EQ(code.error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(code.error().what, ::testing::HasSubstr("armeabi-v7a"));
}

TEST(JniSignature, IsRecognised) {
  for (const char* good : {"()V", "(I)I", "([[ILjava/lang/String;J)[B", "(Lorg/a_b/C$D;)Lx;"})
    EXPECT_TRUE(is_jni_signature(good)) << good;
  for (const char* bad :
       {"", "()", "V", "(V)V", "(I", "(L;)V", "(Ljava)V", "()VV", "([)V", "(I)II", "%s(%d)"})
    EXPECT_FALSE(is_jni_signature(bad)) << bad;
}

TEST(RttiName, NestedNamesAreWrittenAsInCode) {
  EXPECT_EQ(class_name_of_rtti("6Engine"), "Engine");
  EXPECT_EQ(class_name_of_rtti("N3MNN7SessionE"), "MNN::Session");
  EXPECT_EQ(class_name_of_rtti("N6tflite12_GLOBAL__N_14ImplE"), "tflite::(anonymous)::Impl");
  EXPECT_EQ(class_name_of_rtti("NSt6__ndk16vectorE"), "std::__ndk1::vector");
  EXPECT_EQ(class_name_of_rtti("N3FooIiEE"), "N3FooIiEE");
  EXPECT_EQ(class_name_of_rtti("99x"), "99x");
  EXPECT_EQ(class_name_of_rtti(""), "");
}

TEST(SymbolName, PlainIdentifiersAreReadable) {
  EXPECT_EQ(readable_symbol("_ZN3MNN11Interpreter14createFromFileEPKc"),
            "MNN::Interpreter::createFromFile");
  EXPECT_EQ(readable_symbol("_ZNK3MNN11Interpreter10runSessionEPNS_7SessionE"),
            "MNN::Interpreter::runSession");
  EXPECT_EQ(readable_symbol("_Z10detectFacev"), "detectFace");
  EXPECT_EQ(readable_symbol("_ZL5starti"), "start");
  EXPECT_EQ(readable_symbol("TfLiteModelCreate"), "TfLiteModelCreate");
  for (const char* odd : {"_Z", "_ZN", "_ZN3MNN", "_ZN99x", "_ZN3FooIiE3barEv", "_ZTV3Foo"})
    EXPECT_EQ(readable_symbol(odd), odd);
}

}  // namespace
}  // namespace dl::program
