// SPDX-License-Identifier: Apache-2.0
// An app's own folders and the shared storage: what is read, what is changed, and that the user's
// folders stay as they are.
#include "daylight/guest/libc/app_folders.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "daylight/guest/libc/guest_files.h"
#include "daylight/guest/libc/mapped_files.h"
#include "guest_program.h"
#include "support/shared_data.h"

namespace dl::guest {
namespace {

namespace fs = std::filesystem;

void put(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}
std::string text_of(const fs::path& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}
// Everything below a folder: names, kinds, sizes and bytes.
std::map<std::string, std::string> content_of(const fs::path& folder) {
  std::map<std::string, std::string> out;
  for (const auto& each : fs::recursive_directory_iterator(folder)) {
    const std::string name = fs::relative(each.path(), folder).string();
    if (each.is_symlink()) {
      out[name] = "link " + fs::read_symlink(each.path()).string();
    } else {
      out[name] = each.is_regular_file() ? "file " + text_of(each.path()) : "other";
    }
  }
  return out;
}

constexpr const char* kDeclarations = R"(
int open(const char*, int, ...); int close(int); ssize_t read(int, void*, size_t); ssize_t write(int, const void*, size_t);
ssize_t pwrite(int, const void*, size_t, long); int ftruncate(int, long); long lseek(int, long, int);
void* fopen(const char*, const char*); int fclose(void*); int fprintf(void*, const char*, ...); int fputs(const char*, void*);
int* __errno(); char* strcat(char*, const char*); char* strstr(const char*, const char*); int snprintf(char*, size_t, const char*, ...);
struct dirent { unsigned long ino; long off; unsigned short len; unsigned char type; char name[256]; };
void* opendir(const char*); dirent* readdir(void*); int closedir(void*);
int mkdir(const char*, unsigned); int rmdir(const char*); int rename(const char*, const char*); int unlink(const char*);
int access(const char*, int); char* realpath(const char*, char*); int chmod(const char*, unsigned);
void* mmap(void*, size_t, int, int, int, long); int munmap(void*, size_t); void* mremap(void*, size_t, size_t, int);
struct stat { unsigned long dev, ino; unsigned mode, links, uid, gid; unsigned long rdev, pad; long size; long rest[20]; };
int stat(const char*, struct stat*);
static char out[65536];
const char* list(const char* path) { out[0] = 0; void* d = opendir(path); if (!d) { snprintf(out, 100, "errno %d", *__errno()); return out; }
  while (dirent* e = readdir(d)) if (e->name[0] != '.') { strcat(out, e->name); strcat(out, e->type == 4 ? "/ " : " "); }
  closedir(d); return out; }
const char* content(const char* path) { int fd = open(path, 0); if (fd < 0) { snprintf(out, 100, "errno %d", *__errno()); return out; }
  long n = read(fd, out, 1000); close(fd); out[n < 0 ? 0 : n] = 0; return out; }
long save(const char* path, int flags, const char* text) { int fd = open(path, flags, 0644); if (fd < 0) return -*__errno();
  long n = 0; while (text[n]) ++n; long wrote = write(fd, text, n); int e = *__errno(); close(fd); return wrote < 0 ? -e : wrote; }
long append(const char* path, const char* text) { void* f = fopen(path, "a"); if (!f) return -*__errno(); fputs(text, f); fprintf(f, "%d", 7); return fclose(f); }
long remove_file(const char* p) { return unlink(p) ? -*__errno() : 0; }
long remove_folder(const char* p) { return rmdir(p) ? -*__errno() : 0; }
long make_folder(const char* p) { return mkdir(p, 0755) ? -*__errno() : 0; }
long move(const char* a, const char* b) { return rename(a, b) ? -*__errno() : 0; }
long may(const char* p, int how) { return access(p, how) ? -*__errno() : 0; }
long size_of(const char* p) { struct stat s = {}; return stat(p, &s) ? -*__errno() : s.size; }
long owner_of(const char* p) { struct stat s = {}; return stat(p, &s) ? -*__errno() : s.uid; }
const char* real(const char* p) { char* r = realpath(p, 0); return r ? r : "none"; }
)";

constexpr int kCreate = O_WRONLY | O_CREAT;

class AppFoldersTest : public ::testing::Test {
 protected:
  void SetUp() override {
    put(data() / "files/model.bin", "weights");
    put(data() / "files/deep/a.txt", "a");
    put(data() / "files/deep/b.txt", "b");
    put(card() / "models/face.bin", "face");
    fs::create_symlink("/etc/hostname", data() / "files/out");
    fs::create_symlink("/etc", data() / "files/etc");
    ASSERT_EQ(::mkfifo((data() / "files/pipe").c_str(), 0600), 0);
    before_ = content_of(folder_.path() / "given");
  }
  void show(testing::GuestProgram& program) const {
    mount_app_folders(program.guest->machine(), {data(), {}, card(), changes()},
                      "org.example.keeper");
  }
  // What the user gave is as it was.
  void expect_unchanged() const { EXPECT_EQ(content_of(folder_.path() / "given"), before_); }
  fs::path data() const { return folder_.path() / "given/data"; }
  fs::path card() const { return folder_.path() / "given/card"; }
  fs::path changes() const { return folder_.path() / "changes"; }

  dl::testing::TemporaryFolder folder_;
  std::map<std::string, std::string> before_;
};

constexpr const char* kOwn = "/data/user/0/org.example.keeper";

TEST_F(AppFoldersTest, AreSeenUnderAllTheirNames) {
  DAYLIGHT_GUEST_PROGRAM(program, kDeclarations);
  show(*program);
  const std::string own = kOwn;
  EXPECT_EQ(program->text("content", {program->put(own + "/files/model.bin")}), "weights");
  EXPECT_EQ(
      program->text("content", {program->put("/data/data/org.example.keeper/files/model.bin")}),
      "weights");
  for (const std::string name :
       {"/sdcard", "/storage/emulated/0", "/storage/self/primary", "/mnt/sdcard"}) {
    EXPECT_EQ(program->text("content", {program->put(name + "/models/face.bin")}), "face");
    EXPECT_EQ(program->text("real", {program->put(name + "/models/../models/face.bin")}),
              "/storage/emulated/0/models/face.bin");
  }
  // The folders that every app has are there although the user gave only one of them.
  EXPECT_EQ(program->text("list", {program->put(own)}), "cache/ code_cache/ files/ ");
  EXPECT_EQ(program->text("list", {program->put("/data/user/0")}),
            "com.example.app/ org.example.keeper/ ");  // the one that is there without an app, too
  EXPECT_EQ(program->text("list", {program->put(own + "/cache")}), "");
  EXPECT_EQ(program->number("owner_of", {program->put(own + "/files/model.bin")}), 10'123);
  EXPECT_EQ(program->number("may", {program->put(own + "/files/model.bin"), W_OK}), 0);
  EXPECT_EQ(program->number("may", {program->put("/sdcard/absent"), R_OK}), -ENOENT);
  EXPECT_TRUE(program->events.saw("/sdcard/absent"));
  expect_unchanged();
  EXPECT_FALSE(fs::exists(changes()));
}

TEST_F(AppFoldersTest, DoNotLeadOut) {
  DAYLIGHT_GUEST_PROGRAM(program, kDeclarations);
  show(*program);
  const std::string files = std::string(kOwn) + "/files";
  EXPECT_EQ(program->text("content", {program->put(files + "/out")}),
            "errno " + std::to_string(ELOOP));
  EXPECT_EQ(program->text("content", {program->put(files + "/etc/hostname")}),
            "errno " + std::to_string(ENOTDIR));
  EXPECT_EQ(program->text("content", {program->put(files + "/pipe")}),
            "errno " + std::to_string(EACCES));
  EXPECT_EQ(program->text("content", {program->put(files + "/../../../../../etc/hostname")}),
            "errno " + std::to_string(ENOENT));
  EXPECT_EQ(program->number("save", {program->put(files + "/out"), kCreate, program->put("x")}),
            -ELOOP);
  EXPECT_EQ(program->number("save", {program->put(files + "/etc/x"), kCreate, program->put("x")}),
            -ENOTDIR);
  expect_unchanged();
}

TEST_F(AppFoldersTest, KeepWhatIsWrittenApart) {
  DAYLIGHT_GUEST_PROGRAM(program, kDeclarations);
  show(*program);
  const std::string own = kOwn;
  const std::uint64_t model = program->put(own + "/files/model.bin");
  EXPECT_EQ(program->number("save", {program->put(own + "/cache/x"), kCreate, program->put("new")}),
            3);
  EXPECT_EQ(program->number("save", {model, O_WRONLY, program->put("W")}), 1);
  EXPECT_EQ(program->text("content", {model}), "Weights");
  EXPECT_EQ(program->number("append", {model, program->put("+")}), 0);
  EXPECT_EQ(program->text("content", {model}), "Weights+7");
  EXPECT_EQ(program->number("save", {model, kCreate | O_TRUNC, program->put("cut")}), 3);
  EXPECT_EQ(program->text("content", {model}), "cut");
  EXPECT_EQ(program->number("save", {model, kCreate | O_EXCL, program->put("cut")}), -EEXIST);
  EXPECT_EQ(
      program->number("save", {program->put("/sdcard/Download/x"), kCreate, program->put("x")}),
      -ENOENT);
  EXPECT_EQ(program->number("make_folder", {program->put("/sdcard/Download")}), 0);
  EXPECT_EQ(
      program->number("save", {program->put("/sdcard/Download/x"), kCreate, program->put("x")}), 1);
  EXPECT_EQ(program->text("list", {program->put("/mnt/sdcard")}), "Download/ models/ ");
  expect_unchanged();
  EXPECT_EQ(text_of(changes() / "app-data/cache/x"), "new");
  EXPECT_EQ(text_of(changes() / "app-data/files/model.bin"), "cut");
  const FileChanges changed = file_changes(program->guest->machine());
  const std::vector<std::pair<std::string, std::uint64_t>> written = {
      {"app-data/cache/x", 3}, {"app-data/files/model.bin", 3}, {"sdcard/Download/x", 1}};
  std::vector<std::pair<std::string, std::uint64_t>> sorted = changed.written;
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(sorted, written);
  EXPECT_TRUE(changed.removed.empty());
  EXPECT_TRUE(changed.gaps.empty());
}

TEST_F(AppFoldersTest, RemoveAndRenameWithoutTheUsersFolder) {
  DAYLIGHT_GUEST_PROGRAM(program, kDeclarations);
  show(*program);
  const std::string files = std::string(kOwn) + "/files";
  const auto at = [&](const std::string& name) { return program->put(files + name); };
  EXPECT_EQ(program->number("remove_file", {at("/deep/a.txt")}), 0);
  EXPECT_EQ(program->number("remove_file", {at("/deep/a.txt")}), -ENOENT);
  EXPECT_EQ(program->number("size_of", {at("/deep/a.txt")}), -ENOENT);
  EXPECT_EQ(program->text("list", {at("/deep")}), "b.txt ");
  EXPECT_EQ(program->number("remove_folder", {at("/deep")}), -ENOTEMPTY);
  // A whole folder, of which one file has changed.
  EXPECT_EQ(program->number("save", {at("/deep/c.txt"), kCreate, program->put("cc")}), 2);
  EXPECT_EQ(program->number("move", {at("/deep"), at("/moved")}), 0);
  EXPECT_EQ(program->text("list", {at("/moved")}), "b.txt c.txt ");
  EXPECT_EQ(program->text("content", {at("/moved/b.txt")}), "b");
  EXPECT_EQ(program->number("size_of", {at("/deep")}), -ENOENT);
  // A new one by the old name holds nothing of the old one.
  EXPECT_EQ(program->number("make_folder", {at("/deep")}), 0);
  EXPECT_EQ(program->text("list", {at("/deep")}), "");
  EXPECT_EQ(program->number("move", {at("/moved"), at("/moved/inner")}), -EINVAL);
  EXPECT_EQ(program->number("move", {at("/moved"), program->put("/sdcard/moved")}), -EXDEV);
  EXPECT_EQ(program->number("move", {at("/model.bin"), at("/deep")}), -EISDIR);
  EXPECT_EQ(program->number("move", {at("/model.bin"), at("/moved/b.txt")}), 0);
  EXPECT_EQ(program->text("content", {at("/moved/b.txt")}), "weights");
  expect_unchanged();
  EXPECT_EQ(file_changes(program->guest->machine()).removed,
            (std::vector<std::string>{"app-data/files/deep/a.txt", "app-data/files/model.bin"}));
}

TEST_F(AppFoldersTest, AreMappedByName) {
  DAYLIGHT_GUEST_PROGRAM(program, std::string(kDeclarations) + R"(
static char maps[1 << 20];
static const char* line_of(unsigned long at) { int fd = open("/proc/self/maps", 0); long size = 0, got;
  while ((got = read(fd, maps + size, 4096)) > 0) size += got;
  close(fd); maps[size] = 0; char begin[32]; snprintf(begin, 32, "%012lx-", at); char* line = strstr(maps, begin); if (!line) return "none";
  for (long i = 0; i < 200; ++i) if (line[i] == '\n') line[i] = 0;
  return line + 13; }
static char* first;
const char* mapped(const char* path) { int fd = open(path, 0); first = (char*)mmap(0, 8192, 1, 2, fd, 0); close(fd);
  return line_of((unsigned long)first) + 13; }
const char* bytes() { return first; }
const char* moved() { char* larger = (char*)mremap(first, 8192, 16384, 1); if (larger == (char*)-1) return "none"; first = larger;
  munmap(first + 4096, 12288); return line_of((unsigned long)first) + 13; }
const char* gone() { munmap(first, 4096); return line_of((unsigned long)first); }
)");
  show(*program);
  const std::string real = " r--p 00000000 00:00 0 /storage/emulated/0/models/face.bin";
  EXPECT_EQ(program->text("mapped", {program->put("/sdcard/models/face.bin")}), real.substr(1));
  EXPECT_EQ(program->text("bytes"), "face");
  EXPECT_NE(program->text("moved").find("/models/face.bin"), std::string::npos);
  EXPECT_EQ(program->text("gone").find("face.bin"), std::string::npos);
}

// As a phone's kernel has it: no fault, and no end of this program.
TEST_F(AppFoldersTest, RefuseNoPath) {
  DAYLIGHT_GUEST_PROGRAM(program, std::string(kDeclarations) + R"(
int openat(int, const char*, int, ...); int fstatat(int, const char*, struct stat*, int); long readlink(const char*, char*, size_t);
int utimes(const char*, const void*); int truncate(const char*, long); void* freopen(const char*, const char*, void*); int chdir(const char*);
int statfs(const char*, void*); void* gzopen(const char*, const char*); int scandir(const char*, void*, void*, void*); int mkstemp(char*);
int creat(const char*, unsigned); int faccessat(int, const char*, int, int); int unlinkat(int, const char*, int); int remove(const char*);
// A bit for each call that answers as for no file.
unsigned long count() { unsigned long n = 0; struct stat s; void* names;
  n |= (unsigned long)(open(0, 0) == -1) << 0; n |= (unsigned long)(openat(-100, 0, 0) == -1) << 1; n |= (unsigned long)(openat(3, 0, 0) == -1) << 2; n |= (unsigned long)(creat(0, 0) == -1) << 3; n |= (unsigned long)(fopen(0, "r") == 0) << 4; n |= (unsigned long)(opendir(0) == 0) << 5;
  n |= (unsigned long)(stat(0, &s) == -1) << 6; n |= (unsigned long)(fstatat(-100, 0, &s, 0) == -1) << 7; n |= (unsigned long)(access(0, 0) == -1) << 8; n |= (unsigned long)(faccessat(-100, 0, 0, 0) == -1) << 9;
  n |= (unsigned long)(mkdir(0, 0) == -1) << 10; n |= (unsigned long)(rmdir(0) == -1) << 11; n |= (unsigned long)(unlink(0) == -1) << 12; n |= (unsigned long)(unlinkat(-100, 0, 0) == -1) << 13; n |= (unsigned long)(remove(0) == -1) << 14;
  n |= (unsigned long)(rename(0, "a") == -1) << 15; n |= (unsigned long)(rename("/sdcard/models", 0) == -1) << 16; n |= (unsigned long)(chmod(0, 0) == -1) << 17; n |= (unsigned long)(utimes(0, 0) == -1) << 18; n |= (unsigned long)(truncate(0, 0) == -1) << 19;
  n |= (unsigned long)(readlink(0, out, 10) == -1) << 20; n |= (unsigned long)(realpath(0, 0) == 0) << 21; n |= (unsigned long)(chdir(0) == -1) << 22; n |= (unsigned long)(statfs(0, out) == -1) << 23; n |= (unsigned long)(gzopen(0, "r") == 0) << 24;
  n |= (unsigned long)(scandir(0, &names, 0, 0) == -1) << 25; n |= (unsigned long)(mkstemp(0) == -1) << 26; return n; }
)");
  show(*program);
  EXPECT_EQ(program->number("count"), (1 << 27) - 1) << program->last_fault;
}

TEST(ChangeBudgetTest, EndsWithAGap) {
  dl::testing::TemporaryFolder folder;
  const auto budget = std::make_shared<ChangeBudget>(100, 3);
  put(folder.path() / "given/large", std::string(90, 'x'));
  OverlayTree tree("t", (folder.path() / "given").string(), (folder.path() / "up/t").string(),
                   budget);
  bool made = false;
  const int fd = tree.open("new", O_RDWR | O_CREAT, 0600, made);
  ASSERT_GE(fd, 0);
  EXPECT_TRUE(made);
  OpenFile file;
  file.host = fd;
  file.path = "/x/new";
  file.budget = budget;
  EXPECT_EQ(write_file(file, "0123456789", 10), 10);
  EXPECT_EQ(write_file_at(file, "ab", 2, 0), 2);  // not larger than before
  EXPECT_EQ(write_file_at(file, "ab", 2, 1'000), -1);
  EXPECT_EQ(errno, ENOSPC);
  EXPECT_EQ(resize_file(file, 101), -1);
  EXPECT_EQ(allocate_file(file, 0, std::int64_t{1} << 40), -1);
  EXPECT_EQ(seek_file(file, 0, SEEK_SET), 0);
  EXPECT_EQ(write_file(file, "0123456789", 10), 10);
  // 90 bytes are left, and a copy of what is given needs them all.
  EXPECT_EQ(write_file(file, "x", 1), 1);
  EXPECT_EQ(tree.open("large", O_WRONLY, 0, made), -1);
  EXPECT_EQ(errno, ENOSPC);
  EXPECT_EQ(tree.make_folder("f", 0700), 0);
  EXPECT_EQ(tree.make_folder("g", 0700), -1);
  EXPECT_EQ(budget->gaps().size(), 3U);  // one for each name
}

TEST(OverlayTreeTest, IsReadOnlyWithoutAnUpperFolder) {
  dl::testing::TemporaryFolder folder;
  put(folder.path() / "a", "a");
  OverlayTree tree("t", folder.path().string(), "", std::make_shared<ChangeBudget>(), {"made"});
  bool made = false;
  EXPECT_EQ(tree.open("a", O_WRONLY, 0, made), -1);
  EXPECT_EQ(errno, EROFS);
  EXPECT_EQ(tree.remove("a", false), -1);
  EXPECT_EQ(tree.make_folder("b", 0700), -1);
  EXPECT_EQ(tree.rename("a", "b"), -1);
  EXPECT_EQ(tree.open("made", O_RDONLY, 0, made), -1);
  EXPECT_EQ(errno, EISDIR);
  const auto names = tree.list("");
  ASSERT_TRUE(names);
  EXPECT_EQ(names->size(), 2U);
}

TEST(MappedFilesTest, CutsRanges) {
  DAYLIGHT_GUEST_PROGRAM(program, "int f() { return 0; }");
  MappedFiles files(program->guest->machine());
  files.add({0x1000, 0x9000, 0x100, "a"});
  files.remove(0x3000, 0x4000);
  files.add({0x8000, 0xa000, 0, "b"});
  EXPECT_EQ(files.at(0x2fff)->end, 0x3000U);
  EXPECT_FALSE(files.at(0x3000));
  EXPECT_EQ(files.at(0x4000)->offset, 0x3100U);
  EXPECT_EQ(files.at(0x7fff)->end, 0x8000U);
  EXPECT_EQ(files.at(0x8000)->path, "b");
  EXPECT_EQ(files.next_begin(0x3000), 0x4000U);
  files.move(0x8000, 0x1000, 0x20000);
  EXPECT_FALSE(files.at(0x8000));
  EXPECT_EQ(files.at(0x9000)->offset, 0x1000U);
  EXPECT_EQ(files.at(0x20fff)->path, "b");
}

}  // namespace
}  // namespace dl::guest
