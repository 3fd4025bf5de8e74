// SPDX-License-Identifier: Apache-2.0
// WebP by libwebp: still pictures, and of an animation the first frame.
#include <webp/decode.h>
#include <webp/demux.h>

#include <memory>

#include "daylight/replay/codec_backends.h"
#include "daylight/replay/orientation.h"

namespace dl::codec {
namespace {

struct DemuxerDelete {
  void operator()(WebPDemuxer* demuxer) const { WebPDemuxDelete(demuxer); }
};
struct AnimationDelete {
  void operator()(WebPAnimDecoder* decoder) const { WebPAnimDecoderDelete(decoder); }
};

int stored_orientation(ByteSpan bytes) {
  const WebPData data = {bytes.data(), bytes.size()};
  const std::unique_ptr<WebPDemuxer, DemuxerDelete> demuxer(WebPDemux(&data));
  WebPChunkIterator chunk;
  if (demuxer == nullptr || WebPDemuxGetChunk(demuxer.get(), "EXIF", 1, &chunk) == 0) return 1;
  ByteSpan exif(chunk.chunk.bytes, chunk.chunk.size);
  // Some writers put the JPEG marker's head before the TIFF block.
  if (exif.size() > 6 && as_text(exif.first(4)) == "Exif") exif = exif.subspan(6);
  const int orientation = exif_orientation(exif);
  WebPDemuxReleaseChunkIterator(&chunk);
  return orientation;
}

Result<void> read_still(ByteSpan bytes, Image& image, const std::string& where) {
  const auto stride = static_cast<int>(image.row_bytes());
  const auto* done = image.channels == 4
                         ? WebPDecodeRGBAInto(bytes.data(), bytes.size(), image.pixels.data(),
                                              image.pixels.size(), stride)
                         : WebPDecodeRGBInto(bytes.data(), bytes.size(), image.pixels.data(),
                                             image.pixels.size(), stride);
  if (done == nullptr) return fail(ErrorCode::kCorrupt, "damaged WebP", where);
  return {};
}

Result<void> read_first_frame(ByteSpan bytes, Image& image, const std::string& where) {
  WebPAnimDecoderOptions options;
  if (WebPAnimDecoderOptionsInit(&options) == 0) {
    return fail(ErrorCode::kUnsupported, "another version of libwebp was built against", where);
  }
  options.color_mode = MODE_RGBA;
  const WebPData data = {bytes.data(), bytes.size()};
  const std::unique_ptr<WebPAnimDecoder, AnimationDelete> decoder(
      WebPAnimDecoderNew(&data, &options));
  WebPAnimInfo info;
  if (decoder == nullptr || WebPAnimDecoderGetInfo(decoder.get(), &info) == 0) {
    return fail(ErrorCode::kCorrupt, "damaged WebP animation", where);
  }
  TRY_VOID(check_size(info.canvas_width, info.canvas_height, where));
  std::uint8_t* canvas = nullptr;
  int time = 0;
  if (WebPAnimDecoderGetNext(decoder.get(), &canvas, &time) == 0) {
    return fail(ErrorCode::kCorrupt, "damaged WebP animation", where);
  }
  image.reshape(static_cast<int>(info.canvas_width), static_cast<int>(info.canvas_height), 4);
  image.pixels.assign(canvas, canvas + image.pixels.size());
  return {};
}

}  // namespace

Result<DecodedImage> decode_webp(ByteSpan bytes, const std::string& where) {
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(bytes.data(), bytes.size(), &features) != VP8_STATUS_OK) {
    return fail(ErrorCode::kCorrupt, "damaged WebP header", where);
  }
  DecodedImage decoded;
  decoded.format = ImageFormat::kWebp;
  TRY_VOID(check_size(static_cast<std::uint64_t>(features.width),
                      static_cast<std::uint64_t>(features.height), where));
  if (features.has_animation != 0) {
    TRY_VOID(read_first_frame(bytes, decoded.image, where));
  } else {
    decoded.image.reshape(features.width, features.height, features.has_alpha != 0 ? 4 : 3);
    TRY_VOID(read_still(bytes, decoded.image, where));
  }
  decoded.orientation = stored_orientation(bytes);
  return decoded;
}

}  // namespace dl::codec
