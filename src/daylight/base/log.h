// SPDX-License-Identifier: Apache-2.0
// Where a stage's talk goes: the library never prints, it tells a LogSink.
#pragma once

#include <cstdint>
#include <string_view>

namespace dl {

enum class LogLevel { kDebug, kInfo, kWarning };

// Receives a stage's messages and progress. Implementations are thread safe.
class LogSink {
 public:
  virtual ~LogSink() = default;
  virtual void message(LogLevel level, std::string_view text) = 0;
  // `done` of `total` items of `what`; total 0 when unknown. Called often; cheap.
  virtual void progress(std::string_view what, std::uint64_t done, std::uint64_t total) = 0;
  // True once the user asked to stop: a stage then ends at its next safe point with kCancelled.
  virtual bool cancelled() const { return false; }
};

// A sink that ignores everything: for tests and library users.
LogSink& null_log();

}  // namespace dl
