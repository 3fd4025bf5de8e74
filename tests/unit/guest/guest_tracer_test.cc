// SPDX-License-Identifier: Apache-2.0
// What a guest does comes back from its trace: calls with buffers, lookups, natives, models that
// only memory has.
#include "daylight/guest/observe/guest_tracer.h"

#include <gmock/gmock.h>

#include <map>

#include "daylight/artifact/trace/trace_check.h"
#include "daylight/artifact/trace/trace_reader.h"
#include "daylight/base/digest.h"
#include "daylight/base/file.h"
#include "engine/each_engine.h"
#include "support/shared_data.h"
#include "support/tflite_builder.h"

namespace dl::guest {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

class GuestTrace : public EachEngine {
 protected:
  // Loads libt.so with these rules, calls `function`, and gives the events.
  std::vector<TraceEvent> trace(const std::string& source, const std::vector<std::string>& rules,
                                const std::string& function) {
    std::vector<CaptureRule> parsed;
    for (const std::string& rule : rules) {
      auto each = parse_capture_rule(rule);
      EXPECT_TRUE(each) << rule;
      if (each) parsed.push_back(std::move(*each));
    }
    TraceHead head;
    head.source = "guest";
    auto writer = TraceWriter::create(folder.path() / "trace", head);
    EXPECT_TRUE(writer);
    GuestTracer tracer(**writer, std::move(parsed));
    add("libt.so", source, link);
    GuestOptions options;
    options.machine = machine;
    options.engine.jailed = true;
    options.events = &tracer;
    options.libraries = [this](const std::string& name) -> std::optional<LibraryFile> {
      const auto found = files.find(name);
      if (found == files.end()) return std::nullopt;
      return LibraryFile{found->second, {"app.apk", "lib/arm64-v8a/" + name}, "/data/" + name};
    };
    auto made = Guest::create(options);
    EXPECT_TRUE(made);
    guest = std::move(*made);
    tracer.attach(*guest, "libt.so");
    guest->machine().engine.observe(&tracer);
    MemoryModels models(
        *guest, [&](const MemoryModel& model, ByteSpan bytes) { tracer.note_model(model, bytes); });
    EXPECT_TRUE(guest->load("libt.so"));
    tracer.note_libraries();
    const std::string name = "so:libt.so!" + function;
    const std::uint64_t id = tracer.begin_call(name);
    tracer.end_call(id, name, guest->call(function, {}));
    tracer.note_libraries();
    models.search("after " + function);
    guest->machine().engine.observe(nullptr);
    EXPECT_TRUE((*writer)->finish(TraceEnding::kFinished));
    const auto problems = trace_problems(folder.path() / "trace");
    EXPECT_TRUE(problems);
    if (problems) {
      EXPECT_THAT(*problems, ::testing::IsEmpty());
    }
    std::vector<TraceEvent> out;
    auto opened = TraceReader::open(folder.path() / "trace");
    EXPECT_TRUE(opened);
    TraceEvent event;
    while (opened && opened->next(event)) out.push_back(event);
    reader = std::make_unique<TraceReader>(std::move(*opened));
    return out;
  }
  template <typename T>
  static std::vector<T> of(const std::vector<TraceEvent>& all) {
    std::vector<T> out;
    for (const TraceEvent& event : all) {
      if (const T* const found = std::get_if<T>(&event.payload)) out.push_back(*found);
    }
    return out;
  }

  testing::TemporaryFolder folder;
  std::string link;  // what libt.so is linked with
  std::unique_ptr<TraceReader> reader;
};

EACH_ENGINE_OF(GuestTrace, HoldsCallsWithBuffersInAndOut) {
  const auto seen = trace(R"(
    void* memcpy(void*, const void*, unsigned long);
    int __system_property_get(const char*, char*);
    static char from[12] = "face pixels", to[12];
    int work() { char v[92]; __system_property_get("ro.no.such", v); memcpy(to, from, 12); return 4; }
  )",
                          {"import:libt.so!memcpy {in,out,len=arg2}"}, "work");
  const auto methods = of<TraceMethod>(seen);
  ASSERT_EQ(methods.size(), 2U);
  EXPECT_EQ(methods[1].name, "import:libt.so!memcpy");
  const auto enters = of<TraceEnter>(seen);
  ASSERT_EQ(enters.size(), 2U);
  EXPECT_NE(enters[1].caller, 0U);
  EXPECT_NE(enters[1].parent, 0U);
  bool in = false;
  bool out = false;
  std::uint64_t to = 0;
  for (const TraceArgument& argument : of<TraceArgument>(seen)) {
    if (argument.index == 1 && argument.direction == TraceDirection::kIn)
      in = argument.buffer.bytes == std::string("face pixels\0", 12);
    if (argument.index == 0 && argument.direction == TraceDirection::kOut) {
      out = argument.buffer.bytes == std::string("face pixels\0", 12);
      to = argument.address;
    }
  }
  EXPECT_TRUE(in);
  EXPECT_TRUE(out);
  const auto leaves = of<TraceLeave>(seen);
  ASSERT_EQ(leaves.size(), 2U);
  EXPECT_EQ(leaves[0].value, to);
  EXPECT_EQ(leaves[1].value, 4U);
  const auto lookups = of<TraceLookup>(seen);
  ASSERT_EQ(lookups.size(), 1U);
  EXPECT_EQ(lookups[0].name, "ro.no.such");
  EXPECT_FALSE(lookups[0].found);
  const auto modules = of<TraceModule>(seen);
  ASSERT_EQ(modules.size(), 1U);
  EXPECT_EQ(modules[0].entry, (std::vector<std::string>{"app.apk", "lib/arm64-v8a/libt.so"}));
}

EACH_ENGINE_OF(GuestTrace, PoliciesBoundWhatIsWritten) {
  const auto seen = trace(R"(
    unsigned long strlen(const char*);
    int work() { unsigned long n = 0; for (int i = 0; i < 10; ++i) n += strlen("abc"); return n; }
  )",
                          {"import:*!strlen {in,limit=2,every=3,calls=7}"}, "work");
  int calls = 0;
  for (const TraceMethod& method : of<TraceMethod>(seen))
    calls += method.name == "import:libt.so!strlen";
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(of<TraceEnter>(seen).size(), 1U + 3U);  // the 1st, 4th and 7th
  for (const TraceArgument& argument : of<TraceArgument>(seen)) {
    EXPECT_LE(argument.buffer.captured, 2U);
  }
}

// Calls of watched functions with their results, by name.
std::vector<std::pair<std::string, std::uint64_t>> results(const std::vector<TraceEvent>& events) {
  std::map<std::uint32_t, std::string> names;
  std::vector<std::pair<std::string, std::uint64_t>> out;
  for (const TraceEvent& event : events) {
    if (const auto* const method = std::get_if<TraceMethod>(&event.payload))
      names[method->id] = method->name;
    if (const auto* const leave = std::get_if<TraceLeave>(&event.payload))
      out.emplace_back(names[leave->method], leave->value);
  }
  return out;
}

EACH_ENGINE_OF(GuestTrace, WatchedFunctionsDoWhatTheyDid) {
  const auto seen = trace(R"(
    #define KEEP __attribute__((noinline))
    static int table[4] = {1, 2, 3, 4};
    KEEP int twice(int x) { __asm__(""); return x * 2; }
    KEEP int sum(int n) { return n <= 0 ? 0 : n + sum(n - 1); }
    KEEP int* place() { __asm__(""); return table; }
    KEEP int tail(int x) { __asm__(""); return twice(x + 1); }
    KEEP int choose(int x) { if (!x) return 7; __asm__(""); return twice(x); }
    KEEP double half(double x) { __asm__(""); return x / 2; }
    int work() { return twice(5) + sum(3) + place()[2] + tail(2) + choose(0) + choose(4) + (int)half(9); }
  )",
                          {"so:libt.so!twice {in,return}", "so:libt.so!sum", "so:libt.so!place",
                           "so:libt.so!tail", "so:libt.so!choose", "so:libt.so!half"},
                          "work");
  const auto calls = results(seen);
  ASSERT_FALSE(calls.empty());
  EXPECT_EQ(calls.back(),
            std::pair(std::string("so:libt.so!work"), std::uint64_t{10 + 6 + 3 + 6 + 7 + 8 + 4}));
  std::map<std::string, std::vector<std::uint64_t>> by_name;
  for (const auto& [name, value] : calls) by_name[name].push_back(value & 0xffffffffU);
  EXPECT_EQ(by_name["so:libt.so!twice"], (std::vector<std::uint64_t>{10, 6, 8}));
  EXPECT_EQ(by_name["so:libt.so!tail"], (std::vector<std::uint64_t>{6}));
  EXPECT_EQ(by_name["so:libt.so!choose"], (std::vector<std::uint64_t>{7, 8}));
  EXPECT_EQ(by_name["so:libt.so!place"].size(), 1U);
  EXPECT_EQ(by_name["so:libt.so!half"].size(), 1U);
  EXPECT_EQ(by_name["so:libt.so!sum"].front(), 0U);
  EXPECT_EQ(by_name["so:libt.so!sum"].back(), 6U);
}

EACH_ENGINE_OF(GuestTrace, OffsetsAreWatchedToo) {
  const std::string source = R"(
    __attribute__((noinline)) static int hidden(int x) { __asm__(""); return x + 40; }
    int work() { return hidden(2); }
    void* where() { return (void*)&hidden; }
  )";
  load(source);
  const std::uint64_t offset = value("where") - guest->loader().loaded("libt.so")->bias;
  guest.reset();
  std::string hex;
  for (std::uint64_t rest = offset; rest != 0; rest >>= 4U)
    hex.insert(hex.begin(), "0123456789abcdef"[rest & 15U]);
  const auto calls = results(trace(source, {"so:libt.so+0x" + hex + " {in}"}, "work"));
  EXPECT_THAT(calls, Contains(std::pair(std::string("so:libt.so+0x" + hex), std::uint64_t{42})));
}

EACH_ENGINE_OF(GuestTrace, HasWhatConstructorsRegister) {
  add("libcore.so",
      "static int (*kept)(int); void enlist(const char*, int (*run)(int)) { kept = run; }");
  if (HasFatalFailure()) return;
  const std::string core = (folder.path() / "libcore.so").string();
  ASSERT_TRUE(write_file_atomic(core, as_text(files["libcore.so"].bytes)));
  link = "-Wl," + core;
  const auto seen = trace(R"(
    void enlist(const char*, int (*run)(int));
    __attribute__((noinline)) static int engine(int x) { return x; }
    __attribute__((constructor)) static void start() { enlist("face-engine", engine); }
    int work() { return 1; }
  )",
                          {}, "work");
  std::vector<TraceNative> engines;
  for (const TraceNative& native : of<TraceNative>(seen)) {
    if (native.route == TraceRoute::kConstructor) engines.push_back(native);
  }
  ASSERT_EQ(engines.size(), 1U);
  EXPECT_EQ(engines[0].klass, "libcore.so");
  EXPECT_EQ(engines[0].name, "enlist");
  EXPECT_EQ(engines[0].signature, "face-engine");
  EXPECT_NE(engines[0].offset, 0U);
  bool named = false;
  for (const TraceModule& module : of<TraceModule>(seen))
    named = named || (module.id == engines[0].module && module.name == "libt.so");
  EXPECT_TRUE(named);
}

EACH_ENGINE_OF(GuestTrace, ConstructorsMayWaitForThreadsThatAreTraced) {
  const auto seen = trace(R"(
    int pthread_create(unsigned long*, void*, void* (*)(void*), void*); int pthread_join(unsigned long, void**);
    unsigned long strlen(const char*);
    static unsigned long sum;
    static void* count(void*) { for (int i = 0; i < 100; ++i) sum += strlen("abc"); return 0; }
    __attribute__((constructor)) static void start() { unsigned long thread; pthread_create(&thread, 0, count, 0); pthread_join(thread, 0); }
    int work() { return (int)sum; }
  )",
                          {"import:libt.so!strlen {calls=7}"}, "work");
  const auto leaves = of<TraceLeave>(seen);
  ASSERT_EQ(leaves.size(), 8U);
  EXPECT_EQ(leaves.back().value, 300U);
}

EACH_ENGINE_OF(GuestTrace, FaultsEndTheCallWithABacktrace) {
  const auto seen = trace("int work() { return *(volatile int*)8; }", {}, "work");
  const auto leaves = of<TraceLeave>(seen);
  ASSERT_EQ(leaves.size(), 1U);
  EXPECT_EQ(leaves[0].outcome, TraceOutcome::kCrashed);
  EXPECT_THAT(leaves[0].text, HasSubstr("reads 0x8"));
  EXPECT_THAT(leaves[0].text, HasSubstr("libt.so+0x"));
}

EACH_ENGINE_OF(GuestTrace, ModelsThatOnlyMemoryHoldsAreFoundAndKept) {
  // The library holds the model with every byte changed, as apps hide them.
  const std::string model = testing::build_tiny_tflite();
  std::string array;
  for (const char c : model)
    array += std::to_string(static_cast<int>(static_cast<std::uint8_t>(c) ^ 0x5bU)) + ",";
  const auto seen = trace(
      "void* malloc(unsigned long); static const unsigned char hidden[] = {" + array + "};\n" + R"(
    int work() {
      unsigned char* out = (unsigned char*)malloc(sizeof hidden);
      for (unsigned i = 0; i < sizeof hidden; ++i) out[i] = hidden[i] ^ 0x5b;
      return out[4];
    })",
      {}, "work");
  const auto models = of<TraceMemoryModel>(seen);
  ASSERT_EQ(models.size(), 1U);
  EXPECT_EQ(models[0].format, "tflite");
  EXPECT_EQ(models[0].where, "after work");
  ASSERT_EQ(models[0].buffer.held, TraceHeld::kBlob);
  const auto blobs = reader->blobs();
  ASSERT_TRUE(blobs);
  const auto kept = blobs->get(models[0].buffer.digest);
  ASSERT_TRUE(kept);
  // A FlatBuffer does not say where its padding ends.
  EXPECT_TRUE(kept->starts_with(model));
  EXPECT_LT(kept->size(), model.size() + 16);
}

}  // namespace
}  // namespace dl::guest
