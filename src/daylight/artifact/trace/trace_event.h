// SPDX-License-Identifier: Apache-2.0
// What a trace consists of: events of processes, calls, buffers and their causes, as plain structs.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "daylight/base/digest.h"

namespace dl {

// Texts come from the app and may hold any bytes: they are shown by printable(), never as they are.
// One that is longer cannot be encoded.
inline constexpr std::size_t kMaxTraceTextBytes = std::size_t{64} << 10;
// Bytes of a buffer that stand in the event itself.
inline constexpr std::size_t kMaxInlineBytes = std::size_t{64} << 10;
inline constexpr std::size_t kMaxTraceRank = 32;
inline constexpr std::size_t kMaxTraceEntries = 64;

// Numbers of the file format: never changed, never used again for something else.
enum class TraceKind : std::uint16_t {
  kProcess = 1,
  kModule = 2,
  kMethod = 3,
  kEnter = 4,
  kLeave = 5,
  kArgument = 6,
  kStimulusBegin = 7,
  kStimulusEnd = 8,
  kLoss = 9,
  kNote = 10,
  kLog = 11,
  kLookup = 12,
  kNative = 13,
  kMemoryModel = 14,
  kEnd = 15,
};

// What a trace has of the bytes of a buffer.
enum class TraceHeld : std::uint8_t {
  kNothing = 0,     // nobody asked for them
  kInline = 1,      // `bytes`
  kBlob = 2,        // in the blob store, by `digest`
  kDigest = 3,      // only `digest`: the run keeps no buffers
  kUnreadable = 4,  // the memory could not be read
  kDropped = 5,     // wanted, but not kept: a full disk, back-pressure
};

struct TraceBuffer {
  TraceHeld held = TraceHeld::kNothing;
  std::uint64_t captured = 0;  // bytes that were seen; fewer than the buffer has if it was cut
  std::string bytes = {};      // kInline: `captured` of them
  Sha256Bytes digest = {};     // kBlob, kDigest: of the captured bytes

  friend bool operator==(const TraceBuffer&, const TraceBuffer&) = default;
};

// A process that events come from; `pid` of the event is its id.
struct TraceProcess {
  std::string name;
  std::string abi;     // arm64-v8a, x86_64 ...
  std::string source;  // guest, jvmti, jvm-host, frida, import ...

  friend bool operator==(const TraceProcess&, const TraceProcess&) = default;
};

// A library or program in memory. Ids of modules and methods are those of one process, and stand
// before the events that use them.
struct TraceModule {
  std::uint32_t id = 0;
  std::string name;
  std::vector<std::string> entry;  // containers from the outside in: split APK, library ...
  std::string build_id;            // lower-case hexadecimal, or empty
  std::uint64_t base = 0;
  std::uint64_t size = 0;

  friend bool operator==(const TraceModule&, const TraceModule&) = default;
};
inline constexpr std::uint32_t kNoTraceModule = 0;

enum class TraceMethodKind : std::uint8_t {
  kJava = 0,
  kJni = 1,
  kExport = 2,
  kImport = 3,
  kOffset = 4,
  kConstructor = 5,
};

// Something that can be called.
struct TraceMethod {
  std::uint32_t id = 0;
  TraceMethodKind kind = TraceMethodKind::kJava;
  std::string name;  // a selector's text: docs/formats/selectors.md
  std::uint32_t module = kNoTraceModule;
  std::uint64_t offset = 0;  // from the module's base
  std::string signature;

  friend bool operator==(const TraceMethod&, const TraceMethod&) = default;
};

// A call begins; `call` of the event is its id, 0 is no call. Ids are those of one process.
struct TraceEnter {
  std::uint32_t method = 0;
  std::uint64_t caller = 0;  // address, 0 if unknown
  std::uint64_t parent = 0;  // call that this one was made in, 0 if none was seen

  friend bool operator==(const TraceEnter&, const TraceEnter&) = default;
};

enum class TraceOutcome : std::uint8_t {
  kReturned = 0,
  kThrew = 1,
  kCrashed = 2,
  kUnwound = 3,  // by an exception or a long jump that passed through
  kStopped = 4,  // by us: a limit, the end of the run
};

// A call ends.
struct TraceLeave {
  std::uint32_t method = 0;
  TraceOutcome outcome = TraceOutcome::kReturned;
  std::uint64_t value = 0;  // bits of the result, if it fits into a register
  std::string text;         // of the exception or the crash

  friend bool operator==(const TraceLeave&, const TraceLeave&) = default;
};

enum class TraceDirection : std::uint8_t { kIn = 0, kOut = 1 };

inline constexpr std::int32_t kTraceReturnValue = -1;
inline constexpr std::int32_t kTraceThis = -2;

// What went into or came out of the call.
struct TraceArgument {
  std::int32_t index = 0;  // kTraceReturnValue, kTraceThis
  TraceDirection direction = TraceDirection::kIn;
  std::string name;
  std::string type;                  // as in Java source or C: "float[]", "const char*"
  std::string dtype;                 // float32, uint8 ... or empty
  std::vector<std::uint64_t> shape;  // empty if unknown
  std::uint64_t address = 0;         // of the buffer; of a scalar, its bits
  std::uint64_t length = 0;          // of the whole buffer, in bytes
  TraceBuffer buffer = {};

  friend bool operator==(const TraceArgument&, const TraceArgument&) = default;
};

// From here to its end, calls are caused by this picture, frame or text.
struct TraceStimulusBegin {
  std::uint64_t id = 0;
  std::string file;  // of samples.csv
  std::uint32_t face = 0;
  std::uint32_t frame = 0;
  double t_ms = 0;
  TraceBuffer buffer = {};

  friend bool operator==(const TraceStimulusBegin&, const TraceStimulusBegin&) = default;
};

struct TraceStimulusEnd {
  std::uint64_t id = 0;
  TraceOutcome outcome = TraceOutcome::kReturned;
  std::string text;

  friend bool operator==(const TraceStimulusEnd&, const TraceStimulusEnd&) = default;
};

// What was seen but is not in the trace. Exact counts.
struct TraceLoss {
  std::uint64_t calls = 0;
  std::uint64_t events = 0;
  std::uint64_t bytes = 0;  // of events and buffers
  std::string why;

  friend bool operator==(const TraceLoss&, const TraceLoss&) = default;
};

enum class TraceLevel : std::uint8_t { kVerbose = 0, kDebug, kInfo, kWarning, kError, kFatal };

// What the source wants to say: a substitute, a gap.
struct TraceNote {
  TraceLevel level = TraceLevel::kInfo;
  std::string where;
  std::string text;

  friend bool operator==(const TraceNote&, const TraceNote&) = default;
};

// A line that the app wrote to its log.
struct TraceLog {
  TraceLevel level = TraceLevel::kInfo;
  std::string tag;
  std::string text;

  friend bool operator==(const TraceLog&, const TraceLog&) = default;
};

enum class TraceLookupKind : std::uint8_t {
  kProperty = 0,
  kSymbol = 1,
  kFile = 2,
  kImport = 3,
  kLibrary = 4,
  kSystemCall = 5,
  kSetting = 6,  // sysconf, getenv, sigaction ...
};

// What the app asked its surroundings for, and what it was told. Those that were answered "absent"
// explain why it took another path.
struct TraceLookup {
  TraceLookupKind what = TraceLookupKind::kProperty;
  std::string name;
  bool found = false;
  std::string answer;

  friend bool operator==(const TraceLookup&, const TraceLookup&) = default;
};

enum class TraceRoute : std::uint8_t { kExport = 0, kRegisterNatives = 1, kConstructor = 2 };

// A Java method got its native code; by the route of constructors, a library got an engine.
struct TraceNative {
  std::string klass;      // pkg/Class; the library that got it
  std::string name;       // of the method; of the function that registers
  std::string signature;  // of the method; the texts that came with it, a line each
  std::uint32_t module = kNoTraceModule;
  std::uint64_t offset = 0;  // from the module's base
  TraceRoute route = TraceRoute::kExport;

  friend bool operator==(const TraceNative&, const TraceNative&) = default;
};

// A model that lay in memory.
struct TraceMemoryModel {
  std::string format;  // an id of the inventory: tflite, onnx ...
  std::uint64_t address = 0;
  std::uint64_t size = 0;
  std::string where;  // after which call, in which argument
  TraceBuffer buffer = {};

  friend bool operator==(const TraceMemoryModel&, const TraceMemoryModel&) = default;
};

enum class TraceEnding : std::uint8_t { kFinished = 0, kStopped = 1, kFailed = 2 };

// The last event of a trace that ended properly. Counts what stands before it.
struct TraceEnd {
  TraceEnding ending = TraceEnding::kFinished;
  std::uint64_t events = 0;
  std::uint64_t calls = 0;        // enter events
  std::uint64_t blobs = 0;        // different ones
  std::uint64_t lost_calls = 0;   // sums of the loss events
  std::uint64_t lost_events = 0;  //
  std::string text;               // what stopped it

  friend bool operator==(const TraceEnd&, const TraceEnd&) = default;
};

// In the order of TraceKind.
using TracePayload =
    std::variant<TraceProcess, TraceModule, TraceMethod, TraceEnter, TraceLeave, TraceArgument,
                 TraceStimulusBegin, TraceStimulusEnd, TraceLoss, TraceNote, TraceLog, TraceLookup,
                 TraceNative, TraceMemoryModel, TraceEnd>;

// When and where something was seen.
struct TraceStamp {
  std::uint64_t time_ns = 0;  // since the trace began, by a clock that never goes back
  std::uint32_t pid = 0;
  std::uint32_t tid = 0;
  std::uint64_t call = 0;  // the call that the event belongs to, 0 if none

  friend bool operator==(const TraceStamp&, const TraceStamp&) = default;
};

// TraceEvent{{time, pid, tid, call}, TraceEnter{...}}
struct TraceEvent : TraceStamp {
  TracePayload payload = {};

  friend bool operator==(const TraceEvent&, const TraceEvent&) = default;
};

inline TraceKind kind_of(const TracePayload& payload) {
  return static_cast<TraceKind>(payload.index() + 1);
}

}  // namespace dl
