// SPDX-License-Identifier: Apache-2.0
// XML and string resources of app bundles, which are Protocol Buffers there.
//
// Source: the public Resources.proto of Android's aapt2.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "daylight/base/bytes.h"
#include "daylight/base/result.h"
#include "daylight/format/format_gap.h"
#include "daylight/format/package/axml.h"

namespace dl {

inline constexpr std::size_t kMaxProtoXmlDepth = 256;
inline constexpr std::size_t kMaxProtoStrings = 1'000'000;  // of one table
// References from one string to another that are followed.
inline constexpr int kMaxProtoReferences = 8;

// Whether the bytes are an XmlNode with an element, as far as its first fields show.
bool looks_like_proto_xml(ByteSpan bytes);

// An XmlNode in the form that binary XML has. Fails with kCorrupt where there is no element; what
// is damaged inside is left out, with a gap.
Result<AxmlDocument> parse_proto_xml(ByteSpan bytes, const std::string& where);

// The strings of a bundle's resources.pb. Views point into the bytes, which outlive it. const
// methods are thread safe.
class ProtoStrings {
 public:
  // Keeps what can be read. Fails with kCorrupt where nothing is a package.
  static Result<ProtoStrings> parse(ByteSpan bytes, const std::string& where);

  // The string with this resource id in the default configuration (else in the first), references
  // followed; nothing where it is none.
  std::optional<std::string> string_of(std::uint32_t id) const;
  std::size_t size() const { return values_.size(); }
  const GapList& gaps() const { return gaps_; }

 private:
  struct Value {
    std::string_view text;
    std::uint32_t reference = 0;  // where the value is another string
  };
  void read_package(ByteSpan package, const std::string& where);
  void read_type(ByteSpan type, std::uint32_t first_id, const std::string& where);

  std::unordered_map<std::uint32_t, Value> values_;
  GapList gaps_;
};

// Puts the string in the place of each reference to one that is known.
void resolve_strings(const ProtoStrings& strings, AxmlDocument& document);

}  // namespace dl
