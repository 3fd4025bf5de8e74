// SPDX-License-Identifier: Apache-2.0
// Picture files of every kind, made by Pillow at test time, with the pixels that Pillow reads back.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dl::testing {

struct PictureFile {
  std::string name;
  std::string bytes;
  int width = 0;
  int height = 0;
  int channels = 3;
  int orientation = 1;
  int tolerance = 0;  // another build of a lossy decoder may differ by this much
  std::vector<std::uint8_t> pixels;
};

// Empty where Pillow is absent.
std::vector<PictureFile> make_picture_files();

}  // namespace dl::testing
