// SPDX-License-Identifier: Apache-2.0
// Beside this program, in the project's own environment, on the PATH.
#include "daylight/capture/frida/frida_parts.h"

#include <unistd.h>

#include <cstdlib>
#include <string>

#include "daylight/base/text.h"

namespace dl::capture {
namespace {

namespace fs = std::filesystem;

constexpr const char* kHint = "tools/bootstrap.sh third --frida, then build again";

Result<fs::path> find_python() {
  if (::access(DAYLIGHT_FRIDA "/venv/bin/python3", X_OK) == 0)
    return fs::path(DAYLIGHT_FRIDA "/venv/bin/python3");
  const char* const path = std::getenv("PATH");
  for (const std::string& folder : split(path == nullptr ? "" : path, ':')) {
    const fs::path python = fs::path(folder) / "python3";
    if (python.is_absolute() && ::access(python.c_str(), X_OK) == 0) return python;
  }
  return fail(ErrorCode::kUnsupported, "there is no Python that could load the agent", "frida",
              kHint);
}

}  // namespace

Result<FridaParts> find_frida_parts() {
  std::error_code error;
  const fs::path folder = fs::read_symlink("/proc/self/exe", error).parent_path() / "frida";
  FridaParts out;
  out.host = folder / "frida_host.py";
  out.agent = folder / "daylight-agent.js";
  for (const fs::path& part : {out.host, out.agent}) {
    if (!fs::exists(part, error))
      return fail(ErrorCode::kUnsupported, "this build has no " + part.filename().string(), "frida",
                  kHint);
  }
  out.python = TRY(find_python());
  return out;
}

}  // namespace dl::capture
