// SPDX-License-Identifier: Apache-2.0
// Turns the fields of a ResTable_config into qualifiers and keeps the rest as bytes.
#include "daylight/format/package/res_config.h"

#include <algorithm>
#include <vector>

#include "daylight/base/digest.h"
#include "daylight/base/text.h"

namespace dl {
namespace {

constexpr std::size_t kLanguageOffset = 8;
constexpr std::size_t kRegionOffset = 10;
constexpr std::size_t kOrientationOffset = 12;
constexpr std::size_t kDensityOffset = 14;
constexpr std::size_t kSdkOffset = 24;
constexpr std::size_t kSmallestWidthOffset = 30;

// A copy whose fields are cleared as they are named, so that what is left is what has no name.
class ConfigFields {
 public:
  explicit ConfigFields(ByteSpan config) : bytes_(config.begin(), config.end()) {
    clear(0, 4);  // its own size
  }

  std::uint32_t take(std::size_t offset, std::size_t size) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size && offset + i < bytes_.size(); ++i) {
      value |= static_cast<std::uint32_t>(bytes_[offset + i]) << (8U * i);
    }
    clear(offset, size);
    return value;
  }

  // Two letters, or three packed into 15 bits (high bit set) with `base` for zero.
  std::string take_locale(std::size_t offset, char base) {
    const std::uint32_t packed = take(offset, 2);
    const std::uint32_t first = packed & 0xffU;
    const std::uint32_t second = packed >> 8U;
    if (packed == 0) return {};
    if ((first & 0x80U) == 0) {
      return {static_cast<char>(first), static_cast<char>(second)};
    }
    const auto letter = [base](std::uint32_t bits) {
      return static_cast<char>(static_cast<unsigned char>(base) + (bits & 0x1fU));
    };
    return {letter(second), letter((second >> 5U) | ((first & 0x03U) << 3U)), letter(first >> 2U)};
  }

  std::string rest() const {
    const bool empty =
        std::all_of(bytes_.begin(), bytes_.end(), [](auto byte) { return byte == 0; });
    return empty ? std::string() : "x" + to_hex(bytes_);
  }

 private:
  void clear(std::size_t offset, std::size_t size) {
    for (std::size_t i = offset; i < offset + size && i < bytes_.size(); ++i) bytes_[i] = 0;
  }

  std::vector<std::uint8_t> bytes_;
};

std::string density_name(std::uint32_t density) {
  switch (density) {
    case 120:
      return "ldpi";
    case 160:
      return "mdpi";
    case 213:
      return "tvdpi";
    case 240:
      return "hdpi";
    case 320:
      return "xhdpi";
    case 480:
      return "xxhdpi";
    case 640:
      return "xxxhdpi";
    case 0xfffe:
      return "anydpi";
    case 0xffff:
      return "nodpi";
    default:
      return std::to_string(density) + "dpi";
  }
}

std::string orientation_name(std::uint32_t orientation) {
  switch (orientation) {
    case 1:
      return "port";
    case 2:
      return "land";
    case 3:
      return "square";
    default:
      return "orientation" + std::to_string(orientation);
  }
}

}  // namespace

std::string res_config_text(ByteSpan config) {
  // Longer than any that Android knows: only the fields named below count.
  constexpr std::size_t kMaxConfigSize = 128;
  ConfigFields fields(config.first(std::min(config.size(), kMaxConfigSize)));
  std::vector<std::string> parts;
  const std::string language = fields.take_locale(kLanguageOffset, 'a');
  const std::string region = fields.take_locale(kRegionOffset, '0');
  if (!language.empty()) parts.push_back(language);
  if (!region.empty()) parts.push_back("r" + region);
  if (const auto width = fields.take(kSmallestWidthOffset, 2); width != 0) {
    parts.push_back("sw" + std::to_string(width) + "dp");
  }
  if (const auto orientation = fields.take(kOrientationOffset, 1); orientation != 0) {
    parts.push_back(orientation_name(orientation));
  }
  if (const auto density = fields.take(kDensityOffset, 2); density != 0) {
    parts.push_back(density_name(density));
  }
  if (const auto sdk = fields.take(kSdkOffset, 2); sdk != 0)
    parts.push_back("v" + std::to_string(sdk));
  if (const std::string rest = fields.rest(); !rest.empty()) parts.push_back(rest);
  return join(parts, "-");
}

}  // namespace dl
