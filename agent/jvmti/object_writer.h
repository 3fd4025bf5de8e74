// SPDX-License-Identifier: Apache-2.0
// Objects as values of a call: boxed numbers, pictures, tensors, and graphs of fields as JSON.
#pragma once

#include <jni.h>

#include <cstdint>
#include <string>
#include <vector>

#include "daylight/base/json.h"
#include "value_writer.h"

namespace dl::jvmti {

// Of one object graph.
inline constexpr int kMaxObjectDepth = 6;
inline constexpr int kMaxObjectParts = 4096;
inline constexpr jsize kMaxObjectElements = 256;
// Lists of numbers that are longer are values of their own, named by where they were found.
inline constexpr jsize kMaxNumbersInText = 16;
inline constexpr int kMaxBuffersOfObject = 64;

// Reads fields, and asks collections of the platform that hold their own elements for them; no
// method of a class of the app runs. Use once.
class ObjectWriter {
 public:
  explicit ObjectWriter(ValueWriter& out) : out_(out), env_(out.env()) {}

  void write(std::int32_t index, jobject object);
  // Whether a call may have changed it.
  static bool is_mutable(JNIEnv* env, jobject object);

 private:
  struct Fields;
  bool write_boxed(jobject object);
  bool write_array(jobject object, const std::string& signature);
  bool write_tensor(jarray array, const std::string& signature);
  bool flatten(jarray array, std::size_t depth, std::vector<std::uint64_t>& shape, char element,
               std::string& out);
  void write_bitmap(jobject bitmap);
  void write_text(jobject object, const std::string& signature);

  Json text_of(jobject object, int depth, const std::string& path);
  Json whole_text_of(jobject object, int depth, const std::string& path);
  Json listed(jobject collection, int depth, const std::string& path);
  Json elements_of(jobjectArray array, int depth, const std::string& path);
  Json numbers_of(jarray array, char element, const std::string& path,
                  const std::vector<std::uint64_t>& shape);
  Json entries_of(jobject map, int depth, const std::string& path);
  Json fields_of(jobject object, const std::string& signature, int depth, const std::string& path);
  Json field_of(jobject object, jfieldID field, const std::string& signature, int depth,
                const std::string& path, const std::vector<std::uint64_t>& shape);
  std::vector<std::uint64_t> shape_among(jobject object, const std::vector<jfieldID>& fields,
                                         const std::vector<std::string>& signatures);
  std::string text_of_string(jstring text) const;

  ValueWriter& out_;
  JNIEnv* const env_;
  std::int32_t index_ = 0;
  int parts_ = 0;
  int buffers_ = 0;
  std::vector<jobject> above_;
};

}  // namespace dl::jvmti
