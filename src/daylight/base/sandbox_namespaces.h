// SPDX-License-Identifier: Apache-2.0
// Namespaces of a sandbox: a process leaves the machine's users, processes, network, IPC and host
// name, and gives up every right that it gained by that.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "daylight/base/result.h"

namespace dl {

// Who the app's code is inside, whoever started it.
inline constexpr unsigned kSandboxUserId = 10000;
inline constexpr const char* kSandboxHostName = "sandbox";

// CLONE_NEW* of the namespaces that every sandbox has, without the mount namespace, which the
// sandbox's first process enters by itself.
std::uint64_t sandbox_namespaces();

// Moves the calling process (of one thread) into a new user namespace and the given ones; children
// of it are the first processes of a new process namespace. Inside it is kSandboxUserId, and holds
// every capability over what is inside. kUnsupported with the reason where the machine forbids it.
Result<void> enter_namespaces(std::uint64_t namespaces);

// Gives up all capabilities for good, also across exec. Call it last: nothing can be mounted
// afterwards.
Result<void> drop_capabilities();

// Why user namespaces do not work here, in words; `error` is the errno of the attempt.
std::string why_no_namespace(int error);

}  // namespace dl
