// SPDX-License-Identifier: Apache-2.0
// How a camera was held: the Exif tag, and what it asks for.
#pragma once

#include "daylight/base/bytes.h"
#include "daylight/replay/image.h"

namespace dl {

// The orientation tag of a TIFF-structured Exif block, 1 where there is none or it is not in 1..8.
int exif_orientation(ByteSpan tiff);

// Turns and mirrors the picture so that orientation `orientation` becomes upright.
Image apply_orientation(const Image& image, int orientation);

}  // namespace dl
