// SPDX-License-Identifier: Apache-2.0
// What instructions refer to: branches, computed addresses, words loaded. The common language of
// the decoders.
#pragma once

#include <cstdint>
#include <vector>

namespace dl::program {

// References that are kept of one library; more are a gap.
inline constexpr std::size_t kMaxNativeReferences = std::size_t{4} << 20;

enum class NativeReferenceKind : std::uint8_t {
  kCall,      // a call of the code at `to`
  kJump,      // an unconditional branch to it (a tail call where it leaves the function)
  kBranch,    // a conditional branch to it
  kAddress,   // the address `to` is computed
  kLoad,      // the bytes at `to` are read or written
  kCallSlot,  // a call of what the word at `to` points to
  kJumpSlot,  // a jump to it
};

// `from` is the address of the instruction that completes the reference.
struct NativeReference {
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  NativeReferenceKind kind = NativeReferenceKind::kCall;

  bool is_code_flow() const {
    return kind == NativeReferenceKind::kCall || kind == NativeReferenceKind::kJump ||
           kind == NativeReferenceKind::kBranch;
  }
};

// One reference as it is kept: addresses relative to the first that is mapped. A library has
// millions.
struct PackedReference {
  std::uint32_t from = 0;
  std::uint32_t to = 0;
  NativeReferenceKind kind = NativeReferenceKind::kCall;

  NativeReference unpack(std::uint64_t base) const { return {base + from, base + to, kind}; }
};

// Collects references of one stretch of code. Branches inside of the stretch are not kept: they say
// nothing about who uses what.
class NativeReferenceSink {
 public:
  // What is mapped is [base, base + size); references from and to other addresses are dropped.
  NativeReferenceSink(std::vector<PackedReference>& out, std::uint64_t base, std::uint32_t size)
      : out_(out), base_(base), size_(size) {}

  // From here on branches to [begin, end) are dropped. An empty range drops none.
  void set_inside(std::uint64_t begin, std::uint64_t end) {
    inside_ = begin;
    inside_size_ = end - begin;
  }
  void add(std::uint64_t from, std::uint64_t to, NativeReferenceKind kind) {
    if (to - base_ >= size_ || from - base_ >= size_) return;
    const bool branch = kind == NativeReferenceKind::kJump || kind == NativeReferenceKind::kBranch;
    if (branch && to - inside_ < inside_size_) return;
    if (out_.size() >= kMaxNativeReferences) {
      complete_ = false;
      return;
    }
    out_.push_back(
        {static_cast<std::uint32_t>(from - base_), static_cast<std::uint32_t>(to - base_), kind});
  }
  // Bytes that are no instruction.
  void add_undecoded(std::uint64_t count) { undecoded_ += count; }

  bool complete() const { return complete_; }
  std::uint64_t undecoded() const { return undecoded_; }

 private:
  std::vector<PackedReference>& out_;
  std::uint64_t base_ = 0;
  std::uint32_t size_ = 0;
  std::uint64_t inside_ = 0;
  std::uint64_t inside_size_ = 0;
  std::uint64_t undecoded_ = 0;
  bool complete_ = true;
};

}  // namespace dl::program
