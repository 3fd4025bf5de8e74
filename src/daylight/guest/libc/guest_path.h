// SPDX-License-Identifier: Apache-2.0
// A path among the arguments of a call.
#pragma once

#include <string>

#include "daylight/guest/engine/host_function.h"

namespace dl::guest {

// The guest's own text, checked as one. Null is the empty path, which no call finds: a std::string
// cannot be made of it.
class GuestPath {
 public:
  GuestPath(const char* text) : text_(text == nullptr ? "" : text) {}  // NOLINT: as the text itself

  operator std::string() const { return text_; }  // NOLINT: as the text itself
  const char* c_str() const { return text_; }
  bool empty() const { return *text_ == '\0'; }

 private:
  const char* text_;
};

template <>
struct GuestArgument<GuestPath> {
  static GuestPath read(CallArguments& arguments, void* state) {
    return GuestArgument<const char*>::read(arguments, state);
  }
};

}  // namespace dl::guest
