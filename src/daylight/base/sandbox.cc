// SPDX-License-Identifier: Apache-2.0
// Starting a keeper, and reading what it recorded.
#include "daylight/base/sandbox.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <utility>

#include "daylight/base/sandbox_keeper.h"
#include "daylight/base/sandbox_support.h"
#include "daylight/base/text.h"

namespace dl {
namespace {

constexpr int kCannotStart = 127;

SandboxParts parts_for(const SandboxOptions& options) {
  SandboxParts parts;
  if (!options.without_missing_parts) return parts;
  const SandboxSupport support = probe_sandbox();
  parts.namespaces = support.works(SandboxPart::kNamespaces);
  parts.own_root = parts.namespaces && support.works(SandboxPart::kOwnRoot);
  parts.landlock = support.works(SandboxPart::kLandlock);
  parts.syscalls = support.works(SandboxPart::kSyscalls);
  return parts;
}

// What cannot work is refused before anything is forked.
Result<void> check_options(const SandboxOptions& options) {
  for (const auto& place : options.descriptors) {
    if (place.ours < 0 || place.theirs < 0 || place.theirs == 3) {
      return fail(ErrorCode::kInvalidArgument, "a descriptor cannot be given to a sandbox");
    }
  }
  for (const auto& path : options.read_only) {
    std::error_code error;
    if (!std::filesystem::exists(path, error)) {
      return fail(ErrorCode::kNotFound, "is to be read in a sandbox, and does not exist",
                  path.string());
    }
  }
  std::error_code error;
  if (!options.scratch.empty() && !std::filesystem::is_directory(options.scratch, error)) {
    return fail(ErrorCode::kNotFound, "the folder that a sandbox may write does not exist",
                options.scratch.string());
  }
  return {};
}

// The one byte that says: the jail is closed.
bool hears_ready(int socket) {
  char byte = 0;
  ssize_t got = 0;
  do {
    got = ::recv(socket, &byte, 1, 0);
  } while (got < 0 && errno == EINTR);
  return got == 1 && byte == 'r';
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  // execve() promises not to write them.
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

bool ran_out_of_processor_time(const SandboxRecord::State& state, const SandboxOptions& options) {
  if (options.processor_time.count() == 0 || !WIFSIGNALED(state.status)) return false;
  const int signal = WTERMSIG(state.status);
  return signal == SIGXCPU ||
         (signal == SIGKILL && state.processor_ms >= options.processor_time.count());
}

}  // namespace

Result<Sandbox> Sandbox::start(const SandboxOptions& options,
                               const std::function<void(int socket)>& body) {
  TRY_VOID(check_options(options));
  const SandboxParts parts = parts_for(options);
  auto record = TRY(SandboxRecord::make());
  ChildOptions child_options;
  child_options.data_bytes = RLIM_INFINITY;  // of the keeper
  child_options.file_bytes = options.file_bytes > 0 ? options.file_bytes : RLIM_INFINITY;
  child_options.descriptors = options.descriptors;
  const pid_t parent = ::getpid();
  auto child = TRY(ChildProcess::start(
      [&](int socket) { keep_sandbox(socket, parent, options, parts, *record, body); },
      child_options));
  Sandbox sandbox(std::move(child), std::move(record), options);
  if (hears_ready(sandbox.socket())) return sandbox;
  sandbox.child_.wait();
  const SandboxRecord::State& state = sandbox.record_->state();
  if (!state.failed) return fail(ErrorCode::kIo, "the keeper ended early", "sandbox");
  if (state.code != ErrorCode::kUnsupported) return fail(state.code, state.what, state.where);
  const std::string where = state.where[0] == '\0' ? "" : std::string(" (") + state.where + ")";
  return fail(ErrorCode::kUnsupported, state.what + where, "sandbox",
              "'daylight doctor' says what this machine lacks; --unsafe-no-sandbox goes on "
              "without it");
}

Result<Sandbox> Sandbox::run_program(SandboxOptions options, const SandboxProgram& program) {
  if (program.arguments.empty()) {
    return fail(ErrorCode::kInvalidArgument, "there is no program to run", "sandbox");
  }
  options.start_programs = true;
  return start(options, [&program](int) {
    const auto arguments = pointers(program.arguments);
    const auto environment = pointers(program.environment);
    if (::chdir(program.working_folder.c_str()) != 0) {
      std::fprintf(stderr, "%s: %s\n", program.working_folder.c_str(), std::strerror(errno));
      ::_exit(kCannotStart);
    }
    ::execve(arguments[0], arguments.data(), environment.data());
    std::fprintf(stderr, "%s: %s\n", arguments[0], std::strerror(errno));
    ::_exit(kCannotStart);
  });
}

Sandbox::Sandbox(ChildProcess child, std::unique_ptr<SandboxRecord> record, SandboxOptions options)
    : child_(std::move(child)), record_(std::move(record)), options_(std::move(options)) {}

Sandbox::Sandbox(Sandbox&& other) noexcept = default;

Sandbox& Sandbox::operator=(Sandbox&& other) noexcept {
  if (this == &other) return *this;
  child_.wait();
  child_ = std::move(other.child_);
  record_ = std::move(other.record_);
  options_ = std::move(other.options_);
  return *this;
}

Sandbox::~Sandbox() { child_.wait(); }

SandboxEnd Sandbox::reap() {
  const ChildEnd keeper = child_.wait();
  const SandboxRecord::State& state = record_->state();
  SandboxEnd end;
  end.cause = state.cause;
  if (state.ended) {
    // It ended before it could be killed.
    static_cast<ChildEnd&>(end) = describe_end(state.status);
    end.cause = SandboxCause::kOwn;
    if (ran_out_of_processor_time(state, options_)) {
      end.cause = SandboxCause::kProcessorTime;
      end.how = "killed: more than " +
                format_double(static_cast<double>(options_.processor_time.count()) / 1000.0) +
                " s of processor time";
    } else if (WIFSIGNALED(state.status) && WTERMSIG(state.status) == SIGSYS) {
      end.cause = SandboxCause::kForbiddenCall;
      end.how = "killed: forbidden system call (SIGSYS)";
    }
  } else {
    end.how = state.reason[0] == '\0' ? "its keeper ended with " + keeper.how
                                      : std::string("killed: ") + state.reason;
  }
  end.last_words = keeper.last_words;
  end.peak_resident_bytes = state.peak_resident_bytes;
  end.peak_processes = state.peak_processes;
  return end;
}

}  // namespace dl
