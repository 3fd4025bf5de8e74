// SPDX-License-Identifier: Apache-2.0
// Matches class files by name.
#include "daylight/detect/signals/java_library.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "daylight/base/text.h"
#include "daylight/detect/signals/signals.h"
#include "daylight/format/code/java_class.h"
#include "daylight/program/code/fingerprint.h"

namespace dl {
namespace {

// "org/example/Ager" → "org.example.Ager".
std::string dotted(std::string_view name) {
  std::string out(name);
  std::replace(out.begin(), out.end(), '/', '.');
  return out;
}

bool lies_in(std::string_view name, std::string_view package) {
  return name.size() > package.size() && name.starts_with(package) && name[package.size()] == '.';
}

struct Hits {
  std::size_t defined = 0;
  std::size_t used = 0;
  std::set<std::string> names;  // distinct ones
  std::vector<Evidence> evidence;
};

}  // namespace

const FrameworkRule* JavaLibrarySignals::owner_of(const std::string& name) const {
  const std::string outer = name.substr(0, name.find('$'));
  if (const auto* api = program::ApiRules::builtin().find(outer)) {
    if (const FrameworkRule* rule = rules_.framework(api->framework)) return rule;
  }
  for (const FrameworkRule& rule : rules_.frameworks()) {
    const bool listed =
        std::find(rule.classes.begin(), rule.classes.end(), outer) != rule.classes.end();
    if (listed || std::any_of(rule.packages.begin(), rule.packages.end(),
                              [&](const std::string& package) { return lies_in(outer, package); }))
      return &rule;
  }
  return nullptr;
}

void JavaLibrarySignals::inspect(ByteSpan bytes, const std::vector<std::string>& chain,
                                 std::vector<JavaClassFindings>& out,
                                 std::vector<Gap>& gaps) const {
  const std::string where = printable(join(chain, "!"), 600);
  const auto read = parse_java_class(bytes, where);
  if (!read) {
    gaps.push_back({where, read.error().what});
    return;
  }
  for (const FormatGap& gap : read->gaps.list()) gaps.push_back({where, gap.why});
  JavaClassFindings found;
  found.chain = chain;
  found.name = dotted(read->name);
  for (const JavaMethod& method : read->methods) {
    if (method.native()) found.natives.emplace_back(method.name);
  }
  std::set<std::string> used;
  for (const std::string_view name : read->classes) {
    std::string other = dotted(name);
    if (name != read->name && owner_of(other) != nullptr) used.insert(std::move(other));
  }
  found.used.assign(used.begin(), used.end());
  out.push_back(std::move(found));
}

std::vector<FrameworkRecord> JavaLibrarySignals::frameworks(
    const std::string& file, const std::vector<JavaClassFindings>& classes,
    std::vector<Gap>& gaps) const {
  if (classes.empty()) return {};
  std::map<const FrameworkRule*, Hits> hits;
  const auto add = [&](const std::string& name, const JavaClassFindings& from, bool defined) {
    const FrameworkRule* rule = owner_of(name);
    if (rule == nullptr) return;
    Hits& of = hits[rule];
    ++(defined ? of.defined : of.used);
    of.names.insert(name.substr(0, name.find('$')));
    if (of.evidence.size() >= kMaxClassEvidence) return;
    Evidence evidence{"code", file, from.chain};
    evidence.rule = rule->id + (defined ? ".class" : ".reference");
    evidence.excerpt = printable(defined ? name : from.name + " names " + name, 400);
    if (defined && !from.natives.empty())
      evidence.excerpt += printable(", native methods: " + join(from.natives, ", "), 400);
    of.evidence.push_back(std::move(evidence));
  };
  for (const JavaClassFindings& each : classes) add(each.name, each, true);
  for (const JavaClassFindings& each : classes) {
    // A framework's own classes name each other.
    const FrameworkRule* own = owner_of(each.name);
    for (const std::string& name : each.used) {
      if (own == nullptr || own != owner_of(name)) add(name, each, false);
    }
  }
  std::vector<FrameworkRecord> out;
  for (const FrameworkRule& rule : rules_.frameworks()) {
    const auto found = hits.find(&rule);
    // The platform's classes are named by every app: only calls would say more.
    if (found == hits.end() || rule.kind == "system") continue;
    if (rule.packages.empty() && found->second.names.size() < rule.need_classes) continue;
    FrameworkRecord record;
    record.id = rule.id;
    record.layer = "java";
    record.linked = found->second.defined != 0 ? "static" : "unbundled";
    record.origin = {"sdk", rule.name, ""};
    record.evidence = std::move(found->second.evidence);
    out.push_back(std::move(record));
  }
  gaps.push_back({printable(classes.front().chain.empty() ? file : classes.front().chain.front()),
                  "Java bytecode: " + std::to_string(classes.size()) +
                      " classes are listed, calls are not read"});
  return out;
}

}  // namespace dl
