// SPDX-License-Identifier: Apache-2.0
// A small trace that has something of everything: nested calls, a buffer that passes from one call
// to the next, a crash, a call whose end was never told, hostile text.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include "unit/artifact/trace/trace_folders.h"

namespace dl::testing {

inline constexpr std::uint32_t kPid = 7;
inline constexpr std::uint32_t kMain = 7;
inline constexpr std::uint32_t kWorker = 9;

inline std::string float_bytes(const std::vector<float>& values) {
  std::string bytes(values.size() * 4, '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

// 200 floats, none like the one before.
inline std::string picture_bytes() {
  std::vector<float> values;
  for (int i = 0; i < 200; ++i) values.push_back(static_cast<float>(i) / 4);
  return float_bytes(values);
}

inline TraceArgument float_argument(std::int32_t index, TraceDirection direction,
                                    const std::string& name, TraceBuffer buffer) {
  TraceArgument argument;
  argument.index = index;
  argument.direction = direction;
  argument.name = name;
  argument.type = "float[]";
  argument.dtype = "float32";
  argument.shape = {1, buffer.captured / 4};
  argument.address = 0x5000;
  argument.length = buffer.captured;
  argument.buffer = std::move(buffer);
  return argument;
}

// Times are microseconds.
class SampleTrace {
 public:
  explicit SampleTrace(const std::filesystem::path& folder) : writer_(new_writer(folder)) {}

  void add(std::uint64_t us, std::uint32_t tid, std::uint64_t call, TracePayload payload) {
    const auto done = writer_->write(TraceEvent{{us * 1000, kPid, tid, call}, std::move(payload)});
    EXPECT_TRUE(done) << describe(done.error());
  }
  TraceWriter& writer() { return *writer_; }

  void write() {
    const TraceBuffer picture = writer_->keep(as_bytes(picture_bytes()));
    const TraceBuffer small = writer_->keep(as_bytes(float_bytes({0.5F, -1.0F, 0.1F})));
    const TraceBuffer zeros = writer_->keep(as_bytes(std::string(4096, '\0')));
    add(0, kMain, 0, TraceProcess{"com.example.app", "arm64-v8a", "guest"});
    add(1, kMain, 0, TraceModule{1, "libx.so", {"x.apk", "libx.so"}, "c0ffee", 0x7000, 0x1000});
    add(2, kMain, 0, TraceMethod{1, TraceMethodKind::kExport, "so:libx.so!prepare", 1, 0x10, ""});
    add(3, kMain, 0,
        TraceMethod{2, TraceMethodKind::kJni, "jni:pkg/Model;.run([F)[F", 1, 0x20, "([F)[F"});
    add(4, kMain, 0, TraceMethod{3, TraceMethodKind::kImport, "import:libx.so!memcpy", 1, 0, ""});
    add(5, kMain, 0, TraceStimulusBegin{1, "img/1.jpg", 0, 0, 0.0, picture});
    add(10, kMain, 1, TraceEnter{1, 0x7700, 0});
    add(11, kMain, 1, float_argument(0, TraceDirection::kOut, "pixels", picture));
    add(12, kMain, 1, float_argument(1, TraceDirection::kOut, "mask", zeros));
    add(20, kMain, 1, TraceLeave{1, TraceOutcome::kReturned, 0, ""});
    add(30, kMain, 2, TraceEnter{2, 0, 0});
    add(31, kMain, 2, float_argument(0, TraceDirection::kIn, "input", picture));
    add(32, kMain, 2, float_argument(1, TraceDirection::kIn, "mask", zeros));
    add(40, kMain, 3, TraceEnter{3, 0, 2});
    add(41, kMain, 0, TraceLookup{TraceLookupKind::kProperty, "ro.hardware", false, ""});
    add(45, kMain, 4, TraceEnter{3, 0, 3});  // never leaves by itself
    add(50, kMain, 3, TraceLeave{3, TraceOutcome::kUnwound, 0, "std::bad_alloc"});
    add(60, kMain, 2, float_argument(kTraceReturnValue, TraceDirection::kOut, "", small));
    add(70, kMain, 2, TraceLeave{2, TraceOutcome::kReturned, 0x2a, ""});
    add(80, kMain, 0, TraceStimulusEnd{1, TraceOutcome::kReturned, ""});
    add(81, kWorker, 0, TraceLog{TraceLevel::kError, "ta\x1b[31mg", "line\nwith \xff bytes"});
    add(82, kWorker, 5, TraceEnter{1, 0, 0});
    add(83, kWorker, 0, TraceNote{TraceLevel::kWarning, "camera", "a substitute was used"});
    add(84, kWorker, 5, TraceLeave{1, TraceOutcome::kCrashed, 0, "SIGSEGV"});
    add(85, kWorker, 0, TraceLoss{2, 6, 1000, "the socket was full"});
    add(90, kWorker, 6, TraceEnter{2, 0, 0});  // still running at the end
    const auto done = writer_->finish(TraceEnding::kFinished);
    EXPECT_TRUE(done) << describe(done.error());
  }

 private:
  std::unique_ptr<TraceWriter> writer_;
};

inline std::filesystem::path write_sample_trace(const TemporaryFolder& temporary) {
  const auto folder = temporary.path() / "trace";
  SampleTrace(folder).write();
  return folder;
}

}  // namespace dl::testing
