// SPDX-License-Identifier: Apache-2.0
// Commands from provenance.
#include "daylight/report/reproduction.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
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

std::string list_text(const Json& list) {
  std::vector<std::string> parts;
  for (const Json& item : list) parts.push_back(option_text(item));
  return parts.empty() ? "none" : join(parts, ",");
}

// " --name value" for each of the names that the options have; what a stage records besides is no
// flag.
std::string flags_of(const Provenance& provenance, std::initializer_list<const char*> names) {
  std::string text;
  for (const char* name : names) {
    if (!provenance.options.is_object() || !provenance.options.contains(name)) continue;
    const Json& value = provenance.options[name];
    const bool absent = value.is_null() || value.is_object() ||
                        (value.is_boolean() && !value.get<bool>()) ||
                        (value.is_string() && value.get_ref<const std::string&>().empty());
    if (absent) continue;
    std::string flag = name;
    std::replace(flag.begin(), flag.end(), '_', '-');
    text += " --" + flag;
    if (value.is_boolean()) continue;
    text += " " + shell_word(value.is_array() ? list_text(value) : option_text(value));
  }
  return text;
}

std::string replay_flags(const Provenance& provenance) {
  return flags_of(provenance, {"samples_are", "resize_kernel", "compare_kernels",
                               "all_alternatives", "reference_kernels"});
}

std::string assess_flags(const Provenance& provenance) {
  std::string text;
  if (provenance.options.is_object() && provenance.options.contains("targets")) {
    for (const Json& target : provenance.options["targets"]) {
      if (!target.is_object()) continue;
      const auto part = [&](const char* key) {
        return target.contains(key) && target[key].is_string() ? target[key].get<std::string>()
                                                               : std::string();
      };
      text += " --target " + shell_word(part("head") + "=" + part("column"));
    }
  }
  if (provenance.options.is_object() && provenance.options.contains("by") &&
      !provenance.options["by"].empty()) {
    text += flags_of(provenance, {"by"});
  }
  text += flags_of(provenance, {"intersections", "bootstrap", "age_truth", "confidence", "fdr"});
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
      lines.push_back("echo " + shell_word(input.sha256 + "  " + input.name) +
                      " | sha256sum --check");
    }
  }
  return lines;
}

// The provenance of everything that the inputs hold, in the order of the stages.
std::vector<const Provenance*> all_provenance(const ReportInputs& inputs) {
  std::vector<const Provenance*> all;
  if (inputs.inventory != nullptr) all.push_back(&inputs.inventory->provenance);
  if (inputs.pipeline != nullptr) all.push_back(&inputs.pipeline->provenance);
  if (inputs.predictions != nullptr && inputs.predictions->provenance) {
    all.push_back(&*inputs.predictions->provenance);
  }
  if (inputs.assessment != nullptr) all.push_back(&inputs.assessment->provenance);
  return all;
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
  const std::vector<const Provenance*> all = all_provenance(inputs);
  const bool replayed = inputs.predictions != nullptr && inputs.predictions->provenance.has_value();
  const std::string app = input_named(all, "app", "APP");
  const std::string samples = input_named(all, "samples", "samples.csv");
  std::vector<std::string> lines = digest_checks(all);
  if (inputs.inventory != nullptr) lines.push_back("daylight detect " + app + " --case case");
  if (inputs.plan != nullptr) lines.push_back("daylight plan " + app + " --case case");
  if (inputs.pipeline != nullptr) lines.push_back("daylight rebuild " + app + " --case case");
  if (replayed) {
    lines.push_back("daylight replay --case case --samples " + samples +
                    replay_flags(*inputs.predictions->provenance));
  }
  if (inputs.assessment != nullptr) {
    lines.push_back("daylight assess --case case --samples " + samples +
                    assess_flags(inputs.assessment->provenance));
  }
  const bool people = inputs.assessment != nullptr || !inputs.samples_summary.is_null();
  lines.push_back("daylight report --case case" + (people ? " --samples " + samples : ""));
  return lines;
}

std::string alternatives_command(const ReportInputs& inputs) {
  if (inputs.pipeline == nullptr || inputs.predictions == nullptr ||
      !inputs.predictions->provenance) {
    return "";
  }
  const std::vector<const Provenance*> all = all_provenance(inputs);
  const Provenance& replay = *inputs.predictions->provenance;
  const std::vector<Step>& steps = inputs.pipeline->steps;
  const bool has_alternatives = std::any_of(
      steps.begin(), steps.end(), [](const Step& step) { return !step.alternatives.empty(); });
  const bool has_resize =
      std::any_of(steps.begin(), steps.end(), [](const Step& step) { return step.op == "resize"; });
  const bool all_run = flags_of(replay, {"all_alternatives"}) != "";
  const bool kernels_off = flags_of(replay, {"compare_kernels"}) == " --compare-kernels none";
  std::string command = "daylight audit " + input_named(all, "app", "APP") + " --samples " +
                        input_named(all, "samples", "samples.csv") +
                        flags_of(replay, {"samples_are", "resize_kernel", "reference_kernels"});
  if (has_alternatives && !all_run) {
    command += flags_of(replay, {"compare_kernels"}) + " --all-alternatives";
  } else if (!has_resize || !kernels_off) {
    return "";
  }
  // Else the kernels that are compared unless the user says none.
  if (inputs.assessment != nullptr) command += assess_flags(inputs.assessment->provenance);
  return command + " --case DIR";
}

}  // namespace dl
