// SPDX-License-Identifier: Apache-2.0
// One template for each family of functions, over the eight types of elements.
#include "jni_functions.h"

#include <array>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "call_recorder.h"
#include "loaded_libraries.h"
#include "platform_classes.h"
#include "value_types.h"

namespace dl::jvmti {
namespace {

// Of text whose end nobody told.
constexpr std::uint64_t kMaxTextBytes = std::uint64_t{64} << 10;

enum class Family : std::uint32_t {
  kGetElements,
  kReleaseElements,
  kGetRegion,
  kSetRegion,
  kGetCritical,
  kReleaseCritical,
  kNewStringUtf,
  kGetStringUtf,
  kGetAddress,
  kNewBuffer,
};

// What is watched: a function as one library calls it, nullptr where no rule wants it.
struct Watches {
  CallJournal& journal;
  const WatchRules& rules;
  NativeCalls& natives;
  std::string platform_folder;
  std::mutex mutex;
  std::map<std::pair<std::string, std::string>, std::unique_ptr<WatchedMethod>> of;
};
Watches* watches = nullptr;

// By where the call came from: a library is looked for once in each thread and place.
struct KnownCaller {
  const void* at = nullptr;
  std::uint32_t function = 0;
  WatchedMethod* method = nullptr;
};
thread_local std::array<KnownCaller, 128> known_callers;

std::unique_ptr<WatchedMethod> make_watch(const std::string& library, const std::string& function,
                                          bool platform) {
  const CaptureRule* const rule = watches->rules.select_jni_function(library, function);
  if (rule == nullptr || (platform && rule->selector.library.head().empty())) return nullptr;
  auto out = std::make_unique<WatchedMethod>();
  const std::string name = print_selector(import_selector(library, function));
  out->policy = rule->policy;
  out->types = {value_type("void", "")};
  out->id = watches->natives.define(name, TraceMethodKind::kImport, "");
  return out;
}

// Without links and "..", as far as the file is there.
std::string real_path(const std::string& path) {
  std::error_code error;
  const auto out = std::filesystem::canonical(path, error);
  return error ? path : out.string();
}

// A native method that ends with the call of a JNI function returns straight to the virtual
// machine's code: which library it is in, the return address does not say.
LoadedLibrary caller_library(const void* caller) {
  auto library = library_at(caller);
  const auto ours = library_at(reinterpret_cast<const void*>(&real_path));
  if (!library || (ours && library->base == ours->base)) {
    library.emplace();
    library->name = "unknown";
  }
  return *std::move(library);
}

WatchedMethod* look_up(const void* caller, const std::string& function) {
  const LoadedLibrary library = caller_library(caller);
  const std::string path = real_path(library.path);
  const bool platform = path.starts_with(watches->platform_folder) ||
                        path.starts_with("/system/") || path.starts_with("/apex/");
  const std::scoped_lock lock(watches->mutex);
  const auto [found, fresh] = watches->of.try_emplace({library.path, function});
  if (fresh) found->second = make_watch(library.name, function, platform);
  return found->second.get();
}

// "Float" of 'F'.
constexpr std::string_view type_word(char element) {
  switch (element) {
    case 'Z':
      return "Boolean";
    case 'B':
      return "Byte";
    case 'C':
      return "Char";
    case 'S':
      return "Short";
    case 'I':
      return "Int";
    case 'J':
      return "Long";
    case 'F':
      return "Float";
    default:
      return "Double";
  }
}

std::string function_name(Family family, char element) {
  const std::string type(type_word(element));
  switch (family) {
    case Family::kGetElements:
      return "Get" + type + "ArrayElements";
    case Family::kReleaseElements:
      return "Release" + type + "ArrayElements";
    case Family::kGetRegion:
      return "Get" + type + "ArrayRegion";
    case Family::kSetRegion:
      return "Set" + type + "ArrayRegion";
    case Family::kGetCritical:
      return "GetPrimitiveArrayCritical";
    case Family::kReleaseCritical:
      return "ReleasePrimitiveArrayCritical";
    case Family::kNewStringUtf:
      return "NewStringUTF";
    case Family::kGetStringUtf:
      return "GetStringUTFChars";
    case Family::kGetAddress:
      return "GetDirectBufferAddress";
    case Family::kNewBuffer:
      return "NewDirectByteBuffer";
  }
  return {};
}

WatchedMethod* watched(const void* caller, Family family, char element) {
  const std::uint32_t function =
      static_cast<std::uint32_t>(family) << 8 | static_cast<unsigned char>(element);
  KnownCaller& known =
      known_callers[(reinterpret_cast<std::uintptr_t>(caller) >> 2) % known_callers.size()];
  if (known.at != caller || known.function != function)
    known = {caller, function, look_up(caller, function_name(family, element))};
  return known.method;
}

constexpr auto kNoArguments = [](std::size_t) -> std::uint64_t { return 0; };

// One call of a watched function: bytes before it, bytes after it.
class JniCall {
 public:
  // While an exception is pending hardly anything may be asked.
  JniCall(JNIEnv* env, WatchedMethod* method) {
    if (method == nullptr || java_access().jni.ExceptionCheck(env)) return;
    policy_ = &method->policy;
    call_.emplace(watches->journal, *method, env, kNoArguments);
    if (!call_->recorded()) call_.reset();
  }
  void before(std::int32_t index, const ValueType* type, const void* address,
              std::uint64_t length) {
    if (call_ && policy_->in) call_->memory(TraceDirection::kIn, index, type, address, length);
  }
  // Ends the call.
  void after(std::int32_t index, const ValueType* type, const void* address, std::uint64_t length) {
    if (!call_) return;
    const bool wanted = index == kTraceReturnValue ? policy_->result : policy_->out;
    if (wanted && address != nullptr)
      call_->memory(TraceDirection::kOut, index, type, address, length);
    end();
  }
  void end() {
    if (call_) call_->leave(kNoArguments, 0);
    call_.reset();
  }
  bool recorded() const { return call_.has_value(); }

 private:
  std::optional<RecordedCall> call_;
  const CapturePolicy* policy_ = nullptr;
};

std::uint64_t array_bytes(JNIEnv* env, jarray array, char element) {
  return static_cast<std::uint64_t>(java_access().jni.GetArrayLength(env, array)) *
         element_bytes(element);
}

const ValueType* elements_type(char element) {
  const char descriptor[] = {'[', element, 0};
  return value_type(java_type_name(descriptor).value_or(""), element_dtype(element));
}

#define DAYLIGHT_CALLER __builtin_return_address(0)

// The four functions of one type of elements.
template <typename Array, typename Element, char kLetter, auto kGet, auto kRelease, auto kGetRegion,
          auto kSetRegion>
struct ArrayFunctions {
  static const ValueType* type() {
    static const ValueType* const out = elements_type(kLetter);
    return out;
  }
  static Element* JNICALL get(JNIEnv* env, Array array, jboolean* copied) {
    JniCall call(env, watched(DAYLIGHT_CALLER, Family::kGetElements, kLetter));
    Element* const out = (java_access().jni.*kGet)(env, array, copied);
    if (call.recorded())
      call.after(kTraceReturnValue, type(), out,
                 out == nullptr ? 0 : array_bytes(env, array, kLetter));
    return out;
  }
  static void JNICALL release(JNIEnv* env, Array array, Element* elements, jint mode) {
    JniCall call(env, watched(DAYLIGHT_CALLER, Family::kReleaseElements, kLetter));
    if (call.recorded() && mode != JNI_ABORT)
      call.before(1, type(), elements, array_bytes(env, array, kLetter));
    (java_access().jni.*kRelease)(env, array, elements, mode);
    call.end();
  }
  static void JNICALL get_region(JNIEnv* env, Array array, jsize start, jsize count, Element* to) {
    JniCall call(env, watched(DAYLIGHT_CALLER, Family::kGetRegion, kLetter));
    (java_access().jni.*kGetRegion)(env, array, start, count, to);
    if (!call.recorded()) return;
    // Where it threw, nothing was written.
    if (java_access().jni.ExceptionCheck(env) || count < 0) return call.end();
    call.after(3, type(), to, static_cast<std::uint64_t>(count) * sizeof(Element));
  }
  static void JNICALL set_region(JNIEnv* env, Array array, jsize start, jsize count,
                                 const Element* from) {
    JniCall call(env, watched(DAYLIGHT_CALLER, Family::kSetRegion, kLetter));
    if (call.recorded() && count > 0)
      call.before(3, type(), from, static_cast<std::uint64_t>(count) * sizeof(Element));
    (java_access().jni.*kSetRegion)(env, array, start, count, from);
    call.end();
  }
  static void install(jniNativeInterface& table) {
    table.*kGet = &get;
    table.*kRelease = &release;
    table.*kGetRegion = &get_region;
    table.*kSetRegion = &set_region;
  }
};

template <typename Array, typename Element, char kLetter, auto... kFunctions>
void install_array(jniNativeInterface& table) {
  ArrayFunctions<Array, Element, kLetter, kFunctions...>::install(table);
}

// What a thread holds of arrays between Get and Release: nothing of Java may be asked there.
struct Held {
  const void* bytes = nullptr;
  const ValueType* type = nullptr;
  std::uint64_t length = 0;
};
thread_local std::vector<Held> held;

void* JNICALL get_critical(JNIEnv* env, jarray array, jboolean* copied) {
  JniCall call(env, watched(DAYLIGHT_CALLER, Family::kGetCritical, 'B'));
  char element = 0;
  std::uint64_t length = 0;
  if (call.recorded()) {
    jclass klass = java_access().jni.GetObjectClass(env, array);
    const std::string signature = class_signature(klass);
    java_access().jni.DeleteLocalRef(env, klass);
    if (signature.size() == 2) element = signature[1];
    length = element_bytes(element) == 0 ? 0 : array_bytes(env, array, element);
  }
  if (element == 0) {
    call.end();
    return java_access().jni.GetPrimitiveArrayCritical(env, array, copied);
  }
  void* const out = java_access().jni.GetPrimitiveArrayCritical(env, array, copied);
  const ValueType* const type = elements_type(element);
  if (out != nullptr) held.push_back({out, type, length});
  call.after(kTraceReturnValue, type, out, length);
  return out;
}

void JNICALL release_critical(JNIEnv* env, jarray array, void* bytes, jint mode) {
  JniCall call(env, watched(DAYLIGHT_CALLER, Family::kReleaseCritical, 'B'));
  for (std::size_t i = held.size(); i-- > 0;) {
    if (held[i].bytes != bytes) continue;
    if (mode != JNI_ABORT) call.before(1, held[i].type, bytes, held[i].length);
    if (mode != JNI_COMMIT) held.erase(held.begin() + static_cast<std::ptrdiff_t>(i));
    break;
  }
  java_access().jni.ReleasePrimitiveArrayCritical(env, array, bytes, mode);
  call.end();
}

const ValueType* text_type() {
  static const ValueType* const out = value_type("const char*", "utf8");
  return out;
}
const ValueType* bytes_type() {
  static const ValueType* const out = value_type("void*", "uint8");
  return out;
}

jstring JNICALL new_string_utf(JNIEnv* env, const char* text) {
  JniCall call(env, watched(DAYLIGHT_CALLER, Family::kNewStringUtf, 0));
  if (call.recorded() && text != nullptr)
    call.before(0, text_type(), text, ::strnlen(text, kMaxTextBytes));
  jstring const out = java_access().jni.NewStringUTF(env, text);
  call.end();
  return out;
}

const char* JNICALL get_string_utf(JNIEnv* env, jstring text, jboolean* copied) {
  JniCall call(env, watched(DAYLIGHT_CALLER, Family::kGetStringUtf, 0));
  const char* const out = java_access().jni.GetStringUTFChars(env, text, copied);
  if (call.recorded())
    call.after(kTraceReturnValue, text_type(), out,
               out == nullptr ? 0 : ::strnlen(out, kMaxTextBytes));
  return out;
}

void* JNICALL get_address(JNIEnv* env, jobject buffer) {
  JniCall call(env, watched(DAYLIGHT_CALLER, Family::kGetAddress, 0));
  void* const out = java_access().jni.GetDirectBufferAddress(env, buffer);
  if (!call.recorded()) return out;
  const BufferClass* const kind =
      out == nullptr ? nullptr : platform_classes(env).buffer_class(env, buffer);
  const jlong capacity =
      kind == nullptr ? 0 : java_access().jni.GetDirectBufferCapacity(env, buffer);
  call.after(kTraceReturnValue, bytes_type(), out,
             kind == nullptr || capacity < 0
                 ? 0
                 : static_cast<std::uint64_t>(capacity) * element_bytes(kind->element));
  return out;
}

jobject JNICALL new_buffer(JNIEnv* env, void* address, jlong capacity) {
  JniCall call(env, watched(DAYLIGHT_CALLER, Family::kNewBuffer, 0));
  if (call.recorded() && capacity > 0)
    call.before(0, bytes_type(), address, static_cast<std::uint64_t>(capacity));
  jobject const out = java_access().jni.NewDirectByteBuffer(env, address, capacity);
  call.end();
  return out;
}

void replace(jniNativeInterface& table) {
  using T = jniNativeInterface;
  install_array<jbooleanArray, jboolean, 'Z', &T::GetBooleanArrayElements,
                &T::ReleaseBooleanArrayElements, &T::GetBooleanArrayRegion,
                &T::SetBooleanArrayRegion>(table);
  install_array<jbyteArray, jbyte, 'B', &T::GetByteArrayElements, &T::ReleaseByteArrayElements,
                &T::GetByteArrayRegion, &T::SetByteArrayRegion>(table);
  install_array<jcharArray, jchar, 'C', &T::GetCharArrayElements, &T::ReleaseCharArrayElements,
                &T::GetCharArrayRegion, &T::SetCharArrayRegion>(table);
  install_array<jshortArray, jshort, 'S', &T::GetShortArrayElements, &T::ReleaseShortArrayElements,
                &T::GetShortArrayRegion, &T::SetShortArrayRegion>(table);
  install_array<jintArray, jint, 'I', &T::GetIntArrayElements, &T::ReleaseIntArrayElements,
                &T::GetIntArrayRegion, &T::SetIntArrayRegion>(table);
  install_array<jlongArray, jlong, 'J', &T::GetLongArrayElements, &T::ReleaseLongArrayElements,
                &T::GetLongArrayRegion, &T::SetLongArrayRegion>(table);
  install_array<jfloatArray, jfloat, 'F', &T::GetFloatArrayElements, &T::ReleaseFloatArrayElements,
                &T::GetFloatArrayRegion, &T::SetFloatArrayRegion>(table);
  install_array<jdoubleArray, jdouble, 'D', &T::GetDoubleArrayElements,
                &T::ReleaseDoubleArrayElements, &T::GetDoubleArrayRegion, &T::SetDoubleArrayRegion>(
      table);
  table.GetPrimitiveArrayCritical = &get_critical;
  table.ReleasePrimitiveArrayCritical = &release_critical;
  table.NewStringUTF = &new_string_utf;
  table.GetStringUTFChars = &get_string_utf;
  table.GetDirectBufferAddress = &get_address;
  table.NewDirectByteBuffer = &new_buffer;
}

// Where the virtual machine's own libraries lie: "/.../lib/" of "/.../lib/server/libjvm.so".
std::string platform_folder() {
  const auto machine = library_at(reinterpret_cast<const void*>(java_access().jni.GetArrayLength));
  if (!machine) return "/system/";
  const std::string path = real_path(machine->path);
  std::string out = path.substr(0, path.rfind('/') + 1);
  if (out.ends_with("/server/")) out.resize(out.size() - std::string_view("server/").size());
  return out;
}

}  // namespace

void install_jni_functions(JNIEnv* env, jvmtiEnv* tools, CallJournal& journal,
                           const WatchRules& rules, NativeCalls& natives) {
  if (!rules.watches_jni_functions()) return;
  watches = new Watches{journal, rules, natives, platform_folder(), {}, {}};
  // What values are read by is found now, not inside of a call.
  static_cast<void>(platform_classes(env));
  jniNativeInterface table = java_access().jni;
  replace(table);
  if (tools->SetJNIFunctionTable(&table) != JVMTI_ERROR_NONE)
    journal.tell(TraceNote{TraceLevel::kWarning, "daylight_jvmti",
                           "this virtual machine keeps its table of JNI functions: calls of them "
                           "are not seen"});
}

}  // namespace dl::jvmti
