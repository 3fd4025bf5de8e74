// SPDX-License-Identifier: Apache-2.0
// A guest with one library that is built from text.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "daylight/guest/guest.h"
#include "support/native_library.h"

namespace dl::guest {

// What a guest asked for and said.
class RecordedEvents : public GuestEvents {
 public:
  void lookup(const GuestLookup& lookup) override {
    const std::scoped_lock lock(mutex);
    lookups.push_back(lookup);
  }
  void log(int, std::string_view tag, std::string_view text) override {
    const std::scoped_lock lock(mutex);
    lines.push_back(std::string(tag) + ": " + std::string(text));
  }
  std::mutex mutex;
  std::vector<GuestLookup> lookups;
  std::vector<std::string> lines;
};

// Libraries of C text, for arm64 if nothing else is said, in one guest.
class GuestFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testing::can_build_native_libraries()) GTEST_SKIP() << "clang-14 or lld-14 is absent";
  }

  // Builds and adds a library; not loaded yet.
  void add(const std::string& name, const std::string& text, const std::string& options = "") {
    const auto bytes = testing::build_native_library(
        "extern \"C\" {\n" + text + "\n}",
        machine == ElfMachine::kArm64 ? testing::kArm64Android : testing::kX86_64Android,
        "-Wl,-soname," + name + " -fno-builtin " + options);
    ASSERT_TRUE(bytes) << "the compiler refuses the library";
    files[name] = Content::owned(std::vector<std::uint8_t>(bytes->begin(), bytes->end()));
  }
  void start() {
    GuestOptions options;
    options.machine = machine;
    options.events = &events;
    options.engine = engine;
    options.engine.jailed = true;
    options.libraries = [this](const std::string& name) -> std::optional<LibraryFile> {
      const auto found = files.find(name);
      if (found == files.end()) return std::nullopt;
      return LibraryFile{found->second, {name}, "/data/app/lib/arm64/" + name};
    };
    auto made = Guest::create(options);
    ASSERT_TRUE(made) << made.error().what;
    guest = std::move(*made);
  }
  // One library "libt.so", loaded.
  void load(const std::string& text, const std::string& options = "") {
    add("libt.so", text, options);
    if (HasFatalFailure()) return;
    start();
    const auto loaded = guest->load("libt.so");
    ASSERT_TRUE(loaded) << describe(loaded.error());
  }
  GuestResult<GuestValue> call(const std::string& name,
                               std::initializer_list<std::uint64_t> arguments = {}) {
    return guest->call(name, arguments);
  }
  std::uint64_t value(const std::string& name,
                      std::initializer_list<std::uint64_t> arguments = {}) {
    const auto done = call(name, arguments);
    EXPECT_TRUE(done) << name << ": " << (done ? "" : done.error().what);
    return done ? done->integer : 0;
  }
  std::uint64_t text(const std::string& content) { return guest->machine().new_text(content); }

  ElfMachine machine = ElfMachine::kArm64;
  RecordedEvents events;
  GuestEngineOptions engine;
  std::map<std::string, Content> files;
  std::unique_ptr<Guest> guest;
};

}  // namespace dl::guest
