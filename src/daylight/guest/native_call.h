// SPDX-License-Identifier: Apache-2.0
// Calls of an app's native methods, as Java code makes them.
#pragma once

#include <span>
#include <string>

#include "daylight/base/result.h"
#include "daylight/guest/guest.h"

namespace dl::guest {

// A fault with its first places, on one line.
std::string words_of(const GuestFault& fault);

// Calls the native method by whichever way a loaded library provides it: JNIEnv, then `receiver`
// (the class, for a static method), then the arguments in the registers of their types. A signature
// tells overloads apart. Local references that the call makes end with it, but for its result.
// kNotFound where no library provides it, kInvalidArgument where the arguments are not those of the
// signature, kCorrupt where it faults or leaves an exception.
Result<JavaValue> call_java_native(Guest& guest, const JavaMember& method, JavaReference receiver,
                                   std::span<const JavaValue> arguments);

}  // namespace dl::guest
