// SPDX-License-Identifier: Apache-2.0
// Runs the converter in a jail, and keeps what it made.
#include "daylight/capture/jvm/jvm_conversion.h"

#include <unistd.h>

#include <cstdlib>

#include "daylight/base/digest.h"
#include "daylight/base/file.h"
#include "daylight/base/sandbox.h"

namespace dl::capture {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxReport = std::uint64_t{16} << 20;
constexpr auto kConversionTime = std::chrono::minutes(5);

// A folder that goes with the object.
class WorkFolder {
 public:
  static Result<WorkFolder> make(const fs::path& above) {
    std::string name = (above / "work.XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
      return fail(ErrorCode::kIo, "no folder can be made", above.string());
    return WorkFolder(name);
  }
  WorkFolder(WorkFolder&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
  WorkFolder& operator=(WorkFolder&&) = delete;
  ~WorkFolder() {
    std::error_code error;
    if (!path_.empty()) fs::remove_all(path_, error);
  }
  const fs::path& path() const { return path_; }

 private:
  explicit WorkFolder(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

Result<void> run_converter(const JvmParts& parts, const fs::path& apk, const fs::path& folder,
                           bool without_missing_parts) {
  SandboxOptions jail;
  jail.read_only = folders_of(parts);
  jail.read_only.push_back(apk);
  jail.scratch = folder;
  jail.proc = true;
  jail.executable_memory = true;  // HotSpot compiles
  jail.wall_time = kConversionTime;
  jail.without_missing_parts = without_missing_parts;
  SandboxProgram program;
  // Little is run often: the first compiler is enough.
  program.arguments = {(parts.java / "bin" / "java").string(),
                       "-Xmx2g",
                       "-XX:TieredStopAtLevel=1",
                       "-XX:-UsePerfData",
                       "-Djava.io.tmpdir=" + folder.string(),
                       "-cp",
                       class_path(parts, {}),
                       "daylight.host.Converter",
                       apk.string(),
                       folder.string()};
  Sandbox sandbox = TRY(Sandbox::run_program(jail, program));
  // Nothing is said over the socket: it closes at the end.
  (void)receive_frame(sandbox.socket());
  const SandboxEnd end = sandbox.reap();
  if (end.ok) return {};
  return fail(end.cause == SandboxCause::kOwn ? ErrorCode::kCorrupt : ErrorCode::kLimit,
              "its code cannot be made into Java classes: " + end.how +
                  (end.last_words.empty() ? "" : " (" + end.last_words + ")"),
              apk.string());
}

// Strangers' code wrote in that folder: a link there could lead anywhere.
Result<std::string> read_made(const fs::path& file, std::uint64_t limit) {
  std::error_code error;
  if (!fs::is_regular_file(fs::symlink_status(file, error)))
    return fail(ErrorCode::kCorrupt, "is no plain file", file.string());
  return read_file(file, limit);
}

}  // namespace

fs::path jvm_cache_folder(const fs::path& otherwise) {
  const char* const cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && *cache == '/') return fs::path(cache) / "daylight" / "jvm";
  const char* const home = std::getenv("HOME");
  if (home != nullptr && *home == '/') return fs::path(home) / ".cache" / "daylight" / "jvm";
  return otherwise / "cache";
}

Result<ConvertedApp> convert_app(const JvmParts& parts, const fs::path& apk, const fs::path& cache,
                                 bool without_missing_parts) {
  const std::string app = TRY(sha256_of_file(apk));
  const std::string converter = TRY(sha256_of_file(parts.agent / "daylight-host.jar"));
  const std::string name = app.substr(0, 32) + "-" + converter.substr(0, 16);
  ConvertedApp out;
  out.jar = cache / (name + ".jar");
  const fs::path report = cache / (name + ".json");
  std::error_code error;
  if (!fs::exists(out.jar, error) || !fs::exists(report, error)) {
    out.fresh = true;
    TRY_VOID(make_private_folder(cache));
    const WorkFolder work = TRY(WorkFolder::make(cache));
    TRY_VOID(run_converter(parts, apk, work.path(), without_missing_parts));
    const std::string made = TRY(read_made(work.path() / "app.json", kMaxReport));
    TRY_VOID(parse_json(made, "report of the conversion"));
    TRY_VOID(write_file_atomic(out.jar,
                               TRY(read_made(work.path() / "app.jar", std::uint64_t{1} << 31))));
    TRY_VOID(write_file_atomic(report, made));
  }
  out.report = TRY(parse_json(TRY(read_file(report, kMaxReport)), report.string()));
  return out;
}

}  // namespace dl::capture
