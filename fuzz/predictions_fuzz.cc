// SPDX-License-Identifier: Apache-2.0
// Hostile tables of answers, long or wide: what is accepted is a row for a person with a number
// that can be summed, and comes back the same when it is written and read.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

#include "daylight/artifact/predictions.h"
#include "daylight/base/bytes.h"
#include "support/memory_file.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

dl::Result<dl::Predictions> read(std::string_view text) {
  const dl::testing::MemoryFile file(text);
  return dl::read_predictions(file.path());
}

std::string dump(const dl::Predictions& predictions) {
  std::string text = dl::predictions_header();
  for (const dl::Prediction& row : predictions.rows) text += dl::dump_prediction(row);
  return text;
}

void check_number(const std::optional<double>& value) {
  require(!value || std::abs(*value) <= dl::kMaxPredictionValue);
}

void check(const dl::Predictions& predictions) {
  require(!predictions.rows.empty());
  for (const dl::Prediction& row : predictions.rows) {
    require(!row.file.empty() && !row.head.empty());
    const bool answered = !row.label.empty() || row.score || row.value;
    require(answered || row.status != dl::PredictionStatus::kOk);
    check_number(row.score);
    check_number(row.value);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto predictions = read(dl::as_text({data, size}));
  if (!predictions) {
    require(!predictions.error().what.empty() && !predictions.error().where.empty());
    return 0;
  }
  check(*predictions);
  const std::string text = dump(*predictions);
  const auto again = read(text);
  require(again.has_value() && again->rows.size() == predictions->rows.size());
  require(dump(*again) == text);
  return 0;
}
