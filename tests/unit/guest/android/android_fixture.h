// SPDX-License-Identifier: Apache-2.0
// A guest with one library of text, and an app around it.
#pragma once

#include <map>
#include <string>

#include "daylight/guest/android/java_bitmap.h"
#include "guest_fixture.h"

namespace dl::guest {

// JNIEnv as libraries see it: `F(env, number, type)` is the function of that slot.
inline constexpr const char* kJniText = R"c(
typedef unsigned long size_t; typedef unsigned char u8; typedef unsigned short u16;
typedef unsigned int u32; typedef long i64; typedef void* obj;
typedef void** Env;
#define SLOT(env, n, type) ((type)(*(void***)(env))[n])
static obj klass(Env e, const char* n) { return SLOT(e, 6, obj(*)(Env, const char*))(e, n); }
static obj class_of(Env e, obj o) { return SLOT(e, 31, obj(*)(Env, obj))(e, o); }
static obj method(Env e, obj c, const char* n, const char* s)
{ return SLOT(e, 33, obj(*)(Env, obj, const char*, const char*))(e, c, n, s); }
static obj static_method(Env e, obj c, const char* n, const char* s)
{ return SLOT(e, 113, obj(*)(Env, obj, const char*, const char*))(e, c, n, s); }
static obj static_field(Env e, const char* c, const char* n, const char* s) { obj k = klass(e, c);
  obj f = SLOT(e, 144, obj(*)(Env, obj, const char*, const char*))(e, k, n, s);
  return SLOT(e, 145, obj(*)(Env, obj, obj))(e, k, f); }
static obj text(Env e, const char* t) { return SLOT(e, 167, obj(*)(Env, const char*))(e, t); }
static const char* chars(Env e, obj t)
{ return t ? SLOT(e, 169, const char*(*)(Env, obj, u8*))(e, t, 0) : "(null)";
}
#define NEW(e, c, sig, ...)                \
  SLOT(e, 28, obj (*)(Env, obj, obj, ...)) \
  (e, klass(e, c), method(e, klass(e, c), "<init>", sig), ##__VA_ARGS__)
#define CALL(e, n, type, c, o, name, sig, ...) \
  SLOT(e, n, type (*)(Env, obj, obj, ...))(e, o, method(e, klass(e, c), name, sig), ##__VA_ARGS__)
#define OBJECT(e, c, o, name, sig, ...) CALL(e, 34, obj, c, o, name, sig, ##__VA_ARGS__)
#define BOOL(e, c, o, name, sig, ...) CALL(e, 37, u8, c, o, name, sig, ##__VA_ARGS__)
#define CHAR(e, c, o, name, sig, ...) CALL(e, 43, u16, c, o, name, sig, ##__VA_ARGS__)
#define INT(e, c, o, name, sig, ...) CALL(e, 49, int, c, o, name, sig, ##__VA_ARGS__)
#define LONG(e, c, o, name, sig, ...) CALL(e, 52, i64, c, o, name, sig, ##__VA_ARGS__)
#define FLOAT(e, c, o, name, sig, ...) CALL(e, 55, float, c, o, name, sig, ##__VA_ARGS__)
#define DOUBLE(e, c, o, name, sig, ...) CALL(e, 58, double, c, o, name, sig, ##__VA_ARGS__)
#define VOID(e, c, o, name, sig, ...) CALL(e, 61, void, c, o, name, sig, ##__VA_ARGS__)
#define STATIC(e, c, name, sig, ...)        \
  SLOT(e, 114, obj (*)(Env, obj, obj, ...)) \
  (e, klass(e, c), static_method(e, klass(e, c), name, sig), ##__VA_ARGS__)
)c";

class AndroidFixture : public GuestFixture {
 protected:
  static Content content(const std::string& text) {
    return Content::owned(std::vector<std::uint8_t>(text.begin(), text.end()));
  }
  // Builds "libt.so" of the text behind kJniText, and loads it into an app.
  void load_app(const std::string& text) {
    add("libt.so", kJniText + text);
    if (HasFatalFailure()) return;
    GuestOptions options;
    options.events = &events;
    options.app = app;
    if (!options.app.entry) {
      options.app.entry = [this](const std::string& name) -> std::optional<AppEntry> {
        const auto found = entries.find(name);
        if (found == entries.end()) return std::nullopt;
        return found->second;
      };
      options.app.entries = [this] {
        std::vector<std::string> names;
        for (const auto& [name, entry] : entries) names.push_back(name);
        return names;
      };
    }
    options.libraries = [this](const std::string& name) -> std::optional<LibraryFile> {
      const auto found = files.find(name);
      if (found == files.end()) return std::nullopt;
      return LibraryFile{found->second, {name}, "/data/app/lib/arm64/" + name};
    };
    auto made = Guest::create(options);
    ASSERT_TRUE(made) << made.error().what;
    guest = std::move(*made);
    const auto loaded = guest->load("libt.so");
    ASSERT_TRUE(loaded) << loaded.error().what;
    for (const MissingImport& missing : guest->loader().missing())
      ADD_FAILURE() << "missing " << missing.name;
  }
  // A function whose first argument is the JNIEnv.
  GuestValue native(const std::string& name, std::vector<std::uint64_t> arguments = {}) {
    const auto function = guest->loader().find(name);
    EXPECT_TRUE(function) << name;
    if (!function) return {};
    const auto done = guest->call_native(*function, arguments);
    EXPECT_TRUE(done) << name << ": " << (done ? "" : done.error().what);
    return done ? *done : GuestValue{};
  }
  std::int64_t number(const std::string& name, std::vector<std::uint64_t> arguments = {}) {
    return static_cast<std::int64_t>(native(name, std::move(arguments)).integer);
  }
  std::int32_t int_of(const std::string& name, std::vector<std::uint64_t> arguments = {}) {
    return static_cast<std::int32_t>(number(name, std::move(arguments)));
  }
  // Of a function that answers a const char*.
  std::string text_of(const std::string& name, std::vector<std::uint64_t> arguments = {}) {
    const auto text = guest->arena().text(native(name, std::move(arguments)).integer);
    return text ? std::string(*text) : "(not readable)";
  }
  // The exception that is pending, which is cleared.
  std::string exception() {
    const JavaReference pending = guest->java().pending();
    const std::string out = pending == 0 ? "" : guest->java().describe(pending);
    guest->java().clear();
    return out;
  }
  const GuestLookup* lookup(const std::string& name) const {
    for (const GuestLookup& each : events.lookups) {
      if (each.name == name) return &each;
    }
    return nullptr;
  }
  std::vector<std::string> gaps() const {
    std::vector<std::string> out;
    for (const JavaGap& gap : guest->java().gaps()) out.push_back(gap.what);
    return out;
  }

  AndroidApp app;
  std::map<std::string, AppEntry> entries;
};

}  // namespace dl::guest
