// SPDX-License-Identifier: Apache-2.0
// Every way of resizing that an app may use, each its own function: the kernel changes a model's
// answers.
#pragma once

#include <array>
#include <string>

#include "daylight/base/result.h"
#include "daylight/replay/image.h"

namespace dl {

inline constexpr int kMaxResizeSide = 8192;

enum class ResizeKernel {
  kAndroidBilinear,
  kAndroidNearest,
  kHalfPixelBilinear,
  kAlignCornersBilinear,
  kAsymmetricBilinear,
  kNearest,
  kArea,
  kBicubic,
  kPilBilinear,
  kPilBicubic,
  kOpencvLinear,
  kOpencvArea,
};
inline constexpr std::array kResizeKernels = {
    ResizeKernel::kAndroidBilinear,
    ResizeKernel::kAndroidNearest,
    ResizeKernel::kHalfPixelBilinear,
    ResizeKernel::kAlignCornersBilinear,
    ResizeKernel::kAsymmetricBilinear,
    ResizeKernel::kNearest,
    ResizeKernel::kArea,
    ResizeKernel::kBicubic,
    ResizeKernel::kPilBilinear,
    ResizeKernel::kPilBicubic,
    ResizeKernel::kOpencvLinear,
    ResizeKernel::kOpencvArea,
};

// "android-bilinear", "half-pixel-bilinear" ... as pipeline.json names them. The Error lists the
// names.
const char* to_string(ResizeKernel kernel);
Result<ResizeKernel> resize_kernel_from_string(const std::string& text);

// Calls the kernel's function below.
//
// Contract of all: `from` has at least one pixel, width and height lie in [1, kMaxResizeSide]; `to`
// is another object and its storage is reused. Each channel is filtered by itself. Pixels outside
// are those of the border. Thread safe.
void resize_image(ResizeKernel kernel, const Image& from, int width, int height, Image& to);

// Skia as Android's Bitmap.createScaledBitmap(..., filter = true) runs it: two taps on each axis
// whatever the factor, weights in sixteenths cut off, the sum cut to 8 bits. Source position (i +
// 0.5) * from/to - 0.5 with the scale inverted in float: rows in float, then 16.16 fixed point;
// columns in steps of 32.32 fixed point that begin anew every 127 columns. Measured against real
// Skia, shrinking and enlarging: no pixel of 3.1 million differs.
void resize_android_bilinear(const Image& from, int width, int height, Image& to);

// Android's filter = false: the pixel under (i + 0.5) * from/to, where a position exactly between
// two goes to the left.
void resize_android_nearest(const Image& from, int width, int height, Image& to);

// TensorFlow's ResizeBilinear with half_pixel_centers, in float, rounded half up to 8 bits. No area
// average.
void resize_half_pixel_bilinear(const Image& from, int width, int height, Image& to);

// TensorFlow's ResizeBilinear with align_corners: corners map onto corners.
void resize_align_corners_bilinear(const Image& from, int width, int height, Image& to);

// TensorFlow 1's ResizeBilinear with neither flag: source position i * from/to.
void resize_asymmetric_bilinear(const Image& from, int width, int height, Image& to);

// The pixel at floor(i * from/to), as OpenCV's INTER_NEAREST and TensorFlow 1's
// ResizeNearestNeighbor.
void resize_nearest(const Image& from, int width, int height, Image& to);

// The mean over the exact area that a destination pixel covers, rounded half up.
void resize_area(const Image& from, int width, int height, Image& to);

// Keys' cubic with a = -0.75 on four taps, half-pixel centres, no area average, as OpenCV's
// INTER_CUBIC computes it.
void resize_bicubic(const Image& from, int width, int height, Image& to);

// Pillow's Image.resize(BILINEAR): a triangle that widens when shrinking, 22-bit weights, first
// rows, then columns, each rounded to 8 bits. Equal to Pillow 12 on every pixel; Pillow 13 takes
// columns first for some shapes (not for squares to squares), which changes values by one here and
// by more in resize_pil_bicubic.
void resize_pil_bilinear(const Image& from, int width, int height, Image& to);

// Pillow's Image.resize(BICUBIC): Keys' cubic with a = -0.5, otherwise as resize_pil_bilinear.
void resize_pil_bicubic(const Image& from, int width, int height, Image& to);

// OpenCV's own INTER_LINEAR: two taps, 11-bit weights.
void resize_opencv_linear(const Image& from, int width, int height, Image& to);

// OpenCV's own INTER_AREA: area mean when shrinking, a kind of bilinear when enlarging.
void resize_opencv_area(const Image& from, int width, int height, Image& to);

}  // namespace dl
