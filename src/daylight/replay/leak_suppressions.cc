// SPDX-License-Identifier: Apache-2.0
// Sanitizer builds only: TensorFlow Lite leaves one byte behind when it is loaded, before main()
// and beyond our reach.
#if defined(__SANITIZE_ADDRESS__)
extern "C" const char* __lsan_default_suppressions();  // NOLINT(bugprone-reserved-identifier)

// NOLINTNEXTLINE(bugprone-reserved-identifier): the sanitizer asks for this name.
extern "C" const char* __lsan_default_suppressions() { return "leak:libtensorflowlite_c.so\n"; }
extern "C" const char* __lsan_default_options();  // NOLINT(bugprone-reserved-identifier)
// NOLINTNEXTLINE(bugprone-reserved-identifier): tests read stderr, so nothing is said about it.
extern "C" const char* __lsan_default_options() { return "print_suppressions=0"; }
#endif
