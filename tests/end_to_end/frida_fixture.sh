#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes a program and a library without symbols in this folder; the program converts floats by a function of its own or of the library.
set -eu
cat >fixture.c <<'C'
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
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
  for (int i = 0; i < n; i++) in[i] = i;
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
cc -O1 -rdynamic -o fixture fixture.c -ldl
strip fixture
cc -O1 -shared -fPIC -o late.full.so late.c
strip -o late.so late.full.so
