// SPDX-License-Identifier: Apache-2.0
// A disk that refuses: the trace stays valid, and what is missing is counted exactly.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "daylight/artifact/trace/trace_folder.h"
#include "trace_folders.h"

namespace dl {
namespace {

using testing::new_writer;
using testing::read_trace;
using testing::TemporaryFolder;

// No file of this process may grow beyond `bytes`: writes fail as on a full disk, some after a
// part.
void limit_files(rlim_t bytes) {
  std::signal(SIGXFSZ, SIG_IGN);
  struct rlimit limit {};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = bytes;
  ::setrlimit(RLIMIT_FSIZE, &limit);
}

// Runs `body` in a child, whose limits are its own; its exit code.
template <typename Body>
int in_child(Body body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TraceEvent numbered(std::uint64_t i) {
  if (i % 3 == 0) return {{i, 1, 1, i}, TraceEnter{1, 0, 0}};
  return {{i, 1, 1, i}, TraceLog{TraceLevel::kInfo, "tag", std::string(i % 50, 'x')}};
}

TEST(TraceDisk, WhatWasRefusedIsToldOnceThereIsRoom) {
  for (const rlim_t limit : {2000U, 2001U, 2017U, 3333U, 32U}) {
    const TemporaryFolder temporary;
    const auto folder = temporary.path() / "trace";
    const int code = in_child([&] {
      TraceWriterOptions options;
      options.buffer_bytes = 500;
      const auto writer = new_writer(folder, options);
      int refused = 0;
      for (std::uint64_t i = 0; i < 300; ++i) {
        if (i == 100) limit_files(limit);
        if (i == 200) limit_files(RLIM_INFINITY);
        if (!writer->write(numbered(i))) ++refused;
      }
      if (!writer->finish(TraceEnding::kFinished)) return 1;
      return refused > 0 ? 0 : 2;
    });
    ASSERT_EQ(code, 0);
    const auto trace = read_trace(folder);
    EXPECT_TRUE(trace.complete);
    std::uint64_t seen = 0;
    std::uint64_t seen_calls = 0;
    for (const TraceEvent& event : trace.events) {
      const TraceKind kind = kind_of(event.payload);
      if (kind == TraceKind::kLoss || kind == TraceKind::kEnd) continue;
      EXPECT_EQ(event, numbered(event.time_ns));
      ++seen;
      seen_calls += kind == TraceKind::kEnter ? 1 : 0;
    }
    EXPECT_LT(seen, 300U);
    EXPECT_EQ(seen + trace.summary.lost.events, 300U) << limit;
    EXPECT_EQ(seen_calls + trace.summary.lost.calls, 100U) << limit;
    EXPECT_EQ(trace.summary.end->lost_events, trace.summary.lost.events);
    EXPECT_EQ(trace.summary.end->lost_calls, trace.summary.lost.calls);
    EXPECT_FALSE(trace.summary.lost.why.empty());
  }
}

TEST(TraceDisk, ADiskThatStaysFullLeavesAValidPrefix) {
  const TemporaryFolder temporary;
  const auto folder = temporary.path() / "trace";
  const int code = in_child([&] {
    TraceWriterOptions options;
    options.buffer_bytes = 500;
    const auto writer = new_writer(folder, options);
    limit_files(5000);
    for (std::uint64_t i = 0; i < 1000; ++i) static_cast<void>(writer->write(numbered(i)));
    const auto end = writer->finish(TraceEnding::kFinished);
    if (end || end.error().code != ErrorCode::kIo) return 1;
    const auto counts = writer->counts();
    // The parent compares this with what is there.
    testing::overwrite(temporary.path() / "lost", std::to_string(counts.lost.events));
    return counts.events + counts.lost.events == 1000 ? 0 : 2;
  });
  ASSERT_EQ(code, 0);
  const auto trace = read_trace(folder);
  EXPECT_FALSE(trace.complete);
  EXPECT_EQ(trace.summary.damages, 0U);
  ASSERT_GT(trace.events.size(), 20U);
  EXPECT_EQ(testing::bytes_of(temporary.path() / "lost"),
            std::to_string(1000 - trace.events.size()));
  for (std::size_t i = 0; i < trace.events.size(); ++i) ASSERT_EQ(trace.events[i], numbered(i));
}

TEST(TraceDisk, ABlobThatWasRefusedIsDroppedAndCounted) {
  const TemporaryFolder temporary;
  const auto folder = temporary.path() / "trace";
  const int code = in_child([&] {
    const auto writer = new_writer(folder);
    std::string noise(4000, ' ');
    std::uint32_t state = 1;
    for (char& c : noise) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
    const auto put = [&](char first) {
      noise[0] = first;
      TraceArgument argument;
      argument.buffer = writer->keep(as_bytes(noise));
      static_cast<void>(writer->write({{}, argument}));
      return argument.buffer.held;
    };
    if (put('a') != TraceHeld::kBlob) return 1;
    limit_files(6000);
    if (put('b') != TraceHeld::kDropped) return 2;
    if (put('a') != TraceHeld::kBlob) return 3;
    limit_files(RLIM_INFINITY);
    if (put('c') != TraceHeld::kBlob) return 4;
    return writer->finish(TraceEnding::kFinished) ? 0 : 5;
  });
  ASSERT_EQ(code, 0);
  const auto trace = read_trace(folder);
  EXPECT_TRUE(trace.complete);
  EXPECT_EQ(trace.summary.lost.bytes, 4000U);
  EXPECT_EQ(trace.summary.lost.events, 0U);
  const auto blobs = TraceReader::open(folder)->blobs();
  ASSERT_TRUE(blobs);
  EXPECT_TRUE(blobs->index().damage.empty());
  ASSERT_EQ(blobs->index().entries.size(), 2U);
  for (const auto& entry : blobs->index().entries) EXPECT_TRUE(blobs->get(entry.digest));
}

}  // namespace
}  // namespace dl
