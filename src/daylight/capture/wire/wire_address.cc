// SPDX-License-Identifier: Apache-2.0
// Addresses as text, and the sockets behind them.
#include "daylight/capture/wire/wire_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <system_error>
#include <variant>

namespace dl::capture {
namespace {

struct SocketName {
  std::variant<sockaddr_un, sockaddr_in, sockaddr_in6> name;
  socklen_t size = 0;

  const sockaddr* get() const {
    return std::visit([](const auto& each) { return reinterpret_cast<const sockaddr*>(&each); },
                      name);
  }
};

tl::unexpected<Error> system_failure(const char* what, const WireAddress& address) {
  return fail(ErrorCode::kIo,
              what + (": " + std::error_code(errno, std::generic_category()).message()),
              print_wire_address(address));
}

Result<SocketName> unix_name(const WireAddress& address) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (address.path.empty() || address.path.size() >= sizeof name.sun_path) {
    return fail(ErrorCode::kInvalidArgument, "is no path of a socket (107 bytes at the most)",
                print_wire_address(address));
  }
  std::memcpy(name.sun_path, address.path.data(), address.path.size());
  socklen_t size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.path.size());
  if (address.path[0] == '@') {
    name.sun_path[0] = '\0';
  } else {
    ++size;
  }
  return SocketName{name, size};
}

Result<SocketName> tcp_name(const WireAddress& address) {
  const std::string host = address.host == "localhost" ? "127.0.0.1" : address.host;
  sockaddr_in four{};
  four.sin_family = AF_INET;
  four.sin_port = htons(address.port);
  if (::inet_pton(AF_INET, host.c_str(), &four.sin_addr) == 1) return SocketName{four, sizeof four};
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(address.port);
  if (::inet_pton(AF_INET6, host.c_str(), &six.sin6_addr) == 1) return SocketName{six, sizeof six};
  return fail(ErrorCode::kInvalidArgument, "is no numeric host", print_wire_address(address));
}

Result<SocketName> name_of(const WireAddress& address) {
  return address.is_unix ? unix_name(address) : tcp_name(address);
}

// What a collector that was killed left; nothing else.
void remove_old_socket(const WireAddress& address) {
  struct stat status {};
  if (!address.is_unix || ::lstat(address.path.c_str(), &status) != 0) return;
  if (S_ISSOCK(status.st_mode)) ::unlink(address.path.c_str());
}

std::uint16_t port_of(int fd) {
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size) != 0) return 0;
  if (name.ss_family == AF_INET)
    return ntohs(reinterpret_cast<const sockaddr_in*>(&name)->sin_port);
  return ntohs(reinterpret_cast<const sockaddr_in6*>(&name)->sin6_port);
}

}  // namespace

Result<WireAddress> parse_wire_address(std::string_view text) {
  WireAddress out;
  const auto bad = [&] {
    return fail(ErrorCode::kInvalidArgument, "is no address", std::string(text),
                "write unix:PATH or tcp:HOST:PORT");
  };
  if (text.starts_with("unix:")) {
    out.path = text.substr(5);
    if (out.path.empty()) return bad();
    return out;
  }
  if (!text.starts_with("tcp:")) return bad();
  text.remove_prefix(4);
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad();
  out.is_unix = false;
  out.host = text.substr(0, colon);
  if (out.host.starts_with('[') && out.host.ends_with(']'))
    out.host = out.host.substr(1, out.host.size() - 2);
  const std::string_view port = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
  if (error != std::errc() || end != port.data() + port.size() || out.host.empty()) return bad();
  return out;
}

std::string print_wire_address(const WireAddress& address) {
  if (address.is_unix) return "unix:" + address.path;
  const bool six = address.host.find(':') != std::string::npos;
  return "tcp:" + (six ? "[" + address.host + "]" : address.host) + ":" +
         std::to_string(address.port);
}

Result<int> connect_wire(const WireAddress& address) {
  const SocketName name = TRY(name_of(address));
  const int fd = ::socket(name.get()->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return system_failure("no socket", address);
  if (::connect(fd, name.get(), name.size) != 0) {
    const auto error = system_failure("cannot be connected to", address);
    ::close(fd);
    return error;
  }
  constexpr int kOn = 1;
  if (!address.is_unix) ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &kOn, sizeof kOn);
  return fd;
}

Result<int> listen_wire(WireAddress& address) {
  const SocketName name = TRY(name_of(address));
  const int fd = ::socket(name.get()->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return system_failure("no socket", address);
  constexpr int kOn = 1;
  if (!address.is_unix) ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &kOn, sizeof kOn);
  remove_old_socket(address);
  // The file must never have another mode, not even for a moment.
  const mode_t before = ::umask(0177);
  const int bound = ::bind(fd, name.get(), name.size);
  const int reason = errno;
  ::umask(before);
  errno = reason;
  if (bound != 0 || ::listen(fd, SOMAXCONN) != 0) {
    const auto error = system_failure("cannot be listened on", address);
    ::close(fd);
    return error;
  }
  if (!address.is_unix) address.port = port_of(fd);
  return fd;
}

}  // namespace dl::capture
