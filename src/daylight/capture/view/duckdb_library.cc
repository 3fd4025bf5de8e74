// SPDX-License-Identifier: Apache-2.0
// The few functions of DuckDB's C interface that are used, by name.
// Source of the signatures: DuckDB 1.5, "C API" of its documentation; stable since 1.0.
#include "daylight/capture/view/duckdb_library.h"

#include <dlfcn.h>

#include <array>
#include <cstdlib>
#include <vector>

#include "daylight/base/json.h"
#include "daylight/base/text.h"

namespace dl::capture {
namespace {

constexpr int kSuccess = 0;
constexpr const char* kHint =
    "run tools/bootstrap.sh third --duckdb, or name the library in DAYLIGHT_DUCKDB";
// duckdb_result is 48 bytes of pointers and counts; room for versions that add some.
using RawResult = std::array<std::uint64_t, 16>;

std::vector<std::string> library_names() {
  std::vector<std::string> names;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here changes the environment
  if (const char* const named = std::getenv("DAYLIGHT_DUCKDB")) return {named};
  names.emplace_back(DAYLIGHT_DUCKDB_DEFAULT);
  names.emplace_back("libduckdb.so");
  return names;
}

}  // namespace

struct DuckDbFunctions {
  int (*create_config)(void**) = nullptr;
  int (*set_config)(void*, const char*, const char*) = nullptr;
  void (*destroy_config)(void**) = nullptr;
  int (*open_ext)(const char*, void**, void*, char**) = nullptr;
  void (*close)(void**) = nullptr;
  int (*connect)(void*, void**) = nullptr;
  void (*disconnect)(void**) = nullptr;
  void (*free)(void*) = nullptr;
  int (*query)(void*, const char*, void*) = nullptr;
  const char* (*result_error)(void*) = nullptr;
  void (*destroy_result)(void*) = nullptr;
  int (*appender_create)(void*, const char*, const char*, void**) = nullptr;
  int (*appender_end_row)(void*) = nullptr;
  int (*appender_close)(void*) = nullptr;
  int (*appender_destroy)(void**) = nullptr;
  const char* (*appender_error)(void*) = nullptr;
  int (*append_uint64)(void*, std::uint64_t) = nullptr;
  int (*append_int64)(void*, std::int64_t) = nullptr;
  int (*append_varchar_length)(void*, const char*, std::uint64_t) = nullptr;
  int (*append_blob)(void*, const void*, std::uint64_t) = nullptr;
  int (*append_null)(void*) = nullptr;

  // The name of a function that is not there, or null.
  const char* find(void* library) {
    const char* missing = nullptr;
    const auto get = [&](auto& to, const char* name) {
      void* const at = dlsym(library, name);
      if (at == nullptr && missing == nullptr) missing = name;
      to = reinterpret_cast<std::remove_reference_t<decltype(to)>>(at);
    };
    get(create_config, "duckdb_create_config");
    get(set_config, "duckdb_set_config");
    get(destroy_config, "duckdb_destroy_config");
    get(open_ext, "duckdb_open_ext");
    get(close, "duckdb_close");
    get(connect, "duckdb_connect");
    get(disconnect, "duckdb_disconnect");
    get(free, "duckdb_free");
    get(query, "duckdb_query");
    get(result_error, "duckdb_result_error");
    get(destroy_result, "duckdb_destroy_result");
    get(appender_create, "duckdb_appender_create");
    get(appender_end_row, "duckdb_appender_end_row");
    get(appender_close, "duckdb_appender_close");
    get(appender_destroy, "duckdb_appender_destroy");
    get(appender_error, "duckdb_appender_error");
    get(append_uint64, "duckdb_append_uint64");
    get(append_int64, "duckdb_append_int64");
    get(append_varchar_length, "duckdb_append_varchar_length");
    get(append_blob, "duckdb_append_blob");
    get(append_null, "duckdb_append_null");
    return missing;
  }
};

Result<std::unique_ptr<DuckDb>> DuckDb::open(const std::filesystem::path& file) {
  std::unique_ptr<DuckDb> out(new DuckDb);
  std::string tried;
  for (const std::string& name : library_names()) {
    out->library_ = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (out->library_ != nullptr) break;
    tried += (tried.empty() ? "" : "; ") + printable(dlerror());
  }
  if (out->library_ == nullptr)
    return fail(ErrorCode::kUnsupported, "needs DuckDB, which is not here: " + tried, "parquet",
                kHint);
  out->functions_ = std::make_unique<DuckDbFunctions>();
  DuckDbFunctions& duckdb = *out->functions_;
  if (const char* const missing = duckdb.find(out->library_))
    return fail(ErrorCode::kUnsupported, std::string("the DuckDB here has no ") + missing,
                "parquet", kHint);
  void* config = nullptr;
  if (duckdb.create_config(&config) != kSuccess)
    return fail(ErrorCode::kIo, "DuckDB cannot be set up", "parquet");
  // It neither fetches nor loads anything beside itself, and keeps what does not fit on the disk.
  bool set = true;
  for (const auto& [name, value] : {std::pair{"autoinstall_known_extensions", "false"},
                                    {"autoload_known_extensions", "false"},
                                    {"memory_limit", "512MB"},
                                    {"threads", "1"}})
    set = duckdb.set_config(config, name, value) == kSuccess && set;
  char* why = nullptr;
  const bool opened =
      set && duckdb.open_ext(file.c_str(), &out->database_, config, &why) == kSuccess;
  duckdb.destroy_config(&config);
  const std::string reason = why == nullptr ? "" : ": " + printable(why);
  if (why != nullptr) duckdb.free(why);
  if (!opened || duckdb.connect(out->database_, &out->connection_) != kSuccess)
    return fail(ErrorCode::kIo, "DuckDB cannot make its file" + reason, file.string(),
                "is the disk full?");
  return out;
}

DuckDb::~DuckDb() {
  if (connection_ != nullptr) functions_->disconnect(&connection_);
  if (database_ != nullptr) functions_->close(&database_);
  // The library stays: it has threads and thread-local objects that do not like to lose their code.
}

Result<void> DuckDb::run(const std::string& statement) {
  RawResult result{};
  const bool done = functions_->query(connection_, statement.c_str(), result.data()) == kSuccess;
  const char* const words = done ? nullptr : functions_->result_error(result.data());
  const std::string why = words == nullptr ? "no reason" : printable(words);
  functions_->destroy_result(result.data());
  if (done) return {};
  return fail(ErrorCode::kIo, "DuckDB refuses: " + why, "parquet", "is the disk full?");
}

// ---- Rows ----

Result<std::unique_ptr<DuckDb::Rows>> DuckDb::Rows::into(DuckDb& database,
                                                         const std::string& table) {
  std::unique_ptr<Rows> out(new Rows(database));
  if (database.functions_->appender_create(database.connection_, nullptr, table.c_str(),
                                           &out->appender_) != kSuccess)
    return out->failure();
  return out;
}

DuckDb::Rows::~Rows() {
  if (appender_ != nullptr) database_.functions_->appender_destroy(&appender_);
}

void DuckDb::Rows::note(int state) { failed_ = failed_ || state != kSuccess; }

void DuckDb::Rows::number(std::uint64_t value) {
  note(database_.functions_->append_uint64(appender_, value));
}
void DuckDb::Rows::signed_number(std::int64_t value) {
  note(database_.functions_->append_int64(appender_, value));
}
void DuckDb::Rows::text(std::string_view value) {
  const std::string valid = valid_utf8(value);
  note(database_.functions_->append_varchar_length(appender_, valid.data(), valid.size()));
}
void DuckDb::Rows::bytes(std::string_view value) {
  note(database_.functions_->append_blob(appender_, value.data(), value.size()));
}
void DuckDb::Rows::nothing() { note(database_.functions_->append_null(appender_)); }

Result<void> DuckDb::Rows::end_row() {
  note(database_.functions_->appender_end_row(appender_));
  return failed_ ? Result<void>(failure()) : Result<void>();
}

Result<void> DuckDb::Rows::finish() {
  note(database_.functions_->appender_close(appender_));
  return failed_ ? Result<void>(failure()) : Result<void>();
}

tl::unexpected<Error> DuckDb::Rows::failure() const {
  const char* const words =
      appender_ == nullptr ? nullptr : database_.functions_->appender_error(appender_);
  return fail(
      ErrorCode::kIo,
      std::string("DuckDB refuses a row: ") + (words == nullptr ? "no reason" : printable(words)),
      "parquet", "is the disk full?");
}

std::string quoted_for_sql(std::string_view text) {
  std::string out = "'";
  for (const char each : text) {
    if (each == '\'') out += '\'';
    out += each;
  }
  return out + "'";
}

}  // namespace dl::capture
