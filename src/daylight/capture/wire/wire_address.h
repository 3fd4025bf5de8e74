// SPDX-License-Identifier: Apache-2.0
// Sockets between agents and a collector: Unix where they share a machine, TCP for a phone behind a
// cable.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "daylight/base/result.h"

namespace dl::capture {

// "unix:PATH" ("unix:@NAME" in the abstract namespace), "tcp:HOST:PORT" (numeric hosts,
// "localhost").
struct WireAddress {
  bool is_unix = true;
  std::string path;  // Unix
  std::string host;  // TCP
  std::uint16_t port = 0;

  friend bool operator==(const WireAddress&, const WireAddress&) = default;
};
Result<WireAddress> parse_wire_address(std::string_view text);
std::string print_wire_address(const WireAddress& address);

// A connected socket, closed on exec. kIo with the system's reason.
Result<int> connect_wire(const WireAddress& address);
// A listening socket, closed on exec; a Unix one has mode 0600. A socket that a collector left
// behind is replaced, any other file is not. Port 0: the system chooses, and `address` is told.
Result<int> listen_wire(WireAddress& address);

}  // namespace dl::capture
