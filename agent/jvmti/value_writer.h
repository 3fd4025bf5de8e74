// SPDX-License-Identifier: Apache-2.0
// Reads values of calls into the journal: numbers, arrays, texts and buffers straight from where
// Java keeps them.
#pragma once

#include <jni.h>
#include <jvmti.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "call_journal.h"
#include "java_signature.h"

namespace dl::jvmti {

// What reads Java's values: the functions as the virtual machine gave them, not those that record,
// and the tool interface. Set once, before any value is read.
struct JavaAccess {
  jniNativeInterface jni;
  jvmtiEnv* tools = nullptr;
};
JavaAccess& java_access();

// Values of one call, on its thread. No exception may be pending. Runs no code of the app.
class ValueWriter {
 public:
  struct Call {
    std::uint64_t id = 0;
    std::uint64_t time_ns = 0;
    TraceDirection direction = TraceDirection::kIn;
    std::uint64_t limit = 0;  // bytes of one buffer
  };
  ValueWriter(JNIEnv* env, CallJournal& journal, ThreadJournal& thread, const Call& call)
      : env_(env), journal_(journal), thread_(thread), call_(call) {}

  // As the parameter is declared; `bits` as a register has them (a reference: its jobject).
  void value(std::int32_t index, const JavaParameter& parameter, const ValueType* type,
             std::uint64_t bits);
  // After the call: only what it could have changed.
  void changed_value(std::int32_t index, const JavaParameter& parameter, const ValueType* type,
                     std::uint64_t bits);
  // `length` bytes of native memory; unreadable ones are said to be.
  void memory(std::int32_t index, const ValueType* type, std::uint64_t address,
              std::uint64_t length);

  void scalar(std::int32_t index, const ValueType* type, std::uint64_t bits);
  // Of primitives. `name`: where in an object it was found; `shape` empty: a list.
  void array(std::int32_t index, const ValueType* type, jarray array, char element,
             std::string_view name = {}, std::span<const std::uint64_t> shape = {});
  void string(std::int32_t index, const ValueType* type, jstring text);
  // A java.nio.Buffer with elements of this type; false if it is none that can be read.
  bool buffer(std::int32_t index, jobject buffer, std::string_view name = {},
              std::span<const std::uint64_t> shape = {});
  // Bytes that are ours already.
  void bytes(std::int32_t index, const ValueType* type, std::string_view bytes,
             std::uint64_t length, std::span<const std::uint64_t> shape = {},
             std::string_view name = {});
  // Room for `captured` of `length` bytes, to be filled before commit(); nullptr, and the value
  // marked as dropped, where there is none.
  std::uint8_t* room(std::int32_t index, const ValueType* type, std::uint64_t address,
                     std::uint64_t length, std::uint64_t captured,
                     std::span<const std::uint64_t> shape = {}, std::string_view name = {});
  void commit() { thread_.commit(); }

  JNIEnv* env() const { return env_; }
  std::uint64_t limit() const { return call_.limit; }

 private:
  std::uint8_t* put(std::int32_t index, const ValueType* type, TraceHeld held,
                    std::uint64_t address, std::uint64_t length, std::uint64_t captured,
                    std::span<const std::uint64_t> shape, std::string_view name);
  void reference(std::int32_t index, const JavaParameter& parameter, const ValueType* type,
                 jobject object);
  void unreadable(std::int32_t index, const ValueType* type, std::uint64_t address,
                  std::uint64_t length, std::string_view name);

  JNIEnv* const env_;
  CallJournal& journal_;
  ThreadJournal& thread_;
  const Call call_;
};

// UTF-8 of UTF-16; halves of pairs become U+FFFD.
std::string utf8_of(std::span<const jchar> text);

}  // namespace dl::jvmti
