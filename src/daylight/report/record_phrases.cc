// SPDX-License-Identifier: Apache-2.0
// Wording of inventory records.
#include "daylight/report/record_phrases.h"

#include <fmt/format.h>

#include <vector>

#include "daylight/base/text.h"
#include "daylight/report/phrases.h"

namespace dl {

std::string origin_phrase(const Origin& origin) {
  const std::string name = printable(origin.name);
  if (origin.kind == "first-party") return name.empty() ? "own code" : name + " (own)";
  if (origin.kind == "sdk") return name.empty() ? "an SDK" : name + " (SDK)";
  return name.empty() ? "unknown" : name;
}

std::string location_phrase(const ModelRecord& model) {
  const ModelLocation& location = model.location;
  std::string text = location.entry.empty() ? printable(location.file) : "";
  for (std::size_t i = 0; i < location.entry.size(); ++i) {
    text += (i == 0 ? "" : " \u203a ") + printable(location.entry[i]);
  }
  if (location.offset != 0) text += fmt::format(" at byte {}", location.offset);
  return text;
}

std::string borders_phrase(const ModelRecord& model) {
  if (model.inputs.empty() && model.outputs.empty()) return "";
  const auto list = [](const std::vector<TensorInfo>& tensors) {
    std::vector<std::string> parts;
    for (const TensorInfo& tensor : tensors) {
      // The scale is for the full record: here the shape counts.
      TensorInfo bare{tensor.name, tensor.shape, tensor.dtype};
      parts.push_back(tensor_phrase(bare));
    }
    return parts.empty() ? std::string("?") : join(parts, " + ");
  };
  return list(model.inputs) + " -> " + list(model.outputs);
}

std::string encryption_phrase(const ModelRecord& model) {
  if (model.encryption == "none" || model.encryption.empty()) return "";
  if (model.encryption == "xor") {
    return model.encryption_key.empty() ? "hidden by XOR" : "hidden by XOR, key recovered";
  }
  if (model.encryption == "encrypted") return "encrypted: its content is not known";
  if (model.encryption == "compressed-only") return "compressed";
  return "encryption: " + printable(model.encryption);
}

std::string caller_phrase(const CallRecord& call) {
  return method_phrase(call.original_caller.empty() ? call.caller : call.original_caller);
}

bool has_position_name(const CallRecord& call) {
  return call.caller.find("!+0x") != std::string::npos;
}

std::string method_phrase(const std::string& method) {
  const std::size_t arrow = method.find(";->");
  if (method.empty() || method.front() != 'L' || arrow == std::string::npos)
    return printable(method);
  std::string name = method.substr(1, arrow - 1);
  for (char& c : name) {
    if (c == '/') c = '.';
  }
  const std::size_t begin = arrow + 3;
  return printable(name + "." + method.substr(begin, method.find('(', begin) - begin));
}

}  // namespace dl
