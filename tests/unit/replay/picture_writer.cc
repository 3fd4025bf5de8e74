// SPDX-License-Identifier: Apache-2.0
// The shortest way through libpng and libjpeg.
#include "picture_writer.h"

#include <gtest/gtest.h>
#include <png.h>

#include <cstdio>
// jpeglib.h needs FILE declared first.
#include <jpeglib.h>

namespace dl::testing {

void write_png(const std::filesystem::path& path, const Image& image) {
  png_image out{};
  out.version = PNG_IMAGE_VERSION;
  out.width = static_cast<png_uint_32>(image.width);
  out.height = static_cast<png_uint_32>(image.height);
  out.format = image.channels == 4 ? PNG_FORMAT_RGBA : PNG_FORMAT_RGB;
  ASSERT_NE(png_image_write_to_file(&out, path.c_str(), 0, image.pixels.data(), 0, nullptr), 0)
      << path;
}

void write_jpeg(const std::filesystem::path& path, const Image& image, int quality) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  ASSERT_NE(file, nullptr) << path;
  jpeg_error_mgr errors;
  jpeg_compress_struct info;
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  jpeg_stdio_dest(&info, file);
  info.image_width = static_cast<JDIMENSION>(image.width);
  info.image_height = static_cast<JDIMENSION>(image.height);
  info.input_components = 3;
  info.in_color_space = JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, quality, TRUE);
  jpeg_start_compress(&info, TRUE);
  for (int y = 0; y < image.height; ++y) {
    auto* row = const_cast<JSAMPROW>(image.row(y));
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  std::fclose(file);
}

}  // namespace dl::testing
