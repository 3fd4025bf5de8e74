// SPDX-License-Identifier: Apache-2.0
// The agent's end: full sockets, vanished collectors, forks, addresses.
#include "daylight/capture/wire/wire_client.h"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "wire_fixture.h"

namespace dl::capture {
namespace {

using testing::connect_client;
using testing::CountingSink;
using testing::define_method;
using testing::RunningCollector;
using testing::send_call;
using testing::TemporaryFolder;

// A listener that never reads.
class Deaf {
 public:
  explicit Deaf(const std::filesystem::path& folder) {
    address_.path = (folder / "socket").string();
    fd_ = *listen_wire(address_);
  }
  ~Deaf() {
    if (peer_ >= 0) ::close(peer_);
    ::close(fd_);
  }
  void accept() { peer_ = ::accept(fd_, nullptr, nullptr); }
  void hang_up() {
    ::close(peer_);
    peer_ = -1;
  }
  const WireAddress& address() const { return address_; }

 private:
  WireAddress address_;
  int fd_ = -1;
  int peer_ = -1;
};

TEST(WireClient, AFullSocketCostsWholeCallsAndIsCounted) {
  const TemporaryFolder temporary;
  Deaf deaf(temporary.path());
  WireClientOptions options;
  options.patience = std::chrono::milliseconds(5);
  options.stall = std::chrono::milliseconds(50);
  const auto client = connect_client(deaf.address(), options);
  deaf.accept();
  ASSERT_TRUE(define_method(*client));
  std::uint64_t kept = 0;
  const std::string bytes(100, 'x');
  const auto began = std::chrono::steady_clock::now();
  for (std::uint64_t call = 1; call <= 20'000 && client->losses().calls < 10; ++call)
    kept += send_call(*client, 1, call, as_bytes(bytes)) ? 1 : 0;
  EXPECT_GT(kept, 0U);
  const WireLosses lost = client->losses();
  EXPECT_EQ(lost.calls, 10U);
  EXPECT_EQ(lost.events, 30U);
  EXPECT_GT(lost.bytes, 10U * 100U);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(20));
}

TEST(WireClient, ACollectorThatVanishesIsNoSignal) {
  const TemporaryFolder temporary;
  Deaf deaf(temporary.path());
  const auto client = connect_client(deaf.address());
  deaf.accept();
  ASSERT_TRUE(define_method(*client));
  deaf.hang_up();
  std::uint64_t call = 0;
  while (client->connected() && call < 100) send_call(*client, 1, ++call, {});
  EXPECT_FALSE(client->connected());
  EXPECT_FALSE(send_call(*client, 1, ++call, {}));
  EXPECT_GT(client->losses().events, 0U);
}

TEST(WireClient, AForkedChildSendsNothing) {
  const TemporaryFolder temporary;
  CountingSink sink;
  RunningCollector collector(sink, temporary.path());
  {
    auto client = connect_client(collector.address());
    define_method(*client);
    EXPECT_TRUE(send_call(*client, 1, 1, {}));
    const pid_t child = ::fork();
    if (child == 0) {
      const bool sent = send_call(*client, 1, 2, {});
      client.reset();  // neither a goodbye nor the end of the connection
      ::_exit(sent ? 1 : 0);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    EXPECT_TRUE(send_call(*client, 1, 3, {}));
  }
  const auto report = collector.finish();
  EXPECT_EQ(sink.calls_, 2U);
  EXPECT_EQ(report.killed + report.cut_off, 0U);
}

TEST(WireClient, AnEventThatCannotBeEncodedIsCountedAndTheOthersArrive) {
  const TemporaryFolder temporary;
  CountingSink sink;
  RunningCollector collector(sink, temporary.path());
  {
    const auto client = connect_client(collector.address());
    std::vector<TraceEvent> events = {
        testing::stamped(*client, 1, 0, TraceLog{{}, "", std::string(100'000, 'x')}),
        testing::stamped(*client, 1, 0, TraceLog{{}, "", "short"})};
    EXPECT_FALSE(client->write(events));
    EXPECT_EQ(client->losses().events, 1U);
  }
  collector.finish();
  EXPECT_EQ(sink.events_ - sink.own_, 1U);
  EXPECT_EQ(sink.lost_events_, 1U);
}

TEST(WireAddress, IsReadAndPrinted) {
  for (const char* text : {"unix:/tmp/x", "unix:@name", "tcp:127.0.0.1:80", "tcp:[::1]:9"})
    EXPECT_EQ(print_wire_address(parse_wire_address(text).value()), text);
  for (const char* text :
       {"", "unix:", "tcp:", "tcp:1", "tcp::1", "tcp:h:70000", "tcp:h:1x", "x:y"})
    EXPECT_FALSE(parse_wire_address(text)) << text;
}

TEST(WireAddress, ASocketIsPrivateAndReplacesOnlySockets) {
  const TemporaryFolder temporary;
  WireAddress address;
  address.path = (temporary.path() / "socket").string();
  const int first = listen_wire(address).value();
  struct stat status {};
  ASSERT_EQ(::stat(address.path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  ::close(first);
  const int second = listen_wire(address).value();
  ::close(second);
  std::filesystem::remove(address.path);
  std::ofstream(address.path) << "a file of somebody";
  EXPECT_FALSE(listen_wire(address));
  EXPECT_TRUE(std::filesystem::is_regular_file(address.path));
  address.path = std::string(200, 'x');
  EXPECT_FALSE(listen_wire(address));
  EXPECT_FALSE(connect_wire(address));
}

TEST(FolderSink, WritesAsTheCollectorDoes) {
  const TemporaryFolder temporary;
  const auto writer = testing::new_writer(temporary.path() / "trace");
  FolderSink sink(*writer);
  const std::string bytes(1000, 'x');
  std::vector<TraceEvent> events = {{{1, 1, 1, 1}, TraceArgument{}}};
  const SinkBuffer buffers[] = {{0, as_bytes(bytes)}, {7, as_bytes(bytes)}};
  EXPECT_TRUE(sink.write(events, buffers));
  ASSERT_TRUE(writer->finish(TraceEnding::kFinished));
  const auto trace = testing::read_trace(temporary.path() / "trace");
  EXPECT_EQ(std::get<TraceArgument>(trace.events.at(0).payload).buffer.digest,
            sha256_bytes(as_bytes(bytes)));
}

}  // namespace
}  // namespace dl::capture
