// SPDX-License-Identifier: Apache-2.0
// A guest in a jail of its own: what it does to itself stays there.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "daylight/base/result.h"
#include "daylight/base/sandbox.h"
#include "daylight/guest/guest.h"

namespace dl::guest {

struct GuestProcessOptions {
  // Whose process it is, for what is said of its end.
  std::string library = "guest";
  // The user's --unsafe-no-sandbox.
  bool without_missing_parts = false;
  std::chrono::milliseconds wall_time{std::chrono::minutes(10)};
  std::uint64_t resident_bytes = std::uint64_t{4} << 30;
  // A folder that the job may fill; "" for none.
  std::filesystem::path scratch;
  // Folders that the guest may read, all that lies in them included: native code needs nobody's
  // leave to. What only the job reads is opened before.
  std::vector<std::filesystem::path> read_only;
};

// Says what a job begins now: "in the call of f", "while its libraries are loaded". Where the
// process ends without an answer, the error says the last one. On the job's thread only.
using SayStep = std::function<void(const std::string& step)>;

// Forks a jailed child and runs `job` there; gives what the job gives. Otherwise as
// run_in_guest_process().
Result<std::string> run_in_jail(const GuestProcessOptions& process,
                                const std::function<Result<std::string>(const SayStep&)>& job);

// Forks a jailed child, makes a guest in it and runs `job` there; gives what the job gives. The
// job's Error comes back as it is; an end of the child by itself (a crash, a limit) is an Error
// that says how; so is a message that the library's own code wrote, as far as that shows: on the
// host engine it shares the process, and what is given must be read as if it came from the library.
// What the job captures is copied, not shared.
Result<std::string> run_in_guest_process(
    const GuestProcessOptions& process, const GuestOptions& options,
    const std::function<Result<std::string>(Guest&, const SayStep&)>& job);
// For jobs of one step.
Result<std::string> run_in_guest_process(const GuestProcessOptions& process,
                                         const GuestOptions& options,
                                         const std::function<Result<std::string>(Guest&)>& job);

}  // namespace dl::guest
