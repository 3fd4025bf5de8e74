// SPDX-License-Identifier: Apache-2.0
// Reading fields of artifacts that strangers may have written: wrong types become Errors that name
// the field.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daylight/base/json.h"

namespace dl {

// A cursor over one JSON object with a sticky first error, so that a record reads as a list of its
// fields. A missing field gives the default; a field of another type is an error. Not thread safe.
class FieldReader {
 public:
  // `where` is the file and the path inside it, for messages. Fails at once if `json` is not an
  // object.
  FieldReader(const Json& json, std::string where);

  void text(const char* name, std::string& out);
  void number(const char* name, double& out);
  void optional_number(const char* name, std::optional<double>& out);
  void unsigned_number(const char* name, std::uint64_t& out);
  void boolean(const char* name, bool& out);
  void text_list(const char* name, std::vector<std::string>& out);
  void any(const char* name, Json& out);
  // As text(), but the field must be there and not be empty.
  void required_text(const char* name, std::string& out);

  // A list of records, each read by `read(const Json&, const std::string& where) -> Result<T>`.
  template <typename T, typename Read>
  void list(const char* name, std::vector<T>& out, Read read) {
    const Json* found = array(name);
    if (found == nullptr) return;
    for (std::size_t i = 0; i < found->size() && !error_; ++i) {
      auto item = read((*found)[i], path(name, i));
      if (!item) {
        error_ = std::move(item).error();
      } else {
        out.push_back(std::move(item).value());
      }
    }
  }

  // A nested record, where present.
  template <typename T, typename Read>
  void record(const char* name, T& out, Read read) {
    const Json* found = object(name);
    if (found == nullptr) return;
    auto item = read(*found, where_ + "." + name);
    if (!item) {
      error_ = std::move(item).error();
    } else {
      out = std::move(item).value();
    }
  }

  void fail_with(Error error) {
    if (!error_) error_ = std::move(error);
  }
  const std::string& where() const { return where_; }
  // The first error, or success.
  Result<void> finish() const;

 private:
  const Json* find(const char* name) const;
  const Json* array(const char* name);
  const Json* object(const char* name);
  std::string path(const char* name, std::size_t index) const;
  void wrong_type(const char* name, const char* expected);

  const Json* json_;
  std::string where_;
  std::optional<Error> error_;
};

// null for an absent or non-finite number.
Json number_or_null(const std::optional<double>& value);

}  // namespace dl
