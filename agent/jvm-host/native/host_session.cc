// SPDX-License-Identifier: Apache-2.0
// Loads, binds and calls.
#include "native/host_session.h"

#include <utility>

#include "daylight/artifact/json_fields.h"
#include "daylight/base/file.h"
#include "daylight/base/text.h"
#include "daylight/guest/libc/system_world.h"
#include "daylight/guest/native_call.h"
#include "daylight/guest/native_methods.h"

namespace dl::jvm {
namespace {

// "face", "/data/app/lib/libface.so" -> "libface.so".
std::string file_name_of(const std::string& name) {
  const std::string last = name.substr(name.rfind('/') + 1);
  const bool whole = last.size() > 3 && last.ends_with(".so");
  return whole ? last : "lib" + last + ".so";
}

// Of a fault, as Java's code reads them.
constexpr std::size_t kMaxWords = 2'000;

void throw_fault(JNIEnv* env, const std::string& words) {
  env->ExceptionClear();
  throw_new(env, "java/lang/InternalError", "native code: " + printable(words, kMaxWords));
}

}  // namespace

Result<HostConfiguration> read_configuration(const std::filesystem::path& file) {
  const std::string text = TRY(read_file(file, std::uint64_t{1} << 20));
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return fail(ErrorCode::kCorrupt, "not a configuration", file.string());
  HostConfiguration out;
  out.apk = json.value("apk", "");
  out.package = json.value("package", "");
  out.twins = json.value("twins", "");
  out.trace = json.value("trace", "");
  out.head = json.value("head", Json::object());
  out.notes = json.value("notes", Json::array());
  out.machine = json.value("libs", "arm64") == "host" ? guest::kHostMachine : ElfMachine::kArm64;
  out.call_limit = std::chrono::milliseconds(json.value("call_ms", std::int64_t{10'000}));
  out.socket = json.value("socket", 3);
  return out;
}

Result<std::unique_ptr<HostSession>> HostSession::create(HostConfiguration configuration) {
  const TraceHead head = TRY(trace_head_from_json(configuration.head, "configuration"));
  auto writer = TRY(TraceWriter::create(configuration.trace, head));
  std::unique_ptr<HostSession> out(new HostSession(std::move(configuration)));
  out->recorder_ = std::make_unique<CallRecorder>(folder_sink(std::move(writer)));
  const bool arm64 = out->configuration_.machine == ElfMachine::kArm64;
  out->recorder_->process(out->configuration_.package, arm64 ? "arm64-v8a" : "x86_64");
  for (const Json& each : out->configuration_.notes)
    out->recorder_->note(TraceLevel::kWarning, each.value("where", ""), each.value("why", ""));
  return out;
}

// With twins, the app's own package still has its assets.
Result<void> HostSession::open_libraries(const std::string& library) {
  const std::string in_app = configuration_.apk + "!" + library;
  if (configuration_.twins.empty()) {
    files_ = std::make_unique<guest::LibraryFiles>(
        TRY(guest::LibraryFiles::open(in_app, {}, configuration_.machine)));
    return {};
  }
  files_ = std::make_unique<guest::LibraryFiles>(
      TRY(guest::LibraryFiles::open(in_app, {}, ElfMachine::kArm64)));
  libraries_ = std::make_unique<guest::LibraryFiles>(TRY(guest::LibraryFiles::open(
      (configuration_.twins / library).string(), configuration_.twins, configuration_.machine)));
  return {};
}

Result<void> HostSession::begin_guest(const std::string& library) {
  if (guest_ != nullptr) return {};
  TRY_VOID(open_libraries(library));
  guest::GuestOptions options;
  options.machine = configuration_.machine;
  const guest::LibraryFiles* const libraries =
      libraries_ == nullptr ? files_.get() : libraries_.get();
  options.libraries = [libraries](const std::string& name) { return libraries->find(name); };
  options.events = recorder_.get();
  options.engine.shared_memory = true;
  options.engine.jailed = true;  // this process is one
  options.app.package = configuration_.package;
  options.app.entry = [files = files_.get()](const std::string& name) {
    return files->entry(name);
  };
  options.app.entries = [files = files_.get()] { return files->entries(); };
  options.folders.java_data = data_folder_;
  options.folders.changes = configuration_.trace.parent_path() / "files";
  options.java_world = [this](guest::GuestMachine& machine) {
    auto world = std::make_unique<HotspotWorld>(
        machine, [this](const guest::RegisteredNative& native) { register_from_guest(native); });
    world_ = world.get();
    return world;
  };
  // The engine puts its own handlers in front of them.
  sigaction(SIGSEGV, &configuration_.translator_segv, nullptr);
  sigaction(SIGBUS, &configuration_.translator_bus, nullptr);
  guest_ = TRY(guest::Guest::create(options));
  bitmaps_ = std::make_unique<HotspotBitmaps>(
      guest_->machine(), *world_,
      [this](const std::string& text) { recorder_->note(TraceLevel::kWarning, "bitmap", text); });
  guest_->machine().part<guest::AndroidSystem>().bitmaps = bitmaps_.get();
  models_ = std::make_unique<ModelWatch>(*guest_, *recorder_);
  watchdog_ = std::make_unique<CallWatchdog>(guest_->machine().engine, configuration_.call_limit);
  return {};
}

Result<void> HostSession::load(JNIEnv* env, const std::string& name, jobject loader) {
  const std::scoped_lock lock(mutex_);
  const std::string file = file_name_of(name);
  TRY_VOID(begin_guest(file));
  world_->set_loader(loader);
  if (guest::is_system_library(file)) return {};
  const guest::GuestLibrary* library = nullptr;
  const auto started = [&]() -> Result<void> {
    const CallWatchdog::Call watched(*watchdog_);  // constructors are the guest's code too
    library = TRY(guest_->load(file));
    recorder_->libraries(*guest_);
    if (!started_.insert(library->name).second) return {};
    return run_on_load(env, *library);
  }();
  if (library == nullptr) return started;
  models_->look("JNI_OnLoad of " + library->name);
  return started;
}

void HostSession::set_data_folder(const std::string& folder) {
  const std::scoped_lock lock(mutex_);
  data_folder_ = folder;
}

void HostSession::offer_model(ByteSpan bytes, const std::string& where) {
  ModelWatch* models = nullptr;
  {
    const std::scoped_lock lock(mutex_);
    models = models_.get();
  }
  if (models != nullptr) models->offer(bytes, where);
}

Result<void> HostSession::run_on_load(JNIEnv* env, const guest::GuestLibrary& library) {
  const auto address = library.find("JNI_OnLoad");
  if (!address) return {};
  const std::uint64_t arguments[] = {guest_->jni().vm(), 0};
  const auto done = guest_->call(*address, arguments);
  if (!done) {
    env->ExceptionClear();
    return fail(ErrorCode::kCorrupt, "JNI_OnLoad: " + words_of(done.error()), library.name);
  }
  return {};
}

int HostSession::bind(JNIEnv* env, jclass klass, const std::string& owner,
                      const std::vector<std::string>& names,
                      const std::vector<std::string>& signatures) {
  const std::scoped_lock lock(mutex_);
  if (guest_ == nullptr) return 0;
  const std::vector<guest::NativeMethod> known = guest::native_methods(*guest_);
  int bound = 0;
  for (std::size_t i = 0; i < names.size() && i < signatures.size(); ++i) {
    const std::string parameters = signatures[i].substr(0, signatures[i].find(')') + 1);
    for (const guest::NativeMethod& each : known) {
      if (each.owner != owner || each.name != names[i] ||
          each.route != guest::NativeMethod::Route::kExport ||
          (!each.signature.empty() && each.signature != parameters))
        continue;
      const guest::GuestLibrary* const library = guest_->loader().loaded(each.library);
      const std::uint64_t at = each.offset + (library == nullptr ? 0 : library->bias);
      if (bind_one(env, klass, {owner, names[i], signatures[i], at}, kNativePrefix + names[i],
                   true))
        ++bound;
      break;
    }
  }
  return bound;
}

bool HostSession::bind_one(JNIEnv* env, jclass klass, const guest::RegisteredNative& native,
                           const std::string& hotspot_name, bool exported) {
  const auto thunk = NativeThunk::make(
      native, [this](const NativeThunk& made, JNIEnv* inside, auto integers, auto vectors) {
        return call(made, inside, integers, vectors);
      });
  if (!thunk) {
    recorder_->note(TraceLevel::kWarning, native.owner, describe(thunk.error()));
    return false;
  }
  std::string name = hotspot_name;
  std::string signature = native.signature;
  const JNINativeMethod method = {name.data(), signature.data(), (*thunk)->code()};
  if (env->RegisterNatives(klass, &method, 1) != JNI_OK) return false;
  recorder_->native(*guest_, native, exported);
  return true;
}

// The wrapped name first: HotSpot would find it by its prefix too, but says so where it fails.
void HostSession::register_from_guest(const guest::RegisteredNative& native) {
  JNIEnv* const env = environment();
  const jclass klass = world_->class_by_name(env, native.owner);
  if (klass == nullptr) return;  // Java's own exception is pending
  if (!bind_one(env, klass, native, kNativePrefix + native.name, false)) {
    env->ExceptionClear();
    bind_one(env, klass, native, native.name, false);
  }
  env->DeleteLocalRef(klass);
}

std::optional<guest::GuestValue> HostSession::call(const NativeThunk& thunk, JNIEnv* env,
                                                   std::span<const std::uint64_t> integers,
                                                   std::span<const guest::Vector128> vectors) {
  const auto done = [&] {
    const CallWatchdog::Call watched(*watchdog_);
    return guest_->call_native(thunk.native().function, integers, vectors);
  }();
  models_->after_native(thunk.native());
  if (done) return *done;
  throw_fault(env, guest::words_of(done.error()));
  return std::nullopt;
}

}  // namespace dl::jvm
