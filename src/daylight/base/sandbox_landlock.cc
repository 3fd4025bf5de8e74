// SPDX-License-Identifier: Apache-2.0
// A Landlock ruleset by its system calls: the kernel's header may be older than the kernel.
#include "daylight/base/sandbox_landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

namespace dl {
namespace {

// Rights by the version that brought them (Documentation/userspace-api/landlock.rst).
constexpr std::uint64_t kVersion1 = (std::uint64_t{1} << 13) - 1;
constexpr std::uint64_t kRefer = std::uint64_t{1} << 13;
constexpr std::uint64_t kTruncate = std::uint64_t{1} << 14;
constexpr std::uint64_t kDeviceControl = std::uint64_t{1} << 15;
constexpr std::uint64_t kTcpBindAndConnect = 3;
constexpr std::uint64_t kAbstractSocketsAndSignals = 3;
constexpr int kTruncateSince = 3;
constexpr int kNetworkSince = 4;
constexpr int kDeviceControlSince = 5;
constexpr int kScopeSince = 6;

// struct landlock_ruleset_attr of version 6; older kernels take its beginning.
struct RulesetAttributes {
  std::uint64_t files = 0;
  std::uint64_t network = 0;
  std::uint64_t scope = 0;
};

// The rights that mean something for a file that is no folder.
constexpr std::uint64_t kFileRights = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                                      LANDLOCK_ACCESS_FS_READ_FILE | kTruncate | kDeviceControl;

tl::unexpected<Error> system_error(const std::string& what, const std::string& where) {
  return fail(ErrorCode::kUnsupported, what + ": " + std::strerror(errno), where);
}

std::uint64_t handled_rights(int version) {
  std::uint64_t rights = kVersion1;
  if (version >= 2) rights |= kRefer;
  if (version >= kTruncateSince) rights |= kTruncate;
  if (version >= kDeviceControlSince) rights |= kDeviceControl;
  return rights;
}

std::uint64_t rights_of(FileAccess access) {
  constexpr std::uint64_t kRead = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
  switch (access) {
    case FileAccess::kRead:
      return kRead;
    case FileAccess::kReadExecute:
      return kRead | LANDLOCK_ACCESS_FS_EXECUTE;
    case FileAccess::kDevice:
      return LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | kTruncate;
    case FileAccess::kScratch:
      return kRead | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
             LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
             LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_FIFO |
             LANDLOCK_ACCESS_FS_MAKE_SYM | kRefer | kTruncate;
  }
  return 0;
}

Result<void> add_rule(int ruleset, const FileRule& rule, std::uint64_t handled) {
  const int fd = ::open(rule.path.c_str(), O_PATH | O_CLOEXEC);
  if (fd < 0) return system_error("not in the sandbox", rule.path.string());
  struct stat status {};
  ::fstat(fd, &status);
  landlock_path_beneath_attr beneath = {};
  beneath.parent_fd = fd;
  beneath.allowed_access = rights_of(rule.access) & handled;
  if (!S_ISDIR(status.st_mode)) beneath.allowed_access &= kFileRights;
  const auto added =
      ::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
  const int error = errno;
  ::close(fd);
  errno = error;
  if (added != 0) return system_error("Landlock refused a rule", rule.path.string());
  return {};
}

Result<void> add_rules_and_enforce(int ruleset, const std::vector<FileRule>& rules,
                                   std::uint64_t handled) {
  for (const FileRule& rule : rules) TRY_VOID(add_rule(ruleset, rule, handled));
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (::syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) {
    return system_error("Landlock cannot be enforced", "");
  }
  return {};
}

}  // namespace

int landlock_version() {
  const auto version =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return version < 0 ? 0 : static_cast<int>(version);
}

Result<void> restrict_files(const std::vector<FileRule>& rules) {
  const int version = landlock_version();
  if (version == 0) return fail(ErrorCode::kUnsupported, "this kernel offers no Landlock");
  RulesetAttributes attributes;
  attributes.files = handled_rights(version);
  std::size_t size = sizeof attributes.files;
  if (version >= kNetworkSince) {
    attributes.network = kTcpBindAndConnect;
    size += sizeof attributes.network;
  }
  if (version >= kScopeSince) {
    attributes.scope = kAbstractSocketsAndSignals;
    size += sizeof attributes.scope;
  }
  const auto ruleset =
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, size, 0));
  if (ruleset < 0) return system_error("no Landlock ruleset", "");
  auto enforced = add_rules_and_enforce(ruleset, rules, attributes.files);
  ::close(ruleset);
  return enforced;
}

}  // namespace dl
