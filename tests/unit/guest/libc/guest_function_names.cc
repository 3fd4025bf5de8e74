// SPDX-License-Identifier: Apache-2.0
// Prints the names of all functions and data that guests can import, one a line: for
// tools/guest_imports.py.
#include <cstdio>

#include "daylight/guest/android/android_functions.h"

int main() {
  for (const std::string& name : dl::guest::phone_functions().names())
    std::printf("%s\n", name.c_str());
  return 0;
}
