// SPDX-License-Identifier: Apache-2.0
// Which parts of the sandbox this machine offers, each tried, with the reason in words where not.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dl {

enum class SandboxPart {
  kNamespaces,  // users, processes, network, IPC and host name of its own
  kOwnRoot,     // mounts: a root with the listed paths only
  kLandlock,    // rules for files, TCP ports and signals
  kSyscalls,    // seccomp with a listener
  kLimits,      // rlimits
  kWatchdog,    // sight of the processes' memory in /proc
};

struct SandboxPartSupport {
  SandboxPart part = SandboxPart::kNamespaces;
  std::string name;  // "namespaces"
  std::string what;  // what it keeps app code from
  bool works = false;
  std::string details;  // "version 7"; or why it does not work
};

struct SandboxSupport {
  std::vector<SandboxPartSupport> parts;  // every part once, in the order of the enum

  bool works(SandboxPart part) const;
  bool complete() const;
  // "own root (this container forbids mounts), Landlock (...)"; "" when complete.
  std::string missing() const;
};

// Tries every part in children that end at once; takes some milliseconds. Thread safe.
SandboxSupport probe_sandbox();

}  // namespace dl
