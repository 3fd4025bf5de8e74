// SPDX-License-Identifier: Apache-2.0
// A native method with its arguments as a user types them: a class, a name, and numbers, texts or
// files.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daylight/base/json.h"
#include "daylight/base/result.h"
#include "daylight/guest/guest.h"
#include "daylight/replay/image.h"

namespace dl::cli {

// "com.app.Face.analyze", with "(Landroid/graphics/Bitmap;)F" behind it where there are several of
// that name. Arguments by the parameters' types: numbers, "true"; a text as it is; "@FILE" for a
// picture (Bitmap), or for the raw elements of an array or a ByteBuffer; "null".
class NativeCallLine {
 public:
  // Whether `function` names a method and not a symbol or an address.
  static bool is_method(const std::string& function);
  // Reads the files. kInvalidArgument, or what is wrong with a file.
  static Result<NativeCallLine> parse(const std::string& function,
                                      const std::vector<std::string>& arguments);

  // The selector of the method that the line means in this guest: "jni:com/app/Face;.analyze(...)".
  // kNotFound where no loaded library provides it, kInvalidArgument where several fit (it lists
  // them).
  Result<guest::JavaMember> find(guest::Guest& guest) const;
  // The values of the line for that method. An Error is the user's: a wrong number of arguments, a
  // damaged picture.
  Result<std::vector<guest::JavaValue>> values(guest::Guest& guest,
                                               const guest::JavaMember& method) const;
  // A result for people and programs: numbers, texts, the elements of arrays of primitives, else
  // the name of the class.
  static Json describe(guest::Guest& guest, const guest::JavaValue& value);

 private:
  struct Argument {
    std::string text;
    bool is_file = false;
    std::vector<std::uint8_t> bytes;  // of the file
  };
  Result<guest::JavaValue> value_of(guest::Guest& guest, const Argument& argument,
                                    const std::string& type) const;

  std::string owner_;  // "com/app/Face"
  std::string name_;
  std::string signature_;  // may be empty
  std::vector<Argument> arguments_;
};

}  // namespace dl::cli
