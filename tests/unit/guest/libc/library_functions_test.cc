// SPDX-License-Identifier: Apache-2.0
// libz, regular expressions, sockets, the device and checked calls.
#include <gtest/gtest.h>
#include <zlib.h>

#include <cerrno>

#include "guest_program.h"

namespace dl::guest {
namespace {

TEST(GuestLibraries, CompressAsTheHostDoes) {
  DAYLIGHT_GUEST_PROGRAM(program, R"(
struct z { const unsigned char* next_in; unsigned avail_in; unsigned long total_in; unsigned char* next_out; unsigned avail_out;
  unsigned long total_out; const char* msg; void* state; void* zalloc; void* zfree; void* opaque; int data_type; unsigned long adler, reserved; };
int deflateInit_(z*, int, const char*, int); int deflate(z*, int); int deflateEnd(z*); int inflateInit_(z*, const char*, int); int inflateInit2_(z*, int, const char*, int);
int inflate(z*, int); int inflateEnd(z*); unsigned long crc32(unsigned long, const void*, unsigned); unsigned long adler32(unsigned long, const void*, unsigned);
int compress(void*, unsigned long*, const void*, unsigned long); int uncompress(void*, unsigned long*, const void*, unsigned long); unsigned long compressBound(unsigned long);
static unsigned char text[5000], packed[8000], back[5000];
void* packed_at() { for (int i = 0; i < 5000; ++i) text[i] = (unsigned char)((i * i) % 61); return packed; }
long pack() { z s = {}; if (sizeof(z) != 112 || deflateInit_(&s, 6, "1.2.11", sizeof(z))) return -1; s.next_in = text; s.avail_in = 5000; s.next_out = packed; 
  int r = 0; while (r == 0) { s.avail_out = 100; r = deflate(&s, 4); } if (r != 1) return -2; long n = (long)s.total_out; return deflateEnd(&s) ? -3 : n; }
long unpack(long size) { z s = {}; if (inflateInit_(&s, "1.2.11", sizeof(z))) return -1; s.next_in = packed; s.next_out = back; s.avail_out = 5000;
  int r = 0; while (r == 0 && (long)s.total_in < size) { s.avail_in = 50; r = inflate(&s, 0); } if (r != 1) return -2;
  for (int i = 0; i < 5000; ++i) if (text[i] != back[i]) return -3; inflateEnd(&s); return (long)s.total_out; }
long broken() { z s = {}; inflateInit_(&s, "1.2.11", sizeof(z)); packed[0] = 0xff; s.next_in = packed; s.avail_in = 100; s.next_out = back; s.avail_out = 100; int r = inflate(&s, 0); return r * 10 + (s.msg != 0); }
long forged() { z s = {}; s.state = (void*)0x123456; s.next_in = text; s.avail_in = 5; s.next_out = back; s.avail_out = 5; return inflate(&s, 0); }
void outside() { z s = {}; inflateInit_(&s, "1.2.11", sizeof(z)); s.next_in = (unsigned char*)0x1000; s.avail_in = 100; s.next_out = back; s.avail_out = 100; inflate(&s, 0); }
long sums() { return (long)(crc32(0, text, 5000) ^ adler32(1, text, 5000) << 8); }
long whole() { unsigned long n = 8000, m = 5000; if (compress(packed, &n, text, 5000)) return -1; if (uncompress(back, &m, packed, n)) return -2; return (long)n; }
)");
  std::vector<std::uint8_t> text(5000);
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<std::uint8_t>((i * i) % 61);
  std::vector<std::uint8_t> packed(8000);
  uLongf size = packed.size();
  ASSERT_EQ(::compress2(packed.data(), &size, text.data(), text.size(), 6), Z_OK);
  const std::uint64_t at = static_cast<std::uint64_t>(program->number("packed_at"));
  ASSERT_EQ(program->number("pack"), static_cast<std::int64_t>(size)) << program->last_fault;
  const auto bytes = program->guest->arena().bytes(at, size);
  ASSERT_TRUE(bytes);
  EXPECT_TRUE(std::equal(bytes->begin(), bytes->end(), packed.begin()));
  EXPECT_EQ(program->number("unpack", {size}), 5000);
  EXPECT_EQ(program->number("whole"), static_cast<std::int64_t>(size));
  EXPECT_EQ(
      program->number("sums"),
      static_cast<std::int64_t>(crc32(0, text.data(), 5000) ^ adler32(1, text.data(), 5000) << 8U));
  EXPECT_EQ(program->number("broken"), -29);
  EXPECT_EQ(program->number("forged"), Z_STREAM_ERROR);
  EXPECT_EQ(program->call("outside").error().kind, GuestFault::Kind::kMemory);
}

TEST(GuestLibraries, MatchPatterns) {
  DAYLIGHT_GUEST_PROGRAM(program, R"~(
struct regex { int magic; size_t groups; const char* end; void* own; }; struct match { long begin, end; };
int regcomp(regex*, const char*, int); int regexec(const regex*, const char*, size_t, match*, int); void regfree(regex*); size_t regerror(int, const regex*, char*, size_t);
int fnmatch(const char*, const char*, int);
static match m[4];
long found() { regex r; if (regcomp(&r, "([a-z]+)=([0-9]+)", 1)) return -1;
  if (regexec(&r, "x key=123;", 4, m, 0)) return -2;
  long out = m[1].begin * 1000000 + m[1].end * 10000 + m[2].begin * 100 + m[2].end;
  if (m[3].begin != -1 || r.groups != 2) return -3;
  regfree(&r);
  return out;
}
long absent() {
  regex r;
  regcomp(&r, "^a", 1);
  return regexec(&r, "ba", 0, 0, 0);
}
long wrong() {
  regex r;
  return regcomp(&r, "(", 1) != 0;
}
long huge() {
  regex r;
  return regcomp(&r, "((((a{1,200}){1,200}){1,200}){1,200})", 1) != 0;
}
long forged() {
  regex r = {0xf265, 1, 0, (void*)0x1234};
  return regexec(&r, "a", 0, 0, 0) != 0;
}
long names() {
  return (fnmatch("*.txt", "a.txt", 0) == 0) + 10 * (fnmatch("*", "a/b", 2) != 0) +
         100 * (fnmatch("*", ".x", 4) != 0);
}
)~");
  EXPECT_EQ(program->number("found"), 2'050'609) << program->last_fault;
  EXPECT_EQ(program->number("absent"), 1);
  EXPECT_EQ(program->number("wrong"), 1);
  EXPECT_EQ(program->number("huge"), 1);
  EXPECT_EQ(program->number("forged"), 1);
  EXPECT_EQ(program->number("names"), 111);
}

TEST(GuestLibraries, HaveNoNetwork) {
  DAYLIGHT_GUEST_PROGRAM(program, R"(
int socket(int, int, int); int connect(int, const void*, unsigned); int close(int); int* __errno(); int socketpair(int, int, int, int*);
ssize_t send(int, const void*, size_t, int); ssize_t recv(int, void*, size_t, int); int getaddrinfo(const char*, const char*, const void*, void**);
const char* gai_strerror(int); int inet_pton(int, const char*, void*); const char* inet_ntop(int, const void*, char*, unsigned); const char* inet_ntoa(unsigned);
int setsockopt(int, int, int, const void*, unsigned); int fork(); int system(const char*);
long out() { int s = socket(2, 1, 0); unsigned char a[16] = {2, 0, 0, 80, 8, 8, 8, 8}; int r = connect(s, a, 16); int e = *__errno(); close(s); return s < 0 ? -1 : r == 0 ? -2 : e; }
long near() { int s = socket(2, 1, 0); unsigned char a[16] = {2, 0, 0, 80, 127, 0, 0, 1}; connect(s, a, 16); return *__errno(); }
long pair() { int p[2]; if (socketpair(1, 1, 0, p)) return -1; if (send(p[0], "hello", 5, 0) != 5) return -2; char b[9]; long n = recv(p[1], b, 9, 0); return n * 1000 + b[4]; }
long name() { void* r = (void*)1; return getaddrinfo("example.com", "80", 0, &r) * 10 + (r == 0); }
const char* why() { return gai_strerror(7); }
const char* six() { static char t[64]; unsigned char a[16]; if (inet_pton(10, "2001:db8::1", a) != 1) return "no"; return inet_ntop(10, a, t, 64); }
const char* four() { return inet_ntoa(0x0100007f); }
long alone() { return (fork() == -1) + 10 * (system("ls") != 0); }
)");
  EXPECT_EQ(program->number("out"), ENETUNREACH) << program->last_fault;
  EXPECT_TRUE(program->events.saw("connect 8.8.8.8"));
  EXPECT_EQ(program->number("near"), ECONNREFUSED);
  EXPECT_EQ(program->number("pair"), 5000 + 'o');
  EXPECT_EQ(program->number("name"), 71);
  EXPECT_TRUE(program->events.saw("getaddrinfo example.com"));
  EXPECT_EQ(program->text("why"), "No address associated with hostname");
  EXPECT_EQ(program->text("six"), "2001:db8::1");
  EXPECT_EQ(program->text("four"), "127.0.0.1");
  EXPECT_EQ(program->number("alone"), 11);
  EXPECT_TRUE(program->events.saw("system ls"));
}

TEST(GuestLibraries, DescribeTheDevice) {
  DAYLIGHT_GUEST_PROGRAM(program, R"(
int uname(void*); int android_get_device_api_level(); int getrlimit(int, unsigned long*); struct passwd { const char* name; }; passwd* getpwuid(unsigned);
struct info { size_t w[10]; }; info mallinfo(); extern char** environ; char* strtok(char*, const char*); char* strsep(char**, const char*); char* strcpy(char*, const char*);
void* __memcpy_chk(void*, const void*, size_t, size_t); char* __strcpy_chk(char*, const char*, size_t); void* mempcpy(void*, const void*, size_t); int ffs(int);
char* asctime_r(const int*, char*); char* strptime(const char*, const char*, void*);
static char buffer[400]; static char small[4];
const char* kind() { uname(buffer); return buffer + 4 * 65; }
long level() { return android_get_device_api_level(); }
long limit() { unsigned long l[2]; return getrlimit(7, l) == 0 ? (long)l[0] : -1; }
const char* user() { return getpwuid(10123)->name; }
long heap() { return mallinfo().w[0] > 0; }
const char* first() { return environ[0]; }
long tokens() { strcpy(buffer, "a,b,,c"); long n = 0; for (char* t = strtok(buffer, ","); t; t = strtok(0, ",")) n = n * 10 + (t[0] - 'a' + 1); 
  strcpy(buffer, "a,b,,c"); char* rest = buffer; long parts = 0; while (strsep(&rest, ",")) ++parts; return n * 10 + parts; }
void too_long() { __strcpy_chk(small, "much too long", 4); }
void too_much() { __memcpy_chk(small, buffer, 10, 4); }
const char* date() { int t[14] = {}; strptime("2024-02-29 12:34:56", "%Y-%m-%d %H:%M:%S", t); return asctime_r(t, buffer); }
)");
  EXPECT_EQ(program->text("kind"), "aarch64") << program->last_fault;
  EXPECT_EQ(program->number("level"), 30);
  EXPECT_EQ(program->number("limit"), 32'768);
  EXPECT_EQ(program->text("user"), "u0_a123");
  EXPECT_EQ(program->number("heap"), 1) << program->last_fault;
  EXPECT_EQ(program->text("first"), "ANDROID_DATA=/data");
  EXPECT_EQ(program->number("tokens"), 1234);
  EXPECT_EQ(program->call("too_long").error().kind, GuestFault::Kind::kAbort);
  EXPECT_EQ(program->call("too_much").error().kind, GuestFault::Kind::kAbort);
  EXPECT_EQ(program->text("date"), "Thu Feb 29 12:34:56 2024\n");
}

}  // namespace
}  // namespace dl::guest
