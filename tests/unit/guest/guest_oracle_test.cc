// SPDX-License-Identifier: Apache-2.0
// The arm64 engine against qemu: the same library, system and inputs on another processor, bit for
// bit.
#include <fstream>
#include <sstream>

#include "tflite_on_guest.h"

namespace dl::guest {
namespace {

std::string bytes_of(const std::filesystem::path& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

class ArmEngine : public ::testing::TestWithParam<const char*> {};

TEST_P(ArmEngine, EqualsQemuBitForBit) {
  if (!std::filesystem::exists(DAYLIGHT_GUEST_ORACLE))
    GTEST_SKIP() << "the target guest_oracle is not built";
  if (!testing::run_command("command -v qemu-aarch64-static"))
    GTEST_SKIP() << "qemu-user-static is absent";
  const auto library = published_library("arm64-v8a");
  if (!library) GTEST_SKIP() << "the sample app's libraries are not here";
  const auto path = testing::shared_data(std::string("models/") + GetParam());
  if (!path) GTEST_SKIP() << "no shared data";
  const auto model = MappedFile::open(*path);
  ASSERT_TRUE(model);
  const auto ours = outputs_of(ElfMachine::kArm64, *library, model->bytes());
  if (!ours && ours.error().where == "sandbox")
    GTEST_SKIP() << "this machine has no sandbox: " << ours.error().what;
  ASSERT_TRUE(ours) << describe(ours.error());
  const testing::TemporaryFolder folder;
  std::ofstream(folder.path() / "lib.so", std::ios::binary)
      .write(reinterpret_cast<const char*>(library->bytes.data()),
             static_cast<std::streamsize>(library->bytes.size()));
  const auto size =
      testing::run_command("qemu-aarch64-static -cpu cortex-a76 " DAYLIGHT_GUEST_ORACLE " size '" +
                           (folder.path() / "lib.so").string() + "' '" + path->string() + "'");
  ASSERT_TRUE(size);
  const std::uint64_t bytes = std::stoull(*size);
  std::ofstream(folder.path() / "in", std::ios::binary) << random_inputs(bytes, bytes % 4 == 0, 3);
  const auto done = testing::run_command(
      "qemu-aarch64-static -cpu cortex-a76 " DAYLIGHT_GUEST_ORACLE " tflite '" +
      (folder.path() / "lib.so").string() + "' '" + path->string() + "' '" +
      (folder.path() / "in").string() + "' '" + (folder.path() / "out").string() + "'");
  ASSERT_TRUE(done) << "the oracle fails";
  const std::string theirs = bytes_of(folder.path() / "out");
  ASSERT_EQ(ours->size(), theirs.size());
  EXPECT_TRUE(*ours == theirs);
}

INSTANTIATE_TEST_SUITE_P(Models, ArmEngine, ::testing::ValuesIn(kModels));

}  // namespace
}  // namespace dl::guest
