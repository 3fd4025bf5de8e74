// SPDX-License-Identifier: Apache-2.0
// What the closed box knows of Java's and Android's own classes. Internal to program/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daylight/program/interpreter/dex_interpreter.h"

namespace dl::program {

// One call of a method that the app does not define. Each member function answers whether the call
// was one of its own; a call that nobody owns gives an unknown value.
class PlatformCall {
 public:
  PlatformCall(DexInterpreter& machine, MethodId named, const std::vector<std::int64_t>& words,
               bool is_static);

  // False where it throws.
  bool run();
  std::int64_t result() const { return result_; }

 private:
  // ---- what was given ----
  std::size_t count() const { return arguments_.size(); }
  std::int64_t number(std::size_t i) const { return i < arguments_.size() ? arguments_[i] : 0; }
  RunObject* object(std::size_t i) const { return machine_.object(number(i)); }
  // The object if it is of that kind, else null.
  RunObject* of_kind(std::size_t i, RunKind kind) const;
  // An array of bytes, from argument i, cut to [offset, offset + size) where arguments i + 1 and
  // i + 2 are ints; nothing where it is none or the range lies outside.
  std::optional<ByteSpan> span(std::size_t i) const;
  std::optional<ByteSpan> range(std::size_t i, std::int64_t offset, std::int64_t size) const;
  std::string text(std::size_t i) const;
  bool is(std::string_view owner, std::string_view name) const {
    return owner_ == owner && name_ == name;
  }

  // ---- answers ----
  bool give(std::int64_t value) {
    result_ = value;
    return true;
  }
  bool give_bytes(ByteSpan content) { return give(machine_.bytes(content)); }
  bool give_text(std::u16string value);
  bool throw_now() {
    threw_ = true;
    return true;
  }
  RunObject* become(RunKind kind);  // the receiver of a constructor
  RunRef stream_of(std::size_t i);  // an argument that bytes can be read from
  bool open(const std::string& name);

  // ---- by class (dex_platform.cc, dex_platform_streams.cc, dex_platform_ciphers.cc) ----
  bool statics();
  bool arrays();
  bool numbers();
  bool texts();
  bool text_of_object();
  bool builder();
  bool random();
  bool streams();
  bool stream_methods(RunObject& stream);
  bool sink_methods(RunObject& sink);
  bool buffers();
  bool buffer_methods(RunObject& buffer);
  bool files();
  bool keys();
  bool digests();
  bool ciphers();
  bool make_cipher();
  bool init_cipher(RunObject& cipher);
  bool feed_cipher(RunObject& cipher);
  std::optional<CipherSpec> spec_of(const RunObject& cipher) const;
  bool make_key_from_password(const RunObject& factory);

  DexInterpreter& machine_;
  MethodId named_;
  std::string_view name_;
  std::string_view owner_;  // simple name
  std::string_view descriptor_;
  std::vector<std::string_view> types_;  // of the arguments, the receiver's is ""
  std::vector<std::int64_t> arguments_;
  bool static_;
  bool threw_ = false;
  std::int64_t result_ = 0;
};

}  // namespace dl::program
