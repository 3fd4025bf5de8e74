// SPDX-License-Identifier: Apache-2.0
// Machine learning that code names in constants only: API classes for reflection, native libraries
// for System.loadLibrary.
#pragma once

#include <vector>

#include "daylight/artifact/inventory.h"
#include "daylight/detect/signals/signals.h"

namespace dl {

// Records of one kind that one framework keeps.
inline constexpr std::size_t kMaxNamedEvidence = 8;

struct NamedFramework {
  const FrameworkRule* rule = nullptr;
  Evidence evidence;  // rule "<id>.reflection" or "<id>.load-library"
};

// A method that loads a class by name (Class.forName, ClassLoader.loadClass ...) and holds the name
// of an API class or of a listed class of a framework; a method that loads a native library and
// holds the name of a framework's. By method, then place. Constants that the method itself holds
// count, not ones that are put together.
std::vector<NamedFramework> named_frameworks(const CodeContext& context);

// Calls of API methods by name: a method outside of the frameworks' code that loads an API class by
// name, asks for a method (Class.getMethod, getDeclaredMethod), and holds the name of one that has
// a role. Without ids; evidence rule "reflection".
std::vector<CallRecord> reflected_calls(const CodeContext& context,
                                        const FrameworkCode& frameworks);

}  // namespace dl
