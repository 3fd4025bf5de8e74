// SPDX-License-Identifier: Apache-2.0
// Sockets of a phone in flight mode: they can be made, and lead nowhere. Pairs inside of the guest
// work.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "daylight/guest/libc/guest_files.h"
#include "daylight/guest/libc/guest_wait.h"
#include "daylight/guest/libc/system_functions.h"

namespace dl::guest {
namespace {

GuestFiles& files(GuestMachine& machine) { return machine.part<GuestFiles>(); }

void tell(GuestMachine& machine, const std::string& what) {
  machine.events.lookup({GuestLookup::What::kSetting, what, false, "no network"});
}

int socket_(GuestMachine& machine, int family, int type, int) {
  tell(machine, "socket " + std::to_string(family));
  if (family != AF_INET && family != AF_INET6 && family != AF_UNIX) {
    errno = EAFNOSUPPORT;
    return -1;
  }
  auto file = std::make_shared<OpenFile>();
  file->kind = OpenFile::Kind::kSocket;
  file->flags = O_RDWR | ((type & SOCK_NONBLOCK) != 0 ? O_NONBLOCK : 0);
  return files(machine).add(std::move(file));
}
int socketpair_(GuestMachine& machine, int family, int type, int, std::int32_t* to) {
  if (!machine.arena.allows(reinterpret_cast<std::uint64_t>(to), 8, kPageWrite)) {
    errno = EFAULT;
    return -1;
  }
  int ends[2];
  const int kind = type & 0xf;
  if (family != AF_UNIX || (kind != SOCK_STREAM && kind != SOCK_DGRAM && kind != SOCK_SEQPACKET)) {
    errno = EAFNOSUPPORT;
    return -1;
  }
  if (::socketpair(AF_UNIX, kind | SOCK_CLOEXEC | (type & SOCK_NONBLOCK), 0, ends) != 0) return -1;
  to[0] = files(machine).adopt(ends[0]);
  to[1] = files(machine).adopt(ends[1]);
  return to[0] < 0 || to[1] < 0 ? -1 : 0;
}

// The file of a socket; null with errno.
std::shared_ptr<OpenFile> socket_of(GuestMachine& machine, int number) {
  auto file = files(machine).find(number);
  if (file == nullptr || file->kind == OpenFile::Kind::kSocket) return file;
  int type = 0;
  socklen_t size = sizeof(type);
  if (file->host >= 0 && ::getsockopt(file->host, SOL_SOCKET, SO_TYPE, &type, &size) == 0)
    return file;
  errno = ENOTSOCK;
  return nullptr;
}

int connect_(GuestMachine& machine, int number, std::uint64_t address, std::uint32_t size) {
  if (socket_of(machine, number) == nullptr) return -1;
  const auto bytes = machine.arena.bytes(address, std::min<std::uint32_t>(size, 128));
  if (!bytes || size < 2) {
    errno = bytes ? EINVAL : EFAULT;
    return -1;
  }
  std::uint16_t family = 0;
  std::memcpy(&family, bytes->data(), 2);
  std::string where = std::to_string(family);
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool four = family == AF_INET && size >= 8;
  const bool six = family == AF_INET6 && size >= 24;
  if ((four || six) && ::inet_ntop(family, bytes->data() + (four ? 4 : 8), text.data(),
                                   static_cast<socklen_t>(text.size())) != nullptr)
    where = text.data();
  tell(machine, "connect " + where);
  const bool loopback = (four && (*bytes)[4] == 127) || where == "::1";
  errno = family == AF_UNIX ? ENOENT : loopback ? ECONNREFUSED : ENETUNREACH;
  return -1;
}
int bind_(GuestMachine& machine, int number, std::uint64_t address, std::uint32_t size) {
  const auto file = socket_of(machine, number);
  if (file == nullptr) return -1;
  const auto bytes = machine.arena.bytes(address, size);
  if (!bytes || size < 2 || size > 128) {
    errno = EINVAL;
    return -1;
  }
  auto name = machine.copy_text(bytes->data(), bytes->size());
  if (!name) return -1;
  const std::scoped_lock lock(file->mutex);
  file->name = std::move(*name);
  return 0;
}
int listen_(GuestMachine& machine, int number, int) {
  return socket_of(machine, number) == nullptr ? -1 : 0;
}
// Nobody calls.
int accept_(GuestMachine& machine, int number, std::uint64_t, std::uint64_t) {
  const auto file = socket_of(machine, number);
  if (file == nullptr) return -1;
  if ((file->flags & O_NONBLOCK) != 0) {
    errno = EAGAIN;
    return -1;
  }
  while (!machine.engine.faulted()) ::usleep(20'000);
  errno = EINTR;
  return -1;
}
int accept4_(GuestMachine& machine, int number, std::uint64_t address, std::uint64_t size, int) {
  return accept_(machine, number, address, size);
}
int shutdown_(GuestMachine& machine, int number, int how) {
  const auto file = socket_of(machine, number);
  if (file == nullptr) return -1;
  if (file->host >= 0) return ::shutdown(file->host, how);
  errno = ENOTCONN;
  return -1;
}
int getsockname_(GuestMachine& machine, int number, std::uint64_t to, std::uint32_t* room) {
  const auto file = socket_of(machine, number);
  if (file == nullptr) return -1;
  std::string name;
  {
    const std::scoped_lock lock(file->mutex);
    name = file->name;
  }
  if (name.empty()) name.assign(16, '\0');
  if (name[0] == 0) name[0] = file->host >= 0 ? AF_UNIX : AF_INET;
  const std::uint64_t size = std::min<std::uint64_t>(*room, name.size());
  if (!machine.arena.allows(to, size, kPageWrite)) {
    errno = EFAULT;
    return -1;
  }
  std::memcpy(reinterpret_cast<void*>(to), name.data(), size);
  *room = static_cast<std::uint32_t>(name.size());
  return 0;
}
int getpeername_(GuestMachine& machine, int number, std::uint64_t, std::uint32_t*) {
  if (socket_of(machine, number) != nullptr) errno = ENOTCONN;
  return -1;
}
int setsockopt_(GuestMachine& machine, int number, int, int, std::uint64_t, std::uint32_t) {
  return socket_of(machine, number) == nullptr ? -1 : 0;
}
int getsockopt_(GuestMachine& machine, int number, int level, int option, std::uint64_t to,
                std::uint32_t* room) {
  const auto file = socket_of(machine, number);
  if (file == nullptr) return -1;
  std::int32_t value = 0;
  if (level == SOL_SOCKET && option == SO_TYPE) value = SOCK_STREAM;
  if (level == SOL_SOCKET && (option == SO_SNDBUF || option == SO_RCVBUF)) value = 212'992;
  const std::uint64_t size = std::min<std::uint64_t>(*room, 4);
  if (!machine.arena.allows(to, size, kPageWrite)) {
    errno = EFAULT;
    return -1;
  }
  std::memcpy(reinterpret_cast<void*>(to), &value, size);
  *room = static_cast<std::uint32_t>(size);
  return 0;
}

// ---- data: only through pairs ----

std::int64_t sendto_(GuestMachine& machine, int number, std::uint64_t from, std::uint64_t size,
                     int flags, std::uint64_t address, std::uint32_t) {
  const auto file = socket_of(machine, number);
  if (file == nullptr) return -1;
  if (!machine.arena.allows(from, size, kPageRead)) {
    errno = EFAULT;
    return -1;
  }
  if (file->host < 0) {
    tell(machine, "send");
    errno = address != 0 ? ENETUNREACH : EPIPE;
    return -1;
  }
  if (!wait_ready(machine, *file, POLLOUT)) return -1;
  return ::send(file->host, reinterpret_cast<const void*>(from),
                std::min<std::uint64_t>(size, 1U << 16U),
                MSG_NOSIGNAL | (flags & (MSG_DONTWAIT | MSG_EOR)));
}
std::int64_t send_(GuestMachine& machine, int number, std::uint64_t from, std::uint64_t size,
                   int flags) {
  return sendto_(machine, number, from, size, flags, 0, 0);
}
std::int64_t recvfrom_(GuestMachine& machine, int number, std::uint64_t to, std::uint64_t size,
                       int flags, std::uint64_t, std::uint64_t) {
  const auto file = socket_of(machine, number);
  if (file == nullptr) return -1;
  size = std::min<std::uint64_t>(size, 1U << 30U);
  if (!machine.arena.allows(to, size, kPageWrite)) {
    errno = EFAULT;
    return -1;
  }
  if (file->host < 0) {
    errno = ENOTCONN;
    return -1;
  }
  if ((flags & MSG_DONTWAIT) == 0 && !wait_ready(machine, *file, POLLIN)) return -1;
  return ::recv(file->host, reinterpret_cast<void*>(to), size,
                flags & (MSG_DONTWAIT | MSG_PEEK | MSG_TRUNC));
}
std::int64_t recv_(GuestMachine& machine, int number, std::uint64_t to, std::uint64_t size,
                   int flags) {
  return recvfrom_(machine, number, to, size, flags, 0, 0);
}
// Messages could carry descriptors.
std::int64_t no_message(GuestMachine& machine, int number, std::uint64_t, int) {
  if (socket_of(machine, number) != nullptr) {
    tell(machine, "message");
    errno = ENOTCONN;
  }
  return -1;
}
std::uint64_t no_header(std::uint64_t, std::uint64_t) { return 0; }  // __cmsg_nxthdr

// ---- names ----

constexpr int kNoData = 7;  // EAI_NODATA of bionic

int getaddrinfo_(GuestMachine& machine, const char* name, const char*, std::uint64_t,
                 std::uint64_t* to) {
  tell(machine, std::string("getaddrinfo ") + (name == nullptr ? "" : name));
  if (to != nullptr) *to = 0;
  return kNoData;
}
void freeaddrinfo_(std::uint64_t) {}
std::uint64_t gai_strerror_(GuestMachine& machine, int error) {
  constexpr std::array<const char*, 16> kTexts = {"Success",
                                                  "Address family for hostname not supported",
                                                  "Temporary failure in name resolution",
                                                  "Invalid value for ai_flags",
                                                  "Non-recoverable failure in name resolution",
                                                  "ai_family not supported",
                                                  "Memory allocation failure",
                                                  "No address associated with hostname",
                                                  "hostname nor servname provided, or not known",
                                                  "servname not supported for ai_socktype",
                                                  "ai_socktype not supported",
                                                  "System error returned in errno",
                                                  "Invalid value for hints",
                                                  "Resolved protocol is unknown",
                                                  "Argument buffer overflow",
                                                  "Unknown error"};
  const auto which = static_cast<std::size_t>(std::clamp(error, 0, 15));
  return machine.constant_text(kTexts[which]);
}
int getnameinfo_(std::uint64_t, std::uint32_t, std::uint64_t, std::uint64_t, std::uint64_t,
                 std::uint64_t, int) {
  return 8;  // EAI_NONAME
}
std::uint64_t no_host(GuestMachine& machine, const char* name) {
  tell(machine, std::string("look up ") + (name == nullptr ? "" : name));
  return 0;
}
std::uint64_t no_number(GuestMachine&, int) { return 0; }
struct HostError {
  explicit HostError(GuestMachine& machine) : address(machine.heap.allocate(16, 16, true)) {
    const std::int32_t not_found = 1;
    if (address != 0) std::memcpy(reinterpret_cast<void*>(address), &not_found, 4);
  }
  std::uint64_t address;
};
std::uint64_t h_errno_(GuestMachine& machine) { return machine.part<HostError>().address; }
int no_interfaces(GuestMachine&, std::uint64_t* to) {
  if (to != nullptr) *to = 0;
  return 0;
}
unsigned no_interface(GuestMachine&, const char*) {
  errno = ENODEV;
  return 0;
}

// ---- addresses as text ----

int inet_pton_(GuestMachine& machine, int family, const char* text, std::uint64_t to) {
  std::array<std::uint8_t, 16> out{};
  const int result = ::inet_pton(family, text, out.data());
  if (result != 1) return result;
  const std::uint64_t size = family == AF_INET ? 4 : 16;
  if (!machine.arena.allows(to, size, kPageWrite)) {
    machine.raise(GuestFault::Kind::kMemory, "inet_pton: the address is not writable");
    return 0;
  }
  std::memcpy(reinterpret_cast<void*>(to), out.data(), size);
  return 1;
}
std::uint64_t inet_ntop_(GuestMachine& machine, int family, std::uint64_t from, std::uint64_t to,
                         std::uint32_t room) {
  const auto bytes = machine.arena.bytes(from, family == AF_INET ? 4 : 16);
  std::array<char, INET6_ADDRSTRLEN> out{};
  if (!bytes || ::inet_ntop(family, bytes->data(), out.data(), out.size()) == nullptr) return 0;
  const std::uint64_t size = std::strlen(out.data()) + 1;
  if (size > room || !machine.arena.allows(to, size, kPageWrite)) {
    errno = ENOSPC;
    return 0;
  }
  std::memcpy(reinterpret_cast<void*>(to), out.data(), size);
  return to;
}
int inet_aton_(GuestMachine&, const char* text, std::uint32_t* to) {
  in_addr out{};
  if (::inet_aton(text, &out) == 0) return 0;
  if (to != nullptr) *to = out.s_addr;
  return 1;
}
std::uint32_t inet_addr_(const char* text) { return ::inet_addr(text); }
std::uint64_t inet_ntoa_(GuestMachine& machine, std::uint32_t address) {
  std::array<char, INET_ADDRSTRLEN> out{};
  ::inet_ntop(AF_INET, &address, out.data(), out.size());
  return machine.constant_text(out.data());
}
std::uint32_t swap32(std::uint32_t x) { return __builtin_bswap32(x); }
std::uint16_t swap16(std::uint16_t x) { return __builtin_bswap16(x); }

}  // namespace

void add_network_functions(FunctionTable& table) {
  table.add("socket", &socket_);
  table.add("socketpair", &socketpair_);
  table.add("connect", &connect_);
  table.add("bind", &bind_);
  table.add("listen", &listen_);
  table.add("accept", &accept_);
  table.add("accept4", &accept4_);
  table.add("shutdown", &shutdown_);
  table.add("getsockname", &getsockname_);
  table.add("getpeername", &getpeername_);
  table.add("setsockopt", &setsockopt_);
  table.add("getsockopt", &getsockopt_);
  table.add("sendto", &sendto_);
  table.add("send", &send_);
  table.add("recvfrom", &recvfrom_);
  table.add("recv", &recv_);
  table.add("sendmsg", &no_message);
  table.add("recvmsg", &no_message);
  table.add("__cmsg_nxthdr", &no_header);
  table.add("getaddrinfo", &getaddrinfo_);
  table.add("freeaddrinfo", &freeaddrinfo_);
  table.add("gai_strerror", &gai_strerror_);
  table.add("getnameinfo", &getnameinfo_);
  for (const char* name :
       {"gethostbyname", "gethostbyname2", "gethostbyaddr", "getservbyname", "getprotobyname"})
    table.add(name, &no_host);
  for (const char* name : {"getprotobynumber", "getservbyport"}) table.add(name, &no_number);
  table.add("__get_h_errno", &h_errno_);
  table.add("getifaddrs", &no_interfaces);
  table.add("freeifaddrs", &freeaddrinfo_);
  table.add("if_nametoindex", &no_interface);
  table.add("inet_pton", &inet_pton_);
  table.add("inet_ntop", &inet_ntop_);
  table.add("inet_aton", &inet_aton_);
  table.add("inet_addr", &inet_addr_);
  table.add("inet_ntoa", &inet_ntoa_);
  table.add("htonl", &swap32);
  table.add("ntohl", &swap32);
  table.add("htons", &swap16);
  table.add("ntohs", &swap16);
}

}  // namespace dl::guest
