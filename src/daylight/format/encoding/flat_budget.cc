// SPDX-License-Identifier: Apache-2.0
// One gap for everything that is left out.
#include "daylight/format/encoding/flat_budget.h"

namespace dl {

bool FlatBudget::spend(std::uint64_t count) {
  if (count <= left_) {
    left_ -= count;
    return true;
  }
  leave_out();
  return false;
}

void FlatBudget::exhaust() {
  left_ = 0;
  leave_out();
}

std::vector<std::string> FlatBudget::copy_texts(const FlatTable& table, std::uint16_t field) {
  std::vector<std::string> out;
  const std::size_t count = table.text_count(field);
  for (std::size_t i = 0; i < count && spend(1); ++i) out.push_back(copy(table.text_at(field, i)));
  return out;
}

void FlatBudget::leave_out() {
  if (!told_) buffer_.damage(0, "parts are shared so often that some were left out");
  told_ = true;
}

}  // namespace dl
