// SPDX-License-Identifier: Apache-2.0
// Two tables with one account of the memory that they take.
#include "daylight/capture/view/trace_names.h"

namespace dl::capture {
namespace {

constexpr std::size_t kEntryBytes = 256;  // of a table's entry, about

std::size_t size_of(const TraceMethod& method) {
  return kEntryBytes + method.name.size() + method.signature.size();
}

std::size_t size_of(const TraceModule& module) {
  std::size_t bytes = kEntryBytes + module.name.size() + module.build_id.size();
  for (const std::string& entry : module.entry) bytes += entry.size() + sizeof entry;
  return bytes;
}

}  // namespace

void TraceNames::see(const TraceEvent& event) {
  if (const auto* method = std::get_if<TraceMethod>(&event.payload)) {
    if (take_room(size_of(*method))) methods_.insert_or_assign({event.pid, method->id}, *method);
  } else if (const auto* module = std::get_if<TraceModule>(&event.payload)) {
    if (take_room(size_of(*module))) modules_.insert_or_assign({event.pid, module->id}, *module);
  }
}

// What an id that is defined again leaves free is not counted back: only hostile traces do so much
// of it that it matters.
bool TraceNames::take_room(std::size_t bytes) {
  if (bytes > kMaxNameBytes - bytes_) return false;
  bytes_ += bytes;
  return true;
}

const TraceMethod* TraceNames::method(std::uint32_t pid, std::uint32_t id) const {
  const auto found = methods_.find({pid, id});
  return found == methods_.end() ? nullptr : &found->second;
}

const TraceModule* TraceNames::module(std::uint32_t pid, std::uint32_t id) const {
  const auto found = modules_.find({pid, id});
  return found == modules_.end() ? nullptr : &found->second;
}

std::string TraceNames::method_name(std::uint32_t pid, std::uint32_t id) const {
  const TraceMethod* const known = method(pid, id);
  if (known == nullptr || known->name.empty()) return "method " + std::to_string(id);
  return known->name;
}

}  // namespace dl::capture
