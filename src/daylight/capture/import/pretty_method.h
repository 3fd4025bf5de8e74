// SPDX-License-Identifier: Apache-2.0
// A Java method as Android prints it for people, made into a selector and a descriptor.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dl::capture {

struct PrettyMethod {
  std::string klass;                    // "com/x/Clf"
  std::string name;                     // "classify"
  std::string result;                   // "float[]" as printed
  std::vector<std::string> parameters;  // "byte[]", "int"

  std::string descriptor() const;           // "([BI)[F"
  std::string selector(bool native) const;  // "java:com/x/Clf;.classify([BI)[F"
};

// "float[] com.x.Clf.classify(byte[], int)". Nothing for what does not look like one.
std::optional<PrettyMethod> parse_pretty_method(std::string_view text);

// "[B" of "byte[]".
std::string descriptor_of_type(std::string_view type);
// "byte[]" of "[B".
std::string type_of_descriptor(std::string_view descriptor);

// Bytes of an element of an array of numbers, 0 for any other type; the dtype as traces call it.
std::size_t element_bytes(std::string_view type);
std::string dtype_of_array(std::string_view type);

}  // namespace dl::capture
