// SPDX-License-Identifier: Apache-2.0
// Puts the topics together.
#include "daylight/guest/libc/system_functions.h"

namespace dl::guest {

const FunctionTable& system_functions() {
  static const FunctionTable kTable = [] {
    FunctionTable table;
    add_memory_functions(table);
    add_string_functions(table);
    add_math_functions(table);
    add_thread_functions(table);
    add_system_calls(table);
    add_process_functions(table);
    add_linker_functions(table);
    add_format_functions(table);
    add_file_functions(table);
    add_stream_functions(table);
    add_time_functions(table);
    add_jump_functions(table);
    add_quad_functions(table);
    add_wide_functions(table);
    add_locale_functions(table);
    add_chance_functions(table);
    add_search_functions(table);
    add_signal_functions(table);
    add_folder_functions(table);
    add_change_functions(table);
    add_name_functions(table);
    add_descriptor_functions(table);
    add_wait_functions(table);
    add_transfer_functions(table);
    add_scan_functions(table);
    add_lock_functions(table);
    add_zlib_functions(table);
    add_network_functions(table);
    add_device_functions(table);
    add_pattern_functions(table);
    return table;
  }();
  return kTable;
}

}  // namespace dl::guest
