// SPDX-License-Identifier: Apache-2.0
// Rows and sentences of answers. Members that are named here are those that CheckedAnswer asks for.
#include "daylight/cli/guest_report.h"

#include <fmt/format.h>

#include <vector>

#include "daylight/base/text.h"
#include "daylight/report/text_layout.h"

namespace dl::cli {
namespace {

std::string text_of(const Json& value, std::size_t most = 200) {
  return printable(value.is_string() ? value.get<std::string>() : dump_json_line(value), most);
}

std::string gaps_text(const Json& answer) {
  std::string text;
  for (const Json& each : answer["gaps"])
    text += "  gap: " + text_of(each["where"]) + ": " + text_of(each["why"], 400) + "\n";
  return text;
}

// What the user could put into the app's folders.
std::string absent_files_text(const Json& answer) {
  std::string text;
  for (const Json& each : answer["lookups"]) {
    const bool absent = each["what"] == "file" && !each["found"].get<bool>();
    if (absent && text_of(each["answer"]).starts_with("not in "))
      text += "  no such file: " + text_of(each["name"], 400) + "\n";
  }
  return text;
}

std::string title_of(const Json& answer) {
  return fmt::format("{} ({})", text_of(answer["library"]), text_of(answer["abi"]));
}

// What constructors registered: by whom and with what, then its names and functions.
std::string engines_text(const Json& answer) {
  std::string text;
  for (const Json& each : answer["engines"]) {
    text += "  engine: " + text_of(each["library"]) + " -> " + text_of(each["receiver"]) + " " +
            text_of(each["name"]) + "\n";
    for (const Json& name : each["texts"]) text += "    \"" + text_of(name) + "\"\n";
    for (const Json& function : each["functions"])
      text += "    " + text_of(each["library"]) + "+" + text_of(function) + "\n";
  }
  return text;
}

// Where a native method is, and what is wrong with that.
std::string place_text(const Json& native) {
  std::string text = native.contains("offset")
                         ? text_of(native["library"]) + "+" + text_of(native["offset"])
                         : text_of(native["address"]);
  if (native.contains("problem")) text += " (" + text_of(native["problem"]) + ")";
  return text;
}

}  // namespace

std::string render_natives(const CheckedAnswer& checked) {
  const Json& answer = checked.json();
  std::string text = title_of(answer);
  const Json& on_load = answer["jni_on_load"];
  if (on_load.contains("fault")) {
    text += ": JNI_OnLoad ends with a fault: " + text_of(on_load["fault"]["what"], 400);
  } else if (on_load["exported"].get<bool>()) {
    text += ": JNI_OnLoad answers " + text_of(on_load["version"]);
  }
  text += "\n";
  std::string klass;
  for (const Json& each : answer["natives"]) {
    // Classes as headings: names are long.
    if (text_of(each["class"]) != klass) {
      klass = text_of(each["class"]);
      text += "  " + klass + "\n";
    }
    text += "    " + text_of(each["name"]) + text_of(each["signature"]) + "  " + place_text(each) +
            (text_of(each["route"]) == "export" ? "" : "  registered") + "\n";
  }
  text += engines_text(answer);
  text += fmt::format("{} native methods\n", answer["natives"].size());
  if (!answer["engines"].empty())
    text += fmt::format("{} engines registered by constructors\n", answer["engines"].size());
  for (const Json& each : answer["missing_imports"]) {
    if (each["weak"].get<bool>()) continue;  // may be absent on phones too
    text += "  not provided: " + text_of(each["name"]) + " (needed by " + text_of(each["library"]) +
            ")\n";
  }
  return text + absent_files_text(answer) + gaps_text(answer);
}

std::string render_exports(const CheckedAnswer& checked) {
  const Json& answer = checked.json();
  std::vector<std::vector<std::string>> rows;
  for (const Json& each : answer["exports"])
    rows.push_back({text_of(each["name"]), text_of(each["kind"]), text_of(each["offset"]),
                    text_of(each["size"])});
  return title_of(answer) + "\n" +
         text_table({{"export", 70, false, true}, {"kind", 8}, {"offset", 12}, {"bytes", 10, true}},
                    rows, 2) +
         "\n" + gaps_text(answer);
}

std::string render_call(const CheckedAnswer& checked) { return dump_json(checked.json()["call"]); }

std::string render_trace(const CheckedAnswer& checked, const std::filesystem::path& folder) {
  const Json& answer = checked.json();
  std::string text = fmt::format("{} events, {} calls in {}\n", dump_json_line(answer["events"]),
                                 dump_json_line(answer["calls"]), (folder / "trace").string());
  if (answer.contains("result"))
    text += "result: " + printable(dump_json_line(answer["result"]), 400) + "\n";
  for (const Json& model : answer["models"]) {
    if (model["in_file"].get<bool>()) continue;  // detect finds those
    const std::string path = model.value("path", "");
    text += fmt::format("model ({}), {} bytes, {}: {}\n", text_of(model["format"], 60),
                        dump_json_line(model["size"]), text_of(model["where"]),
                        path.empty() ? "not kept" : printable((folder / path).string(), 400));
  }
  for (const Json& file : answer["files"]["written"])
    text +=
        fmt::format("file, {} bytes: {}\n", dump_json_line(file["size"]),
                    printable((folder / "files" / file["path"].get<std::string>()).string(), 400));
  for (const Json& gap : answer["gaps"]) text += "gap: " + text_of(gap["why"], 400) + "\n";
  return text;
}

}  // namespace dl::cli
