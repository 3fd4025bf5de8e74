// SPDX-License-Identifier: Apache-2.0
// Children that crash, hang, talk nonsense or end well, as their parent sees them.
#include "daylight/base/child_process.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <new>

namespace dl {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

// Waits until the child has closed its side, and keeps what it said.
Result<FrameBuffer::Peer> hear_out(const ChildProcess& child, FrameBuffer& inbox) {
  while (true) {
    pollfd waiting = {child.socket(), POLLIN, 0};
    ::poll(&waiting, 1, 10'000);
    const auto peer = inbox.fill(child.socket());
    if (!peer || *peer == FrameBuffer::Peer::kGone) return peer;
  }
}

ChildEnd end_of(const std::function<void(int)>& body) {
  auto child = ChildProcess::start(body);
  EXPECT_TRUE(child);
  FrameBuffer inbox;
  EXPECT_TRUE(hear_out(*child, inbox));
  return child->reap();
}

TEST(ChildProcess, TalksInMessagesOfAnySize) {
  auto child = ChildProcess::start([](int socket) {
    while (const auto message = receive_frame(socket)) {
      if (!send_frame(socket, *message + "!")) return;
    }
  });
  ASSERT_TRUE(child);
  for (const std::size_t size : {0U, 1U, 70'000U, 3'000'000U}) {
    ASSERT_TRUE(send_frame(child->socket(), std::string(size, 'a')));
    const auto answer = receive_frame(child->socket());
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->size(), size + 1);
    EXPECT_THAT(*answer, EndsWith("!"));
  }
  ::shutdown(child->socket(), SHUT_WR);
  FrameBuffer inbox;
  ASSERT_TRUE(hear_out(*child, inbox));
  EXPECT_TRUE(child->reap().ok);
}

TEST(ChildProcess, EndsAreTold) {
  EXPECT_TRUE(end_of([](int) {}).ok);
  const ChildEnd killed = end_of([](int) { ::raise(SIGKILL); });
  EXPECT_FALSE(killed.ok);
  EXPECT_EQ(killed.how, "SIGKILL");
  EXPECT_EQ(end_of([](int) { ::_exit(3); }).how, "exit code 3");
  const ChildEnd aborted = end_of([](int) {
    std::signal(SIGABRT, SIG_DFL);
    std::abort();
  });
  EXPECT_EQ(aborted.how, "SIGABRT");
}

TEST(ChildProcess, LastWordsAreKeptAndPrintable) {
  const ChildEnd end = end_of([](int) {
    const std::string flood(100'000, 'x');
    std::fputs(flood.c_str(), stderr);
    std::fputs("\x1b[31mcheck failed\n", stderr);
    std::fflush(stderr);
    ::_exit(1);
  });
  EXPECT_THAT(end.last_words, HasSubstr("check failed"));
  EXPECT_THAT(end.last_words, Not(HasSubstr("\x1b")));
  EXPECT_LE(end.last_words.size(), 4 * kMaxLastWordsBytes);
}

TEST(ChildProcess, AFloodOfWordsIsBounded) {
  const ChildEnd end = end_of([](int) {
    const std::string flood(1 << 20, 'x');
    for (int i = 0; i < 8; ++i) {
      if (::write(2, flood.data(), flood.size()) < 0) ::_exit(errno == EFBIG ? 42 : 43);
    }
  });
  EXPECT_EQ(end.how, "exit code 42");
}

TEST(ChildProcess, HasNoOpenFilesOfItsParent) {
  const int file = ::fcntl(0, F_DUPFD, 20);
  ASSERT_GE(file, 20);
  const ChildEnd end =
      end_of([file](int) { ::_exit(::fcntl(file, F_GETFD) < 0 && errno == EBADF ? 0 : 1); });
  ::close(file);
  EXPECT_TRUE(end.ok) << end.how;
}

TEST(ChildProcess, AnInterruptDoesNotReachIt) {
  EXPECT_TRUE(end_of([](int) {
                ::raise(SIGINT);
                ::raise(SIGTERM);
              }).ok);
}

TEST(ChildProcess, AnExceptionEndsItAndNoOther) {
  auto sibling = ChildProcess::start([](int socket) {
    while (const auto message = receive_frame(socket)) {
      if (!send_frame(socket, *message)) return;
    }
  });
  ASSERT_TRUE(sibling);
  const ChildEnd end = end_of([](int) { throw std::bad_alloc(); });
  EXPECT_EQ(end.how, "exit code 126");
  EXPECT_THAT(end.last_words, HasSubstr("bad_alloc"));
  ASSERT_TRUE(send_frame(sibling->socket(), "alive"));
  EXPECT_EQ(receive_frame(sibling->socket()).value_or(""), "alive");
}

TEST(ChildProcess, OneThatHangsIsKilled) {
  auto child = ChildProcess::start([](int) {
    while (true) ::pause();
  });
  ASSERT_TRUE(child);
  EXPECT_EQ(child->reap().how, "SIGKILL");
}

TEST(ChildProcess, WhoClosesAndGoesOnIsNotWaitedFor) {
  const ChildEnd end = end_of([](int socket) {
    ::close(socket);
    while (true) ::pause();
  });
  EXPECT_EQ(end.how, "SIGKILL");
}

TEST(FrameBuffer, RefusesWhatIsTooLong) {
  auto child = ChildProcess::start([](int socket) {
    const unsigned char length[] = {0xff, 0xff, 0xff, 0x7f};
    static_cast<void>(::send(socket, length, sizeof length, MSG_NOSIGNAL));
  });
  ASSERT_TRUE(child);
  FrameBuffer inbox;
  const auto peer = hear_out(*child, inbox);
  ASSERT_FALSE(peer);
  EXPECT_EQ(peer.error().code, ErrorCode::kLimit);
  EXPECT_FALSE(inbox.take());
}

TEST(FrameBuffer, GivesWholeMessagesOnly) {
  auto child = ChildProcess::start([](int socket) {
    static_cast<void>(send_frame(socket, "one"));
    static_cast<void>(send_frame(socket, ""));
    const char half[] = {9, 0, 0, 0, 'h', 'a', 'l', 'f'};
    static_cast<void>(::send(socket, half, sizeof half, MSG_NOSIGNAL));
  });
  ASSERT_TRUE(child);
  FrameBuffer inbox;
  ASSERT_TRUE(hear_out(*child, inbox));
  EXPECT_EQ(inbox.take(), "one");
  EXPECT_EQ(inbox.take(), "");
  EXPECT_EQ(inbox.take(), std::nullopt);
}

}  // namespace
}  // namespace dl
