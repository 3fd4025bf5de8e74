// SPDX-License-Identifier: Apache-2.0
// Four threads of a guest: locks with exact counts, keys, ends of threads.
#include <gtest/gtest.h>

#include "guest_program.h"

namespace dl::guest {
namespace {

constexpr const char* kThreads = R"(
int pthread_create(unsigned long*, void*, void* (*)(void*), void*); int pthread_join(unsigned long, void**);
int pthread_mutex_lock(void*); int pthread_mutex_unlock(void*); int pthread_mutex_timedlock(void*, const void*);
int pthread_cond_wait(void*, void*); int pthread_cond_signal(void*); int pthread_cond_broadcast(void*); int pthread_cond_timedwait(void*, void*, const void*);
int pthread_cond_timedwait_relative_np(void*, void*, const void*);
int pthread_rwlock_rdlock(void*); int pthread_rwlock_wrlock(void*); int pthread_rwlock_unlock(void*);
int sem_init(void*, int, unsigned); int sem_wait(void*); int sem_post(void*); int sem_timedwait(void*, const void*); int sem_getvalue(void*, int*);
int pthread_once(int*, void (*)()); int pthread_key_create(int*, void (*)(void*)); int pthread_key_delete(int); void* pthread_getspecific(int); int pthread_setspecific(int, const void*);
int pthread_barrier_init(void*, void*, unsigned); int pthread_barrier_wait(void*); int pthread_spin_lock(void*); int pthread_spin_unlock(void*);
void pthread_exit(void*); int __cxa_thread_atexit_impl(void (*)(void*), void*, void*);
void __pthread_cleanup_push(void*, void (*)(void*), void*); void __pthread_cleanup_pop(void*, int);
struct timespec { long s, n; }; int clock_gettime(int, timespec*); int* __errno();
static long mutex[5], cond[6], rw[7], sem[2], barrier[4], spin[1], filler[8];
static int counter, once_control, once_count, key, destroyed, order, order_at_exit, cleaned;
static void four(void* (*f)(void*)) { unsigned long t[4]; for (long i = 0; i < 4; ++i) pthread_create(&t[i], 0, f, (void*)i); for (int i = 0; i < 4; ++i) pthread_join(t[i], 0); }
static void* add(void*) { for (int i = 0; i < 2000; ++i) { pthread_mutex_lock(mutex); counter = counter + 1; pthread_mutex_unlock(mutex); } return 0; }
long locked() { counter = 0; four(add); return counter; }
static void* spun(void*) { for (int i = 0; i < 500; ++i) { pthread_spin_lock(spin); counter = counter + 1; pthread_spin_unlock(spin); } return 0; }
long spinning() { counter = 0; four(spun); return counter; }
static void* read_write(void* n) { for (int i = 0; i < 300; ++i) { if ((long)n == 0) { pthread_rwlock_wrlock(rw); ++counter; } else { pthread_rwlock_rdlock(rw); } pthread_rwlock_unlock(rw); } return 0; }
long shared() { counter = 0; four(read_write); return counter; }
static void* posted(void*) { for (int i = 0; i < 100; ++i) sem_post(sem); return 0; }
long semaphore() { sem_init(sem, 0, 0); four(posted); for (int i = 0; i < 400; ++i) sem_wait(sem); int left = -1; sem_getvalue(sem, &left); return left; }
static int turn;
static void* turns(void* n) { for (int i = 0; i < 50; ++i) { pthread_mutex_lock(mutex); while (turn % 4 != (long)n) pthread_cond_wait(cond, mutex); ++turn; pthread_cond_broadcast(cond); pthread_mutex_unlock(mutex); } return 0; }
long conditions() { turn = 0; four(turns); return turn; }
static void only() { ++once_count; }
static void* ask_once(void*) { pthread_once(&once_control, only); return 0; }
long once() { four(ask_once); return once_count; }
static void destroy(void* p) { __atomic_add_fetch(&destroyed, (int)(long)p, 5); }
static void* keyed(void* n) { if (pthread_getspecific(key)) return 0; pthread_setspecific(key, (void*)((long)n + 1)); return 0; }
long keys() { pthread_key_create(&key, destroy); four(keyed); return destroyed; }
long reused() { int a; pthread_key_create(&a, 0); pthread_setspecific(a, (void*)5); pthread_key_delete(a); int b; pthread_key_create(&b, 0); return a == b && pthread_getspecific(b) == 0; }
static void* met(void*) { for (int i = 0; i < 20; ++i) if (pthread_barrier_wait(barrier) == -1) __atomic_add_fetch(&counter, 1, 5); return 0; }
long barriers() { counter = 0; pthread_barrier_init(barrier, 0, 4); four(met); return counter; }
static void at_exit(void* p) { order_at_exit = order_at_exit * 10 + (int)(long)p; }
static void key_end(void*) { order_at_exit = order_at_exit * 10 + 9; }
static int late_key;
static void clean(void*) { cleaned = 1; }
static void inner() { pthread_exit((void*)77); }
static void* exits(void*) { long c[3]; __cxa_thread_atexit_impl(at_exit, (void*)1, 0); __cxa_thread_atexit_impl(at_exit, (void*)2, 0);
  pthread_setspecific(late_key, (void*)1); __pthread_cleanup_push(c, clean, 0); inner(); return (void*)1; }
long exited() { order_at_exit = 0; pthread_key_create(&late_key, key_end); unsigned long t; void* r = 0; pthread_create(&t, 0, exits, 0); pthread_join(t, &r);
  return (long)r * 10000 + order_at_exit * 10 + cleaned; }
long late() { timespec now, until; clock_gettime(0, &now); until = now; until.n += 20000000; if (until.n >= 1000000000) { until.n -= 1000000000; ++until.s; }
  pthread_mutex_lock(mutex); int a = pthread_cond_timedwait(cond, mutex, &until); timespec wait = {0, 10000000}; int b = pthread_cond_timedwait_relative_np(cond, mutex, &wait);
  int c = pthread_mutex_timedlock(mutex, &now); pthread_mutex_unlock(mutex); sem_init(sem, 0, 0); int d = sem_timedwait(sem, &until); int e = d == -1 ? *__errno() : 0;
  return (a == 110) + (b == 110) * 10 + (c == 110) * 100 + (e == 110) * 1000; }
long odd() { return pthread_mutex_lock((void*)0x30); }
)";

TEST(GuestThreads, CountExactly) {
  DAYLIGHT_GUEST_PROGRAM(program, kThreads);
  EXPECT_EQ(program->number("locked"), 8000) << program->last_fault;
  EXPECT_EQ(program->number("spinning"), 2000) << program->last_fault;
  EXPECT_EQ(program->number("shared"), 300);
  EXPECT_EQ(program->number("semaphore"), 0);
  EXPECT_EQ(program->number("conditions"), 200);
  EXPECT_EQ(program->number("once"), 1);
  EXPECT_EQ(program->number("keys"), 1 + 2 + 3 + 4);
  EXPECT_EQ(program->number("reused"), 1);
  EXPECT_EQ(program->number("barriers"), 20);
}

TEST(GuestThreads, EndInOrder) {
  DAYLIGHT_GUEST_PROGRAM(program, kThreads);
  EXPECT_EQ(program->number("exited"), 770'000 + 2190 + 1) << program->last_fault;
  EXPECT_EQ(program->number("late"), 1111) << program->last_fault;
  EXPECT_EQ(program->call("odd").error().kind, GuestFault::Kind::kArgument);
}

TEST(GuestThreads, DestructorsOfLibrariesRun) {
  DAYLIGHT_GUEST_PROGRAM(program, R"(
int __cxa_atexit(void (*)(void*), void*, void*); void __cxa_finalize(void*);
static long order; static int own, other;
static void end(void* p) { order = order * 10 + (long)p; }
long run() { __cxa_atexit(end, (void*)1, &own); __cxa_atexit(end, (void*)2, &other); __cxa_atexit(end, (void*)3, &own);
  __cxa_finalize(&own); long first = order; __cxa_finalize(&own); __cxa_finalize(&other); return first * 1000 + order; }
)");
  EXPECT_EQ(program->number("run"), 31 * 1000 + 312);
}

}  // namespace
}  // namespace dl::guest
