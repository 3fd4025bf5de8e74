// SPDX-License-Identifier: Apache-2.0
// DuckDB, which writes Parquet: a library that is looked for when it is wanted, and linked by
// nobody.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "daylight/base/result.h"

namespace dl::capture {

struct DuckDbFunctions;

// One database in a file of its own. Not thread safe. Errors are kUnsupported where the library is
// absent or too old, else kIo with DuckDB's words.
class DuckDb {
 public:
  // `file` is made, and must not exist. The library is the file that DAYLIGHT_DUCKDB names, what
  // tools/bootstrap.sh --duckdb brought, or the system's libduckdb.so, in this order.
  static Result<std::unique_ptr<DuckDb>> open(const std::filesystem::path& file);
  ~DuckDb();
  DuckDb(const DuckDb&) = delete;
  DuckDb& operator=(const DuckDb&) = delete;

  // A statement of ours: no text of an app stands in it.
  Result<void> run(const std::string& statement);

  // Rows for a table, in the order of its columns.
  class Rows {
   public:
    static Result<std::unique_ptr<Rows>> into(DuckDb& database, const std::string& table);
    ~Rows();
    Rows(const Rows&) = delete;
    Rows& operator=(const Rows&) = delete;

    void number(std::uint64_t value);
    void signed_number(std::int64_t value);
    // Bytes that are not UTF-8 become U+FFFD.
    void text(std::string_view value);
    void bytes(std::string_view value);
    void nothing();
    // What a value of the row met is told here.
    Result<void> end_row();
    // Waits until all is in the table.
    Result<void> finish();

   private:
    explicit Rows(DuckDb& database) : database_(database) {}
    void note(int state);
    tl::unexpected<Error> failure() const;

    DuckDb& database_;
    void* appender_ = nullptr;
    bool failed_ = false;
  };

 private:
  DuckDb() = default;

  std::unique_ptr<DuckDbFunctions> functions_;
  void* library_ = nullptr;
  void* database_ = nullptr;
  void* connection_ = nullptr;
};

// A text between quotes, as a statement takes it.
std::string quoted_for_sql(std::string_view text);

}  // namespace dl::capture
