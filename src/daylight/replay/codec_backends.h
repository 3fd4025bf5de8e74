// SPDX-License-Identifier: Apache-2.0
// One function for each picture format, behind decode_image().
#pragma once

#include "daylight/replay/image_codec.h"

namespace dl::codec {

// Whether a picture of this size may be decoded: kCorrupt for an empty one, kLimit for one past the
// limits.
Result<void> check_size(std::uint64_t width, std::uint64_t height, const std::string& where);

Result<DecodedImage> decode_jpeg(ByteSpan bytes, const std::string& where);
Result<DecodedImage> decode_png(ByteSpan bytes, const std::string& where);
Result<DecodedImage> decode_webp(ByteSpan bytes, const std::string& where);

}  // namespace dl::codec
