// SPDX-License-Identifier: Apache-2.0
// Kernels that are OpenCV's by definition: the library itself is called.
#include <opencv2/imgproc.hpp>

#include "daylight/replay/resize_kernels.h"

namespace dl {
namespace {

void resize_with_opencv(const Image& from, int width, int height, int interpolation, Image& to) {
  to.reshape(width, height, from.channels);
  // OpenCV's source matrix is not const, yet it is only read.
  const cv::Mat in(from.height, from.width, CV_8UC(from.channels),
                   const_cast<std::uint8_t*>(from.pixels.data()));
  cv::Mat out(height, width, CV_8UC(to.channels), to.pixels.data());
  cv::resize(in, out, out.size(), 0, 0, interpolation);
}

}  // namespace

void resize_opencv_linear(const Image& from, int width, int height, Image& to) {
  resize_with_opencv(from, width, height, cv::INTER_LINEAR, to);
}

void resize_opencv_area(const Image& from, int width, int height, Image& to) {
  resize_with_opencv(from, width, height, cv::INTER_AREA, to);
}

}  // namespace dl
