// SPDX-License-Identifier: Apache-2.0
// When to look.
#include "native/model_watch.h"

#include "daylight/format/probe/model_probe.h"

namespace dl::jvm {

ModelWatch::ModelWatch(guest::Guest& guest, CallRecorder& recorder)
    : guest_(guest),
      recorder_(recorder),
      models_(guest, [&recorder](const guest::MemoryModel& model,
                                 ByteSpan bytes) { recorder.model(model, bytes); }),
      calls_(guest::builtin_model_call_rules()) {
  calls_.begin(guest, models_, [&recorder](const std::string& name, const std::string& why) {
    recorder.note(TraceLevel::kWarning, name, "cannot be watched for models: " + why);
  });
  // Before a constructor of theirs can call one.
  guest.loader().when_made(
      [this](const guest::GuestLibrary& library) { calls_.watch_library(library); });
  guest.machine().engine.observe(this);
}

ModelWatch::~ModelWatch() {
  guest_.machine().engine.observe(nullptr);
  calls_.stop();
}

void ModelWatch::look(const std::string& where) {
  const std::scoped_lock lock(mutex_);
  if (++searches_ > kMaxModelSearches) return;
  models_.search(where);
  if (searches_ == kMaxModelSearches)
    recorder_.note(TraceLevel::kWarning, "models",
                   "memory is not searched any more: it was, as often as the limit allows");
}

void ModelWatch::after_native(const guest::RegisteredNative& native) {
  {
    const std::scoped_lock lock(mutex_);
    if (!called_.insert(native.function).second) return;
  }
  look("after " + native.owner + "." + native.name);
}

void ModelWatch::offer(ByteSpan bytes, const std::string& where) {
  if (bytes.size() < kSmallestModel) return;
  const auto found = probe_model(bytes);
  if (!found) return;
  guest::MemoryModel model;
  model.format = std::string(found->format);
  model.size = bytes.size();
  model.where = where;
  models_.offer(std::move(model), bytes, true);
}

void ModelWatch::enter(const guest::HostFunction&, guest::CallFrame&) {}
void ModelWatch::leave(const guest::HostFunction&, guest::CallFrame&) {}
void ModelWatch::enter_code(std::uint64_t address, guest::CallFrame& frame) {
  calls_.enter(address, frame);
}
void ModelWatch::leave_code(std::uint64_t address, guest::CallFrame& frame) {
  calls_.leave(address, frame);
}

}  // namespace dl::jvm
