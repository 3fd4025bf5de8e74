// SPDX-License-Identifier: Apache-2.0
// The functions and data that the system offers to guests, by the names under which they import
// them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "daylight/guest/engine/host_function.h"

namespace dl::guest {

struct GuestMachine;

class FunctionTable {
 public:
  // A function; its parameters are read as host_function.h says, and `GuestMachine&` is the machine
  // that calls. A name that is there already is replaced.
  template <typename R, typename... A>
  void add(std::string name, R (*function)(A...)) {
    HostFunction made = host_function(name, function);
    functions_.insert_or_assign(std::move(name), std::move(made));
  }
  template <typename R, typename... A>
  void add(std::string name, R (*function)(A...) noexcept) {
    HostFunction made = host_function(name, function);
    functions_.insert_or_assign(std::move(name), std::move(made));
  }
  // One that is called as it says itself; its state becomes the machine that calls.
  void add(HostFunction function) {
    std::string name = function.name;
    functions_.insert_or_assign(std::move(name), std::move(function));
  }
  // The same function under a further name.
  void alias(std::string name, const std::string& known);
  // Something in the guest's memory that `make` puts there when it is first asked for: a variable,
  // or code of the guest's own kind. 0 if there is no memory, or none for the guest's processor.
  void add_data(std::string name, std::function<std::uint64_t(GuestMachine&)> make);

  const HostFunction* find(const std::string& name) const;
  // Null if there is no such datum.
  const std::function<std::uint64_t(GuestMachine&)>* find_data(const std::string& name) const;
  std::size_t size() const { return functions_.size() + data_.size(); }
  // Of all functions and data, sorted.
  std::vector<std::string> names() const;

 private:
  std::unordered_map<std::string, HostFunction> functions_;
  std::unordered_map<std::string, std::function<std::uint64_t(GuestMachine&)>> data_;
};

}  // namespace dl::guest
