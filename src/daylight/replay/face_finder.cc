// SPDX-License-Identifier: Apache-2.0
// Runs OpenCV's cascade classifier on one thread and keeps its exceptions in.
#include "daylight/replay/face_finder.h"

#include <algorithm>
#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>
#include <tuple>

#include "daylight/base/file.h"

namespace dl {
namespace {

class HaarFaceFinder final : public FaceFinder {
 public:
  HaarFaceFinder(cv::CascadeClassifier cascade, FaceFinderOptions options)
      : cascade_(std::move(cascade)), options_(std::move(options)) {}

  Result<std::vector<PixelBox>> find(const Image& image) override {
    std::vector<cv::Rect> found;
    try {
      found = detect(image);
    } catch (const cv::Exception& error) {
      return fail(ErrorCode::kUnsupported, std::string("the face finder failed: ") + error.what());
    }
    std::vector<PixelBox> boxes;
    boxes.reserve(found.size());
    for (const cv::Rect& box : found) boxes.push_back({box.x, box.y, box.width, box.height});
    std::sort(boxes.begin(), boxes.end(), [](const PixelBox& a, const PixelBox& b) {
      return std::tie(a.x, a.y, a.width) < std::tie(b.x, b.y, b.width);
    });
    return boxes;
  }

 private:
  std::vector<cv::Rect> detect(const Image& image) {
    const cv::Mat in(image.height, image.width, CV_8UC(image.channels),
                     const_cast<std::uint8_t*>(image.pixels.data()));
    cv::Mat grey;
    cv::cvtColor(in, grey, image.channels == 4 ? cv::COLOR_RGBA2GRAY : cv::COLOR_RGB2GRAY);
    cv::equalizeHist(grey, grey);
    const int side = static_cast<int>(options_.min_side *
                                      static_cast<double>(std::min(image.width, image.height)));
    std::vector<cv::Rect> found;
    cascade_.detectMultiScale(grey, found, options_.scale_factor, options_.min_neighbors, 0,
                              cv::Size(side, side));
    return found;
  }

  cv::CascadeClassifier cascade_;
  FaceFinderOptions options_;
};

}  // namespace

Result<std::unique_ptr<FaceFinder>> FaceFinder::open(const FaceFinderOptions& options) {
  const auto path = options.folder / options.cascade;
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    return fail(ErrorCode::kNotFound, "the face finder's cascade is absent", path.string(),
                "install Debian's opencv-data");
  }
  cv::CascadeClassifier cascade;
  try {
    // Replay has a thread for each picture; OpenCV's own threads would only be in the way.
    cv::setNumThreads(1);
    if (!cascade.load(path.string())) {
      return fail(ErrorCode::kCorrupt, "the file is not a cascade of OpenCV", path.string());
    }
  } catch (const cv::Exception& thrown) {
    return fail(ErrorCode::kCorrupt, thrown.what(), path.string());
  }
  return std::unique_ptr<FaceFinder>(std::make_unique<HaarFaceFinder>(std::move(cascade), options));
}

Result<Json> face_finder_facts(const FaceFinderOptions& options) {
  Json facts = Json::object();
  facts["cascade"] = options.cascade;
  facts["sha256"] = TRY(sha256_of_file(options.folder / options.cascade));
  facts["opencv"] = CV_VERSION;
  facts["scale_factor"] = options.scale_factor;
  facts["min_neighbors"] = options.min_neighbors;
  facts["min_side"] = options.min_side;
  facts["eye_line"] = kEyeLine;
  facts["eye_distance"] = kEyeDistance;
  return facts;
}

}  // namespace dl
