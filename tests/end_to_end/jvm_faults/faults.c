// SPDX-License-Identifier: Apache-2.0
// Native methods of story class Faults: each goes wrong in a way of its own, or calls back into Java that does.
#include "jni.h"

extern void abort(void);
extern void exit(int);
extern int nobody_has_this(int);

static volatile int spins;

jint JNI_OnLoad(JavaVM *vm, void *reserved) {
  (void)vm;
  (void)reserved;
  return JNI_VERSION_1_6;
}

JNIEXPORT jdouble JNICALL Java_daylight_host_Faults_mixed(JNIEnv *env, jclass klass, jbyte a, jfloat b, jlong c, jdouble d, jchar e, jboolean f, jshort g, jint h, jint i, jint j) {
  (void)env;
  (void)klass;
  return a + b + (double)c + d + e + f + g + h + i + j;
}

JNIEXPORT jint JNICALL Java_daylight_host_Faults_readNull(JNIEnv *env, jclass klass, jlong offset) {
  (void)env;
  (void)klass;
  return *(volatile int *)offset;
}

JNIEXPORT void JNICALL Java_daylight_host_Faults_spin(JNIEnv *env, jclass klass) {
  (void)env;
  (void)klass;
  for (;;) ++spins;
}

JNIEXPORT void JNICALL Java_daylight_host_Faults_giveUp(JNIEnv *env, jclass klass) {
  (void)env;
  (void)klass;
  abort();
}

JNIEXPORT void JNICALL Java_daylight_host_Faults_leave(JNIEnv *env, jclass klass) {
  (void)env;
  (void)klass;
  exit(3);
}

JNIEXPORT jint JNICALL Java_daylight_host_Faults_missing(JNIEnv *env, jclass klass) {
  (void)env;
  (void)klass;
  return nobody_has_this(1);
}

// Calls "static int back(int)", which does what the test wants of it.
JNIEXPORT jint JNICALL Java_daylight_host_Faults_callBack(JNIEnv *env, jclass klass, jint what) {
  jmethodID back = (*env)->GetStaticMethodID(env, klass, "back", "(I)I");
  if (back == 0) return -1;
  return 1 + (*env)->CallStaticIntMethod(env, klass, back, what);
}

JNIEXPORT jint JNICALL Java_daylight_host_Faults_useNoReference(JNIEnv *env, jclass klass) {
  (void)klass;
  return (*env)->GetArrayLength(env, (jarray)0x1234567890);
}

JNIEXPORT jint JNICALL Java_daylight_host_Faults_callOnOther(JNIEnv *env, jclass klass, jobject other) {
  (void)klass;
  jclass text = (*env)->FindClass(env, "java/lang/String");
  jmethodID length = (*env)->GetMethodID(env, text, "length", "()I");
  return (*env)->CallIntMethod(env, other, length);
}

JNIEXPORT jlong JNICALL Java_daylight_host_Faults_sum(JNIEnv *env, jclass klass, jintArray values, jobject buffer) {
  (void)klass;
  jsize length = (*env)->GetArrayLength(env, values);
  jint *elements = (*env)->GetIntArrayElements(env, values, 0);
  jlong out = 0;
  for (jsize i = 0; i < length; ++i) out += elements[i];
  elements[0] = 77;
  (*env)->ReleaseIntArrayElements(env, values, elements, 0);
  unsigned char *bytes = (*env)->GetDirectBufferAddress(env, buffer);
  jlong size = (*env)->GetDirectBufferCapacity(env, buffer);
  for (jlong i = 0; i < size; ++i) out += bytes[i]++;
  return out;
}
