// SPDX-License-Identifier: Apache-2.0
// Writes pictures to disk for tests.
#pragma once

#include <filesystem>

#include "daylight/replay/image.h"

namespace dl::testing {

void write_png(const std::filesystem::path& path, const Image& image);
void write_jpeg(const std::filesystem::path& path, const Image& image, int quality);

}  // namespace dl::testing
