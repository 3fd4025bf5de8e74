// SPDX-License-Identifier: Apache-2.0
// The native methods of Fixture.java.
#include <jni.h>
#include <sys/mman.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>

#define NATIVE(result, name) extern "C" JNIEXPORT result JNICALL Java_fixture_Fixture_##name

NATIVE(jint, successor)(JNIEnv* env, jclass, jbyteArray values) {
  const jsize count = env->GetArrayLength(values);
  jbyte* const bytes = env->GetByteArrayElements(values, nullptr);
  for (jsize i = 0; i < count; ++i) bytes[i] = static_cast<jbyte>(bytes[i] + 1);
  env->ReleaseByteArrayElements(values, bytes, 0);
  return count;
}

NATIVE(jfloatArray, twice)(JNIEnv* env, jclass, jfloatArray values) {
  const jsize count = env->GetArrayLength(values);
  jfloatArray out = env->NewFloatArray(count);
  for (jsize i = 0; i < count; ++i) {
    jfloat value = 0;
    env->GetFloatArrayRegion(values, i, 1, &value);
    value *= 2;
    env->SetFloatArrayRegion(out, i, 1, &value);
  }
  return out;
}

NATIVE(jstring, greet)(JNIEnv* env, jclass, jstring) { return env->NewStringUTF("hello"); }

NATIVE(jlong, sum)(JNIEnv* env, jclass, jobject buffer, jint count) {
  const auto* const bytes = static_cast<const unsigned char*>(env->GetDirectBufferAddress(buffer));
  jlong out = 0;
  for (jint i = 0; i < count; ++i) out += bytes[i];
  return out;
}

NATIVE(void, fill)(JNIEnv* env, jclass, jobject buffer, jfloat with) {
  auto* const values = static_cast<jfloat*>(env->GetDirectBufferAddress(buffer));
  for (jlong i = 0; i < env->GetDirectBufferCapacity(buffer); ++i) values[i] = with;
}

NATIVE(jint, look)(JNIEnv*, jclass, jobject value) { return value == nullptr ? 0 : 1; }

NATIVE(jdouble, many)
(JNIEnv*, jclass, jint a, jlong b, jfloat c, jdouble d, jboolean e, jbyte f, jchar g, jshort h,
 jint i, jlong j, jfloat k, jdouble l, jfloat m, jfloat n, jfloat o, jfloat p, jfloat q, jfloat r,
 jdouble s, jint t) {
  const bool right = a == 1 && b == 2 && c == 3 && d == 4 && e && f == -6 && g == 'g' && h == -8 &&
                     i == 9 && j == 10 && k == 11 && l == 12 && m == 13 && n == 14 && o == 15 &&
                     p == 16 && q == 17 && r == 18 && s == 19 && t == 20;
  return right ? 12345.5 : 0;
}

NATIVE(void, fail)(JNIEnv* env, jclass, jstring message) {
  jclass klass = env->FindClass("java/lang/IllegalArgumentException");
  const char* const text = env->GetStringUTFChars(message, nullptr);
  env->ThrowNew(klass, text);
  env->ReleaseStringUTFChars(message, text);
}

NATIVE(jint, deeper)(JNIEnv* env, jclass klass, jint depth, jbyteArray values) {
  if (depth == 0) return 0;
  jmethodID again = env->GetStaticMethodID(klass, "deeper", "(I[B)I");
  return 1 + env->CallStaticIntMethod(klass, again, depth - 1, values);
}

NATIVE(jint, large)(JNIEnv* env, jclass, jbyteArray values) {
  jbyte first = 0;
  env->GetByteArrayRegion(values, 0, 1, &first);
  return first;
}

NATIVE(jint, peek)(JNIEnv*, jclass, jlong, jint count) { return count; }

NATIVE(jlong, allocate)(JNIEnv*, jclass, jint count) {
  auto* const bytes = static_cast<unsigned char*>(std::malloc(static_cast<std::size_t>(count)));
  for (jint i = 0; i < count; ++i) bytes[i] = static_cast<unsigned char>(i);
  return reinterpret_cast<jlong>(bytes);
}

// A buffer over memory that is not there any more.
NATIVE(jobject, gone)(JNIEnv* env, jclass, jint count) {
  void* const bytes = ::mmap(nullptr, static_cast<std::size_t>(count), PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ::munmap(bytes, static_cast<std::size_t>(count));
  return env->NewDirectByteBuffer(bytes, count);
}

NATIVE(void, die)(JNIEnv*, jclass, jbyteArray) {
  ::usleep(200'000);
  ::kill(::getpid(), SIGKILL);
  for (;;) ::pause();
}

NATIVE(jint, regions)(JNIEnv* env, jclass, jbyteArray from, jintArray numbers) {
  jbyte bytes[3];
  env->GetByteArrayRegion(from, 0, 3, bytes);
  const jint values[] = {70, 80};
  env->SetIntArrayRegion(numbers, 0, 2, values);
  auto* const raw = static_cast<jint*>(env->GetPrimitiveArrayCritical(numbers, nullptr));
  raw[1] = 81;
  env->ReleasePrimitiveArrayCritical(numbers, raw, 0);
  env->GetByteArrayRegion(from, 2, 9, bytes);
  env->ExceptionClear();
  return bytes[0];
}

NATIVE(jint, ofObject)(JNIEnv*, jobject, jint number) { return 2 * number; }

namespace {

jint registered(JNIEnv* env, jclass, jbyteArray values) { return env->GetArrayLength(values); }

}  // namespace

extern "C" JNIEXPORT jint JNICALL JNI_OnLoad(JavaVM* machine, void*) {
  JNIEnv* env = nullptr;
  machine->GetEnv(reinterpret_cast<void**>(&env), JNI_VERSION_1_6);
  JNINativeMethod method{const_cast<char*>("registered"), const_cast<char*>("([B)I"),
                         reinterpret_cast<void*>(&registered)};
  env->RegisterNatives(env->FindClass("fixture/Fixture"), &method, 1);
  return JNI_VERSION_1_6;
}
