// SPDX-License-Identifier: Apache-2.0
// Which steps bring workers down so often that they are not run any more.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "daylight/replay/replay_messages.h"

namespace dl {

// A step that took too long on so many pictures, and never ended well, is not run on the others.
inline constexpr std::size_t kMaxTimeouts = 3;
// A step that crashed on so many pictures of a chunk, and ended well on none, is not run again.
inline constexpr std::size_t kMinCrashesToGiveUp = 16;

// A step that was given up; a later call that goes on with the same work is told of it.
struct GivenUpStep {
  std::size_t node = 0;  // of the program, which is the same for the same pipeline and options
  std::string name;
  StepFailure failure;
};
Json to_json(const GivenUpStep& step);
Result<GivenUpStep> given_up_step_from_json(const Json& json, const std::string& where);

// Judged by chunks of pictures, in their order, so that neither the number of workers nor an
// interrupt between chunks changes what is run. Not thread safe.
class StepHealth {
 public:
  // Earlier decisions that do not fit the program are left out.
  StepHealth(const ProgramFacts& facts, const std::vector<GivenUpStep>& earlier);

  void crashed(std::size_t node);
  void timed_out(std::size_t node);
  void answered(const SampleAnswer& answer);
  // Decides about crashes.
  void end_chunk();

  // All so far, oldest first. Timeouts add to it within a chunk.
  const std::vector<GivenUpStep>& given_up() const { return given_up_; }

 private:
  void give_up(std::size_t node, PredictionStatus status, const std::string& why);

  const ProgramFacts& facts_;
  std::map<std::size_t, std::size_t> timeouts_;
  std::map<std::size_t, std::size_t> crashes_;  // in the chunk
  std::vector<bool> well_;                      // ended well on some picture
  std::vector<bool> well_in_chunk_;
  std::vector<GivenUpStep> given_up_;
};

}  // namespace dl
