// SPDX-License-Identifier: Apache-2.0
// Records become events; their buffers go to the socket from where they lie.
#include "journal_sender.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>

namespace dl::jvmti {
namespace {

using capture::SinkBuffer;

// A batch ends with the first of these; far below what the wire allows.
constexpr std::size_t kBatchEvents = 1024;
constexpr std::size_t kBatchBuffers = 512;
constexpr std::uint64_t kBatchBytes = std::uint64_t{8} << 20;
// How long a call may wait to be sent where nothing else happens.
constexpr std::chrono::milliseconds kIdle{5};

std::string text_at(const std::uint8_t* at, std::size_t size) {
  return std::string(reinterpret_cast<const char*>(at), size);
}

}  // namespace

JournalSender::JournalSender(CallJournal& journal, std::unique_ptr<capture::WireClient> client)
    : journal_(journal), client_(std::move(client)) {
  // The app's signals are none of this thread's business.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

JournalSender::~JournalSender() { finish(); }

void JournalSender::finish() {
  if (!thread_.joinable()) return;
  stop_.store(true);
  thread_.join();
}

void JournalSender::run() {
  while (!stop_.load() && client_->connected()) {
    if (!turn()) journal_.wait_for_work(kIdle);
  }
  // Calls that begin now are not recorded; those under way are sent as far as they came.
  journal_.close();
  if (client_->connected()) turn();
  send_losses();
  client_->close();
}

bool JournalSender::turn() {
  bool found = false;
  for (const std::shared_ptr<ThreadJournal>& thread : journal_.threads()) {
    // Before the look at its records, so that none can come afterwards.
    const bool ended = thread->ended();
    found = take_thread(*thread) || found;
    if (ended) journal_.forget(thread.get());
  }
  send_told();
  send_losses();
  return found;
}

bool JournalSender::take_thread(ThreadJournal& thread) {
  bool found = false;
  for (Chunk* chunk = thread.oldest(); chunk != nullptr;) {
    // `next` first: what stands before it is all that will ever stand in this chunk.
    Chunk* const next = chunk->next.load(std::memory_order_acquire);
    const std::uint64_t until = chunk->written.load(std::memory_order_acquire);
    found = found || until != chunk->read;
    take_records(thread, *chunk, until);
    // Buffers of the batch lie in the chunk.
    send_batch();
    if (next == nullptr) break;
    thread.drop_oldest();
    chunk = next;
  }
  return found;
}

void JournalSender::take_records(ThreadJournal& thread, Chunk& chunk, std::uint64_t until) {
  // Definitions that these records need were told before they were committed.
  if (chunk.read != until) send_told();
  while (chunk.read < until) {
    const auto* const head = reinterpret_cast<const RecordHead*>(chunk.bytes() + chunk.read);
    take(thread, *head);
    chunk.read += head->bytes;
    const bool full = events_.size() >= kBatchEvents || buffers_.size() >= kBatchBuffers ||
                      batch_bytes_ >= kBatchBytes;
    if (full) send_batch();
  }
}

TraceEvent& JournalSender::add(const ThreadJournal& thread, const RecordHead& head,
                               TracePayload payload) {
  events_.push_back({{head.time_ns, client_->pid(), thread.tid(), head.call}, std::move(payload)});
  return events_.back();
}

void JournalSender::take(const ThreadJournal& thread, const RecordHead& head) {
  if (!dead_.empty() && dead_.contains(head.call)) {
    journal_.lose({0, 1, head.bytes});
    if (head.kind == RecordKind::kLeave) dead_.erase(head.call);
    return;
  }
  switch (head.kind) {
    case RecordKind::kEnter: {
      const auto& enter = static_cast<const EnterRecord&>(head);
      add(thread, head, TraceEnter{enter.method, 0, enter.parent});
      return;
    }
    case RecordKind::kLeave: {
      const auto& leave = static_cast<const LeaveRecord&>(head);
      const auto* const text = reinterpret_cast<const std::uint8_t*>(&leave + 1);
      add(thread, head,
          TraceLeave{leave.method, static_cast<TraceOutcome>(leave.flag), leave.value,
                     text_at(text, leave.text_bytes)});
      return;
    }
    case RecordKind::kValue:
      take_value(thread, static_cast<const ValueRecord&>(head));
  }
}

void JournalSender::take_value(const ThreadJournal& thread, const ValueRecord& value) {
  const auto* const shape = reinterpret_cast<const std::uint64_t*>(&value + 1);
  const auto* const name = reinterpret_cast<const std::uint8_t*>(shape + value.rank);
  const std::uint8_t* const bytes = name + ((value.name_bytes + 7U) & ~7U);
  TraceArgument argument;
  argument.index = value.index;
  argument.direction = static_cast<TraceDirection>(value.flag);
  argument.name = text_at(name, value.name_bytes);
  argument.type = value.type->type;
  argument.dtype = value.type->dtype;
  argument.shape.assign(shape, shape + value.rank);
  argument.address = value.address;
  argument.length = value.length;
  argument.buffer.held = value.held;
  add(thread, value, std::move(argument));
  if (value.held != TraceHeld::kInline) return;
  buffers_.push_back({events_.size() - 1, ByteSpan(bytes, value.captured)});
  batch_bytes_ += value.captured;
}

// Definitions are never dropped while the connection lives.
void JournalSender::send_told() {
  std::vector<TraceEvent> told = journal_.take_told();
  if (told.empty()) return;
  send_batch();
  for (TraceEvent& event : told) event.pid = client_->pid();
  for (std::size_t at = 0; at < told.size(); at += kBatchEvents) {
    const std::size_t count = std::min(kBatchEvents, told.size() - at);
    static_cast<void>(client_->write(std::span(told).subspan(at, count)));
  }
}

void JournalSender::send_losses() {
  const JournalLosses now = journal_.losses();
  const TraceLoss untold{now.calls - told_.calls, now.events - told_.events,
                         now.bytes - told_.bytes, "the agent had no memory for them"};
  if (untold.calls == 0 && untold.events == 0 && untold.bytes == 0) return;
  TraceEvent event{{capture::WireClient::now_ns(), client_->pid(), 0, 0}, untold};
  if (client_->write({&event, 1})) told_ = now;
}

void JournalSender::send_batch() {
  if (events_.empty()) return;
  if (!client_->write(events_, buffers_)) {
    // Their ends may come in a later batch.
    for (const TraceEvent& event : events_) {
      if (std::holds_alternative<TraceEnter>(event.payload)) dead_.insert(event.call);
    }
    for (const TraceEvent& event : events_) {
      if (std::holds_alternative<TraceLeave>(event.payload)) dead_.erase(event.call);
    }
  }
  events_.clear();
  buffers_.clear();
  batch_bytes_ = 0;
}

}  // namespace dl::jvmti
