// SPDX-License-Identifier: Apache-2.0
// A call from the guest, up to what it did wrong.
#include "daylight/guest/engine/host_function.h"

#include <cerrno>
#include <cstring>

#include "daylight/base/hex.h"
#include "daylight/guest/engine/guest_engine.h"
#include "daylight/guest/memory/memory_escape.h"

namespace dl::guest {

std::optional<GuestFault> run_host_function(const HostFunction& function, CallFrame& frame,
                                            std::uint64_t thread_block) {
  const auto bad = with_memory_escape([&] {
    errno = 0;
    function.invoke(function.target, function.state, frame);
    if (errno != 0) {
      const int error = errno;
      std::memcpy(reinterpret_cast<void*>(thread_block + kErrnoSlot), &error, sizeof(error));
    }
  });
  GuestFault fault;
  if (bad) {
    fault.kind = GuestFault::Kind::kMemory;
    fault.address = *bad;
    fault.what = function.name + " was given memory that is not there: 0x" + hex_number(*bad);
    return fault;
  }
  if (frame.refusal().empty()) return std::nullopt;
  fault.kind = GuestFault::Kind::kArgument;
  fault.what = function.name + ": " + frame.refusal();
  return fault;
}

}  // namespace dl::guest
