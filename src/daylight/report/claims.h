// SPDX-License-Identifier: Apache-2.0
// The sentences that page and terminal make about an app: never more than its evidence carries.
#pragma once

#include <string>
#include <vector>

#include "daylight/report/reporter.h"

namespace dl {

// One to four sentences. "The app infers ..." only for tasks with use reachable or more; tasks that
// are only present are "held", with the reason why no more is said. Sensitive tasks come first.
// Never empty.
std::vector<std::string> claims_about(const Inventory& inventory);

// "captured from the app", "replayed from the rebuilt pipeline", "given"; several joined; empty
// when nothing is known.
std::string answer_sources(const ReportInputs& inputs);

// "face crops, put in after the app's own face step" or "whole pictures"; empty when unknown.
std::string what_samples_are(const ReportInputs& inputs);

// "3 of 600 for age (2 no-face, 1 parse-error)"; "none" when all were answered; empty when unknown.
std::string failure_sentence(const ReportInputs& inputs);

// "answers move by 1.38 years on average, at most 6.97 (signed mean +0.30); mean absolute error
// becomes 5.02 years (+0.14)", or "14 of 600 labels change; accuracy becomes 72.5% (-0.8 pp)": what
// one alternative changes for one head and group.
std::string effect_of(const ReportInputs& inputs, const Sensitivity& row);

// Why a rebuilt pipeline has nothing to replay; empty where there is no pipeline or it has answers.
std::string nothing_to_replay(const ReportInputs& inputs);

}  // namespace dl
