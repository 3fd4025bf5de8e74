#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes a program and a library without symbols in this folder; the program converts floats by a function of its own or of the library. Then a
# program with a graph of tensors that lies in memory as TensorFlow Lite's does, behind the symbol by which the agent finds that.
set -eu
cat >memory.h <<'C'
#include <stdio.h>
#include <string.h>
/* A field of /proc/self/status in KiB, for the file memory.txt. */
static void tell_memory(const char *field, const char *name) {
  char line[256];
  FILE *status = fopen("/proc/self/status", "r"), *file = fopen("memory.txt", "a");
  while (fgets(line, sizeof line, status))
    if (!strncmp(line, field, strlen(field))) fprintf(file, "%s %s", name, line + strlen(field) + 1);
  fclose(status);
  fclose(file);
}
C
cat >fixture.c <<'C'
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include "memory.h"
/* From now on the system gives 8 MiB more and nothing else. */
static void become_poor(void) {
  unsigned long pages;
  FILE *file = fopen("/proc/self/statm", "r");
  if (fscanf(file, "%lu", &pages) != 1) abort();
  fclose(file);
  struct rlimit limit = {pages * getpagesize() + (8ul << 20), RLIM_INFINITY};
  setrlimit(RLIMIT_AS, &limit);
}
__attribute__((noinline)) int convert(const float *in, float *out, int n) {
  for (int i = 0; i < n; i++) out[i] = in[i] * 2 + 1;
  return n;
}
int main(int count, char **arg) {
  int calls = atoi(arg[1]), n = atoi(arg[2]);
  const char *what = count > 3 ? arg[3] : "";
  int (*call)(const float *, float *, int) = convert;
  if (strchr(what, '/')) {
    void *library = dlopen(what, RTLD_NOW);
    if (!library) return 3;
    call = (int (*)(const float *, float *, int))dlsym(library, "outer");
  }
  float *in = malloc(4 * n), *out = malloc(4 * n);
  for (int i = 0; i < n; i++) in[i] = out[i] = i;
  if (!strcmp(what, "poor")) become_poor();
  tell_memory("VmRSS:", "before");
  for (int i = 0; i < calls; i++) {
    in[0] = i;
    call(in, out, n);
    if (!strcmp(what, "slow")) usleep(1000);
  }
  if (!strcmp(what, "cpu")) {
    FILE *file = fopen("cpu.txt", "w");
    fprintf(file, "%f\n", (double)clock() / CLOCKS_PER_SEC);
    fclose(file);
  }
  tell_memory("VmHWM:", "peak");
  tell_memory("VmRSS:", "after");
  if (!strcmp(what, "kill")) { usleep(300000); kill(getpid(), SIGKILL); }
  return 0;
}
C
cat >late.c <<'C'
__attribute__((noinline)) static int hidden(const float *in, float *out, int n) {
  for (int i = 0; i < n; i++) out[i] = in[i] * 2 + 1;
  return n;
}
int outer(const float *in, float *out, int n) { return hidden(in, out, n) + 1; }
C
cat >graph.c <<'C'
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "memory.h"
struct tensor { uint32_t type; char gap0[4]; void *data; int32_t *dims; uint64_t gap1; uint32_t allocation; char gap2[4]; uint64_t bytes; uint64_t gap3; const char *name; char gap4[48]; };
struct graph { uint64_t count; void *function; struct tensor *tensors; };
__attribute__((noinline)) int invoke(struct graph *g, int call) __asm__("_ZN6tflite8Subgraph6InvokeEv");
int invoke(struct graph *g, int call) {
  for (uint64_t i = 0; i < g->count && g->tensors[0].data; i++)
    if (g->tensors[i].allocation != 1) *(int32_t *)g->tensors[i].data = call;
  return 0;
}
int main(int count, char **arg) {
  int calls = atoi(arg[1]), constants = atoi(arg[2]), live = atoi(arg[3]), values = atoi(arg[4]), all = constants + live;
  const char *what = count > 5 ? arg[5] : "";
  struct graph g = {all, 0, calloc(all, sizeof(struct tensor))};
  for (int i = 0; i < all; i++) {
    struct tensor *t = &g.tensors[i];
    int32_t dims[] = {1, values};
    char name[32];
    snprintf(name, sizeof name, "t%d", i);
    t->type = 2; t->data = calloc(values, 4); t->dims = memcpy(malloc(sizeof dims), dims, sizeof dims);
    t->allocation = i < constants ? 1 : 2; t->bytes = 4ull * values; t->name = strdup(name);
  }
  struct tensor *const tensors = g.tensors;
  if (!strcmp(what, "odd")) tensors[all - 1].type = 99;
  for (int call = 0; call < calls; call++) {
    if (!strcmp(what, "unmapped") && call == 1) { g.count = 1; g.tensors = (struct tensor *)calloc(1, sizeof(struct tensor)); g.tensors[0].dims = (int32_t *)16; }
    if (!strcmp(what, "shapes")) {
      if (call == calls / 5) tell_memory("VmRSS:", "before");
      for (int i = 0; i < all; i++) { tensors[i].dims[1] = call + 1; tensors[i].bytes = 0; }
    }
    invoke(&g, call);
  }
  tell_memory("VmRSS:", "after");
  return 0;
}
C
cc -O1 -rdynamic -o fixture fixture.c -ldl
strip fixture
cc -O1 -shared -fPIC -o late.full.so late.c
strip -o late.so late.full.so
cc -O1 -rdynamic -o graph graph.c
