// SPDX-License-Identifier: Apache-2.0
// The kernels' names, and the table from name to function.
#include "daylight/replay/resize_kernels.h"

#include <cassert>

namespace dl {
namespace {

using KernelFunction = void (*)(const Image&, int, int, Image&);

struct KernelEntry {
  ResizeKernel kernel;
  const char* name;
  KernelFunction function;
};

// In the order of ResizeKernel.
constexpr std::array kKernelTable = {
    KernelEntry{ResizeKernel::kAndroidBilinear, "android-bilinear", resize_android_bilinear},
    KernelEntry{ResizeKernel::kAndroidNearest, "android-nearest", resize_android_nearest},
    KernelEntry{ResizeKernel::kHalfPixelBilinear, "half-pixel-bilinear",
                resize_half_pixel_bilinear},
    KernelEntry{ResizeKernel::kAlignCornersBilinear, "align-corners-bilinear",
                resize_align_corners_bilinear},
    KernelEntry{ResizeKernel::kAsymmetricBilinear, "asymmetric-bilinear",
                resize_asymmetric_bilinear},
    KernelEntry{ResizeKernel::kNearest, "nearest", resize_nearest},
    KernelEntry{ResizeKernel::kArea, "area", resize_area},
    KernelEntry{ResizeKernel::kBicubic, "bicubic", resize_bicubic},
    KernelEntry{ResizeKernel::kPilBilinear, "pil-bilinear", resize_pil_bilinear},
    KernelEntry{ResizeKernel::kPilBicubic, "pil-bicubic", resize_pil_bicubic},
    KernelEntry{ResizeKernel::kOpencvLinear, "opencv-linear", resize_opencv_linear},
    KernelEntry{ResizeKernel::kOpencvArea, "opencv-area", resize_opencv_area},
};

const KernelEntry& entry_of(ResizeKernel kernel) {
  const KernelEntry& entry = kKernelTable.at(static_cast<std::size_t>(kernel));
  assert(entry.kernel == kernel);
  return entry;
}

}  // namespace

const char* to_string(ResizeKernel kernel) { return entry_of(kernel).name; }

Result<ResizeKernel> resize_kernel_from_string(const std::string& text) {
  std::string known;
  for (const KernelEntry& entry : kKernelTable) {
    if (text == entry.name) return entry.kernel;
    known += known.empty() ? entry.name : std::string(", ") + entry.name;
  }
  return fail(ErrorCode::kInvalidArgument, "there is no resize kernel '" + text + "'", "",
              "known are " + known);
}

void resize_image(ResizeKernel kernel, const Image& from, int width, int height, Image& to) {
  assert(from.width > 0 && from.height > 0 && &from != &to);
  assert(width > 0 && width <= kMaxResizeSide && height > 0 && height <= kMaxResizeSide);
  entry_of(kernel).function(from, width, height, to);
  to.premultiplied = from.premultiplied;
}

}  // namespace dl
