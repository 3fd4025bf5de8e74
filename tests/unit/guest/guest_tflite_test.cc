// SPDX-License-Identifier: Apache-2.0
// TensorFlow Lite's own libraries, for arm64 and x86-64, run real models.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <random>

#include "daylight/base/file.h"
#include "daylight/format/archive/zip.h"
#include "daylight/guest/guest_process.h"
#include "daylight/guest/runtimes/tflite_library.h"
#include "support/shared_data.h"

namespace dl::guest {
namespace {

constexpr const char* kLibrary = "libtensorflowlite_jni.so";

// The library that the sample app ships.
std::optional<Content> published_library(const std::string& abi = "arm64-v8a") {
  const std::filesystem::path aar =
      std::filesystem::path(DAYLIGHT_PROJECT_DIR) / "third/mirror/tensorflow-lite-2.14.0.aar";
  auto file = MappedFile::open(aar);
  if (!file) return std::nullopt;
  const auto archive = ZipArchive::open(file->bytes(), "aar");
  if (!archive) return std::nullopt;
  const ZipEntry* const entry = archive->find("jni/" + abi + "/" + kLibrary);
  if (entry == nullptr) return std::nullopt;
  const auto bytes = archive->read(*entry);
  if (!bytes) return std::nullopt;
  return Content::owned(std::vector<std::uint8_t>(bytes->bytes().begin(), bytes->bytes().end()));
}

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
  auto run = TfliteModel::load(**guest, **loaded, model->bytes(), 1);
  ASSERT_TRUE(run) << describe(run.error());
  EXPECT_EQ(run->version(), "2.14.0");
  ASSERT_EQ(run->input_sizes().size(), 1U);
  std::vector<float> input(run->input_sizes()[0] / 4);
  for (std::size_t i = 0; i < input.size(); ++i) input[i] = static_cast<float>(i % 255) / 255.0F;
  std::vector<std::uint8_t> bytes(input.size() * 4);
  std::memcpy(bytes.data(), input.data(), bytes.size());
  const auto output = run->run(bytes);
  ASSERT_TRUE(output) << describe(output.error());
  ASSERT_GE(output->size(), 4U);
  float first = 0;
  std::memcpy(&first, output->data(), 4);
  EXPECT_TRUE(std::isfinite(first));
  std::printf("first output %f of %zu bytes\n", static_cast<double>(first), output->size());
}

// Bytes of `runs` inputs of a model with one float or byte tensor, the same for the same seed.
std::string random_inputs(std::uint64_t size, bool floats, int runs) {
  std::mt19937 random(17);
  std::string out;
  while (out.size() < size * static_cast<std::uint64_t>(runs)) {
    if (floats) {
      const float value = static_cast<float>(random() % 4096) / 4096.0F;
      out.append(reinterpret_cast<const char*>(&value), sizeof(value));
    } else {
      out.push_back(static_cast<char>(random() & 0xffU));
    }
  }
  return out;
}

// The outputs of three runs, one behind the other, in a jailed child.
Result<std::string> outputs_of(ElfMachine machine, const Content& library, ByteSpan model) {
  GuestOptions options;
  options.machine = machine;
  options.libraries = [&](const std::string& name) -> std::optional<LibraryFile> {
    if (name != kLibrary) return std::nullopt;
    return LibraryFile{library, {name}, "/data/app/lib/" + name};
  };
  return run_in_guest_process({}, options, [&](Guest& guest) -> Result<std::string> {
    const GuestLibrary* const loaded = TRY(guest.load(kLibrary));
    auto run = TRY(TfliteModel::load(guest, *loaded, model, 1));
    const std::uint64_t size = run.input_sizes().at(0);
    const std::string inputs = random_inputs(size, size % 4 == 0, 3);
    std::string out;
    for (std::uint64_t at = 0; at < inputs.size(); at += size) {
      const auto bytes =
          TRY(run.run(ByteSpan(reinterpret_cast<const std::uint8_t*>(inputs.data()) + at, size)));
      out.append(bytes.begin(), bytes.end());
    }
    return out;
  });
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

INSTANTIATE_TEST_SUITE_P(Models, TfliteOnBothEngines,
                         ::testing::Values("model_lite_age_nonq.tflite",
                                           "model_lite_gender_nonq.tflite", "model_age_q.tflite",
                                           "model_gender_q.tflite",
                                           "version-slim-320_without_postprocessing.tflite",
                                           "deeplabv3_257_mv_gpu.tflite",
                                           "windaayumelati-gender.tflite"));

}  // namespace
}  // namespace dl::guest
