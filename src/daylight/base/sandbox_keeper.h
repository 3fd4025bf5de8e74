// SPDX-License-Identifier: Apache-2.0
// The processes between a sandbox's parent and the code inside: the keeper outside, which watches
// and ends it, and the first process inside, with which everything inside dies.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "daylight/base/result.h"
#include "daylight/base/sandbox.h"

namespace dl {

// What the keeper tells the parent: one page of memory that both map, and that the code inside does
// not. Written by one process after the other; read by the parent when the keeper has ended.
class SandboxRecord {
 public:
  struct State {
    bool ended = false;  // the code inside, by itself
    int status = 0;      // of waitpid(), then
    std::int64_t processor_ms = 0;
    SandboxCause cause = SandboxCause::kOwn;
    char reason[128] = {};  // why it was killed
    std::uint64_t peak_resident_bytes = 0;
    std::uint64_t peak_processes = 0;
    // The jail could not be closed, and why.
    bool failed = false;
    ErrorCode code = ErrorCode::kUnsupported;
    char what[256] = {};
    char where[256] = {};
  };

  static Result<std::unique_ptr<SandboxRecord>> make();
  ~SandboxRecord();
  SandboxRecord(const SandboxRecord&) = delete;
  SandboxRecord& operator=(const SandboxRecord&) = delete;

  State& state() const { return *state_; }
  void say_failed(const Error& error) const;
  void say_killed(SandboxCause cause, std::string_view reason) const;
  // Unmaps it in this process.
  void forget();

 private:
  explicit SandboxRecord(State* state) : state_(state) {}
  State* state_ = nullptr;
};

// Which parts to put up.
struct SandboxParts {
  bool namespaces = true;
  bool own_root = true;
  bool landlock = true;
  bool syscalls = true;
};

// Runs in the child that the parent forked, and returns when the code inside and all its processes
// are gone; what happened stands in `record`. One byte on `socket` says that the jail is closed;
// `body` follows in another process. `parent` is who forked this child.
void keep_sandbox(int socket, int parent, const SandboxOptions& options, const SandboxParts& parts,
                  SandboxRecord& record, const std::function<void(int socket)>& body);

}  // namespace dl
