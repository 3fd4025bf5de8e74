// SPDX-License-Identifier: Apache-2.0
// Found by name, once; what is not there is left out.
#include "platform_classes.h"

#include <algorithm>
#include <mutex>
#include <string_view>

#include "java_signature.h"
#include "value_types.h"
#include "value_writer.h"

namespace dl::jvmti {
namespace {

// Of java.util. Views and wrappers are not here: what they show may be a class of the app's. Nor
// are classes that lock: the app's threads could then wait for each other because of us. Listing
// asks neither for hash codes nor for comparisons.
constexpr std::string_view kOwnElements[] = {
    "ArrayDeque",
    "ArrayList",
    "Arrays$ArrayList",
    "Collections$EmptyList",
    "Collections$EmptyMap",
    "Collections$EmptySet",
    "Collections$SingletonList",
    "Collections$SingletonMap",
    "Collections$SingletonSet",
    "EnumMap",
    "HashMap",
    "HashSet",
    "IdentityHashMap",
    "ImmutableCollections$List12",
    "ImmutableCollections$ListN",
    "ImmutableCollections$Map1",
    "ImmutableCollections$MapN",
    "ImmutableCollections$Set12",
    "ImmutableCollections$SetN",
    "JumboEnumSet",
    "LinkedHashMap",
    "LinkedHashSet",
    "LinkedList",
    "PriorityQueue",
    "RegularEnumSet",
    "TreeMap",
    "concurrent/ConcurrentHashMap",
    "concurrent/ConcurrentLinkedQueue",
    "concurrent/CopyOnWriteArrayList",
};

const jniNativeInterface& jni() { return java_access().jni; }

void forget_exception(JNIEnv* env) {
  if (jni().ExceptionCheck(env)) jni().ExceptionClear(env);
}

jclass find(JNIEnv* env, const char* name) {
  jclass local = jni().FindClass(env, name);
  if (local == nullptr) {
    forget_exception(env);
    return nullptr;
  }
  auto* const out = static_cast<jclass>(jni().NewGlobalRef(env, local));
  jni().DeleteLocalRef(env, local);
  return out;
}

jfieldID field(JNIEnv* env, jclass klass, const char* name, const char* signature) {
  if (klass == nullptr) return nullptr;
  jfieldID out = jni().GetFieldID(env, klass, name, signature);
  forget_exception(env);
  return out;
}

jmethodID method(JNIEnv* env, const char* klass, const char* name, const char* signature) {
  jclass found = find(env, klass);
  if (found == nullptr) return nullptr;
  jmethodID out = jni().GetMethodID(env, found, name, signature);
  forget_exception(env);
  return out;
}

PlatformClasses look_up(JNIEnv* env) {
  PlatformClasses out;
  const struct {
    const char* name;
    char element;
  } buffers[] = {{"Byte", 'B'}, {"Char", 'C'},  {"Short", 'S'}, {"Int", 'I'},
                 {"Long", 'J'}, {"Float", 'F'}, {"Double", 'D'}};
  for (std::size_t i = 0; i < out.buffers.size(); ++i) {
    const std::string name = std::string(buffers[i].name) + "Buffer";
    const char element = buffers[i].element;
    jclass klass = find(env, ("java/nio/" + name).c_str());
    const char array[] = {'[', element, 0};
    // Bytes of buffers are what the app makes of them; pictures, mostly.
    const char* dtype = element == 'B' ? "uint8" : element_dtype(element);
    out.buffers[i] = {klass, element, field(env, klass, "hb", array), value_type(name, dtype)};
  }
  const struct {
    const char* name;
    char letter;
  } boxed[] = {{"Boolean", 'Z'}, {"Byte", 'B'}, {"Character", 'C'}, {"Short", 'S'},
               {"Integer", 'I'}, {"Long", 'J'}, {"Float", 'F'},     {"Double", 'D'}};
  for (std::size_t i = 0; i < out.boxed.size(); ++i) {
    jclass klass = find(env, (std::string("java/lang/") + boxed[i].name).c_str());
    const char type[] = {boxed[i].letter, 0};
    out.boxed[i] = {klass, boxed[i].letter, field(env, klass, "value", type),
                    value_type(boxed[i].name, element_dtype(boxed[i].letter))};
  }
  jclass list = find(env, "java/util/Collections$UnmodifiableCollection");
  jclass map = find(env, "java/util/Collections$UnmodifiableMap");
  out.views = {ViewClass{list, field(env, list, "c", "Ljava/util/Collection;")},
               ViewClass{map, field(env, map, "m", "Ljava/util/Map;")}};
  out.buffer = find(env, "java/nio/Buffer");
  out.string = find(env, "java/lang/String");
  out.collection = find(env, "java/util/Collection");
  out.map = find(env, "java/util/Map");
  out.enumeration = find(env, "java/lang/Enum");
  out.klass = find(env, "java/lang/Class");
  out.to_array = method(env, "java/util/Collection", "toArray", "()[Ljava/lang/Object;");
  out.entry_set = method(env, "java/util/Map", "entrySet", "()Ljava/util/Set;");
  out.entry_key = method(env, "java/util/Map$Entry", "getKey", "()Ljava/lang/Object;");
  out.entry_value = method(env, "java/util/Map$Entry", "getValue", "()Ljava/lang/Object;");
  out.enumeration_name = field(env, out.enumeration, "name", "Ljava/lang/String;");
  out.message = field(env, find(env, "java/lang/Throwable"), "detailMessage", "Ljava/lang/String;");
  return out;
}

}  // namespace

const PlatformClasses& platform_classes(JNIEnv* env) {
  static std::once_flag once;
  static PlatformClasses classes;
  std::call_once(once, [env] { classes = look_up(env); });
  return classes;
}

const BufferClass* PlatformClasses::buffer_class(JNIEnv* env, jobject object) const {
  if (buffer == nullptr || !jni().IsInstanceOf(env, object, buffer)) return nullptr;
  for (const BufferClass& each : buffers) {
    if (each.klass != nullptr && jni().IsInstanceOf(env, object, each.klass)) return &each;
  }
  return nullptr;
}

std::string class_signature(jclass klass) {
  jvmtiEnv* const tools = java_access().tools;
  char* text = nullptr;
  if (tools->GetClassSignature(klass, &text, nullptr) != JVMTI_ERROR_NONE) return {};
  std::string out = text;
  tools->Deallocate(reinterpret_cast<unsigned char*>(text));
  return out;
}

bool is_platform_class(jclass klass) {
  jobject loader = nullptr;
  return java_access().tools->GetClassLoader(klass, &loader) == JVMTI_ERROR_NONE &&
         loader == nullptr;
}

bool holds_own_elements(const std::string& signature) {
  constexpr std::string_view kFolder = "Ljava/util/";
  if (!signature.starts_with(kFolder) || !signature.ends_with(';')) return false;
  const std::string_view name =
      std::string_view(signature).substr(kFolder.size(), signature.size() - kFolder.size() - 1);
  return std::find(std::begin(kOwnElements), std::end(kOwnElements), name) !=
         std::end(kOwnElements);
}

}  // namespace dl::jvmti
