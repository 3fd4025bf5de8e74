// SPDX-License-Identifier: Apache-2.0
// TensorFlow Lite's own libraries, for arm64 and x86-64, run real models.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "tflite_on_guest.h"

namespace dl::guest {
namespace {

class PrintedEvents : public GuestEvents {
 public:
  void lookup(const GuestLookup& lookup) override {
    std::printf("  %s %s: %s %s\n", name_of(lookup.what), lookup.name.c_str(),
                lookup.found ? "found" : "absent", lookup.answer.c_str());
  }
  void log(int priority, std::string_view tag, std::string_view text) override {
    std::printf("  log %d %.*s: %.*s\n", priority, static_cast<int>(tag.size()), tag.data(),
                static_cast<int>(text.size()), text.data());
  }
};

// What ai-edge-litert 2.3.0 with its built-in kernels answers to the input below.
constexpr float kAgeOnADesk = 0.6957084F;

TEST(GuestTflite, RunsAnAgeModel) {
  const auto library = published_library();
  if (!library) GTEST_SKIP() << "the sample app's libraries are not here";
  const auto path = testing::shared_data("models/model_lite_age_nonq.tflite");
  if (!path) GTEST_SKIP() << "no shared data";
  const auto model = MappedFile::open(*path);
  ASSERT_TRUE(model);
  PrintedEvents events;
  GuestOptions options;
  options.events = &events;
  options.libraries = [&](const std::string& name) -> std::optional<LibraryFile> {
    if (name != "libtensorflowlite_jni.so") return std::nullopt;
    return LibraryFile{*library, {name}, "/data/app/lib/arm64/" + name};
  };
  const auto guest = Guest::create(options);
  ASSERT_TRUE(guest) << guest.error().what;
  const auto loaded = (*guest)->load("libtensorflowlite_jni.so");
  ASSERT_TRUE(loaded) << describe(loaded.error());
  for (const MissingImport& missing : (*guest)->loader().missing())
    std::printf("missing %s\n", missing.name.c_str());
  auto run = TfliteModel::load(**guest, **loaded, model->bytes(), {});
  ASSERT_TRUE(run) << describe(run.error());
  EXPECT_EQ(run->version(), "2.14.0");
  ASSERT_EQ(run->input_sizes().size(), 1U);
  std::vector<float> input(run->input_sizes()[0] / 4);
  for (std::size_t i = 0; i < input.size(); ++i) input[i] = static_cast<float>(i % 255) / 255.0F;
  std::vector<std::uint8_t> bytes(input.size() * 4);
  std::memcpy(bytes.data(), input.data(), bytes.size());
  const auto output = run->run(bytes);
  ASSERT_TRUE(output) << describe(output.error());
  ASSERT_EQ(output->size(), 4U);
  float age = 0;
  std::memcpy(&age, output->data(), 4);
  EXPECT_NEAR(age, kAgeOnADesk, 1e-5F);
}

class TfliteOnBothEngines : public ::testing::TestWithParam<const char*> {};

// Other instructions, other order of sums: not the same bits, but the same numbers.
TEST_P(TfliteOnBothEngines, Agree) {
  const auto arm64 = published_library("arm64-v8a");
  const auto host = published_library("x86_64");
  if (!arm64 || !host) GTEST_SKIP() << "the sample app's libraries are not here";
  const auto path = testing::shared_data(std::string("models/") + GetParam());
  if (!path) GTEST_SKIP() << "no shared data";
  const auto model = MappedFile::open(*path);
  ASSERT_TRUE(model);
  const auto translated = outputs_of(ElfMachine::kArm64, *arm64, model->bytes());
  if (!translated && translated.error().where == "sandbox")
    GTEST_SKIP() << "this machine has no sandbox: " << translated.error().what;
  ASSERT_TRUE(translated) << describe(translated.error());
  const auto native = outputs_of(ElfMachine::kX86_64, *host, model->bytes());
  ASSERT_TRUE(native) << describe(native.error());
  ASSERT_EQ(translated->size(), native->size());
  ASSERT_EQ(translated->size() % 4, 0U);
  float largest = 0;
  float worst = 0;
  for (std::size_t at = 0; at < translated->size(); at += 4) {
    float one = 0;
    float other = 0;
    std::memcpy(&one, translated->data() + at, 4);
    std::memcpy(&other, native->data() + at, 4);
    ASSERT_TRUE(std::isfinite(one) && std::isfinite(other));
    largest = std::max(largest, std::fabs(one));
    worst = std::max(worst, std::fabs(one - other));
  }
  EXPECT_GT(largest, 0.0F);
  EXPECT_LE(worst, 1e-5F * std::max(1.0F, largest));
  std::printf("  largest %g, largest difference %g, of %zu\n", static_cast<double>(largest),
              static_cast<double>(worst), translated->size() / 4);
}

INSTANTIATE_TEST_SUITE_P(Models, TfliteOnBothEngines, ::testing::ValuesIn(kModels));

}  // namespace
}  // namespace dl::guest
