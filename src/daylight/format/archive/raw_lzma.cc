// SPDX-License-Identifier: Apache-2.0
// Decodes the first bytes with each of the common settings.
#include "daylight/format/archive/raw_lzma.h"

#include <lzma.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

namespace dl {
namespace {

constexpr std::uint32_t kDictionary = std::uint32_t{8} << 20U;
constexpr std::size_t kSlice = 65536;

struct Settings {
  std::uint32_t lc, lp, pb;
};
constexpr std::array<Settings, 5> kSettings = {
    {{3, 0, 2}, {3, 0, 0}, {0, 2, 2}, {4, 0, 2}, {0, 0, 2}}};

bool decodes(ByteSpan sample, lzma_vli filter, const Settings& settings) {
  lzma_options_lzma options{};
  options.dict_size = kDictionary;
  options.lc = settings.lc;
  options.lp = settings.lp;
  options.pb = settings.pb;
  const std::array<lzma_filter, 2> filters = {{{filter, &options}, {LZMA_VLI_UNKNOWN, nullptr}}};
  lzma_stream stream = LZMA_STREAM_INIT;
  const lzma_ret begun = lzma_raw_decoder(&stream, filters.data());
  const std::unique_ptr<lzma_stream, decltype(&lzma_end)> owner(&stream, lzma_end);
  if (begun != LZMA_OK) return false;
  std::vector<std::uint8_t> plain(kSlice);
  stream.next_in = sample.data();
  stream.avail_in = sample.size();
  // A sample unpacks to at most so many slices that matter.
  constexpr int kMaxSlices = 256;
  for (int slice = 0; slice < kMaxSlices && stream.avail_in > 0; ++slice) {
    stream.next_out = plain.data();
    stream.avail_out = plain.size();
    const lzma_ret step = lzma_code(&stream, LZMA_RUN);
    if (step != LZMA_OK) return false;
  }
  return stream.avail_in == 0;
}

}  // namespace

bool is_raw_lzma(ByteSpan bytes) {
  if (bytes.size() < kMinRawLzma) return false;
  // The end of the data is left out: a stream that ends inside of the sample would say so.
  const ByteSpan sample = bytes.first(std::min(kRawLzmaSample, bytes.size() - bytes.size() / 8));
  if (sample.front() == 0) {
    return std::any_of(kSettings.begin(), kSettings.end(), [&](const Settings& settings) {
      return decodes(sample, LZMA_FILTER_LZMA1, settings);
    });
  }
  // An LZMA2 stream begins with a chunk that resets everything; one that is stored as it is shows
  // nothing.
  return sample.front() >= 0xe0 && decodes(sample, LZMA_FILTER_LZMA2, kSettings.front());
}

}  // namespace dl
