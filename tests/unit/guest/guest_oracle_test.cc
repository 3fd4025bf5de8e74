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

struct Case {
  const char* archive;
  const char* model;
  bool xnnpack;
};

// The program for arm64 in qemu, on files of its own.
class Oracle {
 public:
  Oracle(const Content& library, const Content& model) {
    write("lib.so", library.bytes);
    write("model", model.bytes);
  }
  // The size of the model's input.
  std::optional<std::uint64_t> input_size() const {
    const auto out = run("size " + path("lib.so") + " " + path("model"));
    return out ? std::optional<std::uint64_t>(std::stoull(*out)) : std::nullopt;
  }
  // The outputs; nothing where it refuses.
  std::optional<std::string> outputs(const std::string& inputs, bool xnnpack) const {
    write("in", as_bytes(inputs));
    const auto done = run(std::string(xnnpack ? "xnnpack " : "tflite ") + path("lib.so") + " " +
                          path("model") + " " + path("in") + " " + path("out"));
    return done ? std::optional<std::string>(bytes_of(folder_.path() / "out")) : std::nullopt;
  }

 private:
  std::string path(const char* name) const { return "'" + (folder_.path() / name).string() + "'"; }
  void write(const char* name, ByteSpan bytes) const {
    std::ofstream(folder_.path() / name, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  }
  static std::optional<std::string> run(const std::string& arguments) {
    return testing::run_command("qemu-aarch64-static -cpu cortex-a76 " DAYLIGHT_GUEST_ORACLE " " +
                                arguments);
  }

  testing::TemporaryFolder folder_;
};

class ArmEngine : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(DAYLIGHT_GUEST_ORACLE))
      GTEST_SKIP() << "the target guest_oracle is not built";
    if (!testing::run_command("command -v qemu-aarch64-static"))
      GTEST_SKIP() << "qemu-user-static is absent";
    library = published_library("arm64-v8a", GetParam().archive);
    if (!library) GTEST_SKIP() << GetParam().archive << " is not here";
    model = shared_model(GetParam().model);
    if (!model) GTEST_SKIP() << "no shared data";
  }

  std::optional<Content> library;
  std::optional<Content> model;
};

TEST_P(ArmEngine, EqualsQemuBitForBit) {
  const bool xnnpack = GetParam().xnnpack;
  const auto ours = outputs_of(ElfMachine::kArm64, *library, model->bytes, {1, xnnpack});
  if (!ours && ours.error().where == "sandbox")
    GTEST_SKIP() << "this machine has no sandbox: " << ours.error().what;
  const Oracle oracle(*library, *model);
  const auto size = oracle.input_size();
  ASSERT_TRUE(size) << "the oracle fails";
  const auto theirs = oracle.outputs(random_inputs(*size, *size % 4 == 0, 3), xnnpack);
  // The library refuses a graph whose shapes change, on either processor.
  if (xnnpack && std::string(GetParam().model).starts_with("version-slim")) {
    ASSERT_FALSE(ours);
    EXPECT_EQ(ours.error().code, ErrorCode::kUnsupported) << describe(ours.error());
    EXPECT_FALSE(theirs);
    return;
  }
  ASSERT_TRUE(ours) << describe(ours.error());
  ASSERT_TRUE(theirs) << "the oracle fails";
  ASSERT_FALSE(theirs->empty());
  ASSERT_EQ(ours->size(), theirs->size());
  EXPECT_TRUE(*ours == *theirs);
}

std::vector<Case> cases() {
  std::vector<Case> out;
  for (const char* const archive : {kOlderLibrary, kNewerLibrary}) {
    for (const bool xnnpack : {false, true}) {
      for (const char* const model : kModels) out.push_back({archive, model, xnnpack});
      out.push_back({archive, kInt8Model, xnnpack});
    }
  }
  return out;
}

INSTANTIATE_TEST_SUITE_P(Models, ArmEngine, ::testing::ValuesIn(cases()));

}  // namespace
}  // namespace dl::guest
