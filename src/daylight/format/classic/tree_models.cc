// SPDX-License-Identifier: Apache-2.0
// Skips through universal binary JSON (UBJSON draft 12) and reads the headers of tree models.
#include "daylight/format/classic/tree_models.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <string>

#include "daylight/base/text.h"
#include "daylight/format/classic/json_models.h"
#include "daylight/format/encoding/flatbuffer.h"

namespace dl {
namespace {

// Walks one value; numbers are big-endian.
class UbjsonReader {
 public:
  explicit UbjsonReader(ByteSpan bytes) : reader_(bytes) {}

  bool skip_document() {
    skip_value(reader_.u8(), 0);
    return ok_ && reader_.ok();
  }
  std::uint64_t offset() const { return reader_.offset(); }
  const std::string& objective() const { return objective_; }
  const std::string& booster() const { return booster_; }
  const std::string& features() const { return features_; }

 private:
  std::uint64_t big_endian(std::uint64_t width) {
    std::uint64_t value = 0;
    for (const std::uint8_t byte : reader_.take(width)) value = value << 8U | byte;
    return value;
  }
  static std::uint64_t width_of(std::uint8_t type) {
    switch (type) {
      case 'i':
      case 'U':
      case 'C':
        return 1;
      case 'I':
        return 2;
      case 'l':
      case 'd':
        return 4;
      case 'L':
      case 'D':
        return 8;
      default:
        return 0;
    }
  }
  // A length: a type and a number.
  std::uint64_t length() {
    const std::uint8_t type = reader_.u8();
    if (std::string_view("iUIlL").find(static_cast<char>(type)) == std::string_view::npos) {
      ok_ = false;
      return 0;
    }
    const std::uint64_t value = big_endian(width_of(type));
    if (value > reader_.remaining()) ok_ = false;
    return ok_ ? value : 0;
  }
  std::string_view text() { return as_text(reader_.take(length())); }

  void skip_value(std::uint8_t type, int level) {
    if (!ok_ || !reader_.ok() || level > kMaxUbjsonDepth) {
      ok_ = false;
      return;
    }
    switch (type) {
      case 'Z':
      case 'N':
      case 'T':
      case 'F':
        return;
      case 'S':
      case 'H':
        remember(text());
        return;
      case '[':
        skip_items(level, false);
        return;
      case '{':
        skip_items(level, true);
        return;
      default:
        if (width_of(type) == 0) ok_ = false;
        reader_.skip(width_of(type));
        return;
    }
  }

  // Arrays and objects: with an end mark, a count, or a count and one type for all.
  void skip_items(int level, bool named) {
    std::uint8_t all = 0;
    std::optional<std::uint64_t> count;
    std::uint8_t next = reader_.u8();
    if (next == '$') {
      all = reader_.u8();
      next = reader_.u8();
      if (next != '#') ok_ = false;
    }
    if (next == '#') {
      count = length();
      if (all != 0 && !named && width_of(all) != 0) {
        reader_.skip(multiply_checked(*count, width_of(all)).value_or(~std::uint64_t{0}));
        return;
      }
    }
    const std::uint8_t end = named ? '}' : ']';
    for (std::uint64_t i = 0; ok_ && reader_.ok() && (!count || i < *count); ++i) {
      if (count || i > 0) next = 0;
      if (!count && next == 0) next = reader_.u8();
      if (!count && next == end) return;
      skip_item(named, all, count.has_value(), next, level);
    }
  }

  // `next`: the byte that was read to see whether the end is here; 0 if none was.
  void skip_item(bool named, std::uint8_t all, bool counted, std::uint8_t next, int level) {
    if (named) {
      // A name is a length without the type of a string; its first byte was read already.
      if (!counted) reader_.seek(reader_.offset() - 1);
      key_ = text();
      skip_value(all != 0 ? all : reader_.u8(), level + 1);
      return;
    }
    if (counted) next = all != 0 ? all : reader_.u8();
    skip_value(next, level + 1);
  }

  void remember(std::string_view value) {
    if (key_ == "num_feature" && features_.empty()) features_ = printable(value, 40);
    if (key_ != "name") return;
    const bool tree = value == "gbtree" || value == "gblinear" || value == "dart";
    if (tree && booster_.empty()) booster_ = printable(value, 40);
    if (!tree && objective_.empty()) objective_ = printable(value, 40);
  }

  ByteReader reader_;
  bool ok_ = true;
  std::string_view key_;
  std::string objective_;
  std::string booster_;
  std::string features_;
};

void put(ModelProbe& out, const char* key, std::string value) {
  if (!value.empty()) out.facts.emplace_back(key, std::move(value));
}

std::optional<ModelProbe> probe_ubjson(ByteSpan bytes) {
  // {, a length of eight bytes, "learner".
  constexpr std::string_view kStart("{L\0\0\0\0\0\0\0\x07learner{", 18);
  if (!as_text(bytes).starts_with(kStart)) return std::nullopt;
  UbjsonReader reader(bytes);
  if (!reader.skip_document()) return std::nullopt;
  ModelProbe out{"xgboost", reader.offset(), {}};
  put(out, "encoding", "binary JSON");
  put(out, "objective", reader.objective());
  put(out, "booster", reader.booster());
  put(out, "features", reader.features());
  return out;
}

// A text behind its length of eight bytes, letters and a few signs only.
std::string_view counted_text(ByteReader& reader) {
  constexpr std::uint64_t kLongest = 64;
  const std::uint64_t size = reader.u64();
  if (size == 0 || size > kLongest) return {};
  const std::string_view text = as_text(reader.take(size));
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == ':' || c == '_' || c == '@';
  };
  return std::all_of(text.begin(), text.end(), plain) ? text : std::string_view{};
}

std::optional<ModelProbe> probe_old_xgboost(ByteSpan bytes) {
  constexpr std::uint64_t kParameters = 136;
  constexpr std::uint32_t kMostFeatures = 100'000'000;
  ByteReader reader(bytes);
  if (as_text(reader.take(4)) != "binf") return std::nullopt;
  const auto score = std::bit_cast<float>(reader.u32());
  const std::uint32_t features = reader.u32();
  const std::int32_t classes = reader.i32();
  if (!std::isfinite(score) || features > kMostFeatures || classes < 0) return std::nullopt;
  reader.seek(4 + kParameters);
  const std::string_view objective = counted_text(reader);
  const std::string_view booster = counted_text(reader);
  if (!reader.ok() || objective.empty() || booster.empty()) return std::nullopt;
  ModelProbe out{"xgboost", bytes.size(), {}};
  put(out, "encoding", "binary");
  put(out, "objective", std::string(objective));
  put(out, "booster", std::string(booster));
  put(out, "features", std::to_string(features));
  return out;
}

}  // namespace

std::optional<ModelProbe> probe_xgboost(ByteSpan bytes) {
  if (auto model = probe_ubjson(bytes)) return model;
  if (auto model = probe_old_xgboost(bytes)) return model;
  return probe_xgboost_json(bytes);
}

std::optional<ModelProbe> probe_catboost(ByteSpan bytes) {
  constexpr std::uint64_t kHeader = 8;
  if (!as_text(bytes).starts_with("CBM1")) return std::nullopt;
  const auto size = load_le<std::uint32_t>(bytes, 4);
  const auto core = size ? subspan_checked(bytes, kHeader, *size) : std::nullopt;
  if (!core) return std::nullopt;
  FlatBuffer buffer(*core);
  const auto root = FlatTable::root(buffer);
  // The project's own spelling.
  if (!root || !root->text(0).starts_with("FlabuffersModel")) return std::nullopt;
  const std::size_t parts = root->text_count(3);
  // Further parts have sizes of their own, behind the core.
  ModelProbe out{"catboost", parts == 0 ? kHeader + *size : bytes.size(), {}};
  put(out, "format", printable(root->text(0)));
  put(out, "parts", std::to_string(parts));
  return out;
}

}  // namespace dl
