// SPDX-License-Identifier: Apache-2.0
// What replay and its worker processes say to each other. A worker has run hostile models: nothing
// that it says is believed before it was checked.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "daylight/artifact/predictions.h"
#include "daylight/base/json.h"
#include "daylight/replay/step_program.h"

namespace dl {

// One step of a program.
struct ProgramNode {
  static constexpr std::size_t kRoot = static_cast<std::size_t>(-1);
  std::size_t parent = kRoot;  // stands before its children
  std::string name;
};

// What the program of a replay is, as far as its results go.
struct ProgramFacts {
  std::vector<ProgramOutput> outputs;
  std::vector<FailedHead> failed_heads;
  std::vector<Substitution> substitutions;
  std::vector<std::string> skipped_steps;
  std::vector<ProgramNode> nodes;
};
ProgramFacts facts_of(const StepProgram& program);

// A step that is not to be run, because it brought a worker down.
struct BarredNode {
  std::size_t node = 0;
  StepFailure failure;
};

// One picture to replay.
struct ReplayJob {
  std::size_t sample = 0;
  std::vector<BarredNode> barred = {};
};

// One row for each output of the program, in its order, and why it failed where that is to be told.
struct SampleAnswer {
  std::vector<Prediction> rows;  // without file
  std::vector<std::string> why;
};

// A worker's first message: the program's facts, or why there is no program.
std::string encode_greeting(const Result<ProgramFacts>& facts);
// The outer Error: the message is not one. The inner: the worker's own.
Result<Result<ProgramFacts>> decode_greeting(const std::string& message);

std::string encode_job(const ReplayJob& job);
Result<ReplayJob> decode_job(const std::string& message);

// The inner Error ends the whole replay: the worker could not set itself up.
std::string encode_answer(const Result<SampleAnswer>& answer);
// Checks that there is one row for each output, of its head and kind, with finite numbers.
Result<Result<SampleAnswer>> decode_answer(const std::string& message,
                                           const std::vector<ProgramOutput>& outputs);

}  // namespace dl
