// SPDX-License-Identifier: Apache-2.0
// A small arm64 library, compiled from text when the test runs, in a guest of its own.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "daylight/guest/guest.h"
#include "support/native_library.h"

namespace dl::guest::testing {

// What the guest asked for and said.
class KeptEvents : public GuestEvents {
 public:
  void lookup(const GuestLookup& lookup) override {
    const std::scoped_lock lock(mutex_);
    lookups_.push_back(lookup);
  }
  void log(int, std::string_view tag, std::string_view text) override {
    const std::scoped_lock lock(mutex_);
    log_ += std::string(tag) + ":" + std::string(text) + "\n";
  }
  std::string log_text() const { return log_; }
  bool saw(const std::string& name) const {
    for (const GuestLookup& each : lookups_) {
      if (each.name == name) return true;
    }
    return false;
  }

 private:
  std::mutex mutex_;
  std::vector<GuestLookup> lookups_;
  std::string log_;
};

class GuestProgram {
 public:
  // Text of C++ functions; `extern "C"` is put around it. Null where no compiler is here or the
  // text does not compile (`why` says so).
  static std::unique_ptr<GuestProgram> build(const std::string& text, std::string& why,
                                             const DeviceProfile* profile = nullptr) {
    const std::string types =
        "typedef unsigned long size_t; typedef long ssize_t; typedef int wchar;\n"
        "typedef __builtin_va_list va_list;\n"
        "extern \"C\" {\n";
    const auto bytes =
        dl::testing::build_native_library(types + text + "\n}\n", dl::testing::kArm64Android,
                                          "-fno-builtin -Wno-incompatible-library-redeclaration");
    if (!bytes) {
      why = "the library does not compile";
      return nullptr;
    }
    auto out = std::make_unique<GuestProgram>();
    GuestOptions options;
    options.events = &out->events;
    options.profile = profile;
    options.libraries = [content = *bytes](const std::string& name) -> std::optional<LibraryFile> {
      if (name != "liba.so") return std::nullopt;
      return LibraryFile{Content::owned(std::vector<std::uint8_t>(content.begin(), content.end())),
                         {name},
                         "/data/app/lib/arm64/liba.so"};
    };
    auto made = Guest::create(options);
    if (!made) {
      why = made.error().what;
      return nullptr;
    }
    out->guest = std::move(*made);
    const auto loaded = out->guest->load("liba.so");
    if (!loaded) {
      why = loaded.error().what;
      return nullptr;
    }
    for (const MissingImport& missing : out->guest->loader().missing())
      why += "missing " + missing.name + " ";
    return out;
  }

  GuestResult<GuestValue> call(const std::string& name,
                               std::initializer_list<std::uint64_t> arguments = {}) {
    return guest->call(name, arguments);
  }
  // The call's integer; a fault as a large number that no test expects.
  std::int64_t number(const std::string& name,
                      std::initializer_list<std::uint64_t> arguments = {}) {
    const auto done = guest->call(name, arguments);
    last_fault = done ? "" : std::string(name_of(done.error().kind)) + ": " + done.error().what;
    return done ? static_cast<std::int64_t>(done->integer) : -987'654'321;
  }
  double real(const std::string& name, std::initializer_list<std::uint64_t> arguments = {}) {
    const auto done = guest->call(name, arguments);
    double out = -987'654'321;
    if (done) std::memcpy(&out, done->vector.data(), 8);
    last_fault = done ? "" : done.error().what;
    return out;
  }
  std::string text_at(std::uint64_t address) {
    const auto text = guest->arena().text(address);
    return text ? std::string(*text) : "(not readable)";
  }
  std::string text(const std::string& name, std::initializer_list<std::uint64_t> arguments = {}) {
    const auto done = guest->call(name, arguments);
    last_fault = done ? "" : done.error().what;
    return done ? text_at(done->integer) : "(fault) " + done.error().what;
  }
  std::uint64_t put(const std::string& text) { return guest->machine().new_text(text); }

  KeptEvents events;
  std::unique_ptr<Guest> guest;
  std::string last_fault;
};

#define DAYLIGHT_GUEST_PROGRAM(name, ...)                                                \
  if (!dl::testing::can_build_native_libraries()) GTEST_SKIP() << "no clang-14 and lld"; \
  std::string name##_why;                                                                \
  const auto name = dl::guest::testing::GuestProgram::build(__VA_ARGS__, name##_why);    \
  ASSERT_NE(name, nullptr) << name##_why;                                                \
  ASSERT_EQ(name##_why, "")

}  // namespace dl::guest::testing
