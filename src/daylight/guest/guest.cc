// SPDX-License-Identifier: Apache-2.0
// Puts memory, processor, system and loader together.
#include "daylight/guest/guest.h"

#include <utility>

#include "daylight/guest/android/android_functions.h"
#include "daylight/guest/android/java_classes.h"
#include "daylight/guest/android/java_libraries.h"
#include "daylight/guest/engine/arm64_engine.h"
#include "daylight/guest/engine/host_engine.h"
#include "daylight/guest/libc/guest_signals.h"
#include "daylight/guest/libc/system_functions.h"
#include "daylight/guest/libc/system_world.h"

namespace dl::guest {

namespace {

Result<std::unique_ptr<GuestEngine>> make_engine(bool native, GuestArena& arena,
                                                 const GuestEngineOptions& options) {
#if !defined(__aarch64__)  // where arm64 is native, nothing is translated
  if (!native) return make_arm64_engine(arena, options);
#else
  (void)native;
#endif
  return make_host_engine(arena, options);
}

}  // namespace

Result<std::unique_ptr<Guest>> Guest::create(const GuestOptions& options) {
  const bool arm64 = options.machine == ElfMachine::kArm64;
  const bool native = options.machine == kHostMachine;
  if (!arm64 && !native)
    return fail(ErrorCode::kUnsupported,
                "no engine runs " + std::string(abi_of(options.machine)) + " code", "guest");
  std::unique_ptr<Guest> guest(new Guest());
  guest->arena_ = TRY(GuestArena::reserve(native, options.engine.shared_memory));
  guest->heap_ = std::make_unique<GuestHeap>(*guest->arena_);
  guest->engine_ = TRY(make_engine(native, *guest->arena_, options.engine));
  auto world = std::make_unique<SystemWorld>(options.libraries);
  guest->machine_ = std::make_unique<GuestMachine>(
      *guest->arena_, *guest->heap_, *guest->engine_, phone_functions(),
      options.profile == nullptr ? DeviceProfile::builtin(arm64) : *options.profile,
      options.events == nullptr ? no_guest_events() : *options.events);
  guest->machine_->arm64 = arm64;
  guest->engine_->handle_signals([machine = guest->machine_.get()](int number) {
    const std::uint64_t handler = machine->part<GuestSignals>().get(number).handler;
    return handler == kSignalIgnored ? kSignalDefault : handler;
  });
  TRY_VOID(bind_system_calls(*guest->machine_));
  world->set_machine(guest->machine_.get());
  guest->world_ = std::move(world);
  guest->loader_ = std::make_unique<LibraryLoader>(*guest->arena_, *guest->heap_, *guest->engine_,
                                                   *guest->world_, options.machine);
  guest->machine_->loader = guest->loader_.get();
  guest->make_java(options);
  AndroidSystem& android = guest->machine_->part<AndroidSystem>();
  android.java = guest->own_java_;
  android.app = options.app;
  mount_app_folders(*guest->machine_, options.folders, options.app.package);
  if (options.time_limit.count() > 0)
    guest->time_limit_ = std::make_unique<TimeLimit>(*guest->engine_, options.time_limit);
  guest->jni_ = TRY(JniTable::create(*guest->machine_, *guest->java_));
  guest->machine_->part<JavaLibraries>().set_vm(guest->jni_->vm());
  return guest;
}

void Guest::make_java(const GuestOptions& options) {
  if (options.java_world) {
    java_ = options.java_world(*machine_);
    return;
  }
  auto own = std::make_unique<OwnJavaWorld>(*machine_, options.classes);
  add_java_classes(*own, options.app);
  own_java_ = own.get();
  java_ = std::move(own);
}

Guest::~Guest() {
  time_limit_.reset();
  // Threads of the guest end before what they run in.
  if (engine_ != nullptr) engine_->stop("the guest ends");
  java_.reset();
  machine_.reset();
}

Result<GuestLibrary*> Guest::load(const std::string& name) { return loader_->load(name); }

GuestResult<GuestValue> Guest::call(std::uint64_t function, std::span<const std::uint64_t> integers,
                                    std::span<const Vector128> vectors) {
  GuestResult<GuestValue> done = engine_->call(function, integers, vectors);
  if (auto fault = machine_->thread_fault()) done = tl::unexpected<GuestFault>(std::move(*fault));
  if (!done) loader_->describe(done.error());
  return done;
}

GuestResult<GuestValue> Guest::call(const std::string& symbol,
                                    std::initializer_list<std::uint64_t> integers) {
  const auto address = loader_->find(symbol);
  if (!address) {
    GuestFault fault;
    fault.kind = GuestFault::Kind::kImport;
    fault.what = "no loaded library has " + symbol;
    return tl::unexpected<GuestFault>(std::move(fault));
  }
  return call(*address, std::span<const std::uint64_t>(integers.begin(), integers.size()));
}

GuestResult<std::int32_t> Guest::run_on_load(const GuestLibrary& library) {
  java_->push_frame();
  const auto done = machine_->part<JavaLibraries>().start(library);
  const JavaReference left = java_->pending();
  std::string exception = left == 0 ? std::string() : java_->describe(left);
  java_->clear();
  java_->pop_frame(0);
  if (!done) return tl::unexpected<GuestFault>(done.error());
  if (!exception.empty()) {
    GuestFault fault;
    fault.kind = GuestFault::Kind::kAbort;
    fault.what = "JNI_OnLoad leaves an exception: " + exception;
    return tl::unexpected<GuestFault>(std::move(fault));
  }
  return done->value_or(0);
}

void Guest::leave_thread() {
  loader_->thread_storage().release_thread();
  engine_->leave_thread();
}

GuestResult<GuestValue> Guest::call_native(std::uint64_t function,
                                           std::span<const std::uint64_t> integers,
                                           std::span<const Vector128> vectors) {
  std::vector<std::uint64_t> all = {jni_->env()};
  all.insert(all.end(), integers.begin(), integers.end());
  return call(function, all, vectors);
}

}  // namespace dl::guest
