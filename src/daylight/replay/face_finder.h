// SPDX-License-Identifier: Apache-2.0
// Finds upright frontal faces with OpenCV's Haar cascade: what stands in for a face finder that an
// app gets from its phone.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "daylight/base/json.h"
#include "daylight/replay/image_ops.h"

namespace dl {

// How the cascade is run; docs/design/replay.md says what these values were measured to do.
struct FaceFinderOptions {
  std::string cascade = "haarcascade_frontalface_alt2.xml";  // of Debian's opencv-data
  std::filesystem::path folder = "/usr/share/opencv4/haarcascades";
  double scale_factor = 1.1;
  int min_neighbors = 3;
  double min_side = 1.0 / 8.0;  // of the picture's shorter side
  // The border's pixels are repeated around the picture, this part of the shorter side wide: the
  // cascade wants some background around a face, and a picture that was cut close has none.
  double border = 0.25;
  int max_side = 640;  // larger pictures are shrunk (area mean) before the search
};

// Where the eyes of a frontal face lie in the cascade's square, as parts of its side: the mid-point
// between the eyes is in the middle across, kEyeLine from the top, and the eyes are kEyeDistance
// apart. Medians over faces in which OpenCV's own eye cascade found two eyes
// (docs/design/replay.md).
inline constexpr double kEyeLine = 0.35;
inline constexpr double kEyeDistance = 0.44;

// Not thread safe: one for each thread.
class FaceFinder {
 public:
  // kNotFound if the cascade's file is absent, with the package that has it; kCorrupt if it is not
  // one.
  static Result<std::unique_ptr<FaceFinder>> open(const FaceFinderOptions& options);

  virtual ~FaceFinder() = default;
  // Squares around faces, from left to right, then from top to bottom. They may reach over the
  // picture's border.
  virtual Result<std::vector<PixelBox>> find(const Image& image) = 0;
};

// The options and the cascade's digest, for provenance.
Result<Json> face_finder_facts(const FaceFinderOptions& options);

}  // namespace dl
