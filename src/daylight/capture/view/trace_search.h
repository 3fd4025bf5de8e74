// SPDX-License-Identifier: Apache-2.0
// Finds events of a trace: calls by a selector, buffers by their digest, anything by its text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daylight/artifact/selector.h"
#include "daylight/capture/view/open_calls.h"
#include "daylight/capture/view/trace_names.h"

namespace dl::capture {

// Calls that one search may find; more is kLimit. 16 bytes each.
inline constexpr std::size_t kMaxFoundCalls = std::size_t{1} << 22;

// Goes over a trace twice where the pattern is a selector: `sig:` is decided by an argument that
// stands behind the enter event, and all events of a call are wanted. Not thread safe.
class TraceSearch {
 public:
  // `java:`, `jni:`, `so:`, `import:`, `sig:`: a selector; `sha256:PREFIX` (4 digits at least): a
  // buffer; else a text, anywhere in names, log lines, lookups, notes; `*` stands for any run of
  // bytes. kCorrupt or kLimit, saying what is wrong with the pattern.
  static Result<TraceSearch> parse(std::string_view pattern);

  bool needs_first_pass() const { return what_ == What::kCalls; }
  // The first pass, every event. kLimit if too many calls are found.
  Result<void> look(const TraceEvent& event, const TraceNames& names);
  void end_first_pass();

  // The only pass, or the second.
  bool matches(const TraceEvent& event, const TraceNames& names) const;

 private:
  enum class What { kCalls, kBuffer, kText };
  bool selects(const TraceEvent& event, const TraceNames& names) const;
  bool selects(const TraceMethod& method, const TraceModule* module) const;
  bool selects(const TraceArgument& argument) const;
  bool holds_buffer(const TraceEvent& event) const;
  bool holds_text(const TraceEvent& event, const TraceNames& names) const;

  What what_ = What::kText;
  Selector selector_;
  std::string digest_;  // hexadecimal, a prefix
  TextPattern text_;
  std::vector<CallKey> calls_;  // sorted after the first pass
};

}  // namespace dl::capture
