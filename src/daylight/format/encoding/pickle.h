// SPDX-License-Identifier: Apache-2.0
// Python pickles as plain values: names of classes and functions are recorded, nothing is ever
// imported, called or built.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/base/bytes.h"
#include "daylight/base/result.h"

namespace dl {

// Values of one pickle; reading fails beyond it.
inline constexpr std::size_t kMaxPickleValues = std::size_t{1} << 22;
// Entries of the memo table.
inline constexpr std::size_t kMaxPickleMemo = std::size_t{1} << 22;
// Characters of a module's, class's or function's name.
inline constexpr std::size_t kMaxPickleName = 4096;
// Highest protocol of Python's pickle module.
inline constexpr int kMaxPickleProtocol = 5;

enum class PickleKind : std::uint8_t {
  kNone,
  kBool,        // integer
  kInteger,     // integer; text where it needs more than 64 bits
  kFloat,       // real
  kText,        // text
  kBytes,       // text
  kTuple,       // items
  kList,        // items
  kDict,        // items: key, value, key, value ...
  kSet,         // items
  kGlobal,      // integer: number in Pickle::globals
  kCall,        // items: what is called, its arguments (a tuple)
  kObject,      // items: class, arguments[, keyword arguments]
  kPersistent,  // items: the id
  kOther,       // a buffer outside of the pickle
};

using PickleId = std::uint32_t;  // into Pickle::values

// `text` is a view of the pickle's bytes. A value may be part of several
// others, and of itself.
struct PickleValue {
  PickleKind kind = PickleKind::kNone;
  std::int64_t integer = 0;
  double real = 0;
  std::string_view text = {};
  std::vector<PickleId> items = {};
  // What a BUILD instruction gives to a call or an object; its own number where there is none.
  PickleId state = 0;
};

struct Pickle {
  std::vector<PickleValue> values;
  PickleId root = 0;
  int protocol = 0;
  std::uint64_t size = 0;  // bytes up to and with the end instruction
  // "module name" of everything that unpickling would import, once each, in order of appearance.
  std::vector<std::string> globals;

  const PickleValue& at(PickleId id) const { return values[id]; }
  // What the callee of a call, or the class of an object, is called; empty for other values.
  std::string_view callee(const PickleValue& value) const;
  // The value of a dictionary's text key, or null.
  const PickleValue* find(const PickleValue& dict, std::string_view key) const;
};

// Runs the pickle machine over bytes that begin with a pickle and may go on behind it; they must
// outlive the answer. Cost: linear in the bytes. kCorrupt where an instruction is unknown, has no
// operands on the stack or ends outside; kLimit beyond the limits above.
Result<Pickle> read_pickle(ByteSpan bytes);

// What a pickle would import, up to where reading ends: `complete` if that is its end instruction.
struct PickleNames {
  std::vector<std::string> globals;
  std::uint64_t size = 0;
  bool complete = false;
  std::string why;  // reading ended early
};
PickleNames read_pickle_names(ByteSpan bytes);

}  // namespace dl
