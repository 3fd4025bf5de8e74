// SPDX-License-Identifier: Apache-2.0
// Tells picture formats apart by their first bytes.
#include "daylight/replay/image_codec.h"

#include <array>

#include "daylight/replay/codec_backends.h"

namespace dl {
namespace {

using namespace std::string_view_literals;

struct Signature {
  std::string_view bytes;
  std::size_t offset;
  const char* name;
};

// Formats that people do hand in and that are not read: the message then names them.
constexpr std::array kUnreadFormats = {
    Signature{"GIF8"sv, 0, "GIF"},
    Signature{"BM"sv, 0, "BMP"},
    Signature{"ftyphei"sv, 4, "HEIF"},
    Signature{"ftypmif1"sv, 4, "HEIF"},
    Signature{"ftypavif"sv, 4, "AVIF"},
    Signature{"II*\0"sv, 0, "TIFF"},
    Signature{"MM\0*"sv, 0, "TIFF"},
    Signature{"\xff\x0a"sv, 0, "JPEG XL"},
    Signature{"%PDF"sv, 0, "PDF"},
    Signature{"<svg"sv, 0, "SVG"},
    Signature{"<!DOCTYPE"sv, 0, "HTML"},
    Signature{"version https://git-lfs"sv, 0, "Git LFS pointer"},
};

bool has(ByteSpan bytes, std::string_view signature, std::size_t offset = 0) {
  const auto part = subspan_checked(bytes, offset, signature.size());
  return part && as_text(*part) == signature;
}

}  // namespace

const char* to_string(ImageFormat format) {
  switch (format) {
    case ImageFormat::kJpeg:
      return "jpeg";
    case ImageFormat::kPng:
      return "png";
    case ImageFormat::kWebp:
      return "webp";
  }
  return "unknown";
}

Result<DecodedImage> decode_image(ByteSpan bytes, const std::string& where) {
  if (bytes.empty()) return fail(ErrorCode::kCorrupt, "the file is empty", where);
  if (bytes.size() > kMaxImageFileBytes) {
    return fail(ErrorCode::kLimit, "the file is larger than pictures are read", where);
  }
  if (has(bytes, "\xff\xd8\xff"sv)) return codec::decode_jpeg(bytes, where);
  if (has(bytes, "\x89PNG\r\n\x1a\n"sv)) return codec::decode_png(bytes, where);
  if (has(bytes, "RIFF"sv) && has(bytes, "WEBP"sv, 8)) return codec::decode_webp(bytes, where);
  for (const Signature& unread : kUnreadFormats) {
    if (has(bytes, unread.bytes, unread.offset)) {
      return fail(ErrorCode::kUnsupported,
                  std::string("the file is ") + unread.name + ", not JPEG, PNG or WebP", where);
    }
  }
  return fail(ErrorCode::kUnsupported, "the file is not a JPEG, PNG or WebP picture", where);
}

}  // namespace dl
