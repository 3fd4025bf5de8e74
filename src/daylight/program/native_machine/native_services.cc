// SPDX-License-Identifier: Apache-2.0
// What the closed box answers for: memory and text of C, files, Android's assets, and the part of
// JNI that hands over bytes.
//
// Sources: JNI specification, chapter 4 (order of the function table); Android NDK reference,
// Asset.
#include <algorithm>
#include <utility>

#include "daylight/program/native_machine/native_machine.h"

namespace dl::program {
namespace {

constexpr std::size_t kMaxHandles = 4'096;
// Other files of the app that one run may read; each is kept once.
constexpr std::size_t kMaxFilesRead = 16;
constexpr std::size_t kMaxText = 4'096;
constexpr std::uint64_t kEndOfFile = ~std::uint64_t{0};

// Positions in the table of JNI functions.
enum JavaFunction : std::uint64_t {
  kGetVersion = 4,
  kExceptionOccurred = 15,
  kCallObjectFirst = 34,
  kCallObjectLast = 36,
  kCallIntFirst = 49,
  kCallIntLast = 51,
  kCallStaticObjectFirst = 114,
  kCallStaticObjectLast = 116,
  kGetStringUtfLength = 168,
  kGetStringUtfChars = 169,
  kGetArrayLength = 171,
  kNewByteArray = 176,
  kGetByteArrayElements = 184,
  kGetByteArrayRegion = 200,
  kSetByteArrayRegion = 208,
  kGetPrimitiveArrayCritical = 222,
  kExceptionCheck = 228,
  kNewDirectByteBuffer = 229,
  kGetDirectBufferAddress = 230,
  kGetDirectBufferCapacity = 231,
};
constexpr std::uint64_t kJavaVersion = 0x10006;

}  // namespace

std::uint64_t NativeMachine::fail_fault() {
  faulted_ = true;
  return 0;
}

std::string NativeMachine::text_at(std::uint64_t address) {
  std::string out;
  for (char byte = 0; out.size() < kMaxText; out.push_back(byte)) {
    if (!memory_.load(address + out.size(), byte) || byte == '\0') break;
  }
  charge(16 * out.size());
  return out;
}

std::uint64_t NativeMachine::new_handle(Handle handle) {
  if (handles_.size() >= kMaxHandles) return 0;
  handles_.push_back(std::move(handle));
  return kNativeOpaqueBase + 16 * (handles_.size() - 1);
}

NativeMachine::Handle* NativeMachine::handle(std::uint64_t value) {
  const std::uint64_t index = (value - kNativeOpaqueBase) / 16;
  return value < kNativeOpaqueBase || index >= handles_.size() ? nullptr : &handles_[index];
}

NativeFileBytes NativeMachine::file_named(const std::string& name) {
  const auto last = [](const std::string& path) { return path.substr(path.rfind('/') + 1); };
  if (name.empty() || last(name) == last(world_.input_name) || !world_.file) return world_.input;
  auto known = files_.find(name);
  if (known == files_.end()) {
    if (files_.size() >= kMaxFilesRead) return world_.input;
    known = files_.emplace(name, world_.file(name)).first;
    charge(known->second == nullptr ? 0 : known->second->size());
  }
  const NativeFileBytes& other = known->second;
  // A copy under another name, or one that is put together at run time.
  return other == nullptr ? world_.input : other;
}

std::uint64_t NativeMachine::open_file(const std::string& name) {
  if (handles_.size() >= kMaxHandles) return 0;
  const NativeFileBytes file = file_named(name);
  return new_handle({0, file->size(), file, 0});
}

std::uint64_t NativeMachine::copy(std::uint64_t to, std::uint64_t from, std::uint64_t size) {
  // A size that a wrong argument made must not use up what other trials may spend.
  if (size > limits_.memory) return fail_fault();
  charge(size);
  if (steps_ > limits_.steps) return fail_fault();
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(size));
  if (size != 0 && (!memory_.read(from, bytes.data(), bytes.size()) ||
                    !memory_.write(to, bytes.data(), bytes.size())))
    return fail_fault();
  return to;
}

// Bytes at the file's position, as many as there are; moves it.
std::uint64_t NativeMachine::copy_from_file(Handle& from, std::uint64_t to, std::uint64_t size) {
  if (from.file == nullptr || from.position >= from.size) return 0;
  const std::uint64_t count = std::min(size, from.size - from.position);
  charge(count);
  if (!memory_.write(to, from.file->data() + from.position, static_cast<std::size_t>(count)))
    return fail_fault();
  from.position += count;
  return count;
}

std::uint64_t NativeMachine::seek(Handle& file, std::int64_t by, std::uint64_t whence) {
  const std::uint64_t base = whence == 0 ? 0 : whence == 1 ? file.position : file.size;
  const std::uint64_t to = base + static_cast<std::uint64_t>(by);
  if (to > file.size) return kEndOfFile;
  file.position = to;
  return to;
}

std::uint64_t NativeMachine::do_allocate() { return memory_.allocate(argument(0)); }

std::uint64_t NativeMachine::do_allocate_zeroed() {
  const auto size = multiply_checked(argument(0), argument(1));
  return size ? memory_.allocate(*size) : 0;
}

std::uint64_t NativeMachine::do_reallocate() {
  const std::uint64_t from = argument(0);
  const NativeBlock* const before = from == 0 ? nullptr : memory_.block_at(from);
  const std::uint64_t kept =
      before == nullptr ? 0 : std::min<std::uint64_t>(before->bytes.size(), argument(1));
  const std::uint64_t to = memory_.allocate(argument(1));
  return to == 0 || kept == 0 ? to : copy(to, from, kept);
}

std::uint64_t NativeMachine::do_copy() { return copy(argument(0), argument(1), argument(2)); }

std::uint64_t NativeMachine::do_fill() {
  const std::uint64_t size = argument(2);
  if (size > limits_.memory) return fail_fault();
  charge(size);
  if (steps_ > limits_.steps) return fail_fault();
  const std::vector<std::uint8_t> bytes(static_cast<std::size_t>(size),
                                        static_cast<std::uint8_t>(argument(1)));
  if (size != 0 && !memory_.write(argument(0), bytes.data(), bytes.size())) return fail_fault();
  return argument(0);
}

std::uint64_t NativeMachine::do_compare() {
  const std::uint64_t size = std::min<std::uint64_t>(argument(2), limits_.memory);
  for (std::uint64_t i = 0; i < size && steps_ < limits_.steps; ++i) {
    std::uint8_t a = 0;
    std::uint8_t b = 0;
    if (!memory_.load(argument(0) + i, a) || !memory_.load(argument(1) + i, b)) return fail_fault();
    charge(16);
    if (a != b) return static_cast<std::uint64_t>(std::int64_t{a} - b);
  }
  return 0;
}

std::uint64_t NativeMachine::do_length() { return text_at(argument(0)).size(); }

std::uint64_t NativeMachine::do_copy_text() {
  std::string text = text_at(argument(1));
  text.push_back('\0');
  if (!memory_.write(argument(0), text.data(), text.size())) return fail_fault();
  return argument(0);
}

std::uint64_t NativeMachine::do_open_file() { return open_file(text_at(argument(0))); }
std::uint64_t NativeMachine::do_open_asset() { return open_file(text_at(argument(1))); }

std::uint64_t NativeMachine::do_fread() {
  Handle* const file = handle(argument(3));
  const std::uint64_t element = argument(1);
  const auto size = multiply_checked(element, argument(2));
  if (file == nullptr || !size || element == 0) return 0;
  return copy_from_file(*file, argument(0), *size) / element;
}

std::uint64_t NativeMachine::do_fgetc() {
  Handle* const file = handle(argument(0));
  if (file == nullptr || file->file == nullptr || file->position >= file->size) return kEndOfFile;
  return (*file->file)[static_cast<std::size_t>(file->position++)];
}

std::uint64_t NativeMachine::do_read() {
  Handle* const file = handle(argument(0));
  return file == nullptr ? kEndOfFile : copy_from_file(*file, argument(1), argument(2));
}

std::uint64_t NativeMachine::do_pread() {
  Handle* const file = handle(argument(0));
  if (file == nullptr) return kEndOfFile;
  const std::uint64_t before = std::exchange(file->position, argument(3));
  const std::uint64_t count = copy_from_file(*file, argument(1), argument(2));
  file->position = before;
  return count;
}

std::uint64_t NativeMachine::do_fseek() {
  Handle* const file = handle(argument(0));
  if (file == nullptr) return kEndOfFile;
  const auto by = static_cast<std::int64_t>(argument(1));
  return seek(*file, by, argument(2) & 3U) == kEndOfFile ? kEndOfFile : 0;
}

std::uint64_t NativeMachine::do_lseek() {
  Handle* const file = handle(argument(0));
  if (file == nullptr) return kEndOfFile;
  return seek(*file, static_cast<std::int64_t>(argument(1)), argument(2) & 3U);
}

std::uint64_t NativeMachine::do_ftell() {
  const Handle* const file = handle(argument(0));
  return file == nullptr ? kEndOfFile : file->position;
}

std::uint64_t NativeMachine::do_rewind() {
  Handle* const file = handle(argument(0));
  if (file != nullptr) file->position = 0;
  return 0;
}

std::uint64_t NativeMachine::do_size() {
  const Handle* const file = handle(argument(0));
  return file == nullptr ? 0 : file->size;
}

// mmap(address, size, protection, flags, file, offset): a copy; anonymous memory is zero.
std::uint64_t NativeMachine::do_map() {
  Handle* const file = handle(argument(4));
  const std::uint64_t to = memory_.allocate(argument(1));
  if (to == 0) return kEndOfFile;
  if (file == nullptr) return to;
  const std::uint64_t before = std::exchange(file->position, argument(5));
  copy_from_file(*file, to, argument(1));
  file->position = before;
  return to;
}

// The bytes of an asset, in a block of their own.
std::uint64_t NativeMachine::do_buffer() {
  Handle* const file = handle(argument(0));
  if (file == nullptr) return 0;
  if (file->block == 0 && file->file != nullptr) {
    charge(file->size);
    file->block = memory_.add(*file->file);
  }
  return file->block;
}

std::uint64_t NativeMachine::do_input_handle() { return kNativeOpaqueBase; }

std::uint64_t NativeMachine::do_stop() {
  stopped_ = true;
  return 0;
}

const std::map<std::string_view, NativeMachine::Service>& NativeMachine::services() {
  using Self = NativeMachine;
  static const std::map<std::string_view, Service> kServices = {
      {"malloc", &Self::do_allocate},
      {"valloc", &Self::do_allocate},
      {"_Znwm", &Self::do_allocate},
      {"_Znam", &Self::do_allocate},
      {"calloc", &Self::do_allocate_zeroed},
      {"realloc", &Self::do_reallocate},
      {"memcpy", &Self::do_copy},
      {"memmove", &Self::do_copy},
      {"__memcpy_chk", &Self::do_copy},
      {"__memmove_chk", &Self::do_copy},
      {"memset", &Self::do_fill},
      {"__memset_chk", &Self::do_fill},
      {"memcmp", &Self::do_compare},
      {"strlen", &Self::do_length},
      {"__strlen_chk", &Self::do_length},
      {"strcpy", &Self::do_copy_text},
      {"__strcpy_chk", &Self::do_copy_text},
      {"fopen", &Self::do_open_file},
      {"fopen64", &Self::do_open_file},
      {"open", &Self::do_open_file},
      {"open64", &Self::do_open_file},
      {"__open_2", &Self::do_open_file},
      {"fread", &Self::do_fread},
      {"__fread_chk", &Self::do_fread},
      {"fgetc", &Self::do_fgetc},
      {"getc", &Self::do_fgetc},
      {"fseek", &Self::do_fseek},
      {"fseeko", &Self::do_fseek},
      {"ftell", &Self::do_ftell},
      {"ftello", &Self::do_ftell},
      {"rewind", &Self::do_rewind},
      {"read", &Self::do_read},
      {"__read_chk", &Self::do_read},
      {"pread", &Self::do_pread},
      {"pread64", &Self::do_pread},
      {"lseek", &Self::do_lseek},
      {"lseek64", &Self::do_lseek},
      {"mmap", &Self::do_map},
      {"mmap64", &Self::do_map},
      {"AAssetManager_fromJava", &Self::do_input_handle},
      {"AAssetManager_open", &Self::do_open_asset},
      {"AAsset_read", &Self::do_read},
      {"AAsset_seek", &Self::do_lseek},
      {"AAsset_seek64", &Self::do_lseek},
      {"AAsset_getLength", &Self::do_size},
      {"AAsset_getLength64", &Self::do_size},
      {"AAsset_getBuffer", &Self::do_buffer},
      {"abort", &Self::do_stop},
      {"exit", &Self::do_stop},
      {"_exit", &Self::do_stop},
      {"__stack_chk_fail", &Self::do_stop},
      {"__cxa_throw", &Self::do_stop},
  };
  return kServices;
}

std::uint64_t NativeMachine::import_service(std::uint64_t symbol) {
  const auto& symbols = code_.elf().symbols();
  if (symbol >= symbols.size()) return 0;
  const auto found = services().find(symbols[static_cast<std::size_t>(symbol)].name);
  return found == services().end() ? 0 : (this->*found->second)();
}

// Every Java object that code asks for stands for the input.
std::uint64_t NativeMachine::java_service(std::uint64_t index) {
  const bool object = (index >= kCallObjectFirst && index <= kCallObjectLast) ||
                      (index >= kCallStaticObjectFirst && index <= kCallStaticObjectLast);
  if (object) return kNativeOpaqueBase;
  if (index >= kCallIntFirst && index <= kCallIntLast) return handles_.front().size;
  const Handle* const array = handle(argument(1));
  switch (index) {
    case kGetVersion:
      return kJavaVersion;
    case kExceptionOccurred:
    case kExceptionCheck:
      return 0;
    case kGetStringUtfLength:
      return world_.input_name.size();
    case kGetStringUtfChars: {
      std::string name = world_.input_name;
      name.push_back('\0');
      return memory_.add(as_bytes(name));
    }
    case kGetArrayLength:
    case kGetDirectBufferCapacity:
      return array == nullptr ? 0 : array->size;
    case kGetByteArrayElements:
    case kGetPrimitiveArrayCritical:
    case kGetDirectBufferAddress:
      return array == nullptr ? 0 : array->block;
    case kNewByteArray: {
      const std::uint64_t size = argument(1) & 0xffffffffU;
      const std::uint64_t block = memory_.allocate(size);
      return block == 0 ? 0 : new_handle({block, size, nullptr, 0});
    }
    case kNewDirectByteBuffer:
      return new_handle({argument(1), argument(2), nullptr, 0});
    case kGetByteArrayRegion:
    case kSetByteArrayRegion: {
      if (array == nullptr || array->block == 0) return 0;
      const std::uint64_t there = array->block + (argument(2) & 0xffffffffU);
      const std::uint64_t size = argument(3) & 0xffffffffU;
      return index == kGetByteArrayRegion ? copy(argument(4), there, size)
                                          : copy(there, argument(4), size);
    }
    default:
      // Classes, methods, references: something that is there.
      return kNativeOpaqueBase;
  }
}

}  // namespace dl::program
