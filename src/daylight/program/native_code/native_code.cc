// SPDX-License-Identifier: Apache-2.0
// The passes over one library, in order.
#include "daylight/program/native_code/native_code.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "daylight/program/native_code/native_built_tables.h"

namespace dl::program {

NativeCode::NativeCode(const ElfFile& elf, std::string where)
    : elf_(elf), where_(std::move(where)) {}

Result<std::unique_ptr<const NativeCode>> NativeCode::read(const ElfFile& elf, std::string where) {
  const bool known = elf.machine() == ElfMachine::kArm64 || elf.machine() == ElfMachine::kX86_64;
  if (!known || !elf.is_64bit()) {
    return fail(ErrorCode::kUnsupported,
                "code for " + std::string(abi_of(elf.machine())) + " is not read", where);
  }
  if (elf.code_ranges().empty()) return fail(ErrorCode::kNotFound, "there is no code", where);
  std::unique_ptr<NativeCode> code(new NativeCode(elf, std::move(where)));
  code->read_code();
  return std::unique_ptr<const NativeCode>(std::move(code));
}

void NativeCode::read_code() {
  pointers_ = NativePointers::read(elf_, where_, gaps_);
  find_functions(native_code_areas(elf_));
  references_.drop_inner_branches(functions_);
  registered_ = read_registered_natives(elf_, pointers_, functions_, where_, gaps_);
  const auto built = read_built_natives(elf_, pointers_, functions_, references_);
  registered_.insert(registered_.end(), built.begin(), built.end());
  graph_ = NativeGraph::build(elf_, functions_, pointers_, references_,
                              read_native_tables(elf_, pointers_, functions_));
  references_.drop_code_flow();
  references_.index_targets();
  index_pointers();
}

// First those that are declared, so that code is read function by function; then those that only
// the code itself shows.
void NativeCode::find_functions(const std::vector<ElfRange>& areas) {
  std::vector<FunctionStart> starts =
      declared_function_starts(elf_, areas, pointers_, where_, gaps_);
  references_ = NativeReferences::read(
      elf_, areas, NativeFunctions::merge(starts, areas, where_, gaps_), where_, gaps_);
  const auto found = discovered_function_starts(elf_, areas, references_, pointers_);
  const auto declared = static_cast<std::ptrdiff_t>(starts.size());
  starts.insert(starts.end(), found.begin(), found.end());
  std::inplace_merge(
      starts.begin(), starts.begin() + declared, starts.end(),
      [](const FunctionStart& a, const FunctionStart& b) { return a.address < b.address; });
  functions_ = NativeFunctions::merge(starts, areas, where_, gaps_);
}

void NativeCode::index_pointers() {
  std::vector<std::pair<std::uint64_t, std::uint32_t>> targets;
  const auto all = pointers_.all();
  for (std::uint32_t i = 0; i < all.size(); ++i) {
    if (!all[i].imported) targets.emplace_back(all[i].target, i);
  }
  std::sort(targets.begin(), targets.end());
  for (const auto& [target, index] : targets) pointers_by_target_.push_back(index);
}

void NativeCode::add_uses(std::uint64_t address, int depth, std::size_t& budget,
                          std::vector<NativeReference>& out) const {
  const auto direct = references_.data_uses(address);
  out.insert(out.end(), direct.begin(), direct.end());
  if (depth == 0 || out.size() >= kMaxUsesOfAddress) return;
  const auto all = pointers_.all();
  auto at = std::lower_bound(
      pointers_by_target_.begin(), pointers_by_target_.end(), address,
      [&](std::uint32_t index, std::uint64_t value) { return all[index].target < value; });
  for (; at != pointers_by_target_.end() && all[*at].target == address; ++at) {
    // The run of pointers in which the word lies begins where something last refers to.
    for (std::size_t first = *at; budget > 0 && out.size() < kMaxUsesOfAddress; --first) {
      --budget;
      const std::size_t before = out.size();
      add_uses(all[first].slot, depth - 1, budget, out);
      if (out.size() != before || first == 0 || all[first - 1].slot + 8 != all[first].slot) break;
    }
  }
}

std::vector<NativeReference> NativeCode::uses_of_constant(std::uint64_t address) const {
  std::vector<NativeReference> out;
  std::size_t budget = kMaxPointerWalk;
  add_uses(address, kMaxPointerDepth, budget, out);
  std::stable_sort(out.begin(), out.end(), [](const NativeReference& a, const NativeReference& b) {
    return a.from < b.from;
  });
  return out;
}

}  // namespace dl::program
