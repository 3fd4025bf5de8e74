// SPDX-License-Identifier: Apache-2.0
// Finds functions by name.
#include "daylight/guest/machine/function_table.h"

#include <algorithm>
#include <cassert>

namespace dl::guest {

void FunctionTable::alias(std::string name, const std::string& known) {
  const auto found = functions_.find(known);
  assert(found != functions_.end());
  HostFunction copy = found->second;
  copy.name = name;
  functions_.insert_or_assign(std::move(name), std::move(copy));
}

void FunctionTable::add_data(std::string name, std::function<std::uint64_t(GuestMachine&)> make) {
  data_.insert_or_assign(std::move(name), std::move(make));
}

std::vector<std::string> FunctionTable::names() const {
  std::vector<std::string> out;
  for (const auto& [name, function] : functions_) out.push_back(name);
  for (const auto& [name, make] : data_) out.push_back(name);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

const HostFunction* FunctionTable::find(const std::string& name) const {
  const auto found = functions_.find(name);
  return found == functions_.end() ? nullptr : &found->second;
}

const std::function<std::uint64_t(GuestMachine&)>* FunctionTable::find_data(
    const std::string& name) const {
  const auto found = data_.find(name);
  return found == data_.end() ? nullptr : &found->second;
}

}  // namespace dl::guest
