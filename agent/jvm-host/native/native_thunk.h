// SPDX-License-Identifier: Apache-2.0
// Functions that HotSpot can call as native methods, and behind which the guest's lie.
#pragma once

#include <ffi.h>
#include <jni.h>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "daylight/base/result.h"
#include "daylight/guest/guest.h"

namespace dl::jvm {

// Vector registers of a call; a native method with more floats than these is not bound.
inline constexpr std::size_t kVectorArguments = 8;

// Made once and never taken back: HotSpot may call it as long as it lives. Calls are thread safe as
// `call` is.
class NativeThunk {
 public:
  // Calls the guest's function with what stands behind the environment: the receiver, then the
  // arguments. Nothing where it ended with a fault: then an exception is pending.
  using Call = std::function<std::optional<guest::GuestValue>(
      const NativeThunk& thunk, JNIEnv* env, std::span<const std::uint64_t> integers,
      std::span<const guest::Vector128> vectors)>;

  // kInvalidArgument for what is no signature, kUnsupported for more floats than registers, kLimit
  // without memory for code.
  static Result<NativeThunk*> make(guest::RegisteredNative native, Call call);

  const guest::RegisteredNative& native() const { return native_; }
  void* code() const { return code_; }

 private:
  NativeThunk(guest::RegisteredNative native, Call call)
      : native_(std::move(native)), call_(std::move(call)) {}
  static void run(ffi_cif* cif, void* result, void** values, void* self);
  void give(const guest::GuestValue& value, void* result) const;

  guest::RegisteredNative native_;
  Call call_;
  guest::JavaSignature signature_;
  std::vector<ffi_type*> types_;
  ffi_cif cif_{};
  void* code_ = nullptr;
};

}  // namespace dl::jvm
