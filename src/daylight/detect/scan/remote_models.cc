// SPDX-License-Identifier: Apache-2.0
// Finds addresses and judges them by their endings and hosts.
#include "daylight/detect/scan/remote_models.h"

#include <algorithm>
#include <array>
#include <set>
#include <span>

#include "daylight/artifact/json_fields.h"
#include "daylight/base/embedded.h"
#include "daylight/base/json.h"
#include "daylight/base/text.h"
#include "daylight/format/literal_scanner.h"

namespace dl {

namespace embedded {
std::span<const File> detect_rules();
}  // namespace embedded

namespace {

constexpr const char* kFile = "remote_models.json";

bool is_url_byte(std::uint8_t byte) {
  constexpr std::string_view kOthers = "-._~:/?#[]@!$&'()*+,;=%{}";
  const auto c = static_cast<char>(byte);
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kOthers.find(c) != std::string_view::npos;
}

constexpr std::array<std::string_view, 4> kSchemes = {"http://", "https://", "gs://", "s3://"};

const LiteralScanner& scheme_scanner() {
  static const LiteralScanner kScanner({kSchemes.begin(), kSchemes.end()},
                                       LiteralScanner::Report::kEvery);
  return kScanner;
}

struct UrlParts {
  std::string_view host;
  std::string_view path;
};

UrlParts parts_of(std::string_view url) {
  url.remove_prefix(std::min(url.size(), url.find("://") + 3));
  const std::size_t slash = url.find('/');
  UrlParts out;
  out.host = url.substr(0, slash);
  out.host = out.host.substr(0, out.host.find(':'));
  if (slash == std::string_view::npos) return out;
  out.path = url.substr(slash);
  out.path = out.path.substr(0, out.path.find_first_of("?#"));
  return out;
}

// Whether the path begins like the pattern; each "*" takes any characters.
bool begins_like(std::string_view path, std::string_view pattern) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return path.starts_with(pattern);
  if (!path.starts_with(pattern.substr(0, star))) return false;
  const std::string_view rest = pattern.substr(star + 1);
  for (std::size_t i = star; i <= path.size(); ++i) {
    if (begins_like(path.substr(i), rest)) return true;
  }
  return false;
}

}  // namespace

std::string_view url_file_name(std::string_view url) {
  const std::string_view path = parts_of(url).path;
  return path.substr(path.rfind('/') + 1);
}

Result<RemoteModelRules> RemoteModelRules::parse(std::string_view text) {
  const Json json = TRY(parse_json(text, kFile));
  if (!json.is_object() || json.value("schema", "") != "daylight/remote-model-rules/1")
    return fail(ErrorCode::kInvalidArgument, "the schema is not daylight/remote-model-rules/1",
                kFile);
  RemoteModelRules out;
  FieldReader reader(json, kFile);
  reader.list("endings", out.endings_,
              [](const Json& item, const std::string& where) -> Result<Ending> {
                Ending ending;
                FieldReader fields(item, where);
                fields.required_text("format", ending.format);
                fields.required_text("ending", ending.ending);
                TRY_VOID(fields.finish());
                return ending;
              });
  reader.list("services", out.services_,
              [](const Json& item, const std::string& where) -> Result<Service> {
                Service service;
                FieldReader fields(item, where);
                fields.required_text("id", service.id);
                fields.required_text("host", service.host);
                fields.text("path", service.path);
                TRY_VOID(fields.finish());
                return service;
              });
  TRY_VOID(reader.finish());
  return out;
}

std::string_view RemoteModelRules::builtin_text() {
  for (const embedded::File& file : embedded::detect_rules()) {
    if (file.name == kFile) return file.bytes;
  }
  return {};
}

const RemoteModelRules& RemoteModelRules::builtin() {
  // A test parses the embedded text: it cannot fail here.
  static const RemoteModelRules kRules = parse(builtin_text()).value_or(RemoteModelRules{});
  return kRules;
}

bool RemoteModelRules::judge(std::string_view url, RemoteModel& out) const {
  const UrlParts parts = parts_of(url);
  const std::string path = to_lower(parts.path);
  const std::string host = to_lower(parts.host);
  for (const Ending& ending : endings_) {
    // A name in front of the ending: "https://host/.task" is none.
    if (!path.ends_with(ending.ending) || url_file_name(url).size() <= ending.ending.size())
      continue;
    out.format = ending.format;
    out.rule = "remote.ending";
    return true;
  }
  for (const Service& service : services_) {
    if (host != service.host || !begins_like(path, service.path)) continue;
    out.format = "unknown";
    out.rule = "remote." + service.id;
    return true;
  }
  return false;
}

std::optional<RemoteModel> RemoteModelRules::judge_url(std::string_view url) const {
  const bool scheme = std::any_of(kSchemes.begin(), kSchemes.end(),
                                  [&](std::string_view each) { return url.starts_with(each); });
  const bool plain = std::all_of(url.begin(), url.end(),
                                 [](char c) { return is_url_byte(static_cast<std::uint8_t>(c)); });
  RemoteModel out;
  if (!scheme || !plain || url.size() > kMaxUrlLength || !judge(url, out)) return std::nullopt;
  out.url = std::string(url);
  return out;
}

std::vector<RemoteModel> RemoteModelRules::find(ByteSpan bytes) const {
  std::vector<RemoteModel> out;
  std::set<std::string> seen;
  std::size_t urls = 0;
  for (const LiteralHit& hit : scheme_scanner().scan(bytes)) {
    if (++urls > kMaxUrls) break;
    const auto start = static_cast<std::size_t>(hit.offset);
    std::size_t end = start;
    while (end < bytes.size() && end - start < kMaxUrlLength && is_url_byte(bytes[end])) ++end;
    std::string_view url = as_text(bytes.subspan(start, end - start));
    // Punctuation of the text around it.
    while (!url.empty() && std::string_view(".,;:!')(").find(url.back()) != std::string_view::npos)
      url.remove_suffix(1);
    RemoteModel found;
    if (!judge(url, found) || !seen.emplace(url).second) continue;
    found.offset = hit.offset;
    found.url = std::string(url);
    out.push_back(std::move(found));
  }
  return out;
}

}  // namespace dl
