// SPDX-License-Identifier: Apache-2.0
// Modules, blocks of threads, and the way from one to the other.
// Sources: ELF Handling For Thread-Local Storage; Thread-Local Storage Descriptors for IA32 and
// AMD64; the limits and the first slot of the thread register as bionic has them.
#include "daylight/guest/image/thread_storage.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <utility>

#include "daylight/guest/image/guest_gates.h"
#include "daylight/guest/image/guest_words.h"
#include "daylight/guest/memory/memory_escape.h"

namespace dl::guest {
namespace {

// Where arm64 code finds its thread's table of blocks: TLS_SLOT_DTV.
constexpr std::uint64_t kTableSlot = 0;
// A descriptor's second word: the module's number above these bits, the offset below.
constexpr unsigned kOffsetBits = 48;

// What this thread of the host keeps for a guest; a host thread serves one guest at a time, and
// nothing is left over for the next.
struct ThreadBlocks {
  std::uint64_t storage = 0;          // its serial
  std::vector<std::uint64_t> blocks;  // by number of the module; 0 for none yet
  std::vector<std::uint64_t> memory;  // what was allocated
  std::uint64_t table = 0;            // the same for the guest's own code
  std::uint64_t thread_block = 0;     // that knows the table
};
thread_local ThreadBlocks thread_blocks;

std::uint64_t next_serial() {
  static std::atomic<std::uint64_t> serial{1};
  return serial++;
}

std::uint64_t resolve_descriptor(ThreadStorage& storage, std::int64_t word) {
  // The offset has a sign.
  const std::int64_t offset =
      static_cast<std::int64_t>(static_cast<std::uint64_t>(word) << (64 - kOffsetBits)) >>
      (64 - kOffsetBits);
  return storage.address(static_cast<std::uint64_t>(word) >> kOffsetBits,
                         static_cast<std::uint64_t>(offset));
}

}  // namespace

ThreadStorage::ThreadStorage(GuestArena& arena, GuestHeap& heap, GuestEngine& engine,
                             ElfMachine machine)
    : arena_(arena), heap_(heap), engine_(engine), machine_(machine), serial_(next_serial()) {}

Result<std::uint64_t> ThreadStorage::add(const ElfSegment& segment, std::uint64_t bias,
                                         const std::string& where) {
  const std::uint64_t align = std::max<std::uint64_t>(segment.align, 1);
  if ((align & (align - 1)) != 0)
    return fail(ErrorCode::kCorrupt, "its thread-local storage is aligned to no power of two",
                where);
  if (segment.file_size > segment.memory_size)
    return fail(ErrorCode::kCorrupt, "has more thread-local storage in the file than in memory",
                where);
  if (segment.memory_size > kMaxThreadImage)
    return fail(ErrorCode::kLimit, "wants more thread-local storage than any library does", where);
  ThreadModule module;
  module.image = bias + segment.address;
  module.file_size = segment.file_size;
  module.memory_size = segment.memory_size;
  module.align = std::min(align, kGuestPage);
  module.skew = segment.address & (module.align - 1);
  if (!arena_.allows(module.image, module.file_size, kPageRead))
    return fail(ErrorCode::kCorrupt, "its thread-local storage lies outside of it", where);
  const std::scoped_lock lock(mutex_);
  if (modules_.size() >= kMaxThreadModules)
    return fail(ErrorCode::kLimit, "too many libraries have thread-local storage", where);
  modules_.push_back(module);
  return modules_.size();
}

std::uint64_t ThreadStorage::refuse(GuestFault::Kind kind, const char* why) {
  GuestFault fault;
  fault.kind = kind;
  fault.what = why;
  engine_.raise(std::move(fault));
  return 0;
}

std::uint64_t ThreadStorage::address(std::uint64_t module, std::uint64_t offset) {
  if (module == 0) return offset;
  const std::uint64_t block = block_of(module);
  return block == 0 ? 0 : block + offset;
}

std::uint64_t ThreadStorage::known_block(std::uint64_t module) const {
  const ThreadBlocks& own = thread_blocks;
  return own.storage == serial_ && module < own.blocks.size() ? own.blocks[module] : 0;
}

// The thread's block of a module, made where there is none yet.
std::uint64_t ThreadStorage::block_of(std::uint64_t module) {
  ThreadBlocks& own = thread_blocks;
  if (own.storage != serial_) own = ThreadBlocks{serial_, {}, {}, 0, 0};
  std::uint64_t block = module < own.blocks.size() ? own.blocks[module] : 0;
  if (block == 0) {
    ThreadModule wanted;
    {
      const std::scoped_lock lock(mutex_);
      if (module > modules_.size())
        return refuse(GuestFault::Kind::kArgument,
                      "asks for the thread-local storage of a library that is not there");
      wanted = modules_[module - 1];
    }
    block = make_block(wanted);
    if (block == 0)
      return refuse(GuestFault::Kind::kAbort, "there is no memory for its thread-local storage");
    own.memory.push_back(block - wanted.skew);
    if (own.blocks.size() <= module) own.blocks.resize(module + 1);
    own.blocks[module] = block;
  }
  // What the guest's own code looks at is the guest's memory, and believed by nobody else.
  if (own.table == 0) {
    own.table = heap_.allocate(8 * (kMaxThreadModules + 1), 16, true);
    if (own.table == 0) return block;
    own.memory.push_back(own.table);
  }
  const std::uint64_t thread_block = engine_.thread_block();
  if (own.thread_block != thread_block) {
    write_word(thread_block + kTableSlot, own.table);
    own.thread_block = thread_block;
  }
  write_word(own.table + 8 * module, block);
  return block;
}

// 0 if there is no memory for it.
std::uint64_t ThreadStorage::make_block(const ThreadModule& module) {
  const std::uint64_t memory = heap_.allocate(module.skew + module.memory_size,
                                              std::max<std::uint64_t>(module.align, 16), true);
  if (memory == 0) return 0;
  std::memcpy(reinterpret_cast<void*>(memory + module.skew),
              reinterpret_cast<const void*>(module.image), module.file_size);
  return memory + module.skew;
}

Result<std::uint64_t> ThreadStorage::descriptor_code() {
  const std::scoped_lock lock(mutex_);
  if (code_ != 0) return code_;
  HostFunction resolve = host_function("tlsdesc_resolver_dynamic", &resolve_descriptor);
  resolve.state = this;
  const std::uint64_t host = TRY(engine_.bind(std::move(resolve)));
  // A page that another thread may take away: the lock stays this function's own.
  Result<std::uint64_t> put = 0;
  if (with_memory_escape([&] { put = put_descriptor_gate(arena_, engine_, machine_, host); }))
    return fail(ErrorCode::kCorrupt, "takes the page of its descriptors' code away", "guest");
  code_ = TRY(put);
  return code_;
}

std::uint64_t ThreadStorage::descriptor_word(std::uint64_t module, std::uint64_t offset) {
  return module << kOffsetBits | (offset & ((std::uint64_t{1} << kOffsetBits) - 1));
}

void ThreadStorage::release_thread() {
  ThreadBlocks& own = thread_blocks;
  if (own.storage != serial_) return;
  const ThreadBlocks ended = std::exchange(own, {});
  for (const std::uint64_t memory : ended.memory) heap_.release(memory);
}

}  // namespace dl::guest
