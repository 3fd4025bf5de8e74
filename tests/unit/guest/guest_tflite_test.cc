// SPDX-License-Identifier: Apache-2.0
// TensorFlow Lite's own arm64 library runs real models.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>

#include "daylight/base/file.h"
#include "daylight/format/archive/zip.h"
#include "daylight/guest/runtimes/tflite_library.h"
#include "support/shared_data.h"

namespace dl::guest {
namespace {

// The library that the sample app ships.
std::optional<Content> published_library() {
  const std::filesystem::path aar =
      std::filesystem::path(DAYLIGHT_PROJECT_DIR) / "third/mirror/tensorflow-lite-2.14.0.aar";
  auto file = MappedFile::open(aar);
  if (!file) return std::nullopt;
  const auto archive = ZipArchive::open(file->bytes(), "aar");
  if (!archive) return std::nullopt;
  const ZipEntry* const entry = archive->find("jni/arm64-v8a/libtensorflowlite_jni.so");
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

}  // namespace
}  // namespace dl::guest
