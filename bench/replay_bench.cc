// SPDX-License-Identifier: Apache-2.0
// CPU time of each part of replaying an age model on faces, per picture, as one JSON object;
// replay_bench.py runs it.
#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <functional>
#include <vector>

#include "daylight/base/file.h"
#include "daylight/replay/image_codec.h"
#include "daylight/replay/image_ops.h"
#include "daylight/replay/model_runner.h"
#include "daylight/replay/resize_kernels.h"
#include "daylight/replay/tensor_ops.h"

namespace dl {
namespace {

constexpr int kSide = 200;
constexpr std::array<float, 1> kMean = {0.0F};
constexpr std::array<float, 1> kStd = {255.0F};

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// Microseconds of CPU time for each of `count` calls.
double each(std::size_t count, const std::function<void(std::size_t)>& work) {
  const double start = cpu_seconds();
  for (std::size_t i = 0; i < count; ++i) work(i);
  return (cpu_seconds() - start) * 1e6 / static_cast<double>(count);
}

Result<std::vector<MappedFile>> open_faces(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  std::vector<MappedFile> files;
  for (const auto& path : paths) files.push_back(TRY(MappedFile::open(path)));
  return files;
}

Result<void> measure(const std::filesystem::path& faces, const std::filesystem::path& model) {
  const auto files = TRY(open_faces(faces));
  const auto opened = TRY(open_tflite(TRY(MappedFile::open(model)), model.string()));
  const auto runner = TRY(opened->make_runner({}));
  const std::size_t count = files.size();
  std::vector<Image> images(count);
  Image resized;
  Tensor packed;
  Tensor tensor;
  std::vector<Tensor> outputs;
  const std::array<const Tensor*, 1> inputs = {&tensor};
  const auto decode = [&](std::size_t i) {
    images[i] = std::move(decode_image(files[i].bytes(), "")->image);
  };
  const auto normalize = [&](std::size_t) {
    image_to_tensor(resized, ChannelOrder::kRgb, ElementType::kFloat32, packed);
    normalize_tensor(packed, kMean, kStd, tensor);
  };
  const auto infer = [&](std::size_t) { static_cast<void>(runner->run(inputs, outputs)); };
  const auto pil = [&](std::size_t i) { resize_pil_bilinear(images[i], kSide, kSide, resized); };
  const auto android = [&](std::size_t i) {
    resize_android_bilinear(images[i], kSide, kSide, resized);
  };
  each(count, decode);  // warm: pages, storage
  const double decode_us = each(count, decode);
  const double android_us = each(count, android);
  const double pil_us = each(count, pil);
  const double normalize_us = each(count, normalize);
  each(20, infer);
  const double model_us = each(200, infer);
  const double whole_us = each(count, [&](std::size_t i) {
    decode(i);
    pil(i);
    normalize(i);
    infer(i);
  });
  std::printf(
      "{\"pictures\": %zu, \"decode\": %.2f, \"resize\": %.2f, \"android\": %.2f, "
      "\"normalize\": %.2f, \"model\": %.2f, \"whole\": %.2f}\n",
      count, decode_us, pil_us, android_us, normalize_us, model_us, whole_us);
  return {};
}

}  // namespace
}  // namespace dl

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: replay_bench FACES_FOLDER AGE_MODEL\n");
    return 2;
  }
  const auto done = dl::measure(argv[1], argv[2]);
  if (done) return 0;
  std::fprintf(stderr, "replay_bench: %s\n", dl::describe(done.error()).c_str());
  return 2;
}
