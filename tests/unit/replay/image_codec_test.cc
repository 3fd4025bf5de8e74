// SPDX-License-Identifier: Apache-2.0
// Picture files that the test writes itself with the formats' libraries, then damages; and Pillow
// as the other decoder.
#include "daylight/replay/image_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daylight/base/file.h"
#include "daylight/replay/orientation.h"
#include "picture_files.h"
#include "support/shared_data.h"
#include "test_images.h"

namespace dl {
namespace {

using ::testing::HasSubstr;
using testing::PictureFile;

DecodedImage decoded(const std::string& bytes) {
  auto result = decode_image(as_bytes(bytes), "test");
  EXPECT_TRUE(result) << describe(result.error());
  return result ? std::move(*result) : DecodedImage{};
}

Error error_of(const std::string& bytes) {
  const auto result = decode_image(as_bytes(bytes), "test");
  EXPECT_FALSE(result);
  return result ? Error{} : result.error();
}

// The pictures that a script makes with Pillow, each with the pixels that Pillow itself reads from
// it.
const std::vector<PictureFile>& pictures() {
  static const auto files = testing::make_picture_files();
  return files;
}

#define NEEDS_PILLOW() \
  if (pictures().empty()) GTEST_SKIP() << "Pillow is absent from " << testing::test_python()

TEST(ImageCodec, PixelsEqualPillows) {
  NEEDS_PILLOW();
  for (const PictureFile& file : pictures()) {
    const DecodedImage image = decoded(file.bytes);
    ASSERT_EQ(image.image.width, file.width) << file.name;
    ASSERT_EQ(image.image.height, file.height) << file.name;
    ASSERT_EQ(image.image.channels, file.channels) << file.name;
    EXPECT_EQ(image.orientation, file.orientation) << file.name;
    int largest = 0;
    for (std::size_t i = 0; i < file.pixels.size(); ++i) {
      largest = std::max(largest, std::abs(image.image.pixels[i] - file.pixels[i]));
    }
    EXPECT_LE(largest, file.tolerance) << file.name;
  }
}

TEST(ImageCodec, EveryTruncationIsAnError) {
  NEEDS_PILLOW();
  for (const PictureFile& file : pictures()) {
    for (const double part : {0.02, 0.1, 0.3, 0.5, 0.7, 0.9}) {
      const auto size = static_cast<std::size_t>(part * static_cast<double>(file.bytes.size()));
      EXPECT_FALSE(decode_image(as_bytes(file.bytes).first(size), "test"))
          << file.name << " at " << part;
    }
  }
}

TEST(ImageCodec, DamageNeverCrashes) {
  NEEDS_PILLOW();
  for (const PictureFile& file : pictures()) {
    std::string damaged = file.bytes;
    for (std::size_t i = 0; i < damaged.size(); i += 13) {
      damaged[i] = static_cast<char>(damaged[i] ^ static_cast<char>(1U << (i % 8)));
      static_cast<void>(decode_image(as_bytes(damaged), "test"));
      damaged[i] = file.bytes[i];
    }
  }
}

TEST(ImageCodec, OtherFormatsAreNamed) {
  EXPECT_THAT(error_of("GIF89a........").what, HasSubstr("GIF"));
  EXPECT_THAT(error_of(std::string("\0\0\0\x18"
                                   "ftypheic",
                                   12))
                  .what,
              HasSubstr("HEIF"));
  EXPECT_THAT(error_of("version https://git-lfs.github.com/spec/v1\n").what, HasSubstr("Git LFS"));
  EXPECT_THAT(error_of("<!DOCTYPE html>").what, HasSubstr("HTML"));
  EXPECT_EQ(error_of("hello").code, ErrorCode::kUnsupported);
  EXPECT_EQ(error_of("").code, ErrorCode::kCorrupt);
}

TEST(ImageCodec, AHugePictureIsRefusedBeforeItIsDecoded) {
  // A PNG header that claims 60000 x 60000 pixels.
  std::string png("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\xea\x60\0\0\xea\x60\x08\x02\0\0\0", 29);
  png += std::string("\xc5\x19\xaf\x8e", 4);
  EXPECT_FALSE(decode_image(as_bytes(png), "test"));
}

// --- Exif

std::string tiff(bool big_endian, int orientation) {
  const char value = static_cast<char>(orientation);
  if (big_endian) {
    return std::string("MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0", 19) + value +
           std::string("\0\0\0\0\0\0", 6);
  }
  return std::string("II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0", 18) + value +
         std::string("\0\0\0\0\0\0\0", 7);
}

TEST(ExifOrientation, BothByteOrders) {
  for (int orientation = 1; orientation <= 8; ++orientation) {
    EXPECT_EQ(exif_orientation(as_bytes(tiff(true, orientation))), orientation);
    EXPECT_EQ(exif_orientation(as_bytes(tiff(false, orientation))), orientation);
  }
}

TEST(ExifOrientation, NonsenseIsUpright) {
  EXPECT_EQ(exif_orientation({}), 1);
  EXPECT_EQ(exif_orientation(as_bytes(tiff(true, 9))), 1);
  EXPECT_EQ(exif_orientation(as_bytes(tiff(true, 0))), 1);
  const std::string whole = tiff(false, 6);
  for (std::size_t size = 0; size < 20; ++size) {
    EXPECT_EQ(exif_orientation(as_bytes(whole).first(std::min<std::size_t>(size, 19))), 1);
  }
}

TEST(ExifOrientation, PicturesAreTurnedUpright) {
  // Stored 3 x 2; the numbers are the pixels in reading order.
  Image image;
  image.reshape(3, 2, 3);
  for (std::size_t i = 0; i < 6; ++i) {
    for (std::size_t c = 0; c < 3; ++c) image.pixels[3 * i + c] = static_cast<std::uint8_t>(i);
  }
  const auto order = [&](int orientation) {
    const Image upright = apply_orientation(image, orientation);
    std::string text = std::to_string(upright.width) + ":";
    for (std::size_t i = 0; i < upright.pixels.size(); i += 3)
      text += std::to_string(upright.pixels[i]);
    return text;
  };
  EXPECT_EQ(order(1), "3:012345");
  EXPECT_EQ(order(2), "3:210543");
  EXPECT_EQ(order(3), "3:543210");
  EXPECT_EQ(order(4), "3:345012");
  EXPECT_EQ(order(5), "2:031425");
  EXPECT_EQ(order(6), "2:304152");
  EXPECT_EQ(order(7), "2:524130");
  EXPECT_EQ(order(8), "2:251403");
}

}  // namespace
}  // namespace dl
