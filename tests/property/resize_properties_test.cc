// SPDX-License-Identifier: Apache-2.0
// What resizing keeps whatever the picture: flat stays flat, the same size changes nothing, each
// channel is filtered by itself, and turning or mirroring comes out the same before and after.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "daylight/replay/image_ops.h"
#include "daylight/replay/resize_kernels.h"

namespace dl {
namespace {

Image drawn_image(int channels) {
  Image image;
  image.reshape(*rc::gen::inRange(1, 24), *rc::gen::inRange(1, 24), channels);
  // Hard edges and noise: what filters get wrong.
  const auto value = rc::gen::oneOf(rc::gen::element<std::uint8_t>(0, 1, 127, 128, 254, 255),
                                    rc::gen::arbitrary<std::uint8_t>());
  image.pixels = *rc::gen::container<std::vector<std::uint8_t>>(image.pixels.size(), value);
  return image;
}

int drawn_side() { return *rc::gen::inRange(1, 40); }
ResizeKernel drawn_kernel() {
  return *rc::gen::elementOf(
      std::vector<ResizeKernel>(kResizeKernels.begin(), kResizeKernels.end()));
}

Image resized(ResizeKernel kernel, const Image& from, int width, int height) {
  RC_LOG() << to_string(kernel) << " " << from.width << "x" << from.height << " to " << width << "x"
           << height << "\n";
  Image to;
  resize_image(kernel, from, width, height, to);
  return to;
}
Image flipped(const Image& from, FlipAxis axis) {
  Image to;
  flip_image(from, axis, to);
  return to;
}
Image rotated(const Image& from, int turns) {
  Image to;
  rotate_image(from, turns, to);
  return to;
}

int largest_difference(const Image& a, const Image& b) {
  RC_ASSERT(a.width == b.width && a.height == b.height && a.pixels.size() == b.pixels.size());
  int most = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i)
    most = std::max(most, std::abs(int{a.pixels[i]} - int{b.pixels[i]}));
  return most;
}

RC_GTEST_PROP(ResizeKernels, TheSameSizeIsTheSamePicture, ()) {
  const Image from = drawn_image(*rc::gen::element(3, 4));
  for (const ResizeKernel kernel : kResizeKernels)
    RC_ASSERT(resized(kernel, from, from.width, from.height).pixels == from.pixels);
}

RC_GTEST_PROP(ResizeKernels, AFlatPictureStaysFlat, ()) {
  Image from = drawn_image(3);
  for (std::size_t i = 0; i < from.pixels.size(); ++i) from.pixels[i] = from.pixels[i % 3];
  const int width = drawn_side();
  const int height = drawn_side();
  for (const ResizeKernel kernel : kResizeKernels) {
    const Image to = resized(kernel, from, width, height);
    RC_ASSERT(to.width == width && to.height == height && to.channels == 3);
    RC_ASSERT(to.pixels.size() ==
              static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3);
    for (std::size_t i = 0; i < to.pixels.size(); ++i)
      RC_ASSERT(to.pixels[i] == from.pixels[i % 3]);
  }
}

RC_GTEST_PROP(ResizeKernels, EachChannelIsFilteredByItself, ()) {
  const Image from = drawn_image(3);
  Image swapped = from;
  for (std::size_t i = 0; i < swapped.pixels.size(); i += 3)
    std::swap(swapped.pixels[i], swapped.pixels[i + 2]);
  Image red = from;
  for (std::size_t i = 0; i < red.pixels.size(); ++i) {
    if (i % 3 != 0) red.pixels[i] = 200;
  }
  const ResizeKernel kernel = drawn_kernel();
  const int width = drawn_side();
  const int height = drawn_side();
  const Image one = resized(kernel, from, width, height);
  const Image other = resized(kernel, swapped, width, height);
  const Image only = resized(kernel, red, width, height);
  for (std::size_t i = 0; i < one.pixels.size(); i += 3) {
    RC_ASSERT(one.pixels[i] == other.pixels[i + 2] && one.pixels[i + 1] == other.pixels[i + 1]);
    RC_ASSERT(one.pixels[i] == only.pixels[i]);
  }
}

// Not for cubic kernels, which overshoot.
RC_GTEST_PROP(ResizeKernels, StayBetweenTheDarkestAndTheBrightest, ()) {
  const Image from = drawn_image(4);
  const int width = drawn_side();
  const int height = drawn_side();
  const auto [low, high] = std::minmax_element(from.pixels.begin(), from.pixels.end());
  for (const ResizeKernel kernel : kResizeKernels) {
    if (kernel == ResizeKernel::kBicubic || kernel == ResizeKernel::kPilBicubic) continue;
    for (const std::uint8_t pixel : resized(kernel, from, width, height).pixels)
      RC_ASSERT(*low <= pixel && pixel <= *high);
  }
}

// A brighter picture is nowhere darker afterwards: holds where all weights are positive.
RC_GTEST_PROP(ResizeKernels, RiseWithTheirPixels, ()) {
  const Image from = drawn_image(3);
  Image brighter = from;
  for (std::uint8_t& pixel : brighter.pixels)
    pixel = static_cast<std::uint8_t>(pixel + *rc::gen::inRange(0, 256 - int{pixel}));
  const int width = drawn_side();
  const int height = drawn_side();
  for (const ResizeKernel kernel : kResizeKernels) {
    if (kernel == ResizeKernel::kBicubic || kernel == ResizeKernel::kPilBicubic) continue;
    const Image dark = resized(kernel, from, width, height);
    const Image bright = resized(kernel, brighter, width, height);
    for (std::size_t i = 0; i < dark.pixels.size(); ++i)
      RC_ASSERT(dark.pixels[i] <= bright.pixels[i]);
  }
}

// Kernels with centres in the middle of pixels know no left and right; rounding may differ by one.
RC_GTEST_PROP(ResizeKernels, MirroringBeforeIsMirroringAfter, ()) {
  const Image from = drawn_image(3);
  const int width = drawn_side();
  const int height = drawn_side();
  for (const ResizeKernel kernel :
       {ResizeKernel::kHalfPixelBilinear, ResizeKernel::kAlignCornersBilinear, ResizeKernel::kArea,
        ResizeKernel::kBicubic, ResizeKernel::kPilBilinear, ResizeKernel::kPilBicubic,
        ResizeKernel::kOpencvLinear}) {
    // A single row or column has no two corners: TensorFlow takes the first.
    const bool single = width == 1 || height == 1;
    if (kernel == ResizeKernel::kAlignCornersBilinear && single) continue;
    for (const FlipAxis axis : {FlipAxis::kHorizontal, FlipAxis::kVertical}) {
      const Image before = resized(kernel, flipped(from, axis), width, height);
      const Image after = flipped(resized(kernel, from, width, height), axis);
      RC_ASSERT(largest_difference(before, after) <= 1);
    }
  }
}

// A quarter turn and a mirroring exchange rows and columns: every kernel treats both alike, but
// those that round between their two passes only up to that.
RC_GTEST_PROP(ResizeKernels, RowsAndColumnsAreTreatedAlike, ()) {
  const auto transposed = [](const Image& image) {
    return flipped(rotated(image, 1), FlipAxis::kVertical);
  };
  const Image from = drawn_image(3);
  const int width = drawn_side();
  const int height = drawn_side();
  for (const ResizeKernel kernel : {ResizeKernel::kAndroidNearest, ResizeKernel::kNearest}) {
    RC_ASSERT(resized(kernel, transposed(from), height, width) ==
              transposed(resized(kernel, from, width, height)));
  }
  for (const ResizeKernel kernel :
       {ResizeKernel::kHalfPixelBilinear, ResizeKernel::kAlignCornersBilinear,
        ResizeKernel::kAsymmetricBilinear, ResizeKernel::kArea, ResizeKernel::kBicubic,
        ResizeKernel::kPilBilinear, ResizeKernel::kOpencvLinear, ResizeKernel::kOpencvArea}) {
    const Image one = resized(kernel, transposed(from), height, width);
    const Image other = transposed(resized(kernel, from, width, height));
    RC_ASSERT(largest_difference(one, other) <= 1);
  }
}

// Halving an even picture by area is the mean of four pixels.
RC_GTEST_PROP(ResizeArea, HalvingIsTheMeanOfFour, ()) {
  const Image small = drawn_image(3);
  Image from;
  from.reshape(small.width * 2, small.height * 2, 3);
  from.pixels = *rc::gen::container<std::vector<std::uint8_t>>(from.pixels.size(),
                                                               rc::gen::arbitrary<std::uint8_t>());
  for (const ResizeKernel kernel : {ResizeKernel::kArea, ResizeKernel::kOpencvArea}) {
    const Image to = resized(kernel, from, small.width, small.height);
    for (int y = 0; y < to.height; ++y) {
      for (int i = 0; i < to.width * 3; ++i) {
        const int x = i / 3 * 6 + i % 3;
        const int sum = from.row(2 * y)[x] + from.row(2 * y)[x + 3] + from.row(2 * y + 1)[x] +
                        from.row(2 * y + 1)[x + 3];
        RC_ASSERT(to.row(y)[i] == (sum + 2) / 4);
      }
    }
  }
}

RC_GTEST_PROP(ImageOps, TurnsAndMirroringsFormTheGroupOfTheSquare, ()) {
  const Image from = drawn_image(*rc::gen::element(3, 4));
  const int turns = *rc::gen::inRange(-9, 10);
  RC_ASSERT(rotated(rotated(from, turns), -turns) == from);
  RC_ASSERT(rotated(from, turns + 4) == rotated(from, turns));
  RC_ASSERT(rotated(from, turns) == rotated(rotated(from, turns - 1), 1));
  RC_ASSERT(flipped(flipped(from, FlipAxis::kHorizontal), FlipAxis::kVertical) == rotated(from, 2));
  RC_ASSERT(rotated(flipped(from, FlipAxis::kHorizontal), 1) ==
            flipped(rotated(from, -1), FlipAxis::kHorizontal));
}

RC_GTEST_PROP(ImageOps, ABoxIsClippedToWhatThePictureHas, ()) {
  const Image from = drawn_image(3);
  const auto number = rc::gen::oneOf(rc::gen::inRange(-30, 30), rc::gen::arbitrary<int>(),
                                     rc::gen::element(2147483647, -2147483647 - 1));
  const PixelBox asked{*number, *number, *number, *number};
  const PixelBox box = clip_to(from, asked);
  RC_ASSERT(clip_to(from, box) == box || box.width == 0 || box.height == 0);
  RC_ASSERT(box.width >= 0 && box.height >= 0);
  if (box.width == 0 || box.height == 0) return;
  RC_ASSERT(box.x >= 0 && box.y >= 0);
  RC_ASSERT(box.x + box.width <= from.width && box.y + box.height <= from.height);
  RC_ASSERT(box.x >= asked.x && box.y >= asked.y);
  Image part;
  crop_image(from, box, part);
  RC_ASSERT(part.width == box.width && part.height == box.height);
  for (int y = 0; y < part.height; ++y)
    RC_ASSERT(
        std::equal(part.row(y), part.row(y) + part.row_bytes(), from.row(box.y + y) + box.x * 3));
}

RC_GTEST_PROP(ImageOps, PaddingIsUndoneByCutting, ()) {
  const Image from = drawn_image(3);
  const int right = *rc::gen::inRange(0, 9);
  const int down = *rc::gen::inRange(0, 9);
  Image padded;
  crop_or_pad_image(from, from.width + right, from.height + down, padded);
  Image back;
  crop_image(padded, {right / 2, down / 2, from.width, from.height}, back);
  RC_ASSERT(back == from);
  std::size_t sum = 0;
  for (const std::uint8_t pixel : padded.pixels) sum += pixel;
  for (const std::uint8_t pixel : from.pixels) sum -= pixel;
  RC_ASSERT(sum == 0U);
}

RC_GTEST_PROP(ImageOps, ReducingColoursAndGreyAreDoneOnce, ()) {
  const Image from = drawn_image(3);
  Image once;
  Image twice;
  reduce_to_565(from, once);
  reduce_to_565(once, twice);
  RC_ASSERT(twice == once);
  RC_ASSERT(largest_difference(from, once) <= 4);
  for (const GreyWeights& weights : {kGreyBt601, kGreyAndroidSaturation}) {
    grey_image(from, weights, once);
    grey_image(once, weights, twice);
    RC_ASSERT(twice == once);
    for (std::size_t i = 0; i < once.pixels.size(); i += 3) {
      RC_ASSERT(once.pixels[i] == once.pixels[i + 1] && once.pixels[i] == once.pixels[i + 2]);
      const auto [low, high] =
          std::minmax({from.pixels[i], from.pixels[i + 1], from.pixels[i + 2]});
      RC_ASSERT(low <= once.pixels[i] && once.pixels[i] <= high);
    }
  }
}

}  // namespace
}  // namespace dl
