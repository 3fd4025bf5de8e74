// SPDX-License-Identifier: Apache-2.0
// Maps segments, runs constructors and destructors.
// Source: System V ABI (gABI) chapter 5.
#include "daylight/guest/image/library_loader.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <set>
#include <utility>

#include "daylight/base/hex.h"
#include "daylight/guest/image/guest_words.h"
#include "daylight/guest/memory/memory_escape.h"

namespace dl::guest {
namespace {

constexpr std::uint64_t kDtInit = 12;
constexpr std::uint64_t kDtFini = 13;
constexpr std::uint64_t kDtInitArray = 25;
constexpr std::uint64_t kDtFiniArray = 26;
constexpr std::uint64_t kDtInitArraySize = 27;
constexpr std::uint64_t kDtFiniArraySize = 28;
constexpr std::uint32_t kPtTls = 7;
constexpr std::uint64_t kPhdrSize = 56;
constexpr std::uint8_t kThreadLocalSymbol = 6;  // STT_TLS

std::uint8_t access_of(const ElfSegment& segment) {
  std::uint8_t out = (segment.flags & 4U) != 0 ? kPageRead : 0;
  if (segment.writable()) out |= kPageRead | kPageWrite;
  if (segment.executable()) out |= kPageRead | kPageExecute;
  return out;
}

// Every library that a name may be found in, nearest first.
std::vector<GuestLibrary*> scope_of(GuestLibrary* root) {
  std::vector<GuestLibrary*> out;
  std::set<GuestLibrary*> seen = {root};
  std::deque<GuestLibrary*> queue = {root};
  while (!queue.empty()) {
    GuestLibrary* const library = queue.front();
    queue.pop_front();
    out.push_back(library);
    for (GuestLibrary* const needed : library->dependencies) {
      if (seen.insert(needed).second) queue.push_back(needed);
    }
  }
  return out;
}

}  // namespace

std::optional<std::uint64_t> GuestLibrary::find(std::string_view symbol) const {
  const auto found = defined.find(symbol);
  if (found == defined.end()) return std::nullopt;
  const ElfSymbol& at = elf.symbols()[found->second];
  if (at.type == kThreadLocalSymbol) return std::nullopt;
  return bias + at.value;
}

std::optional<std::uint64_t> GuestLibrary::find_thread_local(std::string_view symbol) const {
  const auto found = defined.find(symbol);
  if (found == defined.end() || thread_module == 0) return std::nullopt;
  const ElfSymbol& at = elf.symbols()[found->second];
  if (at.type != kThreadLocalSymbol) return std::nullopt;
  return at.value;
}

std::optional<std::pair<std::string_view, std::uint64_t>> GuestLibrary::symbol_at(
    std::uint64_t address) const {
  const ElfSymbol* best = nullptr;
  const std::uint64_t at = address - bias;
  for (const auto* table : {&elf.symbols(), &elf.debug_symbols()}) {
    for (const ElfSymbol& symbol : *table) {
      if (!symbol.defined() || symbol.type != 2 || symbol.value > at) continue;
      if (symbol.size != 0 && at - symbol.value >= symbol.size) continue;
      if (best == nullptr || symbol.value > best->value) best = &symbol;
    }
  }
  if (best == nullptr) return std::nullopt;
  return std::pair(best->name, at - best->value);
}

LibraryLoader::LibraryLoader(GuestArena& arena, GuestHeap& heap, GuestEngine& engine,
                             LibraryWorld& world, ElfMachine machine)
    : arena_(arena),
      engine_(engine),
      world_(world),
      machine_(machine),
      thread_storage_(arena, heap, engine, machine),
      watch_(arena, engine, machine) {}
LibraryLoader::~LibraryLoader() = default;

// Also one that is not wholly made.
GuestLibrary* LibraryLoader::known(std::string_view name) const {
  const std::scoped_lock lock(mutex_);
  for (const auto& library : libraries_) {
    if (library->name == name || (!library->elf.soname().empty() && library->elf.soname() == name))
      return library.get();
  }
  return nullptr;
}

GuestLibrary* LibraryLoader::at(std::uint64_t address) const {
  const std::scoped_lock lock(mutex_);
  for (const auto& library : libraries_) {
    if (library->holds(address)) return library.get();
  }
  return nullptr;
}

GuestLibrary* LibraryLoader::loaded(std::string_view name) const {
  GuestLibrary* const library = known(name);
  const std::scoped_lock lock(mutex_);
  return library != nullptr && library->made ? library : nullptr;
}

GuestLibrary* LibraryLoader::holding(std::uint64_t address) const {
  GuestLibrary* const library = at(address);
  const std::scoped_lock lock(mutex_);
  return library != nullptr && library->made ? library : nullptr;
}

std::vector<GuestLibrary*> LibraryLoader::libraries() const {
  const std::scoped_lock lock(mutex_);
  std::vector<GuestLibrary*> out;
  for (const auto& library : libraries_) {
    if (library->made) out.push_back(library.get());
  }
  return out;
}

std::optional<Error> LibraryLoader::why_broken(const GuestLibrary& library) const {
  const std::scoped_lock lock(mutex_);
  return library.broken;
}

bool LibraryLoader::usable(const GuestLibrary& library) const { return !why_broken(library); }

std::optional<GuestFault> LibraryLoader::fault() const {
  const std::scoped_lock lock(mutex_);
  return fault_;
}

void LibraryLoader::set_fault(std::optional<GuestFault> fault) {
  const std::scoped_lock lock(mutex_);
  fault_ = std::move(fault);
}

std::optional<std::uint64_t> LibraryLoader::find(const std::string& symbol) {
  for (const GuestLibrary* const library : libraries()) {
    if (!usable(*library)) continue;
    if (const auto found = library->find(symbol)) return found;
  }
  return world_.import(symbol);
}

std::string LibraryLoader::describe(std::uint64_t address) const {
  const GuestLibrary* const library = at(address);
  if (library == nullptr) {
    const std::string name = engine_.bound_name(address);
    return name.empty() ? "0x" + hex_number(address) : name;
  }
  std::string out = library->name + "+0x" + hex_number(address - library->bias);
  if (const auto symbol = library->symbol_at(address)) {
    out += " (" + std::string(symbol->first);
    if (symbol->second != 0) out += "+0x" + hex_number(symbol->second);
    out += ")";
  }
  return out;
}

void LibraryLoader::describe(GuestFault& fault) const {
  fault.backtrace.clear();
  for (const std::uint64_t address : fault.frames) fault.backtrace.push_back(describe(address));
}

Result<GuestLibrary*> LibraryLoader::load(const std::string& name) {
  const EscapeLock lock(loading_);
  set_fault({});
  if (GuestLibrary* const library = known(name)) {
    if (auto why = why_broken(*library)) return tl::unexpected<Error>(std::move(*why));
    return library;
  }
  Fresh fresh;
  Result<GuestLibrary*> root = nullptr;
  // Its pages are the guest's: other threads may take them away. What was being made then is, and
  // stays, broken.
  if (const auto gone = with_memory_escape([&] { root = make(name, fresh); })) {
    GuestFault fault;
    fault.what =
        "takes the memory at 0x" + hex_number(*gone) + " away while " + name + " is loaded";
    fault.address = *gone;
    auto why = fail(ErrorCode::kCorrupt, fault.what, name);
    set_fault(std::move(fault));
    return why;
  }
  if (!root) return root;
  TRY_VOID(start(fresh.libraries));
  return root;
}

// Maps and relocates, but starts nothing.
Result<GuestLibrary*> LibraryLoader::make(const std::string& name, Fresh& fresh) {
  GuestLibrary* const root = TRY(load_one(name, fresh));
  const auto done = [&]() -> Result<void> {
    const std::vector<GuestLibrary*> scope = scope_of(root);
    for (GuestLibrary* const library : fresh.libraries) TRY_VOID(relocate(*library, scope));
    for (GuestLibrary* const library : fresh.libraries) TRY_VOID(protect_segments(*library));
    return {};
  }();
  if (!done) {
    mark_broken(fresh.libraries, done.error());
    return tl::unexpected<Error>(done.error());
  }
  mark_made(fresh.libraries);
  return root;
}

void LibraryLoader::mark_made(const std::vector<GuestLibrary*>& fresh) {
  const std::scoped_lock lock(mutex_);
  for (GuestLibrary* const library : fresh) {
    library->made = true;
    library->broken.reset();
  }
}

// What has not begun to run never will: asking again gives the same answer.
void LibraryLoader::mark_broken(const std::vector<GuestLibrary*>& fresh, const Error& why) {
  const std::scoped_lock lock(mutex_);
  for (GuestLibrary* const library : fresh) {
    if (!library->initialised) library->broken = why;
  }
}

// What is needed comes first, and starts first.
Result<void> LibraryLoader::start(const std::vector<GuestLibrary*>& fresh) {
  if (told_) {
    for (const GuestLibrary* const library : fresh) told_(*library);
  }
  for (GuestLibrary* const library : fresh) {
    auto constructed = construct(*library);
    if (constructed) continue;
    mark_broken(fresh, constructed.error());
    const std::scoped_lock lock(mutex_);
    library->broken = constructed.error();
    return constructed;
  }
  return {};
}

Result<GuestLibrary*> LibraryLoader::load_one(const std::string& name, Fresh& fresh) {
  GuestLibrary* const library = TRY(add_library(name, fresh));
  if (auto mapped = map_segments(*library); !mapped) {
    fresh.begun.erase(library);
    mark_broken({library}, mapped.error());
    return tl::unexpected<Error>(mapped.error());
  }
  for (const std::string& needed : library->elf.needed()) add_dependency(*library, needed, fresh);
  fresh.libraries.push_back(library);
  return library;
}

// Broken from the beginning: whatever ends its making, nobody gets it.
Result<GuestLibrary*> LibraryLoader::add_library(const std::string& name, Fresh& fresh) {
  auto file = world_.open(name);
  if (!file) return fail(ErrorCode::kNotFound, "the app has no such library", name);
  ElfFile elf = TRY(ElfFile::parse(file->content.bytes, name));
  if (elf.machine() != machine_ || !elf.is_64bit())
    return fail(ErrorCode::kUnsupported,
                "is for " + std::string(abi_of(elf.machine())) + ", this guest runs " +
                    std::string(abi_of(machine_)),
                name);
  if (elf.type() != 3) return fail(ErrorCode::kUnsupported, "is not a shared library", name);
  auto library = std::make_unique<GuestLibrary>(
      GuestLibrary{name, file->path, file->origin, file->content, std::move(elf)});
  library->broken =
      Error{ErrorCode::kCorrupt, "its loading has not come to its end", library->name};
  const auto& symbols = library->elf.symbols();
  for (std::uint32_t i = 0; i < symbols.size(); ++i) {
    if (symbols[i].defined() && symbols[i].binding != 0 && !symbols[i].name.empty())
      library->defined.emplace(symbols[i].name, i);
  }
  const std::scoped_lock lock(mutex_);
  if (libraries_.size() >= kMaxGuestLibraries)
    return fail(ErrorCode::kLimit, "the guest loads too many libraries", name);
  libraries_.push_back(std::move(library));
  fresh.begun.insert(libraries_.back().get());
  return libraries_.back().get();
}

void LibraryLoader::add_dependency(GuestLibrary& library, const std::string& needed, Fresh& fresh) {
  const auto absent = [&](const Error& why) {
    gaps_.add(library.name, "needs " + needed + ": " + dl::describe(why));
  };
  if (GuestLibrary* const other = known(needed)) {
    // Libraries may need each other.
    const auto why = fresh.begun.contains(other) ? std::nullopt : why_broken(*other);
    if (why) return absent(*why);
    library.dependencies.push_back(other);
    return;
  }
  if (world_.is_system(needed)) return;
  const auto made = load_one(needed, fresh);
  if (!made) return absent(made.error());
  library.dependencies.push_back(*made);
}

Result<void> LibraryLoader::map_segments(GuestLibrary& library) {
  const ElfFile& elf = library.elf;
  std::uint64_t low = ~std::uint64_t{0};
  std::uint64_t high = 0;
  std::uint64_t align = kGuestPage;
  for (const ElfSegment& segment : elf.segments()) {
    if (segment.type != ElfSegment::kLoad || segment.memory_size == 0) continue;
    if (segment.address > kMaxLibrarySpan || segment.memory_size > kMaxLibrarySpan)
      return fail(ErrorCode::kLimit, "wants more addresses than any library does", library.name);
    low = std::min(low, page_of(segment.address));
    high = std::max(high, segment.address + segment.memory_size);
    if (segment.align > align && segment.align <= (std::uint64_t{1} << 21) &&
        (segment.align & (segment.align - 1)) == 0)
      align = segment.align;
  }
  if (high == 0) return fail(ErrorCode::kCorrupt, "has nothing to load", library.name);
  library.size = whole_pages(high - low);
  library.begin = TRY(arena_.reserve_range(library.size, align));
  library.bias = library.begin - low;
  for (const ElfSegment& segment : elf.segments()) {
    if (segment.type != ElfSegment::kLoad || segment.memory_size == 0) continue;
    const std::uint64_t begin = library.bias + segment.address;
    const std::uint64_t end = begin + segment.memory_size;
    // Segments of damaged files overlap: what is there stays.
    for (std::uint64_t page = page_of(begin); page < end;) {
      std::uint64_t stop = page;
      while (stop < end && arena_.access_at(stop) == 0) stop += kGuestPage;
      if (stop > page) TRY_VOID(arena_.map_at(page, stop - page, kPageRead | kPageWrite));
      page = std::max(stop, page + kGuestPage);
    }
    const ByteSpan bytes = elf.bytes();
    const std::uint64_t wanted = std::min(segment.file_size, segment.memory_size);
    if (segment.offset >= bytes.size()) {
      if (wanted > 0) gaps_.add(library.name, "a segment lies behind the end of the file");
      continue;
    }
    const std::uint64_t size = std::min<std::uint64_t>(wanted, bytes.size() - segment.offset);
    if (size < wanted) gaps_.add(library.name, "a segment is cut by the end of the file");
    std::memcpy(reinterpret_cast<void*>(begin), bytes.data() + segment.offset, size);
  }
  TRY_VOID(add_thread_storage(library));
  return copy_headers(library);
}

// The first segment of this kind counts, as for bionic.
Result<void> LibraryLoader::add_thread_storage(GuestLibrary& library) {
  for (const ElfSegment& segment : library.elf.segments()) {
    if (segment.type != kPtTls) continue;
    if (segment.memory_size == 0) break;
    const std::uint64_t image = library.bias + segment.address;
    if (segment.file_size > 0 &&
        (!library.holds(image) || segment.file_size > library.size - (image - library.begin)))
      return fail(ErrorCode::kCorrupt, "its thread-local storage lies outside of it", library.name);
    library.thread_module = TRY(thread_storage_.add(segment, library.bias, library.name));
    break;
  }
  return {};
}

// The program headers as the file has them: unwinders ask for them.
Result<void> LibraryLoader::copy_headers(GuestLibrary& library) {
  const auto& segments = library.elf.segments();
  library.program_headers = TRY(arena_.map(segments.size() * kPhdrSize, kPageRead | kPageWrite));
  std::uint64_t at = library.program_headers;
  for (const ElfSegment& segment : segments) {
    write_word(at, segment.type | (std::uint64_t{segment.flags} << 32U));
    const std::uint64_t words[] = {segment.offset,    segment.address,     segment.address,
                                   segment.file_size, segment.memory_size, segment.align};
    std::memcpy(reinterpret_cast<void*>(at + 8), words, sizeof(words));
    at += kPhdrSize;
  }
  return arena_.protect(library.program_headers, segments.size() * kPhdrSize, kPageRead);
}

Result<void> LibraryLoader::protect_segments(GuestLibrary& library) {
  for (const ElfSegment& segment : library.elf.segments()) {
    if (segment.type != ElfSegment::kLoad || segment.memory_size == 0) continue;
    const std::uint64_t begin = page_of(library.bias + segment.address);
    const std::uint64_t end = library.bias + segment.address + segment.memory_size;
    TRY_VOID(arena_.protect(begin, end - begin, access_of(segment)));
  }
  engine_.code_changed(library.begin, library.size);
  return {};
}

Result<void> LibraryLoader::run(GuestLibrary& library, std::uint64_t function, const char* what) {
  const auto done = engine_.call(function, {});
  if (done) return {};
  GuestFault fault = done.error();
  describe(fault);
  auto why = fail(ErrorCode::kCorrupt,
                  std::string("its ") + what + " at +0x" + hex_number(function - library.bias) +
                      " ends with a fault: " + fault.what,
                  library.name);
  set_fault(std::move(fault));
  return why;
}

Result<void> LibraryLoader::construct(GuestLibrary& library) {
  if (library.initialised) return {};
  library.initialised = true;
  const auto slots = import_slots_.extract(&library);
  if (slots.empty()) return run_constructors(library);
  watch_.begin(library, slots.mapped(), gaps_);
  auto done = run_constructors(library);
  watch_.end(library);
  return done;
}

Result<void> LibraryLoader::run_constructors(GuestLibrary& library) {
  const ElfFile& elf = library.elf;
  if (const auto init = elf.dynamic_value(kDtInit); init && *init != 0)
    TRY_VOID(run(library, library.bias + *init, "constructor"));
  const auto array = elf.dynamic_value(kDtInitArray);
  const auto size = elf.dynamic_value(kDtInitArraySize);
  if (!array || !size) return {};
  if (*size / 8 > kMaxConstructors)
    return fail(ErrorCode::kLimit, "has more constructors than any library does", library.name);
  for (std::uint64_t i = 0; i < *size / 8; ++i) {
    // Constructors before this one may have taken it away.
    const auto function = copy_word(arena_, library.bias + *array + 8 * i);
    if (!function)
      return fail(ErrorCode::kCorrupt, "its constructors lie outside of it", library.name);
    if (*function == 0 || *function == ~std::uint64_t{0}) continue;
    TRY_VOID(run(library, *function, "constructor"));
  }
  return {};
}

GuestResult<void> LibraryLoader::run_destructors() {
  const EscapeLock lock(loading_);
  const std::vector<GuestLibrary*> all = libraries();
  for (auto library = all.rbegin(); library != all.rend(); ++library) {
    if (!(*library)->initialised) continue;
    (*library)->initialised = false;
    const ElfFile& elf = (*library)->elf;
    const auto array = elf.dynamic_value(kDtFiniArray);
    const auto size = elf.dynamic_value(kDtFiniArraySize);
    const std::uint64_t count = array && size ? std::min(*size / 8, kMaxConstructors) : 0;
    for (std::uint64_t i = count; i-- > 0;) {
      const auto function = copy_word(arena_, (*library)->bias + *array + 8 * i);
      if (!function) break;
      if (*function == 0 || *function == ~std::uint64_t{0}) continue;
      const auto done = engine_.call(*function, {});
      if (!done) return tl::unexpected<GuestFault>(done.error());
    }
    if (const auto fini = elf.dynamic_value(kDtFini); fini && *fini != 0) {
      const auto done = engine_.call((*library)->bias + *fini, {});
      if (!done) return tl::unexpected<GuestFault>(done.error());
    }
  }
  return {};
}

}  // namespace dl::guest
