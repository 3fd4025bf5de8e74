// SPDX-License-Identifier: Apache-2.0
// A library that keeps its model beside the app: weights that the app has downloaded to the shared
// storage, a bias in the app's own folder, and a cache that it writes. Built without an NDK:
// everything that it needs is declared here.
using u64 = unsigned long;

extern "C" {
void* fopen(const char*, const char*);
int fclose(void*);
u64 fread(void*, u64, u64, void*);
int fprintf(void*, const char*, ...);
int snprintf(char*, u64, const char*, ...);
int open(const char*, int, ...);
int close(int);
long lseek(int, long, int);
int ftruncate(int, long);
int* __errno();
void* mmap(void*, u64, int, int, int, long);
int munmap(void*, u64);
int rename(const char*, const char*);
int unlink(const char*);
int access(const char*, int);
}

namespace {

constexpr const char* kWeights = "/sdcard/models/weights.bin";

double read_bias(const char* folder) {
  char path[256];
  snprintf(path, sizeof(path), "%s/files/bias.bin", folder);
  float bias = 0;
  void* const file = fopen(path, "rb");
  if (file == nullptr) return -1e9;
  const u64 got = fread(&bias, sizeof(bias), 1, file);
  fclose(file);
  return got == 1 ? bias : -1e9;
}

// Written beside its place and moved there, as careful programs do.
bool keep(const char* folder, double answer) {
  char fresh[256];
  char path[256];
  snprintf(fresh, sizeof(fresh), "%s/cache/answer.new", folder);
  snprintf(path, sizeof(path), "%s/cache/answer.txt", folder);
  void* const file = fopen(fresh, "w");
  if (file == nullptr) return false;
  fprintf(file, "%.3f\n", answer);
  return fclose(file) == 0 && rename(fresh, path) == 0;
}

}  // namespace

// The weights' sum by their number, and the bias of the app's `folder`; below -1e8 where something
// is absent.
extern "C" __attribute__((visibility("default"))) double Keeper_answer(const char* folder) {
  const int fd = open(kWeights, 0);
  if (fd < 0) return -1e9;
  const long size = lseek(fd, 0, 2);
  const auto* const weights = static_cast<const float*>(mmap(nullptr, size, 1, 2, fd, 0));
  close(fd);
  double sum = read_bias(folder);
  for (long i = 0; i < size / 4; ++i) sum += weights[i] * (i + 1);
  munmap(const_cast<float*>(weights), size);
  return keep(folder, sum) ? sum : -1e9;
}

// Takes the model away, as an app does when it has read it: 0 if it is gone then.
extern "C" __attribute__((visibility("default"))) int Keeper_clean() {
  return unlink(kWeights) == 0 && access(kWeights, 0) != 0 ? 0 : 1;
}

// Makes a file of a size: 0, or the system's error.
extern "C" __attribute__((visibility("default"))) int Keeper_reserve(const char* path, long size) {
  const int fd = open(path, 0101, 0600);
  if (fd < 0) return *__errno();
  const int error = ftruncate(fd, size) == 0 ? 0 : *__errno();
  close(fd);
  return error;
}
