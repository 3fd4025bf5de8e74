// SPDX-License-Identifier: Apache-2.0
// Taking keys out of an inventory.
#include "daylight/report/shown_inventory.h"

namespace dl {
namespace {

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// Of a step's name: "aes-cbc", "rc4".
bool is_cipher_letter(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-';
}

void mask(std::string& text) { text = without_keys(text); }

void mask(std::vector<std::string>& list) {
  for (std::string& text : list) mask(text);
}

void mask(std::vector<Evidence>& list) {
  for (Evidence& evidence : list) {
    mask(evidence.entry);
    mask(evidence.excerpt);
    mask(evidence.method);
  }
}

}  // namespace

std::string without_keys(std::string_view text) {
  std::string out;
  std::size_t from = 0;
  for (std::size_t at = text.find('~'); at != std::string_view::npos; at = text.find('~', at + 1)) {
    std::size_t end = at + 1;
    while (end < text.size() && is_cipher_letter(text[end])) ++end;
    if (end == text.size() || text[end] != '@') continue;
    ++end;
    while (end < text.size() && ((text[end] >= '0' && text[end] <= '9') || text[end] == '+')) ++end;
    out += text.substr(from, end - from);
    // The key, and a start value.
    while (end < text.size() && text[end] == ':') {
      ++end;
      while (end < text.size() && is_hex(text[end])) ++end;
    }
    from = end;
    at = end - 1;
  }
  return out + std::string(text.substr(from));
}

Inventory shown_inventory(Inventory inventory) {
  for (ModelRecord& model : inventory.models) {
    // Whether there is a key is still told.
    if (!model.encryption_key.empty()) model.encryption_key = "known";
    mask(model.location.entry);
    for (ModelCompanion& companion : model.companions) mask(companion.entry);
    mask(model.evidence);
  }
  for (FrameworkRecord& framework : inventory.frameworks) mask(framework.evidence);
  for (CallRecord& call : inventory.calls) {
    mask(call.caller);
    mask(call.klass);
    mask(call.evidence);
  }
  for (TaskRecord& task : inventory.tasks) mask(task.evidence);
  for (Gap& gap : inventory.gaps) {
    mask(gap.where);
    mask(gap.why);
  }
  return inventory;
}

std::string entry_file_name(const std::vector<std::string>& entry) {
  for (auto step = entry.rbegin(); step != entry.rend(); ++step) {
    std::string_view name = *step;
    if (name.starts_with("~/")) {
      name.remove_prefix(2);
    } else if (name.starts_with("~")) {
      continue;
    }
    return std::string(name.substr(name.rfind('/') + 1));
  }
  return "";
}

}  // namespace dl
