// SPDX-License-Identifier: Apache-2.0
// The mapping file of an obfuscated build (ProGuard, R8): the names that classes, methods and
// fields had before.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "daylight/base/result.h"
#include "daylight/format/format_gap.h"

namespace dl::program {

inline constexpr std::uint64_t kMaxMappingBytes = std::uint64_t{512} << 20;
// A longer line is left out, with a gap.
inline constexpr std::size_t kMaxMappingLine = 16384;
inline constexpr std::size_t kMaxMappedClasses = 1'000'000;
inline constexpr std::size_t kMaxMappedMembers = 4'000'000;
// Parameters of one method (the virtual machine allows 255).
inline constexpr std::size_t kMaxMappedParameters = 255;

// "com.example.Age" -> "Lcom/example/Age;", "int[]" -> "[I"; empty for text that names no type.
std::string type_descriptor(std::string_view java_name);

// What a mapping file says. Immutable after parse(); const methods are thread safe. Names are the
// file's bytes: whoever shows them makes them printable.
class NameMapping {
 public:
  // The grammar: "original -> obfuscated:" begins a class; below it, indented, "type name ->
  // obfuscated" is a field and "[from:to:]type [class.]name(types)[:from[:to]] -> obfuscated" a
  // method, one line for each frame that was inlined into it, the method itself last. Comments and
  // R8's JSON behind "#" are passed over. Lines that follow no form become gaps. kInvalidArgument
  // for a file that names no class at all, kLimit for one that is too large.
  static Result<NameMapping> parse(std::string_view text, const std::string& where);

  // Of an obfuscated class ("La/b;", arrays too); empty where the file does not name it.
  std::string original_class(std::string_view descriptor) const;
  // A type or method descriptor with every class that the file names as it was called before.
  std::string original_descriptor(std::string_view descriptor) const;
  // "name(descriptor)" before obfuscation of a method of `owner` (the obfuscated class); empty
  // where the file does not name the method, or names several that it could be.
  std::string original_method(std::string_view owner, std::string_view name,
                              std::string_view descriptor) const;
  // "La/b;->c(La/d;)V" as it was: the method where it is known, else only the classes. Empty where
  // nothing of it was renamed or known.
  std::string original_method_text(std::string_view method) const;
  // The name of a field before obfuscation; empty as above. `type` is its obfuscated descriptor.
  std::string original_field(std::string_view owner, std::string_view name,
                             std::string_view type) const;

  std::size_t class_count() const { return classes_.size(); }
  std::size_t member_count() const { return members_; }
  const GapList& gaps() const { return gaps_; }

 private:
  struct Method {
    std::string obfuscated;
    std::string name;
    std::string descriptor;  // with original class names
    std::string range;       // "1:4" of the obfuscated lines, or ""
  };
  struct Field {
    std::string obfuscated;
    std::string name;
    std::string type;
  };
  struct Class {
    std::string original;  // descriptor
    std::vector<Method> methods;
    std::vector<Field> fields;
  };
  struct Parser;

  std::unordered_map<std::string, Class> classes_;  // by obfuscated descriptor
  std::size_t members_ = 0;
  GapList gaps_;
};

}  // namespace dl::program
