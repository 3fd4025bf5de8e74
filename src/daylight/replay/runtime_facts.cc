// SPDX-License-Identifier: Apache-2.0
// Says which libraries and which processor ran the numbers.
#include <png.h>
#include <webp/decode.h>

#include <cstddef>
#include <cstdio>
// jpeglib.h needs size_t and FILE declared first.
#include <jpeglib.h>

#include <opencv2/core/version.hpp>

#include "daylight/replay/replayer.h"
#include "daylight/replay/tflite_c_api.h"

namespace dl {
namespace {

#define DAYLIGHT_TEXT_OF(x) #x
#define DAYLIGHT_TEXT(x) DAYLIGHT_TEXT_OF(x)
constexpr const char* kJpegVersion = DAYLIGHT_TEXT(LIBJPEG_TURBO_VERSION);
#undef DAYLIGHT_TEXT
#undef DAYLIGHT_TEXT_OF

std::string webp_version() {
  const int version = WebPGetDecoderVersion();
  return std::to_string(version >> 16) + "." + std::to_string((version >> 8) & 0xff) + "." +
         std::to_string(version & 0xff);
}

// Features by which the inference libraries choose their kernels.
Json cpu_features() {
  Json features = Json::array();
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("sse4.1") != 0) features.push_back("sse4.1");
  if (__builtin_cpu_supports("avx") != 0) features.push_back("avx");
  if (__builtin_cpu_supports("fma") != 0) features.push_back("fma");
  if (__builtin_cpu_supports("avx2") != 0) features.push_back("avx2");
  if (__builtin_cpu_supports("avx512f") != 0) features.push_back("avx512f");
  if (__builtin_cpu_supports("avx512bw") != 0) features.push_back("avx512bw");
  if (__builtin_cpu_supports("avx512vnni") != 0) features.push_back("avx512vnni");
  if (__builtin_cpu_supports("avx512vbmi") != 0) features.push_back("avx512vbmi");
#endif
  return features;
}

const char* machine_name() {
#if defined(__x86_64__)
  return "x86_64";
#elif defined(__aarch64__)
  return "aarch64";
#else
  return "other";
#endif
}

bool has_face_crop(const Pipeline& pipeline) {
  return std::any_of(pipeline.steps.begin(), pipeline.steps.end(),
                     [](const Step& step) { return step.op == "face-crop"; });
}

}  // namespace

Json replay_runtime_facts(const Pipeline& pipeline, const ReplayOptions& options) {
  Json facts = Json::object();
  facts["tensorflow_lite"] = TfLiteVersion();
  facts["xnnpack"] = !options.reference_kernels;
  facts["interpreter_threads"] = 1;
  facts["libjpeg_turbo"] = kJpegVersion;
  facts["libpng"] = png_get_libpng_ver(nullptr);
  facts["libwebp"] = webp_version();
  facts["opencv"] = CV_VERSION;
  facts["machine"] = machine_name();
  facts["cpu_features"] = cpu_features();
  if (options.samples_are != "face-crops" && has_face_crop(pipeline)) {
    // Absent where its file is: the replay itself says so.
    if (auto finder = face_finder_facts(FaceFinderOptions())) facts["face_finder"] = *finder;
  }
  return facts;
}

}  // namespace dl
