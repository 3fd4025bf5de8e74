// SPDX-License-Identifier: Apache-2.0
// One message of the instrumented Android runtime that logs "JACK LOG", as far as it came.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/capture/import/pretty_method.h"

namespace dl::capture {

enum class JackTap {
  kInvoke,      // a call of the runtime, arguments and result in one message
  kNativeCall,  // Java calls native code: arguments
  kNativeEnd,   // the same returns: result
  kNotCaught,   // a call of which nothing was copied
};

// A value of the message. Bytes begin at the object's header, or, of an array of numbers, behind
// it.
struct JackValue {
  std::optional<std::uint64_t> address;  // or the bits of an integer
  std::optional<double> number;          // printed by %f
  bool has_bytes = false;                // also where none of them came through
  bool torn = false;                     // the message ended inside the bytes
  std::string bytes;
  std::optional<std::uint64_t> elements;  // of an array, as its header says
  std::string unread;                     // why there are no bytes, as the runtime says it
};

struct JackRecord {
  JackTap tap = JackTap::kInvoke;
  std::string method;  // as printed
  std::optional<PrettyMethod> parts;
  std::string shorty;  // result first
  std::vector<JackValue> arguments;
  std::optional<JackValue> result;
  bool torn = false;    // the message ends in the middle of something
  std::string strange;  // what stood where no rule of the grammar has anything; "" if nothing did
};

// Whether the text begins such a message; and the name of the method if it goes on with one
// ("JACK LOG: name CONT.\t..."), with what follows.
bool begins_jack_record(std::string_view text);
struct JackContinuation {
  std::string_view method;
  std::string_view text;
};
std::optional<JackContinuation> jack_continuation(std::string_view text);

// `whole`: nothing is known to be missing at its end. Nothing if even the name of the method did
// not come through.
std::optional<JackRecord> parse_jack_record(std::string_view text, bool whole);

}  // namespace dl::capture
