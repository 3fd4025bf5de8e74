// SPDX-License-Identifier: Apache-2.0
// The system's libraries as a guest finds them: bionic's names, served by this machine's own.
#pragma once

#include "daylight/base/result.h"
#include "daylight/guest/machine/function_table.h"

namespace dl::guest {

// All of them, made once. Immutable, thread safe.
const FunctionTable& system_functions();

// One topic each.
void add_memory_functions(FunctionTable& table);  // malloc, mmap, memcpy ...
void add_string_functions(FunctionTable& table);  // str*, conversions
void add_math_functions(FunctionTable& table);
void add_thread_functions(FunctionTable& table);   // pthread_*, semaphores
void add_process_functions(FunctionTable& table);  // abort, exit, atexit, properties, sysconf
void add_linker_functions(FunctionTable& table);   // dlopen, dl_iterate_phdr ...
void add_format_functions(FunctionTable& table);   // printf family without streams, liblog
void add_file_functions(FunctionTable& table);     // open, read, stat ...
void add_stream_functions(FunctionTable& table);   // FILE
void add_time_functions(FunctionTable& table);
void add_jump_functions(FunctionTable& table);    // setjmp, fenv: the guest's own code
void add_quad_functions(FunctionTable& table);    // long double, div
void add_wide_functions(FunctionTable& table);    // wcs*, mb*
void add_locale_functions(FunctionTable& table);  // locales, isw*

void add_chance_functions(FunctionTable& table);      // rand, arc4random
void add_search_functions(FunctionTable& table);      // qsort, tsearch
void add_signal_functions(FunctionTable& table);      // sigaction, kill
void add_folder_functions(FunctionTable& table);      // opendir, scandir
void add_change_functions(FunctionTable& table);      // rename, chmod, mkstemp
void add_name_functions(FunctionTable& table);        // readlink, realpath, statfs
void add_descriptor_functions(FunctionTable& table);  // dup, fcntl, pipe
void add_wait_functions(FunctionTable& table);        // poll, select, epoll
void add_transfer_functions(FunctionTable& table);    // readv, sendfile
void add_scan_functions(FunctionTable& table);        // scanf family
void add_lock_functions(FunctionTable& table);        // mutexes, conditions, semaphores
void add_zlib_functions(FunctionTable& table);
void add_network_functions(FunctionTable& table);  // sockets that lead nowhere
void add_device_functions(FunctionTable& table);   // uname, limits, users, other programs
void add_pattern_functions(FunctionTable& table);  // regcomp, fnmatch
void add_system_calls(FunctionTable& table);       // syscall
// Lets the guest's own svc instructions reach the same table. Before guest code runs.
Result<void> bind_system_calls(GuestMachine& machine);

}  // namespace dl::guest
