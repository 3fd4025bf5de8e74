// SPDX-License-Identifier: Apache-2.0
// PNG by libpng. The library reports errors by longjmp: everything between is plain C state.
#include <png.h>

#include <array>
#include <csetjmp>
#include <cstdio>
#include <cstring>

#include "daylight/replay/codec_backends.h"
#include "daylight/replay/orientation.h"

namespace dl::codec {
namespace {

// State of one decoding.
struct Decoder {
  png_structp png;
  png_infop info;
  const std::uint8_t* next;
  std::size_t left;
  std::array<char, 200> message;
};

[[noreturn]] void on_error(png_structp png, png_const_charp text) {
  auto& decoder = *static_cast<Decoder*>(png_get_error_ptr(png));
  std::snprintf(decoder.message.data(), decoder.message.size(), "%s", text);
  png_longjmp(png, 1);
}

void on_warning(png_structp, png_const_charp) {}

void read_bytes(png_structp png, png_bytep out, std::size_t size) {
  auto& decoder = *static_cast<Decoder*>(png_get_io_ptr(png));
  if (size > decoder.left) png_error(png, "the file ends early");
  std::memcpy(out, decoder.next, size);
  decoder.next += size;
  decoder.left -= size;
}

// Reads the header and asks for 8-bit RGB or RGBA; false with decoder.message set.
bool read_header(Decoder& decoder) {
  if (setjmp(png_jmpbuf(decoder.png)) != 0) return false;  // NOLINT(cert-err52-cpp)
  png_set_read_fn(decoder.png, &decoder, read_bytes);
  png_set_user_limits(decoder.png, static_cast<png_uint_32>(kMaxImageSide),
                      static_cast<png_uint_32>(kMaxImageSide));
  png_set_chunk_malloc_max(decoder.png, kMaxPngChunkBytes);
  png_read_info(decoder.png, decoder.info);
  png_set_expand(decoder.png);
  png_set_strip_16(decoder.png);
  png_set_gray_to_rgb(decoder.png);
  png_set_interlace_handling(decoder.png);
  png_read_update_info(decoder.png, decoder.info);
  return true;
}

// Reads every row (of an interlaced file in seven passes) and the chunks behind them.
bool read_rows(Decoder& decoder, png_bytepp rows) {
  if (setjmp(png_jmpbuf(decoder.png)) != 0) return false;  // NOLINT(cert-err52-cpp)
  png_read_image(decoder.png, rows);
  png_read_end(decoder.png, decoder.info);
  return true;
}

// Frees what the library holds, whatever happened.
class Cleanup {
 public:
  explicit Cleanup(Decoder& decoder) : decoder_(decoder) {}
  ~Cleanup() { png_destroy_read_struct(&decoder_.png, &decoder_.info, nullptr); }
  Cleanup(const Cleanup&) = delete;
  Cleanup& operator=(const Cleanup&) = delete;

 private:
  Decoder& decoder_;
};

}  // namespace

Result<DecodedImage> decode_png(ByteSpan bytes, const std::string& where) {
  Decoder decoder{};
  decoder.next = bytes.data();
  decoder.left = bytes.size();
  decoder.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &decoder, on_error, on_warning);
  if (decoder.png != nullptr) decoder.info = png_create_info_struct(decoder.png);
  const Cleanup cleanup(decoder);
  if (decoder.info == nullptr) return fail(ErrorCode::kIo, "no memory for libpng", where);
  const auto corrupt = [&] {
    return fail(ErrorCode::kCorrupt, std::string("damaged PNG: ") + decoder.message.data(), where);
  };
  if (!read_header(decoder)) return corrupt();
  const auto width = png_get_image_width(decoder.png, decoder.info);
  const auto height = png_get_image_height(decoder.png, decoder.info);
  TRY_VOID(check_size(width, height, where));

  DecodedImage decoded;
  decoded.format = ImageFormat::kPng;
  decoded.image.reshape(static_cast<int>(width), static_cast<int>(height),
                        png_get_channels(decoder.png, decoder.info));
  if (png_get_rowbytes(decoder.png, decoder.info) != decoded.image.row_bytes()) {
    return fail(ErrorCode::kUnsupported, "a PNG pixel layout that is not RGB or RGBA", where);
  }
  std::vector<png_bytep> rows(height);
  for (std::size_t y = 0; y < rows.size(); ++y) rows[y] = decoded.image.row(static_cast<int>(y));
  if (!read_rows(decoder, rows.data())) return corrupt();
  png_bytep exif = nullptr;
  png_uint_32 exif_size = 0;
  if (png_get_eXIf_1(decoder.png, decoder.info, &exif_size, &exif) != 0) {
    decoded.orientation = exif_orientation({exif, exif_size});
  }
  return decoded;
}

}  // namespace dl::codec
