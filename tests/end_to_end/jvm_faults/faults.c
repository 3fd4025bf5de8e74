// SPDX-License-Identifier: Apache-2.0
// Native methods of story class Faults: each goes wrong in a way of its own, or calls back into Java that does.
#include "jni.h"

extern void abort(void);
extern void exit(int);
extern int nobody_has_this(int);

extern void *malloc(unsigned long);
extern int open(const char *, int, ...);
extern long read(int, void *, unsigned long);
extern long write(int, const void *, unsigned long);
extern int close(int);

static volatile int spins;
static unsigned char *kept;

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

// What Java sees after JNI_COMMIT, and again after JNI_ABORT.
JNIEXPORT jint JNICALL Java_daylight_host_Faults_commit(JNIEnv *env, jclass klass, jintArray values) {
  jint *elements = (*env)->GetIntArrayElements(env, values, 0);
  jmethodID first = (*env)->GetStaticMethodID(env, klass, "first", "([I)I");
  elements[0] = 10;
  (*env)->ReleaseIntArrayElements(env, values, elements, JNI_COMMIT);
  jint seen = (*env)->CallStaticIntMethod(env, klass, first, values);
  elements[0] = 20;
  (*env)->ReleaseIntArrayElements(env, values, elements, JNI_ABORT);
  return 100 * seen + (*env)->CallStaticIntMethod(env, klass, first, values);
}

// Base's version of what Derived has its own of, then the object's.
JNIEXPORT jint JNICALL Java_daylight_host_Faults_nonvirtual(JNIEnv *env, jclass klass, jobject derived, jclass base) {
  (void)klass;
  jmethodID number = (*env)->GetMethodID(env, base, "number", "()I");
  return 10 * (*env)->CallNonvirtualIntMethod(env, derived, base, number) + (*env)->CallIntMethod(env, derived, number);
}

// Adds one, without any lock but the object's monitor; in between others may come.
JNIEXPORT void JNICALL Java_daylight_host_Faults_addOne(JNIEnv *env, jclass klass, jobject lock, jintArray counter) {
  jmethodID rest = (*env)->GetStaticMethodID(env, klass, "rest", "()V");
  jint value = 0;
  (*env)->MonitorEnter(env, lock);
  (*env)->GetIntArrayRegion(env, counter, 0, 1, &value);
  (*env)->CallStaticVoidMethod(env, klass, rest);
  ++value;
  (*env)->SetIntArrayRegion(env, counter, 0, 1, &value);
  (*env)->MonitorExit(env, lock);
}

// Java's loadLibrary, asked by native code.
JNIEXPORT void JNICALL Java_daylight_host_Faults_loadAgain(JNIEnv *env, jclass klass, jstring name) {
  (void)klass;
  jclass system = (*env)->FindClass(env, "java/lang/System");
  jmethodID load = (*env)->GetStaticMethodID(env, system, "loadLibrary", "(Ljava/lang/String;)V");
  (*env)->CallStaticVoidMethod(env, system, load, name);
}

// The first byte of one file of the app's goes into another.
JNIEXPORT jint JNICALL Java_daylight_host_Faults_copyByte(JNIEnv *env, jclass klass, jstring from, jstring to) {
  (void)klass;
  const char *from_path = (*env)->GetStringUTFChars(env, from, 0);
  const char *to_path = (*env)->GetStringUTFChars(env, to, 0);
  char byte = 0;
  int source = open(from_path, 0);
  int target = open(to_path, 0101, 0600);
  if (source >= 0 && target >= 0 && read(source, &byte, 1) == 1) write(target, &byte, 1);
  close(source);
  close(target);
  (*env)->ReleaseStringUTFChars(env, from, from_path);
  (*env)->ReleaseStringUTFChars(env, to, to_path);
  return byte;
}

// Takes a hidden model and keeps it as it is, where no call shows it.
JNIEXPORT void JNICALL Java_daylight_host_Faults_uncover(JNIEnv *env, jclass klass, jbyteArray hidden, jint key) {
  (void)klass;
  jsize length = (*env)->GetArrayLength(env, hidden);
  jbyte *bytes = (*env)->GetByteArrayElements(env, hidden, 0);
  kept = malloc((unsigned long)length);
  for (jsize i = 0; i < length; ++i) kept[i] = (unsigned char)(bytes[i] ^ key);
  (*env)->ReleaseByteArrayElements(env, hidden, bytes, JNI_ABORT);
}
