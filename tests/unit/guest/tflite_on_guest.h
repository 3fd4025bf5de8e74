// SPDX-License-Identifier: Apache-2.0
// TensorFlow Lite as the sample app ships it, and models to run with it.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <random>
#include <string>

#include "daylight/base/file.h"
#include "daylight/format/archive/zip.h"
#include "daylight/guest/guest_process.h"
#include "daylight/guest/runtimes/tflite_library.h"
#include "support/shared_data.h"

namespace dl::guest {

// In the shared data's folder "models": floats, weights of 8 bits, and all of 8 bits.
inline constexpr const char* kModels[] = {"model_lite_age_nonq.tflite",
                                          "model_lite_gender_nonq.tflite",
                                          "model_age_q.tflite",
                                          "model_gender_q.tflite",
                                          "version-slim-320_without_postprocessing.tflite",
                                          "deeplabv3_257_mv_gpu.tflite",
                                          "windaayumelati-gender.tflite"};
inline constexpr const char* kLibrary = "libtensorflowlite_jni.so";

inline constexpr const char* kOlderLibrary = "third/mirror/tensorflow-lite-2.14.0.aar";
inline constexpr const char* kNewerLibrary = "third/download/tensorflow-lite-2.16.1.aar";
// All of 8 bits but for its input and output, in an app of the shared data.
inline constexpr const char* kInt8App = "apps/ra-faceapp.apk";
inline constexpr const char* kInt8Model = "assets/style_predict_quantized_256.tflite";

// A file of an archive; nothing where either is absent.
inline std::optional<Content> archived(const std::filesystem::path& path, const std::string& name) {
  auto file = MappedFile::open(path);
  if (!file) return std::nullopt;
  const auto archive = ZipArchive::open(file->bytes(), "archive");
  if (!archive) return std::nullopt;
  const ZipEntry* const entry = archive->find(name);
  if (entry == nullptr) return std::nullopt;
  const auto bytes = archive->read(*entry);
  if (!bytes) return std::nullopt;
  return Content::owned(std::vector<std::uint8_t>(bytes->bytes().begin(), bytes->bytes().end()));
}

// A model of the shared data: one of kModels, or kInt8Model.
inline std::optional<Content> shared_model(const std::string& name) {
  if (name == kInt8Model) {
    const auto app = testing::shared_data(kInt8App);
    return app ? archived(*app, kInt8Model) : std::nullopt;
  }
  const auto path = testing::shared_data("models/" + name);
  if (!path) return std::nullopt;
  const auto file = MappedFile::open(*path);
  if (!file) return std::nullopt;
  return Content::owned(std::vector<std::uint8_t>(file->bytes().begin(), file->bytes().end()));
}

// The library that the sample app ships, or of another archive.
inline std::optional<Content> published_library(const std::string& abi = "arm64-v8a",
                                                const char* archive = kOlderLibrary) {
  return archived(std::filesystem::path(DAYLIGHT_PROJECT_DIR) / archive,
                  "jni/" + abi + "/" + kLibrary);
}

// Bytes of `runs` inputs of a model with one float or byte tensor, the same for the same seed.
inline std::string random_inputs(std::uint64_t size, bool floats, int runs) {
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

// Runs `job` with the library loaded, in a jailed child.
inline Result<std::string> in_guest(
    ElfMachine machine, const Content& library,
    const std::function<Result<std::string>(Guest&, const GuestLibrary&)>& job) {
  GuestOptions options;
  options.machine = machine;
  options.libraries = [&](const std::string& name) -> std::optional<LibraryFile> {
    if (name != kLibrary) return std::nullopt;
    return LibraryFile{library, {name}, "/data/app/lib/" + name};
  };
  return run_in_guest_process({}, options, [&](Guest& guest) -> Result<std::string> {
    const GuestLibrary* const loaded = TRY(guest.load(kLibrary));
    return job(guest, *loaded);
  });
}

// Three inputs of the size that the model's one input has.
inline Result<std::string> inputs_of(TfliteModel& model) {
  const std::uint64_t size = model.input_sizes().at(0);
  return random_inputs(size, size % 4 == 0, 3);
}

// The outputs of three runs on this thread, one behind the other.
inline Result<std::string> run_model(Guest& guest, const GuestLibrary& loaded, ByteSpan model,
                                     const TfliteOptions& options = {}) {
  auto run = TRY(TfliteModel::load(guest, loaded, model, options));
  const std::uint64_t size = run.input_sizes().at(0);
  const std::string inputs = TRY(inputs_of(run));
  std::string out;
  for (std::uint64_t at = 0; at < inputs.size(); at += size) {
    const auto bytes = TRY(run.run(as_bytes(inputs).subspan(at, size)));
    out.append(bytes.begin(), bytes.end());
  }
  return out;
}

// The same in a jailed child.
inline Result<std::string> outputs_of(ElfMachine machine, const Content& library, ByteSpan model,
                                      const TfliteOptions& options = {}) {
  return in_guest(machine, library, [&](Guest& guest, const GuestLibrary& loaded) {
    return run_model(guest, loaded, model, options);
  });
}

}  // namespace dl::guest
