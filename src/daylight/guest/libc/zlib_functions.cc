// SPDX-License-Identifier: Apache-2.0
// libz: streams of the guest stand for streams of this machine, which it cannot forge.
// z_stream has the same layout here and on 64-bit Android; its buffers are the guest's, at the same
// addresses, and are checked before they are used.
#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "daylight/guest/libc/guest_files.h"
#include "daylight/guest/libc/guest_path.h"
#include "daylight/guest/libc/system_functions.h"

namespace dl::guest {
namespace {

static_assert(sizeof(z_stream) == 112);
constexpr std::size_t kMaxZipStreams = 4'096;

struct ZipStream {
  z_stream host{};
  bool deflates = false;
  std::uint64_t token = 0;  // what the guest's `state` holds
  std::mutex mutex;         // guards what follows; by EscapeLock
  bool broken = false;      // a call was left in its middle
  ~ZipStream() {
    if (deflates) {
      deflateEnd(&host);
    } else {
      inflateEnd(&host);
    }
  }
};

class ZipStreams {
 public:
  explicit ZipStreams(GuestMachine&) {}
  std::mutex mutex;
  std::unordered_map<std::uint64_t, std::shared_ptr<ZipStream>> streams;  // by the guest's address
  std::uint64_t next_token = 0x1000;
};

bool usable(GuestMachine& machine, std::uint64_t at, std::uint64_t size, std::uint8_t access) {
  if (machine.arena.allows(at, size, access)) return true;
  machine.raise(GuestFault::Kind::kMemory, "libz is given memory that may not be used so");
  return false;
}

std::shared_ptr<ZipStream> find(GuestMachine& machine, std::uint64_t address, bool deflates) {
  const auto bytes = machine.arena.bytes(address, sizeof(z_stream));
  if (!bytes) return nullptr;
  z_stream guest{};
  std::memcpy(&guest, bytes->data(), sizeof(guest));
  ZipStreams& all = machine.part<ZipStreams>();
  const std::scoped_lock lock(all.mutex);
  const auto found = all.streams.find(address);
  if (found == all.streams.end() || found->second->deflates != deflates ||
      found->second->token != reinterpret_cast<std::uint64_t>(guest.state))
    return nullptr;
  return found->second;
}

// What both sides know: buffers and counts in, the same and the message and checksum out.
bool take_in(GuestMachine& machine, std::uint64_t address, z_stream& host) {
  if (!usable(machine, address, sizeof(z_stream), kPageRead | kPageWrite)) return false;
  z_stream guest{};
  std::memcpy(&guest, reinterpret_cast<const void*>(address), sizeof(guest));
  host.next_in = guest.next_in;
  host.avail_in = guest.avail_in;
  host.next_out = guest.next_out;
  host.avail_out = guest.avail_out;
  return usable(machine, reinterpret_cast<std::uint64_t>(host.next_in), host.avail_in, kPageRead) &&
         usable(machine, reinterpret_cast<std::uint64_t>(host.next_out), host.avail_out,
                kPageWrite);
}
void give_out(GuestMachine& machine, std::uint64_t address, const z_stream& host) {
  if (!usable(machine, address, sizeof(z_stream), kPageRead | kPageWrite)) return;
  z_stream guest{};
  std::memcpy(&guest, reinterpret_cast<const void*>(address), sizeof(guest));
  guest.next_in = host.next_in;
  guest.avail_in = host.avail_in;
  guest.total_in = host.total_in;
  guest.next_out = host.next_out;
  guest.avail_out = host.avail_out;
  guest.total_out = host.total_out;
  guest.msg =
      host.msg == nullptr ? nullptr : reinterpret_cast<char*>(machine.constant_text(host.msg));
  guest.data_type = host.data_type;
  guest.adler = host.adler;
  std::memcpy(reinterpret_cast<void*>(address), &guest, sizeof(guest));
}

// A stream made by `make`; the guest sees only that there is one.
template <typename Make>
int begin(GuestMachine& machine, std::uint64_t address, bool deflates, Make make) {
  if (address == 0) return Z_STREAM_ERROR;
  if (!usable(machine, address, sizeof(z_stream), kPageRead | kPageWrite)) return Z_STREAM_ERROR;
  auto stream = std::make_shared<ZipStream>();
  stream->deflates = deflates;
  const int result = make(stream->host);
  if (result != Z_OK) return result;
  {
    ZipStreams& all = machine.part<ZipStreams>();
    const std::scoped_lock lock(all.mutex);
    if (all.streams.size() >= kMaxZipStreams) return Z_MEM_ERROR;
    stream->token = all.next_token++;
    all.streams.insert_or_assign(address, stream);
  }
  z_stream guest{};
  std::memcpy(&guest, reinterpret_cast<const void*>(address), sizeof(guest));
  guest.total_in = 0;
  guest.total_out = 0;
  guest.msg = nullptr;
  guest.state = reinterpret_cast<decltype(guest.state)>(stream->token);
  guest.adler = stream->host.adler;
  std::memcpy(reinterpret_cast<void*>(address), &guest, sizeof(guest));
  return Z_OK;
}
int end_stream(GuestMachine& machine, std::uint64_t address, bool deflates) {
  std::shared_ptr<ZipStream> leaving = find(machine, address, deflates);
  if (leaving == nullptr) return Z_STREAM_ERROR;
  ZipStreams& all = machine.part<ZipStreams>();
  const std::scoped_lock lock(all.mutex);
  all.streams.erase(address);
  return Z_OK;
}
// Runs `action` on the host's stream with the guest's buffers.
template <typename Action>
int run(GuestMachine& machine, std::uint64_t address, bool deflates, Action action) {
  const EscapeOwned held(find(machine, address, deflates));
  const auto& stream = *held;
  if (stream == nullptr) return Z_STREAM_ERROR;
  // Held while libz reads and writes the guest's buffers: of a stream that was left so nobody knows
  // what state it is in.
  const EscapeLock lock(stream->mutex);
  if (stream->broken || !take_in(machine, address, stream->host)) return Z_STREAM_ERROR;
  stream->broken = true;
  const int result = action(stream->host);
  stream->broken = false;
  give_out(machine, address, stream->host);
  return result;
}

bool is_version(const char* version, int size) {
  return version != nullptr && version[0] == '1' && size == static_cast<int>(sizeof(z_stream));
}

int inflate_init2(GuestMachine& machine, std::uint64_t stream, int bits, const char* version,
                  int size) {
  if (!is_version(version, size)) return Z_VERSION_ERROR;
  return begin(machine, stream, false, [&](z_stream& host) { return inflateInit2(&host, bits); });
}
int inflate_init(GuestMachine& machine, std::uint64_t stream, const char* version, int size) {
  return inflate_init2(machine, stream, MAX_WBITS, version, size);
}
int inflate_(GuestMachine& machine, std::uint64_t stream, int flush) {
  return run(machine, stream, false, [&](z_stream& host) { return ::inflate(&host, flush); });
}
int inflate_end(GuestMachine& machine, std::uint64_t stream) {
  return end_stream(machine, stream, false);
}
int inflate_reset(GuestMachine& machine, std::uint64_t stream) {
  return run(machine, stream, false, [](z_stream& host) { return ::inflateReset(&host); });
}
int inflate_reset2(GuestMachine& machine, std::uint64_t stream, int bits) {
  return run(machine, stream, false, [&](z_stream& host) { return ::inflateReset2(&host, bits); });
}
int inflate_sync(GuestMachine& machine, std::uint64_t stream) {
  return run(machine, stream, false, [](z_stream& host) { return ::inflateSync(&host); });
}
template <int (*kSet)(z_streamp, const Bytef*, uInt), bool kDeflates>
int set_dictionary(GuestMachine& machine, std::uint64_t stream, std::uint64_t bytes,
                   std::uint32_t size) {
  if (!usable(machine, bytes, size, kPageRead)) return Z_STREAM_ERROR;
  return run(machine, stream, kDeflates, [&](z_stream& host) {
    return kSet(&host, reinterpret_cast<const Bytef*>(bytes), size);
  });
}
int deflate_init2(GuestMachine& machine, std::uint64_t stream, int level, int method, int bits,
                  int memory, int strategy, const char* version, int size) {
  if (!is_version(version, size)) return Z_VERSION_ERROR;
  return begin(machine, stream, true, [&](z_stream& host) {
    return deflateInit2(&host, level, method, bits, memory, strategy);
  });
}
int deflate_init(GuestMachine& machine, std::uint64_t stream, int level, const char* version,
                 int size) {
  return deflate_init2(machine, stream, level, Z_DEFLATED, MAX_WBITS, 8, Z_DEFAULT_STRATEGY,
                       version, size);
}
int deflate_(GuestMachine& machine, std::uint64_t stream, int flush) {
  return run(machine, stream, true, [&](z_stream& host) { return ::deflate(&host, flush); });
}
int deflate_end(GuestMachine& machine, std::uint64_t stream) {
  return end_stream(machine, stream, true);
}
int deflate_reset(GuestMachine& machine, std::uint64_t stream) {
  return run(machine, stream, true, [](z_stream& host) { return ::deflateReset(&host); });
}
int deflate_params(GuestMachine& machine, std::uint64_t stream, int level, int strategy) {
  return run(machine, stream, true,
             [&](z_stream& host) { return ::deflateParams(&host, level, strategy); });
}
std::uint64_t deflate_bound(GuestMachine& machine, std::uint64_t address, std::uint64_t size) {
  const auto stream = find(machine, address, true);
  if (stream == nullptr) return ::deflateBound(nullptr, size);
  const std::scoped_lock lock(stream->mutex);
  return ::deflateBound(&stream->host, size);
}

// ---- checksums and whole buffers ----

template <uLong (*kSum)(uLong, const Bytef*, z_size_t)>
std::uint64_t checksum(GuestMachine& machine, std::uint64_t sum, std::uint64_t bytes,
                       std::uint64_t size) {
  if (bytes == 0) return kSum(0, nullptr, 0);
  if (!usable(machine, bytes, size, kPageRead)) return sum;
  return kSum(sum, reinterpret_cast<const Bytef*>(bytes), size);
}
// uInt sizes: the upper half of the register is not the caller's.
template <uLong (*kSum)(uLong, const Bytef*, z_size_t)>
std::uint64_t checksum32(GuestMachine& machine, std::uint64_t sum, std::uint64_t bytes,
                         std::uint32_t size) {
  return checksum<kSum>(machine, sum, bytes, size);
}
std::uint64_t crc32_combine_(std::uint64_t a, std::uint64_t b, std::int64_t size) {
  return ::crc32_combine(a, b, size);
}
std::uint64_t adler32_combine_(std::uint64_t a, std::uint64_t b, std::int64_t size) {
  return ::adler32_combine(a, b, size);
}
int compress_at(GuestMachine& machine, std::uint64_t to, std::uint64_t* room, std::uint64_t from,
                std::uint64_t size, int level) {
  if (room == nullptr || !usable(machine, from, size, kPageRead) ||
      !usable(machine, to, *room, kPageWrite))
    return Z_STREAM_ERROR;
  uLongf made = *room;
  const int result = ::compress2(reinterpret_cast<Bytef*>(to), &made,
                                 reinterpret_cast<const Bytef*>(from), size, level);
  *room = made;
  return result;
}
int compress_(GuestMachine& machine, std::uint64_t to, std::uint64_t* room, std::uint64_t from,
              std::uint64_t size) {
  return compress_at(machine, to, room, from, size, Z_DEFAULT_COMPRESSION);
}
std::uint64_t compress_bound(std::uint64_t size) { return ::compressBound(size); }
int uncompress_(GuestMachine& machine, std::uint64_t to, std::uint64_t* room, std::uint64_t from,
                std::uint64_t size) {
  if (room == nullptr || !usable(machine, from, size, kPageRead) ||
      !usable(machine, to, *room, kPageWrite))
    return Z_STREAM_ERROR;
  uLongf made = *room;
  const int result =
      ::uncompress(reinterpret_cast<Bytef*>(to), &made, reinterpret_cast<const Bytef*>(from), size);
  *room = made;
  return result;
}
std::uint64_t library_version(GuestMachine& machine) { return machine.constant_text("1.2.11"); }
std::uint64_t z_error(GuestMachine& machine, int code) {
  return machine.constant_text(code >= -6 && code <= 2 ? ::zError(code) : "");
}
std::uint64_t zlib_flags() { return 0xa9; }  // uInt and the like are 4 bytes, uLong and pointers 8

// ---- gz files ----

class GzFiles {
 public:
  explicit GzFiles(GuestMachine&) {}
  ~GzFiles() {
    for (const auto& [address, file] : files) ::gzclose(file);
  }
  std::mutex mutex;
  std::unordered_map<std::uint64_t, gzFile> files;
  std::unordered_map<std::uint64_t, std::shared_ptr<OpenFile>> guest_files;
};
// Whether so many bytes may be written: they count as they are, for zlib writes by itself.
bool may_write(GuestMachine& machine, std::uint64_t address, std::uint64_t size) {
  std::shared_ptr<OpenFile> file;
  {
    GzFiles& all = machine.part<GzFiles>();
    const std::scoped_lock lock(all.mutex);
    const auto found = all.guest_files.find(address);
    if (found != all.guest_files.end()) file = found->second;
  }
  return file == nullptr || may_grow(*file, size);
}
gzFile gz(GuestMachine& machine, std::uint64_t address) {
  GzFiles& all = machine.part<GzFiles>();
  const std::scoped_lock lock(all.mutex);
  const auto found = all.files.find(address);
  return found == all.files.end() ? nullptr : found->second;
}
std::uint64_t gz_attach(GuestMachine& machine, int number, const char* mode) {
  auto guest_file = machine.part<GuestFiles>().find(number);
  const int copy = guest_file == nullptr || guest_file->host < 0 ? -1 : ::dup(guest_file->host);
  const gzFile file = copy < 0 ? nullptr : ::gzdopen(copy, mode);
  if (file == nullptr) {
    if (copy >= 0) ::close(copy);
    return 0;
  }
  const std::uint64_t address = machine.heap.allocate(32, 16, true);
  GzFiles& all = machine.part<GzFiles>();
  const std::scoped_lock lock(all.mutex);
  if (address == 0 || all.files.size() >= kMaxZipStreams) {
    ::gzclose(file);
    return 0;
  }
  all.files.emplace(address, file);
  all.guest_files.emplace(address, std::move(guest_file));
  return address;
}
std::uint64_t gzopen_(GuestMachine& machine, GuestPath path, const char* mode) {
  const std::string_view how = mode;
  int flags = O_RDONLY;
  if (how.find('w') != std::string_view::npos) flags = O_WRONLY | O_CREAT | O_TRUNC;
  if (how.find('a') != std::string_view::npos) flags = O_WRONLY | O_CREAT | O_APPEND;
  GuestFiles& files = machine.part<GuestFiles>();
  const int number = files.open(path, flags, 0600);
  if (number < 0) return 0;
  const std::uint64_t out = gz_attach(machine, number, mode);
  files.close(number);
  return out;
}
int gzclose_(GuestMachine& machine, std::uint64_t address) {
  gzFile file = nullptr;
  {
    GzFiles& all = machine.part<GzFiles>();
    const std::scoped_lock lock(all.mutex);
    const auto found = all.files.find(address);
    if (found == all.files.end()) return Z_STREAM_ERROR;
    file = found->second;
    all.files.erase(found);
    all.guest_files.erase(address);
  }
  machine.heap.release(address);
  return ::gzclose(file);
}
int gzread_(GuestMachine& machine, std::uint64_t address, std::uint64_t to, std::uint32_t size) {
  const gzFile file = gz(machine, address);
  if (file == nullptr || !usable(machine, to, size, kPageWrite)) return -1;
  return ::gzread(file, reinterpret_cast<void*>(to), size);
}
int gzwrite_(GuestMachine& machine, std::uint64_t address, std::uint64_t from, std::uint32_t size) {
  const gzFile file = gz(machine, address);
  if (file == nullptr || !usable(machine, from, size, kPageRead) ||
      !may_write(machine, address, size))
    return 0;
  return ::gzwrite(file, reinterpret_cast<const void*>(from), size);
}
int gzputs_(GuestMachine& machine, std::uint64_t address, const char* text) {
  const gzFile file = gz(machine, address);
  if (file == nullptr || !may_write(machine, address, std::strlen(text))) return -1;
  return ::gzputs(file, text);
}
std::uint64_t gzgets_(GuestMachine& machine, std::uint64_t address, std::uint64_t to, int room) {
  const gzFile file = gz(machine, address);
  if (file == nullptr || room <= 0 ||
      !usable(machine, to, static_cast<std::uint64_t>(room), kPageWrite))
    return 0;
  return ::gzgets(file, reinterpret_cast<char*>(to), room) == nullptr ? 0 : to;
}
int gzgetc_(GuestMachine& machine, std::uint64_t address) {
  const gzFile file = gz(machine, address);
  std::uint8_t byte = 0;
  return file != nullptr && ::gzread(file, &byte, 1) == 1 ? byte : -1;
}
int gzputc_(GuestMachine& machine, std::uint64_t address, int c) {
  const gzFile file = gz(machine, address);
  return file == nullptr || !may_write(machine, address, 1) ? -1 : ::gzputc(file, c);
}
template <int (*kAction)(gzFile)>
int gz_action(GuestMachine& machine, std::uint64_t address) {
  const gzFile file = gz(machine, address);
  return file == nullptr ? -1 : kAction(file);
}
int gzflush_(GuestMachine& machine, std::uint64_t address, int how) {
  const gzFile file = gz(machine, address);
  return file == nullptr ? Z_STREAM_ERROR : ::gzflush(file, how);
}
std::int64_t gzseek_(GuestMachine& machine, std::uint64_t address, std::int64_t offset,
                     int whence) {
  const gzFile file = gz(machine, address);
  return file == nullptr ? -1 : ::gzseek(file, offset, whence);
}
std::int64_t gztell_(GuestMachine& machine, std::uint64_t address) {
  const gzFile file = gz(machine, address);
  return file == nullptr ? -1 : ::gztell(file);
}

}  // namespace

void add_zlib_functions(FunctionTable& table) {
  table.add("inflateInit_", &inflate_init);
  table.add("inflateInit2_", &inflate_init2);
  table.add("inflate", &inflate_);
  table.add("inflateEnd", &inflate_end);
  table.add("inflateReset", &inflate_reset);
  table.add("inflateReset2", &inflate_reset2);
  table.add("inflateSync", &inflate_sync);
  table.add("inflateSetDictionary", &set_dictionary<::inflateSetDictionary, false>);
  table.add("deflateSetDictionary", &set_dictionary<::deflateSetDictionary, true>);
  table.add("deflateInit_", &deflate_init);
  table.add("deflateInit2_", &deflate_init2);
  table.add("deflate", &deflate_);
  table.add("deflateEnd", &deflate_end);
  table.add("deflateReset", &deflate_reset);
  table.add("deflateParams", &deflate_params);
  table.add("deflateBound", &deflate_bound);
  table.add("crc32", &checksum32<::crc32_z>);
  table.add("crc32_z", &checksum<::crc32_z>);
  table.add("adler32", &checksum32<::adler32_z>);
  table.add("adler32_z", &checksum<::adler32_z>);
  table.add("crc32_combine", &crc32_combine_);
  table.add("adler32_combine", &adler32_combine_);
  table.add("compress", &compress_);
  table.add("compress2", &compress_at);
  table.add("compressBound", &compress_bound);
  table.add("uncompress", &uncompress_);
  table.add("zlibVersion", &library_version);
  table.add("zError", &z_error);
  table.add("zlibCompileFlags", &zlib_flags);
  table.add("gzopen", &gzopen_);
  table.alias("gzopen64", "gzopen");
  table.add("gzdopen", &gz_attach);
  table.add("gzclose", &gzclose_);
  for (const char* name : {"gzclose_r", "gzclose_w"}) table.alias(name, "gzclose");
  table.add("gzread", &gzread_);
  table.add("gzwrite", &gzwrite_);
  table.add("gzputs", &gzputs_);
  table.add("gzgets", &gzgets_);
  table.add("gzgetc", &gzgetc_);
  table.add("gzputc", &gzputc_);
  table.add("gzeof", &gz_action<::gzeof>);
  table.add("gzrewind", &gz_action<::gzrewind>);
  table.add("gzdirect", &gz_action<::gzdirect>);
  table.add("gzflush", &gzflush_);
  table.add("gzseek", &gzseek_);
  table.add("gztell", &gztell_);
}

}  // namespace dl::guest
