// SPDX-License-Identifier: Apache-2.0
// Parses schema lines, and follows them through the tables of a FlatBuffer.
#include "daylight/format/encoding/flat_schema.h"

#include <algorithm>
#include <utility>

#include "daylight/base/text.h"

namespace dl {
namespace {

constexpr std::string_view kNumberTypes[] = {"i8",  "u8",  "b",   "i16", "u16", "i32",
                                             "u32", "i64", "u64", "f32", "f64"};

bool is_number(std::string_view type) {
  return std::find(std::begin(kNumberTypes), std::end(kNumberTypes), type) !=
         std::end(kNumberTypes);
}

std::uint16_t width_of(std::string_view type) {
  if (type == "i16" || type == "u16") return 2;
  if (type == "i32" || type == "u32" || type == "f32") return 4;
  if (type == "i64" || type == "u64" || type == "f64") return 8;
  return 1;
}

// "[i32]*" and the like.
FlatField parse_field(std::string_view text, std::uint16_t number) {
  FlatField field;
  field.number = number;
  const std::size_t colon = text.find(':');
  field.name = std::string(text.substr(0, colon));
  std::string_view type = colon == std::string_view::npos ? "" : text.substr(colon + 1);
  if (type.ends_with('*')) field.use = FlatUse::kConstant;
  if (type.ends_with('-')) field.use = FlatUse::kQuiet;
  if (field.use != FlatUse::kOption) type.remove_suffix(1);
  const bool many = type.starts_with('[');
  if (many) type = type.substr(1, type.size() - 2);
  if (type.starts_with('|')) {
    field.kind = FlatKind::kUnion;
    type.remove_prefix(1);
  } else if (type == "s") {
    field.kind = many ? FlatKind::kTexts : FlatKind::kText;
  } else if (is_number(type)) {
    field.kind = many ? FlatKind::kNumbers : FlatKind::kNumber;
  } else {
    field.kind = many ? FlatKind::kTables : FlatKind::kTable;
  }
  field.type = std::string(type);
  return field;
}

FlatType parse_type(std::string_view line) {
  std::vector<std::string> words = split(line, ' ');
  std::erase_if(words, [](const std::string& word) { return word.empty(); });
  FlatType type;
  type.name = words.front();
  if (type.name.starts_with('|')) {
    type.name.erase(0, 1);
    type.members.assign(words.begin() + 1, words.end());
    return type;
  }
  std::uint16_t number = 0;
  for (auto word = words.begin() + 1; word != words.end(); ++word) {
    FlatField field = parse_field(*word, number);
    number = static_cast<std::uint16_t>(number + (field.kind == FlatKind::kUnion ? 2 : 1));
    if (!field.type.empty()) type.fields.push_back(std::move(field));
  }
  return type;
}

// One number of `type` as text; floats by the shortest text that reads back as the same.
template <typename Read>
std::string number_text(std::string_view type, const Read& read) {
  if (type == "i8") return std::to_string(read(std::int8_t{}));
  if (type == "i16") return std::to_string(read(std::int16_t{}));
  if (type == "u16") return std::to_string(read(std::uint16_t{}));
  if (type == "i32") return std::to_string(read(std::int32_t{}));
  if (type == "u32") return std::to_string(read(std::uint32_t{}));
  if (type == "i64") return std::to_string(read(std::int64_t{}));
  if (type == "u64") return std::to_string(read(std::uint64_t{}));
  if (type == "f32") return format_double(static_cast<double>(read(float{})));
  if (type == "f64") return format_double(read(double{}));
  return std::to_string(read(std::uint8_t{}));
}

// Bytes of a vector whose elements are `width` wide, whatever they are.
ByteSpan vector_bytes(const FlatTable& table, std::uint16_t field, std::uint16_t width) {
  switch (width) {
    case 2:
      return table.vector<std::uint16_t>(field).bytes();
    case 4:
      return table.vector<std::uint32_t>(field).bytes();
    case 8:
      return table.vector<std::uint64_t>(field).bytes();
    default:
      return table.vector<std::uint8_t>(field).bytes();
  }
}

std::string numbers_text(ByteSpan bytes, std::string_view type) {
  const std::uint16_t width = width_of(type);
  const std::size_t count = bytes.size() / width;
  if (count > kMaxFlatNumbers) return "[" + std::to_string(count) + "]";
  std::string out;
  for (std::size_t i = 0; i < count; ++i) {
    if (i != 0) out += ",";
    out += number_text(
        type, [&](auto zero) { return load_le<decltype(zero)>(bytes, i * width).value_or(zero); });
  }
  return out;
}

// Spaces and line ends part the pairs of a detail; an app's text may not hold them.
std::string quiet_text(std::string_view text) {
  constexpr std::size_t kShown = 100;
  std::string out = printable(text, kShown);
  std::replace(out.begin(), out.end(), ' ', '_');
  return out;
}

void append(FlatSummary& out, const std::string& key, const std::string& value) {
  if (out.detail.size() > kMaxFlatDetail) return;
  if (!out.detail.empty()) out.detail += " ";
  out.detail += key + "=" + value;
  if (out.detail.size() <= kMaxFlatDetail) return;
  out.detail.resize(kMaxFlatDetail);
  out.detail += "...";
}

}  // namespace

FlatSchema::FlatSchema(std::string_view text) {
  for (const std::string& line : split(text, '\n')) {
    if (!trim(line).empty()) types_.push_back(parse_type(trim(line)));
  }
  std::sort(types_.begin(), types_.end(),
            [](const FlatType& a, const FlatType& b) { return a.name < b.name; });
}

const FlatType* FlatSchema::find(std::string_view name) const {
  const auto at =
      std::lower_bound(types_.begin(), types_.end(), name,
                       [](const FlatType& type, std::string_view key) { return type.name < key; });
  return at != types_.end() && at->name == name ? &*at : nullptr;
}

bool FlatWalker::spend(std::uint64_t count) {
  if (count > budget_) {
    exhausted_ = true;
    budget_ = 0;
    return false;
  }
  budget_ -= count;
  return true;
}

FlatSummary FlatWalker::walk(const FlatTable& table, std::string_view type) {
  FlatSummary out;
  walk_member(table, type, {}, 0, out);
  return out;
}

void FlatWalker::walk_member(const FlatTable& table, std::string_view type,
                             const std::string& prefix, int depth, FlatSummary& out) {
  const FlatType* known = schema_.find(type);
  if (known != nullptr && depth < kMaxFlatDepth && spend(1))
    walk_table(table, *known, prefix, depth, out);
}

void FlatWalker::walk_table(const FlatTable& table, const FlatType& type, const std::string& prefix,
                            int depth, FlatSummary& out) {
  for (const FlatField& field : type.fields) {
    if (exhausted_) return;
    if (table.has(field.number)) walk_field(table, field, prefix, depth, out);
  }
}

void FlatWalker::walk_field(const FlatTable& table, const FlatField& field,
                            const std::string& prefix, int depth, FlatSummary& out) {
  const std::string key = prefix + field.name;
  const bool option = field.use == FlatUse::kOption;
  switch (field.kind) {
    case FlatKind::kNumber:
      if (option) {
        append(out, key, number_text(field.type, [&](auto zero) {
                 return table.scalar(field.number, zero);
               }));
      }
      return;
    case FlatKind::kText: {
      const std::string_view text = table.text(field.number);
      if (option && spend(text.size())) append(out, key, quiet_text(text));
      return;
    }
    case FlatKind::kNumbers: {
      const std::uint16_t width = width_of(field.type);
      const ByteSpan bytes = vector_bytes(table, field.number, width);
      if (bytes.empty() || !spend(bytes.size())) return;
      if (field.use == FlatUse::kConstant) out.constants.push_back({bytes, bytes.size() / width});
      if (option) append(out, key, numbers_text(bytes, field.type));
      return;
    }
    case FlatKind::kTexts: {
      const std::size_t count = table.text_count(field.number);
      for (std::size_t i = 0; i < count && spend(1); ++i) {
        const std::string_view text = table.text_at(field.number, i);
        if (option && i < kMaxFlatNumbers && spend(text.size())) append(out, key, quiet_text(text));
      }
      return;
    }
    case FlatKind::kTable:
      if (const auto inner = table.table(field.number))
        walk_member(*inner, field.type, key + ".", depth + 1, out);
      return;
    case FlatKind::kTables: {
      const FlatTables inner = table.tables(field.number);
      for (std::size_t i = 0; i < inner.size() && !exhausted_; ++i) {
        if (const auto item = inner.at(i))
          walk_member(*item, field.type, key + std::to_string(i) + ".", depth + 1, out);
        spend(1);
      }
      return;
    }
    case FlatKind::kUnion: {
      const FlatType* members = schema_.find(field.type);
      const auto number = table.scalar<std::uint8_t>(field.number, 0);
      const auto value = table.table(static_cast<std::uint16_t>(field.number + 1));
      if (members == nullptr || !value || number == 0 || number > members->members.size()) return;
      const std::string& member = members->members[number - std::size_t{1}];
      if (option) append(out, key, member);
      walk_member(*value, member, key + ".", depth + 1, out);
      return;
    }
  }
}

}  // namespace dl
