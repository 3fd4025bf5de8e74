// SPDX-License-Identifier: Apache-2.0
// CSV tables and tables of answers come back as they were written, whatever the cells hold.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "daylight/artifact/predictions.h"
#include "daylight/artifact/table.h"
#include "daylight/base/text.h"
#include "hostile_text.h"
#include "support/memory_file.h"

namespace dl {
namespace {

using dl::testing::awkward_text;
using dl::testing::hostile_bytes;

// Bytes without the one that no CSV can hold.
rc::Gen<std::string> cell() {
  return rc::gen::map(hostile_bytes(), [](std::string text) {
    std::erase(text, '\0');
    return text;
  });
}

std::string without_mark(std::string text) {
  while (text.starts_with("\xef\xbb\xbf")) text.erase(0, 3);
  return text;
}

// Column names are trimmed when they are read, and a mark before the first is no part of it.
std::vector<std::string> drawn_columns(std::size_t count) {
  std::set<std::string> seen;
  std::vector<std::string> columns;
  for (std::size_t i = 0; i < count; ++i) {
    std::string name = without_mark(std::string(trim(*cell())));
    name = std::string(trim(name));
    if (!seen.insert(name).second) name = "c" + std::to_string(i);
    seen.insert(name);
    columns.push_back(name);
  }
  return columns;
}

Table drawn_table() {
  Table table;
  // With one column and no comma a tab in the header would separate.
  table.columns = drawn_columns(*rc::gen::inRange<std::size_t>(2, 6));
  const auto rows = *rc::gen::inRange(0, 8);
  for (int r = 0; r < rows; ++r) {
    std::vector<std::string> row;
    for (std::size_t c = 0; c < table.columns.size(); ++c) row.push_back(*cell());
    table.rows.push_back(std::move(row));
  }
  return table;
}

RC_GTEST_PROP(CsvTable, ComesBackAsItWasWritten, ()) {
  const Table table = drawn_table();
  const auto back = parse_csv(dump_csv(table), "drawn.csv");
  RC_ASSERT(back.has_value());
  RC_ASSERT(back->columns == table.columns);
  RC_ASSERT(back->rows == table.rows);
}

RC_GTEST_PROP(CsvTable, KeepsEmptyCellsOfASingleColumn, ()) {
  Table table;
  table.columns = {"only"};
  for (const auto& value : *rc::gen::container<std::vector<std::string>>(cell()))
    table.rows.push_back({value});
  const auto back = parse_csv(dump_csv(table), "drawn.csv");
  RC_ASSERT(back.has_value());
  RC_ASSERT(back->rows == table.rows);
}

RC_GTEST_PROP(CsvTable, ReadsOtherLineEndsTheSame, ()) {
  const auto word = rc::gen::container<std::string>(rc::gen::element('a', ' ', '\'', '9'));
  Table table;
  table.columns = {"x", "y"};
  for (int r = *rc::gen::inRange(1, 6); r > 0; --r) table.rows.push_back({*word, *word});
  std::string text;
  for (const char c : dump_csv(table)) text += c == '\n' ? std::string("\r\n") : std::string(1, c);
  const auto back = parse_csv("\xef\xbb\xbf" + text + "\r\n", "drawn.csv");
  RC_ASSERT(back.has_value());
  RC_ASSERT(back->columns == table.columns && back->rows == table.rows);
}

RC_GTEST_PROP(CsvTable, RowsAreAsWideAsTheHeaderWhateverTheText, ()) {
  const auto text = *hostile_bytes();
  const auto table = parse_csv(text, "hostile.csv");
  if (!table) {
    RC_ASSERT(table.error().where.starts_with("hostile.csv"));
    return;
  }
  for (const auto& row : table->rows) RC_ASSERT(row.size() == table->columns.size());
  const auto again = parse_csv(dump_csv(*table), "again.csv");
  RC_ASSERT(again.has_value() && again->rows == table->rows);
}

// Cells of answers are trimmed when they are read.
std::string drawn_word() { return std::string(trim(*cell())); }
std::string drawn_word_or(const std::string& otherwise) {
  const std::string word = drawn_word();
  return word.empty() ? otherwise : word;
}

std::optional<double> drawn_measure() {
  if (*rc::gen::arbitrary<bool>()) return std::nullopt;
  const double value = *rc::gen::arbitrary<double>();
  return std::fmod(value, kMaxPredictionValue);
}

Prediction drawn_prediction() {
  Prediction row;
  row.file = drawn_word_or("a.jpg");
  row.head = drawn_word_or("age");
  row.face = *rc::gen::inRange(0, 1000);
  row.run = *rc::gen::inRange(0, 1000);
  if (*rc::gen::arbitrary<bool>()) row.frame = *rc::gen::inRange(0, 1000000);
  row.t_ms = drawn_measure();
  row.alternative = drawn_word();
  row.source = drawn_word();
  row.status = *rc::gen::element(PredictionStatus::kOk, PredictionStatus::kNoFace,
                                 PredictionStatus::kMultiFace, PredictionStatus::kParseError,
                                 PredictionStatus::kCrash, PredictionStatus::kTimeout);
  if (row.status != PredictionStatus::kOk) return row;
  row.score = drawn_measure();
  row.value = drawn_measure();
  row.label = row.score || row.value ? drawn_word() : drawn_word_or("Female");
  return row;
}

bool same(const Prediction& a, const Prediction& b) {
  return a.file == b.file && a.face == b.face && a.frame == b.frame && a.t_ms == b.t_ms &&
         a.run == b.run && a.alternative == b.alternative && a.head == b.head &&
         a.status == b.status && a.label == b.label && a.score == b.score && a.value == b.value &&
         a.source == b.source;
}

RC_GTEST_PROP(PredictionsTable, ComesBackAsItWasWritten, ()) {
  std::vector<Prediction> rows;
  for (int r = *rc::gen::inRange(1, 8); r > 0; --r) rows.push_back(drawn_prediction());
  std::string text = predictions_header();
  for (const Prediction& row : rows) text += dump_prediction(row);
  const dl::testing::MemoryFile file(text);
  const auto back = read_predictions(file.path());
  RC_ASSERT(back.has_value());
  RC_ASSERT(back->rows.size() == rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) RC_ASSERT(same(back->rows[i], rows[i]));
}

RC_GTEST_PROP(PredictionsTable, AWideTableSaysTheSameAsALongOne, ()) {
  const std::vector<std::string> heads = {"age", "gender"};
  const auto answer = rc::gen::element<std::string>("", "31", "-2.5e-3", "Female", "30-39", "nan");
  std::string wide = "file,age,gender\n";
  std::vector<std::string> cells;
  const int rows = *rc::gen::inRange(1, 8);
  for (int r = 0; r < rows; ++r) {
    wide += std::to_string(r) + ".jpg";
    for (std::size_t h = 0; h < heads.size(); ++h) {
      cells.push_back(*answer);
      wide += "," + cells.back();
    }
    wide += "\n";
  }
  const dl::testing::MemoryFile file(wide);
  const auto read = read_predictions(file.path());
  RC_ASSERT(read.has_value());
  RC_ASSERT(read->rows.size() == cells.size());
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const Prediction& row = read->rows[i];
    RC_ASSERT(row.head == heads[i % heads.size()]);
    RC_ASSERT(row.value == parse_double(cells[i]));
    RC_ASSERT(row.label == (row.value ? "" : cells[i]));
    RC_ASSERT((row.status == PredictionStatus::kParseError) == cells[i].empty());
  }
}

}  // namespace
}  // namespace dl
