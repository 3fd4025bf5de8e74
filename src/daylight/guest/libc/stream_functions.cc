// SPDX-License-Identifier: Apache-2.0
// FILE: the guest holds an address of its own memory, the stream itself is the host's.
#include <fcntl.h>
#include <poll.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <unordered_map>

#include "daylight/guest/libc/guest_files.h"
#include "daylight/guest/libc/guest_path.h"
#include "daylight/guest/libc/guest_streams.h"
#include "daylight/guest/libc/guest_wait.h"
#include "daylight/guest/libc/system_functions.h"
#include "daylight/guest/libc/text_format.h"
#include "daylight/guest/libc/wide_text.h"
#include "daylight/guest/machine/guest_machine.h"

namespace dl::guest {
namespace {

constexpr std::size_t kMaxLine = std::size_t{64} << 20;

Streams& streams(GuestMachine& machine) { return machine.part<Streams>(); }

int flags_of(const char* mode) {
  const bool both = std::strchr(mode, '+') != nullptr;
  if (mode[0] == 'r') return both ? O_RDWR : O_RDONLY;
  const int create = O_CREAT | (both ? O_RDWR : O_WRONLY);
  return create | (mode[0] == 'a' ? O_APPEND : O_TRUNC);
}

std::uint64_t fopen_(GuestMachine& machine, GuestPath path, const char* mode) {
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
  std::uint64_t bytes = 0;
  if (__builtin_mul_overflow(size, count, &bytes) || bytes == 0) return 0;
  if (!machine.arena.allows(reinterpret_cast<std::uint64_t>(to), bytes, kPageWrite)) {
    machine.raise(GuestFault::Kind::kMemory, "fread: the buffer is not all in its memory");
    return 0;
  }
  return streams(machine).read(stream, to, bytes) / size;
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
  // Byte by byte, for the stream's lock is not held over the guest's memory.
  int done = 0;
  for (int c = 0; done < room - 1 && c != '\n';) {
    c = std::fgetc(file);
    if (c == EOF) break;
    to[done++] = static_cast<char>(c);
  }
  if (done == 0 && room > 1) return 0;
  to[done] = '\0';
  return address;
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
  machine.events.log(4, "stdout", machine.copy_text(text).value_or(""));
  return 0;
}
int putchar_(GuestMachine& machine, int c) {
  const char byte = static_cast<char>(c);
  machine.events.log(4, "stdout", {&byte, 1});
  return c;
}
int perror_(GuestMachine& machine, const char* text) {
  machine.events.log(5, "stderr", machine.copy_text(text).value_or(""));
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

// ---- what is rarer ----

std::uint64_t freopen_(GuestMachine& machine, GuestPath path, const char* mode,
                       std::uint64_t stream) {
  Streams& all = streams(machine);
  if (all.standard_number(stream) >= 0) return stream;  // the log stays where it is
  const int number = machine.part<GuestFiles>().open(path, flags_of(mode), 0600);
  if (number < 0 || !all.reattach(stream, number, mode)) return 0;
  return stream;
}
std::uint64_t tmpfile_(GuestMachine& machine) {
  GuestFiles& files = machine.part<GuestFiles>();
  const int number = files.open_temporary();
  if (number < 0) return 0;
  const std::uint64_t out = streams(machine).attach(number, "w+");
  if (out == 0) files.close(number);
  return out;
}
// Streams of the guest's own functions, other programs: there are none.
std::uint64_t no_stream(GuestMachine& machine) {
  machine.events.lookup({GuestLookup::What::kSetting, "funopen", false, ""});
  errno = ENOSYS;
  return 0;
}
std::uint64_t popen_(GuestMachine& machine, const char* command, const char*) {
  machine.events.lookup({GuestLookup::What::kSetting, std::string("popen ") + command, false,
                         "no other program runs"});
  errno = ENOENT;
  return 0;
}
int pclose_(GuestMachine&, std::uint64_t) {
  errno = ECHILD;
  return -1;
}
std::uint64_t fgets_chk(GuestMachine& machine, char* to, int room, std::uint64_t stream,
                        std::uint64_t object) {
  if (room < 0 || static_cast<std::uint64_t>(room) > object) {
    machine.raise(GuestFault::Kind::kAbort, "fgets: the buffer is too small");
    return 0;
  }
  return fgets_(machine, to, room, stream);
}
std::uint64_t fread_chk(GuestMachine& machine, void* to, std::uint64_t size, std::uint64_t count,
                        std::uint64_t stream, std::uint64_t object) {
  std::uint64_t bytes = 0;
  if (__builtin_mul_overflow(size, count, &bytes) || bytes > object) {
    machine.raise(GuestFault::Kind::kAbort, "fread: the buffer is too small");
    return 0;
  }
  return fread_(machine, to, size, count, stream);
}
// A line, into a block of the guest's that grows.
std::int64_t getdelim_(GuestMachine& machine, std::uint64_t* block, std::uint64_t* room, int end,
                       std::uint64_t stream) {
  if (block == nullptr || room == nullptr) {
    errno = EINVAL;
    return -1;
  }
  std::FILE* const file = streams(machine).find(stream);
  if (file == nullptr) return -1;
  std::string line;
  int c = 0;
  while (line.size() < kMaxLine && (c = std::fgetc(file)) != EOF) {
    line += static_cast<char>(c);
    if (c == end) break;
  }
  if (line.empty()) return -1;
  if (*block == 0 || *room < line.size() + 1) {
    const auto fresh = machine.heap.reallocate(*block, line.size() + 1);
    if (!fresh || *fresh == 0) {
      errno = ENOMEM;
      return -1;
    }
    *block = *fresh;
    *room = line.size() + 1;
  }
  if (!machine.arena.allows(*block, line.size() + 1, kPageWrite)) {
    errno = EFAULT;
    return -1;
  }
  std::memcpy(reinterpret_cast<void*>(*block), line.c_str(), line.size() + 1);
  return static_cast<std::int64_t>(line.size());
}
std::int64_t getline_(GuestMachine& machine, std::uint64_t* block, std::uint64_t* room,
                      std::uint64_t stream) {
  return getdelim_(machine, block, room, '\n', stream);
}
int fgetpos_(GuestMachine& machine, std::uint64_t stream, std::int64_t* to) {
  const std::int64_t at = ftell_(machine, stream);
  if (at < 0) return -1;
  *to = at;
  return 0;
}
int fsetpos_(GuestMachine& machine, std::uint64_t stream, const std::int64_t* from) {
  return fseek_(machine, stream, *from, SEEK_SET);
}
int getchar_() { return EOF; }
int trylock_stream(std::uint64_t) { return 0; }
int fprintf_chk(GuestMachine& machine, std::uint64_t stream, int, const char* format,
                CallArguments& rest) {
  return print(machine, stream, format, rest, rest);
}
int vfprintf_chk(GuestMachine& machine, std::uint64_t stream, int, const char* format,
                 std::uint64_t list, CallArguments& rest) {
  return vfprintf_(machine, stream, format, list, rest);
}
int dprintf_(GuestMachine& machine, int number, const char* format, CallArguments& rest) {
  const std::string text = format_text(rest.frame(), format, rest, 0);
  if (number == 1 || number == 2) {
    machine.events.log(number == 1 ? 4 : 5, number == 1 ? "stdout" : "stderr", text);
    return static_cast<int>(text.size());
  }
  const auto file = machine.part<GuestFiles>().find(number);
  if (file == nullptr || !wait_ready(machine, *file, POLLOUT)) return -1;
  return static_cast<int>(write_file(*file, text.data(), text.size()));
}

// ---- wide characters, as UTF-8 in the file ----

std::uint32_t getwc_(GuestMachine& machine, std::uint64_t stream) {
  std::FILE* const file = streams(machine).find(stream);
  if (file == nullptr) return ~0U;
  Utf8State state;
  std::uint32_t point = 0;
  for (int i = 0; i < 4; ++i) {
    const int c = std::fgetc(file);
    if (c == EOF) break;
    const char byte = static_cast<char>(c);
    const std::uint64_t used = decode_utf8({&byte, 1}, state, point);
    if (used == kBadSequence) break;
    if (used != kPartSequence) return point;
  }
  if (std::feof(file) == 0) errno = EILSEQ;
  return ~0U;
}
std::uint32_t putwc_(GuestMachine& machine, std::uint32_t c, std::uint64_t stream) {
  std::array<char, 4> bytes{};
  const std::size_t size = encode_utf8(c, bytes);
  if (size == 0) {
    errno = EILSEQ;
    return ~0U;
  }
  return streams(machine).write(stream, {bytes.data(), size}) == size ? c : ~0U;
}
std::uint32_t ungetwc_(GuestMachine& machine, std::uint32_t c, std::uint64_t stream) {
  std::FILE* const file = streams(machine).find(stream);
  std::array<char, 4> bytes{};
  const std::size_t size = encode_utf8(c, bytes);
  if (file == nullptr || size == 0) return ~0U;
  for (std::size_t i = size; i-- > 0;) {
    if (std::ungetc(static_cast<std::uint8_t>(bytes[i]), file) == EOF) return ~0U;
  }
  return c;
}
int fputws_(GuestMachine& machine, const wchar_t* text, std::uint64_t stream) {
  for (; *text != L'\0'; ++text) {
    if (putwc_(machine, static_cast<std::uint32_t>(*text), stream) == ~0U) return -1;
  }
  return 0;
}
int fwide_(std::uint64_t, int mode) { return mode; }

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
  table.add("freopen", &freopen_);
  table.add("tmpfile", &tmpfile_);
  for (const char* name : {"funopen", "fopencookie", "open_memstream", "fmemopen"})
    table.add(name, &no_stream);
  table.add("popen", &popen_);
  table.add("pclose", &pclose_);
  table.add("__fgets_chk", &fgets_chk);
  table.add("__fread_chk", &fread_chk);
  table.add("getdelim", &getdelim_);
  table.alias("__getdelim", "getdelim");
  table.add("getline", &getline_);
  table.add("fgetpos", &fgetpos_);
  table.add("fsetpos", &fsetpos_);
  table.add("getchar", &getchar_);
  table.alias("getchar_unlocked", "getchar");
  for (const char* name : {"getc", "putc", "fread", "fwrite", "fgets", "fputs", "feof", "ferror",
                           "fileno", "fflush", "clearerr", "putchar"})
    table.alias(std::string(name) + "_unlocked", name);
  table.add("ftrylockfile", &trylock_stream);
  table.add("__fprintf_chk", &fprintf_chk);
  table.add("__vfprintf_chk", &vfprintf_chk);
  table.add("dprintf", &dprintf_);
  table.add("getwc", &getwc_);
  table.alias("fgetwc", "getwc");
  table.add("putwc", &putwc_);
  table.alias("fputwc", "putwc");
  table.add("ungetwc", &ungetwc_);
  table.add("fputws", &fputws_);
  table.add("fwide", &fwide_);
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
