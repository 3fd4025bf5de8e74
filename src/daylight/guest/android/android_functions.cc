// SPDX-License-Identifier: Apache-2.0
// Puts the topics together.
#include "daylight/guest/android/android_functions.h"

#include "daylight/guest/libc/system_functions.h"

namespace dl::guest {

const FunctionTable& phone_functions() {
  static const FunctionTable kTable = [] {
    FunctionTable table = system_functions();
    add_absent_functions(table);
    add_asset_functions(table);
    add_bitmap_functions(table);
    add_configuration_functions(table);
    add_looper_functions(table);
    return table;
  }();
  return kTable;
}

}  // namespace dl::guest
