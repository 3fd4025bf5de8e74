// SPDX-License-Identifier: Apache-2.0
// What a buffer holds, in a few words: its first values by their type, or its first bytes.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "daylight/artifact/trace/blob_reader.h"
#include "daylight/artifact/trace/trace_event.h"
#include "daylight/base/json.h"

namespace dl::capture {

inline constexpr std::size_t kShownValues = 8;
// Blobs that are larger are not unpacked only to show how they begin.
inline constexpr std::uint64_t kMaxShownBlobBytes = std::uint64_t{16} << 20;

enum class ValueType {
  kBytes,  // of no known type
  kText,
  kBool,
  kInt8,
  kUint8,
  kInt16,
  kUint16,
  kInt32,
  kUint32,
  kInt64,
  kUint64,
  kFloat16,
  kFloat32,
  kFloat64,
};
// The type of the elements by the dtype, else by the type in the source ("float[]", "const char*").
ValueType value_type(const TraceArgument& argument);
// Bytes of one element.
std::size_t element_bytes(ValueType type);

// The first kShownValues elements as JSON: numbers (as texts where JSON has none), or one text.
// `bytes` may be hostile. Numbers that begin beyond its end are left out.
Json first_values(ValueType type, ByteSpan bytes);
// The same for a terminal; `more`: the buffer goes on. Safe to print.
std::string values_text(ValueType type, ByteSpan bytes, bool more);

// A number that went in or out as it is, by its type ("int", "float"); nothing for addresses and
// for what no type is known of.
std::optional<std::string> scalar_text(const TraceArgument& argument);

// First bytes of the buffers of one trace. Not thread safe. Memory: kKeptBeginnings short texts and
// one blob.
class BufferBeginnings {
 public:
  explicit BufferBeginnings(const BlobReader& blobs) : blobs_(blobs) {}

  // At most kBeginningBytes; nothing where the trace has none of them (or has them damaged).
  std::optional<std::string> of(const TraceBuffer& buffer);

  static constexpr std::size_t kBeginningBytes = 64;
  static constexpr std::size_t kKeptBeginnings = 4096;

 private:
  const BlobReader& blobs_;
  std::map<Sha256Bytes, std::optional<std::string>> known_;
  std::deque<Sha256Bytes> order_;  // of known_, the oldest first
};

}  // namespace dl::capture
