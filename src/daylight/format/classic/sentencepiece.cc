// SPDX-License-Identifier: Apache-2.0
// Field numbers are those of the public sentencepiece_model.proto.
#include "daylight/format/classic/sentencepiece.h"

#include <array>

#include "daylight/format/encoding/protobuf.h"

namespace dl {
namespace {

using K = ProtoKind;

constexpr std::array<ProtoRule, 3> kPieceRules = {{{1, K::kText, nullptr, false, true},
                                                   {2, K::kFixed32},
                                                   {3, K::kVarint, nullptr, false, false, 6}}};
constexpr ProtoSchema kPiece = {kPieceRules, 0};

constexpr std::array<ProtoRule, 6> kModelRules = {{
    {1, K::kMessage, &kPiece, true, true},  // pieces
    {2, K::kBytes},                         // trainer_spec
    {3, K::kBytes},                         // normalizer_spec
    {4, K::kBytes},                         // self_test_data
    {5, K::kBytes},                         // denormalizer_spec
    {200, K::kBytes},                       // extensions
}};
constexpr ProtoSchema kModel = {kModelRules, 0};

// trainer_spec
constexpr std::uint32_t kModelTypeField = 3;

std::string_view model_type(std::int64_t type) {
  constexpr std::array<std::string_view, 5> kNames = {"", "unigram", "bpe", "word", "char"};
  return type > 0 && type < static_cast<std::int64_t>(kNames.size())
             ? kNames[static_cast<std::size_t>(type)]
             : "";
}

}  // namespace

std::optional<ModelProbe> probe_sentencepiece(ByteSpan bytes) {
  const ProtoFit fit = fit_proto_schema(bytes, kModel);
  if (!fit.required) return std::nullopt;
  std::uint64_t pieces = 0;
  std::uint64_t scores = 0;
  std::uint64_t specifications = 0;
  std::uint64_t special = 0;  // unknown, control: every vocabulary has one
  std::string_view type = "unigram";
  ProtoReader reader(bytes.first(static_cast<std::size_t>(fit.size)));
  while (const auto field = reader.next()) {
    if (field->number != 1) {
      ++specifications;
      if (field->number == 2) type = model_type(proto_integer(field->bytes, kModelTypeField, 1));
      continue;
    }
    ++pieces;
    if (proto_field(field->bytes, 2)) ++scores;
    if (proto_integer(field->bytes, 3, 1) != 1) ++special;
  }
  if (pieces < kMinSentencePieces || scores == 0 || special == 0 || specifications == 0)
    return std::nullopt;
  ModelProbe probe{"sentencepiece", fit.size, {}, {{"pieces", std::to_string(pieces)}}};
  if (!type.empty()) probe.facts.emplace_back("type", type);
  if (fit.cut)
    probe.gaps.push_back({"model", "it is cut off: its last field goes on behind the end"});
  return probe;
}

}  // namespace dl
