// SPDX-License-Identifier: Apache-2.0
// Android's binary XML (AndroidManifest.xml, res/xml, layouts) as a flat list of elements.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/base/bytes.h"
#include "daylight/base/result.h"
#include "daylight/format/format_gap.h"
#include "daylight/format/package/res_chunk.h"

namespace dl {

inline constexpr std::size_t kMaxAxmlElements = 200'000;
inline constexpr std::size_t kMaxAxmlAttributes = 1'000'000;  // of a whole document
inline constexpr std::size_t kMaxAxmlDepth = 1'000;

struct AxmlAttribute {
  std::string namespace_uri;  // "" if none
  std::string name;  // as in the string pool: obfuscators change it, Android goes by resource_id
  std::uint32_t resource_id = 0;  // android.R.attr of the name, 0 if it has none
  ResValue value;
  std::string text;  // of a string value, or the raw text as written; "" if neither is there
};

struct AxmlElement {
  std::string namespace_uri;
  std::string name;
  std::int32_t parent = -1;  // index in AxmlDocument::elements, -1 for a root
  std::uint32_t depth = 0;
  std::uint32_t line = 0;  // of the source, as the compiler noted it
  std::vector<AxmlAttribute> attributes;
  std::string text;  // character data directly inside

  // By resource id where the attribute has one, else by name.
  const AxmlAttribute* attribute(std::uint32_t resource_id, std::string_view name) const;
};

struct AxmlDocument {
  std::vector<AxmlElement> elements;  // in document order
  GapList gaps;
};

// Reads as Android does: unknown chunks are skipped, sizes that lie are cut to what is there
// (gaps). Fails with kCorrupt if there is no string pool or no element. `where` goes into errors
// and gaps.
Result<AxmlDocument> parse_axml(ByteSpan bytes, const std::string& where);

}  // namespace dl
