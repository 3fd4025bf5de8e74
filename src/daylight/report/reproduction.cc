// SPDX-License-Identifier: Apache-2.0
// Commands from provenance.
#include "daylight/report/reproduction.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "daylight/base/text.h"

namespace dl {
namespace {

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("._-/=,:+@%").find(c) != std::string_view::npos;
}

std::string option_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return format_double(value.get<double>());
  return dump_json_line(value);
}

std::string options_of(const Provenance& provenance) {
  std::string text;
  if (provenance.options.is_object()) {
    for (const auto& [key, value] : provenance.options.items()) {
      std::string flag = key;
      std::replace(flag.begin(), flag.end(), '_', '-');
      const bool absent = value.is_null() || (value.is_boolean() && !value.get<bool>()) ||
                          (value.is_structured() && value.empty()) || value.is_object() ||
                          (value.is_string() && value.get_ref<const std::string&>().empty());
      if (absent) continue;
      text += " " + shell_word("--" + flag);
      if (value.is_boolean()) continue;
      if (value.is_array()) {
        std::vector<std::string> parts;
        for (const Json& item : value) parts.push_back(option_text(item));
        text += " " + shell_word(join(parts, ","));
      } else {
        text += " " + shell_word(option_text(value));
      }
    }
  }
  if (provenance.seed) text += fmt::format(" --seed {}", *provenance.seed);
  return text;
}

// The first input's name with this role in any artifact.
std::string input_named(const std::vector<const Provenance*>& all, const std::string& role,
                        const std::string& otherwise) {
  for (const Provenance* provenance : all) {
    for (const InputDigest& input : provenance->inputs) {
      if (input.role == role && !input.name.empty()) return shell_word(input.name);
    }
  }
  return otherwise;
}

std::vector<std::string> digest_checks(const std::vector<const Provenance*>& all) {
  std::vector<std::string> lines;
  std::set<std::string> seen;
  for (const Provenance* provenance : all) {
    for (const InputDigest& input : provenance->inputs) {
      if ((input.role != "app" && input.role != "samples") || input.sha256.empty()) continue;
      if (!seen.insert(input.sha256 + input.name).second) continue;
      if (input.role == "samples") continue;  // a digest over rows, not over the file's bytes
      lines.push_back("echo " + shell_word(input.sha256 + "  " + input.name) + " | sha256sum --check");
    }
  }
  return lines;
}

}  // namespace

std::string shell_word(const std::string& text) {
  if (!text.empty() && std::all_of(text.begin(), text.end(), is_plain)) return text;
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

std::vector<std::string> reproduction_commands(const ReportInputs& inputs) {
  std::vector<const Provenance*> all;
  if (inputs.inventory != nullptr) all.push_back(&inputs.inventory->provenance);
  if (inputs.pipeline != nullptr) all.push_back(&inputs.pipeline->provenance);
  const bool replayed = inputs.predictions != nullptr && inputs.predictions->provenance.has_value();
  if (replayed) all.push_back(&*inputs.predictions->provenance);
  if (inputs.assessment != nullptr) all.push_back(&inputs.assessment->provenance);
  const std::string app = input_named(all, "app", "APP");
  const std::string samples = input_named(all, "samples", "samples.csv");
  std::vector<std::string> lines = digest_checks(all);
  if (inputs.inventory != nullptr) {
    lines.push_back("daylight detect " + app + " --case case" + options_of(inputs.inventory->provenance));
  }
  if (inputs.plan != nullptr) lines.push_back("daylight plan --case case" + options_of(inputs.plan->provenance));
  if (inputs.pipeline != nullptr) {
    lines.push_back("daylight rebuild --case case" + options_of(inputs.pipeline->provenance));
  }
  if (replayed) {
    lines.push_back("daylight replay --case case --samples " + samples +
                    options_of(*inputs.predictions->provenance));
  }
  if (inputs.assessment != nullptr) {
    lines.push_back("daylight assess --case case --samples " + samples +
                    options_of(inputs.assessment->provenance));
  }
  lines.push_back("daylight report --case case");
  return lines;
}

}  // namespace dl
