// SPDX-License-Identifier: Apache-2.0
// Names and values between commas.
#include "agent_options.h"

#include <charconv>

#include "daylight/base/file.h"
#include "daylight/base/text.h"

namespace dl::jvmti {
namespace {

constexpr std::uint64_t kMaxRulesFile = std::uint64_t{4} << 20;
constexpr std::size_t kMaxRules = 4096;

tl::unexpected<Error> bad(std::string what, std::string where) {
  return fail(ErrorCode::kInvalidArgument, std::move(what), std::move(where));
}

// Bytes before the comma that ends the first part.
std::size_t part_length(std::string_view text) {
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\') ++i;
    if (c == '(' || c == '{') ++depth;
    if (c == ')' || c == '}') --depth;
    if (c == ',' && depth <= 0) return i;
  }
  return text.size();
}

Result<std::uint64_t> number_of(std::string_view text, std::string_view name) {
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size())
    return bad("is not a number", std::string(name));
  return out;
}

Result<void> add_rule(std::string_view text, AgentOptions& out) {
  if (out.rules.size() >= kMaxRules)
    return fail(ErrorCode::kLimit, "more rules than " + std::to_string(kMaxRules));
  out.rules.push_back(TRY(parse_capture_rule(text)));
  return {};
}

Result<void> add_rules_of(const std::string& file, AgentOptions& out) {
  const std::string text = TRY(read_file(file, kMaxRulesFile));
  for (const std::string& line : split(text, '\n')) {
    const std::string_view rule = trim(line);
    if (!rule.empty() && rule[0] != '#') TRY_VOID(add_rule(rule, out));
  }
  return {};
}

Result<void> read_part(std::string_view part, AgentOptions& out) {
  const std::size_t equal = part.find('=');
  const std::string_view name = part.substr(0, equal);
  if (equal == std::string_view::npos) return bad("has no value", printable(name, 60));
  const std::string_view value = part.substr(equal + 1);
  if (name == "to") {
    out.to = TRY(capture::parse_wire_address(value));
  } else if (name == "token") {
    out.token = value;
  } else if (name == "name") {
    out.name = value;
  } else if (name == "prefix") {
    out.prefix = value;
  } else if (name == "rule") {
    TRY_VOID(add_rule(value, out));
  } else if (name == "rules") {
    TRY_VOID(add_rules_of(std::string(value), out));
  } else if (name == "limit") {
    out.limit = TRY(number_of(value, name));
  } else if (name == "memory") {
    out.memory = TRY(number_of(value, name));
  } else if (name == "patience") {
    out.patience_ms = TRY(number_of(value, name));
  } else {
    return bad("is no option of the agent", printable(name, 60));
  }
  return {};
}

}  // namespace

Result<AgentOptions> parse_agent_options(std::string_view text) {
  AgentOptions out;
  bool has_address = false;
  while (!text.empty()) {
    const std::size_t length = part_length(text);
    const std::string_view part = text.substr(0, length);
    text.remove_prefix(std::min(length + 1, text.size()));
    if (part.empty()) continue;
    has_address = has_address || part.starts_with("to=");
    TRY_VOID(read_part(part, out));
  }
  if (!has_address) return bad("to=ADDRESS says where to send", "agent options");
  if (out.rules.empty()) return bad("rule=SELECTOR says what to watch", "agent options");
  return out;
}

}  // namespace dl::jvmti
