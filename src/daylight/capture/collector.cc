// SPDX-License-Identifier: Apache-2.0
// Sockets, threads and the queue between them.
#include "daylight/capture/collector.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <utility>

namespace dl::capture {
namespace {

constexpr int kLookUpMs = 100;
constexpr std::size_t kReadBytes = std::size_t{256} << 10;
constexpr std::uint32_t kFirstFreePid = std::uint32_t{1} << 31U;

// What the kernel says of a Unix peer; pid 0 for others.
struct Peer {
  std::uint32_t pid = 0;
  bool may_connect = true;
};

Peer peer_of(int fd, bool is_unix) {
  if (!is_unix) return {};
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return {0, false};
  // A jailed agent's user may be unmapped here; the socket's mode has let it in then.
  const bool ours = credentials.uid == ::geteuid() || ::geteuid() == 0 || credentials.uid == 0;
  return {static_cast<std::uint32_t>(std::max(credentials.pid, 0)), ours};
}

}  // namespace

struct Collector::Client {
  int fd = -1;
  Peer peer;
  std::thread thread;
  std::atomic<bool> ended{false};
};

Collector::Collector(TraceSink& sink, CollectorOptions options)
    : sink_(sink),
      options_(std::move(options)),
      zero_(std::chrono::steady_clock::now()),
      budget_(options_.queue_bytes) {}

Collector::~Collector() {
  for (const auto& [fd, address] : listeners_) {
    ::close(fd);
    if (address.is_unix && address.path[0] != '@') ::unlink(address.path.c_str());
  }
}

std::uint64_t Collector::now_ns() const {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - zero_)
          .count());
}

Result<void> Collector::listen(WireAddress& address) {
  const int fd = TRY(listen_wire(address));
  listeners_.emplace_back(fd, address);
  return {};
}

CollectorReport Collector::run() {
  const auto began = std::chrono::steady_clock::now();
  std::thread writer([this] { write_batches(); });
  while (!over(began)) {
    std::vector<pollfd> waiting;
    for (const auto& [fd, address] : listeners_) waiting.push_back({fd, POLLIN, 0});
    if (::poll(waiting.data(), waiting.size(), kLookUpMs) > 0) {
      for (std::size_t i = 0; i < waiting.size(); ++i) {
        if ((waiting[i].revents & POLLIN) != 0) accept_from(static_cast<int>(i));
      }
    }
    remove_ended();
  }
  // Clients that are still there are told so by their closed sockets.
  stopping_ = true;
  for (const auto& client : clients_) ::shutdown(client->fd, SHUT_RDWR);
  for (const auto& client : clients_) {
    client->thread.join();
    ::close(client->fd);
  }
  {
    const std::lock_guard lock(mutex_);
    report_.stopped = !clients_.empty() || report_.clients < options_.expected;
    closed_ = true;
  }
  filled_.notify_all();
  writer.join();
  clients_.clear();
  report_.peak_queue_bytes = budget_.peak();
  return report_;
}

bool Collector::over(std::chrono::steady_clock::time_point began) {
  if (options_.stop()) return true;
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - began;
  if (options_.seconds > 0 && passed.count() >= options_.seconds) return true;
  const std::lock_guard lock(mutex_);
  return clients_.empty() && report_.clients >= options_.expected;
}

void Collector::accept_from(int listener) {
  const auto& [fd, address] = listeners_[static_cast<std::size_t>(listener)];
  const int peer = ::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC);
  if (peer < 0) return;
  auto client = std::make_unique<Client>();
  client->fd = peer;
  client->peer = peer_of(peer, address.is_unix);
  if (!client->peer.may_connect || clients_.size() >= kMaxClients) {
    ::close(peer);
    const std::lock_guard lock(mutex_);
    ++report_.refused;
    return;
  }
  Client& entry = *clients_.emplace_back(std::move(client));
  entry.thread = std::thread([this, &entry] {
    serve(entry);
    entry.ended = true;
  });
}

void Collector::remove_ended() {
  std::erase_if(clients_, [](const auto& client) {
    if (!client->ended) return false;
    client->thread.join();
    ::close(client->fd);
    return true;
  });
}

// A process that connects twice, or has the same id in another jail, gets one of its own.
std::uint32_t Collector::admit(const WireHello& hello, std::uint32_t peer_pid) {
  const std::lock_guard lock(mutex_);
  ++report_.clients;
  // A pid that the kernel contradicts is that of a jail, or a lie: the kernel's is no lie.
  for (const std::uint32_t pid : {peer_pid != 0 ? peer_pid : hello.pid, hello.pid}) {
    if (pid != 0 && pids_.insert(pid).second) return pid;
  }
  std::uint32_t pid = kFirstFreePid;
  while (!pids_.insert(pid).second) ++pid;
  return pid;
}

void Collector::serve(Client& client) {
  SessionOptions options;
  options.token = options_.token;
  options.max_buffer_bytes = options_.max_buffer_bytes;
  options.patience = options_.patience;
  options.clock = [this] { return now_ns(); };
  options.admit = [this, &client](const WireHello& hello) { return admit(hello, client.peer.pid); };
  ClientSession session(std::move(options), budget_,
                        [this](WireBatch&& batch) { give(std::move(batch)); });
  std::string error = read_client(client, session);
  const bool stopped = stopping_ && error.empty() && !session.said_goodbye();
  if (stopped) error = "the collector was stopped";
  // Before the last batch waits for room: the client need not wait with it.
  ::shutdown(client.fd, SHUT_RDWR);
  if (session.greeted()) session.finish(error);
  const std::lock_guard lock(mutex_);
  if (!session.greeted()) {
    ++report_.refused;
  } else if (!error.empty() && !stopped) {
    ++report_.cut_off;
  } else if (!stopped && !session.said_goodbye()) {
    ++report_.killed;
  }
}

// Until the client ends: why it was cut off, or nothing.
std::string Collector::read_client(Client& client, ClientSession& session) {
  std::string buffer;
  std::size_t size = 0;
  while (true) {
    if (buffer.size() - size < kReadBytes) buffer.resize(size + kReadBytes);
    pollfd ready{client.fd, POLLIN, 0};
    const bool must_speak = session.in_batch() || size != 0 || !session.greeted();
    const int polled =
        ::poll(&ready, 1, must_speak ? static_cast<int>(options_.silence.count()) : -1);
    if (polled < 0 && errno == EINTR) continue;
    if (polled == 0) return "was silent in the middle of a batch";
    const ssize_t got = ::recv(client.fd, buffer.data() + size, buffer.size() - size, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return size != 0 && got == 0 ? "ended in the middle of a frame" : "";
    size += static_cast<std::size_t>(got);
    const auto taken = session.feed(as_bytes(std::string_view(buffer).substr(0, size)));
    if (!taken) return taken.error().what;
    size -= *taken;
    if (session.said_goodbye()) return size != 0 ? "something follows the goodbye" : "";
    std::copy_n(buffer.begin() + static_cast<std::ptrdiff_t>(*taken), size, buffer.begin());
  }
}

void Collector::give(WireBatch&& batch) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(batch));
  }
  filled_.notify_one();
}

void Collector::write_batches() {
  std::vector<SinkBuffer> buffers;
  while (true) {
    WireBatch batch;
    {
      std::unique_lock lock(mutex_);
      filled_.wait(lock, [this] { return closed_ || !queue_.empty(); });
      if (queue_.empty()) return;
      batch = std::move(queue_.front());
      queue_.pop_front();
      report_.events += batch.events.size();
    }
    buffers.clear();
    for (const auto& [event, bytes] : batch.buffers) buffers.push_back({event, as_bytes(bytes)});
    sink_.write(batch.events, buffers);
    const std::size_t memory = batch.memory;
    batch = {};
    budget_.give_back(memory);
  }
}

}  // namespace dl::capture
