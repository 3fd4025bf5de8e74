// SPDX-License-Identifier: Apache-2.0
// A library as a shop of effects would ship it to be left alone: it looks whether it is watched,
// keeps its model under AES, tells nobody the names of its native methods, and prepares pictures
// itself before it hands them to TensorFlow Lite. Built without an NDK: everything that it needs is
// declared here. Its model (MODEL, encrypted) and key come from build.sh.
//
// AES: FIPS 197; counter mode: NIST SP 800-38A.
using u8 = unsigned char;
using u32 = unsigned int;
using u64 = unsigned long;

extern "C" {
// bionic, liblog, libjnigraphics
void* malloc(u64);
void free(void*);
void* memcpy(void*, const void*, u64);
int strcmp(const char*, const char*);
char* strstr(const char*, const char*);
int open(const char*, int, ...);
long read(int, void*, u64);
int close(int);
int __system_property_get(const char*, char*);
int __android_log_print(int, const char*, const char*, ...);
struct BitmapInfo {
  u32 width, height, stride;
  int format;
  u32 flags;
};
int AndroidBitmap_getInfo(void*, void*, BitmapInfo*);
int AndroidBitmap_lockPixels(void*, void*, void**);
int AndroidBitmap_unlockPixels(void*, void*);
// TensorFlow Lite
void* TfLiteModelCreate(const void*, u64);
void* TfLiteInterpreterOptionsCreate();
void TfLiteInterpreterOptionsSetNumThreads(void*, int);
void* TfLiteInterpreterCreate(void*, void*);
int TfLiteInterpreterAllocateTensors(void*);
void* TfLiteInterpreterGetInputTensor(void*, int);
const void* TfLiteInterpreterGetOutputTensor(void*, int);
int TfLiteInterpreterInvoke(void*);
int TfLiteTensorCopyFromBuffer(void*, const void*, u64);
int TfLiteTensorCopyToBuffer(const void*, void*, u64);
int TfLiteTensorDim(const void*, int);
u64 TfLiteTensorByteSize(const void*);
}

asm(R"(
  .section .rodata
  .globl sealed_begin, sealed_end
  .hidden sealed_begin, sealed_end
  .balign 16
sealed_begin:
  .incbin "sealed.bin"
sealed_end:
  .previous
)");
extern "C" const u8 sealed_begin[];
extern "C" const u8 sealed_end[];

namespace {

// ---- AES-128 in counter mode ----

u8 sbox[256];
u8 round_keys[176];

u8 times2(u8 x) { return (u8)((x << 1) ^ ((x >> 7) * 0x1b)); }

void make_sbox() {
  u8 p = 1, q = 1;
  do {
    p = (u8)(p ^ times2(p));  // times 3
    q ^= (u8)(q << 1);        // divided by 3
    q ^= (u8)(q << 2);
    q ^= (u8)(q << 4);
    if (q & 0x80) q ^= 0x09;
    const u8 x = (u8)(q ^ (u8)(q << 1 | q >> 7) ^ (u8)(q << 2 | q >> 6) ^ (u8)(q << 3 | q >> 5) ^
                      (u8)(q << 4 | q >> 4));
    sbox[p] = (u8)(x ^ 0x63);
  } while (p != 1);
  sbox[0] = 0x63;
}

// The key is in two halves that are one only together.
const u8 half_a[16] = {KEY_A};
const u8 half_b[16] = {KEY_B};

void expand_key() {
  for (int i = 0; i < 16; ++i) round_keys[i] = (u8)(half_a[i] ^ half_b[i]);
  u8 rcon = 1;
  for (int i = 16; i < 176; i += 4) {
    u8 t[4];
    for (int k = 0; k < 4; ++k) t[k] = round_keys[i - 4 + k];
    if (i % 16 == 0) {
      const u8 first = t[0];
      t[0] = (u8)(sbox[t[1]] ^ rcon);
      t[1] = sbox[t[2]];
      t[2] = sbox[t[3]];
      t[3] = sbox[first];
      rcon = times2(rcon);
    }
    for (int k = 0; k < 4; ++k) round_keys[i + k] = (u8)(round_keys[i - 16 + k] ^ t[k]);
  }
}

void encrypt_block(u8* s) {
  for (int i = 0; i < 16; ++i) s[i] ^= round_keys[i];
  for (int round = 1; round <= 10; ++round) {
    u8 t[16];
    for (int c = 0; c < 4; ++c)
      for (int r = 0; r < 4; ++r) t[4 * c + r] = sbox[s[4 * ((c + r) % 4) + r]];
    for (int c = 0; c < 4; ++c) {
      u8* const a = t + 4 * c;
      if (round < 10) {
        const u8 all = (u8)(a[0] ^ a[1] ^ a[2] ^ a[3]);
        const u8 first = a[0];
        for (int r = 0; r < 4; ++r) {
          const u8 next = r == 3 ? first : a[r + 1];
          s[4 * c + r] = (u8)(a[r] ^ all ^ times2((u8)(a[r] ^ next)));
        }
      } else {
        for (int r = 0; r < 4; ++r) s[4 * c + r] = a[r];
      }
    }
    for (int i = 0; i < 16; ++i) s[i] ^= round_keys[16 * round + i];
  }
}

void open_sealed(const u8* from, u64 size, u8* to) {
  make_sbox();
  expand_key();
  for (u64 at = 0; at < size; at += 16) {
    u8 block[16] = {};
    const u64 counter = at / 16;
    for (int i = 0; i < 8; ++i) block[15 - i] = (u8)(counter >> (8 * i));
    encrypt_block(block);
    for (u64 i = 0; i < 16 && at + i < size; ++i) to[at + i] = (u8)(from[at + i] ^ block[i]);
  }
}

// ---- is anybody watching? ----

bool file_has(const char* path, const char* word) {
  const int file = open(path, 0);
  if (file < 0) return false;
  static char text[65536];
  u64 size = 0;
  for (long got;
       size + 1 < sizeof(text) && (got = read(file, text + size, sizeof(text) - 1 - size)) > 0;)
    size += (u64)got;
  close(file);
  text[size] = 0;
  return strstr(text, word) != nullptr;
}

bool watched() {
  char value[92] = {};
  __system_property_get("ro.kernel.qemu", value);
  if (strcmp(value, "1") == 0) return true;
  __system_property_get("ro.hardware", value);
  if (strcmp(value, "goldfish") == 0 || strcmp(value, "ranchu") == 0) return true;
  if (file_has("/proc/self/maps", "frida") || file_has("/proc/self/maps", "qemu")) return true;
  if (!file_has("/proc/self/status", "TracerPid:\t0")) return true;
  return !file_has("/proc/cpuinfo", "processor");
}

// ---- the model ----

void* interpreter;
int model_height, model_width;

void* load_model() {
  const u64 size = (u64)(sealed_end - sealed_begin);
  u8* const model = (u8*)malloc(size);
  open_sealed(sealed_begin, size, model);
  return TfLiteModelCreate(model, size);  // which keeps the pointer
}

// RGBA to the model's input: the nearest pixel, 0 to 1.
float analyze(void* env, void*, void* bitmap) {
  BitmapInfo info{};
  void* pixels = nullptr;
  if (AndroidBitmap_getInfo(env, bitmap, &info) != 0 || info.format != 1 ||
      AndroidBitmap_lockPixels(env, bitmap, &pixels) != 0)
    return -1;
  void* const input = TfLiteInterpreterGetInputTensor(interpreter, 0);
  float* const planes = (float*)malloc(TfLiteTensorByteSize(input));
  float* to = planes;
  for (int y = 0; y < model_height; ++y) {
    const u8* const row =
        (const u8*)pixels + (u64)info.stride * ((u64)y * info.height / (u64)model_height);
    for (int x = 0; x < model_width; ++x) {
      const u8* const from = row + 4 * ((u64)x * info.width / (u64)model_width);
      for (int c = 0; c < 3; ++c) *to++ = (float)from[c] / 255.0f;
    }
  }
  AndroidBitmap_unlockPixels(env, bitmap);
  TfLiteTensorCopyFromBuffer(input, planes, TfLiteTensorByteSize(input));
  free(planes);
  if (TfLiteInterpreterInvoke(interpreter) != 0) return -2;
  float answer[64] = {};
  const void* const output = TfLiteInterpreterGetOutputTensor(interpreter, 0);
  TfLiteTensorCopyToBuffer(output, answer, TfLiteTensorByteSize(output));
  return answer[0];
}

// ---- registration: names are opened only here ----

void reveal(const u8* from, u64 size, char* to) {
  for (u64 i = 0; i < size; ++i) to[i] = (char)(from[i] ^ (u8)(0x5a + i));
}

struct Native {
  const char* name;
  const char* signature;
  void* function;
};

}  // namespace

extern "C" __attribute__((visibility("default"))) int JNI_OnLoad(void*** vm, void*) {
  if (watched()) return -1;
  void*** env = nullptr;
  if (((int (*)(void***, void****, int))(*vm)[6])(vm, &env, 0x10006) != 0) return -1;
  void* const model = load_model();
  void* const options = TfLiteInterpreterOptionsCreate();
  TfLiteInterpreterOptionsSetNumThreads(options, 1);
  interpreter = TfLiteInterpreterCreate(model, options);
  if (interpreter == nullptr || TfLiteInterpreterAllocateTensors(interpreter) != 0) return -1;
  void* const input = TfLiteInterpreterGetInputTensor(interpreter, 0);
  model_height = TfLiteTensorDim(input, 1);
  model_width = TfLiteTensorDim(input, 2);
  static const u8 kClass[] = {HIDDEN_CLASS};
  static const u8 kName[] = {HIDDEN_NAME};
  static const u8 kSignature[] = {HIDDEN_SIGNATURE};
  static char klass[64], name[16], signature[64];
  reveal(kClass, sizeof(kClass), klass);
  reveal(kName, sizeof(kName), name);
  reveal(kSignature, sizeof(kSignature), signature);
  void* const found = ((void* (*)(void***, const char*))(*env)[6])(env, klass);
  const Native natives[] = {{name, signature, (void*)&analyze}};
  if (((int (*)(void***, void*, const Native*, int))(*env)[215])(env, found, natives, 1) != 0)
    return -1;
  __android_log_print(4, "vault", "open, %d x %d", model_width, model_height);
  return 0x10006;
}
