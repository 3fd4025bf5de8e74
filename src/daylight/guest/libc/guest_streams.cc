// SPDX-License-Identifier: Apache-2.0
// Streams on the guest's files, also on those that are only made here.
#include "daylight/guest/libc/guest_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include "daylight/guest/libc/guest_files.h"

namespace dl::guest {
namespace {

// What is moved at a time between a stream and the guest's memory.
constexpr std::size_t kChunk = 16'384;

// What stands behind a stream on a file that is made here, or that counts what is written.
struct MadeStream {
  GuestMachine& machine;
  std::shared_ptr<OpenFile> file;
};
ssize_t read_made(void* cookie, char* to, std::size_t size) {
  auto* const made = static_cast<MadeStream*>(cookie);
  return read_file(made->machine, *made->file, to, size);
}
ssize_t write_made(void* cookie, const char* from, std::size_t size) {
  auto* const made = static_cast<MadeStream*>(cookie);
  const std::int64_t wrote = write_file(*made->file, from, size);
  return wrote < 0 ? 0 : wrote;  // as fopencookie wants errors
}
int seek_made(void* cookie, off64_t* offset, int whence) {
  auto* const made = static_cast<MadeStream*>(cookie);
  const std::int64_t at = seek_file(*made->file, *offset, whence);
  if (at < 0) return -1;
  *offset = at;
  return 0;
}
int close_made(void* cookie) {
  delete static_cast<MadeStream*>(cookie);
  return 0;
}

// What fopen knows of modes; anything else would be the library's own extensions.
bool is_mode(std::string_view mode) {
  if (mode.empty() || std::string_view("rwa").find(mode[0]) == std::string_view::npos) return false;
  return mode.find_first_not_of("+bex", 1) == std::string_view::npos;
}

std::FILE* open_made(GuestMachine& machine, std::shared_ptr<OpenFile> file, const char* mode) {
  const int host = file->host;
  if (host >= 0 && mode[0] == 'a') ::fcntl(host, F_SETFL, ::fcntl(host, F_GETFL) | O_APPEND);
  auto made = std::make_unique<MadeStream>(MadeStream{machine, std::move(file)});
  std::FILE* const out = ::fopencookie(made.get(), host < 0 ? "r" : mode,
                                       {&read_made, &write_made, &seek_made, &close_made});
  if (out != nullptr) (void)made.release();
  return out;
}

std::FILE* open_stream(GuestMachine& machine, int number, const char* mode) {
  if (!is_mode(mode)) {
    errno = EINVAL;
    return nullptr;
  }
  auto file = machine.part<GuestFiles>().find(number);
  if (file == nullptr) return nullptr;
  if (file->host < 0 || file->budget != nullptr) return open_made(machine, std::move(file), mode);
  const int copy = ::dup(file->host);
  std::FILE* const out = copy < 0 ? nullptr : ::fdopen(copy, mode);
  if (out == nullptr && copy >= 0) ::close(copy);
  return out;
}

}  // namespace

Streams::Streams(GuestMachine& machine)
    : machine_(machine), standard_(machine.heap.allocate(3 * kStreamSize, 16, true)) {
  (void)machine.part<GuestFiles>();
}

Streams::~Streams() {
  for (const auto& [address, stream] : streams_) std::fclose(stream.file);
}

int Streams::standard_number(std::uint64_t address) const {
  if (address < standard_ || address - standard_ >= 3 * kStreamSize) return -1;
  return static_cast<int>((address - standard_) / kStreamSize);
}

std::FILE* Streams::find(std::uint64_t address) {
  const std::scoped_lock lock(mutex_);
  const auto found = streams_.find(address);
  if (found != streams_.end()) return found->second.file;
  errno = EBADF;
  return nullptr;
}

int Streams::number(std::uint64_t address) {
  const std::scoped_lock lock(mutex_);
  const auto found = streams_.find(address);
  return found == streams_.end() ? standard_number(address) : found->second.number;
}

std::uint64_t Streams::attach(int number, const char* mode) {
  std::FILE* const file = open_stream(machine_, number, mode);
  if (file == nullptr) return 0;
  const std::uint64_t address = machine_.heap.allocate(kStreamSize, 16, true);
  const std::scoped_lock lock(mutex_);
  if (address == 0 || streams_.size() >= kMaxStreams) {
    std::fclose(file);
    errno = EMFILE;
    return 0;
  }
  streams_.emplace(address, Stream{file, number});
  return address;
}

bool Streams::reattach(std::uint64_t address, int number, const char* mode) {
  GuestFiles& files = machine_.part<GuestFiles>();
  std::FILE* const file = open_stream(machine_, number, mode);
  Stream old;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = streams_.find(address);
    if (file == nullptr || found == streams_.end()) {
      if (file != nullptr) std::fclose(file);
      errno = EBADF;
      return false;
    }
    old = found->second;
    found->second = {file, number};
  }
  std::fclose(old.file);
  files.close(old.number);
  return true;
}

int Streams::close(std::uint64_t address) {
  Stream stream;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = streams_.find(address);
    if (found == streams_.end()) {
      errno = EBADF;
      return standard_number(address) >= 0 ? 0 : EOF;
    }
    stream = found->second;
    streams_.erase(found);
  }
  const int result = std::fclose(stream.file);
  machine_.part<GuestFiles>().close(stream.number);
  machine_.heap.release(address);
  return result;
}

std::size_t Streams::write(std::uint64_t address, std::string_view bytes) {
  const int standard = standard_number(address);
  if (standard >= 1) {
    const auto text = machine_.copy_text(bytes.data(), bytes.size());
    if (!text) return 0;
    machine_.events.log(standard == 1 ? 4 : 5, standard == 1 ? "stdout" : "stderr", *text);
    return bytes.size();
  }
  std::FILE* const file = find(address);
  std::array<char, kChunk> chunk;  // NOLINT: filled before it is read
  std::size_t done = 0;
  while (file != nullptr && done < bytes.size()) {
    const std::size_t part = std::min(chunk.size(), bytes.size() - done);
    std::memcpy(chunk.data(), bytes.data() + done, part);
    const std::size_t wrote = std::fwrite(chunk.data(), 1, part, file);
    done += wrote;
    if (wrote < part) break;
  }
  return done;
}

std::size_t Streams::read(std::uint64_t address, void* to, std::uint64_t size) {
  std::FILE* const file = find(address);
  std::array<char, kChunk> chunk;  // NOLINT: filled before it is read
  std::size_t done = 0;
  while (file != nullptr && done < size) {
    const std::size_t part = std::min<std::uint64_t>(chunk.size(), size - done);
    const std::size_t got = std::fread(chunk.data(), 1, part, file);
    std::memcpy(static_cast<char*>(to) + done, chunk.data(), got);
    done += got;
    if (got < part) break;
  }
  return done;
}

}  // namespace dl::guest
