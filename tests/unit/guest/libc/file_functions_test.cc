// SPDX-License-Identifier: Apache-2.0
// Files, folders, pipes and waiting: what a guest may see, and nothing else.
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "daylight/guest/libc/guest_files.h"
#include "guest_program.h"
#include "support/shared_data.h"

namespace dl::guest {
namespace {

constexpr const char* kDeclarations = R"(
int open(const char*, int, ...); int close(int); ssize_t read(int, void*, size_t); ssize_t write(int, const void*, size_t);
long lseek(int, long, int); int* __errno(); char* strcpy(char*, const char*); int strcmp(const char*, const char*);
int snprintf(char*, size_t, const char*, ...); size_t strlen(const char*); char* strcat(char*, const char*);
)";

struct MountedFolder {
  explicit MountedFolder(testing::GuestProgram& program) {
    std::filesystem::create_directory(folder.path() / "sub");
    std::ofstream(folder.path() / "b.txt") << "second";
    std::ofstream(folder.path() / "a.txt") << "first line\nsecond line\n42 3.5 word\n";
    std::filesystem::create_symlink("/etc", folder.path() / "out");
    std::filesystem::create_symlink("/etc/hostname", folder.path() / "host");
    const auto budget = std::make_shared<ChangeBudget>();
    GuestFiles& files = program.guest->machine().part<GuestFiles>();
    files.mount("/data/app",
                std::make_shared<OverlayTree>("app", folder.path().string(),
                                              (changes.path() / "files/app").string(), budget));
    files.mount("/ro",
                std::make_shared<OverlayTree>("ro", (folder.path() / "sub").string(), "", budget));
  }
  dl::testing::TemporaryFolder folder;
  dl::testing::TemporaryFolder changes;
};

TEST(GuestFilesTest, ListsAndChangesItsFolders) {
  DAYLIGHT_GUEST_PROGRAM(program, std::string(kDeclarations) + R"(
struct dirent { unsigned long ino; long off; unsigned short len; unsigned char type; char name[256]; };
void* opendir(const char*); dirent* readdir(void*); int closedir(void*); void rewinddir(void*);
int scandir(const char*, dirent***, int (*)(const dirent*), int (*)(const dirent**, const dirent**));
int alphasort(const dirent**, const dirent**);
int mkdir(const char*, unsigned); int rmdir(const char*); int rename(const char*, const char*); int unlink(const char*);
int symlink(const char*, const char*); int mkstemp(char*); char* realpath(const char*, char*); int chdir(const char*);
struct stat { unsigned long dev, ino; unsigned mode, links, uid, gid; unsigned long rdev, pad; long size; long rest[20]; };
int stat(const char*, stat*); int access(const char*, int);
static char out[4096];
const char* list(const char* path) {
  out[0] = 0;
  void* d = opendir(path);
  if (!d) { snprintf(out, 100, "errno %d", *__errno()); return out; }
  for (int round = 0; round < 2; ++round) {
    while (dirent* e = readdir(d)) { strcat(out, e->name); strcat(out, e->type == 4 ? "/ " : " "); }
    rewinddir(d);
  }
  closedir(d);
  return out;
}
static int has_dot(const dirent* e) { return e->name[0] != '.' && e->name[1] == '.'; }
static int backwards(const dirent** a, const dirent** b) { return -alphasort(a, b); }
const char* scan() { dirent** l; int n = scandir("/data/app", &l, has_dot, backwards);
  snprintf(out, 100, "%d %s %s", n, l[0]->name, l[1]->name); return out; }
int escape(const char* path) { int fd = open(path, 0); int e = fd < 0 ? *__errno() : 0; if (fd >= 0) close(fd); return e; }
long size_of(const char* path) { struct stat s = {}; return stat(path, &s) == 0 ? s.size : -*__errno(); }
int change() {
  if (mkdir("/data/app/new", 0755)) return 1;
  int fd = open("/data/app/new/x", 0101, 0600); if (fd < 0) return 2;
  if (write(fd, "hello", 5) != 5) return 3;
  close(fd);
  if (rename("/data/app/new/x", "/data/app/new/y")) return 4;
  if (size_of("/data/app/new/y") != 5) return 5;
  if (chdir("/data/app/new")) return 6;
  if (size_of("y") != 5 || size_of("../new/./y") != 5) return 7;
  char name[32]; strcpy(name, "/data/app/new/tXXXXXX");
  fd = mkstemp(name); if (fd < 0 || strcmp(name, "/data/app/new/tXXXXXX") == 0) return 8;
  close(fd);
  if (unlink(name) || unlink("y")) return 9;
  chdir("/");
  if (rmdir("/data/app/new")) return 10;
  if (symlink("/etc", "/data/app/link") == 0 || *__errno() != 1) return 11;
  if (mkdir("/ro/x", 0755) == 0 || *__errno() != 30) return 12;
  if (open("/ro/x", 0101, 0600) >= 0 || *__errno() != 30) return 13;
  if (mkdir("/etc/x", 0755) == 0) return 14;
  return 0;
}
const char* real(const char* path) { char* r = realpath(path, 0); return r ? r : "none"; }
)");
  const MountedFolder mounted(*program);
  EXPECT_EQ(program->text("list", {program->put("/data/app")}),
            "./ ../ a.txt b.txt host out sub/ ./ ../ a.txt b.txt host out sub/ ");
  EXPECT_EQ(program->text("list", {program->put("/sys/devices/system/cpu/cpu0")}),
            "./ ../ cpufreq/ topology/ ./ ../ cpufreq/ topology/ ");
  EXPECT_EQ(program->text("list", {program->put("/etc")}), "errno 2");
  EXPECT_EQ(program->text("list", {program->put("/data/app/a.txt")}), "errno 20");
  EXPECT_EQ(program->text("scan"), "2 b.txt a.txt");
  // Neither links in the folder nor dots lead out.
  EXPECT_EQ(program->number("escape", {program->put("/data/app/host")}), ELOOP);
  EXPECT_EQ(program->number("escape", {program->put("/data/app/out/passwd")}), ENOTDIR);
  EXPECT_EQ(program->number("escape", {program->put("/data/app/../../etc/passwd")}), ENOENT);
  EXPECT_EQ(program->number("escape", {program->put("/proc/self/environ")}), ENOENT);
  EXPECT_EQ(program->number("escape", {program->put("")}), ENOENT);
  EXPECT_EQ(program->number("size_of", {program->put("/data/app/b.txt")}), 6);
  EXPECT_GT(program->number("size_of", {program->put("/proc/cpuinfo")}), 50);
  EXPECT_EQ(program->number("change"), 0);
  EXPECT_EQ(program->text("real", {program->put("/data/app/sub/../b.txt")}), "/data/app/b.txt");
  EXPECT_EQ(program->text("real", {program->put("/proc/self/exe")}), "/system/bin/app_process64");
  EXPECT_EQ(program->call("list", {0x10}).error().kind, GuestFault::Kind::kArgument);
}

TEST(GuestFilesTest, ReadsStreams) {
  DAYLIGHT_GUEST_PROGRAM(program, std::string(kDeclarations) + R"(
void* fopen(const char*, const char*); int fclose(void*); char* fgets(char*, int, void*); int fscanf(void*, const char*, ...);
long getline(char**, size_t*, void*); int fseek(void*, long, int); long ftell(void*); size_t fread(void*, size_t, size_t, void*);
int fprintf(void*, const char*, ...); unsigned getwc(void*); void* tmpfile(); void rewind(void*); void free(void*);
char* __fgets_chk(char*, int, void*, size_t);
static char out[4096];
const char* second(const char* path) { void* f = fopen(path, "r"); if (!f) return "none"; fgets(out, 100, f); fgets(out, 100, f); fclose(f); return out; }
const char* scanned() { void* f = fopen("/data/app/a.txt", "r"); int n = 0; double d = 0; char w[16]; char* l = 0; size_t room = 0;
  getline(&l, &room, f); long size = getline(&l, &room, f); int got = fscanf(f, "%d %lf %15s", &n, &d, w);
  snprintf(out, 100, "%d %d %.1f %s %ld", got, n, d, w, size); free(l); fclose(f); return out; }
long at_end(const char* path) { void* f = fopen(path, "rb"); fseek(f, 0, 2); long n = ftell(f); fclose(f); return n; }
long back() { void* f = tmpfile(); if (!f) return -1; fprintf(f, "%s", "\xc3\xa4x"); rewind(f); long c = getwc(f); fclose(f); return c; }
long overfull() { void* f = fopen("/data/app/a.txt", "r"); return (long)__fgets_chk(out, 100, f, 10); }
long bad_read() { void* f = fopen("/data/app/a.txt", "r"); return (long)fread((void*)0x1000, 1, 100, f); }
)");
  const MountedFolder mounted(*program);
  EXPECT_EQ(program->text("second", {program->put("/data/app/a.txt")}), "second line\n");
  EXPECT_EQ(program->text("second", {program->put("/proc/cpuinfo")}), "BogoMIPS\t: 38.40\n");
  EXPECT_EQ(program->text("scanned"), "3 42 3.5 word 12");
  EXPECT_EQ(program->number("at_end", {program->put("/data/app/b.txt")}), 6);
  EXPECT_EQ(program->number("back"), 0xe4);
  EXPECT_EQ(program->call("overfull").error().kind, GuestFault::Kind::kAbort);
  EXPECT_FALSE(program->call("bad_read"));
}

TEST(GuestFilesTest, WaitsForPipesAndEvents) {
  DAYLIGHT_GUEST_PROGRAM(program, std::string(kDeclarations) + R"(
int pipe(int*); int dup(int); int dup2(int, int); int eventfd(unsigned, int); int fcntl(int, int, ...); int ioctl(int, int, ...);
struct pollfd { int fd; short events, found; }; int poll(pollfd*, unsigned long, int);
int select(int, void*, void*, void*, void*); struct timeval { long s, u; };
struct event { unsigned events; unsigned long data; };
int epoll_create1(int); int epoll_ctl(int, int, int, event*); int epoll_wait(int, event*, int, int);
struct iovec { void* base; size_t size; }; ssize_t writev(int, const iovec*, int); ssize_t readv(int, const iovec*, int);
void __FD_SET_chk(int, void*, size_t); int __FD_ISSET_chk(int, void*, size_t);
int pthread_create(unsigned long*, void*, void* (*)(void*), void*); int pthread_join(unsigned long, void**); int usleep(unsigned);
static int ends[2]; static char out[256];
static void* late(void*) { usleep(30000); write(ends[1], "late", 4); return 0; }
long blocked() { pipe(ends); unsigned long t; pthread_create(&t, 0, late, 0); long n = read(ends[0], out, 100); pthread_join(t, 0); return n; }
long polled() { pipe(ends); pollfd p[2] = {{ends[0], 1, 0}, {ends[1], 4, 0}}; int a = poll(p, 2, 10); int b = p[0].found * 10 + p[1].found;
  write(ends[1], "x", 1); poll(p, 1, -1); return a * 1000 + b * 10 + p[0].found; }
long timed() { pipe(ends); pollfd p = {ends[0], 1, 0}; return poll(&p, 1, 20); }
long closed() { pollfd p = {999, 1, 0}; poll(&p, 1, 0); return p.found; }
long selected() { pipe(ends); unsigned long set[16] = {}; __FD_SET_chk(ends[0], set, 128); write(ends[1], "x", 1); timeval t = {1, 0};
  int n = select(ends[0] + 1, set, 0, 0, &t); return n * 10 + __FD_ISSET_chk(ends[0], set, 128); }
long epolled() { pipe(ends); int s = epoll_create1(0); event e = {1, 0x1234567890}; event got[4] = {};
  if (epoll_ctl(s, 1, ends[0], &e)) return 1;
  if (epoll_wait(s, got, 4, 0) != 0) return 2;
  write(ends[1], "x", 1);
  if (epoll_wait(s, got, 4, 100) != 1 || got[0].data != 0x1234567890 || got[0].events != 1) return 3;
  if (epoll_ctl(s, 2, ends[0], 0) || epoll_wait(s, got, 4, 0) != 0) return 4;
  return 0; }
long counted() { int e = eventfd(3, 04000); unsigned long v = 0; if (read(e, &v, 8) != 8 || v != 3) return 1;
  if (read(e, &v, 8) != -1 || *__errno() != 11) return 2; return 0; }
long copied() { pipe(ends); int c = dup(ends[1]); close(ends[1]); if (write(c, "ab", 2) != 2) return 1; int left = 0; ioctl(ends[0], 0x541b, &left);
  if (left != 2) return 2; if (dup2(c, 100) != 100 || write(100, "c", 1) != 1) return 3; if ((fcntl(ends[0], 3) & 3) != 0) return 4; return 0; }
long vectors() { pipe(ends); char a[3], b[3]; iovec w[2] = {{(void*) "abc", 3}, {(void*) "de", 2}}; iovec r[2] = {{a, 2}, {b, 3}};
  if (writev(ends[1], w, 2) != 5) return 1; if (readv(ends[0], r, 2) != 5) return 2; return a[1] == 'b' && b[2] == 'e' ? 0 : 3;
}
long wrong() {
  iovec w = {(void*)0x10, 3};
  pipe(ends);
  return writev(ends[1], &w, 1) == -1 ? *__errno() : 0;
}
void beyond() {
  unsigned long set[16];
  __FD_SET_chk(2000, set, 128);
}
)");
  EXPECT_EQ(program->number("blocked"), 4);
  EXPECT_EQ(program->number("polled"), 1041);
  EXPECT_EQ(program->number("timed"), 0);
  EXPECT_EQ(program->number("closed"), 0x20);
  EXPECT_EQ(program->number("selected"), 11);
  EXPECT_EQ(program->number("epolled"), 0);
  EXPECT_EQ(program->number("counted"), 0);
  EXPECT_EQ(program->number("copied"), 0);
  EXPECT_EQ(program->number("vectors"), 0);
  EXPECT_EQ(program->number("wrong"), EFAULT);
  EXPECT_EQ(program->call("beyond").error().kind, GuestFault::Kind::kAbort);
}

}  // namespace
}  // namespace dl::guest
