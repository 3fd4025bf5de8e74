// SPDX-License-Identifier: Apache-2.0
// The native methods of daylight.host.Natives, and the agent's beginning.
#include <jni.h>
#include <jvmti.h>

#include <csignal>
#include <cstdio>

#include "daylight/base/child_process.h"
#include "daylight/base/text.h"
#include "native/host_session.h"

namespace {

using dl::ByteSpan;
using dl::jvm::modified_utf8_of;
using dl::jvm::RecordedValue;

// Bytes of one value that are kept; a longer one is cut, and says so.
constexpr std::uint64_t kMaxRecorded = std::uint64_t{256} << 20;

dl::jvm::HostSession* session = nullptr;

std::vector<std::string> texts_of(JNIEnv* env, jobjectArray texts) {
  std::vector<std::string> out;
  const jsize count = env->GetArrayLength(texts);
  for (jsize i = 0; i < count; ++i) {
    const auto text = static_cast<jstring>(env->GetObjectArrayElement(texts, i));
    out.push_back(modified_utf8_of(env, text));
    env->DeleteLocalRef(text);
  }
  return out;
}

std::vector<std::uint64_t> shape_of(JNIEnv* env, jlongArray shape) {
  if (shape == nullptr) return {};
  std::vector<jlong> sides(static_cast<std::size_t>(env->GetArrayLength(shape)));
  env->GetLongArrayRegion(shape, 0, static_cast<jsize>(sides.size()), sides.data());
  return {sides.begin(), sides.end()};
}

RecordedValue value_of(JNIEnv* env, jlong call, jint index, jboolean out, jstring type,
                       jstring dtype) {
  RecordedValue value;
  value.call = static_cast<std::uint64_t>(call);
  value.index = index;
  value.out = out == JNI_TRUE;
  value.type = modified_utf8_of(env, type);
  value.dtype = modified_utf8_of(env, dtype);
  return value;
}

ByteSpan span_of(const void* bytes, std::uint64_t size) {
  return {static_cast<const std::uint8_t*>(bytes), static_cast<std::size_t>(size)};
}

// Bytes on their way into native code; tensors of other types are no model.
void offer_model(const RecordedValue& value, ByteSpan bytes) {
  if (value.out || (value.dtype != "int8" && value.dtype != "uint8")) return;
  session->offer_model(bytes, "argument " + std::to_string(value.index) + " of a native method (" +
                                  value.type.substr(0, 100) + ")");
}

bool set_prefix(JavaVM* vm) {
  void* got = nullptr;
  if (vm->GetEnv(&got, JVMTI_VERSION_1_2) != JNI_OK) return false;
  auto* const tools = static_cast<jvmtiEnv*>(got);
  jvmtiCapabilities capabilities{};
  capabilities.can_set_native_method_prefix = 1;
  return tools->AddCapabilities(&capabilities) == JVMTI_ERROR_NONE &&
         tools->SetNativeMethodPrefix(dl::jvm::kNativePrefix) == JVMTI_ERROR_NONE;
}

}  // namespace

extern "C" {

// Called by the boot agent, before the virtual machine runs Java code.
JNIEXPORT jint JNICALL daylight_jvm_start(JavaVM* vm, const char* configuration,
                                          const struct sigaction* segv,
                                          const struct sigaction* bus) {
  // Until there is a guest, all are HotSpot's; the translator's own handlers are kept for then.
  struct sigaction translator_segv = {};
  struct sigaction translator_bus = {};
  sigaction(SIGSEGV, segv, &translator_segv);
  sigaction(SIGBUS, bus, &translator_bus);
  dl::guest::give_other_faults_to(*segv, *bus);
  dl::jvm::set_virtual_machine(vm);
  auto read = dl::jvm::read_configuration(configuration);
  if (read) {
    read->translator_segv = translator_segv;
    read->translator_bus = translator_bus;
  }
  auto made = read ? dl::jvm::HostSession::create(std::move(*read))
                   : tl::unexpected<dl::Error>(read.error());
  if (!made || !set_prefix(vm)) {
    std::fprintf(stderr, "daylight jvm-host: %s\n",
                 made ? "the virtual machine takes no prefix" : dl::describe(made.error()).c_str());
    return JNI_ERR;
  }
  session = made->release();
  return JNI_OK;
}

JNIEXPORT jbyteArray JNICALL Java_daylight_host_Natives_receive(JNIEnv* env, jclass) {
  const auto message = dl::receive_frame(session->socket());
  if (!message) return nullptr;
  const auto size = static_cast<jsize>(message->size());
  const jbyteArray out = env->NewByteArray(size);
  if (out != nullptr)
    env->SetByteArrayRegion(out, 0, size, reinterpret_cast<const jbyte*>(message->data()));
  return out;
}

JNIEXPORT void JNICALL Java_daylight_host_Natives_send(JNIEnv* env, jclass, jbyteArray message) {
  std::string bytes(static_cast<std::size_t>(env->GetArrayLength(message)), '\0');
  env->GetByteArrayRegion(message, 0, static_cast<jsize>(bytes.size()),
                          reinterpret_cast<jbyte*>(bytes.data()));
  (void)dl::send_frame(session->socket(), bytes);
}

JNIEXPORT jstring JNICALL Java_daylight_host_Natives_load(JNIEnv* env, jclass, jstring name,
                                                          jobject loader) {
  const auto done = session->load(env, modified_utf8_of(env, name), loader);
  if (done || env->ExceptionCheck() == JNI_TRUE) return nullptr;
  return env->NewStringUTF(dl::printable(dl::describe(done.error()), 2'000).c_str());
}

JNIEXPORT void JNICALL Java_daylight_host_Natives_dataFolder(JNIEnv* env, jclass, jstring folder) {
  session->set_data_folder(modified_utf8_of(env, folder));
}

JNIEXPORT jint JNICALL Java_daylight_host_Natives_bind(JNIEnv* env, jclass, jclass klass,
                                                       jstring owner, jobjectArray names,
                                                       jobjectArray signatures) {
  return session->bind(env, klass, modified_utf8_of(env, owner), texts_of(env, names),
                       texts_of(env, signatures));
}

JNIEXPORT jint JNICALL Java_daylight_host_Natives_method(JNIEnv* env, jclass, jboolean native,
                                                         jstring name, jstring signature) {
  const auto kind = native == JNI_TRUE ? dl::TraceMethodKind::kJni : dl::TraceMethodKind::kJava;
  return static_cast<jint>(session->recorder().method(kind, modified_utf8_of(env, name),
                                                      modified_utf8_of(env, signature)));
}

JNIEXPORT jlong JNICALL Java_daylight_host_Natives_enter(JNIEnv*, jclass, jint method) {
  return static_cast<jlong>(session->recorder().enter(static_cast<std::uint32_t>(method)));
}

JNIEXPORT void JNICALL Java_daylight_host_Natives_leave(JNIEnv* env, jclass, jlong call,
                                                        jint method, jint outcome, jlong bits,
                                                        jstring text) {
  session->recorder().leave(static_cast<std::uint64_t>(call), static_cast<std::uint32_t>(method),
                            static_cast<dl::TraceOutcome>(outcome),
                            static_cast<std::uint64_t>(bits), modified_utf8_of(env, text));
}

JNIEXPORT void JNICALL Java_daylight_host_Natives_scalar(JNIEnv* env, jclass, jlong call,
                                                         jint index, jboolean out, jstring type,
                                                         jstring dtype, jlong bits) {
  RecordedValue value = value_of(env, call, index, out, type, dtype);
  value.bits = static_cast<std::uint64_t>(bits);
  session->recorder().scalar(value);
}

JNIEXPORT void JNICALL Java_daylight_host_Natives_array(JNIEnv* env, jclass, jlong call, jint index,
                                                        jboolean out, jstring type, jstring dtype,
                                                        jlongArray shape, jarray array,
                                                        jint element_size) {
  RecordedValue value = value_of(env, call, index, out, type, dtype);
  value.shape = shape_of(env, shape);
  value.length = static_cast<std::uint64_t>(env->GetArrayLength(array)) *
                 static_cast<std::uint64_t>(element_size);
  const std::uint64_t seen = std::min(value.length, kMaxRecorded);
  void* const elements = env->GetPrimitiveArrayCritical(array, nullptr);
  if (elements == nullptr) return;
  // Writing takes a while, and nothing of Java's may wait for it: a copy.
  const std::vector<std::uint8_t> copy(static_cast<const std::uint8_t*>(elements),
                                       static_cast<const std::uint8_t*>(elements) + seen);
  env->ReleasePrimitiveArrayCritical(array, elements, JNI_ABORT);
  session->recorder().bytes(value, copy);
  offer_model(value, copy);
}

JNIEXPORT void JNICALL Java_daylight_host_Natives_direct(JNIEnv* env, jclass, jlong call,
                                                         jint index, jboolean out, jstring type,
                                                         jstring dtype, jobject buffer,
                                                         jlong length) {
  RecordedValue value = value_of(env, call, index, out, type, dtype);
  const void* const at = env->GetDirectBufferAddress(buffer);
  value.bits = reinterpret_cast<std::uint64_t>(at);
  value.length = static_cast<std::uint64_t>(length);
  if (at == nullptr) return session->recorder().unreadable(value);
  std::vector<std::uint8_t> copy(std::min(value.length, kMaxRecorded));
  // Its memory may be the guest's, which may have taken it away.
  const auto gone = dl::guest::with_memory_escape([&] {
    const ByteSpan bytes = span_of(at, copy.size());
    std::copy(bytes.begin(), bytes.end(), copy.begin());
  });
  if (gone) return session->recorder().unreadable(value);
  session->recorder().bytes(value, copy);
  offer_model(value, copy);
}

JNIEXPORT void JNICALL Java_daylight_host_Natives_note(JNIEnv* env, jclass, jint level,
                                                       jstring where, jstring text) {
  session->recorder().note(static_cast<dl::TraceLevel>(level), modified_utf8_of(env, where),
                           modified_utf8_of(env, text));
}

JNIEXPORT void JNICALL Java_daylight_host_Natives_beginPicture(JNIEnv* env, jclass, jlong id,
                                                               jstring file, jint face,
                                                               jbyteArray picture) {
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(env->GetArrayLength(picture)));
  env->GetByteArrayRegion(picture, 0, static_cast<jsize>(bytes.size()),
                          reinterpret_cast<jbyte*>(bytes.data()));
  dl::TraceStimulusBegin stimulus;
  stimulus.id = static_cast<std::uint64_t>(id);
  stimulus.file = modified_utf8_of(env, file);
  stimulus.face = static_cast<std::uint32_t>(face);
  session->recorder().begin_stimulus(stimulus, bytes);
}

JNIEXPORT void JNICALL Java_daylight_host_Natives_endPicture(JNIEnv* env, jclass, jlong id,
                                                             jint outcome, jstring text) {
  session->recorder().end_stimulus({static_cast<std::uint64_t>(id),
                                    static_cast<dl::TraceOutcome>(outcome),
                                    modified_utf8_of(env, text)});
}

JNIEXPORT void JNICALL Java_daylight_host_Natives_finish(JNIEnv* env, jclass, jint ending,
                                                         jstring text) {
  session->recorder().finish(static_cast<dl::TraceEnding>(ending), modified_utf8_of(env, text));
}

}  // extern "C"
