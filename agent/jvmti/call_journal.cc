// SPDX-License-Identifier: Apache-2.0
// Chunks by powers of two, used again while they are warm.
#include "call_journal.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <new>

#include "daylight/capture/wire/wire_client.h"

namespace dl::jvmti {
namespace {

// A thread that records little takes little; one that records more seldom asks for memory.
constexpr std::uint64_t kSmallestChunk = std::uint64_t{32} << 10;
constexpr std::uint64_t kBusyChunk = std::uint64_t{256} << 10;
// Ids of calls that a thread takes at a time.
constexpr std::uint64_t kCallsAtOnce = 1024;
// Events that wait for the sender; definitions beyond are a runaway.
constexpr std::size_t kMaxTold = std::size_t{1} << 18;

std::uint64_t padded(std::uint64_t bytes) { return (bytes + 7) & ~std::uint64_t{7}; }

int size_class(std::uint64_t bytes) {
  const std::uint64_t size = std::bit_ceil(std::max(bytes + sizeof(Chunk), kSmallestChunk));
  return std::countr_zero(size) - std::countr_zero(kSmallestChunk);
}

std::uint64_t class_bytes(int of) { return kSmallestChunk << of; }

std::uint32_t thread_id() { return static_cast<std::uint32_t>(::syscall(SYS_gettid)); }

// Without a destructor: they can be read as long as the thread runs.
thread_local ThreadJournal* known = nullptr;
thread_local bool given_up = false;

// Gives the thread's journal up when the thread ends.
struct Mine {
  std::shared_ptr<ThreadJournal> journal;
  ~Mine() {
    known = nullptr;
    given_up = true;
    if (journal != nullptr) journal->end();
  }
};

}  // namespace

ThreadJournal* CallJournal::mine() {
  if (known != nullptr || given_up) return known;
  thread_local Mine mine;
  mine.journal = std::make_shared<ThreadJournal>(*this, thread_id());
  known = mine.journal.get();
  const std::scoped_lock lock(mutex_);
  threads_.push_back(mine.journal);
  return known;
}

void CallJournal::close() {
  open_.store(false);
  room_.notify_all();
  work_.notify_all();
}

void CallJournal::tell(TracePayload payload, std::uint64_t call) {
  if (!open()) return;
  const std::scoped_lock lock(mutex_);
  // Of no thread, in the order of time: those of calls come by another way.
  TraceEvent event{{capture::WireClient::now_ns(), 0, 0, call}, std::move(payload)};
  if (told_.size() >= kMaxTold) {
    ++lost_.events;
    return;
  }
  told_.push_back(std::move(event));
  work_.notify_one();
}

void CallJournal::lose(const JournalLosses& losses) {
  const std::scoped_lock lock(mutex_);
  lost_.calls += losses.calls;
  lost_.events += losses.events;
  lost_.bytes += losses.bytes;
}

std::vector<TraceEvent> CallJournal::take_told() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(told_, {});
}

JournalLosses CallJournal::losses() const {
  const std::scoped_lock lock(mutex_);
  return lost_;
}

std::vector<std::shared_ptr<ThreadJournal>> CallJournal::threads() const {
  const std::scoped_lock lock(mutex_);
  return threads_;
}

void CallJournal::forget(const ThreadJournal* thread) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(threads_, [&](const auto& each) { return each.get() == thread; });
}

void CallJournal::wait_for_work(std::chrono::milliseconds at_most) {
  std::unique_lock lock(mutex_);
  if (told_.empty()) work_.wait_for(lock, at_most);
}

Chunk* CallJournal::allocate(std::uint64_t bytes, bool spare) {
  const int of = size_class(bytes);
  if (of >= static_cast<int>(std::size(free_))) return nullptr;
  const std::uint64_t size = class_bytes(of);
  std::unique_lock lock(mutex_);
  // The sender sleeps while nothing is full.
  work_.notify_one();
  const auto fits = [&] { return used_ + size <= options_.memory || !open(); };
  if (!fits() && !spare) {
    if (size > options_.memory || crowded()) return nullptr;
    if (!room_.wait_for(lock, options_.patience, fits)) {
      crowded_.store(true);
      return nullptr;
    }
  }
  if (!open()) return nullptr;
  used_ += size;
  std::vector<Chunk*>& free = free_[of];
  if (!free.empty()) {
    Chunk* const chunk = free.back();
    free.pop_back();
    free_bytes_ -= size;
    return chunk;
  }
  lock.unlock();
  void* const memory = ::operator new (size, std::align_val_t{64}, std::nothrow);
  if (memory == nullptr) {
    lock.lock();
    used_ -= size;
    return nullptr;
  }
  auto* const chunk = new (memory) Chunk;
  chunk->capacity = size - sizeof(Chunk);
  return chunk;
}

void CallJournal::give_back(Chunk* chunk) {
  const std::uint64_t size = chunk->capacity + sizeof(Chunk);
  chunk->written.store(0, std::memory_order_relaxed);
  chunk->next.store(nullptr, std::memory_order_relaxed);
  chunk->read = 0;
  const std::scoped_lock lock(mutex_);
  used_ -= size;
  crowded_.store(false);
  room_.notify_all();
  // Pages that are there already are what makes large buffers cheap.
  if (free_bytes_ + used_ + size > options_.memory) {
    chunk->~Chunk();
    ::operator delete (static_cast<void*>(chunk), std::align_val_t{64});
    return;
  }
  free_bytes_ += size;
  free_[size_class(chunk->capacity)].push_back(chunk);
}

ThreadJournal::~ThreadJournal() {
  while (oldest() != nullptr) drop_oldest();
}

std::uint64_t ThreadJournal::new_call() {
  if (next_call_ == last_call_) {
    next_call_ = journal_.new_calls(kCallsAtOnce);
    last_call_ = next_call_ + kCallsAtOnce;
  }
  return next_call_++;
}

std::uint8_t* ThreadJournal::reserve(std::uint64_t bytes, bool spare) {
  const std::uint64_t need = padded(bytes);
  if ((current_ == nullptr || at_ + need > current_->capacity) && !next_chunk(need, spare))
    return nullptr;
  reserved_ = need;
  return current_->bytes() + at_;
}

void ThreadJournal::commit() {
  at_ += reserved_;
  reserved_ = 0;
  current_->written.store(at_, std::memory_order_release);
}

bool ThreadJournal::next_chunk(std::uint64_t bytes, bool spare) {
  const std::uint64_t wish = current_ == nullptr ? bytes : std::max(bytes, kBusyChunk / 2);
  Chunk* fresh = journal_.allocate(wish, spare);
  if (fresh == nullptr && wish > bytes) fresh = journal_.allocate(bytes, spare);
  if (fresh == nullptr) return false;
  if (current_ == nullptr) {
    first_.store(fresh, std::memory_order_release);
  } else {
    current_->next.store(fresh, std::memory_order_release);
  }
  current_ = fresh;
  at_ = 0;
  return true;
}

void ThreadJournal::drop_oldest() {
  Chunk* const chunk = first_.load(std::memory_order_relaxed);
  first_.store(chunk->next.load(std::memory_order_acquire), std::memory_order_relaxed);
  journal_.give_back(chunk);
}

}  // namespace dl::jvmti
