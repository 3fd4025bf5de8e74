// SPDX-License-Identifier: Apache-2.0
// Waiting for files in steps, so that a guest that is stopped does not hang.
#pragma once

#include "daylight/guest/libc/guest_files.h"

namespace dl::guest {

// Until `events` (POLLIN, POLLOUT) are there, or an error; at once for what never waits: files,
// folders, descriptors with O_NONBLOCK. False with EINTR when the guest is stopped.
bool wait_ready(GuestMachine& machine, const OpenFile& file, short events);

}  // namespace dl::guest
