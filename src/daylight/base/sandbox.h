// SPDX-License-Identifier: Apache-2.0
// A child in a jail: the only place where code of an app runs. docs/design/sandbox.md says what
// each part keeps it from.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daylight/base/child_process.h"
#include "daylight/base/result.h"

namespace dl {

// What the code inside may use. Sizes in bytes; a limit of 0 is none.
struct SandboxOptions {
  // Files and folders (with all below) that it can read under their own names. Nothing else exists
  // inside but /dev/null, zero, random and urandom. Absolute; must exist.
  std::vector<std::filesystem::path> read_only = {};
  // A folder that it may fill and empty; "" for none. What it writes stays there after its end:
  // bytes, names and links of strangers.
  std::filesystem::path scratch = {};
  bool proc = false;               // /proc, of its own processes only
  bool local_sockets = true;       // may make AF_UNIX sockets; there is never a network
  bool start_programs = false;     // may start programs out of `read_only`
  bool executable_memory = false;  // may write memory and then run it (a JIT compiler needs it)
  bool own_processes = true;       // may make processes of its own; else only threads
  bool kill_on_attack = true;      // ptrace, mount, unshare ... end it; else they fail with EPERM

  std::uint64_t data_bytes = kMaxChildDataBytes;          // each process (RLIMIT_DATA)
  std::uint64_t resident_bytes = std::uint64_t{4} << 30;  // all processes together
  std::uint64_t file_bytes = std::uint64_t{1} << 30;      // each file
  std::uint64_t scratch_bytes = std::uint64_t{4} << 30;   // all that lies there
  std::uint64_t open_files = 1024;                        // each process
  std::uint64_t processes = 64;                           // threads included
  std::chrono::milliseconds processor_time{0};            // each process, in whole seconds
  std::chrono::milliseconds wall_time{std::chrono::minutes(10)};

  // Given to it (ChildOptions). An open file or folder is a way out: give pipes, sockets and files
  // of the case.
  std::vector<ChildOptions::Descriptor> descriptors = {};
  // The user's --unsafe-no-sandbox: go on without the parts that this machine lacks.
  bool without_missing_parts = false;
};

// A program to start inside. Its file, its interpreter and its libraries must be listed in
// `read_only`.
struct SandboxProgram {
  std::vector<std::string> arguments;         // [0] is the program's path
  std::vector<std::string> environment = {};  // "NAME=value"; nothing is inherited
  std::filesystem::path working_folder = "/";
};

enum class SandboxCause {
  kOwn,            // by exit() or a signal of its own
  kResident,       // killed: too much memory
  kWallTime,       // killed: too long
  kProcessorTime,  // killed: too much processor time
  kProcesses,      // killed: too many processes and threads
  kScratch,        // killed: too much in the scratch folder
  kForbiddenCall,  // killed: a system call that only an attack uses
  kDismissed,      // the parent closed the socket or dropped the object
};

// How the code inside ended. `how` is one of "exit code 1", "SIGSEGV", "killed: more than 512 MB
// resident", "killed: longer than 10 s", "killed: forbidden system call ptrace" ...
struct SandboxEnd : ChildEnd {
  SandboxCause cause = SandboxCause::kOwn;
  std::uint64_t peak_resident_bytes = 0;  // as the watchdog saw it, every kWatchInterval
  std::uint64_t peak_processes = 0;       // and threads
};

inline constexpr std::chrono::milliseconds kWatchInterval{20};
// The scratch folder is looked at this often; more files than this in it are too many.
inline constexpr std::chrono::milliseconds kScratchInterval{500};
inline constexpr std::uint64_t kMaxScratchFiles = 100'000;

// Memory that a sandbox's parent shares with its keeper (sandbox_keeper.h).
class SandboxRecord;

// Owns a jailed process and all that it starts: they are gone when the object is. Not thread safe.
// Dies with the thread that started it.
class Sandbox {
 public:
  // Forks; `body` runs inside, with its end of a stream socket, as ChildProcess::start() describes.
  // It is a copy of this process: memory that holds secrets is copied too; use run_program() where
  // that matters. Returns when the jail is closed and `body` begins.
  // kUnsupported when a part is missing here (`where` "sandbox"; says which and why), kNotFound for
  // a listed path that is absent.
  static Result<Sandbox> start(const SandboxOptions& options,
                               const std::function<void(int socket)>& body);

  // Starts a program inside; socket 3 is its end. A program that cannot be started ends with exit
  // code 127 and says why in its last words. Sets `start_programs`.
  static Result<Sandbox> run_program(SandboxOptions options, const SandboxProgram& program);

  Sandbox(Sandbox&& other) noexcept;
  Sandbox& operator=(Sandbox&& other) noexcept;
  ~Sandbox();

  // The parent's end. It reads as closed once the code inside has ended, and all its processes with
  // it, whatever it closed itself.
  int socket() const { return child_.socket(); }

  // Ends what still runs inside (an answer may arrive before the end: read until the socket closes
  // where the end matters) and tells how it ended: by its own cause where it had ended. Blocks
  // until every process of it is gone. Once.
  SandboxEnd reap();

 private:
  Sandbox(ChildProcess child, std::unique_ptr<SandboxRecord> record, SandboxOptions options);

  ChildProcess child_;
  std::unique_ptr<SandboxRecord> record_;
  SandboxOptions options_;
};

}  // namespace dl
