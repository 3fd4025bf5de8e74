// SPDX-License-Identifier: Apache-2.0
// The library of an app against TensorFlow Lite on a desk, with the same kernels: numbers of floats
// within 1e-5 of the largest, of 8 bits within two of their steps.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <sstream>

#include "daylight/guest/engine/host_engine.h"
#include "tflite_on_guest.h"

namespace dl::guest {
namespace {

namespace fs = std::filesystem;

constexpr float kTolerance = 1e-5F;
constexpr float kSteps = 2;

// Writes the step of an output that comes out of 8 bits (0 for others), then all outputs.
constexpr const char* kProgram = R"(
import struct, sys, numpy
from ai_edge_litert.interpreter import Interpreter, OpResolverType
kind, model, data, out = sys.argv[1:]
resolver = OpResolverType.BUILTIN if kind == "xnnpack" else OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
run = Interpreter(model_path=model, num_threads=1, experimental_op_resolver_type=resolver)
plain = Interpreter(model_path=model, experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
run.allocate_tensors()
tensors = {each["index"]: each for each in plain.get_tensor_details()}
outputs = run.get_output_details()
step = 0.0
for each in plain._get_ops_details():
    if each["op_name"] == "DEQUANTIZE" and each["outputs"][0] == outputs[0]["index"]:
        step = tensors[each["inputs"][0]]["quantization"][0]
each = run.get_input_details()[0]
inputs = numpy.fromfile(data, each["dtype"]).reshape([-1] + list(each["shape"]))
with open(out, "wb") as file:
    file.write(struct.pack("<f", step))
    for one in inputs:
        run.set_tensor(each["index"], one)
        run.invoke()
        for output in outputs: file.write(run.get_tensor(output["index"]).tobytes())
)";

struct Desk {
  float step = 0;
  std::vector<float> outputs;
};

std::vector<float> floats_of(const std::string& bytes) {
  std::vector<float> out(bytes.size() / sizeof(float));
  std::memcpy(out.data(), bytes.data(), out.size() * sizeof(float));
  return out;
}

std::optional<Desk> on_a_desk(const Content& model, const std::string& inputs, bool xnnpack) {
  const testing::TemporaryFolder folder;
  const auto in_folder = [&](const char* name) { return (folder.path() / name).string(); };
  std::ofstream(in_folder("p.py")) << kProgram;
  std::ofstream(in_folder("in"), std::ios::binary) << inputs;
  std::ofstream(in_folder("m.tflite"), std::ios::binary)
      .write(reinterpret_cast<const char*>(model.bytes.data()),
             static_cast<std::streamsize>(model.bytes.size()));
  const std::string python = (fs::path(DAYLIGHT_PROJECT_DIR) / "third/venv/bin/python").string();
  if (!testing::run_command("'" + python + "' '" + in_folder("p.py") + "' " +
                            (xnnpack ? "xnnpack" : "builtin") + " '" + in_folder("m.tflite") +
                            "' '" + in_folder("in") + "' '" + in_folder("out") + "' 2>&1"))
    return std::nullopt;
  std::ostringstream out;
  out << std::ifstream(in_folder("out"), std::ios::binary).rdbuf();
  std::vector<float> all = floats_of(out.str());
  if (all.size() < 2) return std::nullopt;
  return Desk{all[0], {all.begin() + 1, all.end()}};
}

struct Case {
  const char* archive;
  const char* model;
};

class TfliteOnADesk : public ::testing::TestWithParam<Case> {
 protected:
  void compare(ElfMachine machine, const Content& library, const Content& model,
               const std::string& inputs, bool xnnpack) {
    const std::string name = std::string(machine == ElfMachine::kArm64 ? "arm64" : "host") +
                             (xnnpack ? ", XNNPACK" : "");
    const auto bytes = outputs_of(machine, library, model.bytes, {1, xnnpack});
    // Such a graph has no XNNPACK in the library, and on a desk quietly the built-in kernels.
    if (xnnpack && std::string(GetParam().model).starts_with("version-slim")) {
      ASSERT_FALSE(bytes);
      EXPECT_EQ(bytes.error().code, ErrorCode::kUnsupported) << describe(bytes.error());
      return;
    }
    ASSERT_TRUE(bytes) << name << ": " << describe(bytes.error());
    const auto desk = on_a_desk(model, inputs, xnnpack);
    ASSERT_TRUE(desk) << "the desk cannot run it";
    const std::vector<float> ours = floats_of(*bytes);
    ASSERT_EQ(ours.size(), desk->outputs.size()) << name;
    float largest = 0;
    float worst = 0;
    for (std::size_t i = 0; i < ours.size(); ++i) {
      ASSERT_TRUE(std::isfinite(ours[i])) << name;
      largest = std::max(largest, std::fabs(desk->outputs[i]));
      worst = std::max(worst, std::fabs(ours[i] - desk->outputs[i]));
    }
    const bool int8 = GetParam().model == kInt8Model;
    ASSERT_EQ(int8, desk->step > 0);
    EXPECT_GT(largest, 0.0F);
    // A step is a float itself.
    const float bound = int8 ? kSteps * desk->step * 1.001F : kTolerance * std::max(1.0F, largest);
    EXPECT_LE(worst, bound) << name;
    std::printf("  %s: largest %g, largest difference %g, bound %g\n", name.c_str(),
                static_cast<double>(largest), static_cast<double>(worst),
                static_cast<double>(bound));
  }
};

TEST_P(TfliteOnADesk, GivesTheSameNumbers) {
  const auto model = shared_model(GetParam().model);
  if (!model) GTEST_SKIP() << "no shared data";
  if (!fs::exists(fs::path(DAYLIGHT_PROJECT_DIR) / "third/venv/bin/python"))
    GTEST_SKIP() << "third/venv is not here: tools/bootstrap.sh";
  for (const ElfMachine machine : {ElfMachine::kArm64, kHostMachine}) {
    const auto library = published_library(std::string(abi_of(machine)), GetParam().archive);
    if (!library) GTEST_SKIP() << GetParam().archive << " is not here";
    const auto inputs = in_guest(
        machine, *library, [&](Guest& guest, const GuestLibrary& loaded) -> Result<std::string> {
          auto run = TRY(TfliteModel::load(guest, loaded, model->bytes, {}));
          return inputs_of(run);
        });
    if (!inputs && inputs.error().where == "sandbox")
      GTEST_SKIP() << "this machine has no sandbox: " << inputs.error().what;
    ASSERT_TRUE(inputs) << describe(inputs.error());
    for (const bool xnnpack : {false, true}) compare(machine, *library, *model, *inputs, xnnpack);
  }
}

std::vector<Case> cases() {
  std::vector<Case> out;
  for (const char* const archive : {kOlderLibrary, kNewerLibrary}) {
    for (const char* const model : kModels) out.push_back({archive, model});
    out.push_back({archive, kInt8Model});
  }
  return out;
}

INSTANTIATE_TEST_SUITE_P(Models, TfliteOnADesk, ::testing::ValuesIn(cases()));

}  // namespace
}  // namespace dl::guest
