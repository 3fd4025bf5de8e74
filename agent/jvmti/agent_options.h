// SPDX-License-Identifier: Apache-2.0
// What the agent is told: where to send, and what to watch.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/artifact/selector.h"
#include "daylight/capture/wire/wire_address.h"

namespace dl::jvmti {

struct AgentOptions {
  capture::WireAddress to;
  std::string token;
  std::string name;    // of the process; "": what the machine says
  std::string prefix;  // of native methods that a rewriting pass renamed; "": none
  std::vector<CaptureRule> rules;
  std::uint64_t limit = std::uint64_t{64} << 20;    // bytes of a buffer where a rule has no limit
  std::uint64_t memory = std::uint64_t{256} << 20;  // bytes of what waits to be sent
  std::uint64_t patience_ms = 50;                   // how long a call waits for them
};

// The words after -agentpath:LIBRARY= or of JVMTI.agent_load:
//
//     to=unix:/tmp/socket,token=T,rule=jni:*([B*)* {in,return},rules=FILE
//
// A comma inside (), {} or behind a backslash separates nothing. A file of rules has one in each
// line; empty lines and those that begin with # are passed over. kInvalidArgument, kCorrupt of a
// rule, kIo of the file.
Result<AgentOptions> parse_agent_options(std::string_view text);

}  // namespace dl::jvmti
