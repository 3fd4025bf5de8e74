// SPDX-License-Identifier: Apache-2.0
// Walks objects by the tool interface's lists of fields.
#include "object_writer.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "daylight/base/text.h"
#include "java_signature.h"
#include "platform_classes.h"
#include "value_types.h"

namespace dl::jvmti {
namespace {

constexpr const char* kCutText = "...";
constexpr std::size_t kMaxStringInText = 4096;
constexpr jint kReferencesOfFrame = 32;

const jniNativeInterface& jni() { return java_access().jni; }

// Local references end with it.
class LocalFrame {
 public:
  explicit LocalFrame(JNIEnv* env)
      : env_(env), made_(jni().PushLocalFrame(env, kReferencesOfFrame) == 0) {}
  ~LocalFrame() {
    if (made_) jni().PopLocalFrame(env_, nullptr);
  }
  LocalFrame(const LocalFrame&) = delete;
  LocalFrame& operator=(const LocalFrame&) = delete;

 private:
  JNIEnv* const env_;
  const bool made_;
};

// What a method of the platform threw says nothing about the app.
bool threw(JNIEnv* env) {
  if (!jni().ExceptionCheck(env)) return false;
  jni().ExceptionClear(env);
  return true;
}

// Not all floats are numbers to JSON.
Json number_text(double value) {
  if (std::isfinite(value)) return value;
  return std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

template <typename T>
T element_at(const std::uint8_t* bytes, std::size_t index) {
  T out{};
  std::memcpy(&out, bytes + index * sizeof(T), sizeof(T));
  return out;
}

Json element_text(const std::uint8_t* bytes, std::size_t index, char element) {
  switch (element) {
    case 'Z':
      return bytes[index] != 0;
    case 'B':
      return element_at<std::int8_t>(bytes, index);
    case 'C':
      return element_at<std::uint16_t>(bytes, index);
    case 'S':
      return element_at<std::int16_t>(bytes, index);
    case 'I':
      return element_at<std::int32_t>(bytes, index);
    case 'J':
      return element_at<std::int64_t>(bytes, index);
    case 'F':
      return number_text(element_at<float>(bytes, index));
    default:
      return number_text(element_at<double>(bytes, index));
  }
}

std::uint64_t boxed_bits(JNIEnv* env, jobject object, const BoxedClass& boxed) {
  std::uint64_t bits = 0;
  switch (boxed.letter) {
    case 'Z':
      return jni().GetBooleanField(env, object, boxed.value) ? 1 : 0;
    case 'B':
      return static_cast<std::uint64_t>(jni().GetByteField(env, object, boxed.value));
    case 'C':
      return jni().GetCharField(env, object, boxed.value);
    case 'S':
      return static_cast<std::uint64_t>(jni().GetShortField(env, object, boxed.value));
    case 'I':
      return static_cast<std::uint64_t>(jni().GetIntField(env, object, boxed.value));
    case 'J':
      return static_cast<std::uint64_t>(jni().GetLongField(env, object, boxed.value));
    case 'F': {
      const jfloat value = jni().GetFloatField(env, object, boxed.value);
      std::memcpy(&bits, &value, sizeof value);
      return bits;
    }
    default: {
      const jdouble value = jni().GetDoubleField(env, object, boxed.value);
      std::memcpy(&bits, &value, sizeof value);
      return bits;
    }
  }
}

const BoxedClass* boxed_class(JNIEnv* env, jobject object) {
  for (const BoxedClass& each : platform_classes(env).boxed) {
    if (each.value != nullptr && jni().IsInstanceOf(env, object, each.klass)) return &each;
  }
  return nullptr;
}

std::size_t dimensions_of(const std::string& signature) {
  return std::min(signature.find_first_not_of('['), signature.size());
}

bool is_numbers(const std::string& signature) {
  const std::size_t dimensions = dimensions_of(signature);
  return dimensions > 0 && dimensions + 1 == signature.size() &&
         element_bytes(signature[dimensions]) != 0;
}

}  // namespace

bool ObjectWriter::is_mutable(JNIEnv* env, jobject object) {
  const PlatformClasses& known = platform_classes(env);
  for (jclass each : {known.buffer, known.collection, known.map}) {
    if (each != nullptr && jni().IsInstanceOf(env, object, each)) return true;
  }
  const LocalFrame frame(env);
  const std::string signature = class_signature(jni().GetObjectClass(env, object));
  return signature.starts_with('[') || signature == "Landroid/graphics/Bitmap;";
}

void ObjectWriter::write(std::int32_t index, jobject object) {
  const LocalFrame frame(env_);
  index_ = index;
  const PlatformClasses& known = platform_classes(env_);
  if (known.string != nullptr && jni().IsInstanceOf(env_, object, known.string))
    return out_.string(index, value_type("java.lang.String", "utf8"), static_cast<jstring>(object));
  if (write_boxed(object) || out_.buffer(index, object)) return;
  const std::string signature = class_signature(jni().GetObjectClass(env_, object));
  if (signature.starts_with('[') && write_array(object, signature)) return;
  if (signature == "Landroid/graphics/Bitmap;") return write_bitmap(object);
  write_text(object, signature);
}

bool ObjectWriter::write_boxed(jobject object) {
  const BoxedClass* const boxed = boxed_class(env_, object);
  if (boxed == nullptr) return false;
  out_.scalar(index_, boxed->type, boxed_bits(env_, object, *boxed));
  return true;
}

bool ObjectWriter::write_array(jobject object, const std::string& signature) {
  if (!is_numbers(signature)) return false;
  if (dimensions_of(signature) > 1) return write_tensor(static_cast<jarray>(object), signature);
  out_.array(index_, value_type(*java_type_name(signature), element_dtype(signature[1])),
             static_cast<jarray>(object), signature[1]);
  return true;
}

// Arrays of arrays of numbers are one tensor where all rows have the same length.
bool ObjectWriter::write_tensor(jarray array, const std::string& signature) {
  const std::size_t rank = dimensions_of(signature);
  if (rank > kMaxTraceRank) return false;
  std::vector<std::uint64_t> shape;
  std::string flat;
  shape.reserve(rank);
  if (!flatten(array, rank, shape, signature.back(), flat) || shape.size() != rank) return false;
  out_.bytes(index_, value_type(*java_type_name(signature), element_dtype(signature.back())), flat,
             flat.size(), shape);
  return true;
}

// `depth`: dimensions from here on. The first row on each level says how long all of them are.
bool ObjectWriter::flatten(jarray array, std::size_t depth, std::vector<std::uint64_t>& shape,
                           char element, std::string& out) {
  if (array == nullptr) return false;
  const jsize count = jni().GetArrayLength(env_, array);
  const std::size_t level = shape.capacity() - depth;
  if (level >= shape.size()) shape.push_back(static_cast<std::uint64_t>(count));
  if (shape[level] != static_cast<std::uint64_t>(count)) return false;
  if (depth > 1) {
    for (jsize i = 0; i < count; ++i) {
      const LocalFrame frame(env_);
      jobject row = jni().GetObjectArrayElement(env_, static_cast<jobjectArray>(array), i);
      if (!flatten(static_cast<jarray>(row), depth - 1, shape, element, out)) return false;
    }
    return true;
  }
  const std::size_t bytes = static_cast<std::size_t>(count) * element_bytes(element);
  if (out.size() + bytes > out_.limit()) return false;
  const std::size_t at = out.size();
  out.resize(at + bytes);
  void* const from = jni().GetPrimitiveArrayCritical(env_, array, nullptr);
  if (from == nullptr) return false;
  std::memcpy(out.data() + at, from, bytes);
  jni().ReleasePrimitiveArrayCritical(env_, array, from, JNI_ABORT);
  return true;
}

// By Android's own methods: pixels into memory of ours.
void ObjectWriter::write_bitmap(jobject bitmap) {
  jclass klass = jni().GetObjectClass(env_, bitmap);
  const auto ask = [&](const char* name) -> jint {
    jmethodID method = jni().GetMethodID(env_, klass, name, "()I");
    if (threw(env_) || method == nullptr) return -1;
    const jint out = jni().CallIntMethod(env_, bitmap, method);
    return threw(env_) ? -1 : out;
  };
  const jint width = ask("getWidth");
  const jint height = ask("getHeight");
  const jint size = ask("getByteCount");
  jmethodID copy = jni().GetMethodID(env_, klass, "copyPixelsToBuffer", "(Ljava/nio/Buffer;)V");
  const bool usable = !threw(env_) && copy != nullptr && width > 0 && height > 0 && size > 0 &&
                      static_cast<std::int64_t>(width) * height <= size;
  if (!usable) return write_text(bitmap, "Landroid/graphics/Bitmap;");
  const auto length = static_cast<std::uint64_t>(size);
  const auto channels =
      length / (static_cast<std::uint64_t>(width) * static_cast<std::uint64_t>(height));
  const std::uint64_t shape[] = {static_cast<std::uint64_t>(height),
                                 static_cast<std::uint64_t>(width), channels};
  // The method writes all pixels or none: a limit in between cannot be asked for.
  std::string pixels(length, '\0');
  jobject buffer = jni().NewDirectByteBuffer(env_, pixels.data(), size);
  if (!threw(env_) && buffer != nullptr) jni().CallVoidMethod(env_, bitmap, copy, buffer);
  if (threw(env_) || buffer == nullptr) return write_text(bitmap, "Landroid/graphics/Bitmap;");
  out_.bytes(index_, value_type("android.graphics.Bitmap", "uint8"), pixels, length, shape);
}

void ObjectWriter::write_text(jobject object, const std::string& signature) {
  const std::string type = java_type_name(signature).value_or("object");
  const std::string text = dump_json_line(text_of(object, 0, ""));
  out_.bytes(index_, value_type(type, "utf8"), text, text.size());
}

std::string ObjectWriter::text_of_string(jstring text) const {
  const jsize count = jni().GetStringLength(env_, text);
  std::vector<jchar> units(
      std::min<std::size_t>(static_cast<std::size_t>(count), kMaxStringInText));
  jni().GetStringRegion(env_, text, 0, static_cast<jsize>(units.size()), units.data());
  std::string out = utf8_of(units);
  if (units.size() < static_cast<std::size_t>(count)) out += kCutText;
  return out;
}

Json ObjectWriter::text_of(jobject object, int depth, const std::string& path) {
  if (object == nullptr) return nullptr;
  const PlatformClasses& known = platform_classes(env_);
  if (known.string != nullptr && jni().IsInstanceOf(env_, object, known.string))
    return text_of_string(static_cast<jstring>(object));
  if (const BoxedClass* const boxed = boxed_class(env_, object)) {
    const std::uint64_t bits = boxed_bits(env_, object, *boxed);
    return element_text(reinterpret_cast<const std::uint8_t*>(&bits), 0, boxed->letter);
  }
  const bool again = std::any_of(above_.begin(), above_.end(), [&](jobject each) {
    return jni().IsSameObject(env_, each, object);
  });
  if (++parts_ > kMaxObjectParts || depth >= kMaxObjectDepth || again) return kCutText;
  const LocalFrame frame(env_);
  above_.push_back(object);
  Json out = whole_text_of(object, depth, path);
  above_.pop_back();
  return out;
}

Json ObjectWriter::whole_text_of(jobject object, int depth, const std::string& path) {
  const PlatformClasses& known = platform_classes(env_);
  jclass klass = jni().GetObjectClass(env_, object);
  const std::string signature = class_signature(klass);
  if (is_numbers(signature) && dimensions_of(signature) == 1)
    return numbers_of(static_cast<jarray>(object), signature[1], path, {});
  if (signature.starts_with('['))
    return elements_of(static_cast<jobjectArray>(object), depth, path);
  const auto is = [&](jclass of) { return of != nullptr && jni().IsInstanceOf(env_, object, of); };
  if (is(known.enumeration) && known.enumeration_name != nullptr) {
    jobject name = jni().GetObjectField(env_, object, known.enumeration_name);
    return name == nullptr ? Json(nullptr) : Json(text_of_string(static_cast<jstring>(name)));
  }
  if (is(known.buffer)) {
    if (++buffers_ <= kMaxBuffersOfObject && out_.buffer(index_, object, path))
      return Json{{"values", path}};
    return java_type_name(signature).value_or("");
  }
  if (is(known.klass)) return class_signature(static_cast<jclass>(object));
  if (!is_platform_class(klass)) return fields_of(object, signature, depth, path);
  for (const ViewClass& view : known.views) {
    if (view.inside != nullptr && is(view.klass))
      return text_of(jni().GetObjectField(env_, object, view.inside), depth + 1, path);
  }
  if (holds_own_elements(signature)) {
    if (is(known.collection) && known.to_array != nullptr) return listed(object, depth, path);
    if (is(known.map) && known.entry_set != nullptr) return entries_of(object, depth, path);
  }
  // Insides of the platform's other classes say nothing about the app.
  return java_type_name(signature).value_or("");
}

Json ObjectWriter::listed(jobject collection, int depth, const std::string& path) {
  jobject array = jni().CallObjectMethod(env_, collection, platform_classes(env_).to_array);
  if (threw(env_) || array == nullptr) return kCutText;
  return elements_of(static_cast<jobjectArray>(array), depth, path);
}

Json ObjectWriter::elements_of(jobjectArray array, int depth, const std::string& path) {
  Json out = Json::array();
  const jsize count = jni().GetArrayLength(env_, array);
  for (jsize i = 0; i < std::min(count, kMaxObjectElements); ++i) {
    const LocalFrame frame(env_);
    jobject element = jni().GetObjectArrayElement(env_, array, i);
    out.push_back(text_of(element, depth + 1, path + "[" + std::to_string(i) + "]"));
  }
  if (count > kMaxObjectElements) out.push_back("... " + std::to_string(count) + " in all");
  return out;
}

// Few are text; more are a value of their own.
Json ObjectWriter::numbers_of(jarray array, char element, const std::string& path,
                              const std::vector<std::uint64_t>& shape) {
  const jsize count = jni().GetArrayLength(env_, array);
  const std::string type = *java_type_name(std::string("[") + element);
  if (count > kMaxNumbersInText) {
    if (++buffers_ > kMaxBuffersOfObject) return kCutText;
    out_.array(index_, value_type(type, element_dtype(element)), array, element, path, shape);
    return Json{{"values", path}};
  }
  Json out = Json::array();
  void* const bytes = jni().GetPrimitiveArrayCritical(env_, array, nullptr);
  if (bytes == nullptr) return out;
  for (jsize i = 0; i < count; ++i)
    out.push_back(element_text(static_cast<const std::uint8_t*>(bytes), static_cast<std::size_t>(i),
                               element));
  jni().ReleasePrimitiveArrayCritical(env_, array, bytes, JNI_ABORT);
  return out;
}

Json ObjectWriter::entries_of(jobject map, int depth, const std::string& path) {
  const PlatformClasses& known = platform_classes(env_);
  jobject set = jni().CallObjectMethod(env_, map, known.entry_set);
  if (threw(env_) || set == nullptr) return kCutText;
  jobject entries = jni().CallObjectMethod(env_, set, known.to_array);
  if (threw(env_) || entries == nullptr) return kCutText;
  auto* const array = static_cast<jobjectArray>(entries);
  const jsize count = std::min(jni().GetArrayLength(env_, array), kMaxObjectElements);
  Json out = Json::object();
  for (jsize i = 0; i < count; ++i) {
    const LocalFrame frame(env_);
    jobject entry = jni().GetObjectArrayElement(env_, array, i);
    jobject key = jni().CallObjectMethod(env_, entry, known.entry_key);
    if (threw(env_)) continue;
    jobject value = jni().CallObjectMethod(env_, entry, known.entry_value);
    if (threw(env_)) continue;
    const Json name = text_of(key, depth + 1, path + ".key");
    const std::string text = name.is_string() ? name.get<std::string>() : dump_json_line(name);
    out[text] = text_of(value, depth + 1, path + "." + text);
  }
  return out;
}

Json ObjectWriter::fields_of(jobject object, const std::string& signature, int depth,
                             const std::string& path) {
  jvmtiEnv* const tools = java_access().tools;
  Json out = {{"class", java_type_name(signature).value_or("")}};
  std::vector<jfieldID> fields;
  std::vector<std::string> names;
  std::vector<std::string> signatures;
  const auto text = [&](char* from) {
    std::string copy = from == nullptr ? "" : from;
    tools->Deallocate(reinterpret_cast<unsigned char*>(from));
    return copy;
  };
  for (jclass klass = jni().GetObjectClass(env_, object);
       klass != nullptr && !is_platform_class(klass); klass = jni().GetSuperclass(env_, klass)) {
    jint count = 0;
    jfieldID* of_class = nullptr;
    if (tools->GetClassFields(klass, &count, &of_class) != JVMTI_ERROR_NONE) break;
    for (jint i = 0; i < count; ++i) {
      jint modifiers = 0;
      char* name = nullptr;
      char* type = nullptr;
      if (tools->GetFieldModifiers(klass, of_class[i], &modifiers) != JVMTI_ERROR_NONE ||
          (modifiers & 8) != 0 ||  // static
          tools->GetFieldName(klass, of_class[i], &name, &type, nullptr) != JVMTI_ERROR_NONE)
        continue;
      fields.push_back(of_class[i]);
      names.push_back(text(name));
      signatures.push_back(text(type));
    }
    tools->Deallocate(reinterpret_cast<unsigned char*>(of_class));
  }
  const std::vector<std::uint64_t> shape = shape_among(object, fields, signatures);
  for (std::size_t i = 0; i < fields.size() && parts_ <= kMaxObjectParts; ++i)
    out[names[i]] = field_of(object, fields[i], signatures[i], depth, path + "." + names[i], shape);
  return out;
}

// A tensor object is a buffer beside its only long[]; nothing where there is none or several.
std::vector<std::uint64_t> ObjectWriter::shape_among(jobject object,
                                                     const std::vector<jfieldID>& fields,
                                                     const std::vector<std::string>& signatures) {
  if (std::count(signatures.begin(), signatures.end(), "[J") != 1) return {};
  const auto at = std::find(signatures.begin(), signatures.end(), "[J") - signatures.begin();
  jobject array = jni().GetObjectField(env_, object, fields[static_cast<std::size_t>(at)]);
  if (array == nullptr) return {};
  const jsize rank = jni().GetArrayLength(env_, static_cast<jarray>(array));
  if (rank <= 0 || rank > static_cast<jsize>(kMaxTraceRank)) return {};
  std::vector<jlong> sides(static_cast<std::size_t>(rank));
  jni().GetLongArrayRegion(env_, static_cast<jlongArray>(array), 0, rank, sides.data());
  std::vector<std::uint64_t> out;
  for (const jlong side : sides) {
    if (side < 0) return {};
    out.push_back(static_cast<std::uint64_t>(side));
  }
  return out;
}

Json ObjectWriter::field_of(jobject object, jfieldID field, const std::string& signature, int depth,
                            const std::string& path, const std::vector<std::uint64_t>& shape) {
  switch (signature[0]) {
    case 'Z':
      return jni().GetBooleanField(env_, object, field) != 0;
    case 'B':
      return jni().GetByteField(env_, object, field);
    case 'C':
      return jni().GetCharField(env_, object, field);
    case 'S':
      return jni().GetShortField(env_, object, field);
    case 'I':
      return jni().GetIntField(env_, object, field);
    case 'J':
      return jni().GetLongField(env_, object, field);
    case 'F':
      return number_text(jni().GetFloatField(env_, object, field));
    case 'D':
      return number_text(jni().GetDoubleField(env_, object, field));
    default:
      break;
  }
  const LocalFrame frame(env_);
  jobject value = jni().GetObjectField(env_, object, field);
  if (value == nullptr) return nullptr;
  const bool is_buffer = platform_classes(env_).buffer_class(env_, value) != nullptr;
  if (is_buffer && !shape.empty() && ++buffers_ <= kMaxBuffersOfObject &&
      out_.buffer(index_, value, path, shape))
    return Json{{"values", path}};
  if (is_numbers(signature) && dimensions_of(signature) == 1 && signature != "[J")
    return numbers_of(static_cast<jarray>(value), signature[1], path, shape);
  return text_of(value, depth + 1, path);
}

}  // namespace dl::jvmti
