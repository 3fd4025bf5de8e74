// SPDX-License-Identifier: Apache-2.0
// Details, limits and labels that the readers of all model formats share.
#include "daylight/format/model/graph_parts.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "daylight/base/digest.h"
#include "daylight/base/text.h"

namespace dl {
namespace {

std::string short_digest(ByteSpan bytes) { return sha256_hex(bytes).substr(0, 16); }

// The shortest text that reads back as the same float.
std::string float_text(float value) {
  if (std::isnan(value)) return "nan";
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), end.ptr};
}

template <typename T, typename Text>
std::string list_text(std::span<const T> values, Text text) {
  std::string all;
  for (std::size_t i = 0; i < values.size(); ++i) all += (i == 0 ? "" : ",") + text(values[i]);
  if (values.size() > kMaxDetailNumbers)
    return std::to_string(values.size()) + "#" + short_digest(as_bytes(all));
  return "[" + all + "]";
}

// The quoted strings of a list or dictionary, in order; nothing if it holds anything but strings,
// numbers and punctuation.
std::vector<std::string> quoted_parts(std::string_view text, bool keyed) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\'' || c == '"') {
      std::string part;
      for (++i; i < text.size() && text[i] != c; ++i) {
        if (text[i] == '\\' && i + 1 < text.size()) ++i;
        part += text[i];
      }
      if (i >= text.size()) return {};
      // In {"0": "cat"} the part before the colon is the class number.
      const std::size_t next = text.find_first_not_of(" \t\r\n", i + 1);
      const bool is_key = keyed && next != std::string_view::npos && text[next] == ':';
      if (!is_key) parts.push_back(std::move(part));
      if (parts.size() > kMaxGraphLabels) return parts;
    } else if (std::string_view(" \t\r\n,:0123456789").find(c) == std::string_view::npos) {
      return {};
    }
  }
  return parts;
}

}  // namespace

void DetailText::text(std::string_view key, std::string_view value) {
  std::string kept = value.size() > kMaxDetailText
                         ? std::to_string(value.size()) + "#" + short_digest(as_bytes(value))
                         : std::string(value);
  const auto is_blank = [](char c) { return c >= 0 && c <= ' '; };
  std::replace_if(kept.begin(), kept.end(), is_blank, '_');
  pairs_.emplace(std::string(key.substr(0, kMaxDetailText)), std::move(kept));
}

void DetailText::integer(std::string_view key, std::int64_t value) {
  text(key, std::to_string(value));
}

void DetailText::number(std::string_view key, float value) { text(key, float_text(value)); }

void DetailText::integers(std::string_view key, std::span<const std::int64_t> values) {
  pairs_.emplace(std::string(key),
                 list_text(values, [](std::int64_t v) { return std::to_string(v); }));
}

void DetailText::numbers(std::string_view key, std::span<const float> values) {
  pairs_.emplace(std::string(key), list_text(values, float_text));
}

void DetailText::blob(std::string_view key, ByteSpan bytes) {
  pairs_.emplace(std::string(key), std::to_string(bytes.size()) + "#" + short_digest(bytes));
}

std::string DetailText::take() const {
  std::string all;
  for (const auto& [key, value] : pairs_) all += (all.empty() ? "" : " ") + key + "=" + value;
  return all;
}

std::string shape_text(std::span<const std::int64_t> shape) {
  std::string all = "[";
  for (std::size_t i = 0; i < shape.size(); ++i)
    all += (i == 0 ? "" : ",") + std::to_string(shape[i]);
  return all + "]";
}

std::string typed_shape_text(const GraphTensor& tensor) {
  return tensor.dtype + shape_text(tensor.shape);
}

std::uint64_t element_count(std::span<const std::int64_t> shape) {
  std::uint64_t count = 1;
  for (const std::int64_t size : shape) {
    if (size < 0) return 0;
    count = multiply_checked(count, static_cast<std::uint64_t>(size)).value_or(0);
  }
  return count;
}

void OpenTensors::give(const std::string& name) { places_.insert_or_assign(name, next_++); }

std::vector<std::string> OpenTensors::left() const {
  std::map<std::size_t, std::string> ordered;
  for (const auto& [name, place] : places_) ordered.emplace(place, name);
  std::vector<std::string> names;
  for (auto& [place, name] : ordered) names.push_back(std::move(name));
  return names;
}

bool GraphFiller::operation(GraphOperator op) {
  if (graph_.operators.size() >= kMaxGraphOperators) {
    if (!operators_full_) {
      gap("operators", "more than " + std::to_string(kMaxGraphOperators) + " are not listed");
    }
    operators_full_ = true;
    return false;
  }
  graph_.operators.push_back(std::move(op));
  return true;
}

void GraphFiller::label(std::string text) {
  if (graph_.labels.size() < kMaxGraphLabels) {
    graph_.labels.push_back(std::move(text));
    return;
  }
  if (!labels_full_)
    gap("labels", "more than " + std::to_string(kMaxGraphLabels) + " are not listed");
  labels_full_ = true;
}

void GraphFiller::metadata(std::string key, std::string_view value) {
  if (value.empty() || graph_.metadata.size() >= kMaxMetadataPairs) return;
  graph_.metadata.emplace_back(std::move(key), std::string(value.substr(0, kMaxMetadataText)));
}

void GraphFiller::finish() {
  if (finished_) return;
  finished_ = true;
  for (FormatGap& found : gaps_.list()) graph_.gaps.push_back(std::move(found));
}

void GraphFiller::border(std::vector<GraphTensor>& side, GraphTensor tensor, const char* name) {
  if (side.size() < kMaxGraphBorders) {
    side.push_back(std::move(tensor));
    return;
  }
  if (!borders_full_)
    gap(name, "more than " + std::to_string(kMaxGraphBorders) + " are not listed");
  borders_full_ = true;
}

std::vector<std::string> labels_from_text(std::string_view text) {
  text = trim(text);
  if (text.empty()) return {};
  const bool dictionary = text.front() == '{' && text.back() == '}';
  const bool list = text.front() == '[' && text.back() == ']';
  if (dictionary || list) return quoted_parts(text.substr(1, text.size() - 2), dictionary);
  const char separator = text.find('\n') != std::string_view::npos ? '\n' : ',';
  std::vector<std::string> parts = split(text, separator);
  if (parts.size() < 2 || parts.size() > kMaxGraphLabels) return {};
  for (std::string& part : parts) part = std::string(trim(part));
  if (separator == '\n' && parts.back().empty()) parts.pop_back();
  return parts;
}

bool is_label_key(std::string_view key) {
  const std::string lower = to_lower(key);
  return lower == "names" || lower == "labels" || lower == "classes" || lower == "class_names" ||
         lower == "classlabels" || lower == "label_names";
}

}  // namespace dl
