// SPDX-License-Identifier: Apache-2.0
// Models that lie in a guest's memory: also those that no file ever held as they are.
#pragma once

#include <cstdint>
#include <functional>
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

struct MemoryModel {
  std::string format;  // id of the inventory
  std::uint64_t address = 0;
  std::uint64_t size = 0;
  std::string sha256;
  bool in_file = false;  // in the file of a loaded library, as it is
  std::string where;     // after what
};

// Takes what was found. The bytes are a copy, those that were parsed and hashed, and go when it
// returns.
using ModelSink = std::function<void(const MemoryModel& model, ByteSpan bytes)>;

// Finds each model once. Threads of the guest may run on, and take away what is looked at; nothing
// else is thread safe.
class MemoryModels {
 public:
  MemoryModels(Guest& guest, ModelSink sink, std::uint64_t window = kSearchWindow);

  // Models that were not there at the last search, by address. Structure decides, as in files.
  void search(const std::string& where);
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
  void keep(MemoryModel model, ByteSpan bytes);

  Guest& guest_;
  ModelSink sink_;
  std::uint64_t window_;
  MemoryCopy copy_;
  std::set<std::string> known_;
  bool complete_ = true;
  // Of the search under way.
  std::string where_;
  std::size_t found_ = 0;
  std::uint64_t model_end_ = 0;  // of the last model
};

}  // namespace dl::guest
