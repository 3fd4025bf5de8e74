// SPDX-License-Identifier: Apache-2.0
// Finds the function, lays out the arguments, reads the result.
// Source: Java Native Interface Specification, chapter 2, "Native Method Arguments".
#include "daylight/guest/native_call.h"

#include <cstring>
#include <optional>
#include <vector>

#include "daylight/guest/native_methods.h"

namespace dl::guest {
namespace {

// The method's parameters alone: "(JI)".
std::string parameters_of(const std::string& signature) {
  return signature.substr(0, signature.find(')') + 1);
}

// What was registered last goes before exports, and a long symbol before a short one.
std::optional<std::uint64_t> function_of(Guest& guest, const JavaMember& method) {
  std::optional<std::uint64_t> short_name;
  std::optional<std::uint64_t> long_name;
  std::optional<std::uint64_t> registered;
  for (const NativeMethod& each : native_methods(guest)) {
    if (each.owner != method.owner || each.name != method.name) continue;
    const GuestLibrary* const library = guest.loader().loaded(each.library);
    const std::uint64_t address = each.offset + (library == nullptr ? 0 : library->bias);
    if (each.route == NativeMethod::Route::kRegistered) {
      if (each.signature == method.signature) registered = address;
    } else if (each.signature.empty()) {
      short_name = address;
    } else if (each.signature == parameters_of(method.signature)) {
      long_name = address;
    }
  }
  return registered ? registered : long_name ? long_name : short_name;
}

JavaValue value_of(char type, const GuestValue& got) {
  JavaValue out{type, got.integer};
  switch (type) {
    case 'Z':
      return JavaValue::integer(type, (got.integer & 0xffU) != 0 ? 1 : 0);
    case 'B':
      return JavaValue::integer(type, static_cast<std::int8_t>(got.integer));
    case 'C':
      return JavaValue::integer(type, static_cast<std::uint16_t>(got.integer));
    case 'S':
      return JavaValue::integer(type, static_cast<std::int16_t>(got.integer));
    case 'I':
      return JavaValue::integer(type, static_cast<std::int32_t>(got.integer));
    case 'F':
      out.bits = 0;
      std::memcpy(&out.bits, got.vector.data(), 4);
      return out;
    case 'D':
      std::memcpy(&out.bits, got.vector.data(), 8);
      return out;
    case 'V':
      return {};
    default:
      return out;
  }
}

}  // namespace

std::string words_of(const GuestFault& fault) {
  std::string out = fault.what;
  for (std::size_t i = 0; i < fault.backtrace.size() && i < 6; ++i)
    out += (i == 0 ? " at " : " < ") + fault.backtrace[i];
  return out;
}

Result<JavaValue> call_java_native(Guest& guest, const JavaMember& method, JavaReference receiver,
                                   std::span<const JavaValue> arguments) {
  const auto signature = parse_signature(method.signature);
  bool fits = signature && signature->parameters.size() == arguments.size();
  for (std::size_t i = 0; fits && i < arguments.size(); ++i)
    fits = arguments[i].type == signature->parameters[i];
  if (!fits)
    return fail(ErrorCode::kInvalidArgument, "the arguments are not those of the method",
                method.text());
  const auto function = function_of(guest, method);
  if (!function)
    return fail(ErrorCode::kNotFound, "no loaded library provides the method", method.text());
  std::vector<std::uint64_t> integers = {receiver};
  std::vector<Vector128> vectors;
  for (const JavaValue& each : arguments) {
    if (each.type != 'F' && each.type != 'D') {
      integers.push_back(each.bits);
      continue;
    }
    Vector128 bits{};
    std::memcpy(bits.data(), &each.bits, each.type == 'F' ? 4 : 8);
    vectors.push_back(bits);
  }
  OwnJavaWorld& world = guest.java();
  world.push_frame();
  const auto done = guest.call_native(*function, integers, vectors);
  const JavaReference thrown = world.pending();
  const std::string exception = thrown == 0 ? std::string() : world.describe(thrown);
  world.clear();
  const bool reference = done && exception.empty() && signature->result == 'L';
  const JavaReference kept = world.pop_frame(reference ? done->integer : 0);
  if (!done)
    return fail(done.error().kind == GuestFault::Kind::kStopped ? ErrorCode::kCancelled
                                                                : ErrorCode::kCorrupt,
                "ends with a fault: " + words_of(done.error()), method.text());
  if (!exception.empty()) return fail(ErrorCode::kCorrupt, "throws " + exception, method.text());
  if (reference) return JavaValue::reference(kept);
  return value_of(signature->result, *done);
}

}  // namespace dl::guest
