// SPDX-License-Identifier: Apache-2.0
// Looks in the usual places.
#include "daylight/capture/jvm/jvm_parts.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "daylight/base/file.h"

namespace dl::capture {
namespace {

namespace fs = std::filesystem;

constexpr const char* kHint =
    "apt-get install openjdk-17-jdk-headless libffi-dev, then tools/bootstrap.sh third --jvm, and "
    "build again";
constexpr std::array kJavaPlaces = {"/usr/lib/jvm/java-17-openjdk-amd64",
                                    "/usr/lib/jvm/java-17-openjdk-arm64",
                                    "/usr/lib/jvm/java-17-openjdk"};

// Robolectric 4.14 is made for this version; newer ones refuse what it does.
bool is_java_17(const fs::path& folder) {
  const auto release = read_file(folder / "release", 65'536);
  return release && release->find("JAVA_VERSION=\"17") != std::string::npos &&
         fs::exists(folder / "bin" / "java");
}

Result<fs::path> find_java() {
  std::vector<fs::path> places;
  if (const char* const home = std::getenv("JAVA_HOME")) places.emplace_back(home);
  places.insert(places.end(), kJavaPlaces.begin(), kJavaPlaces.end());
  for (const fs::path& place : places)
    if (is_java_17(place)) return fs::canonical(place);
  return fail(ErrorCode::kUnsupported, "there is no Java 17 here", "jvm-host", kHint);
}

// Beside this program.
Result<fs::path> find_agent() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  const fs::path folder = program.parent_path() / "jvm-host";
  for (const char* const name : {"libdaylight_jvm_boot.so", "libdaylight_jvm.so",
                                 "libdaylight_jvm_faces.so", "daylight-host.jar"}) {
    if (!fs::exists(folder / name, error))
      return fail(ErrorCode::kUnsupported, "this build has no " + std::string(name), "jvm-host",
                  kHint);
  }
  return folder;
}

}  // namespace

Result<JvmParts> find_jvm_parts() {
  JvmParts out;
  out.java = TRY(find_java());
  out.agent = TRY(find_agent());
  std::error_code error;
  const fs::path jars = fs::canonical(DAYLIGHT_JVM_JARS, error);
  for (const auto& entry : fs::directory_iterator(jars / "lib", error))
    if (entry.path().extension() == ".jar") out.jars.push_back(entry.path());
  std::sort(out.jars.begin(), out.jars.end());
  for (const auto& entry : fs::directory_iterator(jars / "sdk", error))
    if (entry.path().extension() == ".jar") out.framework = entry.path();
  if (out.jars.empty() || out.framework.empty())
    return fail(ErrorCode::kUnsupported, "the jars that apps' Java code runs in are not here",
                "jvm-host", kHint);
  return out;
}

std::vector<fs::path> folders_of(const JvmParts& parts) {
  std::vector<fs::path> out;
  // /etc/java-17-openjdk is where Debian keeps Java's own settings; the last is the face finder's.
  for (const char* const place :
       {"/usr/lib", "/lib", "/lib64", "/etc/java-17-openjdk", "/usr/share/opencv4/haarcascades"}) {
    std::error_code error;
    if (fs::exists(place, error)) out.emplace_back(place);
  }
  out.push_back(parts.java);
  out.push_back(parts.agent);
  out.push_back(parts.framework.parent_path().parent_path());
  return out;
}

std::string class_path(const JvmParts& parts, const std::vector<fs::path>& before) {
  std::string out;
  const auto add = [&](const fs::path& jar) { out += (out.empty() ? "" : ":") + jar.string(); };
  for (const fs::path& jar : before) add(jar);
  add(parts.agent / "daylight-host.jar");
  for (const fs::path& jar : parts.jars) add(jar);
  // Only names of its classes are needed here: Robolectric brings its own copy of them.
  add(parts.framework);
  return out;
}

}  // namespace dl::capture
