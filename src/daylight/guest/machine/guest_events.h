// SPDX-License-Identifier: Apache-2.0
// What a guest asks for and says while it runs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dl::guest {

// Something that a guest looked up, and what it was told. What is absent makes libraries take
// another path: these are the important ones.
struct GuestLookup {
  enum class What { kProperty, kSymbol, kFile, kLibrary, kImport, kSystemCall, kSetting };
  What what = What::kFile;
  std::string name;
  bool found = false;
  std::string answer;  // "" if none
};

// "property", "symbol", ...
const char* name_of(GuestLookup::What what);

// Receives them. Implementations are thread safe. Texts come from the guest: hostile.
class GuestEvents {
 public:
  virtual ~GuestEvents() = default;
  virtual void lookup(const GuestLookup& lookup) = 0;
  // A line of the log, as liblog's priorities have it (2 verbose ... 7 fatal), or of a stream.
  virtual void log(int priority, std::string_view tag, std::string_view text) = 0;
};

// One that ignores everything.
GuestEvents& no_guest_events();

}  // namespace dl::guest
