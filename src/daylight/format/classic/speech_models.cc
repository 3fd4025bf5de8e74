// SPDX-License-Identifier: Apache-2.0
// Reads the headers of Kaldi objects and OpenFst transducers.
#include "daylight/format/classic/speech_models.h"

#include <algorithm>
#include <string>

#include "daylight/base/text.h"

namespace dl {
namespace {

// A text behind its length of four bytes: lower-case words with signs, as types of OpenFst are.
std::string_view type_name(ByteReader& reader) {
  constexpr std::uint32_t kLongest = 64;
  const std::uint32_t size = reader.u32();
  if (size == 0 || size > kLongest) return {};
  const std::string_view text = as_text(reader.take(size));
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '<' || c == '>' || c == '.';
  };
  return std::all_of(text.begin(), text.end(), plain) ? text : std::string_view{};
}

}  // namespace

std::optional<ModelProbe> probe_kaldi(ByteSpan bytes) {
  constexpr std::string_view kBinary("\0B", 2);
  constexpr std::string_view kTokens[] = {"<TransitionModel> ", "<Nnet3> ",   "<Nnet> ",
                                          "<DIMENSION> ",       "<DiagGMM> ", "<IvectorExtractor> ",
                                          "<FullGMM> ",         "<Plda> ",    "<TOPOLOGY> "};
  const std::string_view text = as_text(bytes);
  if (!text.starts_with(kBinary)) return std::nullopt;
  for (const std::string_view token : kTokens) {
    if (!text.substr(kBinary.size()).starts_with(token)) continue;
    ModelProbe out{"kaldi", bytes.size(), {}};
    out.facts = {{"kind", std::string(token.substr(1, token.size() - 3))}};
    return out;
  }
  return std::nullopt;
}

std::optional<ModelProbe> probe_openfst(ByteSpan bytes) {
  constexpr std::uint32_t kMagic = 2125659606;
  constexpr std::int32_t kNewest = 16;
  ByteReader reader(bytes);
  if (reader.u32() != kMagic) return std::nullopt;
  const std::string_view type = type_name(reader);
  const std::string_view arc = type_name(reader);
  const std::int32_t version = reader.i32();
  reader.skip(4 + 8);  // flags, properties
  const auto start = static_cast<std::int64_t>(reader.u64());
  const auto states = static_cast<std::int64_t>(reader.u64());
  const auto arcs = static_cast<std::int64_t>(reader.u64());
  if (!reader.ok() || type.empty() || arc.empty() || version < 1 || version > kNewest ||
      start < -1 || states < -1 || arcs < -1 || (states >= 0 && start >= states)) {
    return std::nullopt;
  }
  ModelProbe out{"openfst", bytes.size(), {}};
  out.facts = {{"type", std::string(type)},
               {"arc", std::string(arc)},
               {"version", std::to_string(version)},
               {"states", std::to_string(states)}};
  // The kind that is made state by state leaves the number of arcs at zero.
  if (arcs > 0 || type != "vector") out.facts.emplace_back("arcs", std::to_string(arcs));
  return out;
}

}  // namespace dl
