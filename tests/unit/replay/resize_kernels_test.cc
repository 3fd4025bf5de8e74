// SPDX-License-Identifier: Apache-2.0
// Every resize kernel against other programs, against slow formulas, and for what all must have in
// common.
#include "daylight/replay/resize_kernels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "daylight/base/file.h"
#include "support/shared_data.h"
#include "test_images.h"

namespace dl {
namespace {

struct Size {
  int width;
  int height;
};
// Shrinking and enlarging, by whole and by odd factors, one axis only, to one pixel.
constexpr std::array kSizes = {Size{200, 200}, Size{128, 128}, Size{112, 112},
                               Size{97, 61},   Size{300, 280}, Size{224, 100},
                               Size{31, 224},  Size{1, 1},     Size{448, 448}};

// Skia's bilinear written down once more, a pixel at a time, in 64-bit integers from the float
// positions.
std::uint8_t slow_android(const Image& image, int x, int y, std::size_t channel, int width,
                          int height) {
  const auto tap = [](int index, int from, int to) {
    const float inverse = 1.0F / (static_cast<float>(to) / static_cast<float>(from));
    const float position = (static_cast<float>(index) + 0.5F) * inverse - 0.5F;
    return static_cast<long>(std::floor(static_cast<double>(position) * 65536.0));
  };
  const auto pixel = [&](long column, long row) {
    const int at_x = static_cast<int>(std::clamp<long>(column, 0, image.width - 1));
    const int at_y = static_cast<int>(std::clamp<long>(row, 0, image.height - 1));
    return static_cast<long>(
        image.row(at_y)[static_cast<std::size_t>(at_x * image.channels) + channel]);
  };
  // A column is reached in steps of a 32.32 number from the first of its span of 127.
  const auto column_tap = [](int index, int from, int to) {
    const float inverse = 1.0F / (static_cast<float>(to) / static_cast<float>(from));
    const int first = index / 127 * 127;
    const double start = static_cast<double>((static_cast<float>(first) + 0.5F) * inverse);
    const long begin = static_cast<long>(std::floor(start * 4294967296.0)) - 2147483648L;
    const long step = static_cast<long>(static_cast<double>(inverse) * 4294967296.0);
    return (begin + step * (index - first)) >> 16;
  };
  const long px = column_tap(x, image.width, width);
  const long py = tap(y, image.height, height);
  const long left = px >> 16;
  const long top = py >> 16;
  const long fx = (px & 0xffff) / 4096;
  const long fy = (py & 0xffff) / 4096;
  const long sum = pixel(left, top) * (16 - fx) * (16 - fy) +
                   pixel(left + 1, top) * fx * (16 - fy) + pixel(left, top + 1) * (16 - fx) * fy +
                   pixel(left + 1, top + 1) * fx * fy;
  return static_cast<std::uint8_t>(sum >> 8);
}

TEST(ResizeKernels, AndroidBilinearEqualsTheSlowFormula) {
  for (const int channels : {3, 4}) {
    const Image image = testing::noisy_image(224, 224, channels, 5);
    for (const Size size : kSizes) {
      Image resized;
      resize_android_bilinear(image, size.width, size.height, resized);
      for (int y = 0; y < size.height; ++y) {
        for (int x = 0; x < size.width; ++x) {
          for (int c = 0; c < channels; ++c) {
            ASSERT_EQ(
                resized.row(y)[x * channels + c],
                slow_android(image, x, y, static_cast<std::size_t>(c), size.width, size.height))
                << x << "," << y << " of " << size.width << "x" << size.height;
          }
        }
      }
    }
  }
}

TEST(ResizeKernels, AndroidBilinearByHand) {
  // 4 -> 2: positions 0.5 and 2.5, weights 8/16 each; (10 + 21) / 2 is cut to 15.
  Image image;
  image.reshape(4, 1, 3);
  image.pixels = {10, 0, 255, 21, 0, 255, 100, 1, 0, 101, 2, 0};
  Image resized;
  resize_android_bilinear(image, 2, 1, resized);
  EXPECT_THAT(resized.pixels, ::testing::ElementsAre(15, 0, 255, 100, 1, 0));
}

TEST(ResizeKernels, AndroidNearestTiesGoLeft) {
  // 4 -> 2: pixel centres at 1.0 and 3.0, exactly between two source pixels.
  Image image;
  image.reshape(4, 1, 3);
  image.pixels = {1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4};
  Image resized;
  resize_android_nearest(image, 2, 1, resized);
  EXPECT_THAT(resized.pixels, ::testing::ElementsAre(1, 1, 1, 3, 3, 3));
  resize_android_nearest(image, 8, 1, resized);
  EXPECT_EQ(resized.pixels[0], 1);
  EXPECT_EQ(resized.pixels[3 * 7], 4);
  resize_nearest(image, 2, 1, resized);
  EXPECT_THAT(resized.pixels, ::testing::ElementsAre(1, 1, 1, 3, 3, 3));
}

TEST(ResizeKernels, BilinearFormsOfTensorFlowByHand) {
  Image image;
  image.reshape(2, 1, 3);
  image.pixels = {0, 0, 0, 100, 100, 100};
  const auto greys = [](const Image& resized) {
    std::vector<int> values;
    for (std::size_t i = 0; i < resized.pixels.size(); i += 3) values.push_back(resized.pixels[i]);
    return values;
  };
  Image resized;
  resize_half_pixel_bilinear(image, 4, 1, resized);
  EXPECT_THAT(greys(resized), ::testing::ElementsAre(0, 25, 75, 100));
  resize_align_corners_bilinear(image, 5, 1, resized);
  EXPECT_THAT(greys(resized), ::testing::ElementsAre(0, 25, 50, 75, 100));
  resize_asymmetric_bilinear(image, 4, 1, resized);
  EXPECT_THAT(greys(resized), ::testing::ElementsAre(0, 50, 100, 100));
}

// --- what all kernels have in common

TEST(ResizeKernels, NamesReadBack) {
  for (const ResizeKernel kernel : kResizeKernels) {
    EXPECT_EQ(resize_kernel_from_string(to_string(kernel)).value(), kernel);
  }
  const auto unknown = resize_kernel_from_string("lanczos");
  ASSERT_FALSE(unknown);
  EXPECT_THAT(unknown.error().hint, ::testing::HasSubstr("pil-bilinear"));
}

TEST(ResizeKernels, AFlatPictureStaysFlat) {
  for (const ResizeKernel kernel : kResizeKernels) {
    for (const int grey : {0, 1, 127, 255}) {
      const auto value = static_cast<std::uint8_t>(grey);
      const Image image = testing::flat_image(50, 40, 3, value);
      for (const Size size : kSizes) {
        Image resized;
        resize_image(kernel, image, size.width, size.height, resized);
        ASSERT_EQ(resized, testing::flat_image(size.width, size.height, 3, value))
            << to_string(kernel);
      }
    }
  }
}

TEST(ResizeKernels, TheSameSizeIsTheSamePicture) {
  const Image image = testing::noisy_image(37, 23, 3, 9);
  for (const ResizeKernel kernel : kResizeKernels) {
    Image resized;
    resize_image(kernel, image, 37, 23, resized);
    EXPECT_EQ(resized, image) << to_string(kernel);
  }
}

TEST(ResizeKernels, AlphaIsAChannelLikeOthers) {
  const Image with_alpha = testing::noisy_image(61, 47, 4, 3);
  Image without;
  without.reshape(61, 47, 3);
  for (std::size_t i = 0; i < without.pixels.size(); ++i) {
    without.pixels[i] = with_alpha.pixels[i / 3 * 4 + i % 3];
  }
  for (const ResizeKernel kernel : kResizeKernels) {
    Image four;
    Image three;
    resize_image(kernel, with_alpha, 40, 90, four);
    resize_image(kernel, without, 40, 90, three);
    for (std::size_t i = 0; i < three.pixels.size(); ++i) {
      ASSERT_EQ(three.pixels[i], four.pixels[i / 3 * 4 + i % 3]) << to_string(kernel);
    }
  }
}

TEST(ResizeKernels, OnePixelFillsEverything) {
  const Image image = testing::noisy_image(1, 1, 3, 77);
  for (const ResizeKernel kernel : kResizeKernels) {
    Image resized;
    resize_image(kernel, image, 9, 5, resized);
    for (std::size_t i = 0; i < resized.pixels.size(); ++i) {
      ASSERT_EQ(resized.pixels[i], image.pixels[i % 3]) << to_string(kernel);
    }
  }
}

// --- other programs

struct Oracle {
  ResizeKernel kernel;
  int tolerance;  // largest difference of a value
};
// Pillow, OpenCV's nearest and the numpy formulas agree on every value. Other builds of OpenCV than
// the one that is linked round in another order.
constexpr std::array kOracles = {
    Oracle{ResizeKernel::kPilBilinear, 0},
    Oracle{ResizeKernel::kPilBicubic, 0},
    Oracle{ResizeKernel::kNearest, 0},
    Oracle{ResizeKernel::kHalfPixelBilinear, 0},
    Oracle{ResizeKernel::kAlignCornersBilinear, 0},
    Oracle{ResizeKernel::kAsymmetricBilinear, 0},
    Oracle{ResizeKernel::kArea, 0},
    Oracle{ResizeKernel::kBicubic, 1},
    Oracle{ResizeKernel::kOpencvLinear, 1},
    Oracle{ResizeKernel::kOpencvArea, 1},
};

int largest_difference(const Image& image, const std::string& raw) {
  if (raw.size() != image.pixels.size()) return 256;
  int largest = 0;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    largest = std::max(largest, std::abs(image.pixels[i] - static_cast<std::uint8_t>(raw[i])));
  }
  return largest;
}

void compare_with_others(int width, int height, int channels) {
  const testing::TemporaryFolder folder;
  const Image image = testing::noisy_image(width, height, channels, 11);
  const std::string source(image.pixels.begin(), image.pixels.end());
  ASSERT_TRUE(write_file_atomic(folder.path() / "source.raw", source));
  std::string command = testing::test_python() + " " +
                        testing::project_file("tests/unit/replay/resize_oracle.py").string() + " " +
                        folder.path().string() + " " + std::to_string(width) + " " +
                        std::to_string(height) + " " + std::to_string(channels);
  const auto size_text = [](Size size) {
    return std::to_string(size.width) + "x" + std::to_string(size.height);
  };
  for (const Oracle& oracle : kOracles) {
    for (const Size size : kSizes)
      command += std::string(" ") + to_string(oracle.kernel) + ":" + size_text(size);
  }
  if (!testing::run_command(command + " 2>/dev/null")) {
    GTEST_SKIP() << "Pillow, numpy or OpenCV are absent from " << testing::test_python();
  }
  for (const Oracle& oracle : kOracles) {
    for (const Size size : kSizes) {
      Image resized;
      resize_image(oracle.kernel, image, size.width, size.height, resized);
      const auto raw = read_file(
          folder.path() / (std::string(to_string(oracle.kernel)) + "-" + size_text(size) + ".raw"));
      ASSERT_TRUE(raw);
      EXPECT_LE(largest_difference(resized, *raw), oracle.tolerance)
          << to_string(oracle.kernel) << " to " << size_text(size);
    }
  }
}

TEST(ResizeKernels, RgbEqualsOtherPrograms) { compare_with_others(224, 224, 3); }
TEST(ResizeKernels, RgbaEqualsOtherPrograms) { compare_with_others(183, 250, 4); }

}  // namespace
}  // namespace dl
