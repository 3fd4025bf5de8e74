// SPDX-License-Identifier: Apache-2.0
// predictions.csv: our long form, and the forms that others bring.
#include "daylight/artifact/predictions.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "daylight/artifact/table.h"
#include "daylight/base/file.h"
#include "daylight/base/text.h"

namespace dl {
namespace {

constexpr std::array kStatuses = {PredictionStatus::kOk,        PredictionStatus::kNoFace,
                                  PredictionStatus::kMultiFace, PredictionStatus::kParseError,
                                  PredictionStatus::kCrash,     PredictionStatus::kTimeout};

std::string text_of(const std::optional<double>& value) {
  return value ? format_double(*value) : "";
}

tl::unexpected<Error> fail_beyond_measure(const std::string& column, const std::string& text,
                                          std::string line) {
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("column '{}' holds '{}', which is beyond any measure", printable(column),
                          printable(text)),
              std::move(line), "correct the row or remove it");
}

// Reads one long-form table; every message names line and column.
class LongReader {
 public:
  LongReader(const Table& table, std::string where) : table_(table), where_(std::move(where)) {}

  Result<std::vector<Prediction>> read() {
    if (!table_.find("label") && !table_.find("score") && !table_.find("value")) {
      return fail(ErrorCode::kInvalidArgument, "has none of the columns label, score, value",
                  where_, "give the answers in at least one of them");
    }
    std::vector<Prediction> rows;
    rows.reserve(table_.rows.size());
    for (std::size_t r = 0; r < table_.rows.size(); ++r) rows.push_back(TRY(read_row(r)));
    return rows;
  }

 private:
  Result<Prediction> read_row(std::size_t r) {
    row_ = r;
    Prediction prediction;
    prediction.file = cell("file");
    prediction.head = cell("head");
    if (prediction.file.empty()) return bad("file", "is empty");
    if (prediction.head.empty()) return bad("head", "is empty");
    prediction.label = cell("label");
    prediction.alternative = cell("alternative");
    prediction.source = cell("source");
    TRY_VOID(number("score", prediction.score));
    TRY_VOID(number("value", prediction.value));
    TRY_VOID(number("t_ms", prediction.t_ms));
    std::optional<int> face;
    std::optional<int> run;
    TRY_VOID(integer("face", face));
    TRY_VOID(integer("run", run));
    TRY_VOID(integer("frame", prediction.frame));
    prediction.face = face.value_or(0);
    prediction.run = run.value_or(0);
    const bool answered = !prediction.label.empty() || prediction.score || prediction.value;
    const std::string status = cell("status");
    if (status.empty()) {
      // A row without an answer and without a status is still a person: it is an answer that could
      // not be read.
      prediction.status = answered ? PredictionStatus::kOk : PredictionStatus::kParseError;
      return prediction;
    }
    auto parsed = prediction_status_from_string(status);
    if (!parsed) return bad("status", parsed.error().what);
    prediction.status = *parsed;
    if (prediction.status == PredictionStatus::kOk && !answered) {
      return bad("status", "is ok, but label, score and value are all empty");
    }
    return prediction;
  }

  std::string cell(const char* column) const {
    const auto index = table_.find(column);
    return index ? std::string(trim(table_.rows[row_][*index])) : "";
  }

  tl::unexpected<Error> bad(const char* column, const std::string& why) const {
    return fail(ErrorCode::kInvalidArgument, fmt::format("column '{}' {}", column, why),
                fmt::format("{}:{}", where_, row_ + 2), "correct the row or remove it");
  }

  Result<void> number(const char* column, std::optional<double>& out) const {
    const std::string text = cell(column);
    if (text.empty()) return {};
    out = parse_double(text);
    if (!out) return bad(column, "holds '" + printable(text) + "', which is not a number");
    if (std::abs(*out) > kMaxPredictionValue)
      return fail_beyond_measure(column, text, fmt::format("{}:{}", where_, row_ + 2));
    return {};
  }

  Result<void> integer(const char* column, std::optional<int>& out) const {
    const std::string text = cell(column);
    if (text.empty()) return {};
    const auto value = parse_integer(text);
    if (!value || *value < -1'000'000'000 || *value > 1'000'000'000) {
      return bad(column, "holds '" + printable(text) + "', which is not a whole number");
    }
    out = static_cast<int>(*value);
    return {};
  }

  const Table& table_;
  std::string where_;
  std::size_t row_ = 0;
};

// file + one column for each head. A cell that is empty is an answer that could not be read.
Result<std::vector<Prediction>> read_wide(const Table& table, std::size_t file_column,
                                          const std::string& where) {
  if (table.columns.size() < 2) {
    return fail(ErrorCode::kInvalidArgument, "has no column but 'file'", where,
                "give one column for each head");
  }
  const auto nameless = table.find("");
  if (nameless) {
    return fail(
        ErrorCode::kInvalidArgument, fmt::format("column {} has no name", *nameless + 1), where,
        "name the head that it holds, or remove it (some programs write row numbers there)");
  }
  std::vector<Prediction> rows;
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      if (c == file_column) continue;
      Prediction prediction;
      prediction.file = std::string(trim(table.rows[r][file_column]));
      if (prediction.file.empty()) {
        return fail(ErrorCode::kInvalidArgument, "column 'file' is empty",
                    fmt::format("{}:{}", where, r + 2));
      }
      prediction.head = table.columns[c];
      const std::string text(trim(table.rows[r][c]));
      if (const auto value = parse_double(text)) {
        if (std::abs(*value) > kMaxPredictionValue)
          return fail_beyond_measure(table.columns[c], text, fmt::format("{}:{}", where, r + 2));
        prediction.value = value;
      } else {
        prediction.label = text;
      }
      if (text.empty()) prediction.status = PredictionStatus::kParseError;
      rows.push_back(std::move(prediction));
    }
  }
  return rows;
}

Result<std::optional<Provenance>> read_meta(const std::filesystem::path& csv) {
  const std::filesystem::path meta = csv.string() + ".meta.json";
  std::error_code error;
  if (!std::filesystem::exists(meta, error)) return std::optional<Provenance>{};
  const auto json = TRY(parse_json(TRY(read_file(meta)), meta.string()));
  return std::optional<Provenance>(TRY(read_artifact_head(json, "predictions", meta.string())));
}

}  // namespace

const char* to_string(PredictionStatus status) {
  switch (status) {
    case PredictionStatus::kOk:
      return "ok";
    case PredictionStatus::kNoFace:
      return "no-face";
    case PredictionStatus::kMultiFace:
      return "multi-face";
    case PredictionStatus::kParseError:
      return "parse-error";
    case PredictionStatus::kCrash:
      return "crash";
    case PredictionStatus::kTimeout:
      return "timeout";
  }
  return "ok";
}

Result<PredictionStatus> prediction_status_from_string(const std::string& text) {
  for (const PredictionStatus status : kStatuses) {
    if (text == to_string(status)) return status;
  }
  return fail(ErrorCode::kInvalidArgument,
              "holds '" + printable(text) +
                  "', not one of ok, no-face, multi-face, parse-error, crash, timeout");
}

std::string predictions_header() {
  return "file,face,frame,t_ms,run,alternative,head,status,label,score,value,source\n";
}

std::string dump_prediction(const Prediction& prediction) {
  return csv_line({prediction.file, std::to_string(prediction.face),
                   prediction.frame ? std::to_string(*prediction.frame) : "",
                   text_of(prediction.t_ms), std::to_string(prediction.run), prediction.alternative,
                   prediction.head, to_string(prediction.status), prediction.label,
                   text_of(prediction.score), text_of(prediction.value), prediction.source});
}

Result<Predictions> read_predictions(const std::filesystem::path& csv) {
  const std::string where = csv.string();
  const Table table = TRY(read_csv(csv));
  const auto file_column = table.find("file");
  if (!file_column) {
    return fail(
        ErrorCode::kInvalidArgument,
        "has no column 'file' (it has: " + printable(join(table.columns, ", ")) + ")", where,
        missing_column_hint(table, "name the column of the pictures 'file', as in samples.csv"));
  }
  if (table.rows.empty())
    return fail(ErrorCode::kInvalidArgument, "has a header but no rows", where);
  Predictions predictions;
  if (table.find("head")) {
    predictions.rows = TRY(LongReader(table, where).read());
  } else {
    predictions.rows = TRY(read_wide(table, *file_column, where));
  }
  predictions.provenance = TRY(read_meta(csv));
  return predictions;
}

}  // namespace dl
