// SPDX-License-Identifier: Apache-2.0
// The half of replay that may crash: strangers' models in native libraries, in a process of its
// own.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>

#include "daylight/artifact/pipeline.h"
#include "daylight/artifact/samples.h"
#include "daylight/base/blob_store.h"
#include "daylight/replay/step_program.h"

namespace dl {

// What a worker replays. A worker has its own copy of the memory.
struct ReplayWork {
  const Pipeline& pipeline;
  const Samples& samples;
  const BlobStore& models;
  ProgramOptions options;
};

// Where a worker is, in memory that it shares with its parent: after a crash this tells whose fault
// it was. Only a worker writes, and it may write anything.
struct WorkerProgress {
  static constexpr std::uint32_t kNowhere = UINT32_MAX;
  std::atomic<std::uint32_t> node = kNowhere;  // the step that runs
  std::array<char, 64> model = {};             // digest of the model that is being opened, or zeros
};

// A worker's life: greets with the program's facts, then answers jobs until the parent closes the
// socket. Runs in a child process (base/child_process.h).
void serve_replay(int socket, ReplayWork work, WorkerProgress& progress);

}  // namespace dl
