// SPDX-License-Identifier: Apache-2.0
// Models that lie in a guest's memory: also those that no file ever held as they are.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <string>

#include "daylight/format/probe/model_probe.h"
#include "daylight/guest/guest.h"
#include "daylight/guest/observe/memory_copy.h"

namespace dl::guest {

// Bytes of memory that one search looks at.
inline constexpr std::uint64_t kMaxSearchedMemory = std::uint64_t{4} << 30;
// Bytes that are copied at a time. Windows overlap by half: a model of up to half a window is found
// wherever it lies.
inline constexpr std::uint64_t kSearchWindow = std::uint64_t{1} << 30;
inline constexpr std::uint64_t kSmallestSearchWindow = 4 * kGuestPage;
// Models of one guest, and their bytes: a guest can make new ones for ever.
inline constexpr std::size_t kMaxMemoryModels = 1'024;
inline constexpr std::uint64_t kMaxMemoryModelBytes = std::uint64_t{4} << 30;

struct MemoryModel {
  std::string format;  // id of the inventory
  std::uint64_t address = 0;
  std::uint64_t size = 0;
  std::string sha256;
  bool in_file = false;  // in the file of a loaded library, as it is
  std::string where;     // after what, or in which argument of which call
};

// Takes what was found. The bytes are a copy, those that were parsed and hashed, and go when it
// returns. Called by any thread, by several at a time.
using ModelSink = std::function<void(const MemoryModel& model, ByteSpan bytes)>;

// Finds each model once. Threads of the guest may run on, and take away what is looked at. Searches
// go one at a time; all else is thread safe.
class MemoryModels {
 public:
  MemoryModels(Guest& guest, ModelSink sink, std::uint64_t window = kSearchWindow);

  // Models that were not there at the last search, by address. Structure decides, as in files.
  void search(const std::string& where);
  // A model that was found otherwise; its digest and `in_file` are found here. `exact`: it is known
  // where it ends. What a search finds may have zeros behind it that are not the model's: one that
  // differs from a known one by these alone is not new.
  void offer(MemoryModel model, ByteSpan bytes, bool exact);
  // Something could not be looked at.
  void pass_over() { complete_ = false; }
  // Whether everything was looked at. Memory that was taken away meanwhile was not.
  bool complete() const { return complete_; }

 private:
  struct Window {
    std::uint64_t address = 0;
    ByteSpan bytes;
    bool last = false;  // of its run of pages
  };
  void search_run(std::uint64_t begin, std::uint64_t end);
  void search_window(const Window& window);
  std::uint64_t take_model(const Window& window, const ModelCandidate& candidate);
  bool is_new(const std::string& digest, ByteSpan bytes, bool exact);

  Guest& guest_;
  ModelSink sink_;
  std::uint64_t window_;
  MemoryCopy copy_;
  std::atomic<bool> complete_ = true;
  std::mutex mutex_;                  // guards the next three
  std::set<std::string> known_;       // digests
  std::set<std::string> known_ends_;  // of models without the zeros at their end
  std::uint64_t kept_bytes_ = 0;
  // Of the search under way.
  std::string where_;
  std::size_t found_ = 0;
  std::uint64_t model_end_ = 0;  // of the last model
};

}  // namespace dl::guest
