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
  // Bytes of kInvoke's arguments, receiver included; the other taps print the shorty's length.
  std::optional<std::uint64_t> args_size;
  std::vector<JackValue> arguments;
  std::optional<JackValue> result;
  bool torn = false;    // the message ends in the middle of something
  bool whole = false;   // as it was given to the parser
  std::string strange;  // what stood where no rule of the grammar has anything; "" if nothing did

  // Parameters that the method has.
  std::size_t declared() const;
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
// not come through. All bytes begin at their object's header.
std::optional<JackRecord> parse_jack_record(std::string_view text, bool whole);

// Whether the first value is the receiver; nothing if that does not show. `known`: what other
// records of the method showed.
std::optional<bool> jack_receiver(const JackRecord& record, std::optional<bool> known);

// Takes the headers of arrays of numbers away: of the result, and of arguments if `receiver` says
// which of them is which parameter.
void strip_jack_headers(JackRecord& record, std::optional<bool> receiver);

}  // namespace dl::capture
