// SPDX-License-Identifier: Apache-2.0
// The head of the page: what was found, in sentences, about which app and how many people.
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "daylight/base/text.h"
#include "daylight/report/claims.h"
#include "daylight/report/experiment.h"
#include "daylight/report/page_parts.h"
#include "daylight/report/sections.h"

namespace dl {
namespace {

void write_title(HtmlWriter& page, const ReportInputs& inputs) {
  page.element("p", "Daylight audit report", {{"class", "eyebrow"}});
  const auto title = page.open("h1");
  if (inputs.inventory == nullptr) {
    page.text("Audit without an app");
    return;
  }
  const AppInfo& app = inputs.inventory->app;
  page.foreign(app.package.empty() ? "An app without a name" : app.package);
  if (!app.version_name.empty()) {
    page.text(" ");
    const auto version = page.open("span", {{"class", "version"}});
    page.foreign(app.version_name);
  }
}

void write_claims(HtmlWriter& page, const ReportInputs& inputs) {
  if (inputs.inventory == nullptr) {
    write_missing(page, "What the app holds", "daylight detect APP --case DIR");
    return;
  }
  for (const std::string& claim : claims_about(*inputs.inventory)) {
    page.element("p", claim, {{"class", "claim"}});
  }
}

// More verdicts of one outcome than this are folded away.
constexpr std::size_t kMaxOpenVerdicts = 6;
constexpr int kLastVerdictOrder = 2;

int verdict_order(const Verdict& verdict) {
  if (verdict.outcome == "disparity-found") return 0;
  if (verdict.outcome == "not-decidable") return 1;
  return 2;
}

std::string outcome_words(const std::string& outcome) {
  if (outcome == "disparity-found") return "Disparity found";
  if (outcome == "no-disparity-found") return "No disparity found";
  if (outcome == "not-decidable") return "Not decidable";
  return capitalised(task_name(outcome));
}

std::string outcome_class(const std::string& outcome) {
  if (outcome == "disparity-found") return "found";
  if (outcome == "no-disparity-found") return "clear";
  return "open";
}

void write_verdict_list(HtmlWriter& page, const std::vector<const Verdict*>& verdicts) {
  const auto list = page.open("ul", {{"class", "verdicts"}});
  for (const Verdict* verdict : verdicts) {
    const auto item = page.open("li", {{"class", "verdict " + outcome_class(verdict->outcome)}});
    page.element("span", outcome_words(verdict->outcome), {{"class", "outcome"}});
    const auto body = page.open("div");
    {
      const auto text = page.open("p");
      page.foreign(verdict->text);
    }
    if (!verdict->basis.empty()) {
      const auto basis = page.open("p", {{"class", "quiet basis"}});
      page.text("Rests on ").foreign(join(verdict->basis, ", "));
    }
  }
}

void write_verdicts(HtmlWriter& page, const ReportInputs& inputs) {
  if (const std::string why = nothing_to_replay(inputs);
      inputs.assessment == nullptr && !why.empty()) {
    page.element("p", why + " The gaps of the pipeline are listed under limits.",
                 {{"class", "missing"}});
    return;
  }
  if (inputs.assessment == nullptr) {
    write_missing(page, "Whether the app treats people alike",
                  "daylight audit APP --samples samples.csv --case DIR");
    return;
  }
  const std::vector<Verdict>& all = inputs.assessment->verdicts;
  if (all.empty()) {
    page.element("p", "The assessment draws no conclusion.", {{"class", "missing"}});
    return;
  }
  const auto groups = page.open("div", {{"class", "verdict-groups"}});
  for (int order = 0; order <= kLastVerdictOrder; ++order) {
    std::vector<const Verdict*> verdicts;
    for (const Verdict& verdict : all) {
      if (verdict_order(verdict) == order) verdicts.push_back(&verdict);
    }
    if (verdicts.empty()) continue;
    if (verdicts.size() <= kMaxOpenVerdicts) {
      write_verdict_list(page, verdicts);
      continue;
    }
    // What was found stands open whatever its length.
    const bool found = order == 0;
    const auto fold = found ? page.open("details", {{"class", "verdict-fold"}, {"open", ""}})
                            : page.open("details", {{"class", "verdict-fold"}});
    page.element("summary", fmt::format("{}: {} verdicts", outcome_words(verdicts[0]->outcome),
                                        verdicts.size()));
    write_verdict_list(page, verdicts);
  }
}

// One line for each certificate, with the schemes that it signed by.
void write_signers(HtmlWriter& page, const AppInfo& app) {
  std::vector<std::string> seen;
  for (const Signer& signer : app.signers) {
    if (std::find(seen.begin(), seen.end(), signer.cert_sha256) != seen.end()) continue;
    seen.push_back(signer.cert_sha256);
    std::vector<std::string> schemes;
    for (const Signer& other : app.signers) {
      if (other.cert_sha256 != signer.cert_sha256) continue;
      schemes.push_back(other.scheme + (other.valid ? " holds" : " does not hold"));
    }
    const auto row = page.open("div");
    page.element("dt", "Signed by");
    const auto definition = page.open("dd");
    page.element("code", signer.cert_sha256).text(" (" + join(schemes, ", ") + ")");
  }
}

void write_app_facts(HtmlWriter& page, const AppInfo& app) {
  for (const AppFile& file : app.files)
    write_fact(page, "File", file.name + ", " + format_bytes(file.size));
  if (!app.version_code.empty()) {
    write_fact(page, "Version", app.version_name + " (code " + app.version_code + ")");
  }
  write_code_fact(page, "SHA-256", app.sha256);
  if (app.signers.empty()) write_fact(page, "Signed by", "nobody: no signature was found");
  write_signers(page, app);
}

void write_people_facts(HtmlWriter& page, const ReportInputs& inputs) {
  const Json& samples = inputs.samples_summary;
  if (samples.is_object() && samples.contains("rows") && samples["rows"].is_number_unsigned()) {
    std::string text = format_count(samples["rows"].get<std::uint64_t>()) + " pictures";
    if (samples.contains("people") && samples["people"].is_number_unsigned()) {
      text += " of " + format_count(samples["people"].get<std::uint64_t>()) + " people";
    }
    write_fact(page, "Samples", text);
  }
  const std::string fed = what_samples_are(inputs);
  if (!fed.empty()) write_fact(page, "Fed in as", fed);
  const std::string sources = answer_sources(inputs);
  if (!sources.empty()) write_fact(page, "Answers", sources);
  const std::string failures = failure_sentence(inputs);
  if (!failures.empty()) write_fact(page, "Without answer", failures);
}

}  // namespace

void write_headline(HtmlWriter& page, const ReportInputs& inputs) {
  const auto header = page.open("header", {{"class", "headline"}});
  write_title(page, inputs);
  write_claims(page, inputs);
  if (const std::string told = experiment_sentence(kernel_exchange(inputs)); !told.empty()) {
    page.element("p", told, {{"class", "claim"}});
  }
  write_verdicts(page, inputs);
  const auto facts = page.open("dl", {{"class", "facts strip"}});
  if (inputs.inventory != nullptr) write_app_facts(page, inputs.inventory->app);
  write_people_facts(page, inputs);
}

}  // namespace dl
