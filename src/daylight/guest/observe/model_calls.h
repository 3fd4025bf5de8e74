// SPDX-License-Identifier: Apache-2.0
// Models at the arguments of functions that load them: also those that are gone before the call
// that made them is over.
#pragma once

#include <cstdint>
#include <functional>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "daylight/guest/guest.h"
#include "daylight/guest/observe/memory_models.h"
#include "daylight/guest/observe/model_call_rules.h"

namespace dl::guest {

// Bytes that an argument is looked at for.
inline constexpr std::uint64_t kMaxArgumentModel = std::uint64_t{1} << 30;

// Thread safe, but for the constructor. The guest and the models must outlive it, or stop() comes
// first.
class ModelCalls {
 public:
  // `warn` is told the name of what cannot be watched, and why.
  using Warning = std::function<void(const std::string& name, const std::string& why)>;
  explicit ModelCalls(const std::vector<ModelCallRule>& rules) : rules_(rules) {}

  void begin(Guest& guest, MemoryModels& models, Warning warn);
  // Waits for calls that are looked at, and looks at none from then on.
  void stop();
  // From here on its functions that a rule names are watched, whoever calls them.
  void watch_library(const GuestLibrary& library);

  // What an observer sees. Others' watched functions are passed over.
  void enter(std::uint64_t address, CallFrame& frame);
  void leave(std::uint64_t address, CallFrame& frame);

 private:
  struct Watched {
    const ModelCallRule* rule = nullptr;
    std::string name;  // "so:libx.so!TfLiteModelCreate"
  };
  // Where a model lies, as far as the call says so.
  struct Place {
    std::uint64_t address = 0;
    std::optional<std::uint64_t> size;
    JavaReference array = 0;  // that is pinned there
  };
  std::vector<const ModelCallRule*> rules_for(std::string_view symbol) const;
  void watch(const GuestLibrary& library, const ElfSymbol& symbol,
             const std::vector<const ModelCallRule*>& rules);
  Place place_of(const ModelCallRule& rule, CallFrame& frame) const;
  void take(const Watched& watched, const Place& place);
  void take_said(const Watched& watched, std::uint64_t address, std::uint64_t size);
  void take_by_structure(const Watched& watched, std::uint64_t address);
  MemoryModel model_of(const Watched& watched, std::uint64_t address) const;

  const std::vector<ModelCallRule>& rules_;
  Warning warn_;
  // Shared while a call is looked at.
  mutable std::shared_mutex mutex_;  // guards what follows
  Guest* guest_ = nullptr;
  MemoryModels* models_ = nullptr;
  std::unordered_map<std::uint64_t, std::vector<Watched>> watched_;  // by address
};

}  // namespace dl::guest
