// SPDX-License-Identifier: Apache-2.0
// Settings, the command line of the virtual machine, its jail, requests and answers.
#include "daylight/capture/jvm/jvm_host.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <utility>

#include "daylight/base/file.h"
#include "daylight/base/text.h"

namespace dl::capture {
namespace {

namespace fs = std::filesystem;

constexpr auto kFinishTime = std::chrono::seconds(30);
// The names under which Robolectric 4.14 asks for the framework: the version that runs, and the
// newest that it knows, whose resources it does not need where the app brings its own.
constexpr const char* kFrameworkNames[] = {"14-robolectric-10818077-i7",
                                           "15-robolectric-12650502-i7"};

constexpr std::size_t kMaxPackageName = 250;

// Values of a Java property file.
std::string property(const std::string& text) {
  std::string out;
  for (const char each : text) {
    if (each == '\\' || each == ':' || each == '=' || each == '#' || each == '!') out += '\\';
    if (each == '\n' || each == '\r') continue;
    out += each;
  }
  return out;
}

// Whether it is an app's package: letters, digits, '_' and '.', so that it can stand in XML.
bool is_package(const std::string& name) {
  return !name.empty() && name.size() <= kMaxPackageName &&
         name.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.") ==
             std::string::npos;
}

// What Robolectric reads: the app as resources, under a manifest of ours that names no component,
// so that nothing of the app runs by itself.
Result<void> write_settings(const JvmHostOptions& options) {
  const fs::path& folder = options.scratch;
  const std::string package = JvmHost::package_of(options);
  const fs::path& resources = options.resources.empty() ? options.apk : options.resources;
  std::error_code error;
  fs::create_directories(folder / "settings/com/android/tools", error);
  fs::create_directories(folder / "tmp", error);
  const fs::path manifest = folder / "settings/AndroidManifest.xml";
  TRY_VOID(write_file_atomic(
      manifest,
      "<manifest xmlns:android=\"http://schemas.android.com/apk/res/android\" package=\"" +
          package + "\"><uses-sdk android:minSdkVersion=\"21\" android:targetSdkVersion=\"34\"/>" +
          "<application/></manifest>"));
  TRY_VOID(write_file_atomic(folder / "settings/com/android/tools/test_config.properties",
                             "android_merged_manifest=" + property(manifest.string()) +
                                 "\nandroid_custom_package=" + package +
                                 "\nandroid_resource_apk=" + property(resources.string()) + "\n"));
  std::string frameworks;
  for (const char* const name : kFrameworkNames)
    frameworks += "org.robolectric\\:android-all-instrumented\\:" + std::string(name) + "=" +
                  property(options.parts.framework.string()) + "\n";
  TRY_VOID(write_file_atomic(folder / "settings/frameworks.properties", frameworks));
  return write_file_atomic(folder / "settings/agent.json",
                           dump_json({{"apk", options.apk.string()},
                                      {"package", package},
                                      {"trace", (folder / "trace").string()},
                                      {"head", to_json(options.head)},
                                      {"libs", options.host_libraries ? "host" : "arm64"},
                                      {"twins", options.twins.string()},
                                      {"notes", to_json(options.notes)},
                                      {"call_ms", options.call_time.count()},
                                      {"socket", 3}}));
}

SandboxProgram program_for(const JvmHostOptions& options) {
  const fs::path& folder = options.scratch;
  const JvmParts& parts = options.parts;
  SandboxProgram program;
  program.environment = {"HOME=" + (folder / "tmp").string(), "TMPDIR=" + (folder / "tmp").string(),
                         "LANG=C.UTF-8"};
  program.arguments = {
      (parts.java / "bin" / "java").string(),
      "-Xmx1g",
      "-Xss2m",
      "-XX:-UsePerfData",
      "-XX:+UseSerialGC",
      "-XX:-CreateCoredumpOnCrash",
      "-XX:ErrorFile=" + (folder / "hs_err.log").string(),
      "-Xshare:auto",
      "-agentpath:" + (parts.agent / "libdaylight_jvm_boot.so").string() + "=" +
          (parts.agent / "libdaylight_jvm.so").string() + "," +
          (folder / "settings/agent.json").string(),
      "-Ddaylight.library=" + (parts.agent / "libdaylight_jvm.so").string(),
      "-Ddaylight.faces=" + (parts.agent / "libdaylight_jvm_faces.so").string(),
      "-Drobolectric.offline=true",
      "-Drobolectric-deps.properties=" + (folder / "settings/frameworks.properties").string(),
      "-Djava.io.tmpdir=" + (folder / "tmp").string(),
      "--add-opens=java.base/java.lang=ALL-UNNAMED",
      "--add-opens=java.base/java.io=ALL-UNNAMED",
      "-cp",
      class_path(parts, {folder / "settings", options.app_jar}),
      "daylight.host.Main"};
  return program;
}

SandboxOptions jail_for(const JvmHostOptions& options, int null_output) {
  SandboxOptions jail;
  jail.read_only = folders_of(options.parts);
  jail.read_only.push_back(options.apk);
  if (!options.twins.empty()) jail.read_only.push_back(options.twins);
  if (!options.resources.empty()) jail.read_only.push_back(options.resources);
  jail.read_only.push_back(options.app_jar);
  jail.read_only.insert(jail.read_only.end(), options.pictures.begin(), options.pictures.end());
  jail.scratch = options.scratch;
  jail.proc = true;
  jail.executable_memory = true;  // HotSpot and the translator compile
  jail.own_processes = false;
  jail.kill_on_attack = false;  // HotSpot asks for things that it can do without
  jail.processes = 512;
  jail.open_files = 4096;
  jail.wall_time = options.wall_time;
  jail.descriptors = {{null_output, 1}};
  jail.without_missing_parts = options.without_missing_parts;
  return jail;
}

}  // namespace

std::string JvmHost::package_of(const JvmHostOptions& options) {
  return is_package(options.package) ? options.package : "app.unnamed";
}

Result<JvmHost> JvmHost::start(const JvmHostOptions& options) {
  TRY_VOID(write_settings(options));
  const int null_output = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  auto started = Sandbox::run_program(jail_for(options, null_output), program_for(options));
  ::close(null_output);
  JvmHost host(TRY(std::move(started)));
  const auto ready = host.receive(options.boot_time);
  if (ready) return host;
  Error error = ready.error();
  error.what = "Android's framework does not come up: " + error.what + "; " + host.kill();
  return tl::unexpected<Error>(std::move(error));
}

Result<Json> JvmHost::receive(std::chrono::milliseconds limit) {
  const timeval time = {limit.count() / 1000, (limit.count() % 1000) * 1000};
  ::setsockopt(sandbox_.socket(), SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
  const auto began = std::chrono::steady_clock::now();
  const auto message = receive_frame(sandbox_.socket());
  if (message) return parse_json(*message, "the answer of the app's process");
  if (std::chrono::steady_clock::now() - began + std::chrono::milliseconds(5) >= limit)
    return fail(ErrorCode::kLimit, "no answer in time", "jvm-host");
  return fail(ErrorCode::kCorrupt, "the process ended", "jvm-host");
}

Result<Json> JvmHost::ask(const Json& request, std::chrono::milliseconds limit) {
  TRY_VOID(send_frame(sandbox_.socket(), dump_json(request)));
  return receive(limit);
}

Result<void> JvmHost::finish() {
  TRY_VOID(ask({{"do", "finish"}}, kFinishTime));
  sandbox_.reap();
  return {};
}

std::string JvmHost::kill() {
  const SandboxEnd end = sandbox_.reap();
  return end.how + (end.last_words.empty() ? "" : " (" + end.last_words + ")");
}

}  // namespace dl::capture
