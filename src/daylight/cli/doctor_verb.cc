// SPDX-License-Identifier: Apache-2.0
// Words for what the probe of the sandbox found.
#include "daylight/cli/doctor_verb.h"

#include <array>

#include "daylight/base/text.h"
#include "daylight/report/text_layout.h"

namespace dl::cli {
namespace {

// They read apps as data.
constexpr std::array kWithoutSandbox = {"audit",  "detect", "plan",   "rebuild",
                                        "replay", "assess", "report", "samples",
                                        "models", "diff",   "check"};

std::vector<std::string> verbs_without_sandbox() {
  return {kWithoutSandbox.begin(), kWithoutSandbox.end()};
}

}  // namespace

std::string render_doctor(const SandboxSupport& support) {
  std::vector<std::vector<std::string>> rows;
  for (const SandboxPartSupport& part : support.parts) {
    rows.push_back({part.name, part.works ? "works" : "MISSING", part.what});
  }
  std::string text = "The sandbox, in which alone an app's own code may run\n";
  text += text_table({{"part", 16}, {"here", 8}, {"what it is for", 70}}, rows, 2) + "\n";
  for (const SandboxPartSupport& part : support.parts) {
    if (part.details.empty()) continue;
    text += wrap_text(part.name + ": ", printable(part.details), 2);
  }
  text += support.complete()
              ? wrap_text("", "It is complete here.", 0)
              : wrap_text("",
                          "It is incomplete here: running an app's own code is refused, unless you "
                          "accept the risk with --unsafe-no-sandbox.",
                          0);
  text += wrap_text("Without it work: ",
                    join(verbs_without_sandbox(), ", ") + " (they run no code of an app)", 0);
  return text;
}

Json doctor_to_json(const SandboxSupport& support) {
  Json parts = Json::array();
  for (const SandboxPartSupport& part : support.parts) {
    parts.push_back({{"name", part.name},
                     {"what", part.what},
                     {"works", part.works},
                     {"details", part.details}});
  }
  return {{"sandbox", {{"complete", support.complete()}, {"parts", std::move(parts)}}},
          {"without_sandbox", verbs_without_sandbox()}};
}

}  // namespace dl::cli
