// SPDX-License-Identifier: Apache-2.0
// thread_local of guests' libraries: by descriptors and by __tls_get_addr, in every thread, across
// libraries, and files that no linker makes.
#include "daylight/guest/image/thread_storage.h"

#include <gmock/gmock.h>

#include <cstring>
#include <filesystem>
#include <thread>

#include "daylight/base/file.h"
#include "engine/each_engine.h"
#include "support/shared_data.h"

namespace dl::guest {
namespace {

using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;

constexpr const char* kOwnStorage = "-fno-emulated-tls ";

// Two threads beside the first one; what each sees is its own.
constexpr const char* kThreads = R"(
int pthread_create(unsigned long*, const void*, void* (*)(void*), void*); int pthread_join(unsigned long, void**);
struct __attribute__((aligned(64))) Wide { long a[3]; };
__thread int counter = 5; __thread long empty[700]; __thread Wide wide = {{1, 2, 3}};
static __thread char small = 'x'; static __thread short other = 9;
int fine() { return 7; }
static long work(int steps) {
  long bad = 0;
  if (counter != 5 || small != 'x' || other != 9) bad |= 1;
  for (int i = 0; i < 700; ++i) if (empty[i] != 0) bad |= 2;
  if (wide.a[2] != 3 || ((unsigned long)&wide & 63) != 0) bad |= 4;
  for (int i = 0; i < steps; ++i) { ++counter; empty[i % 700] += i; }
  if (counter != 5 + steps) bad |= 8;
  small = 'y'; other = -1; wide.a[2] = 4;
  return bad;
}
static void* thread(void* steps) { return (void*)(work((int)(long)steps) * 1000 + counter); }
long run() {
  unsigned long a, b; void *x, *y;
  pthread_create(&a, 0, thread, (void*)20000); pthread_create(&b, 0, thread, (void*)30000);
  long own = work(10000);
  pthread_join(a, &x); pthread_join(b, &y);
  return own == 0 && counter == 10005 && x == (void*)20005 && y == (void*)30005 ? 1 : -1;
}
long more(long n) { for (long i = 0; i < n; ++i) { unsigned long a; void* x; pthread_create(&a, 0, thread, (void*)1); pthread_join(a, &x);
  if (x != (void*)6) return -1; } return n; }
int* place() { return &counter; }
struct Info { unsigned long address; const char* name; const void* headers; unsigned long count, loads, unloads, module; void* storage; };
int dl_iterate_phdr(int (*)(Info*, unsigned long, void*), void*);
static int note(Info* info, unsigned long, void* to) { *(Info*)to = *info; return 1; }
// 0 before this thread has used any, then 1.
int told() { Info info; dl_iterate_phdr(note, &info);
  if (info.module != 1) return -1;
  return info.storage == 0 ? 0 : (char*)&wide >= (char*)info.storage && (char*)&wide < (char*)info.storage + 8192 ? 1 : -2; }
)";

class ThreadStorageTest : public EachEngine {
 protected:
  // The library's file, loaded again with its PT_TLS changed: p_vaddr at 16, p_filesz at 32,
  // p_memsz at 40, p_align at 48.
  Result<GuestLibrary*> with_segment(std::size_t field, std::uint64_t word) {
    std::vector<std::uint8_t> bytes(files["libt.so"].bytes.begin(), files["libt.so"].bytes.end());
    std::uint64_t table = 0;
    std::uint16_t count = 0;
    std::memcpy(&table, bytes.data() + 32, 8);
    std::memcpy(&count, bytes.data() + 56, 2);
    for (std::uint16_t i = 0; i < count; ++i) {
      std::uint32_t type = 0;
      std::memcpy(&type, bytes.data() + table + 56 * i, 4);
      if (type == 7) std::memcpy(bytes.data() + table + 56 * i + field, &word, 8);
    }
    const Content before = files["libt.so"];
    files["libt.so"] = Content::owned(std::move(bytes));
    guest.reset();
    start();
    auto out = guest->load("libt.so");
    files["libt.so"] = before;
    return out;
  }
};

EACH_ENGINE_OF(ThreadStorageTest, ThreadsHaveTheirOwn) {
  for (const char* const model : {"", "-ftls-model=local-dynamic"}) {
    SCOPED_TRACE(model);
    guest.reset();
    load(kThreads, std::string(kOwnStorage) + model);
    if (HasFatalFailure()) return;
    EXPECT_NE(guest->loader().loaded("libt.so")->thread_module, 0U);
    EXPECT_EQ(value("told"), 0U);
    EXPECT_EQ(value("run"), 1U);
    EXPECT_EQ(value("told"), 1U);
    EXPECT_EQ(value("place"), value("place"));
  }
}

EACH_ENGINE_OF(ThreadStorageTest, ThreadsThatEndGiveTheirsBack) {
  load(kThreads, kOwnStorage);
  if (HasFatalFailure()) return;
  EXPECT_EQ(value("more", {3}), 3U);
  const std::uint64_t blocks = guest->machine().heap.blocks();
  EXPECT_EQ(value("more", {40}), 40U);
  EXPECT_EQ(guest->machine().heap.blocks(), blocks);
}

// Threads of this program that call the guest.
EACH_ENGINE_OF(ThreadStorageTest, CallingThreadsHaveTheirOwn) {
  load(kThreads, kOwnStorage);
  if (HasFatalFailure()) return;
  const std::uint64_t here = value("place");
  const std::uint64_t blocks = guest->machine().heap.blocks();
  std::uint64_t there = 0;
  std::thread([&] {
    there = value("place");
    EXPECT_EQ(*reinterpret_cast<const int*>(there), 5);
    guest->leave_thread();
  }).join();
  EXPECT_NE(here, there);
  EXPECT_EQ(guest->machine().heap.blocks(), blocks);
}

EACH_ENGINE_OF(ThreadStorageTest, VariablesOfOtherLibrariesAreTheSame) {
  add("libb.so",
      R"(__thread int shared = 40; __thread int own = 1; int* from_b() { return &shared; })",
      kOwnStorage);
  if (HasFatalFailure()) return;
  const testing::TemporaryFolder folder;
  ASSERT_TRUE(write_file_atomic(folder.path() / "libb.so", as_text(files["libb.so"].bytes)));
  add("libt.so", R"(
    void* dlopen(const char*, int); void* dlsym(void*, const char*);
    extern __thread int shared; __thread int own = 2; int* from_b();
    extern __thread int nobody __attribute__((weak)); extern __thread int missing;
    int fine() { return 7; }
    int ask() { shared += 1; own += 1; return *from_b() * 100 + own * 10 + (&shared == from_b()); }
    int named() { return dlsym(dlopen("libb.so", 2), "shared") == (void*)from_b(); }
    int* absent() { return &nobody; }
    int lost() { missing += 3; return missing; }
  )",
      kOwnStorage + ("-Wl,--allow-shlib-undefined -Wl," + (folder.path() / "libb.so").string()));
  if (HasFatalFailure()) return;
  start();
  const auto loaded = guest->load("libt.so");
  ASSERT_TRUE(loaded) << describe(loaded.error());
  EXPECT_EQ(value("ask"), 4131U);
  EXPECT_EQ(value("named"), 1U);
  EXPECT_EQ(value("absent"), 0U);
  EXPECT_EQ(value("lost"), 3U);
  EXPECT_THAT(guest->loader().missing(), Contains(Field(&MissingImport::name, "missing")));
}

// The way by which arm64 code asked before descriptors, and x86-64 code does: a call. For arm64
// only GNU's compiler makes it.
EACH_ENGINE_OF(ThreadStorageTest, CallsForAnAddress) {
  const std::string source = R"(
    __thread long mine = 11; void* __tls_get_addr(void*);
    int fine() { return 7; }
    long* where() { return &mine; }
    long* wrong(unsigned long module) { unsigned long index[2] = {module, 0}; return (long*)__tls_get_addr(index); }
    void* bad() { return __tls_get_addr((void*)0x30); }
  )";
  if (native()) {
    add("libt.so", source, kOwnStorage);
  } else {
    const testing::TemporaryFolder folder;
    const std::string text = (folder.path() / "t.c").string();
    const std::string library = (folder.path() / "libt.so").string();
    ASSERT_TRUE(write_file_atomic(text, source));
    if (!testing::run_command(
            "aarch64-linux-gnu-gcc -mtls-dialect=trad -shared -fPIC -O1 -nostdlib -o '" + library +
            "' '" + text + "'"))
      GTEST_SKIP() << "GNU's compiler for arm64 is absent";
    const auto bytes = read_file(library);
    ASSERT_TRUE(bytes);
    files["libt.so"] = Content::owned(std::vector<std::uint8_t>(bytes->begin(), bytes->end()));
  }
  if (HasFatalFailure()) return;
  start();
  ASSERT_TRUE(guest->load("libt.so"));
  const std::uint64_t place = value("where");
  ASSERT_NE(place, 0U);
  EXPECT_EQ(*reinterpret_cast<const long*>(place), 11);
  EXPECT_EQ(value("wrong", {1}), place);
  expect_fault("wrong", {9}, GuestFault::Kind::kArgument, "a library that is not there");
  expect_fault("wrong", {~std::uint64_t{0}}, GuestFault::Kind::kArgument, "that is not there");
  expect_fault("bad", {}, GuestFault::Kind::kArgument, "not readable");
}

// All registers are filled, a descriptor is called, and what they hold then is written down. The
// first call makes the block, the second finds it.
constexpr const char* kRegisters = R"(
__thread long first = 3; __thread long mine __attribute__((used)) = 21;
int fine() { return 7; }
#if defined(__aarch64__)
__attribute__((naked)) long probe(unsigned long* to) { __asm__(
  "stp x29, x30, [sp, #-176]!\n stp x19, x20, [sp, #16]\n stp d8, d9, [sp, #32]\n stp d10, d11, [sp, #48]\n"
  "stp d12, d13, [sp, #64]\n stp d14, d15, [sp, #80]\n stp x21, x22, [sp, #96]\n stp x23, x24, [sp, #112]\n stp x25, x26, [sp, #128]\n stp x27, x28, [sp, #144]\n"
  "mov x19, x0\n"
  ".irp n,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,20,21,22,23,24,25,26,27,28\n mov x\\n, #(\\n * 257)\n .endr\n"
  ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n movi v\\n\\().16b, #(\\n + 100)\n .endr\n"
  "adrp x0, :tlsdesc:mine\n ldr x1, [x0, :tlsdesc_lo12:mine]\n add x0, x0, :tlsdesc_lo12:mine\n .tlsdesccall mine\n blr x1\n"
  ".irp n,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,20,21,22,23,24,25,26,27,28\n str x\\n, [x19, #(\\n * 8)]\n .endr\n"
  ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n str q\\n, [x19, #(256 + \\n * 16)]\n .endr\n"
  "mrs x1, tpidr_el0\n ldr x0, [x0, x1]\n"
  "ldp x27, x28, [sp, #144]\n ldp x25, x26, [sp, #128]\n ldp x23, x24, [sp, #112]\n ldp x21, x22, [sp, #96]\n ldp d14, d15, [sp, #80]\n ldp d12, d13, [sp, #64]\n"
  "ldp d10, d11, [sp, #48]\n ldp d8, d9, [sp, #32]\n ldp x19, x20, [sp, #16]\n ldp x29, x30, [sp], #176\n ret"); }
#else
__attribute__((naked)) long probe(unsigned long* to) { __asm__(
  "pushq %rbx\n pushq %r12\n pushq %r13\n pushq %r14\n pushq %r15\n pushq %rbp\n movq %rdi, %rbx\n"
  ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n movl $(\\n + 100), %eax\n imull $0x01010101, %eax, %eax\n movd %eax, %xmm\\n\n pshufd $0, %xmm\\n, %xmm\\n\n .endr\n"
  "movl $514, %ecx\n movl $771, %edx\n movl $1028, %esi\n movl $1285, %edi\n movl $1542, %ebp\n"
  ".irp n,8,9,10,11,12,13,14,15\n movl $(\\n * 257), %r\\n\\()d\n .endr\n"
  "leaq mine@tlsdesc(%rip), %rax\n call *mine@tlscall(%rax)\n"
  "movq %rcx, 16(%rbx)\n movq %rdx, 24(%rbx)\n movq %rsi, 32(%rbx)\n movq %rdi, 40(%rbx)\n movq %rbp, 48(%rbx)\n"
  ".irp n,8,9,10,11,12,13,14,15\n movq %r\\n, (\\n * 8)(%rbx)\n .endr\n"
  ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n movups %xmm\\n, (256 + \\n * 16)(%rbx)\n .endr\n"
  "movq %fs:(%rax), %rax\n popq %rbp\n popq %r15\n popq %r14\n popq %r13\n popq %r12\n popq %rbx\n ret"); }
#endif
)";

EACH_ENGINE_OF(ThreadStorageTest, DescriptorsKeepAllRegisters) {
  load(kRegisters, kOwnStorage);
  if (HasFatalFailure()) return;
  std::vector<int> integers;
  for (int n = 2; n < 29; ++n) {
    if (native() ? n != 7 && n < 16 : n < 18 || n > 19) integers.push_back(n);
  }
  for (int round = 0; round < 2; ++round) {
    const std::uint64_t to = guest->machine().heap.allocate(1024, 16, true);
    EXPECT_EQ(value("probe", {to}), 21U);
    const auto* const words = reinterpret_cast<const std::uint64_t*>(to);
    for (const int n : integers)
      EXPECT_EQ(words[n], static_cast<std::uint64_t>(n) * 257) << "register " << n;
    for (int n = 0; n < (native() ? 16 : 32); ++n) {
      for (int half = 0; half < 2; ++half)
        EXPECT_EQ(words[32 + 2 * n + half], 0x0101010101010101U * (n + 100U)) << "vector " << n;
    }
  }
}

EACH_ENGINE_OF(ThreadStorageTest, FixedPlacesAreRefusedAsOnPhones) {
  add("libt.so", "__thread int mine = 5; int f() { return mine; }",
      std::string(kOwnStorage) + "-ftls-model=initial-exec");
  if (HasFatalFailure()) return;
  start();
  for (int again = 0; again < 2; ++again) {
    const auto opened = guest->load("libt.so");
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::kUnsupported);
    EXPECT_THAT(opened.error().what, HasSubstr("initial-exec"));
  }
}

EACH_ENGINE_OF(ThreadStorageTest, DamagedSegmentsAreNamedErrors) {
  add("libt.so", kThreads, kOwnStorage);
  if (HasFatalFailure()) return;
  ASSERT_TRUE(with_segment(48, 64));
  const auto refused = [&](std::size_t field, std::uint64_t word, const char* words) {
    const auto opened = with_segment(field, word);
    ASSERT_FALSE(opened) << words;
    EXPECT_THAT(opened.error().what, HasSubstr(words));
  };
  refused(48, 3, "no power of two");
  refused(48, ~std::uint64_t{0}, "no power of two");
  refused(40, 1, "more thread-local storage in the file");
  refused(40, std::uint64_t{1} << 40, "more thread-local storage than any library");
  refused(16, std::uint64_t{1} << 50, "lies outside");
  refused(16, ~std::uint64_t{0} - 100, "lies outside");
  // A page is the most that a thread's block is aligned to.
  ASSERT_TRUE(with_segment(48, std::uint64_t{1} << 40));
  EXPECT_EQ(value("run"), 1U);
}

// Offsets that a file makes up lie anywhere: the guest's own memory is all that they reach.
EACH_ENGINE_OF(ThreadStorageTest, WildOffsetsFault) {
  load(R"(
    __thread int mine = 5; void* __tls_get_addr(void*); int fine() { return 7; }
    int far(unsigned long offset) { unsigned long index[2] = {1, offset}; return *(volatile int*)__tls_get_addr(index) + mine; }
  )",
       kOwnStorage);
  if (HasFatalFailure()) return;
  EXPECT_EQ(value("far", {0}), 10U);
  expect_fault("far", {std::uint64_t{1} << 35}, GuestFault::Kind::kMemory, "");
}

}  // namespace
}  // namespace dl::guest
