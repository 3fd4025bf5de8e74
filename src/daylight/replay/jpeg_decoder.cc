// SPDX-License-Identifier: Apache-2.0
// JPEG by libjpeg-turbo. The library reports errors by longjmp: everything between is plain C
// state.
#include <cstddef>
#include <cstdio>
// jpeglib.h needs size_t and FILE declared first.
#include <jerror.h>
#include <jpeglib.h>

#include <array>
#include <csetjmp>

#include "daylight/replay/codec_backends.h"
#include "daylight/replay/orientation.h"

namespace dl::codec {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kExifHead = "Exif\0\0"sv;

// State of one decoding. `errors` must stay first: the library hands back a pointer to it.
struct Decoder {
  jpeg_error_mgr errors;
  jpeg_progress_mgr progress;
  jpeg_decompress_struct info;
  std::jmp_buf escape;
  std::array<char, JMSG_LENGTH_MAX> message;
  bool damaged;
};

Decoder& decoder_of(j_common_ptr info) { return *reinterpret_cast<Decoder*>(info->err); }

[[noreturn]] void on_error(j_common_ptr info) {
  Decoder& decoder = decoder_of(info);
  decoder.errors.format_message(info, decoder.message.data());
  std::longjmp(decoder.escape, 1);  // NOLINT(cert-err52-cpp): the library knows no other way
}

// Warnings that mean lost picture data; the others (stray bytes, odd markers) are harmless and
// common.
void on_message(j_common_ptr info, int level) {
  if (level >= 0) return;
  Decoder& decoder = decoder_of(info);
  const int code = decoder.errors.msg_code;
  if (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE) {
    if (!decoder.damaged) decoder.errors.format_message(info, decoder.message.data());
    decoder.damaged = true;
  }
}

void ignore_output(j_common_ptr) {}

void on_progress(j_common_ptr info) {
  auto* decompress = reinterpret_cast<j_decompress_ptr>(info);
  if (decompress->input_scan_number > kMaxJpegScans) {
    Decoder& decoder = decoder_of(info);
    std::snprintf(decoder.message.data(), decoder.message.size(), "more than %d scans",
                  kMaxJpegScans);
    std::longjmp(decoder.escape, 1);  // NOLINT(cert-err52-cpp)
  }
}

void set_up(Decoder& decoder) {
  decoder.info.err = jpeg_std_error(&decoder.errors);
  decoder.errors.error_exit = on_error;
  decoder.errors.emit_message = on_message;
  decoder.errors.output_message = ignore_output;
  decoder.progress.progress_monitor = on_progress;
}

// Reads the header; false with decoder.message set.
bool read_header(Decoder& decoder, ByteSpan bytes) {
  if (setjmp(decoder.escape) != 0) return false;  // NOLINT(cert-err52-cpp)
  jpeg_create_decompress(&decoder.info);
  decoder.info.progress = &decoder.progress;
  jpeg_mem_src(&decoder.info, bytes.data(), bytes.size());
  jpeg_save_markers(&decoder.info, JPEG_APP0 + 1, 0xffff);
  jpeg_read_header(&decoder.info, TRUE);
  const bool four_inks =
      decoder.info.jpeg_color_space == JCS_CMYK || decoder.info.jpeg_color_space == JCS_YCCK;
  decoder.info.out_color_space = four_inks ? JCS_CMYK : JCS_RGB;
  decoder.info.dct_method = JDCT_ISLOW;
  decoder.info.do_fancy_upsampling = TRUE;
  return true;
}

// Reads every row into `pixels`, `row_bytes` apart; false with decoder.message set.
bool read_rows(Decoder& decoder, std::uint8_t* pixels, std::size_t row_bytes) {
  if (setjmp(decoder.escape) != 0) return false;  // NOLINT(cert-err52-cpp)
  jpeg_start_decompress(&decoder.info);
  while (decoder.info.output_scanline < decoder.info.output_height) {
    JSAMPROW row = pixels + decoder.info.output_scanline * row_bytes;
    jpeg_read_scanlines(&decoder.info, &row, 1);
  }
  jpeg_finish_decompress(&decoder.info);
  return true;
}

int stored_orientation(const Decoder& decoder) {
  for (auto* marker = decoder.info.marker_list; marker != nullptr; marker = marker->next) {
    const ByteSpan data(marker->data, marker->data_length);
    if (marker->marker != JPEG_APP0 + 1 || data.size() < kExifHead.size()) continue;
    if (as_text(data.first(kExifHead.size())) != kExifHead) continue;
    return exif_orientation(data.subspan(kExifHead.size()));
  }
  return 1;
}

// Inks as Adobe stores them (255 is no ink) to RGB: each colour is what the ink and the black let
// through.
void inks_to_rgb(const std::vector<std::uint8_t>& inks, Image& image) {
  const std::size_t count = inks.size() / 4;
  for (std::size_t i = 0; i < count; ++i) {
    const unsigned black = inks[4 * i + 3];
    for (std::size_t c = 0; c < 3; ++c) {
      image.pixels[3 * i + c] = static_cast<std::uint8_t>((inks[4 * i + c] * black + 127U) / 255U);
    }
  }
}

// Frees what the library holds, whatever happened.
class Cleanup {
 public:
  explicit Cleanup(Decoder& decoder) : decoder_(decoder) {}
  ~Cleanup() { jpeg_destroy_decompress(&decoder_.info); }
  Cleanup(const Cleanup&) = delete;
  Cleanup& operator=(const Cleanup&) = delete;

 private:
  Decoder& decoder_;
};

}  // namespace

Result<DecodedImage> decode_jpeg(ByteSpan bytes, const std::string& where) {
  Decoder decoder{};
  set_up(decoder);
  const Cleanup cleanup(decoder);
  const auto corrupt = [&] {
    return fail(ErrorCode::kCorrupt, std::string("damaged JPEG: ") + decoder.message.data(), where);
  };
  if (!read_header(decoder, bytes)) return corrupt();
  const auto width = static_cast<int>(decoder.info.image_width);
  const auto height = static_cast<int>(decoder.info.image_height);
  TRY_VOID(check_size(decoder.info.image_width, decoder.info.image_height, where));

  DecodedImage decoded;
  decoded.format = ImageFormat::kJpeg;
  decoded.orientation = stored_orientation(decoder);
  decoded.image.reshape(width, height, 3);
  if (decoder.info.out_color_space == JCS_CMYK) {
    std::vector<std::uint8_t> inks(decoded.image.pixels.size() / 3 * 4);
    if (!read_rows(decoder, inks.data(), static_cast<std::size_t>(width) * 4)) return corrupt();
    inks_to_rgb(inks, decoded.image);
  } else if (!read_rows(decoder, decoded.image.pixels.data(), decoded.image.row_bytes())) {
    return corrupt();
  }
  if (decoder.damaged) return corrupt();
  return decoded;
}

}  // namespace dl::codec
