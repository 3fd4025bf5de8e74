// SPDX-License-Identifier: Apache-2.0
// unshare, identity maps, capabilities.
#include "daylight/base/sandbox_namespaces.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "daylight/base/text.h"

namespace dl {
namespace {

constexpr int kHighestCapability = 63;

tl::unexpected<Error> system_error(const std::string& what) {
  return fail(ErrorCode::kUnsupported, what + ": " + std::strerror(errno));
}

// Files of /proc want the whole text in one write, and are neither made nor replaced.
Result<void> write_kernel_file(const char* path, const std::string& text) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return system_error(path);
  const ssize_t put = ::write(fd, text.data(), text.size());
  const int error = errno;
  ::close(fd);
  errno = error;
  if (put != static_cast<ssize_t>(text.size())) return system_error(path);
  return {};
}

// Such a file has no size: it is read, not measured.
std::string kernel_setting(const char* path) {
  std::array<char, 64> text{};
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return "";
  const ssize_t got = ::read(fd, text.data(), text.size());
  ::close(fd);
  return std::string(trim({text.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))}));
}

}  // namespace

std::uint64_t sandbox_namespaces() {
  return CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
}

Result<void> enter_namespaces(std::uint64_t namespaces) {
  const auto user = ::geteuid();
  const auto group = ::getegid();
  if (::unshare(static_cast<int>(namespaces | CLONE_NEWUSER)) != 0) {
    return fail(ErrorCode::kUnsupported, why_no_namespace(errno));
  }
  const std::string inside = std::to_string(kSandboxUserId) + " ";
  TRY_VOID(write_kernel_file("/proc/self/setgroups", "deny"));
  TRY_VOID(write_kernel_file("/proc/self/uid_map", inside + std::to_string(user) + " 1\n"));
  TRY_VOID(write_kernel_file("/proc/self/gid_map", inside + std::to_string(group) + " 1\n"));
  if ((namespaces & CLONE_NEWUTS) != 0 &&
      ::sethostname(kSandboxHostName, std::strlen(kSandboxHostName)) != 0) {
    return system_error("host name");
  }
  return {};
}

Result<void> drop_capabilities() {
  // One that the kernel does not know, or that was not held in the bounding set, is no loss.
  for (int i = 0; i <= kHighestCapability; ++i) ::prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  const std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none = {};
  if (::syscall(SYS_capset, &header, none.data()) != 0) return system_error("capabilities");
  return {};
}

std::string why_no_namespace(int error) {
  if (kernel_setting("/proc/sys/user/max_user_namespaces") == "0") {
    return "the system setting user.max_user_namespaces is 0";
  }
  if (kernel_setting("/proc/sys/kernel/unprivileged_userns_clone") == "0") {
    return "the system setting kernel.unprivileged_userns_clone is 0";
  }
  if (error == EPERM &&
      kernel_setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1") {
    return "the system setting kernel.apparmor_restrict_unprivileged_userns is 1";
  }
  if (error == EPERM) {
    return "this machine or container forbids new namespaces (Operation not permitted)";
  }
  if (error == ENOSPC) return "the system's number of namespaces is used up";
  return std::strerror(error);
}

}  // namespace dl
