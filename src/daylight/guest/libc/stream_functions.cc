// SPDX-License-Identifier: Apache-2.0
// FILE: the guest holds an address of its own memory, the stream itself is the host's.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <unordered_map>

#include "daylight/guest/libc/guest_files.h"
#include "daylight/guest/libc/system_functions.h"
#include "daylight/guest/libc/text_format.h"
#include "daylight/guest/machine/guest_machine.h"

namespace dl::guest {
namespace {

// sizeof(FILE) of bionic before it became opaque: __sF is an array of three of these.
constexpr std::uint64_t kStreamSize = 152;
constexpr std::size_t kMaxStreams = 512;
constexpr std::size_t kMaxScanned = 24;

class Streams {
 public:
  explicit Streams(GuestMachine& machine)
      : machine_(machine), standard_(machine.heap.allocate(3 * kStreamSize, 16, true)) {}
  ~Streams() {
    for (const auto& [address, stream] : streams_) std::fclose(stream.file);
  }

  struct Stream {
    std::FILE* file = nullptr;
    int number = -1;  // the guest's
  };

  std::uint64_t standard() const { return standard_; }
  // 0, 1, 2 for the standard ones, else -1.
  int standard_number(std::uint64_t address) const {
    if (address < standard_ || address - standard_ >= 3 * kStreamSize) return -1;
    return static_cast<int>((address - standard_) / kStreamSize);
  }
  std::FILE* find(std::uint64_t address) {
    const std::scoped_lock lock(mutex_);
    const auto found = streams_.find(address);
    if (found != streams_.end()) return found->second.file;
    errno = EBADF;
    return nullptr;
  }
  int number(std::uint64_t address) {
    const std::scoped_lock lock(mutex_);
    const auto found = streams_.find(address);
    return found == streams_.end() ? standard_number(address) : found->second.number;
  }
  // A stream on the guest's file `number`.
  std::uint64_t attach(int number, const char* mode) {
    const int fd = machine_.part<GuestFiles>().host(number);
    const int copy = fd < 0 ? -1 : dup(fd);
    std::FILE* const file = copy < 0 ? nullptr : fdopen(copy, mode);
    if (file == nullptr) {
      if (copy >= 0) ::close(copy);
      return 0;
    }
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
  int close(std::uint64_t address) {
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
  // Writes to a stream; standard ones go to the log, line by line as they come.
  std::size_t write(std::uint64_t address, std::string_view bytes) {
    const int standard = standard_number(address);
    if (standard >= 1) {
      machine_.events.log(standard == 1 ? 4 : 5, standard == 1 ? "stdout" : "stderr", bytes);
      return bytes.size();
    }
    std::FILE* const file = find(address);
    return file == nullptr ? 0 : std::fwrite(bytes.data(), 1, bytes.size(), file);
  }

 private:
  GuestMachine& machine_;
  std::uint64_t standard_;
  std::mutex mutex_;  // guards what follows
  std::unordered_map<std::uint64_t, Stream> streams_;
};

Streams& streams(GuestMachine& machine) { return machine.part<Streams>(); }

int flags_of(const char* mode) {
  const bool both = std::strchr(mode, '+') != nullptr;
  if (mode[0] == 'r') return both ? O_RDWR : O_RDONLY;
  const int create = O_CREAT | (both ? O_RDWR : O_WRONLY);
  return create | (mode[0] == 'a' ? O_APPEND : O_TRUNC);
}

std::uint64_t fopen_(GuestMachine& machine, const char* path, const char* mode) {
  const int number = machine.part<GuestFiles>().open(path, flags_of(mode), 0600);
  if (number < 0) return 0;
  const std::uint64_t stream = streams(machine).attach(number, mode);
  if (stream == 0) machine.part<GuestFiles>().close(number);
  return stream;
}
std::uint64_t fdopen_(GuestMachine& machine, int number, const char* mode) {
  return streams(machine).attach(number, mode);
}
int fclose_(GuestMachine& machine, std::uint64_t stream) { return streams(machine).close(stream); }

std::uint64_t fread_(GuestMachine& machine, void* to, std::uint64_t size, std::uint64_t count,
                     std::uint64_t stream) {
  std::FILE* const file = streams(machine).find(stream);
  std::uint64_t bytes = 0;
  if (file == nullptr || __builtin_mul_overflow(size, count, &bytes)) return 0;
  if (!machine.arena.allows(reinterpret_cast<std::uint64_t>(to), bytes, kPageWrite)) {
    machine.raise(GuestFault::Kind::kMemory, "fread: the buffer is not all in its memory");
    return 0;
  }
  return std::fread(to, size, count, file);
}
std::uint64_t fwrite_(GuestMachine& machine, std::uint64_t from, std::uint64_t size,
                      std::uint64_t count, std::uint64_t stream) {
  std::uint64_t bytes = 0;
  if (__builtin_mul_overflow(size, count, &bytes) || bytes == 0) return 0;
  const auto data = machine.arena.bytes(from, bytes);
  if (!data) {
    machine.raise(GuestFault::Kind::kMemory, "fwrite: the buffer is not all in its memory");
    return 0;
  }
  return streams(machine).write(stream, as_text(*data)) / size;
}
std::uint64_t fwrite_chk(GuestMachine& machine, std::uint64_t from, std::uint64_t size,
                         std::uint64_t count, std::uint64_t stream, std::uint64_t) {
  return fwrite_(machine, from, size, count, stream);
}
std::uint64_t fgets_(GuestMachine& machine, char* to, int room, std::uint64_t stream) {
  std::FILE* const file = streams(machine).find(stream);
  const auto address = reinterpret_cast<std::uint64_t>(to);
  if (file == nullptr || room <= 0 ||
      !machine.arena.allows(address, static_cast<std::uint64_t>(room), kPageWrite))
    return 0;
  return std::fgets(to, room, file) == nullptr ? 0 : address;
}
int fgetc_(GuestMachine& machine, std::uint64_t stream) {
  std::FILE* const file = streams(machine).find(stream);
  return file == nullptr ? EOF : std::fgetc(file);
}
int ungetc_(GuestMachine& machine, int c, std::uint64_t stream) {
  std::FILE* const file = streams(machine).find(stream);
  return file == nullptr ? EOF : std::ungetc(c, file);
}
int fputc_(GuestMachine& machine, int c, std::uint64_t stream) {
  const char byte = static_cast<char>(c);
  return streams(machine).write(stream, {&byte, 1}) == 1 ? static_cast<std::uint8_t>(c) : EOF;
}
int fputs_(GuestMachine& machine, const char* text, std::uint64_t stream) {
  return streams(machine).write(stream, text) == std::strlen(text) ? 0 : EOF;
}
int puts_(GuestMachine& machine, const char* text) {
  machine.events.log(4, "stdout", text);
  return 0;
}
int putchar_(GuestMachine& machine, int c) {
  const char byte = static_cast<char>(c);
  machine.events.log(4, "stdout", {&byte, 1});
  return c;
}
int perror_(GuestMachine& machine, const char* text) {
  machine.events.log(5, "stderr", text == nullptr ? "" : text);
  return 0;
}
int fseek_(GuestMachine& machine, std::uint64_t stream, std::int64_t offset, int whence) {
  std::FILE* const file = streams(machine).find(stream);
  return file == nullptr ? -1 : ::fseeko(file, offset, whence);
}
std::int64_t ftell_(GuestMachine& machine, std::uint64_t stream) {
  std::FILE* const file = streams(machine).find(stream);
  return file == nullptr ? -1 : ::ftello(file);
}
void rewind_(GuestMachine& machine, std::uint64_t stream) {
  if (std::FILE* const file = streams(machine).find(stream)) std::rewind(file);
}
int feof_(GuestMachine& machine, std::uint64_t stream) {
  std::FILE* const file = streams(machine).find(stream);
  return file != nullptr && std::feof(file) != 0 ? 1 : 0;
}
int ferror_(GuestMachine& machine, std::uint64_t stream) {
  std::FILE* const file = streams(machine).find(stream);
  return file == nullptr || std::ferror(file) != 0 ? 1 : 0;
}
void clearerr_(GuestMachine& machine, std::uint64_t stream) {
  if (std::FILE* const file = streams(machine).find(stream)) std::clearerr(file);
}
int fflush_(GuestMachine& machine, std::uint64_t stream) {
  if (stream == 0 || streams(machine).standard_number(stream) >= 0) return 0;
  std::FILE* const file = streams(machine).find(stream);
  return file == nullptr ? EOF : std::fflush(file);
}
int fileno_(GuestMachine& machine, std::uint64_t stream) { return streams(machine).number(stream); }
int setvbuf_(std::uint64_t, std::uint64_t, int, std::uint64_t) { return 0; }
void setbuf_(std::uint64_t, std::uint64_t) {}
void lock_stream(std::uint64_t) {}

int print(GuestMachine& machine, std::uint64_t stream, const char* format,
          ArgumentSource& arguments, CallArguments& rest) {
  const std::string text = format_text(rest.frame(), format, arguments, 0);
  return streams(machine).write(stream, text) == text.size() ? static_cast<int>(text.size()) : -1;
}
int fprintf_(GuestMachine& machine, std::uint64_t stream, const char* format, CallArguments& rest) {
  return print(machine, stream, format, rest, rest);
}
int vfprintf_(GuestMachine& machine, std::uint64_t stream, const char* format, std::uint64_t list,
              CallArguments& rest) {
  VaListArguments arguments(rest.frame(), list);
  return print(machine, stream, format, arguments, rest);
}
int printf_(GuestMachine& machine, const char* format, CallArguments& rest) {
  return print(machine, streams(machine).standard() + kStreamSize, format, rest, rest);
}
int vprintf_(GuestMachine& machine, const char* format, std::uint64_t list, CallArguments& rest) {
  VaListArguments arguments(rest.frame(), list);
  return print(machine, streams(machine).standard() + kStreamSize, format, arguments, rest);
}

// ---- scanf: every argument is a pointer that must be writable ----

// The pointers that a format takes; nothing where it takes too many or a long double.
bool take_pointers(GuestMachine& machine, std::string_view format, ArgumentSource& arguments,
                   std::array<void*, kMaxScanned>& out) {
  std::size_t used = 0;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') continue;
    if (++i >= format.size()) return true;
    if (format[i] == '%') continue;
    const bool ignored = format[i] == '*';
    while (i < format.size() && std::strchr("*0123456789hljztqL'm", format[i]) != nullptr) {
      if (format[i] == 'L' || format[i] == 'm') return false;
      ++i;
    }
    if (i < format.size() && format[i] == '[') {
      ++i;
      if (i < format.size() && format[i] == '^') ++i;
      if (i < format.size() && format[i] == ']') ++i;
      while (i < format.size() && format[i] != ']') ++i;
    }
    if (ignored) continue;
    const std::uint64_t address = arguments.next_integer();
    if (used >= kMaxScanned || (machine.arena.access_at(address) & kPageWrite) == 0) return false;
    out[used++] = reinterpret_cast<void*>(address);
  }
  return true;
}

int scan(GuestMachine& machine, const char* text, const char* format, ArgumentSource& arguments) {
  std::array<void*, kMaxScanned> p{};
  if (!take_pointers(machine, format, arguments, p)) {
    machine.raise(GuestFault::Kind::kArgument, "sscanf: a pointer cannot be written to");
    return -1;
  }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  return std::sscanf(text, format, p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8], p[9],
                     p[10], p[11], p[12], p[13], p[14], p[15], p[16], p[17], p[18], p[19], p[20],
                     p[21], p[22], p[23]);
#pragma GCC diagnostic pop
}
int sscanf_(GuestMachine& machine, const char* text, const char* format, CallArguments& rest) {
  return scan(machine, text, format, rest);
}
int vsscanf_(GuestMachine& machine, const char* text, const char* format, std::uint64_t list,
             CallArguments& rest) {
  VaListArguments arguments(rest.frame(), list);
  return scan(machine, text, format, arguments);
}

}  // namespace

void add_stream_functions(FunctionTable& table) {
  table.add("fopen", &fopen_);
  table.alias("fopen64", "fopen");
  table.add("fdopen", &fdopen_);
  table.add("fclose", &fclose_);
  table.add("fread", &fread_);
  table.add("fwrite", &fwrite_);
  table.add("__fwrite_chk", &fwrite_chk);
  table.add("fgets", &fgets_);
  table.add("fgetc", &fgetc_);
  table.alias("getc", "fgetc");
  table.add("ungetc", &ungetc_);
  table.add("fputc", &fputc_);
  table.alias("putc", "fputc");
  table.add("fputs", &fputs_);
  table.add("puts", &puts_);
  table.add("putchar", &putchar_);
  table.add("perror", &perror_);
  table.add("fseek", &fseek_);
  for (const char* name : {"fseeko", "fseeko64"}) table.alias(name, "fseek");
  table.add("ftell", &ftell_);
  for (const char* name : {"ftello", "ftello64"}) table.alias(name, "ftell");
  table.add("rewind", &rewind_);
  table.add("feof", &feof_);
  table.add("ferror", &ferror_);
  table.add("clearerr", &clearerr_);
  table.add("fflush", &fflush_);
  table.add("fileno", &fileno_);
  table.add("setvbuf", &setvbuf_);
  table.add("setbuf", &setbuf_);
  table.add("flockfile", &lock_stream);
  table.alias("funlockfile", "flockfile");
  table.add("fprintf", &fprintf_);
  table.add("vfprintf", &vfprintf_);
  table.add("printf", &printf_);
  table.add("vprintf", &vprintf_);
  table.add("sscanf", &sscanf_);
  table.add("vsscanf", &vsscanf_);
  table.add_data("__sF", [](GuestMachine& machine) { return streams(machine).standard(); });
  const auto pointer = [](int which) {
    return [which](GuestMachine& machine) {
      const std::uint64_t slot = machine.heap.allocate(8);
      const std::uint64_t stream =
          streams(machine).standard() + static_cast<std::uint64_t>(which) * kStreamSize;
      if (slot != 0) std::memcpy(reinterpret_cast<void*>(slot), &stream, 8);
      return slot;
    };
  };
  table.add_data("stdin", pointer(0));
  table.add_data("stdout", pointer(1));
  table.add_data("stderr", pointer(2));
}

}  // namespace dl::guest
