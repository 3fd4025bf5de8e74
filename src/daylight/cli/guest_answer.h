// SPDX-License-Identifier: Apache-2.0
// What `daylight guest` says of a library, as JSON: put together in the process that ran it.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "daylight/base/json.h"
#include "daylight/base/result.h"
#include "daylight/guest/guest.h"
#include "daylight/guest/guest_process.h"
#include "daylight/guest/library_files.h"

namespace dl::cli {

// What the guest asked for, kept for the answer; thread safe.
class KeptEvents : public guest::GuestEvents {
 public:
  void lookup(const guest::GuestLookup& lookup) override;
  void log(int priority, std::string_view tag, std::string_view text) override;
  // Each once, in order of kind and name.
  Json lookups() const;
  Json log() const;
  // What was left out of both because there was too much of it; null where nothing was.
  Json dropped() const;

 private:
  static constexpr std::size_t kMostKept = 10'000;
  mutable std::mutex mutex_;  // guards what follows
  std::map<std::string, guest::GuestLookup> lookups_;
  std::vector<Json> log_;
  std::uint64_t dropped_lookups_ = 0;
  std::uint64_t dropped_log_ = 0;
};

// Said where GuestEngine::nans_may_differ().
inline constexpr const char* kNansMayDiffer =
    "an operation without a number as its result (0/0, inf - inf) was met: bits that follow from "
    "it "
    "may be others than a phone's; --exact-nans computes them as a phone does";

Json to_json(const guest::GuestFault& fault);
// Loads the library and runs its JNI_OnLoad: what happened. Each is a step.
Result<Json> load_library(guest::Guest& guest, const guest::LibraryFiles& files,
                          const KeptEvents& events, const guest::SayStep& say);
// What it has asked for and said so far, into `answer`: in place of what is there from an earlier
// time.
void tell_events(guest::Guest& guest, const KeptEvents& events, Json& answer);
// What the guest has written and removed in its folders: {"written": [{"path", "size"}], "removed":
// [path]}. What was too much becomes gaps, at the end of `gaps`.
Json files_json(guest::Guest& guest, Json& gaps);
// The native methods that are bound so far, by class and name.
Json natives_json(guest::Guest& guest);
// The engines that constructors registered with other libraries, in order.
Json engines_json(guest::Guest& guest);
// What a library exports, by reading it; nothing of it is run.
Result<Json> read_exports(const guest::LibraryFiles& files);

}  // namespace dl::cli
