// SPDX-License-Identifier: Apache-2.0
// Runs OpenCV's cascade classifier on one thread and keeps its exceptions in.
#include "daylight/replay/face_finder.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>
#include <tuple>

#include "daylight/base/file.h"

namespace dl {
namespace {

class HaarFaceFinder final : public FaceFinder {
 public:
  HaarFaceFinder(const cv::CascadeClassifier& cascade, FaceFinderOptions options)
      : cascade_(cascade), options_(std::move(options)) {}

  Result<std::vector<PixelBox>> find(const Image& image) override {
    std::vector<PixelBox> boxes;
    try {
      boxes = detect(image);
    } catch (const cv::Exception& error) {
      return fail(ErrorCode::kUnsupported, std::string("the face finder failed: ") + error.what());
    }
    std::sort(boxes.begin(), boxes.end(), [](const PixelBox& a, const PixelBox& b) {
      return std::tie(a.x, a.y, a.width) < std::tie(b.x, b.y, b.width);
    });
    return boxes;
  }

 private:
  std::vector<PixelBox> detect(const Image& image) {
    const int longer = std::max(image.width, image.height);
    const double shrink = std::max(1.0, static_cast<double>(longer) / options_.max_side);
    cv::Mat grey = grey_of(image, shrink);
    const int shorter = std::min(grey.cols, grey.rows);
    const int border = static_cast<int>(options_.border * shorter);
    const int side = static_cast<int>(options_.min_side * shorter);
    cv::copyMakeBorder(grey, grey, border, border, border, border, cv::BORDER_REPLICATE);
    std::vector<cv::Rect> found;
    cascade_.detectMultiScale(grey, found, options_.scale_factor, options_.min_neighbors, 0,
                              cv::Size(side, side));
    std::vector<PixelBox> boxes;
    for (const cv::Rect& box : found) {
      const auto full = [&](int value) { return static_cast<int>(std::lround(value * shrink)); };
      boxes.push_back(
          {full(box.x - border), full(box.y - border), full(box.width), full(box.height)});
    }
    return boxes;
  }

  // Brightness with its histogram levelled, 1 / shrink as large.
  static cv::Mat grey_of(const Image& image, double shrink) {
    const cv::Mat in(image.height, image.width, CV_8UC(image.channels),
                     const_cast<std::uint8_t*>(image.pixels.data()));
    cv::Mat grey;
    cv::cvtColor(in, grey, image.channels == 4 ? cv::COLOR_RGBA2GRAY : cv::COLOR_RGB2GRAY);
    if (shrink > 1.0) {
      const auto part = [&](int side) {
        return std::max(1, static_cast<int>(std::lround(side / shrink)));
      };
      cv::resize(grey, grey, cv::Size(part(image.width), part(image.height)), 0, 0, cv::INTER_AREA);
    }
    cv::equalizeHist(grey, grey);
    return grey;
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
  return std::unique_ptr<FaceFinder>(std::make_unique<HaarFaceFinder>(cascade, options));
}

Result<Json> face_finder_facts(const FaceFinderOptions& options) {
  Json facts = Json::object();
  facts["cascade"] = options.cascade;
  facts["sha256"] = TRY(sha256_of_file(options.folder / options.cascade));
  facts["opencv"] = CV_VERSION;
  facts["scale_factor"] = options.scale_factor;
  facts["min_neighbors"] = options.min_neighbors;
  facts["min_side"] = options.min_side;
  facts["border"] = options.border;
  facts["max_side"] = options.max_side;
  facts["eye_line"] = kEyeLine;
  facts["eye_distance"] = kEyeDistance;
  return facts;
}

}  // namespace dl
