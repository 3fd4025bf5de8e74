// SPDX-License-Identifier: Apache-2.0
// The thread that sends what the app's threads recorded.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include "call_journal.h"
#include "daylight/capture/wire/wire_client.h"

namespace dl::jvmti {

// Takes the records of all threads in turns, and sends many calls in one batch. A batch that the
// wire did not take is counted by it; what comes later of its calls is left out too.
class JournalSender {
 public:
  // `journal` must outlive it.
  JournalSender(CallJournal& journal, std::unique_ptr<capture::WireClient> client);
  ~JournalSender();
  JournalSender(const JournalSender&) = delete;
  JournalSender& operator=(const JournalSender&) = delete;

  // Sends what was recorded so far, tells what was lost and says goodbye. Afterwards the journal is
  // closed. At most once.
  void finish();

 private:
  void run();
  // Whether there was anything to send.
  bool turn();
  bool take_thread(ThreadJournal& thread);
  void take_records(ThreadJournal& thread, Chunk& chunk, std::uint64_t until);
  void take(const ThreadJournal& thread, const RecordHead& head);
  void take_value(const ThreadJournal& thread, const ValueRecord& value);
  TraceEvent& add(const ThreadJournal& thread, const RecordHead& head, TracePayload payload);
  void send_told();
  void send_losses();
  void send_batch();

  CallJournal& journal_;
  const std::unique_ptr<capture::WireClient> client_;
  std::vector<TraceEvent> events_;
  std::vector<capture::SinkBuffer> buffers_;
  std::uint64_t batch_bytes_ = 0;
  std::unordered_set<std::uint64_t> dead_;  // calls whose begin was not sent
  JournalLosses told_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace dl::jvmti
