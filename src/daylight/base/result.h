// SPDX-License-Identifier: Apache-2.0
// How calls fail: Result<T> carries a value or an Error that says what, where in the input, and
// what to do.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

// The namespace is `dl`, not `daylight`: <time.h> declares a global `int daylight` in every C++
// file.
namespace dl {

// The kinds of failure that a caller may want to tell apart.
enum class ErrorCode {
  kNotFound,         // a file, entry, column or id does not exist
  kCorrupt,          // bytes do not follow their format
  kUnsupported,      // well-formed, but not something that this program can do
  kLimit,            // a named limit (size, depth, count, ratio) was reached
  kIo,               // the operating system refused
  kInvalidArgument,  // the user asked for something that makes no sense
  kCancelled,        // the user interrupted
  kBusy,             // another run holds the case
};

// One failure. `what` is a full clause without a trailing dot; `where` names the input (path,
// entry, offset, row); `hint` says what to do, and may be empty. Text that comes from an app is
// escaped by the printer, not here.
struct Error {
  ErrorCode code = ErrorCode::kCorrupt;
  std::string what;
  std::string where = {};
  std::string hint = {};

  friend bool operator==(const Error&, const Error&) = default;
};

template <typename T>
using Result = tl::expected<T, Error>;

// Builds the unexpected side of a Result: `return fail(ErrorCode::kCorrupt, "no end record",
// path);`
inline tl::unexpected<Error> fail(ErrorCode code, std::string what, std::string where = {},
                                  std::string hint = {}) {
  return tl::unexpected<Error>(Error{code, std::move(what), std::move(where), std::move(hint)});
}

// "where: what; hint", the parts that are there.
inline std::string describe(const Error& error) {
  std::string text = error.where.empty() ? error.what : error.where + ": " + error.what;
  if (!error.hint.empty()) text += "; " + error.hint;
  return text;
}

}  // namespace dl

// The value of `expr`, or return its Error from the enclosing function. Works with move-only
// values, and nested. NOLINTBEGIN(bugprone-macro-parentheses)
#define DL_TRY_CONCAT_(a, b) a##b
#define DL_TRY_NAME_(number) DL_TRY_CONCAT_(try_result_, number)
#define DL_TRY_(expr, result)                                        \
  __extension__({                                                    \
    auto result = (expr);                                            \
    if (!result) return ::tl::unexpected(std::move(result).error()); \
    std::move(result).value();                                       \
  })
#define DL_TRY_VOID_(expr, result)                                   \
  do {                                                               \
    auto result = (expr);                                            \
    if (!result) return ::tl::unexpected(std::move(result).error()); \
  } while (false)
#define TRY(expr) DL_TRY_(expr, DL_TRY_NAME_(__COUNTER__))
// For Result<void>.
#define TRY_VOID(expr) DL_TRY_VOID_(expr, DL_TRY_NAME_(__COUNTER__))
// NOLINTEND(bugprone-macro-parentheses)
