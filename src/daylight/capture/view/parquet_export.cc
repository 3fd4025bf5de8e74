// SPDX-License-Identifier: Apache-2.0
// Rows for three tables; DuckDB makes the files of them.
#include "daylight/capture/view/parquet_export.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "daylight/base/hex.h"
#include "daylight/capture/view/event_json.h"
#include "daylight/capture/view/trace_words.h"

namespace dl::capture {
namespace {

// Stimuli of one process that are open at a time; a trace with more is broken.
constexpr std::size_t kMaxOpenStimuli = 1024;

struct Table {
  const char* name;
  const char* columns;
  const char* selection;  // what the file gets of them
};
// Shapes come in as texts: rows take no lists.
constexpr std::array kTables = {
    Table{"calls",
          "pid UBIGINT, tid UBIGINT, call UBIGINT, parent UBIGINT, method UBIGINT, kind VARCHAR, "
          "name VARCHAR, signature VARCHAR, stimulus UBIGINT, enter_ns UBIGINT, leave_ns UBIGINT, "
          "outcome VARCHAR, value UBIGINT, caller UBIGINT, text VARCHAR",
          "*"},
    Table{"arguments",
          "pid UBIGINT, tid UBIGINT, call UBIGINT, time_ns UBIGINT, index BIGINT, direction "
          "VARCHAR, name VARCHAR, type VARCHAR, dtype VARCHAR, shape VARCHAR, address UBIGINT, "
          "length UBIGINT, held VARCHAR, captured UBIGINT, sha256 VARCHAR, bytes BLOB, "
          "first_values VARCHAR",
          "* REPLACE (CASE WHEN shape = '' THEN [] ELSE "
          "CAST(string_split(shape, ',') AS UBIGINT[]) END AS shape)"},
    Table{"events",
          "time_ns UBIGINT, pid UBIGINT, tid UBIGINT, call UBIGINT, kind VARCHAR, json VARCHAR",
          "*"},
};

void optional_number(DuckDb::Rows& rows, std::optional<std::uint64_t> value) {
  if (value) return rows.number(*value);
  rows.nothing();
}

// 0 stands for "none" in events, NULL in tables.
void number_or_nothing(DuckDb::Rows& rows, std::uint64_t value) {
  optional_number(rows, value == 0 ? std::nullopt : std::optional(value));
}

std::string shape_text(const std::vector<std::uint64_t>& shape) {
  std::string out;
  for (const std::uint64_t each : shape) {
    if (!out.empty()) out += ',';
    out += std::to_string(each);
  }
  return out;
}

}  // namespace

Result<std::unique_ptr<ParquetExport>> ParquetExport::create(const std::filesystem::path& folder,
                                                             BufferBeginnings& beginnings) {
  if (std::filesystem::exists(folder))
    return fail(ErrorCode::kInvalidArgument, "is already there", folder.string(),
                "name a folder that does not exist yet");
  std::string working = folder.string() + ".XXXXXX";
  if (::mkdtemp(working.data()) == nullptr)
    return fail(ErrorCode::kIo,
                "cannot be made: " + std::error_code(errno, std::generic_category()).message(),
                folder.string());
  std::unique_ptr<ParquetExport> out(new ParquetExport(folder, working, beginnings));
  out->database_ = TRY(DuckDb::open(out->working_ / "rows.duckdb"));
  TRY_VOID(out->make_tables());
  return out;
}

ParquetExport::~ParquetExport() {
  calls_.reset();
  arguments_.reset();
  events_.reset();
  database_.reset();
  std::error_code error;
  std::filesystem::remove_all(working_, error);
}

Result<void> ParquetExport::make_tables() {
  for (const Table& table : kTables)
    TRY_VOID(
        database_->run(std::string("CREATE TABLE ") + table.name + " (" + table.columns + ")"));
  calls_ = TRY(DuckDb::Rows::into(*database_, "calls"));
  arguments_ = TRY(DuckDb::Rows::into(*database_, "arguments"));
  events_ = TRY(DuckDb::Rows::into(*database_, "events"));
  return {};
}

Result<void> ParquetExport::see(const TraceEvent& event) {
  names_.see(event);
  note_stimulus(event);
  if (const auto* enter = std::get_if<TraceEnter>(&event.payload)) return begin_call(event, *enter);
  if (const auto* leave = std::get_if<TraceLeave>(&event.payload)) return end_call(event, *leave);
  if (const auto* argument = std::get_if<TraceArgument>(&event.payload))
    return write_argument(event, *argument);
  return write_other(event);
}

void ParquetExport::note_stimulus(const TraceEvent& event) {
  if (const auto* begin = std::get_if<TraceStimulusBegin>(&event.payload)) {
    auto& open = stimuli_[event.pid];
    if (open.size() < kMaxOpenStimuli) open.push_back(begin->id);
  } else if (const auto* end = std::get_if<TraceStimulusEnd>(&event.payload)) {
    std::erase(stimuli_[event.pid], end->id);
  }
}

ParquetExport::Call ParquetExport::describe(const TraceEvent& event,
                                            const TraceEnter& enter) const {
  Call call{event, enter, names_.method_name(event.pid, enter.method), "", std::nullopt};
  if (const TraceMethod* const method = names_.method(event.pid, enter.method))
    call.signature = method->signature;
  const auto open = stimuli_.find(event.pid);
  if (open != stimuli_.end() && !open->second.empty()) call.stimulus = open->second.back();
  return call;
}

Result<void> ParquetExport::begin_call(const TraceEvent& event, const TraceEnter& enter) {
  Call call = describe(event, enter);
  if (open_.size() >= kMaxOpenCalls) return write_call(call, nullptr, nullptr);
  const auto [at, fresh] = open_.try_emplace(call_of(event), std::move(call));
  if (fresh) return {};
  // A call of that id is open: the earlier one never told its end.
  TRY_VOID(write_call(at->second, nullptr, nullptr));
  at->second = describe(event, enter);
  return {};
}

Result<void> ParquetExport::end_call(const TraceEvent& event, const TraceLeave& leave) {
  const auto at = open_.find(call_of(event));
  if (at == open_.end()) return write_other(event);
  const Call call = std::move(at->second);
  open_.erase(at);
  return write_call(call, &event, &leave);
}

Result<void> ParquetExport::write_call(const Call& call, const TraceStamp* end,
                                       const TraceLeave* leave) {
  const TraceMethod* const method = names_.method(call.stamp.pid, call.enter.method);
  DuckDb::Rows& row = *calls_;
  row.number(call.stamp.pid);
  row.number(call.stamp.tid);
  row.number(call.stamp.call);
  number_or_nothing(row, call.enter.parent);
  row.number(call.enter.method);
  row.text(method == nullptr ? "" : word(method->kind));
  row.text(call.name);
  row.text(call.signature);
  optional_number(row, call.stimulus);
  row.number(call.stamp.time_ns);
  optional_number(row, end == nullptr ? std::nullopt : std::optional(end->time_ns));
  row.text(leave == nullptr ? "not told" : word(leave->outcome));
  optional_number(row, leave == nullptr ? std::nullopt : std::optional(leave->value));
  number_or_nothing(row, call.enter.caller);
  row.text(leave == nullptr ? std::string_view() : std::string_view(leave->text));
  return row.end_row();
}

Result<void> ParquetExport::write_argument(const TraceEvent& event, const TraceArgument& argument) {
  const TraceBuffer& buffer = argument.buffer;
  const bool has_digest = buffer.held == TraceHeld::kBlob || buffer.held == TraceHeld::kDigest;
  const auto beginning = beginnings_.of(buffer);
  DuckDb::Rows& row = *arguments_;
  row.number(event.pid);
  row.number(event.tid);
  row.number(event.call);
  row.number(event.time_ns);
  row.signed_number(argument.index);
  row.text(word(argument.direction));
  row.text(argument.name);
  row.text(argument.type);
  row.text(argument.dtype);
  row.text(shape_text(argument.shape));
  row.number(argument.address);
  row.number(argument.length);
  row.text(word(buffer.held));
  row.number(buffer.captured);
  row.text(has_digest ? to_hex(buffer.digest) : "");
  if (buffer.held == TraceHeld::kInline) {
    row.bytes(buffer.bytes);
  } else {
    row.nothing();
  }
  row.text(beginning ? dump_json_line(first_values(value_type(argument), as_bytes(*beginning)))
                     : "");
  return row.end_row();
}

Result<void> ParquetExport::write_other(const TraceEvent& event) {
  DuckDb::Rows& row = *events_;
  row.number(event.time_ns);
  row.number(event.pid);
  row.number(event.tid);
  number_or_nothing(row, event.call);
  row.text(word(kind_of(event.payload)));
  row.text(dump_json_line(event_json(event, names_, beginnings_)));
  return row.end_row();
}

Result<void> ParquetExport::finish() {
  for (const auto& [key, call] : open_) TRY_VOID(write_call(call, nullptr, nullptr));
  open_.clear();
  TRY_VOID(calls_->finish());
  TRY_VOID(arguments_->finish());
  TRY_VOID(events_->finish());
  const std::filesystem::path files = working_ / "files";
  std::filesystem::create_directory(files);
  for (const Table& table : kTables) {
    const std::filesystem::path file = files / (std::string(table.name) + ".parquet");
    TRY_VOID(database_->run(std::string("COPY (SELECT ") + table.selection + " FROM " + table.name +
                            ") TO " + quoted_for_sql(file.string()) +
                            " (FORMAT parquet, COMPRESSION zstd)"));
  }
  std::error_code error;
  std::filesystem::rename(files, folder_, error);
  if (error) return fail(ErrorCode::kIo, "cannot be written: " + error.message(), folder_.string());
  return {};
}

}  // namespace dl::capture
