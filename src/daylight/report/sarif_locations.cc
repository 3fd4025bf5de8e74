// SPDX-License-Identifier: Apache-2.0
// Artifacts and locations of a SARIF run.
#include "daylight/report/sarif_locations.h"

#include <fmt/format.h>

#include <algorithm>

#include "daylight/base/text.h"
#include "daylight/report/record_phrases.h"

namespace dl {
namespace {

constexpr const char* kAppBase = "APP";  // the folder that the app was read from

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

std::string percent(char c) { return fmt::format("%{:02X}", static_cast<unsigned char>(c)); }

std::string mime_type(const std::string& name) {
  const auto ends = [&](const char* suffix) { return to_lower(name).ends_with(suffix); };
  if (ends(".apk")) return "application/vnd.android.package-archive";
  if (ends(".zip") || ends(".xapk") || ends(".apks") || ends(".aab") || ends(".ipa"))
    return "application/zip";
  if (ends(".so")) return "application/x-sharedlib";
  return "application/octet-stream";
}

}  // namespace

std::string relative_uri(const std::string& path) {
  std::vector<std::string> parts = split(path, '/');
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string& part = parts[i];
    // The separator behind an empty part would begin an authority or make the path absolute.
    if (i > 0) out += parts[i - 1].empty() ? "%2F" : "/";
    // Encoded dots would still be dots to a reader that normalises.
    if (part == "." || part == "..") out += percent('\\');
    for (const char c : part) out += is_unreserved(c) ? std::string(1, c) : percent(c);
  }
  return out;
}

std::string sarif_text(const std::string& text, std::size_t limit) {
  std::string out;
  for (const char c : printable(text, limit)) {
    if (c == '[' || c == ']' || c == '\\') out += '\\';
    if (c == '{' || c == '}') out += c;
    out += c;
  }
  return out;
}

SarifArtifacts::SarifArtifacts(const Inventory& inventory) {
  for (const AppFile& file : inventory.app.files) {
    Json& artifact = list_[index_of(file.name, {})];
    artifact["length"] = file.size;
    if (!file.sha256.empty()) artifact["hashes"] = {{"sha-256", file.sha256}};
    artifact["roles"] = Json::array({"analysisTarget"});
  }
}

std::size_t SarifArtifacts::index_of(const std::string& file,
                                     const std::vector<std::string>& entry) {
  std::string key = file;
  for (const std::string& part : entry) key += '\0' + part;
  const auto found = by_path_.find(key);
  if (found != by_path_.end()) return found->second;
  Json artifact = Json::object();
  if (entry.empty()) {
    artifact["location"] = {{"uri", relative_uri(file)}, {"uriBaseId", kAppBase}};
    artifact["mimeType"] = mime_type(file);
  } else {
    const std::vector<std::string> outer(entry.begin(), entry.end() - 1);
    const std::size_t parent = index_of(file, outer);
    artifact["location"] = {{"uri", relative_uri(entry.back())}};
    artifact["parentIndex"] = parent;
    artifact["mimeType"] = mime_type(entry.back());
  }
  const std::size_t index = list_.size();
  list_.push_back(std::move(artifact));
  by_path_[key] = index;
  return index;
}

void SarifArtifacts::add_model(const ModelRecord& model) {
  if (model.sha256.empty()) return;
  const std::size_t parent = index_of(model.location.file, model.location.entry);
  list_.push_back({{"description", {{"text", sarif_text(model.id)}}},
                   {"parentIndex", parent},
                   {"offset", model.location.offset},
                   {"length", model.location.size},
                   {"mimeType", "application/octet-stream"},
                   {"hashes", {{"sha-256", model.sha256}}}});
}

Json SarifArtifacts::location(const std::string& file, const std::vector<std::string>& entry,
                              std::optional<std::uint64_t> offset, std::uint64_t size) {
  const std::size_t index = index_of(file, entry);
  Json place = {{"uri", list_[index]["location"]["uri"]}};
  if (entry.empty()) place["uriBaseId"] = kAppBase;
  place["index"] = index;
  Json physical = {{"artifactLocation", std::move(place)}};
  if (offset) {
    physical["region"] = {{"byteOffset", *offset}};
    if (size > 0) physical["region"]["byteLength"] = size;
  }
  return {{"physicalLocation", std::move(physical)}};
}

Json SarifArtifacts::location(const Evidence& evidence, std::size_t id) {
  Json out = {{"id", id}};
  out.update(location(evidence.file, evidence.entry, evidence.offset));
  if (!evidence.method.empty())
    out["logicalLocations"] = Json::array({logical_location(evidence.method)});
  const std::string text =
      evidence.rule + (evidence.excerpt.empty() ? "" : ": ") + evidence.excerpt;
  out["message"] = {{"text", sarif_text(text, 2000)}};
  return out;
}

Json logical_location(const std::string& method) {
  const std::string name = method_phrase(method);
  const std::size_t dot = name.rfind('.');
  return {{"name", dot == std::string::npos ? name : name.substr(dot + 1)},
          {"fullyQualifiedName", name},
          {"decoratedName", printable(method, 1000)},
          {"kind", "function"}};
}

}  // namespace dl
