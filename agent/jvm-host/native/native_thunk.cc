// SPDX-License-Identifier: Apache-2.0
// Source: Java Native Interface Specification, chapter 2, "Native Method Arguments"; libffi's
// manual, "The Closure API".
#include "native/native_thunk.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace dl::jvm {
namespace {

ffi_type* type_of(char letter) {
  switch (letter) {
    case 'Z':
      return &ffi_type_uint8;
    case 'B':
      return &ffi_type_sint8;
    case 'C':
      return &ffi_type_uint16;
    case 'S':
      return &ffi_type_sint16;
    case 'I':
      return &ffi_type_sint32;
    case 'J':
      return &ffi_type_sint64;
    case 'F':
      return &ffi_type_float;
    case 'D':
      return &ffi_type_double;
    case 'V':
      return &ffi_type_void;
    default:
      return &ffi_type_pointer;
  }
}

template <typename T>
std::uint64_t extended(const void* value) {
  T out{};
  std::memcpy(&out, value, sizeof(out));
  return static_cast<std::uint64_t>(static_cast<std::int64_t>(out));
}

// An argument that is no float, as a register holds it.
std::uint64_t integer_of(char letter, const void* value) {
  switch (letter) {
    case 'Z':
      return extended<std::uint8_t>(value);
    case 'B':
      return extended<std::int8_t>(value);
    case 'C':
      return extended<std::uint16_t>(value);
    case 'S':
      return extended<std::int16_t>(value);
    case 'I':
      return extended<std::int32_t>(value);
    default:
      return extended<std::int64_t>(value);
  }
}

bool is_float(char letter) { return letter == 'F' || letter == 'D'; }

}  // namespace

Result<NativeThunk*> NativeThunk::make(guest::RegisteredNative native, Call call) {
  const std::string where = native.owner + "." + native.name + native.signature;
  auto signature = guest::parse_signature(native.signature);
  if (!signature) return fail(ErrorCode::kInvalidArgument, "not a method's descriptor", where);
  if (std::count_if(signature->parameters.begin(), signature->parameters.end(), is_float) >
      static_cast<std::ptrdiff_t>(kVectorArguments))
    return fail(ErrorCode::kUnsupported, "more floats than registers for them", where);
  std::unique_ptr<NativeThunk> thunk(new NativeThunk(std::move(native), std::move(call)));
  thunk->signature_ = std::move(*signature);
  thunk->types_ = {&ffi_type_pointer, &ffi_type_pointer};  // environment, receiver
  for (const char letter : thunk->signature_.parameters) thunk->types_.push_back(type_of(letter));
  if (ffi_prep_cif(&thunk->cif_, FFI_DEFAULT_ABI, static_cast<unsigned>(thunk->types_.size()),
                   type_of(thunk->signature_.result), thunk->types_.data()) != FFI_OK)
    return fail(ErrorCode::kUnsupported, "a signature that cannot be called", where);
  auto* const closure =
      static_cast<ffi_closure*>(ffi_closure_alloc(sizeof(ffi_closure), &thunk->code_));
  if (closure == nullptr || ffi_prep_closure_loc(closure, &thunk->cif_, &NativeThunk::run,
                                                 thunk.get(), thunk->code_) != FFI_OK)
    return fail(ErrorCode::kLimit, "no memory for code", where);
  return thunk.release();
}

void NativeThunk::run(ffi_cif* /*cif*/, void* result, void** values, void* self) {
  const auto& thunk = *static_cast<const NativeThunk*>(self);
  JNIEnv* env = nullptr;
  std::memcpy(&env, values[0], sizeof(env));
  std::vector<std::uint64_t> integers = {integer_of('L', values[1])};
  std::vector<guest::Vector128> vectors;
  for (std::size_t i = 0; i < thunk.signature_.parameters.size(); ++i) {
    const char letter = thunk.signature_.parameters[i];
    const void* const value = values[i + 2];
    if (!is_float(letter)) {
      integers.push_back(integer_of(letter, value));
      continue;
    }
    guest::Vector128 bits{};
    std::memcpy(bits.data(), value, letter == 'F' ? 4 : 8);
    vectors.push_back(bits);
  }
  const auto value = thunk.call_(thunk, env, integers, vectors);
  thunk.give(value.value_or(guest::GuestValue{}), result);
}

// libffi wants small integers widened to a register.
void NativeThunk::give(const guest::GuestValue& value, void* result) const {
  if (signature_.result == 'V') return;
  if (is_float(signature_.result)) {
    std::memcpy(result, value.vector.data(), signature_.result == 'F' ? 4 : 8);
    return;
  }
  std::uint64_t integer = integer_of(signature_.result, &value.integer);
  if (signature_.result == 'Z') integer = integer != 0 ? 1 : 0;
  std::memcpy(result, &integer, sizeof(integer));
}

}  // namespace dl::jvm
