// SPDX-License-Identifier: Apache-2.0
// The functions of a native library: where they begin and end, what they are called, and how that
// is known.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/format/code/elf.h"
#include "daylight/program/native_code/native_pointers.h"

namespace dl::program {

// Functions of one library; more are a gap.
inline constexpr std::size_t kMaxNativeFunctions = std::size_t{1} << 20;

// Dense, in order of addresses, the same for the same bytes.
using FunctionId = std::uint32_t;
inline constexpr FunctionId kNoFunction = 0xffffffffU;

// How a function is known. One function may have several sources.
enum NativeSource : std::uint8_t {
  kFromUnwind = 1,    // a frame description covers it
  kFromSymbol = 2,    // a symbol of type function
  kFromInit = 4,      // the linker runs it: DT_INIT, DT_FINI, .init_array, .fini_array
  kFromPointer = 8,   // a relocated word of data points to it
  kFromCall = 16,     // some instruction calls it
  kFromLinkage = 32,  // a stub of the procedure linkage table, by its instructions
};

struct NativeFunction {
  std::uint64_t address = 0;
  std::uint64_t size = 0;
  // The symbol's name, of stubs that of the import; empty where it is not known. Views the file.
  std::string_view name;
  std::uint8_t sources = 0;
  bool exported = false;  // a defined dynamic symbol stands for it
  bool sized = false;     // a source says the size; else it is where the next one begins

  bool is_stub() const { return (sources & kFromLinkage) != 0; }
  std::uint64_t end() const { return address + size; }
};

// One place where a function is said to begin. `size` is 0 where the source does not say.
struct FunctionStart {
  std::uint64_t address = 0;
  std::uint64_t size = 0;
  std::string_view name;
  std::uint8_t source = 0;
  bool exported = false;
};

// By address; of the same address in the order in which they came.
void sort_by_address(std::vector<FunctionStart>& starts);

// A set of addresses in code, kept as one bit for each byte of code: millions of calls go to a few
// ten thousand of them. Addresses outside of the areas are ignored.
class CodeAddresses {
 public:
  explicit CodeAddresses(std::span<const ElfRange> areas);
  void add(std::uint64_t address);
  // In ascending order.
  template <typename Function>
  void for_each(Function function) const {
    for (const Area& area : areas_) {
      for (std::size_t word = 0; word < area.bits.size(); ++word) {
        for (std::uint64_t rest = area.bits[word]; rest != 0; rest &= rest - 1)
          function(area.address + word * 64 + static_cast<unsigned>(std::countr_zero(rest)));
      }
    }
  }

 private:
  struct Area {
    std::uint64_t address = 0;
    std::vector<std::uint64_t> bits;
    std::uint64_t size = 0;
  };
  std::vector<Area> areas_;  // sorted, disjoint
};

// Sorted, non-overlapping. Immutable; const methods are thread safe; the file must outlive it.
class NativeFunctions {
 public:
  // Merges starts (by address) into functions inside of `areas` (sorted, disjoint stretches of
  // code). A function ends where its source says, at the latest where the next one begins; without
  // a size where the next begins or its area ends. Starts that are only pointed to or called are
  // left out where they lie inside of a function whose size is known: they are labels.
  static NativeFunctions merge(std::span<const FunctionStart> starts,
                               std::span<const ElfRange> areas, const std::string& where,
                               GapList& gaps);

  std::span<const NativeFunction> all() const { return functions_; }
  const NativeFunction& operator[](FunctionId id) const { return functions_[id]; }
  std::size_t size() const { return functions_.size(); }
  // The function that begins at `address`, or that holds it; kNoFunction if there is none.
  FunctionId at(std::uint64_t address) const;
  FunctionId holding(std::uint64_t address) const;
  // The first function of this name that is no stub; kNoFunction if there is none. Linear.
  FunctionId named(std::string_view name) const;
  // "name", "name@plt" or "+0x1f40" (the address inside the library). Not made safe to print.
  std::string label(FunctionId id) const;

 private:
  void index_buckets();

  std::vector<NativeFunction> functions_;
  // The last function that begins at or before the first address of each bucket of 1 << kBucketBits
  // addresses (or the first function): calls of millions look their target up.
  static constexpr unsigned kBucketBits = 8;
  std::vector<FunctionId> buckets_;
};

// The executable parts of a library without what its sections show to be no code; sorted, disjoint.
std::vector<ElfRange> native_code_areas(const ElfFile& elf);

// What is said about function starts without reading code: frame descriptions, symbols, what the
// linker runs, relocated pointers. By address.
std::vector<FunctionStart> declared_function_starts(const ElfFile& elf,
                                                    std::span<const ElfRange> areas,
                                                    const NativePointers& pointers,
                                                    const std::string& where, GapList& gaps);

}  // namespace dl::program
