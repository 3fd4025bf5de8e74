// SPDX-License-Identifier: Apache-2.0
// Models in the memory of a guest beside HotSpot: also those that the app decrypts, and those that
// Java code hands over.
#pragma once

#include <mutex>
#include <set>
#include <string>

#include "daylight/guest/guest.h"
#include "daylight/guest/observe/memory_models.h"
#include "daylight/guest/observe/model_calls.h"
#include "native/call_recorder.h"

namespace dl::jvm {

// Searches of the guest's whole memory in one process.
inline constexpr std::size_t kMaxModelSearches = 64;
// Smaller byte arrays are not tried: no model that answers anything fits.
inline constexpr std::uint64_t kSmallestModel = 256;

// Each model is written once. Thread safe. The guest and the recorder must outlive it.
class ModelWatch : public guest::CallObserver {
 public:
  // Before the first library is loaded. From here on arguments of functions that load models are
  // looked at.
  ModelWatch(guest::Guest& guest, CallRecorder& recorder);
  ~ModelWatch() override;
  ModelWatch(const ModelWatch&) = delete;
  ModelWatch& operator=(const ModelWatch&) = delete;

  // Searches the guest's memory.
  void look(const std::string& where);
  // The same after the first call of each native method.
  void after_native(const guest::RegisteredNative& native);
  // Kept if all of it is a model.
  void offer(ByteSpan bytes, const std::string& where);

  bool wants_host_functions() const override { return false; }
  void enter(const guest::HostFunction& function, guest::CallFrame& frame) override;
  void leave(const guest::HostFunction& function, guest::CallFrame& frame) override;
  void enter_code(std::uint64_t address, guest::CallFrame& frame) override;
  void leave_code(std::uint64_t address, guest::CallFrame& frame) override;

 private:
  guest::Guest& guest_;
  CallRecorder& recorder_;
  guest::MemoryModels models_;
  guest::ModelCalls calls_;
  std::mutex mutex_;  // guards what follows; searches go one at a time
  std::set<std::uint64_t> called_;
  std::size_t searches_ = 0;
};

}  // namespace dl::jvm
