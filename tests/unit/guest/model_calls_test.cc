// SPDX-License-Identifier: Apache-2.0
// Models that are made, loaded and wiped within one call: they are seen where they are loaded.
#include "daylight/guest/observe/model_calls.h"

#include <gmock/gmock.h>

#include <map>
#include <mutex>

#include "daylight/artifact/trace/trace_reader.h"
#include "daylight/base/file.h"
#include "daylight/guest/observe/guest_tracer.h"
#include "engine/each_engine.h"
#include "support/shared_data.h"
#include "support/tflite_builder.h"

namespace dl::guest {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kNcnnParam =
    "7767517\n2 2\nInput data 0 1 data 0=4 1=4 2=3\nReLU relu 1 1 data out\n";

// A library that loads models, as far as anyone can see from outside, and whose functions are
// called by another one.
constexpr const char* kRuntime = R"(
  typedef unsigned long size_t;
  static int loaded; static char model;
  static void* take(const void* bytes, size_t size) { ++loaded; return bytes ? &model : 0; }
  void* TfLiteModelCreate(const void* bytes, size_t size) { return take(bytes, size); }
  void* Java_org_tensorflow_lite_NativeInterpreterWrapper_createModelWithBuffer(void*, void*, void* buffer, long) { return take(buffer, 1); }
  int LiteRtCreateModelFromBuffer(void* environment, const void* bytes, size_t size, void** out) { *out = take(bytes, size); return 0; }
  int times_loaded() { return loaded; }
  }
  namespace tflite {
  class ErrorReporter;
  struct Held { void* model; ~Held(); };
  Held::~Held() { model = 0; }
  struct FlatBufferModel { static Held BuildFromBuffer(const char*, size_t, ErrorReporter*); };
  Held FlatBufferModel::BuildFromBuffer(const char* bytes, size_t size, ErrorReporter*) { return {take(bytes, size)}; }
  }
  namespace ncnn {
  struct Net { int load_param_mem(const char*); int load_model(const unsigned char*); };
  int Net::load_param_mem(const char* text) { return take(text, 1) ? 0 : -1; }
  int Net::load_model(const unsigned char* bytes) { return take(bytes, 1) ? 300 : 0; }
  }
  extern "C" {
)";

// What its user declares of it.
constexpr const char* kDeclarations = R"(
  typedef unsigned long size_t;
  void* malloc(size_t); void free(void*); void* memset(void*, int, size_t); int times_loaded();
  void* dlopen(const char*, int); void* dlsym(void*, const char*);
  void* TfLiteModelCreate(const void*, size_t);
  void* Java_org_tensorflow_lite_NativeInterpreterWrapper_createModelWithBuffer(void*, void*, void*, long);
  int LiteRtCreateModelFromBuffer(void*, const void*, size_t, void**);
  }
  namespace tflite {
  class ErrorReporter;
  struct Held { void* model; ~Held(); };
  struct FlatBufferModel { static Held BuildFromBuffer(const char*, size_t, ErrorReporter*); };
  }
  namespace ncnn { struct Net { int load_param_mem(const char*); int load_model(const unsigned char*); }; }
  extern "C" {
  // The model is in no file as it is, and is gone before the call returns.
  static unsigned char* open_model() { unsigned char* out = (unsigned char*)malloc(sizeof(sealed)); for (unsigned i = 0; i < sizeof(sealed); ++i) out[i] = sealed[i] ^ 0x5b; return out; }
  static void wipe_model(void* bytes) { memset(bytes, 0, sizeof(sealed)); free(bytes); }
)";

struct Found {
  MemoryModel model;
  std::string bytes;
};

class ModelCallTrace : public EachEngine {
 protected:
  static std::string sealed(const std::string& bytes) {
    std::string array;
    for (const char c : bytes)
      array += std::to_string(static_cast<int>(static_cast<std::uint8_t>(c) ^ 0x5bU)) + ",";
    return "static const unsigned char sealed[] = {" + array + "};\n";
  }
  // libt.so, whose `content` is sealed in it, with `text` behind the declarations. `link`: it needs
  // the runtime by itself.
  void build(const std::string& content, const std::string& text, bool link = true) {
    add("libruntime.so", kRuntime);
    if (HasFatalFailure()) return;
    const std::string runtime = (folder.path() / "libruntime.so").string();
    ASSERT_TRUE(write_file_atomic(runtime, as_text(files["libruntime.so"].bytes)));
    add("libt.so", sealed(content) + kDeclarations + text, link ? "-Wl," + runtime : "");
    if (HasFatalFailure()) return;
    begin();
  }
  void begin() {
    TraceHead head;
    head.source = "guest";
    auto made = TraceWriter::create(folder.path() / "trace", head);
    ASSERT_TRUE(made);
    writer = std::move(*made);
    tracer = std::make_unique<GuestTracer>(*writer, rules);
    start();
    if (HasFatalFailure()) return;
    models =
        std::make_unique<MemoryModels>(*guest, [this](const MemoryModel& model, ByteSpan bytes) {
          tracer->note_model(model, bytes);
          const std::scoped_lock lock(mutex);
          found.push_back({model, std::string(as_text(bytes))});
        });
    tracer->attach(*guest, "libt.so", models.get());
    guest->machine().engine.observe(tracer.get());
    const auto loaded = guest->load("libt.so");
    ASSERT_TRUE(loaded) << describe(loaded.error());
  }
  // The call and what a search finds after it.
  std::uint64_t work() {
    const auto done = guest->call_native(*guest->loader().find("work"), {});
    EXPECT_TRUE(done) << (done ? "" : done.error().what);
    models->search("after work");
    tracer->stop_models();
    guest->machine().engine.observe(nullptr);
    return done ? done->integer & 0xffffffffU : 0;
  }
  void TearDown() override {
    if (tracer != nullptr) tracer->stop_models();
    guest.reset();
  }

  testing::TemporaryFolder folder;
  std::vector<CaptureRule> rules;
  std::unique_ptr<TraceWriter> writer;
  std::unique_ptr<GuestTracer> tracer;
  std::unique_ptr<MemoryModels> models;
  std::mutex mutex;
  std::vector<Found> found;
};

EACH_ENGINE_OF(ModelCallTrace, SeesWhatIsWipedBeforeTheCallReturns) {
  const std::string model = testing::build_tiny_tflite();
  build(model, R"(
    int work() { unsigned char* bytes = open_model(); int out = TfLiteModelCreate(bytes, sizeof(sealed)) != 0;
      TfLiteModelCreate(bytes, sizeof(sealed)); wipe_model(bytes); return out + times_loaded(); }
  )");
  if (HasFatalFailure()) return;
  EXPECT_EQ(work(), 3U);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].bytes, model);
  EXPECT_EQ(found[0].model.format, "tflite");
  EXPECT_EQ(found[0].model.where, "in so:libruntime.so!TfLiteModelCreate, argument 0");
  EXPECT_FALSE(found[0].model.in_file);
  EXPECT_TRUE(models->complete());
  // The trace has it, too.
  ASSERT_TRUE(writer->finish(TraceEnding::kFinished));
  auto reader = TraceReader::open(folder.path() / "trace");
  ASSERT_TRUE(reader);
  std::size_t told = 0;
  TraceEvent event;
  while (reader->next(event)) {
    const auto* const seen = std::get_if<TraceMemoryModel>(&event.payload);
    if (seen == nullptr) continue;
    ++told;
    EXPECT_EQ(seen->where, found[0].model.where);
    EXPECT_EQ(seen->size, model.size());
  }
  EXPECT_EQ(told, 1U);
}

EACH_ENGINE_OF(ModelCallTrace, SeesLibrariesThatAreLoadedInTheMiddleOfACall) {
  const std::string model = testing::build_tiny_tflite();
  build(model, R"(
    int work() { void* runtime = dlopen("libruntime.so", 2); void* (*create)(const void*, size_t) = (void* (*)(const void*, size_t))dlsym(runtime, "TfLiteModelCreate");
      unsigned char* bytes = open_model(); int out = create(bytes, sizeof(sealed)) != 0; wipe_model(bytes); return out; }
  )",
        false);
  if (HasFatalFailure()) return;
  EXPECT_EQ(work(), 1U);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].bytes, model);
}

// The hidden pointer to a returned object stands before the arguments on one processor only.
EACH_ENGINE_OF(ModelCallTrace, SeesFunctionsThatReturnObjects) {
  const std::string model = testing::build_tiny_tflite();
  build(model, R"(
    int work() { unsigned char* bytes = open_model(); int out = 0; { tflite::Held held = tflite::FlatBufferModel::BuildFromBuffer((const char*)bytes, sizeof(sealed), 0); out = held.model != 0; } wipe_model(bytes); return out; }
  )");
  if (HasFatalFailure()) return;
  EXPECT_EQ(work(), 1U);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].bytes, model);
  EXPECT_THAT(found[0].model.where, ::testing::HasSubstr("BuildFromBuffer"));
}

EACH_ENGINE_OF(ModelCallTrace, SeesDirectBuffersOfJava) {
  const std::string model = testing::build_tiny_tflite();
  build(model, R"(
    int work(void*** env) { unsigned char* bytes = open_model(); void* buffer = ((void* (*)(void*, void*, long))(*env)[229])(env, bytes, sizeof(sealed));
      int out = Java_org_tensorflow_lite_NativeInterpreterWrapper_createModelWithBuffer(env, 0, buffer, 0) != 0; wipe_model(bytes); return out; }
  )");
  if (HasFatalFailure()) return;
  EXPECT_EQ(work(), 1U);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].bytes, model);
  EXPECT_THAT(found[0].model.where, ::testing::EndsWith("createModelWithBuffer, argument 2"));
}

EACH_ENGINE_OF(ModelCallTrace, FindsTheSizeInTheModel) {
  build(std::string(kNcnnParam) + '\0', R"(
    int work() { unsigned char* bytes = open_model(); ncnn::Net net; int out = net.load_param_mem((const char*)bytes) == 0; wipe_model(bytes); return out; }
  )");
  if (HasFatalFailure()) return;
  EXPECT_EQ(work(), 1U);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].model.format, "ncnn_param");
  EXPECT_THAT(found[0].bytes, ::testing::StartsWith(kNcnnParam));
}

EACH_ENGINE_OF(ModelCallTrace, FindsTheSizeInTheResult) {
  std::string weights;
  for (int i = 0; i < 400; ++i) weights += static_cast<char>(i * 7 % 251);
  build(weights, R"(
    int work() { unsigned char* bytes = open_model(); ncnn::Net net; int out = net.load_model(bytes); wipe_model(bytes); return out; }
  )");
  if (HasFatalFailure()) return;
  EXPECT_EQ(work(), 300U);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].model.format, "ncnn_bin");
  EXPECT_EQ(found[0].bytes, weights.substr(0, 300));
}

// Two versions of one function: the arguments that hold a model are the ones that count.
EACH_ENGINE_OF(ModelCallTrace, TellsVersionsApart) {
  const std::string model = testing::build_tiny_tflite();
  build(model, R"(
    int work() { unsigned char* bytes = open_model(); void* out = 0; LiteRtCreateModelFromBuffer(bytes + 64, bytes, sizeof(sealed), &out); wipe_model(bytes); return out != 0; }
  )");
  if (HasFatalFailure()) return;
  EXPECT_EQ(work(), 1U);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].bytes, model);
  EXPECT_THAT(found[0].model.where, ::testing::EndsWith("argument 1"));
}

EACH_ENGINE_OF(ModelCallTrace, KeepsWhatNoReaderKnows) {
  build("a model of one's own making", R"(
    int work() { unsigned char* bytes = open_model(); int out = TfLiteModelCreate(bytes, sizeof(sealed)) != 0; wipe_model(bytes); return out; }
  )");
  if (HasFatalFailure()) return;
  EXPECT_EQ(work(), 1U);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].model.format, "unknown");
  EXPECT_EQ(found[0].bytes, "a model of one's own making");
}

EACH_ENGINE_OF(ModelCallTrace, BelievesNoArgument) {
  build("x", R"(
    int work() { char* bytes = (char*)malloc(100); ncnn::Net net; void* out = 0;
      TfLiteModelCreate(0, 100); TfLiteModelCreate(bytes, 0); TfLiteModelCreate(bytes, ~0ul); TfLiteModelCreate(bytes, 1ul << 40); TfLiteModelCreate((void*)8, 8);
      TfLiteModelCreate((void*)~7ul, 8); TfLiteModelCreate((void*)~7ul, 64); net.load_param_mem((const char*)16); net.load_param_mem((const char*)~0ul); net.load_param_mem("no model");
      net.load_model((const unsigned char*)24); LiteRtCreateModelFromBuffer(bytes, bytes, 100, &out); return times_loaded(); }
  )");
  if (HasFatalFailure()) return;
  EXPECT_EQ(work(), 12U);
  EXPECT_THAT(found, IsEmpty());
}

EACH_ENGINE_OF(ModelCallTrace, SurvivesThreadsThatTakeTheBufferAway) {
  build("x", R"(
    int pthread_create(unsigned long*, void*, void* (*)(void*), void*); int pthread_join(unsigned long, void**);
    void* mmap(void*, unsigned long, int, int, int, long); int munmap(void*, unsigned long);
    static const size_t kSize = 4 << 20; static char* block; static volatile int stop;
    static void* flicker(void*) { while (!stop) { munmap(block, kSize); mmap(block, kSize, 3, 0x32, -1, 0); } return 0; }
    int work() { unsigned long thread; block = (char*)mmap(0, kSize, 3, 0x22, -1, 0); if (pthread_create(&thread, 0, flicker, 0)) return 0;
      for (int i = 0; i < 60; ++i) { TfLiteModelCreate(block, kSize); ncnn::Net net; net.load_param_mem(block); }
      stop = 1; pthread_join(thread, 0); return times_loaded(); }
  )");
  if (HasFatalFailure()) return;
  EXPECT_EQ(work(), 120U);
}

EACH_ENGINE_OF(ModelCallTrace, LeavesTheUsersRulesAlone) {
  const std::string model = testing::build_tiny_tflite();
  auto rule = parse_capture_rule("so:libruntime.so!TfLiteModelCreate {in,len=arg1}");
  ASSERT_TRUE(rule);
  rules.push_back(*rule);
  build(model, R"(
    int work() { unsigned char* bytes = open_model(); int out = TfLiteModelCreate(bytes, sizeof(sealed)) != 0; wipe_model(bytes); return out; }
  )");
  if (HasFatalFailure()) return;
  tracer->note_libraries();
  EXPECT_EQ(work(), 1U);
  EXPECT_THAT(found, SizeIs(1));
  EXPECT_EQ(tracer->calls(), 1U);
}

}  // namespace
}  // namespace dl::guest
