// SPDX-License-Identifier: Apache-2.0
// Operations on pictures, by small pictures whose result a reader can check.
#include "daylight/replay/image_ops.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <climits>

#include "daylight/replay/image_measures.h"
#include "daylight/replay/resize_kernels.h"
#include "test_images.h"

namespace dl {
namespace {

using ::testing::ElementsAre;

// A picture whose pixels are 0, 1, 2 ... in reading order.
Image counted(int width, int height) {
  Image image;
  image.reshape(width, height, 3);
  for (std::size_t i = 0; i < image.pixels.size(); ++i)
    image.pixels[i] = static_cast<std::uint8_t>(i / 3);
  return image;
}

std::vector<int> firsts(const Image& image) {
  std::vector<int> values;
  for (std::size_t i = 0; i < image.pixels.size(); i += static_cast<std::size_t>(image.channels)) {
    values.push_back(image.pixels[i]);
  }
  return values;
}

TEST(ImageOps, ClippingNeverOverflows) {
  const Image image = counted(4, 3);
  EXPECT_EQ(clip_to(image, {-2, -2, 4, 4}), (PixelBox{0, 0, 2, 2}));
  EXPECT_EQ(clip_to(image, {3, 2, 100, 100}), (PixelBox{3, 2, 1, 1}));
  EXPECT_EQ(clip_to(image, {INT_MAX, INT_MAX, INT_MAX, INT_MAX}).width, 0);
  EXPECT_EQ(clip_to(image, {INT_MIN, INT_MIN, INT_MAX, INT_MAX}).width, 0);
  EXPECT_EQ(clip_to(image, {0, 0, -5, 2}).width, 0);
}

TEST(ImageOps, Crop) {
  Image cropped;
  crop_image(counted(4, 3), {1, 1, 2, 2}, cropped);
  EXPECT_THAT(firsts(cropped), ElementsAre(5, 6, 9, 10));
}

TEST(ImageOps, CropOrPadCutsTheSmallerHalfFirst) {
  Image out;
  crop_or_pad_image(counted(4, 3), 3, 2, out);
  EXPECT_THAT(firsts(out), ElementsAre(0, 1, 2, 4, 5, 6));
  crop_or_pad_image(counted(2, 1), 5, 3, out);
  EXPECT_THAT(firsts(out), ElementsAre(0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0));
}

TEST(ImageOps, RotateTurnsCounterClockwise) {
  Image out;
  rotate_image(counted(3, 2), 1, out);
  EXPECT_EQ(out.width, 2);
  EXPECT_THAT(firsts(out), ElementsAre(2, 5, 1, 4, 0, 3));
  rotate_image(counted(3, 2), 2, out);
  EXPECT_THAT(firsts(out), ElementsAre(5, 4, 3, 2, 1, 0));
  rotate_image(counted(3, 2), -1, out);
  EXPECT_THAT(firsts(out), ElementsAre(3, 0, 4, 1, 5, 2));
  rotate_image(counted(3, 2), 4, out);
  EXPECT_EQ(out, counted(3, 2));
}

TEST(ImageOps, Flip) {
  Image out;
  flip_image(counted(3, 2), FlipAxis::kHorizontal, out);
  EXPECT_THAT(firsts(out), ElementsAre(2, 1, 0, 5, 4, 3));
  flip_image(counted(3, 2), FlipAxis::kVertical, out);
  EXPECT_THAT(firsts(out), ElementsAre(3, 4, 5, 0, 1, 2));
}

TEST(ImageOps, Grey) {
  Image image;
  image.reshape(3, 1, 3);
  image.pixels = {255, 0, 0, 0, 255, 0, 0, 0, 255};
  Image grey;
  grey_image(image, kGreyBt601, grey);
  EXPECT_THAT(firsts(grey), ElementsAre(76, 150, 29));
  grey_image(image, kGreyAndroidSaturation, grey);
  EXPECT_THAT(firsts(grey), ElementsAre(54, 182, 18));
}

TEST(ImageOps, Through565AndBack) {
  Image image;
  image.reshape(3, 1, 3);
  image.pixels = {0, 0, 0, 255, 255, 255, 128, 128, 3};
  Image reduced;
  reduce_to_565(image, reduced);
  EXPECT_THAT(reduced.pixels, ElementsAre(0, 0, 0, 255, 255, 255, 132, 130, 0));
  Image again;
  reduce_to_565(reduced, again);
  EXPECT_EQ(again, reduced);
}

TEST(ImageOps, AlphaIsMultipliedInAndDividedOutAgain) {
  Image image;
  image.reshape(3, 1, 4);
  image.pixels = {200, 100, 50, 255, 200, 100, 50, 128, 9, 9, 9, 0};
  premultiply_alpha(image);
  EXPECT_THAT(image.pixels, ElementsAre(200, 100, 50, 255, 100, 50, 25, 128, 0, 0, 0, 0));
  Tensor tensor;
  image_to_tensor(image, ChannelOrder::kRgb, ElementType::kUint8, tensor);
  EXPECT_THAT(tensor.shape, ElementsAre(1, 1, 3, 3));
  EXPECT_THAT(tensor.bytes, ElementsAre(200, 100, 50, 199, 100, 50, 0, 0, 0));
  premultiply_alpha(image);
  EXPECT_EQ(image.pixels[4], 100) << "multiplied twice";
}

TEST(ImageOps, TensorsKeepTheOrderAskedFor) {
  Image image;
  image.reshape(2, 1, 3);
  image.pixels = {1, 2, 3, 100, 150, 250};
  Tensor tensor;
  image_to_tensor(image, ChannelOrder::kBgr, ElementType::kFloat32, tensor);
  EXPECT_EQ(describe_tensor(tensor.type, tensor.shape), "1x1x2x3 float32");
  EXPECT_THAT(std::vector<float>(tensor.data<float>(), tensor.data<float>() + 6),
              ElementsAre(3, 2, 1, 250, 150, 100));
  image_to_tensor(image, ChannelOrder::kGrey, ElementType::kFloat32, tensor);
  EXPECT_THAT(tensor.shape, ElementsAre(1, 1, 2, 1));
  EXPECT_FLOAT_EQ(tensor.data<float>()[1], 100 * 0.299F + 150 * 0.587F + 250 * 0.114F);
  image_to_tensor(image, ChannelOrder::kGrey, ElementType::kUint8, tensor);
  EXPECT_EQ(tensor.bytes[1], 146);
}

// --- measures

TEST(ImageMeasures, ThumbnailsSurviveScaling) {
  Image image = testing::flat_image(200, 160, 3, 90);
  for (int y = 40; y < 120; ++y) {
    for (int x = 60; x < 150; ++x) {
      for (int c = 0; c < 3; ++c) image.row(y)[3 * x + c] = static_cast<std::uint8_t>(x + y / 2);
    }
  }
  Image smaller;
  resize_area(image, 123, 99, smaller);
  EXPECT_LT(thumbnail_distance(grey_thumbnail(image), grey_thumbnail(smaller)), 0.002);
  Image mirrored;
  flip_image(image, FlipAxis::kHorizontal, mirrored);
  EXPECT_GT(thumbnail_distance(grey_thumbnail(image), grey_thumbnail(mirrored)), 0.1);
}

TEST(ImageMeasures, ThumbnailDistanceIsCorrelations) {
  Thumbnail a{};
  Thumbnail b{};
  Thumbnail c{};
  for (std::size_t i = 0; i < a.size(); ++i) {
    a[i] = static_cast<std::uint8_t>(i % 100);
    b[i] = static_cast<std::uint8_t>(2 * a[i] + 30);
    c[i] = static_cast<std::uint8_t>(255 - a[i]);
  }
  EXPECT_NEAR(thumbnail_distance(a, a), 0.0, 1e-12);
  EXPECT_NEAR(thumbnail_distance(a, b), 0.0, 1e-12);
  EXPECT_NEAR(thumbnail_distance(a, c), 2.0, 1e-12);
  EXPECT_DOUBLE_EQ(thumbnail_distance(a, Thumbnail{}), 1.0);
}

TEST(ImageMeasures, BrightnessAndSharpness) {
  EXPECT_DOUBLE_EQ(mean_brightness(testing::flat_image(5, 4, 4, 77)), 77.0);
  EXPECT_DOUBLE_EQ(laplacian_variance(testing::flat_image(9, 9, 3, 77)), 0.0);
  EXPECT_DOUBLE_EQ(laplacian_variance(testing::flat_image(2, 9, 3, 77)), 0.0);
  EXPECT_GT(laplacian_variance(testing::noisy_image(50, 50, 3, 1)), 1000.0);
}

}  // namespace
}  // namespace dl
