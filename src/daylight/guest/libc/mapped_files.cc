// SPDX-License-Identifier: Apache-2.0
// Ranges that are cut where others begin.
#include "daylight/guest/libc/mapped_files.h"

#include <iterator>
#include <utility>

namespace dl::guest {

void MappedFiles::remove_locked(std::uint64_t begin, std::uint64_t end) {
  auto each = ranges_.lower_bound(begin);
  if (each != ranges_.begin() && std::prev(each)->second.end > begin) --each;
  while (each != ranges_.end() && each->second.begin < end) {
    const Range cut = std::move(each->second);
    each = ranges_.erase(each);
    if (cut.begin < begin) ranges_[cut.begin] = {cut.begin, begin, cut.offset, cut.path};
    if (cut.end > end) ranges_[end] = {end, cut.end, cut.offset + (end - cut.begin), cut.path};
  }
}

void MappedFiles::add(Range range) {
  if (range.begin >= range.end) return;
  const std::scoped_lock lock(mutex_);
  remove_locked(range.begin, range.end);
  ranges_[range.begin] = std::move(range);
}

void MappedFiles::remove(std::uint64_t begin, std::uint64_t end) {
  if (begin >= end) return;
  const std::scoped_lock lock(mutex_);
  remove_locked(begin, end);
}

void MappedFiles::move(std::uint64_t from, std::uint64_t size, std::uint64_t to) {
  const auto range = at(from);
  remove(from, from + size);
  if (range) add({to, to + size, range->offset + (from - range->begin), range->path});
}

std::optional<MappedFiles::Range> MappedFiles::at(std::uint64_t address) const {
  const std::scoped_lock lock(mutex_);
  auto behind = ranges_.upper_bound(address);
  if (behind == ranges_.begin()) return std::nullopt;
  const Range& range = std::prev(behind)->second;
  return address < range.end ? std::optional(range) : std::nullopt;
}

std::uint64_t MappedFiles::next_begin(std::uint64_t address) const {
  const std::scoped_lock lock(mutex_);
  const auto behind = ranges_.upper_bound(address);
  return behind == ranges_.end() ? ~std::uint64_t{0} : behind->first;
}

}  // namespace dl::guest
