// SPDX-License-Identifier: Apache-2.0
// What the app's threads saw, in memory until a thread of ours sends it: writing costs no lock and
// no system call.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "daylight/artifact/trace/trace_event.h"

namespace dl::jvmti {

// How a value is described; lives as long as the process.
struct ValueType {
  std::string type;   // as in Java source: "float[]"
  std::string dtype;  // float32 ... or empty
};

enum class RecordKind : std::uint16_t { kEnter, kValue, kLeave };

// In a chunk, 8 bytes aligned, followed by what its kind says.
struct RecordHead {
  std::uint32_t bytes = 0;  // with everything that follows, a multiple of 8
  RecordKind kind = RecordKind::kEnter;
  std::uint8_t flag = 0;  // kLeave: the outcome; kValue: the direction
  TraceHeld held = TraceHeld::kNothing;
  std::uint64_t call = 0;
  std::uint64_t time_ns = 0;
};
struct EnterRecord : RecordHead {
  std::uint32_t method = 0;
  std::uint64_t parent = 0;
};
// Then `text_bytes` of the exception.
struct LeaveRecord : RecordHead {
  std::uint32_t method = 0;
  std::uint32_t text_bytes = 0;
  std::uint64_t value = 0;
};
// Then `rank` numbers of the shape, `name_bytes` padded to 8, `captured` bytes.
struct ValueRecord : RecordHead {
  std::int32_t index = 0;
  std::uint16_t rank = 0;
  std::uint16_t name_bytes = 0;
  const ValueType* type = nullptr;
  std::uint64_t address = 0;
  std::uint64_t length = 0;
  std::uint64_t captured = 0;
};

// Memory of one thread's records. The owner writes, the sender reads up to `written`.
struct Chunk {
  std::atomic<std::uint64_t> written{0};
  std::atomic<Chunk*> next{nullptr};  // set once nothing more is written here
  std::uint64_t capacity = 0;
  std::uint64_t read = 0;  // the sender's
  std::uint8_t* bytes() { return reinterpret_cast<std::uint8_t*>(this + 1); }
};

struct JournalOptions {
  std::uint64_t memory = std::uint64_t{256} << 20;  // of all chunks together
  // How long a call waits for memory before it is dropped.
  std::chrono::milliseconds patience{50};
};

struct JournalLosses {
  std::uint64_t calls = 0;
  std::uint64_t events = 0;
  std::uint64_t bytes = 0;
};

class ThreadJournal;

// One for the process. Thread safe, but for what is said to be the sender's. Lives to the end of
// the process, since threads of the app may write at any time.
class CallJournal {
 public:
  explicit CallJournal(const JournalOptions& options) : options_(options) {}

  // Of the calling thread; made at its first call, given up at its end: nullptr while the thread's
  // last destructors run.
  ThreadJournal* mine();

  // False when nobody listens any more: then nothing is worth recording.
  bool open() const { return open_.load(std::memory_order_relaxed); }
  void close();
  // Somebody waited for memory in vain, and none came back since: a call that begins now is lost.
  bool crowded() const { return crowded_.load(std::memory_order_relaxed); }

  // An event beside the calls. One that defines something is sent before records that were
  // committed after this returned. Its time is set here.
  void tell(TracePayload payload, std::uint64_t call = 0);
  void lose(const JournalLosses& losses);
  // The first of so many ids that no other has.
  std::uint64_t new_calls(std::uint64_t count) { return next_call_.fetch_add(count); }

  // The sender's.
  std::vector<TraceEvent> take_told();
  JournalLosses losses() const;
  std::vector<std::shared_ptr<ThreadJournal>> threads() const;
  void forget(const ThreadJournal* thread);
  void wait_for_work(std::chrono::milliseconds at_most);
  void give_back(Chunk* chunk);

 private:
  friend class ThreadJournal;
  // At least so many bytes, or nullptr. `spare`: beyond the limit of memory where nothing else
  // helps, for the small records that close calls.
  Chunk* allocate(std::uint64_t bytes, bool spare);

  const JournalOptions options_;
  std::atomic<bool> open_{true};
  std::atomic<std::uint64_t> next_call_{1};
  std::atomic<bool> crowded_{false};  // a call waited in vain: the next ones do not wait
  mutable std::mutex mutex_;          // guards what follows
  std::condition_variable work_;
  std::condition_variable room_;
  std::uint64_t used_ = 0;
  std::vector<Chunk*> free_[24];  // by the power of two above the smallest size
  std::uint64_t free_bytes_ = 0;
  std::vector<std::shared_ptr<ThreadJournal>> threads_;
  std::vector<TraceEvent> told_;
  JournalLosses lost_;
};

// Records of one thread, written by it alone.
class ThreadJournal {
 public:
  ThreadJournal(CallJournal& journal, std::uint32_t tid) : journal_(journal), tid_(tid) {}
  ~ThreadJournal();

  // Room for a record of `bytes`, without its padding; nullptr where there is none. Nothing of it
  // is seen before commit(). `spare` as of CallJournal::allocate.
  std::uint8_t* reserve(std::uint64_t bytes, bool spare = false);
  void commit();

  std::uint32_t tid() const { return tid_; }
  // Rises in each thread.
  std::uint64_t new_call();
  // Calls of this thread that are under way, innermost last.
  std::vector<std::uint64_t>& open_calls() { return open_calls_; }
  // Set while our own code runs, so that it does not record itself.
  bool busy = false;

  // The sender's. The oldest chunk, nullptr before the first record.
  Chunk* oldest() const { return first_.load(std::memory_order_acquire); }
  void drop_oldest();
  bool ended() const { return ended_.load(std::memory_order_acquire); }
  void end() { ended_.store(true, std::memory_order_release); }

 private:
  bool next_chunk(std::uint64_t bytes, bool spare);

  CallJournal& journal_;
  const std::uint32_t tid_;
  std::atomic<Chunk*> first_{nullptr};
  std::atomic<bool> ended_{false};
  Chunk* current_ = nullptr;
  std::uint64_t at_ = 0;        // committed in `current_`
  std::uint64_t reserved_ = 0;  // bytes of the record under way
  std::uint64_t next_call_ = 0;
  std::uint64_t last_call_ = 0;
  std::vector<std::uint64_t> open_calls_;
};

}  // namespace dl::jvmti
