// SPDX-License-Identifier: Apache-2.0
// What would be watched, in the order in which data flows.
#include "daylight/report/plan_table.h"

#include <algorithm>
#include <array>
#include <vector>

#include "daylight/base/text.h"
#include "daylight/report/text_layout.h"

namespace dl {
namespace {

using Rows = std::vector<std::vector<std::string>>;

constexpr std::array<std::string_view, 5> kRoles = {"model-load", "preprocess", "input",
                                                    "model-run", "output"};

std::size_t rank_of(const Probe& probe) {
  return static_cast<std::size_t>(std::find(kRoles.begin(), kRoles.end(), probe.role) -
                                  kRoles.begin());
}

std::string section(const std::string& title, std::size_t count,
                    const std::vector<TextColumn>& columns, Rows rows) {
  if (count == 0) return {};
  std::string out = "\n" + title + " (" + std::to_string(count) + ")\n";
  out += text_table(columns, rows, 2);
  if (count > rows.size()) out += "  and " + std::to_string(count - rows.size()) + " more\n";
  return out;
}

// Without the types of overloads and the file of an address, which are long; the plan has them.
std::string short_selector(const std::string& selector) {
  const std::size_t paren = selector.find('(');
  if (paren != std::string::npos) return selector.substr(0, paren) + "(...)";
  return selector.substr(0, selector.find('@'));
}

std::string probes_section(const ProbePlan& plan) {
  std::vector<const Probe*> sorted;
  for (const Probe& probe : plan.probes) sorted.push_back(&probe);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Probe* a, const Probe* b) { return rank_of(*a) < rank_of(*b); });
  Rows rows;
  for (const Probe* probe : sorted) {
    if (rows.size() == kMaxPlanRows) break;
    rows.push_back({printable(probe->role, 20), printable(short_selector(probe->selector), 600),
                    printable(join(probe->decode, ", "), 300)});
  }
  return section("Probes", plan.probes.size(),
                 {{"role", 10}, {"selector", 56, false, true}, {"reads", 28}}, std::move(rows));
}

std::string argument_text(const EntryArgument& argument) {
  std::string out = printable(argument.type, 80);
  if (argument.has_constant) out += "=" + printable(argument.constant.dump(), 40);
  return out;
}

std::string entries_section(const ProbePlan& plan) {
  Rows rows;
  for (const Entry& entry : plan.entries) {
    if (rows.size() == kMaxPlanRows) break;
    std::vector<std::string> args;
    for (const EntryArgument& argument : entry.args) args.push_back(argument_text(argument));
    rows.push_back({printable(entry.kind, 10), printable(entry.klass + entry.method, 300),
                    join(args, " "), printable(entry.receiver, 20)});
  }
  return section("Entry points", plan.entries.size(),
                 {{"kind", 8}, {"method", 44, false, true}, {"arguments", 28}, {"receiver", 12}},
                 std::move(rows));
}

std::string gaps_section(const ProbePlan& plan) {
  if (plan.gaps.empty()) return {};
  std::string out = "\nGaps (" + std::to_string(plan.gaps.size()) + ")\n";
  for (std::size_t i = 0; i < plan.gaps.size() && i < kMaxPlanRows; ++i)
    out += wrap_text("- ", printable(plan.gaps[i].where + ": " + plan.gaps[i].why, 400), 2);
  if (plan.gaps.size() > kMaxPlanRows)
    out += "  and " + std::to_string(plan.gaps.size() - kMaxPlanRows) + " more\n";
  return out;
}

}  // namespace

std::string render_plan_table(const ProbePlan& plan) {
  std::string head = "What a capture agent would watch";
  for (const InputDigest& input : plan.provenance.inputs) {
    if (input.role == "app") head += " in " + printable(input.name, 60);
  }
  return head + "\n" + probes_section(plan) + entries_section(plan) + gaps_section(plan);
}

}  // namespace dl
