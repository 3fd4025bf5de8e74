// SPDX-License-Identifier: Apache-2.0
// PyTorch's and OpenCV's libraries for phones, driven through their native methods, against the
// same models on a desk.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <functional>
#include <random>
#include <sstream>

#include "daylight/base/file.h"
#include "daylight/guest/engine/host_engine.h"
#include "daylight/guest/guest_process.h"
#include "daylight/guest/library_files.h"
#include "daylight/guest/native_call.h"
#include "daylight/guest/runtimes/pytorch_module.h"
#include "support/shared_data.h"

namespace dl::guest {
namespace {

namespace fs = std::filesystem;

const fs::path kThird = fs::path(DAYLIGHT_PROJECT_DIR) / "third";
constexpr float kTolerance = 1e-4F;

std::vector<float> random_floats(std::size_t count) {
  std::mt19937 random(23);
  std::vector<float> out;
  while (out.size() < count) out.push_back(static_cast<float>(random() % 4096) / 2048.0F - 1.0F);
  return out;
}

std::string bytes_of(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

std::vector<float> floats_of(const std::string& bytes) {
  std::vector<float> out(bytes.size() / sizeof(float));
  std::memcpy(out.data(), bytes.data(), out.size() * sizeof(float));
  return out;
}

// What a Python program makes of the floats, as floats; nothing where it cannot run. It gets the
// paths of the model, the inputs and the answer.
std::optional<std::vector<float>> on_a_desk(const std::string& python, const std::string& program,
                                            const fs::path& model, const std::string& inputs) {
  const testing::TemporaryFolder folder;
  std::ofstream(folder.path() / "p.py") << program;
  std::ofstream(folder.path() / "in", std::ios::binary) << inputs;
  if (!testing::run_command(python + " '" + (folder.path() / "p.py").string() + "' '" +
                            model.string() + "' '" + (folder.path() / "in").string() + "' '" +
                            (folder.path() / "out").string() + "' 2>&1"))
    return std::nullopt;
  std::ostringstream out;
  out << std::ifstream(folder.path() / "out", std::ios::binary).rdbuf();
  return floats_of(out.str());
}

void expect_near(const std::vector<float>& ours, const std::vector<float>& theirs) {
  ASSERT_EQ(ours.size(), theirs.size());
  ASSERT_FALSE(ours.empty());
  float worst = 0;
  for (std::size_t i = 0; i < ours.size(); ++i)
    worst = std::max(worst, std::fabs(ours[i] - theirs[i]));
  EXPECT_LE(worst, kTolerance);
}

// Runs `job` in a jailed child, with libraries of an archive loaded and started in this order, and
// a model as the app's asset "model".
Result<std::string> with_libraries(const fs::path& archive,
                                   const std::vector<std::string>& libraries, ElfMachine machine,
                                   const fs::path& model,
                                   const std::function<Result<std::string>(Guest&)>& job) {
  const LibraryFiles files =
      TRY(LibraryFiles::open(archive.string() + "!" + libraries.back(), {}, machine));
  const auto bytes = std::make_shared<MappedFile>(TRY(MappedFile::open(model)));
  GuestOptions options;
  options.machine = machine;
  options.libraries = [&](const std::string& name) { return files.find(name); };
  options.app.entry = [&](const std::string& name) -> std::optional<AppEntry> {
    if (name != "assets/model") return std::nullopt;
    return AppEntry{{bytes->bytes(), bytes}, false};
  };
  GuestProcessOptions process;
  process.read_only.push_back(archive.parent_path());
  return run_in_guest_process(process, options, [&](Guest& guest) -> Result<std::string> {
    for (const std::string& name : libraries) {
      const GuestLibrary* const loaded = TRY(guest.load(name));
      const auto started = guest.run_on_load(*loaded);
      if (!started) return fail(ErrorCode::kCorrupt, words_of(started.error()), name);
    }
    return job(guest);
  });
}

class MobileRuntimes : public ::testing::TestWithParam<ElfMachine> {};

// ---- PyTorch ----

struct PytorchCase {
  const char* model;
  std::vector<std::int64_t> shape;
  bool categories;  // an input of no columns before it
};

TEST_P(MobileRuntimes, PytorchLiteAnswersAsOnADesk) {
  const fs::path archive = kThird / "download/pytorch_android_lite-1.12.2.aar";
  if (!fs::exists(archive)) GTEST_SKIP() << "tools/bootstrap.sh third --guests";
  if (!testing::run_command("/usr/bin/python3 -c 'import torch' 2>&1"))
    GTEST_SKIP() << "python3-torch is absent";
  const std::vector<PytorchCase> cases = {{"rowan-tabular.ptl", {1, 3}, true},
                                          {"dynamic.ptl", {1, 6, 1, 200}, false}};
  for (const PytorchCase& each : cases) {
    const auto model = testing::shared_data(std::string("models/") + each.model);
    if (!model) GTEST_SKIP() << "no shared data";
    std::int64_t count = 1;
    std::string shape;
    for (const std::int64_t side : each.shape) {
      count *= side;
      shape += std::to_string(side) + ",";
    }
    const std::vector<float> input = random_floats(static_cast<std::size_t>(count));
    const auto answer = with_libraries(
        archive, {"libfbjni.so", "libpytorch_jni_lite.so"}, GetParam(), *model,
        [&](Guest& guest) -> Result<std::string> {
          PytorchModule module = TRY(PytorchModule::load(guest, "model"));
          const std::string bytes = bytes_of(input);
          std::vector<PytorchTensor> inputs;
          if (each.categories) inputs.push_back({PytorchType::kInt64, {1, 0}, {}});
          inputs.push_back({PytorchType::kFloat32, each.shape, {bytes.begin(), bytes.end()}});
          const auto outputs = TRY(module.forward(inputs));
          return std::string(outputs.at(0).bytes.begin(), outputs.at(0).bytes.end());
        });
    if (!answer && answer.error().where == "sandbox") GTEST_SKIP() << answer.error().what;
    ASSERT_TRUE(answer) << describe(answer.error());
    const auto desk =
        on_a_desk("/usr/bin/python3",
                  "import sys, torch\n"
                  "import torch.jit.mobile as mobile\n"
                  "module = mobile._load_for_lite_interpreter(sys.argv[1])\n"
                  "data = bytearray(open(sys.argv[2], 'rb').read())\n"
                  "x = torch.frombuffer(data, dtype=torch.float32).reshape((" +
                      shape + "))\n" +
                      (each.categories ? "y = module(torch.zeros((1, 0), dtype=torch.int64), x)\n"
                                       : "y = module(x)\n") +
                      "open(sys.argv[3], 'wb').write(y.numpy().tobytes())\n",
                  *model, bytes_of(input));
    ASSERT_TRUE(desk) << each.model;
    expect_near(floats_of(*answer), *desk);
  }
}

// ---- OpenCV ----

// A matrix of OpenCV's with these sides, filled.
Result<JavaValue> new_matrix(Guest& guest, const std::vector<std::int32_t>& sides, int type,
                             std::string_view bytes) {
  OwnJavaWorld& world = guest.java();
  const JavaReference array = world.new_array('I', 0, sides.size());
  const std::uint64_t at = world.pin(array);
  std::memcpy(reinterpret_cast<void*>(at), sides.data(), 4 * sides.size());
  world.unpin(array, at, true);
  const std::string owner = "org/opencv/core/Mat";
  const JavaReference klass = world.find_class(owner);
  const JavaValue shape[] = {JavaValue::integer('I', static_cast<std::int64_t>(sides.size())),
                             JavaValue::reference(array), JavaValue::integer('I', type)};
  const JavaValue matrix =
      TRY(call_java_native(guest, {owner, "n_Mat", "(I[II)J", true, false}, klass, shape));
  const JavaValue data = TRY(call_java_native(guest, {owner, "n_dataAddr", "(J)J", true, false},
                                              klass, std::span(&matrix, 1)));
  if (!guest.arena().allows(data.bits, bytes.size(), kPageWrite))
    return fail(ErrorCode::kCorrupt, "has no room for its elements", owner);
  std::memcpy(reinterpret_cast<void*>(data.bits), bytes.data(), bytes.size());
  return matrix;
}

Result<std::string> forward(Guest& guest, std::string_view model, const std::vector<float>& input,
                            const std::string& output) {
  OwnJavaWorld& world = guest.java();
  const auto call = [&](const std::string& owner, const std::string& name,
                        const std::string& signature, std::vector<JavaValue> arguments) {
    return call_java_native(guest, {owner, name, signature, true, false}, world.find_class(owner),
                            arguments);
  };
  constexpr int kBytes = 0;   // CV_8U
  constexpr int kFloats = 5;  // CV_32F
  const JavaValue file =
      TRY(new_matrix(guest, {static_cast<std::int32_t>(model.size()), 1}, kBytes, model));
  const JavaValue net = TRY(call("org/opencv/dnn/Dnn", "readNetFromONNX_1", "(J)J", {file}));
  const JavaValue blob = TRY(new_matrix(guest, {1, 3, 240, 320}, kFloats, bytes_of(input)));
  TRY_VOID(call("org/opencv/dnn/Net", "setInput_3", "(JJ)V", {net, blob}));
  const JavaValue answer = TRY(call("org/opencv/dnn/Net", "forward_0", "(JLjava/lang/String;)J",
                                    {net, JavaValue::reference(world.new_text(output))}));
  const JavaValue count = TRY(call("org/opencv/core/Mat", "n_total", "(J)J", {answer}));
  const JavaValue data = TRY(call("org/opencv/core/Mat", "n_dataAddr", "(J)J", {answer}));
  const auto bytes = guest.arena().copy(data.bits, 4 * count.bits);
  if (!bytes) return fail(ErrorCode::kCorrupt, "the answer cannot be read", "forward");
  return std::string(bytes->begin(), bytes->end());
}

TEST_P(MobileRuntimes, OpencvDnnAnswersAsOnADesk) {
  const fs::path archive = kThird / "download/opencv-4.9.0.aar";
  const auto model = testing::shared_data("models/version-slim-320_simplified.onnx");
  if (!fs::exists(archive)) GTEST_SKIP() << "tools/bootstrap.sh third --guests";
  if (!model) GTEST_SKIP() << "no shared data";
  const std::string python = (kThird / "venv/bin/python").string();
  if (!testing::run_command(python + " -c 'import cv2' 2>&1"))
    GTEST_SKIP() << "OpenCV for Python is absent";
  const std::vector<float> input = random_floats(std::size_t{3} * 240 * 320);
  const auto bytes = read_file(*model, std::uint64_t{64} << 20);
  ASSERT_TRUE(bytes);
  for (const std::string output : {"scores", "boxes"}) {
    const auto answer =
        with_libraries(archive, {"libopencv_java4.so"}, GetParam(), *model,
                       [&](Guest& guest) { return forward(guest, *bytes, input, output); });
    if (!answer && answer.error().where == "sandbox") GTEST_SKIP() << answer.error().what;
    ASSERT_TRUE(answer) << describe(answer.error());
    const auto desk =
        on_a_desk(python,
                  "import sys, cv2, numpy\n"
                  "net = cv2.dnn.readNetFromONNX(sys.argv[1])\n"
                  "net.setInput(numpy.fromfile(sys.argv[2], 'float32').reshape(1, 3, 240, 320))\n"
                  "net.forward('" +
                      output + "').astype('float32').tofile(sys.argv[3])\n",
                  *model, bytes_of(input));
    ASSERT_TRUE(desk);
    expect_near(floats_of(*answer), *desk);
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, MobileRuntimes,
                         ::testing::Values(ElfMachine::kArm64, kHostMachine), [](const auto& each) {
                           return std::string(each.param == ElfMachine::kArm64 ? "arm64" : "host");
                         });

}  // namespace
}  // namespace dl::guest
