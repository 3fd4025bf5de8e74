// SPDX-License-Identifier: Apache-2.0
// Finds the method among those that the libraries provide, and makes Java values of words.
#include "daylight/cli/native_call_line.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <set>
#include <utility>

#include "daylight/base/file.h"
#include "daylight/base/text.h"
#include "daylight/guest/android/java_bitmap.h"
#include "daylight/guest/native_methods.h"
#include "daylight/replay/image_codec.h"
#include "daylight/replay/image_ops.h"

namespace dl::cli {
namespace {

using guest::Guest;
using guest::JavaMember;
using guest::JavaReference;
using guest::JavaValue;
using guest::OwnJavaWorld;

constexpr const char* kBitmap = "Landroid/graphics/Bitmap;";
constexpr const char* kByteBuffer = "Ljava/nio/ByteBuffer;";
constexpr const char* kText = "Ljava/lang/String;";
// Elements of an array that are shown.
constexpr std::uint64_t kMaxShown = 10'000;

// The descriptors of a method's parameters, one by one; nothing for what is no signature.
std::vector<std::string> parameters_of(const std::string& signature) {
  std::vector<std::string> out;
  for (std::size_t i = 1; i < signature.size() && signature[i] != ')';) {
    std::size_t end = i;
    while (end < signature.size() && signature[end] == '[') ++end;
    if (end < signature.size() && signature[end] == 'L') end = signature.find(';', end);
    if (end >= signature.size()) return {};
    out.push_back(signature.substr(i, end + 1 - i));
    i = end + 1;
  }
  return out;
}

// A picture as BitmapFactory decodes it: RGBA, colours multiplied by alpha.
Result<JavaReference> picture(Guest& guest, const std::vector<std::uint8_t>& bytes,
                              const std::string& where) {
  DecodedImage decoded = TRY(decode_image(bytes, where));
  Image& image = decoded.image;
  std::vector<std::uint8_t> rgba;
  if (image.channels == 4) {
    if (!image.premultiplied) premultiply_alpha(image);
    rgba = std::move(image.pixels);
  } else {
    rgba.reserve(image.pixels.size() / 3 * 4);
    for (std::size_t i = 0; i + 2 < image.pixels.size(); i += 3)
      rgba.insert(rgba.end(), {image.pixels[i], image.pixels[i + 1], image.pixels[i + 2], 255});
  }
  const JavaReference out =
      new_bitmap(guest.java(), guest.machine(), static_cast<std::uint32_t>(image.width),
                 static_cast<std::uint32_t>(image.height), guest::BitmapFormat::kRgba8888, rgba);
  if (out == 0) return fail(ErrorCode::kLimit, "is larger than the bitmaps of phones", where);
  return out;
}

// `at` has that much room.
void put_bytes(std::uint64_t at, const std::vector<std::uint8_t>& bytes) {
  if (bytes.empty()) return;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the guest's addresses are this process's
  std::memcpy(reinterpret_cast<void*>(at), bytes.data(), bytes.size());
}

Result<JavaReference> array_of(Guest& guest, char type, const std::vector<std::uint8_t>& bytes,
                               const std::string& where) {
  OwnJavaWorld& world = guest.java();
  const JavaReference array = world.new_array(type, 0, 0);
  const std::uint64_t width = world.element_size(array);
  if (width == 0 || bytes.size() % width != 0)
    return fail(ErrorCode::kInvalidArgument, "holds no whole number of elements", where);
  const JavaReference out = world.new_array(type, 0, bytes.size() / width);
  const std::uint64_t at = world.pin(out);
  if (at != 0) put_bytes(at, bytes);
  world.unpin(out, at, true);
  return out;
}

Result<JavaReference> buffer_of(Guest& guest, const std::vector<std::uint8_t>& bytes) {
  const std::uint64_t at = guest.machine().heap.allocate(bytes.size(), 64);
  if (at == 0) return fail(ErrorCode::kLimit, "no memory for a buffer", "guest");
  put_bytes(at, bytes);
  return guest.java().new_buffer(at, bytes.size());
}

Result<JavaValue> number_of(char type, const std::string& text) {
  const auto wrong = [&] {
    return fail(ErrorCode::kInvalidArgument,
                std::string("an argument of type ") + type + " is a number", text);
  };
  if (type == 'F' || type == 'D') {
    const auto value = parse_double(text);
    if (!value) return wrong();
    if (type == 'D') return JavaValue{type, std::bit_cast<std::uint64_t>(*value)};
    return JavaValue{type, std::bit_cast<std::uint32_t>(static_cast<float>(*value))};
  }
  if (type == 'Z' && (text == "true" || text == "false"))
    return JavaValue::integer(type, text == "true" ? 1 : 0);
  const auto value = parse_integer(text);
  if (!value) return wrong();
  return JavaValue::integer(type, *value);
}

template <typename T>
Json elements(const std::vector<std::uint8_t>& bytes) {
  Json out = Json::array();
  for (std::size_t i = 0; i + sizeof(T) <= bytes.size(); i += sizeof(T)) {
    T value{};
    std::memcpy(&value, bytes.data() + i, sizeof(T));
    out.push_back(value);
  }
  return out;
}

// The elements of an array of primitives, by its class.
Json shown_array(const std::string& klass, const std::vector<std::uint8_t>& bytes) {
  switch (klass[1]) {
    case 'F':
      return elements<float>(bytes);
    case 'D':
      return elements<double>(bytes);
    case 'I':
      return elements<std::int32_t>(bytes);
    case 'J':
      return elements<std::int64_t>(bytes);
    case 'S':
      return elements<std::int16_t>(bytes);
    case 'C':
      return elements<std::uint16_t>(bytes);
    default:
      return elements<std::int8_t>(bytes);
  }
}

}  // namespace

bool NativeCallLine::is_method(const std::string& function) {
  const std::string name = function.substr(0, function.find('('));
  return !name.starts_with("+") && !name.starts_with("_") && name.find('.') != std::string::npos &&
         name.find("::") == std::string::npos;
}

Result<NativeCallLine> NativeCallLine::parse(const std::string& function,
                                             const std::vector<std::string>& arguments) {
  NativeCallLine out;
  const std::size_t open = function.find('(');
  const std::string path = function.substr(0, open);
  const std::size_t dot = path.rfind('.');
  if (dot == 0 || dot == std::string::npos || dot + 1 == path.size())
    return fail(ErrorCode::kInvalidArgument, "a method is written com.app.Class.method", function);
  out.owner_ = path.substr(0, dot);
  std::replace(out.owner_.begin(), out.owner_.end(), '.', '/');
  out.name_ = path.substr(dot + 1);
  if (open != std::string::npos) out.signature_ = function.substr(open);
  if (!out.signature_.empty() && !guest::parse_signature(out.signature_))
    return fail(ErrorCode::kInvalidArgument, "its signature is not one of Java", function);
  for (const std::string& text : arguments) {
    Argument argument{text, text.starts_with("@"), {}};
    if (argument.is_file) {
      const std::string bytes = TRY(read_file(text.substr(1), kMaxImageFileBytes));
      argument.bytes.assign(bytes.begin(), bytes.end());
    }
    out.arguments_.push_back(std::move(argument));
  }
  return out;
}

Result<JavaMember> NativeCallLine::find(Guest& guest) const {
  std::set<std::string> signatures;
  bool named = false;
  for (const guest::NativeMethod& each : guest::native_methods(guest)) {
    if (each.owner != owner_ || each.name != name_) continue;
    named = true;
    if (each.route == guest::NativeMethod::Route::kRegistered) signatures.insert(each.signature);
  }
  const std::string text = owner_ + "." + name_;
  if (!named)
    return fail(ErrorCode::kNotFound,
                "no loaded library provides it; daylight guest natives lists what there is", text);
  if (!signature_.empty()) return JavaMember{owner_, name_, signature_, false, false};
  if (signatures.size() == 1) return JavaMember{owner_, name_, *signatures.begin(), false, false};
  std::vector<std::string> listed(signatures.begin(), signatures.end());
  return fail(ErrorCode::kInvalidArgument,
              signatures.empty() ? "exports do not say the types: write the signature behind it"
                                 : "there are several: " + join(listed, ", "),
              text);
}

Result<JavaValue> NativeCallLine::value_of(Guest& guest, const Argument& argument,
                                           const std::string& type) const {
  const bool object = type.front() == 'L' || type.front() == '[';
  if (!object) return number_of(type.front(), argument.text);
  if (argument.text == "null") return JavaValue::reference(0);
  if (type == kText) return JavaValue::reference(guest.java().new_text(argument.text));
  if (!argument.is_file)
    return fail(ErrorCode::kInvalidArgument, "an argument of type " + type + " is @FILE or null",
                argument.text);
  if (type == kBitmap)
    return JavaValue::reference(TRY(picture(guest, argument.bytes, argument.text.substr(1))));
  if (type == kByteBuffer) return JavaValue::reference(TRY(buffer_of(guest, argument.bytes)));
  if (type.size() == 2 && type.front() == '[')
    return JavaValue::reference(TRY(array_of(guest, type[1], argument.bytes, argument.text)));
  return fail(ErrorCode::kUnsupported, "no value of type " + type + " can be made of a file",
              argument.text);
}

Result<std::vector<JavaValue>> NativeCallLine::values(Guest& guest,
                                                      const JavaMember& method) const {
  const std::vector<std::string> types = parameters_of(method.signature);
  if (types.size() != arguments_.size())
    return fail(ErrorCode::kInvalidArgument,
                "takes " + std::to_string(types.size()) + " arguments, not " +
                    std::to_string(arguments_.size()),
                method.text());
  std::vector<JavaValue> out;
  for (std::size_t i = 0; i < types.size(); ++i)
    out.push_back(TRY(value_of(guest, arguments_[i], types[i])));
  return out;
}

Json NativeCallLine::describe(Guest& guest, const JavaValue& value) {
  OwnJavaWorld& world = guest.java();
  switch (value.type) {
    case 'V':
      return nullptr;
    case 'Z':
      return value.bits != 0;
    case 'F':
      return std::bit_cast<float>(static_cast<std::uint32_t>(value.bits));
    case 'D':
      return std::bit_cast<double>(value.bits);
    case 'L':
      break;
    default:
      return static_cast<std::int64_t>(value.bits);
  }
  if (value.bits == 0) return nullptr;
  const std::string klass = world.class_name(value.bits);
  if (klass == "java/lang/String") return world.utf8_of(value.bits);
  if (klass.size() == 2 && klass[0] == '[' && world.length_of(value.bits) <= kMaxShown)
    return shown_array(klass, world.bytes_of(value.bits));
  return Json{{"class", klass}};
}

}  // namespace dl::cli
